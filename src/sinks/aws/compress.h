/* SPDX-License-Identifier: Apache-2.0 */
/* Whole contents made smaller, gzip (RFC 1952) and zstd (RFC 8878), and their checksums. No state;
 * any thread. */
#ifndef EG_SINKS_AWS_COMPRESS_H
#define EG_SINKS_AWS_COMPRESS_H

#include "base/buffer.h"
#include "eventgate/span.h"

enum eg_sink_compression {
    EG_SINK_COMPRESSION_NONE,
    EG_SINK_COMPRESSION_GZIP,
    EG_SINK_COMPRESSION_ZSTD,
};

/* The words of the configuration, in the enum's order, for EG_FIELD_CHOICE. */
extern const char *const eg_sink_compression_words[];

/* Content-Encoding ("gzip"; "" for none) and the end of a file's name (".gz"). */
const char *eg_sink_compression_encoding(enum eg_sink_compression how);
const char *eg_sink_compression_suffix(enum eg_sink_compression how);

/* Appends `bytes` compressed; for NONE as they are. */
void eg_sink_compress(enum eg_sink_compression how, struct eg_span bytes, struct eg_buffer *out);

/* Appends the CRC-32 (that of gzip) as S3 wants it: base64 of four bytes, the highest first. */
void eg_sink_crc32_write(struct eg_span bytes, struct eg_buffer *out);

#endif
