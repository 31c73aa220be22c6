/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Both alphabets of RFC 4648 over one encoder and one decoder; each alphabet has its own reverse
 * table, in which a value above 63 means "not in the alphabet". Any thread.
 */
#include "crypto/base64.h"

#include <stddef.h>
#include <stdint.h>

#define X 255

/* clang-format off */
static const uint8_t reverse_standard[256] = {
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,62,X,X,X,63, 52,53,54,55,56,57,58,59,60,61,X,X,X,X,X,X,
    X,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14, 15,16,17,18,19,20,21,22,23,24,25,X,X,X,X,X,
    X,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40, 41,42,43,44,45,46,47,48,49,50,51,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
};

static const uint8_t reverse_url[256] = {
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,62,X,X, 52,53,54,55,56,57,58,59,60,61,X,X,X,X,X,X,
    X,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14, 15,16,17,18,19,20,21,22,23,24,25,X,X,X,X,63,
    X,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40, 41,42,43,44,45,46,47,48,49,50,51,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
    X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X, X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,X,
};
/* clang-format on */

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Writes the characters of the last one or two bytes; returns how many. */
static size_t encode_tail(const uint8_t *in, size_t len, const char *alphabet, char *to)
{
    unsigned group = (unsigned)in[0] << 16 | (len > 1 ? (unsigned)in[1] << 8 : 0);
    to[0] = alphabet[group >> 18];
    to[1] = alphabet[group >> 12 & 63];
    if (len > 1)
        to[2] = alphabet[group >> 6 & 63];
    return len + 1;
}

static void encode(struct eg_span bytes, const char *alphabet, bool padded, struct eg_buffer *out)
{
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    size_t left = bytes.len;
    char *start = eg_buffer_reserve(out, left / 3 * 4 + 4);
    char *to = start;
    for (; left >= 3; in += 3, left -= 3) {
        unsigned group = (unsigned)in[0] << 16 | (unsigned)in[1] << 8 | in[2];
        *to++ = alphabet[group >> 18];
        *to++ = alphabet[group >> 12 & 63];
        *to++ = alphabet[group >> 6 & 63];
        *to++ = alphabet[group & 63];
    }
    if (left)
        to += encode_tail(in, left, alphabet, to);
    while (padded && (to - start) % 4)
        *to++ = '=';
    *to = '\0';
    out->len += (size_t)(to - start);
}

/* The last two or three characters; their unused low bits must be zero. */
static bool decode_tail(const uint8_t *in, size_t len, const uint8_t *reverse, uint8_t *to)
{
    uint8_t a = reverse[in[0]];
    uint8_t b = reverse[in[1]];
    uint8_t c = len == 3 ? reverse[in[2]] : 0;
    if ((a | b | c) > 63 || (len == 2 ? b & 15 : c & 3))
        return false;
    to[0] = (uint8_t)(a << 2 | b >> 4);
    if (len == 3)
        to[1] = (uint8_t)(b << 4 | c >> 2);
    return true;
}

/* `text` comes without padding. */
static bool decode(struct eg_span text, const uint8_t *reverse, struct eg_buffer *out)
{
    const uint8_t *in = (const uint8_t *)text.ptr;
    size_t left = text.len;
    if (left % 4 == 1)
        return false;
    size_t len = left / 4 * 3 + (left % 4 ? left % 4 - 1 : 0);
    uint8_t *to = (uint8_t *)eg_buffer_reserve(out, len);
    unsigned bad = 0;
    for (; left >= 4; in += 4, left -= 4, to += 3) {
        unsigned a = reverse[in[0]], b = reverse[in[1]], c = reverse[in[2]], d = reverse[in[3]];
        bad |= a | b | c | d;
        to[0] = (uint8_t)(a << 2 | b >> 4);
        to[1] = (uint8_t)(b << 4 | c >> 2);
        to[2] = (uint8_t)(c << 6 | d);
    }
    bool good = bad <= 63 && (!left || decode_tail(in, left, reverse, to));
    if (good)
        out->len += len;
    out->data[out->len] = '\0';
    return good;
}

void eg_crypto_base64_encode(struct eg_span bytes, struct eg_buffer *out)
{
    encode(bytes, standard, true, out);
}

void eg_crypto_base64url_encode(struct eg_span bytes, struct eg_buffer *out)
{
    encode(bytes, url_safe, false, out);
}

bool eg_crypto_base64_decode(struct eg_span text, struct eg_buffer *out)
{
    if (text.len % 4)
        return false;
    for (unsigned i = 0; i < 2 && text.len && text.ptr[text.len - 1] == '='; i++)
        text.len--;
    return decode(text, reverse_standard, out);
}

bool eg_crypto_base64url_decode(struct eg_span text, struct eg_buffer *out)
{
    return decode(text, reverse_url, out);
}
