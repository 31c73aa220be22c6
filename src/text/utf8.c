/* SPDX-License-Identifier: Apache-2.0 */
/* Most text is ASCII, so eight bytes at a time are looked at before any is decoded. */
#include "text/utf8.h"

#include <string.h>

#include "base/error.h"

#define HIGH_BITS UINT64_C(0x8080808080808080)

/* One more byte of a sequence: 10xxxxxx. */
static inline bool is_tail(unsigned char byte)
{
    return (byte & 0xc0u) == 0x80u;
}

/* How many bytes a sequence has by its first byte; 0: none starts so. */
static inline size_t sequence_bytes(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xc2)
        return 0;
    if (first < 0xe0)
        return 2;
    if (first < 0xf0)
        return 3;
    return first < 0xf5 ? 4 : 0;
}

static bool is_allowed(uint32_t code, size_t bytes)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    return code >= smallest[bytes] && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
}

bool eg_utf8_next(struct eg_span *rest, uint32_t *ret_code)
{
    if (rest->len == 0)
        return false;
    const unsigned char *bytes = (const unsigned char *)rest->ptr;
    size_t count = sequence_bytes(bytes[0]);
    if (count == 0 || count > rest->len)
        return false;
    uint32_t code = count == 1 ? bytes[0] : bytes[0] & (0x7fu >> count);
    for (size_t i = 1; i < count; i++) {
        if (!is_tail(bytes[i]))
            return false;
        code = code << 6 | (bytes[i] & 0x3fu);
    }
    if (!is_allowed(code, count))
        return false;
    *rest = (struct eg_span){rest->ptr + count, rest->len - count};
    *ret_code = code;
    return true;
}

static void skip_ascii(struct eg_span *rest)
{
    uint64_t word;
    while (rest->len >= sizeof(word)) {
        memcpy(&word, rest->ptr, sizeof(word));
        if (word & HIGH_BITS)
            return;
        rest->ptr += sizeof(word);
        rest->len -= sizeof(word);
    }
}

bool eg_utf8_valid(struct eg_span text)
{
    uint32_t code;
    do {
        skip_ascii(&text);
    } while (eg_utf8_next(&text, &code));
    return text.len == 0;
}

void eg_utf8_append(struct eg_buffer *out, uint32_t code)
{
    EG_ASSERT(code <= 0x10ffff && (code < 0xd800 || code > 0xdfff));
    if (code < 0x80) {
        eg_buffer_append_char(out, (char)code);
        return;
    }
    static const unsigned char leads[] = {0, 0xc0, 0xe0, 0xf0};
    unsigned tails = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    eg_buffer_append_char(out, (char)(leads[tails] | code >> (6 * tails)));
    while (tails-- > 0)
        eg_buffer_append_char(out, (char)(0x80u | (code >> (6 * tails) & 0x3fu)));
}
