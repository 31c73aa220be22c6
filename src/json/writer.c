/* SPDX-License-Identifier: Apache-2.0 */
/* JSON text from values: no state beyond the caller's buffer; any thread. */
#include "json/writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "json/scan.h"
#include "json/utf8.h"

static const char short_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f',
    ['\n'] = 'n', ['\r'] = 'r',  ['\t'] = 't',
};

static void write_escape(struct eg_buffer *buffer, unsigned char c)
{
    char letter = short_escapes[c];
    if (letter) {
        eg_buffer_append(buffer, (char[]){'\\', letter}, 2);
        return;
    }
    static const char hex[] = "0123456789abcdef";
    eg_buffer_append(buffer, (char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6);
}

/* Writes what stands at `p` and is not plain; returns how many bytes of the input that took. */
static size_t write_special(struct eg_buffer *buffer, const char *p, const char *end)
{
    if ((unsigned char)*p < 0x80) {
        write_escape(buffer, (unsigned char)*p);
        return 1;
    }
    size_t len = eg_json_utf8_sequence(p, (size_t)(end - p));
    if (len == 0) {
        eg_buffer_append_text(buffer, "\xEF\xBF\xBD");
        return 1;
    }
    eg_buffer_append(buffer, p, len);
    return len;
}

void eg_json_write_string(struct eg_buffer *buffer, struct eg_span text)
{
    const char *p = text.ptr;
    const char *end = text.len ? text.ptr + text.len : p;
    eg_buffer_append_char(buffer, '"');
    while (p < end) {
        const char *special = eg_json_scan_plain(p, end);
        eg_buffer_append(buffer, p, (size_t)(special - p));
        p = special;
        if (p < end)
            p += write_special(buffer, p, end);
    }
    eg_buffer_append_char(buffer, '"');
}

void eg_json_write_text(struct eg_buffer *buffer, const char *text)
{
    if (text)
        eg_json_write_string(buffer, eg_span_text(text));
    else
        eg_json_write_null(buffer);
}

void eg_json_write_name(struct eg_buffer *buffer, const char *name)
{
    eg_json_write_string(buffer, eg_span_text(name));
    eg_buffer_append_char(buffer, ':');
}

void eg_json_write_int64(struct eg_buffer *buffer, int64_t value)
{
    eg_buffer_printf(buffer, "%lld", (long long)value);
}

void eg_json_write_uint64(struct eg_buffer *buffer, uint64_t value)
{
    eg_buffer_printf(buffer, "%llu", (unsigned long long)value);
}

void eg_json_write_double(struct eg_buffer *buffer, double value)
{
    if (!isfinite(value)) {
        eg_json_write_null(buffer);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    /* The process may run under a locale whose decimal point is a comma. */
    char *comma = strchr(text, ',');
    if (comma)
        *comma = '.';
    eg_buffer_append_text(buffer, text);
}

void eg_json_write_bool(struct eg_buffer *buffer, bool value)
{
    eg_buffer_append_text(buffer, value ? "true" : "false");
}

void eg_json_write_null(struct eg_buffer *buffer)
{
    eg_buffer_append_text(buffer, "null");
}
