/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See fold.h. Full folding's table of access/ holds the characters that become one other (status
 * C); those that full folding spells out with several (status F) have a one-character form in few
 * cases (status S), listed here; the others stay as they are.
 */
#include "rules/fold.h"

#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

struct run {
    uint32_t first;
    uint32_t last;
    uint32_t stride;
    int32_t distance;
};

static const struct run common[] = {
#define CASEFOLD_RUN(first, last, stride, distance) {first, last, stride, distance},
#define CASEFOLD_SEVERAL(code, utf8)
#include "access/casefold.def"
#undef CASEFOLD_RUN
#undef CASEFOLD_SEVERAL
};

static const struct run simple[] = {
    {0x1E9E, 0x1E9E, 1, 0xDF - 0x1E9E},
    {0x1F88, 0x1F8F, 1, -8},
    {0x1F98, 0x1F9F, 1, -8},
    {0x1FA8, 0x1FAF, 1, -8},
    {0x1FBC, 0x1FBC, 1, -9},
    {0x1FCC, 0x1FCC, 1, -9},
    {0x1FFC, 0x1FFC, 1, -9},
};

static const struct run *find_run(const struct run *runs, size_t count, uint32_t code)
{
    size_t low = 0;
    while (low < count) {
        size_t middle = (low + count) / 2;
        if (code > runs[middle].last)
            low = middle + 1;
        else if (code < runs[middle].first)
            count = middle;
        else
            return (code - runs[middle].first) % runs[middle].stride ? NULL : &runs[middle];
    }
    return NULL;
}

static uint32_t fold_code(uint32_t code)
{
    const struct run *run = find_run(common, EG_ARRAY_COUNT(common), code);
    if (!run)
        run = find_run(simple, EG_ARRAY_COUNT(simple), code);
    return run ? (uint32_t)((int32_t)code + run->distance) : code;
}

/* The character at `p`, of valid UTF-8 past ASCII; 0 bytes when it is none. */
static size_t take(const unsigned char *p, size_t left, uint32_t *ret_code)
{
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 0;
    if (len == 0 || len > left)
        return 0;
    uint32_t code = p[0] & (0xFFu >> (len + 1));
    for (size_t i = 1; i < len; i++)
        code = code << 6 | (p[i] & 0x3Fu);
    *ret_code = code;
    return len;
}

static size_t put(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)(lead[len] | code);
    return len;
}

size_t eg_rules_fold(struct eg_span text, char *out)
{
    const unsigned char *p = (const unsigned char *)text.ptr;
    size_t len = 0;
    for (size_t i = 0; i < text.len;) {
        unsigned char c = p[i];
        uint32_t code;
        size_t taken = c < 0x80 ? 0 : take(p + i, text.len - i, &code);
        if (taken) {
            len += put(fold_code(code), out + len);
            i += taken;
        } else {
            out[len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
            i++;
        }
    }
    return len;
}
