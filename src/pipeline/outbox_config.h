/* SPDX-License-Identifier: Apache-2.0 */
/* The settings under `outbox:`. Filled by the configuration loader; constants after. Any thread. */
#ifndef EG_PIPELINE_OUTBOX_CONFIG_H
#define EG_PIPELINE_OUTBOX_CONFIG_H

#include <stdint.h>

#include "eventgate/field.h"

#define EG_OUTBOX_NAME "outbox" /* in replies, logs and metrics, among the sinks' names */

struct eg_outbox_config {
    char *path;
    int synchronous; /* 0 normal, 1 full */
    int64_t queue_events;
    int64_t queue_bytes;
    int64_t in_flight;
    int64_t backoff_ms;
    int64_t max_backoff_ms;
};

extern const struct eg_field_table eg_outbox_config_table;

#endif
