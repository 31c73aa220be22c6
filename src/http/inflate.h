/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: undoes Content-Encoding (RFC 9110 section 8.4) piece by piece, never past a
 * limit: gzip (RFC 1952, through zlib) and zstd (RFC 8878).
 *
 * A zeroed struct is "identity". One thread at a time. What was begun is ended with fini.
 */
#ifndef EG_HTTP_INFLATE_H
#define EG_HTTP_INFLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

enum eg_http_coding { EG_HTTP_IDENTITY, EG_HTTP_GZIP, EG_HTTP_ZSTD };

struct eg_http_inflater {
    enum eg_http_coding coding;
    void *stream;  /* z_stream or ZSTD_DStream */
    bool complete; /* the last member or frame seen so far is whole */
};

/*
 * Begins a body with this Content-Encoding; an empty value is identity. EG_ERR_ENCODING for any
 * other coding and for several after another.
 */
int eg_http_inflater_begin(struct eg_http_inflater *inflater, struct eg_span content_encoding,
                           struct eg_error *err);

/*
 * Appends to `out` what `bytes` inflate to. EG_ERR_TOO_LARGE before `out` would hold more than
 * max_bytes, EG_ERR_REQUEST for bytes that are not of this coding.
 */
int eg_http_inflater_feed(struct eg_http_inflater *inflater, struct eg_span bytes,
                          struct eg_buffer *out, size_t max_bytes, struct eg_error *err);

/* The body has ended. EG_ERR_REQUEST when it was cut short. */
int eg_http_inflater_finish(const struct eg_http_inflater *inflater, struct eg_error *err);

void eg_http_inflater_fini(struct eg_http_inflater *inflater); /* leaves identity */

#endif
