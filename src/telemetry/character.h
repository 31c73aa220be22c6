/* SPDX-License-Identifier: Apache-2.0 */
/* Cutting and mending UTF-8 text that may hold anything; of this room alone. Any thread. */
#ifndef EG_TELEMETRY_CHARACTER_H
#define EG_TELEMETRY_CHARACTER_H

#include <stddef.h>

#define EG_CHARACTER_REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* The most bytes, up to `max`, that do not end inside a character of valid UTF-8. */
static inline size_t eg_character_cut(const char *text, size_t len, size_t max)
{
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xC0u) == 0x80u)
        max--;
    return max;
}

#endif
