/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of the sink s3. Filled on the control thread, then only read. */
#ifndef EG_SINKS_AWS_S3_CONFIG_H
#define EG_SINKS_AWS_S3_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/config.h"
#include "eventgate/field.h"

enum eg_sink_s3_if_exists { EG_SINK_S3_OVERWRITE, EG_SINK_S3_KEEP, EG_SINK_S3_REJECT };
enum eg_sink_s3_style { EG_SINK_S3_STYLE_AUTO, EG_SINK_S3_STYLE_PATH, EG_SINK_S3_STYLE_VIRTUAL };

struct eg_sink_s3_config {
    char *bucket;
    char *key;
    char *body;
    char *content_type;
    char *storage_class;
    struct eg_string_map metadata;
    int if_exists;
    int compression;
    int address_style;
    bool skip_empty;
    bool collect;
    int64_t collect_bytes;
    int64_t collect_events;
    int64_t collect_age_ms;
    struct eg_aws_config aws;
};

extern const struct eg_field_table eg_sink_s3_table;

#endif
