/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document's life: memory is taken when a text needs more than any before it, and kept until
 * fini. The reading itself is reader.c.
 */
#include "json/document.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/reader.h"

const struct eg_json_limits eg_json_limits_default = {
    .max_text_bytes = 16u << 20,
    .max_depth = 128,
    .max_members = 10000,
    .max_string_bytes = 1u << 20,
    .allow_duplicate_keys = false,
};

void eg_json_document_init(struct eg_json_document *document)
{
    *document = (struct eg_json_document){.text = ""};
}

void eg_json_document_fini(struct eg_json_document *document)
{
    free(document->nodes);
    free(document->decoded);
    free(document->strings);
    free(document->name_slots);
    eg_json_document_init(document);
}

static struct eg_json_limits clamp(struct eg_json_limits limits)
{
    if (limits.max_text_bytes > EG_JSON_MAX_TEXT_BYTES)
        limits.max_text_bytes = EG_JSON_MAX_TEXT_BYTES;
    if (limits.max_depth > EG_JSON_MAX_DEPTH)
        limits.max_depth = EG_JSON_MAX_DEPTH;
    if (limits.max_members > EG_JSON_MAX_COUNT)
        limits.max_members = EG_JSON_MAX_COUNT;
    return limits;
}

static void forget_nodes(struct eg_json_document *document)
{
    document->node_count = 0;
    document->decoded_count = 0;
    document->strings_bytes = 0;
}

/* A first guess at a node per eight bytes, so that most texts never grow the tape on their way. */
static void reserve_tape(struct eg_json_document *document)
{
    uint32_t want = (uint32_t)(document->text_bytes / 8) + 16;
    if (document->node_capacity >= want)
        return;
    free(document->nodes);
    document->nodes = eg_malloc(want * sizeof(*document->nodes));
    document->node_capacity = want;
}

int eg_json_document_parse(struct eg_json_document *document, struct eg_span text,
                           const struct eg_json_limits *limits, struct eg_error *err)
{
    struct eg_json_reader reader = {
        .document = document,
        .parent = EG_JSON_NONE,
        .limits = clamp(limits ? *limits : eg_json_limits_default),
        .err = err,
    };
    forget_nodes(document);
    if (text.len > reader.limits.max_text_bytes)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the JSON text has %zu bytes, %zu are allowed",
                            text.len, reader.limits.max_text_bytes);
    document->text = text.len ? text.ptr : "";
    document->text_bytes = text.len;
    document->may_have_duplicates = reader.limits.allow_duplicate_keys;
    reserve_tape(document);
    reader.text = document->text;
    reader.end = document->text + text.len;
    reader.nodes = document->nodes;
    if (eg_json_reader_run(&reader) != 0) {
        forget_nodes(document);
        return -1;
    }
    return 0;
}
