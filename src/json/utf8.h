/* SPDX-License-Identifier: Apache-2.0 */
/* One UTF-8 sequence at a time, as Unicode table 3-7 allows it. Internal to json/; any thread. */
#ifndef EG_JSON_UTF8_H
#define EG_JSON_UTF8_H

#include <stddef.h>

/*
 * Length of the valid sequence at `p`, 1 to 4; 0 when there is none: a stray continuation byte, an
 * overlong form, a surrogate, beyond U+10FFFF, or cut off by `left`, which is at least 1.
 */
static inline size_t eg_json_utf8_sequence(const char *p, size_t left)
{
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] < 0x80)
        return 1;
    if (u[0] < 0xC2 || u[0] > 0xF4 || left < 2 || (u[1] & 0xC0) != 0x80)
        return 0;
    if (u[0] < 0xE0)
        return 2;
    if (left < 3 || (u[2] & 0xC0) != 0x80)
        return 0;
    if (u[0] < 0xF0)
        return (u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] >= 0xA0) ? 0 : 3;
    if (left < 4 || (u[3] & 0xC0) != 0x80)
        return 0;
    return (u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] >= 0x90) ? 0 : 4;
}

/* Writes the code point, which is no surrogate and at most U+10FFFF; returns the end. */
static inline char *eg_json_utf8_put(char *out, unsigned code_point)
{
    if (code_point < 0x80) {
        *out++ = (char)code_point;
        return out;
    }
    if (code_point < 0x800) {
        *out++ = (char)(0xC0 | code_point >> 6);
    } else {
        if (code_point < 0x10000) {
            *out++ = (char)(0xE0 | code_point >> 12);
        } else {
            *out++ = (char)(0xF0 | code_point >> 18);
            *out++ = (char)(0x80 | (code_point >> 12 & 0x3F));
        }
        *out++ = (char)(0x80 | (code_point >> 6 & 0x3F));
    }
    *out++ = (char)(0x80 | (code_point & 0x3F));
    return out;
}

#endif
