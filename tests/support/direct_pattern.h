/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event patterns evaluated one by one and test by test, the slow and plain way: what the
 * automaton's answers are compared with. It shares the reading of patterns with it, and nothing of
 * matching.
 */
#ifndef EG_TESTS_SUPPORT_DIRECT_PATTERN_H
#define EG_TESTS_SUPPORT_DIRECT_PATTERN_H

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/condition.h"
#include "rules/fold.h"
#include "rules/wildcard.h"

#define DIRECT_MOST_VALUES 512
#define DIRECT_MOST_DEPTH  24

struct direct_value {
    char *path;
    eg_json_index at;
    eg_json_index arrays[DIRECT_MOST_DEPTH];
    eg_json_index elements[DIRECT_MOST_DEPTH];
    size_t depth;
};

/* Of one event. `overflow`: it is too large to be evaluated like this. */
struct direct_event {
    const struct eg_json_document *document;
    struct direct_value values[DIRECT_MOST_VALUES];
    size_t count;
    bool overflow;
};

static inline void direct_collect(struct direct_event *event, const char *path,
                                  struct direct_value around, eg_json_index at)
{
    const struct eg_json_document *document = event->document;
    eg_json_index end = eg_json_next(document, at);
    if (eg_json_kind(document, at) == EG_JSON_OBJECT) {
        for (eg_json_index name = at + 1; name < end; name = eg_json_next(document, name + 1)) {
            struct eg_span text = eg_json_string(document, name);
            EG_AUTOBUFFER struct eg_buffer inner = EG_BUFFER_INIT;
            if (path) {
                eg_buffer_append_text(&inner, path);
                eg_buffer_append_char(&inner, '.');
            }
            eg_buffer_append_span(&inner, text);
            eg_buffer_append_char(&inner, '\0');
            direct_collect(event, inner.data, around, name + 1);
        }
    } else if (eg_json_kind(document, at) == EG_JSON_ARRAY) {
        for (eg_json_index element = at + 1; element < end;
             element = eg_json_next(document, element)) {
            struct direct_value inner = around;
            if (eg_json_kind(document, element) >= EG_JSON_ARRAY) {
                event->overflow |= inner.depth == DIRECT_MOST_DEPTH;
                if (event->overflow)
                    return;
                inner.arrays[inner.depth] = at;
                inner.elements[inner.depth++] = element;
            }
            direct_collect(event, path, inner, element);
        }
    } else {
        event->overflow |= event->count == DIRECT_MOST_VALUES;
        if (event->overflow)
            return;
        event->values[event->count] = around;
        event->values[event->count].path = eg_strdup(path);
        event->values[event->count++].at = at;
    }
}

static inline void direct_event_init(struct direct_event *event,
                                     const struct eg_json_document *document)
{
    struct direct_value none = {.depth = 0};
    event->document = document;
    event->count = 0;
    event->overflow = false;
    if (eg_json_kind(document, 0) == EG_JSON_OBJECT)
        direct_collect(event, NULL, none, 0);
}

static inline void direct_event_fini(struct direct_event *event)
{
    for (size_t i = 0; i < event->count; i++)
        free(event->values[i].path);
}

static inline bool direct_wildcard(struct eg_span pattern, size_t at, struct eg_span text)
{
    uint16_t symbol;
    if (!eg_rules_wildcard_next(pattern, &at, &symbol))
        return text.len == 0;
    if (symbol != EG_RULES_STAR)
        return text.len && (unsigned char)text.ptr[0] == symbol &&
               direct_wildcard(pattern, at, eg_span_of(text.ptr + 1, text.len - 1));
    for (size_t i = 0; i <= text.len; i++)
        if (direct_wildcard(pattern, at, eg_span_of(text.ptr + i, text.len - i)))
            return true;
    return false;
}

static inline bool direct_text(const struct eg_rules_test *test, struct eg_span text)
{
    EG_AUTOFREE char *folded = eg_malloc(EG_RULES_FOLD_BYTES(text.len));
    struct eg_span lower = {folded, eg_rules_fold(text, folded)};
    size_t len = test->text.len;
    switch (test->kind) {
    case EG_RULES_TEST_TEXT:
        return eg_span_equal(test->text, text);
    case EG_RULES_TEST_TEXT_FOLDED:
        return eg_span_equal(test->text, lower);
    case EG_RULES_TEST_PREFIX:
        return len <= text.len && memcmp(text.ptr, test->text.ptr, len) == 0;
    case EG_RULES_TEST_PREFIX_FOLDED:
        return len <= lower.len && memcmp(lower.ptr, test->text.ptr, len) == 0;
    case EG_RULES_TEST_SUFFIX:
        return len <= text.len && memcmp(text.ptr + text.len - len, test->text.ptr, len) == 0;
    case EG_RULES_TEST_SUFFIX_FOLDED:
        return len <= lower.len && memcmp(lower.ptr + lower.len - len, test->text.ptr, len) == 0;
    case EG_RULES_TEST_WILDCARD:
        return direct_wildcard(test->text, 0, text);
    case EG_RULES_TEST_ADDRESS: {
        struct eg_rules_address address;
        if (!eg_rules_address_parse(text, &address) ||
            address.byte_count != test->address.byte_count)
            return false;
        eg_rules_address_mask(&address, test->address.prefix_bits);
        return memcmp(address.bytes, test->address.bytes, address.byte_count) == 0;
    }
    default:
        return false;
    }
}

