/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8, one character at a time, for text that may hold anything. No state; any thread. */
#ifndef EG_TELEMETRY_CHARACTER_H
#define EG_TELEMETRY_CHARACTER_H

#include <stdbool.h>
#include <stddef.h>

#define EG_CHARACTER_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

static inline bool eg_character_continues(char byte)
{
    return ((unsigned char)byte & 0xC0u) == 0x80u;
}

/* The bytes of the character at the start of 1 or more bytes; 0: not UTF-8 (RFC 3629 section 4). */
static inline size_t eg_character_len(const char *text, size_t len)
{
    unsigned char lead = (unsigned char)text[0];
    if (lead < 0x80)
        return 1;
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || len < want)
        return 0;
    for (size_t i = 1; i < want; i++)
        if (!eg_character_continues(text[i]))
            return 0;
    unsigned char second = (unsigned char)text[1];
    bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
    bool beyond = (lead == 0xED && second > 0x9F) || (lead == 0xF4 && second > 0x8F);
    return overlong || beyond ? 0 : want;
}

/* The most bytes, up to `max`, that do not end inside a character of valid UTF-8. */
static inline size_t eg_character_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && eg_character_continues(text[max]))
        max--;
    return max;
}

#endif
