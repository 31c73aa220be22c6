/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib and zstd as streams. Output goes through a small step buffer, so that never more than one
 * step beyond the limit is produced, whatever a few bytes of input would like to become.
 *
 * gzip: several members in a row are one body (RFC 1952 section 2.2); so are several zstd frames.
 */
#include "http/inflate.h"

#include <stdlib.h>
#include <string.h>
#define ZLIB_CONST
#include <zlib.h>
#include <zstd.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define STEP_BYTES       ((size_t)16 * 1024)
#define GZIP_WINDOW_BITS (15 + 16) /* a gzip header, the largest window */
#define ZSTD_WINDOW_LOG  23        /* 8 MiB, as RFC 8878 section 3.1.1.1.2 recommends to support */

static int out_of_memory(struct eg_error *err)
{
    return eg_error_set_retriable(err, EG_ERR_OVERLOADED,
                                  "The server has no memory to decompress the body, try again.");
}

static int begin_gzip(struct eg_http_inflater *inflater, struct eg_error *err)
{
    z_stream *stream = eg_calloc(1, sizeof(*stream));
    if (inflateInit2(stream, GZIP_WINDOW_BITS) != Z_OK) {
        free(stream);
        return out_of_memory(err);
    }
    *inflater = (struct eg_http_inflater){EG_HTTP_GZIP, stream, false};
    return 0;
}

static int begin_zstd(struct eg_http_inflater *inflater, struct eg_error *err)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    if (!stream ||
        ZSTD_isError(ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG))) {
        (void)ZSTD_freeDStream(stream);
        return out_of_memory(err);
    }
    *inflater = (struct eg_http_inflater){EG_HTTP_ZSTD, stream, false};
    return 0;
}

int eg_http_inflater_begin(struct eg_http_inflater *inflater, struct eg_span content_encoding,
                           struct eg_error *err)
{
    struct eg_span coding = eg_span_trim(content_encoding);
    if (coding.len == 0 || eg_span_equal_nocase(coding, EG_SPAN_LITERAL("identity"))) {
        *inflater = (struct eg_http_inflater){EG_HTTP_IDENTITY, NULL, true};
        return 0;
    }
    if (eg_span_equal_nocase(coding, EG_SPAN_LITERAL("gzip")) ||
        eg_span_equal_nocase(coding, EG_SPAN_LITERAL("x-gzip")))
        return begin_gzip(inflater, err);
    if (eg_span_equal_nocase(coding, EG_SPAN_LITERAL("zstd")))
        return begin_zstd(inflater, err);
    return eg_error_set(err, EG_ERR_ENCODING,
                        "Content-Encoding must be gzip, zstd or identity, and only one.");
}

static int too_large(size_t max_bytes, struct eg_error *err)
{
    return eg_error_set(err, EG_ERR_TOO_LARGE, "The body must not be larger than %zu bytes.",
                        max_bytes);
}

static int append(struct eg_buffer *out, const char *bytes, size_t len, size_t max_bytes,
                  struct eg_error *err)
{
    if (len > max_bytes - out->len)
        return too_large(max_bytes, err);
    eg_buffer_append(out, bytes, len);
    return 0;
}

/* One step of zlib; sets `complete` at the end of a member. */
static int step_gzip(struct eg_http_inflater *inflater, char *step, size_t *ret_len,
                     struct eg_error *err)
{
    z_stream *stream = inflater->stream;
    if (inflater->complete && stream->avail_in > 0) {
        if (inflateReset(stream) != Z_OK)
            return out_of_memory(err);
        inflater->complete = false;
    }
    stream->next_out = (Bytef *)step;
    stream->avail_out = (uInt)STEP_BYTES;
    int result = inflate(stream, Z_NO_FLUSH);
    if (result == Z_MEM_ERROR)
        return out_of_memory(err);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
        return eg_error_set(err, EG_ERR_REQUEST, "The body is not valid gzip.");
    inflater->complete = result == Z_STREAM_END;
    *ret_len = STEP_BYTES - stream->avail_out;
    return 0;
}

static int feed_gzip(struct eg_http_inflater *inflater, struct eg_span bytes, char *step,
                     struct eg_buffer *out, size_t max_bytes, struct eg_error *err)
{
    z_stream *stream = inflater->stream;
    stream->next_in = (const Bytef *)bytes.ptr;
    stream->avail_in = (uInt)bytes.len;
    size_t len = 0;
    do {
        if (step_gzip(inflater, step, &len, err) < 0 || append(out, step, len, max_bytes, err) < 0)
            return -1;
    } while (stream->avail_in > 0 || len == STEP_BYTES);
    return 0;
}

static int feed_zstd(struct eg_http_inflater *inflater, struct eg_span bytes, char *step,
                     struct eg_buffer *out, size_t max_bytes, struct eg_error *err)
{
    ZSTD_inBuffer in = {bytes.ptr, bytes.len, 0};
    ZSTD_outBuffer piece;
    do {
        piece = (ZSTD_outBuffer){step, STEP_BYTES, 0};
        size_t hint = ZSTD_decompressStream(inflater->stream, &piece, &in);
        if (ZSTD_isError(hint))
            return eg_error_set(err, EG_ERR_REQUEST,
                                "The body is not valid zstd, or its window is over 8 MiB.");
        inflater->complete = hint == 0;
        if (append(out, step, piece.pos, max_bytes, err) < 0)
            return -1;
    } while (in.pos < in.size || (piece.pos == piece.size && !inflater->complete));
    return 0;
}

int eg_http_inflater_feed(struct eg_http_inflater *inflater, struct eg_span bytes,
                          struct eg_buffer *out, size_t max_bytes, struct eg_error *err)
{
    char step[STEP_BYTES];
    if (bytes.len == 0)
        return 0;
    EG_ASSERT(out->len <= max_bytes && bytes.len <= UINT32_MAX);
    switch (inflater->coding) {
    case EG_HTTP_GZIP:
        return feed_gzip(inflater, bytes, step, out, max_bytes, err);
    case EG_HTTP_ZSTD:
        return feed_zstd(inflater, bytes, step, out, max_bytes, err);
    case EG_HTTP_IDENTITY:
        break;
    }
    return append(out, bytes.ptr, bytes.len, max_bytes, err);
}

int eg_http_inflater_finish(const struct eg_http_inflater *inflater, struct eg_error *err)
{
    if (inflater->coding == EG_HTTP_IDENTITY || inflater->complete)
        return 0;
    return eg_error_set(err, EG_ERR_REQUEST, "The compressed body ends too early.");
}

void eg_http_inflater_fini(struct eg_http_inflater *inflater)
{
    if (inflater->coding == EG_HTTP_GZIP) {
        (void)inflateEnd(inflater->stream);
        free(inflater->stream);
    } else if (inflater->coding == EG_HTTP_ZSTD) {
        (void)ZSTD_freeDStream(inflater->stream);
    }
    *inflater = (struct eg_http_inflater){EG_HTTP_IDENTITY, NULL, true};
}
