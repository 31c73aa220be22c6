/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How AWS is reached: the settings that every sink and reader of AWS has under `aws:`. Filled by
 * the control thread from the table, constant after.
 */
#ifndef EG_AWS_CONFIG_H
#define EG_AWS_CONFIG_H

#include <stddef.h>
#include <stdint.h>

#include "eventgate/field.h"

struct eg_aws_config {
    char *region;
    char *profile;
    char *endpoint_url;
    char *role_arn; /* taken on top of what the chain of credentials gives */
    char *external_id;
    char *session_name;
    char *ssl_ca_bundle; /* true, false, or a path */
    int64_t connect_timeout_ms;
    int64_t timeout_ms; /* of one attempt, from the start to the last byte */
    int64_t max_attempts;
};

extern const struct eg_field_table eg_aws_config_table;

/* The field `aws` of the struct type_, whose member_ is a struct eg_aws_config. */
#define EG_AWS_CONFIG_FIELD(type_, member_)                                        \
    {                                                                              \
        .name = "aws", .type = EG_FIELD_TABLE, .offset = offsetof(type_, member_), \
        .table = &eg_aws_config_table, .help = "How AWS is reached (docs/aws.md)." \
    }

#endif
