/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded writer: every piece is put whole or not at all, and the bytes that close the line are
 * held back from the start, so that a cut line is still one well-formed line.
 */
#include "telemetry/log_line.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "telemetry/character.h"
#include "json/utf8.h"

#define CLOSING_BYTES (sizeof("...\"}\n") - 1)

struct writer {
    char *data;
    size_t len;
    size_t limit; /* the closing bytes are above it */
    bool json;
    bool full; /* a piece did not fit: nothing follows */
};

static bool put(struct writer *writer, const char *bytes, size_t len)
{
    if (writer->full || len > writer->limit - writer->len) {
        writer->full = true;
        return false;
    }
    memcpy(writer->data + writer->len, bytes, len);
    writer->len += len;
    return true;
}

/* Past the limit, into what was held back. */
static void put_closing(struct writer *writer, const char *text)
{
    size_t len = strlen(text);
    memcpy(writer->data + writer->len, text, len);
    writer->len += len;
}

/* The escape of a character, or 0 when it may stand as it is. U+0080 to U+009F move terminals. */
static size_t escape(const char *text, size_t character_len, char out[8])
{
    static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    unsigned char first = (unsigned char)text[0];
    if (first < sizeof(shorts) && shorts[first]) {
        out[0] = '\\';
        out[1] = shorts[first];
        return 2;
    }
    bool c1 = character_len == 2 && first == 0xC2 && (unsigned char)text[1] < 0xA0;
    if (first >= 0x20 && first != 0x7F && !c1)
        return 0;
    return (size_t)snprintf(out, 8, "\\u%04x", c1 ? (unsigned char)text[1] : first);
}

/* Takes one character from the text and puts it. False: no room, nothing was put. */
static bool put_character(struct writer *writer, const char *text, size_t len, size_t *ret_taken)
{
    char escaped[8];
    size_t taken = eg_json_utf8_sequence(text, len);
    *ret_taken = taken ? taken : 1;
    if (taken == 0)
        return put(writer, EG_CHARACTER_REPLACEMENT, sizeof(EG_CHARACTER_REPLACEMENT) - 1);
    size_t escaped_len = escape(text, taken, escaped);
    return escaped_len ? put(writer, escaped, escaped_len) : put(writer, text, taken);
}

/* How many bytes from here on are plain ASCII that needs no escape. */
static size_t plain_run(const char *text, size_t len)
{
    size_t run = 0;
    while (run < len && (unsigned char)text[run] >= 0x20 && (unsigned char)text[run] < 0x7F &&
           text[run] != '"' && text[run] != '\\')
        run++;
    return run;
}

static void put_quoted(struct writer *writer, struct eg_span text)
{
    if (!put(writer, "\"", 1))
        return;
    for (size_t at = 0, taken; at < text.len; at += taken) {
        size_t room = writer->limit - writer->len;
        taken = plain_run(text.ptr + at, text.len - at);
        if (taken > room)
            taken = room;
        if (taken > 0 ? put(writer, text.ptr + at, taken)
                      : put_character(writer, text.ptr + at, text.len - at, &taken))
            continue;
        put_closing(writer, "...\"");
        return;
    }
    if (!put(writer, "\"", 1))
        put_closing(writer, "\"");
}

/* logfmt leaves a word bare when nothing in it could be read as something else. */
static bool is_bare_word(struct eg_span text)
{
    if (plain_run(text.ptr, text.len) < text.len)
        return false;
    return text.len > 0 && !memchr(text.ptr, ' ', text.len) && !memchr(text.ptr, '=', text.len);
}

static void put_text(struct writer *writer, struct eg_span text)
{
    bool bare = !writer->json && is_bare_word(text);
    if (bare && text.len <= writer->limit - writer->len)
        (void)put(writer, text.ptr, text.len);
    else
        put_quoted(writer, text);
}

static void put_double(struct writer *writer, double value)
{
    char text[32];
    if (!isfinite(value)) {
        put_text(writer, isnan(value) ? EG_SPAN_LITERAL("NaN")
                                      : (value > 0 ? EG_SPAN_LITERAL("Infinity")
                                                   : EG_SPAN_LITERAL("-Infinity")));
        return;
    }
    int len = snprintf(text, sizeof(text), "%.15g", value);
    (void)put(writer, text, (size_t)len);
}

static void put_value(struct writer *writer, const struct eg_log_field *field)
{
    char text[32];
    int len = 0;
    switch (field->kind) {
    case EG_LOG_KIND_TEXT:
        put_text(writer, field->value.text);
        return;
    case EG_LOG_KIND_DOUBLE:
        put_double(writer, field->value.real);
        return;
    case EG_LOG_KIND_INT:
        len = snprintf(text, sizeof(text), "%lld", (long long)field->value.integer);
        break;
    case EG_LOG_KIND_UINT:
        len = snprintf(text, sizeof(text), "%llu", (unsigned long long)field->value.natural);
        break;
    case EG_LOG_KIND_BOOL:
        len = snprintf(text, sizeof(text), "%s", field->value.truth ? "true" : "false");
        break;
    case EG_LOG_KIND_OMIT:
        break;
    }
    (void)put(writer, text, (size_t)len);
}

/* A field that would leave no room for its value is left out, and all after it. */
static void put_field(struct writer *writer, const struct eg_log_field *field)
{
    enum { VALUE_ROOM = 32, MARKS = 4 };
    size_t name_len = strlen(field->name);
    if (field->kind == EG_LOG_KIND_OMIT || writer->full)
        return;
    if (writer->limit - writer->len < name_len + MARKS + VALUE_ROOM) {
        writer->full = true;
        return;
    }
    bool first = writer->len == 0;
    const char *before = writer->json ? (first ? "{\"" : ",\"") : (first ? "" : " ");
    (void)put(writer, before, strlen(before));
    (void)put(writer, field->name, name_len);
    (void)put(writer, writer->json ? "\":" : "=", writer->json ? 2 : 1);
    put_value(writer, field);
}

size_t eg_log_line_format(char *line, size_t line_bytes, enum eg_log_format format,
                          const struct eg_log_record *record)
{
    EG_ASSERT(line_bytes >= EG_LOG_LINE_MIN_BYTES);
    struct writer writer = {
        .data = line, .limit = line_bytes - CLOSING_BYTES, .json = format != EG_LOG_FORMAT_LOGFMT};
    char time[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(record->wall_us, time);
    struct eg_log_field head[] = {
        eg_log_string("time", time),
        eg_log_string("level", eg_log_level_name(record->level)),
        eg_log_string("message", record->message),
        eg_log_text("correlation_id", record->correlation_id),
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(head); i++)
        if (head[i].value.text.len > 0)
            put_field(&writer, &head[i]);
    for (const struct eg_log_field *field = record->fields; field && field->name; field++)
        put_field(&writer, field);
    put_closing(&writer, writer.json ? "}\n" : "\n");
    return writer.len;
}
