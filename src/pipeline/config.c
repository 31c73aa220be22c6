/* SPDX-License-Identifier: Apache-2.0 */
/* The tables behind pipeline/config.h, and what a type's limits make of a sink's settings. */
#include "pipeline/config.h"

#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"

#define MINUTE_MS INT64_C(60000)
#define GIB       (INT64_C(1) << 30)

static const struct eg_field retry_fields[] = {
    {.name = "attempts",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_retry_config, attempts),
     .default_text = "3",
     .min = 1,
     .max = 100,
     .help = "How often a delivery is tried at most, while its deadline allows; 1: never again."},
    {.name = "backoff",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_retry_config, backoff_ms),
     .default_text = "100ms",
     .min = 1,
     .max = MINUTE_MS,
     .help = "The longest wait before the second attempt; doubles with each. The wait is random "
             "between nothing and this."},
    {.name = "max_backoff",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_retry_config, max_backoff_ms),
     .default_text = "5s",
     .min = 1,
     .max = 10 * MINUTE_MS,
     .help = "Where the doubling stops."},
};

static const struct eg_field_table retry_table = {
    .name = "retry",
    .fields = retry_fields,
    .field_count = EG_ARRAY_COUNT(retry_fields),
    .struct_bytes = sizeof(struct eg_retry_config),
};

static const struct eg_field breaker_fields[] = {
    {.name = "failures",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_breaker_config, failures),
     .default_text = "20",
     .min = 0,
     .max = 1000000,
     .help = "Failed attempts in a row that open the circuit: deliveries then fail at once. 0: it "
             "never opens."},
    {.name = "open",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_breaker_config, open_ms),
     .default_text = "5s",
     .min = 10,
     .max = 60 * MINUTE_MS,
     .help = "How long the circuit stays open before one batch is tried."},
};

static const struct eg_field_table breaker_table = {
    .name = "breaker",
    .fields = breaker_fields,
    .field_count = EG_ARRAY_COUNT(breaker_fields),
    .struct_bytes = sizeof(struct eg_breaker_config),
};

static const struct eg_field common_fields[] = {
    {.name = "queue_events",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_sink_common_config, queue_events),
     .default_text = "10000",
     .min = 1,
     .max = 10000000,
     .help = "Events that may wait for, or be with, this sink; more are answered 503."},
    {.name = "queue_bytes",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct eg_sink_common_config, queue_bytes),
     .default_text = "64MiB",
     .min = 1024,
     .max = 64 * GIB,
     .help = "Bytes of these events."},
    {.name = "workers",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_sink_common_config, workers),
     .default_text = "0",
     .min = 0,
     .max = 256,
     .help = "Threads of this sink, each with its own connection; 0: as many as the type likes."},
    {.name = "batch_events",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_sink_common_config, batch_events),
     .default_text = "0",
     .min = 0,
     .max = 100000,
     .help = "Most events handed over at once; 0: the type's limit."},
    {.name = "batch_bytes",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct eg_sink_common_config, batch_bytes),
     .default_text = "0",
     .min = 0,
     .max = GIB,
     .help = "Most payload bytes handed over at once; 0: the type's limit."},
    {.name = "gather",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_sink_common_config, gather_ms),
     .default_text = "0ms",
     .min = 0,
     .max = 1000,
     .help = "How long a worker waits for a batch to fill up. What is waiting anyway goes "
             "together without it."},
    {.name = "timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_sink_common_config, timeout_ms),
     .default_text = "0ms",
     .min = 0,
     .max = 10 * MINUTE_MS,
     .help = "How long this sink may take with an event, attempts and waits included, when that "
             "is less than the request's deadline; 0: the deadline alone."},
    {.name = "probe_interval",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_sink_common_config, probe_interval_ms),
     .default_text = "10s",
     .min = 100,
     .max = 60 * MINUTE_MS,
     .help = "How often the server behind the sink is looked at, for /health."},
    {.name = "retry",
     .type = EG_FIELD_TABLE,
     .offset = offsetof(struct eg_sink_common_config, retry),
     .table = &retry_table,
     .help = "What happens after a failed attempt."},
    {.name = "breaker",
     .type = EG_FIELD_TABLE,
     .offset = offsetof(struct eg_sink_common_config, breaker),
     .table = &breaker_table,
     .help = "When to stop trying for a while."},
    {.name = "protect",
     .type = EG_FIELD_TABLE,
     .offset = offsetof(struct eg_sink_common_config, protect),
     .table = &eg_rules_protect_table,
     .help = "What this sink must not see; see rules.md."},
};

const struct eg_field_table eg_sink_common_table = {
    .name = "sink",
    .fields = common_fields,
    .field_count = EG_ARRAY_COUNT(common_fields),
    .struct_bytes = sizeof(struct eg_sink_common_config),
};

static const struct eg_field pipeline_fields[] = {
    {.name = "deadline",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_pipeline_config, deadline_ms),
     .default_text = "10s",
     .min = 10,
     .max = 10 * MINUTE_MS,
     .help = "How long a request waits for its sinks; then those without an answer are reported "
             "as failed."},
    {.name = "in_flight_events",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_pipeline_config, in_flight_events),
     .default_text = "50000",
     .min = 1,
     .max = 100000000,
     .help = "Events in the daemon at one time; more are answered 503."},
    {.name = "in_flight_bytes",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct eg_pipeline_config, in_flight_bytes),
     .default_text = "256MiB",
     .min = 1024,
     .max = 1024 * GIB,
     .help = "Bytes of these events."},
    {.name = "drain",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_pipeline_config, drain_ms),
     .default_text = "10s",
     .min = 0,
     .max = 10 * MINUTE_MS,
     .help = "How long a shutdown waits for the sinks to finish what is in flight."},
};

const struct eg_field_table eg_pipeline_table = {
    .name = "pipeline",
    .fields = pipeline_fields,
    .field_count = EG_ARRAY_COUNT(pipeline_fields),
    .struct_bytes = sizeof(struct eg_pipeline_config),
};

/* 0 becomes the type's value; a setting above the type's limit is a mistake to report. */
static int resolve_one(int64_t *value, size_t type_default, size_t type_max, const char *setting,
                       const char *sink_name, const struct eg_sink_type *type, struct eg_error *err)
{
    if (*value == 0)
        *value = (int64_t)type_default;
    if ((uint64_t)*value <= type_max)
        return 0;
    return eg_error_set(err, EG_ERR_CONFIG,
                        "sink '%s': %s is %lld, but a sink of type %s takes at most %zu", sink_name,
                        setting, (long long)*value, type->name, type_max);
}

int eg_sink_common_resolve(struct eg_sink_common_config *config, const char *sink_name,
                           const struct eg_sink_type *type, struct eg_error *err)
{
    if (type->flags & EG_SINK_INLINE) {
        config->workers = 0;
    } else if (resolve_one(&config->workers, type->default_workers, type->max_workers, "workers",
                           sink_name, type, err) != 0) {
        return -1;
    }
    if (resolve_one(&config->batch_events, type->max_batch_events, type->max_batch_events,
                    "batch_events", sink_name, type, err) != 0)
        return -1;
    return resolve_one(&config->batch_bytes, type->max_batch_bytes, type->max_batch_bytes,
                       "batch_bytes", sink_name, type, err);
}
