/* SPDX-License-Identifier: Apache-2.0 */
/* Compresses, for tests of what undoes it. */
#ifndef TESTS_SUPPORT_COMPRESS_H
#define TESTS_SUPPORT_COMPRESS_H

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/memory.h"
#include "eventgate/span.h"

/* Both return owned memory in the span. */
static inline struct eg_span compress_gzip(const void *bytes, size_t len)
{
    z_stream stream;
    memset(&stream, 0, sizeof(stream));
    EG_ASSERT(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
    size_t bound = deflateBound(&stream, len);
    char *out = eg_malloc(bound);
    char *in = eg_malloc(len + 1);
    memcpy(in, bytes, len);
    stream.next_in = (Bytef *)in;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)out;
    stream.avail_out = (uInt)bound;
    EG_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    struct eg_span made = {out, bound - stream.avail_out};
    EG_ASSERT(deflateEnd(&stream) == Z_OK);
    free(in);
    return made;
}

static inline struct eg_span compress_zstd(const void *bytes, size_t len)
{
    size_t bound = ZSTD_compressBound(len);
    char *out = eg_malloc(bound);
    size_t made = ZSTD_compress(out, bound, bytes, len, 3);
    EG_ASSERT(!ZSTD_isError(made));
    return (struct eg_span){out, made};
}

static inline void compress_free(struct eg_span made)
{
    union {
        const char *in;
        void *out;
    } pointer = {.in = made.ptr};
    free(pointer.out);
}

#endif
