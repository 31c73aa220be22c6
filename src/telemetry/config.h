/* SPDX-License-Identifier: Apache-2.0 */
/* The `log:` and `metrics:` sections of the configuration. Constants; any thread. */
#ifndef EG_TELEMETRY_CONFIG_H
#define EG_TELEMETRY_CONFIG_H

#include <stdint.h>

#include "eventgate/field.h"

struct eg_log_config {
    int level;  /* enum eg_log_level */
    int format; /* enum eg_log_format */
    char *output;
    struct eg_string_list trace_redact_keys;
    int64_t trace_max_bytes;
};

struct eg_metrics_config {
    int64_t max_label_sets;
};

extern const struct eg_field_table eg_log_config_table;
extern const struct eg_field_table eg_metrics_config_table;

#endif
