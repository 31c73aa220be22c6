/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of rules/ share: one pattern against one event, with ' for ". */
#ifndef EG_TESTS_RULES_MATCHING_H
#define EG_TESTS_RULES_MATCHING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/memory.h"
#include "base/span.h"
#include "rules/set.h"

static inline char *matching_quotes(const char *text)
{
    char *copy = eg_strdup(text);
    for (char *p = copy; *p; p++)
        *p = *p == '\'' ? '"' : *p;
    return copy;
}

static inline struct eg_rules_pattern *matching_pattern(const char *text, struct eg_error *err)
{
    EG_AUTOFREE char *json = matching_quotes(text);
    struct eg_rules_pattern *pattern = NULL;
    return eg_rules_pattern_new(eg_span_text(json), &pattern, err) == 0 ? pattern : NULL;
}

/* Which of the patterns match, one bit each; -1: the event has too many combinations. */
static inline int matching_of(const char *const *texts, size_t count, const char *event_text)
{
    struct eg_rules_pattern *patterns[32] = {NULL};
    struct eg_rules_set *set;
    struct eg_rules_matches matches = {NULL, 0};
    struct eg_error err = {.message = ""};
    for (size_t i = 0; i < count; i++)
        if (!(patterns[i] = matching_pattern(texts[i], &err)))
            fail_msg("%s: %s", texts[i], err.message);
    assert_int_equal(
        eg_rules_set_new((const struct eg_rules_pattern *const *)patterns, count, &set, &err), 0);
    for (size_t i = 0; i < count; i++)
        eg_rules_pattern_destroy(patterns[i]);
    EG_AUTOFREE char *json = matching_quotes(event_text);
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    struct eg_json_document document;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, eg_span_text(json), &limits, &err) != 0)
        fail_msg("%s: %s", event_text, err.message);
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    int rc = eg_rules_set_match(set, scratch, &document, 0, &matches, &err);
    int bits = rc;
    for (size_t i = 0; rc == 0 && i < matches.count; i++)
        bits |= 1 << matches.rules[i];
    eg_rules_scratch_destroy(scratch);
    eg_rules_set_unref(set);
    eg_json_document_fini(&document);
    return bits;
}

struct matching_case {
    const char *pattern;
    const char *event;
    int want; /* 1: matches */
};

static inline void matching_check(const struct matching_case *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int got = matching_of(&cases[i].pattern, 1, cases[i].event);
        if (got != cases[i].want)
            fail_msg("%s against %s: want %d, got %d", cases[i].pattern, cases[i].event,
                     cases[i].want, got);
    }
}

#define MATCHING_CHECK(cases) matching_check(cases, sizeof(cases) / sizeof((cases)[0]))

#endif
