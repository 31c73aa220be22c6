/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the tape in text order and copies every value as it was written, without the white space
 * between; stops as soon as there is enough text.
 */
#include "telemetry/redact.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "telemetry/character.h"
#include "json/document.h"

#define REDACTED "\"***REDACTED***\""

struct eg_redactor {
    char **keys;
    size_t key_count;
    size_t max_bytes;
};

struct eg_redactor *eg_redactor_new(const struct eg_string_list *keys, size_t max_bytes)
{
    struct eg_redactor *redactor = eg_calloc(1, sizeof(*redactor));
    redactor->keys = eg_calloc(keys->count + 1, sizeof(redactor->keys[0]));
    redactor->key_count = keys->count;
    redactor->max_bytes = max_bytes;
    for (size_t i = 0; i < keys->count; i++)
        redactor->keys[i] = eg_strdup(keys->items[i]);
    return redactor;
}

void eg_redactor_destroy(struct eg_redactor *take)
{
    if (!take)
        return;
    for (size_t i = 0; i < take->key_count; i++)
        free(take->keys[i]);
    free(take->keys);
    free(take);
}

static bool is_secret(const struct eg_redactor *redactor, struct eg_span name)
{
    for (size_t i = 0; i < redactor->key_count; i++)
        if (eg_span_equal_nocase(name, eg_span_text(redactor->keys[i])))
            return true;
    return false;
}

struct walk {
    const struct eg_redactor *redactor;
    const struct eg_json_document *document;
    struct eg_buffer *out;
    size_t begin; /* of this payload in out */
};

static bool has_enough(const struct walk *walk)
{
    return walk->out->len - walk->begin > walk->redactor->max_bytes;
}

static void append_value(const struct walk *walk, eg_json_index index);

/* Depth is bounded by the document's limits. */
static void append_members(const struct walk *walk, eg_json_index object)
{
    const struct eg_json_document *document = walk->document;
    eg_json_index end = eg_json_next(document, object);
    for (eg_json_index name = object + 1; name < end && !has_enough(walk);) {
        eg_json_index value = eg_json_next(document, name);
        if (name != object + 1)
            eg_buffer_append_char(walk->out, ',');
        eg_buffer_append_span(walk->out, eg_json_text(document, name));
        eg_buffer_append_char(walk->out, ':');
        if (is_secret(walk->redactor, eg_json_string(document, name)))
            eg_buffer_append_text(walk->out, REDACTED);
        else
            append_value(walk, value);
        name = eg_json_next(document, value);
    }
}

static void append_elements(const struct walk *walk, eg_json_index array)
{
    eg_json_index end = eg_json_next(walk->document, array);
    for (eg_json_index item = array + 1; item < end && !has_enough(walk);) {
        if (item != array + 1)
            eg_buffer_append_char(walk->out, ',');
        append_value(walk, item);
        item = eg_json_next(walk->document, item);
    }
}

/* One byte more than may be shown is enough to know that it must be cut. */
static void append_scalar(const struct walk *walk, struct eg_span text)
{
    size_t most = walk->redactor->max_bytes + 1;
    eg_buffer_append(walk->out, text.ptr, text.len < most ? text.len : most);
}

static void append_value(const struct walk *walk, eg_json_index index)
{
    switch (eg_json_kind(walk->document, index)) {
    case EG_JSON_OBJECT:
        eg_buffer_append_char(walk->out, '{');
        append_members(walk, index);
        eg_buffer_append_char(walk->out, '}');
        return;
    case EG_JSON_ARRAY:
        eg_buffer_append_char(walk->out, '[');
        append_elements(walk, index);
        eg_buffer_append_char(walk->out, ']');
        return;
    default:
        append_scalar(walk, eg_json_text(walk->document, index));
    }
}

/* Back to a character's first byte: what was copied may itself have been cut inside one. */
static void cut(const struct walk *walk)
{
    size_t max = walk->redactor->max_bytes;
    struct eg_buffer *out = walk->out;
    if (!has_enough(walk))
        return;
    out->len = walk->begin + eg_character_cut(out->data + walk->begin, max + 1, max);
    eg_buffer_append_text(out, "...");
}

void eg_redactor_append(const struct eg_redactor *redactor, struct eg_span payload,
                        struct eg_buffer *out)
{
    struct eg_json_document document;
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true; /* each of them is shown or hidden by itself */
    eg_json_document_init(&document);
    struct walk walk = {redactor, &document, out, out->len};
    if (eg_json_document_parse(&document, payload, &limits, NULL) == 0) {
        append_value(&walk, 0);
        cut(&walk);
    } else {
        eg_buffer_printf(out, "<%zu bytes that can't be read as JSON>", payload.len);
    }
    eg_json_document_fini(&document);
}
