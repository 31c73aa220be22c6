/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Characters past ASCII are looked up in two sorted tables made from Python's own str.casefold():
 * runs that move by one distance, and characters that become several.
 */
#include "access/casefold.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "text/utf8.h"

struct run {
    uint32_t first;
    uint32_t last;
    uint32_t stride;
    int32_t distance;
};

struct several {
    uint32_t code;
    char utf8[12];
};

static const struct run runs[] = {
#define CASEFOLD_RUN(first, last, stride, distance) {first, last, stride, distance},
#define CASEFOLD_SEVERAL(code, utf8)
#include "access/casefold.def"
#undef CASEFOLD_RUN
#undef CASEFOLD_SEVERAL
};

static const struct several severals[] = {
#define CASEFOLD_RUN(first, last, stride, distance)
#define CASEFOLD_SEVERAL(code, utf8) {code, utf8},
#include "access/casefold.def"
#undef CASEFOLD_RUN
#undef CASEFOLD_SEVERAL
};

struct output {
    char *text;
    size_t len;
    size_t capacity;
};

static bool put(struct output *out, const char *bytes, size_t len)
{
    if (len > out->capacity - out->len)
        return false;
    memcpy(out->text + out->len, bytes, len);
    out->len += len;
    return true;
}

static bool put_code(struct output *out, uint32_t code)
{
    char bytes[4];
    if (code < 0x80) {
        bytes[0] = (char)code;
        return put(out, bytes, 1);
    }
    if (code < 0x800) {
        bytes[0] = (char)(0xC0 | code >> 6);
        bytes[1] = (char)(0x80 | (code & 0x3F));
        return put(out, bytes, 2);
    }
    if (code < 0x10000) {
        bytes[0] = (char)(0xE0 | code >> 12);
        bytes[1] = (char)(0x80 | (code >> 6 & 0x3F));
        bytes[2] = (char)(0x80 | (code & 0x3F));
        return put(out, bytes, 3);
    }
    bytes[0] = (char)(0xF0 | code >> 18);
    bytes[1] = (char)(0x80 | (code >> 12 & 0x3F));
    bytes[2] = (char)(0x80 | (code >> 6 & 0x3F));
    bytes[3] = (char)(0x80 | (code & 0x3F));
    return put(out, bytes, 4);
}

static int compare_several(const void *key, const void *item)
{
    uint32_t code = *(const uint32_t *)key;
    const struct several *several = item;
    return code < several->code ? -1 : code > several->code;
}

static int compare_run(const void *key, const void *item)
{
    uint32_t code = *(const uint32_t *)key;
    const struct run *run = item;
    return code < run->first ? -1 : code > run->last;
}

static bool fold_code(struct output *out, uint32_t code)
{
    const struct several *several =
        bsearch(&code, severals, EG_ARRAY_COUNT(severals), sizeof(*severals), compare_several);
    if (several)
        return put(out, several->utf8, strlen(several->utf8));
    const struct run *run = bsearch(&code, runs, EG_ARRAY_COUNT(runs), sizeof(*runs), compare_run);
    if (run && (code - run->first) % run->stride == 0)
        code = (uint32_t)((int64_t)code + run->distance);
    return put_code(out, code);
}

/* Takes one character off `rest`; a byte that is not UTF-8 stands for itself. */
static bool fold_next(struct output *out, struct eg_span *rest)
{
    uint32_t code = 0;
    if (eg_utf8_next(rest, &code))
        return fold_code(out, code);
    if (!put(out, rest->ptr, 1))
        return false;
    rest->ptr++;
    rest->len--;
    return true;
}

bool eg_access_casefold(struct eg_span text, char *ret_text, size_t capacity, size_t *ret_len)
{
    struct output out = {ret_text, 0, capacity};
    struct eg_span rest = text;
    while (rest.len > 0) {
        unsigned char c = (unsigned char)rest.ptr[0];
        if (c >= 0x80) {
            if (!fold_next(&out, &rest))
                return false;
            continue;
        }
        if (out.len == capacity)
            return false;
        ret_text[out.len++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        rest.ptr++;
        rest.len--;
    }
    *ret_len = out.len;
    return true;
}
