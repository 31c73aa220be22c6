/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two loops in which a reader spends its time: to the end of a run of plain string characters,
 * and to the end of white space. 16 bytes at a step where SSE2 is there (every x86-64), else one.
 *
 * No byte at or behind `end` is read: the text has no padding. Internal to json/; any thread.
 */
#ifndef EG_JSON_SCAN_H
#define EG_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

#ifdef __SSE2__
#include <emmintrin.h>

static inline __m128i eg_json_load(const char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Bit i is set when byte i is a quote, a backslash, a control character or not ASCII. */
static inline unsigned eg_json_special_mask(__m128i bytes)
{
    __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    /* Signed: bytes from 0x80 are negative, so one compare finds them and the controls. */
    __m128i outside = _mm_cmplt_epi8(bytes, _mm_set1_epi8(' '));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, backslash), outside));
}

/* Bit i is set when byte i is not white space. */
static inline unsigned eg_json_solid_mask(__m128i bytes)
{
    __m128i blank = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(' ')),
                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')));
    __m128i other = _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\r')),
                                 _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')));
    return (unsigned)_mm_movemask_epi8(_mm_or_si128(blank, other)) ^ 0xFFFFu;
}
#endif

static inline bool eg_json_is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* To the first byte that needs a look: quote, backslash, control, not ASCII; or to `end`. */
static inline const char *eg_json_scan_plain(const char *p, const char *end)
{
#ifdef __SSE2__
    while (end - p >= 16) {
        unsigned mask = eg_json_special_mask(eg_json_load(p));
        if (mask)
            return p + __builtin_ctz(mask);
        p += 16;
    }
#endif
    while (p < end && (unsigned char)(*p - ' ') < 0x80 - ' ' && *p != '"' && *p != '\\')
        p++;
    return p;
}

static inline const char *eg_json_scan_spaces(const char *p, const char *end)
{
#ifdef __SSE2__
    while (end - p >= 16) {
        unsigned mask = eg_json_solid_mask(eg_json_load(p));
        if (mask)
            return p + __builtin_ctz(mask);
        p += 16;
    }
#endif
    while (p < end && eg_json_is_space(*p))
        p++;
    return p;
}

/* Minified text has no white space and ": " has one byte: both are settled before the wide step. */
static inline const char *eg_json_skip_space(const char *p, const char *end)
{
    if (p < end && (unsigned char)*p > ' ')
        return p;
    if (end - p >= 2 && *p == ' ' && (unsigned char)p[1] > ' ')
        return p + 1;
    return eg_json_scan_spaces(p, end);
}

#endif
