/* SPDX-License-Identifier: Apache-2.0 */
/* A scan for backslashes; in JSON they stand nowhere but in strings. */
#include "config/json_escape.h"

#include <stdint.h>
#include <string.h>

#include "base/span.h"

#define ESCAPE_BYTES 6u /* \uXXXX */

static bool begins_as_json(struct eg_span text)
{
    struct eg_span trimmed = eg_span_trim(text);
    return trimmed.len > 0 && (trimmed.ptr[0] == '{' || trimmed.ptr[0] == '[');
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The code unit of the \uXXXX at `at`; 0: there is none. */
static uint32_t escape_at(struct eg_span text, size_t at)
{
    if (text.len - at < ESCAPE_BYTES || text.ptr[at] != '\\' || text.ptr[at + 1] != 'u')
        return 0;
    uint32_t unit = 0;
    for (size_t i = 2; i < ESCAPE_BYTES; i++) {
        int digit = hex_digit(text.ptr[at + i]);
        if (digit < 0)
            return 0;
        unit = unit * 16 + (uint32_t)digit;
    }
    return unit;
}

/* The character of the surrogate pair (RFC 8259, section 7) at `at`; 0: there is none. */
static uint32_t pair_at(struct eg_span text, size_t at)
{
    uint32_t high = escape_at(text, at);
    if (high < 0xD800 || high > 0xDBFF)
        return 0;
    uint32_t low = escape_at(text, at + ESCAPE_BYTES);
    if (low < 0xDC00 || low > 0xDFFF)
        return 0;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

bool eg_config_json_join_surrogates(struct eg_span text, struct eg_buffer *buffer)
{
    if (!begins_as_json(text) || !memmem(text.ptr, text.len, "\\u", 2))
        return false;
    size_t copied = 0;
    size_t at = 0;
    while (at < text.len) {
        const char *slash = memchr(text.ptr + at, '\\', text.len - at);
        if (!slash)
            break;
        at = (size_t)(slash - text.ptr);
        uint32_t character = pair_at(text, at);
        if (character) {
            eg_buffer_append(buffer, text.ptr + copied, at - copied);
            eg_buffer_printf(buffer, "\\U%08X", character);
            copied = at + 2 * ESCAPE_BYTES;
        }
        at += character ? 2 * ESCAPE_BYTES : 2;
    }
    if (copied == 0)
        return false;
    eg_buffer_append(buffer, text.ptr + copied, text.len - copied);
    return true;
}
