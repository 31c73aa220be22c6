/* SPDX-License-Identifier: Apache-2.0 */
/* The settings of sources, as field tables. Filled on the main thread, constant after. */
#ifndef EG_SOURCES_CONFIG_H
#define EG_SOURCES_CONFIG_H

#include <stdint.h>

#include "aws/config.h"
#include "eventgate/field.h"

/* What every source has. */
struct eg_source_config {
    char *topic;
    char *subject; /* in whose name events are posted */
    int64_t workers;
};

struct eg_source_sqs_config {
    char *queue_url;
    int64_t wait_ms;
    int64_t messages;
    int64_t visibility_ms; /* 0: the queue's own */
    struct eg_aws_config aws;
};

extern const struct eg_field_table eg_source_table;
extern const struct eg_field_table eg_source_sqs_table;

#endif
