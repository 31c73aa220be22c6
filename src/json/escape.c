/* SPDX-License-Identifier: Apache-2.0 */
/* Escapes, one table and the arithmetic of surrogates. No state; any thread. */
#include "json/escape.h"

#include "json/utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
        return (c | 0x20) - 'a' + 10;
    return -1;
}

/* The value of four digits at `p`, or -1. */
static int read_hex4(const char *p, size_t left)
{
    if (left < 4)
        return -1;
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_value(p[i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* \uXXXX. Surrogates must come as a pair: half of one is no character and has no UTF-8. */
static size_t unescape_unicode(const char *p, size_t left, char **out, const char **ret_what)
{
    int unit = read_hex4(p + 2, left - 2);
    if (unit < 0) {
        *ret_what = "expected four hexadecimal digits after \\u";
        return 0;
    }
    if (unit < 0xD800 || unit > 0xDFFF) {
        *out = eg_json_utf8_put(*out, (unsigned)unit);
        return 6;
    }
    int low = -1;
    if (unit <= 0xDBFF && left >= 12 && p[6] == '\\' && p[7] == 'u')
        low = read_hex4(p + 8, left - 8);
    if (low < 0xDC00 || low > 0xDFFF) {
        *ret_what = "half of a surrogate pair stands alone";
        return 0;
    }
    unsigned high_bits = (unsigned)(unit - 0xD800) << 10;
    *out = eg_json_utf8_put(*out, 0x10000u + high_bits + (unsigned)(low - 0xDC00));
    return 12;
}

static const char short_escapes[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

size_t eg_json_unescape(const char *p, size_t left, char **out, const char **ret_what)
{
    if (left >= 2) {
        char decoded = short_escapes[(unsigned char)p[1]];
        if (decoded) {
            *(*out)++ = decoded;
            return 2;
        }
        if (p[1] == 'u')
            return unescape_unicode(p, left, out, ret_what);
    }
    *ret_what = "expected one of \"\\/bfnrtu after the backslash";
    return 0;
}
