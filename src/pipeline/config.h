/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the pipeline and those that every sink has in common, as field tables. Filled by
 * the configuration loader; constants after. Any thread.
 *
 * A sink's entry in the configuration holds the common settings (this table) beside those of its
 * type (eg_sink_type.config): one mapping, two structs. Its name and `type` are not fields: the
 * entry stands under its name, and the type says which second table applies.
 */
#ifndef EG_PIPELINE_CONFIG_H
#define EG_PIPELINE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/sink.h"
#include "rules/protect.h"

struct eg_retry_config {
    int64_t attempts; /* 1: never again */
    int64_t backoff_ms;
    int64_t max_backoff_ms;
};

struct eg_breaker_config {
    int64_t failures; /* in a row, until it opens; 0: never */
    int64_t open_ms;  /* how long before one batch is tried */
};

struct eg_sink_common_config {
    int64_t queue_events;
    int64_t queue_bytes;
    int64_t workers;      /* 0: the type's default */
    int64_t batch_events; /* 0: the type's limit */
    int64_t batch_bytes;  /* 0: the type's limit */
    int64_t gather_ms;
    int64_t timeout_ms; /* 0: the pipeline's deadline alone */
    int64_t probe_interval_ms;
    struct eg_retry_config retry;
    struct eg_breaker_config breaker;
    struct eg_rules_protect_config protect; /* for who creates the sink (sinks/guard.h) */
};

extern const struct eg_field_table eg_sink_common_table;

struct eg_pipeline_config {
    int64_t deadline_ms;
    int64_t in_flight_events;
    int64_t in_flight_bytes;
    int64_t drain_ms; /* how long shutdown waits for what is in flight */
};

extern const struct eg_field_table eg_pipeline_table;

/* The limits of the type applied to the settings: workers and batch sizes as they will be used.
 * EG_ERR_CONFIG names the sink and the setting that does not fit the type. */
int eg_sink_common_resolve(struct eg_sink_common_config *config, const char *sink_name,
                           const struct eg_sink_type *type, struct eg_error *err);

#endif
