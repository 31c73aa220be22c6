/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object on its way to S3: its address, its headers, its checksum ("PutObject", Amazon S3 API
 * Reference). No calls are made here. One thread at a time; an object's memory is kept from one use
 * to the next.
 */
#ifndef EG_SINKS_AWS_S3_OBJECT_H
#define EG_SINKS_AWS_S3_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "net/client.h"

#define EG_SINK_S3_KEY_BYTES_MAX      1024u
#define EG_SINK_S3_METADATA_BYTES_MAX 2048u /* names and values together */
#define EG_SINK_S3_HEADERS_MAX        32u   /* what a request takes */

struct eg_sink_s3_object {
    struct eg_buffer target; /* "/bucket/key", encoded; without the bucket when its host has it */
    struct eg_net_header headers[EG_SINK_S3_HEADERS_MAX];
    size_t header_count;
    size_t metadata_bytes;
    struct eg_arena arena; /* the headers' texts */
};

void eg_sink_s3_object_fini(struct eg_sink_s3_object *object);

/*
 * Begins another one. bucket NULL: the host names it. EG_ERR_INVALID: no key; EG_ERR_TOO_LARGE: a
 * key of more than EG_SINK_S3_KEY_BYTES_MAX.
 */
int eg_sink_s3_object_begin(struct eg_sink_s3_object *object, const char *bucket,
                            struct eg_span key, struct eg_error *err) EG_MUST_CHECK;

/* Copies the value; an empty one is no header. EG_ERR_INVALID: it can't stand in a header. */
int eg_sink_s3_object_header(struct eg_sink_s3_object *object, const char *name,
                             struct eg_span value, struct eg_error *err) EG_MUST_CHECK;

/* x-amz-meta-NAME; beyond ASCII as RFC 2047 says. */
int eg_sink_s3_object_metadata(struct eg_sink_s3_object *object, const char *name,
                               struct eg_span value, struct eg_error *err) EG_MUST_CHECK;

/* x-amz-checksum-crc32 of what is sent, so that S3 refuses what was damaged on its way. */
void eg_sink_s3_object_checksum(struct eg_sink_s3_object *object, struct eg_span body);

#endif
