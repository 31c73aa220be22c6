/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target of templates: the first byte says how the template is read, its line is the
 * template, the next the envelope, the rest the event's own texts. Whatever compiles is rendered,
 * also from nothing. A JSON template makes JSON of the template's own shape, whatever the values
 * are; what fails leaves nothing behind; nothing grows past its limit.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/template.h"
#include "rules/transform.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MOST_BYTES 65536
#define NOW_US     INT64_C(1603294852123456)
#define BEFORE     "before"

enum way { TEXT, JSON, TRANSFORMER, WAYS };

/* What is compiled, one of the two. */
struct subject {
    struct eg_rules_template *template;
    struct eg_rules_transform *transform;
};

static int compile(enum way way, struct eg_span text, struct subject *ret_subject)
{
    struct eg_error err;
    const struct eg_rules_input_path paths[] = {{EG_SPAN_LITERAL("a"), EG_SPAN_LITERAL("$.a")},
                                                {EG_SPAN_LITERAL("d"), EG_SPAN_LITERAL("$.detail")},
                                                {EG_SPAN_LITERAL("l"), EG_SPAN_LITERAL("$.*")}};
    const struct eg_rules_transform_config config = {
        .template_text = text, .paths = paths, .path_count = EG_ARRAY_COUNT(paths)};
    *ret_subject = (struct subject){NULL, NULL};
    if (way == TRANSFORMER)
        return eg_rules_transform_new(&config, &ret_subject->transform, &err);
    return eg_rules_template_new(text, way == JSON ? EG_RULES_JSON : EG_RULES_TEXT,
                                 &ret_subject->template, &err);
}

/* False: this input can't be rendered. The result, behind what was there before, is the caller's.
 */
static bool render(const struct subject *subject, const struct eg_rules_template_input *input,
                   struct eg_buffer *out)
{
    struct eg_error err;
    eg_buffer_append_text(out, BEFORE);
    int rc = subject->transform ? eg_rules_transform_render(subject->transform, input, out, &err)
                                : eg_rules_template_render(subject->template, input, out, &err);
    const size_t before = strlen(BEFORE);
    EG_ASSERT(out->len >= before && memcmp(out->data, BEFORE, before) == 0);
    EG_ASSERT(rc == 0 || out->len == before);
    EG_ASSERT(out->len - before <= MOST_BYTES);
    return rc == 0;
}

static struct eg_span result_of(const struct eg_buffer *out)
{
    const size_t before = strlen(BEFORE);
    return eg_span_of(out->data + before, out->len - before);
}

/* What is JSON is read; its kind and its count are the template's, not the values'. */
static bool read_shape(const struct eg_buffer *out, enum eg_json_kind *ret_kind,
                       uint32_t *ret_count)
{
    struct eg_json_limits limits = eg_json_limits_default;
    struct eg_json_document document;
    struct eg_error err;
    limits.allow_duplicate_keys = true;
    limits.max_depth = EG_JSON_MAX_DEPTH;
    eg_json_document_init(&document);
    int rc = eg_json_document_parse(&document, result_of(out), &limits, &err);
    EG_ASSERT(rc == 0 || err.code == EG_ERR_TOO_LARGE); /* a deep value in a deep template */
    *ret_kind = rc == 0 ? eg_json_kind(&document, 0) : EG_JSON_NULL;
    *ret_count = *ret_kind >= EG_JSON_ARRAY ? eg_json_count(&document, 0) : 0;
    eg_json_document_fini(&document);
    return rc == 0;
}

static void check(enum way way, struct eg_span text, const struct subject *subject,
                  const struct eg_rules_template_input *input)
{
    const struct eg_rules_template_input nothing = {.now_us = NOW_US, .max_bytes = MOST_BYTES};
    EG_AUTOBUFFER struct eg_buffer full = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer bare = EG_BUFFER_INIT;
    const bool has_full = render(subject, input, &full);
    const bool has_bare = render(subject, &nothing, &bare);
    enum eg_json_kind kinds[2] = {EG_JSON_NULL, EG_JSON_NULL};
    uint32_t counts[2] = {0, 0};
    if (way != JSON)
        return;
    const bool full_read = has_full && read_shape(&full, &kinds[0], &counts[0]);
    const bool bare_read = has_bare && read_shape(&bare, &kinds[1], &counts[1]);
    struct eg_span trimmed = eg_span_trim(text);
    if (full_read && bare_read && trimmed.len && trimmed.ptr[0] != '<' && trimmed.ptr[0] != '\\')
        EG_ASSERT(kinds[0] == kinds[1] && counts[0] == counts[1]);
}

static struct eg_span take_line(struct eg_span *rest)
{
    const char *end = rest->len ? memchr(rest->ptr, '\n', rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->ptr) : rest->len;
    struct eg_span line = eg_span_of(rest->ptr, len);
    *rest = end ? eg_span_of(end + 1, rest->len - len - 1) : EG_SPAN_EMPTY;
    return line;
}

static void run(enum way way, struct eg_span rest)
{
    struct subject subject;
    struct eg_span text = take_line(&rest);
    if (compile(way, text, &subject) != 0)
        return;
    struct eg_span envelope = take_line(&rest);
    const struct eg_event_failure failure = {.error_message = rest, .retry_attempts = 3};
    const struct eg_event_attribute attribute = {EG_SPAN_LITERAL("x"), rest};
    struct eg_event event = {.id = rest,
                             .topic = rest,
                             .key = rest,
                             .subject = rest,
                             .payload = rest,
                             .envelope = envelope,
                             .attributes = &attribute,
                             .attribute_count = 1,
                             .failure = &failure,
                             .received_us = NOW_US};
    struct eg_json_document scratch;
    struct eg_rules_template_input input;
    struct eg_error err;
    eg_json_document_init(&scratch);
    if (eg_rules_envelope_open(&scratch, &event, &input, &err) != 0)
        input = (struct eg_rules_template_input){.event = &event};
    input.now_us = NOW_US;
    input.max_bytes = MOST_BYTES;
    input.rule_name = rest;
    check(way, text, &subject, &input);
    eg_json_document_fini(&scratch);
    eg_rules_template_destroy(subject.template);
    eg_rules_transform_destroy(subject.transform);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    /* A block of its own, so that a read behind its end is seen. */
    char *block = eg_malloc(size - 1);
    memcpy(block, data + 1, size - 1);
    run((enum way)(data[0] % WAYS), eg_span_of(block, size - 1));
    free(block);
    return 0;
}
