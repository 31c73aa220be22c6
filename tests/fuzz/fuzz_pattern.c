/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target of event patterns. An input that begins with '{' is text: patterns, one a line,
 * the last line the event. Any other input is a run of choices from which patterns and an event
 * over few names and values are made, so that they meet. Whatever can be read is matched, and the
 * automaton's answer for every pattern must be the one of the direct evaluation.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "rules/set.h"
#include "support/direct_pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_PATTERNS   16
#define MOST_TEXT_BYTES 4096

struct choices {
    const uint8_t *data;
    size_t size;
};

static unsigned choose(struct choices *choices, unsigned count)
{
    if (choices->size == 0)
        return 0;
    choices->size--;
    return *choices->data++ % count;
}

static const char *const names[] = {"a", "b", "a.b", "c", "a.c", "b.a"};
static const char *const scalars[] = {
    "\"x\"",
    "\"xy\"",
    "\"XY\"",
    "\"yx\"",
    "\"\"",
    "1",
    "1.0",
    "-2",
    "10e-1",
    "true",
    "null",
    "\"10.0.0.1\"",
    "\"::1\"",
    "\"xyx\"",
    "3",
    "\"\\u00c4x\"",
    "\"\\u00e4X\"",
    "false",
    "1e400",
    "123456789012345678901",
    "123456789012345678902",
};
static const char *const operators[] = {
    "{\"prefix\":\"x\"}",
    "{\"prefix\":\"\"}",
    "{\"suffix\":\"yx\"}",
    "{\"suffix\":{\"equals-ignore-case\":\"\\u00e4X\"}}",
    "{\"prefix\":{\"equals-ignore-case\":\"xY\"}}",
    "{\"equals-ignore-case\":\"xy\"}",
    "{\"wildcard\":\"x*\"}",
    "{\"wildcard\":\"*y*\"}",
    "{\"wildcard\":\"x*y*x\"}",
    "{\"wildcard\":\"*\"}",
    "{\"anything-but\":\"x\"}",
    "{\"anything-but\":[\"xy\",\"x\"]}",
    "{\"anything-but\":[1,3]}",
    "{\"anything-but\":{\"prefix\":\"x\"}}",
    "{\"anything-but\":{\"suffix\":[\"x\",\"yx\"]}}",
    "{\"anything-but\":{\"equals-ignore-case\":\"XY\"}}",
    "{\"anything-but\":{\"wildcard\":[\"x*x\",\"*y\"]}}",
    "{\"numeric\":[\">\",0]}",
    "{\"numeric\":[\"<=\",1]}",
    "{\"numeric\":[\">=\",-2,\"<\",3]}",
    "{\"numeric\":[\"=\",123456789012345678901]}",
    "{\"exists\":true}",
    "{\"exists\":false}",
    "{\"exists\":false}",
    "{\"cidr\":\"10.0.0.0/8\"}",
    "{\"cidr\":\"::/64\"}",
};

static void make_values(struct choices *choices, struct eg_buffer *out)
{
    unsigned count = 1 + choose(choices, 3);
    eg_buffer_append_char(out, '[');
    for (unsigned i = 0; i < count; i++) {
        if (i)
            eg_buffer_append_char(out, ',');
        if (choose(choices, 2))
            eg_buffer_append_text(out, scalars[choose(choices, EG_ARRAY_COUNT(scalars))]);
        else
            eg_buffer_append_text(out, operators[choose(choices, EG_ARRAY_COUNT(operators))]);
    }
    eg_buffer_append_char(out, ']');
}

static void make_pattern(struct choices *choices, struct eg_buffer *out, unsigned depth)
{
    unsigned count = 1 + choose(choices, 3);
    eg_buffer_append_char(out, '{');
    for (unsigned i = 0; i < count; i++) {
        if (i)
            eg_buffer_append_char(out, ',');
        unsigned kind = depth < 3 ? choose(choices, 6) : 2;
        if (kind == 0) {
            eg_buffer_append_text(out, "\"$or\":[");
            make_pattern(choices, out, depth + 1);
            eg_buffer_append_char(out, ',');
            make_pattern(choices, out, depth + 1);
            eg_buffer_append_char(out, ']');
            continue;
        }
        eg_buffer_printf(out, "\"%s\":", names[choose(choices, EG_ARRAY_COUNT(names))]);
        if (kind == 1)
            make_pattern(choices, out, depth + 1);
        else
            make_values(choices, out);
    }
    eg_buffer_append_char(out, '}');
}

