/* SPDX-License-Identifier: Apache-2.0 */
/* Headers are added one by one; the limits are checked as they are. */
#include "sinks/aws/s3_object.h"

#include <string.h>

#include "aws/encode.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/base64.h"
#include "sinks/aws/compress.h"

void eg_sink_s3_object_fini(struct eg_sink_s3_object *object)
{
    eg_buffer_fini(&object->target);
    eg_arena_fini(&object->arena);
}

int eg_sink_s3_object_begin(struct eg_sink_s3_object *object, const char *bucket,
                            struct eg_span key, struct eg_error *err)
{
    eg_buffer_clear(&object->target);
    eg_arena_reset(&object->arena);
    object->header_count = 0;
    object->metadata_bytes = 0;
    if (key.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "the key is empty");
    if (key.len > EG_SINK_S3_KEY_BYTES_MAX)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the key has %zu bytes, S3 takes %u", key.len,
                            EG_SINK_S3_KEY_BYTES_MAX);
    eg_buffer_append_char(&object->target, '/');
    if (bucket) {
        eg_aws_encode(eg_span_text(bucket), &object->target);
        eg_buffer_append_char(&object->target, '/');
    }
    eg_aws_encode_path(key, &object->target);
    return 0;
}

static void add(struct eg_sink_s3_object *object, struct eg_span name, struct eg_span value)
{
    object->headers[object->header_count++] = (struct eg_net_header){name, value};
}

static bool is_plain(struct eg_span value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < 0x20 || (unsigned char)value.ptr[i] >= 0x7F)
            return false;
    return true;
}

static bool has_control(struct eg_span value)
{
    for (size_t i = 0; i < value.len; i++)
        if ((unsigned char)value.ptr[i] < 0x20 || value.ptr[i] == 0x7F)
            return true;
    return false;
}

static int add_checked(struct eg_sink_s3_object *object, struct eg_span name, struct eg_span value,
                       struct eg_error *err)
{
    if (value.len == 0)
        return 0;
    if (object->header_count + 2 == EG_SINK_S3_HEADERS_MAX) /* two are kept for the checksum */
        return eg_error_set(err, EG_ERR_INVALID, "more than %u headers", EG_SINK_S3_HEADERS_MAX);
    if (!is_plain(value))
        return eg_error_set(err, EG_ERR_INVALID, "%.*s: a value that no header can hold",
                            EG_SPAN_ARGS(name));
    add(object, name, eg_arena_copy(&object->arena, value));
    return 0;
}

int eg_sink_s3_object_header(struct eg_sink_s3_object *object, const char *name,
                             struct eg_span value, struct eg_error *err)
{
    return add_checked(object, eg_span_text(name), value, err);
}

/* RFC 2047 section 4.1: one encoded word, which is all that S3 asks for. */
static struct eg_span encode_word(struct eg_sink_s3_object *object, struct eg_span value)
{
    EG_AUTOBUFFER struct eg_buffer word = EG_BUFFER_INIT;
    eg_buffer_append_text(&word, "=?UTF-8?B?");
    eg_crypto_base64_encode(value, &word);
    eg_buffer_append_text(&word, "?=");
    return eg_arena_copy(&object->arena, eg_buffer_span(&word));
}

int eg_sink_s3_object_metadata(struct eg_sink_s3_object *object, const char *name,
                               struct eg_span value, struct eg_error *err)
{
    struct eg_span header = eg_arena_printf(&object->arena, "x-amz-meta-%s", name);
    if (!is_plain(value) && !has_control(value))
        value = encode_word(object, value);
    object->metadata_bytes += strlen(name) + value.len;
    if (object->metadata_bytes > EG_SINK_S3_METADATA_BYTES_MAX)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the metadata has more than S3's %u bytes",
                            EG_SINK_S3_METADATA_BYTES_MAX);
    return add_checked(object, header, value, err);
}

void eg_sink_s3_object_checksum(struct eg_sink_s3_object *object, struct eg_span body)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_sink_crc32_write(body, &text);
    EG_ASSERT(object->header_count + 2 <= EG_SINK_S3_HEADERS_MAX);
    add(object, EG_SPAN_LITERAL("x-amz-sdk-checksum-algorithm"), EG_SPAN_LITERAL("CRC32"));
    add(object, EG_SPAN_LITERAL("x-amz-checksum-crc32"),
        eg_arena_copy(&object->arena, eg_buffer_span(&text)));
}
