/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings that are not plain ASCII: UTF-8 is checked, escapes are decoded into the document.
 *
 * Decoded text is never longer than what it came from, so one block as long as the whole text,
 * taken at the first escape, holds all of it and never moves while spans point into it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "json/escape.h"
#include "json/reader.h"
#include "json/scan.h"
#include "json/utf8.h"

/* To the next quote or backslash, with everything before it checked. */
static const char *skip_characters(struct eg_json_reader *r, const char *p)
{
    for (;;) {
        p = eg_json_scan_plain(p, r->end);
        if (p == r->end)
            return eg_json_reader_fail(r, p, "expected '\"' at the end of the string");
        if (*p == '"' || *p == '\\')
            return p;
        if ((unsigned char)*p < ' ')
            return eg_json_reader_fail(r, p, "a control character in a string must be escaped");
        while (p < r->end && (unsigned char)*p >= 0x80) {
            size_t len = eg_json_utf8_sequence(p, (size_t)(r->end - p));
            if (len == 0)
                return eg_json_reader_fail(r, p, "the string is not valid UTF-8");
            p += len;
        }
    }
}

static void reserve_strings(struct eg_json_document *document)
{
    if (document->strings_capacity >= document->text_bytes)
        return;
    free(document->strings);
    document->strings = eg_malloc(document->text_bytes);
    document->strings_capacity = document->text_bytes;
}

/* Adds the last `bytes` of the block; the index or EG_JSON_NONE when there are too many. */
static uint32_t add_decoded(struct eg_json_document *document, const char *begin, size_t bytes)
{
    if (document->decoded_count > EG_JSON_MAX_COUNT)
        return EG_JSON_NONE;
    if (document->decoded_count == document->decoded_capacity) {
        uint32_t capacity = document->decoded_capacity ? document->decoded_capacity * 2 : 16;
        document->decoded =
            eg_realloc_array(document->decoded, capacity, sizeof(*document->decoded));
        document->decoded_capacity = capacity;
    }
    document->decoded[document->decoded_count] = (struct eg_span){begin, bytes};
    document->strings_bytes += bytes;
    return document->decoded_count++;
}

/* From the first backslash, at `p`, to the closing quote. */
static const char *decode(struct eg_json_reader *r, const char *start, const char *p,
                          uint32_t *info)
{
    struct eg_json_document *document = r->document;
    if (document->decoded_count == 0)
        reserve_strings(document);
    char *begin = document->strings + document->strings_bytes;
    char *out = begin;
    const char *run = start + 1;
    for (;;) {
        memcpy(out, run, (size_t)(p - run));
        out += p - run;
        if (*p == '"')
            break;
        const char *what;
        size_t len = eg_json_unescape(p, (size_t)(r->end - p), &out, &what);
        if (len == 0)
            return eg_json_reader_fail(r, p, what);
        run = p + len;
        p = skip_characters(r, run);
        if (!p)
            return NULL;
    }
    uint32_t index = add_decoded(document, begin, (size_t)(out - begin));
    if (index == EG_JSON_NONE)
        return eg_json_reader_too_large(r, start, "the text has more escaped strings than allowed");
    *info |= EG_JSON_ESCAPED | index << 8;
    return p;
}

const char *eg_json_reader_string(struct eg_json_reader *r, const char *start, const char *p,
                                  uint32_t *info)
{
    p = skip_characters(r, p);
    if (!p || *p == '"')
        return p;
    return decode(r, start, p, info);
}
