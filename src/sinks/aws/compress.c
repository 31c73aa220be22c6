/* SPDX-License-Identifier: Apache-2.0 */
/* Whole contents in one call. zlib and libzstd only fail for want of memory, or by a mistake of
 * ours. */
#include "sinks/aws/compress.h"

#include <limits.h>
#include <stdint.h>

#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/span.h"
#include "crypto/base64.h"

#define GZIP_LEVEL       6
#define GZIP_WINDOW_BITS (15 + 16) /* 16: a gzip header instead of zlib's */
#define GZIP_MEMORY      8
#define ZSTD_LEVEL       3

const char *const eg_sink_compression_words[] = {"none", "gzip", "zstd", NULL};

static const struct {
    const char *encoding;
    const char *suffix;
} forms[] = {
    [EG_SINK_COMPRESSION_NONE] = {"", ""},
    [EG_SINK_COMPRESSION_GZIP] = {"gzip", ".gz"},
    [EG_SINK_COMPRESSION_ZSTD] = {"zstd", ".zst"},
};

const char *eg_sink_compression_encoding(enum eg_sink_compression how)
{
    return forms[how].encoding;
}

const char *eg_sink_compression_suffix(enum eg_sink_compression how)
{
    return forms[how].suffix;
}

static void gzip(struct eg_span bytes, struct eg_buffer *out)
{
    z_stream stream = {.zalloc = NULL};
    EG_ASSERT(bytes.len <= UINT_MAX);
    EG_ASSERT(deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW_BITS, GZIP_MEMORY,
                           Z_DEFAULT_STRATEGY) == Z_OK);
    uLong bound = deflateBound(&stream, (uLong)bytes.len);
    stream.next_out = (Bytef *)eg_buffer_reserve(out, bound);
    stream.avail_out = (uInt)bound;
    stream.next_in = (Bytef *)(uintptr_t)bytes.ptr;
    stream.avail_in = (uInt)bytes.len;
    EG_ASSERT(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    out->len += stream.total_out;
    out->data[out->len] = '\0';
    (void)deflateEnd(&stream);
}

static void zstd(struct eg_span bytes, struct eg_buffer *out)
{
    size_t bound = ZSTD_compressBound(bytes.len);
    char *room = eg_buffer_reserve(out, bound);
    size_t written = ZSTD_compress(room, bound, bytes.ptr, bytes.len, ZSTD_LEVEL);
    EG_ASSERT(!ZSTD_isError(written));
    out->len += written;
    out->data[out->len] = '\0';
}

void eg_sink_compress(enum eg_sink_compression how, struct eg_span bytes, struct eg_buffer *out)
{
    if (how == EG_SINK_COMPRESSION_GZIP)
        gzip(bytes, out);
    else if (how == EG_SINK_COMPRESSION_ZSTD)
        zstd(bytes, out);
    else
        eg_buffer_append_span(out, bytes);
}

void eg_sink_crc32_write(struct eg_span bytes, struct eg_buffer *out)
{
    uLong crc = crc32_z(crc32_z(0, NULL, 0), (const Bytef *)bytes.ptr, bytes.len);
    const char digest[] = {(char)(crc >> 24), (char)(crc >> 16), (char)(crc >> 8), (char)crc};
    eg_crypto_base64_encode(eg_span_of(digest, sizeof(digest)), out);
}