static void make_event(struct choices *choices, struct eg_buffer *out, unsigned depth)
{
    unsigned kind = depth == 0 ? 3 : depth < 5 ? choose(choices, 5) : 0;
    if (kind < 2) {
        eg_buffer_append_text(out, scalars[choose(choices, EG_ARRAY_COUNT(scalars))]);
        return;
    }
    unsigned count = choose(choices, 4);
    bool is_array = kind == 2;
    eg_buffer_append_char(out, is_array ? '[' : '{');
    for (unsigned i = 0; i < count; i++) {
        if (i)
            eg_buffer_append_char(out, ',');
        if (!is_array)
            eg_buffer_printf(out, "\"%s\":", names[choose(choices, EG_ARRAY_COUNT(names))]);
        make_event(choices, out, depth + 1);
    }
    eg_buffer_append_char(out, is_array ? ']' : '}');
}

static void make_text(struct choices choices, struct eg_buffer *out)
{
    unsigned count = 1 + choose(&choices, MOST_PATTERNS - 1);
    for (unsigned i = 0; i < count && out->len < MOST_TEXT_BYTES; i++) {
        make_pattern(&choices, out, 0);
        eg_buffer_append_char(out, '\n');
    }
    make_event(&choices, out, 0);
}

/* Reads the lines but the last as patterns. Returns the last. */
static struct eg_span read_patterns(struct eg_span text, struct eg_rules_pattern **patterns,
                                    size_t *count)
{
    const char *end;
    struct eg_error err;
    while (text.len && (end = memchr(text.ptr, '\n', text.len)) != NULL) {
        struct eg_span line = eg_span_of(text.ptr, (size_t)(end - text.ptr));
        if (*count < MOST_PATTERNS && eg_rules_pattern_new(line, &patterns[*count], &err) == 0)
            (*count)++;
        text = eg_span_of(end + 1, text.len - line.len - 1);
    }
    return text;
}

static void compare(struct eg_rules_pattern *const *patterns, size_t count, struct eg_span text,
                    const struct eg_json_document *document)
{
    static struct eg_rules_scratch *scratch; /* warm, as a worker's is */
    static struct direct_event event;
    if (!scratch)
        scratch = eg_rules_scratch_new();
    struct eg_rules_set *set;
    struct eg_rules_matches matches;
    struct eg_error err;
    int rc = eg_rules_set_new((const struct eg_rules_pattern *const *)patterns, count, &set, &err);
    EG_ASSERT(rc == 0);
    rc = eg_rules_set_match(set, scratch, document, 0, &matches, &err);
    direct_event_init(&event, document);
    for (size_t i = 0, at = 0; i < count && rc == 0 && !event.overflow; i++) {
        bool found = at < matches.count && matches.rules[at] == i;
        at += found;
        if (found == direct_match(patterns[i], &event))
            continue;
        (void)fprintf(stderr, "pattern %zu %s: %.*s\nevent: %.*s\n", i,
                      found ? "matched" : "did not match",
                      EG_SPAN_ARGS(eg_json_text(&patterns[i]->document, 0)), EG_SPAN_ARGS(text));
        abort();
    }
    direct_event_fini(&event);
    eg_rules_set_unref(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (size > MOST_TEXT_BYTES)
        return 0;
    if (size && data[0] == '{')
        eg_buffer_append(&text, data, size);
    else
        make_text((struct choices){data, size}, &text);
    struct eg_rules_pattern *patterns[MOST_PATTERNS];
    size_t count = 0;
    struct eg_span event = read_patterns(eg_buffer_span(&text), patterns, &count);
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    limits.max_depth = DIRECT_MOST_DEPTH;
    struct eg_json_document document;
    struct eg_error err;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, event, &limits, &err) == 0)
        compare(patterns, count, event, &document);
    eg_json_document_fini(&document);
    for (size_t i = 0; i < count; i++)
        eg_rules_pattern_destroy(patterns[i]);
    return 0;
}