static inline bool direct_number(const struct eg_rules_test *test, struct eg_span number)
{
    if (test->kind != EG_RULES_TEST_RANGE)
        return false;
    if (test->low.text.ptr &&
        eg_json_number_compare(number, test->low.text) < (test->low.open ? 1 : 0))
        return false;
    return !test->high.text.ptr ||
           eg_json_number_compare(number, test->high.text) <= (test->high.open ? -1 : 0);
}

static inline bool direct_test(const struct eg_rules_test *test,
                               const struct eg_json_document *document, eg_json_index at)
{
    if (test->kind == EG_RULES_TEST_PRESENT)
        return true;
    switch (eg_json_kind(document, at)) {
    case EG_JSON_NULL:
        return test->kind == EG_RULES_TEST_NULL;
    case EG_JSON_TRUE:
        return test->kind == EG_RULES_TEST_TRUE;
    case EG_JSON_FALSE:
        return test->kind == EG_RULES_TEST_FALSE;
    case EG_JSON_NUMBER:
        return direct_number(test, eg_json_text(document, at));
    default:
        return direct_text(test, eg_json_string(document, at));
    }
}

static inline bool direct_fulfils(const struct eg_rules_condition *condition,
                                  const struct eg_json_document *document, eg_json_index at)
{
    for (size_t i = 0; i < condition->test_count; i++)
        if (direct_test(&condition->tests[i], document, at))
            return true;
    for (size_t i = 0; i < condition->but_count; i++) {
        bool hit = false;
        for (size_t j = 0; j < condition->buts[i].count; j++)
            hit = hit || direct_test(&condition->buts[i].tests[j], document, at);
        if (!hit)
            return true;
    }
    return false;
}

static inline bool direct_agree(const struct direct_value *a, const struct direct_value *b)
{
    for (size_t i = 0; i < a->depth; i++)
        for (size_t j = 0; j < b->depth; j++)
            if (a->arrays[i] == b->arrays[j] && a->elements[i] != b->elements[j])
                return false;
    return true;
}

struct direct_search {
    const struct eg_rules_pattern *pattern;
    const struct direct_event *event;
    struct eg_rules_clause clauses[EG_RULES_MAX_FIELDS];
    const struct direct_value *chosen[EG_RULES_MAX_FIELDS];
    size_t count;
};

static inline bool direct_fits(const struct direct_search *search, size_t chosen,
                               const struct direct_value *value)
{
    for (size_t i = 0; i < chosen; i++)
        if (search->chosen[i] && !direct_agree(search->chosen[i], value))
            return false;
    return true;
}

static inline bool direct_place(struct direct_search *search, size_t at)
{
    if (at == search->count)
        return true;
    const struct eg_rules_condition *condition = search->clauses[at].condition;
    struct eg_span path = search->pattern->fields[search->clauses[at].field];
    bool present = false;
    for (size_t i = 0; i < search->event->count; i++) {
        const struct direct_value *value = &search->event->values[i];
        if (!eg_span_is(path, value->path) || !direct_fits(search, at, value))
            continue;
        present = true;
        search->chosen[at] = value;
        if (direct_fulfils(condition, search->event->document, value->at) &&
            direct_place(search, at + 1))
            return true;
    }
    search->chosen[at] = NULL;
    return condition->absent && !present && direct_place(search, at + 1);
}

/* Does the pattern match? */
static inline bool direct_match(const struct eg_rules_pattern *pattern,
                                const struct direct_event *event)
{
    struct direct_search *search = eg_calloc(1, sizeof(*search));
    bool matches = false;
    for (size_t i = 0; i < pattern->conjunction_count && !matches; i++) {
        const struct eg_rules_conjunction *conjunction = &pattern->conjunctions[i];
        search->pattern = pattern;
        search->event = event;
        search->count = 0;
        for (size_t j = 0; j < conjunction->count; j++) {
            size_t to = search->count++;
            for (; to > 0 && eg_span_compare(pattern->fields[search->clauses[to - 1].field],
                                             pattern->fields[conjunction->clauses[j].field]) > 0;
                 to--)
                search->clauses[to] = search->clauses[to - 1];
            search->clauses[to] = conjunction->clauses[j];
        }
        matches = direct_place(search, 0);
    }
    free(search);
    return matches;
}

#endif
