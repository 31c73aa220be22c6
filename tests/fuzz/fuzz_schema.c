/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: the first byte picks draft and options, a NUL ends the schema, the rest is the event.
 * Nothing may crash, leak or run away; the fast answer and the explanation must agree, twice.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "schema/schema.h"
#include "json/document.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const struct eg_schema *schema, const struct eg_json_document *event)
{
    struct eg_schema_scratch *scratch = eg_schema_scratch_new();
    struct eg_schema_report report;
    for (int i = 0; i < 2; i++) {
        bool valid = eg_schema_is_valid(schema, scratch, event, 0);
        bool explained = eg_schema_explain(schema, scratch, event, 0, 3, &report);
        if (valid != explained || valid != (report.count == 0) || report.count > 3)
            abort();
        if (!valid && (!report.failures || !report.failures[0].message.len))
            abort();
    }
    eg_schema_scratch_destroy(scratch);
}

static void judge_text(const struct eg_schema *schema, struct eg_span text)
{
    struct eg_json_document event;
    struct eg_error err;
    eg_json_document_init(&event);
    if (eg_json_document_parse(&event, text, NULL, &err) == 0)
        judge(schema, &event);
    eg_json_document_fini(&event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct eg_schema_options options = eg_schema_options_default;
    options.default_draft = (enum eg_schema_draft)((data[0] & 7u) % (EG_SCHEMA_DRAFT_2020_12 + 1));
    options.assert_format = data[0] & 8u;
    options.base_uri = data[0] & 16u ? "https://example.org/schemas/a" : NULL;
    struct eg_span text = eg_span_of((const char *)data + 1, size - 1);
    const char *end = text.len ? memchr(text.ptr, '\0', text.len) : NULL;
    size_t schema_bytes = end ? (size_t)(end - text.ptr) : text.len;
    struct eg_schema *schema;
    struct eg_error err;
    if (eg_schema_compile(eg_span_of(text.ptr, schema_bytes), &options, &schema, &err) != 0)
        return 0;
    judge_text(schema, eg_span_of(text.ptr, schema_bytes));
    if (end)
        judge_text(schema, eg_span_of(end + 1, text.len - schema_bytes - 1));
    eg_schema_destroy(schema);
    return 0;
}
