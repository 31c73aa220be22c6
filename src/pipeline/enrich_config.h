/* SPDX-License-Identifier: Apache-2.0 */
/* The settings under `enrich:`. Filled by the configuration loader; constants after. Any thread. */
#ifndef EG_PIPELINE_ENRICH_CONFIG_H
#define EG_PIPELINE_ENRICH_CONFIG_H

#include <stdint.h>

#include "aws/config.h"
#include "eventgate/field.h"

#define EG_ENRICH_NAME "enrich" /* in logs and metrics, among the sinks' names */

struct eg_enrich_config {
    int64_t workers;
    int64_t queue_events;
    int64_t max_answer_bytes;
    struct eg_aws_config aws; /* for functions of Lambda */
};

extern const struct eg_field_table eg_enrich_config_table;

#endif
