/* SPDX-License-Identifier: Apache-2.0 */
/* Counts deliveries by sink and outcome, and puts the sinks' lines into the log. */
#include <stdlib.h>

#include "app/observe.h"
#include "base/memory.h"
#include "base/span.h"
#include "telemetry/log.h"

static const char *const outcome_names[EG_RESULT_COUNT] = {
    [EG_RESULT_DELIVERED] = "delivered", [EG_RESULT_FAILED] = "failed",
    [EG_RESULT_REJECTED] = "rejected",   [EG_RESULT_TOO_LARGE] = "too_large",
    [EG_RESULT_TIMED_OUT] = "timed_out",
};

struct sink_row {
    struct eg_counter *outcomes[EG_RESULT_COUNT];
    struct eg_counter *retries;
    struct eg_histogram *duration;
};

struct eg_app_sink_observer {
    size_t count;
    struct sink_row rows[];
};

static void row_init(struct sink_row *row, const char *name, int64_t queue_events)
{
    for (size_t i = 0; i < EG_RESULT_COUNT; i++)
        row->outcomes[i] =
            eg_metrics_counter(EG_METRIC_SINK_DELIVERIES_TOTAL, name, outcome_names[i]);
    row->retries = eg_metrics_counter(EG_METRIC_SINK_RETRIES_TOTAL, name);
    row->duration = eg_metrics_histogram(EG_METRIC_SINK_DELIVERY_DURATION_SECONDS, name);
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_SINK_QUEUE_CAPACITY, name), queue_events);
}

struct eg_app_sink_observer *eg_app_sink_observer_new(const struct eg_pipeline_sink *sinks,
                                                      size_t count,
                                                      const struct eg_outbox_config *outbox)
{
    struct eg_app_sink_observer *observer =
        eg_calloc(1, sizeof(*observer) + (count + 1) * sizeof(observer->rows[0]));
    observer->count = count;
    for (size_t i = 0; i < count; i++)
        row_init(&observer->rows[i], sinks[i].name, sinks[i].common->queue_events);
    if (outbox)
        row_init(&observer->rows[count], EG_OUTBOX_NAME, outbox->queue_events);
    return observer;
}

void eg_app_sink_observer_destroy(struct eg_app_sink_observer *observer)
{
    free(observer);
}

static void answered(void *context, size_t sink, enum eg_delivery_result result, unsigned attempts,
                     int64_t latency_us)
{
    (void)attempts;
    struct eg_app_sink_observer *observer = context;
    struct sink_row *row = &observer->rows[sink];
    eg_counter_add(row->outcomes[result], 1);
    eg_histogram_observe_us(row->duration, latency_us);
}

static void retried(void *context, size_t sink)
{
    struct eg_app_sink_observer *observer = context;
    eg_counter_add(observer->rows[sink].retries, 1);
}

static void sink_said(void *context, const char *sink, enum eg_log_level level, const char *message)
{
    (void)context;
    eg_log(level, EG_SPAN_EMPTY, message, eg_log_string("sink", sink));
}

struct eg_pipeline_observer eg_app_sink_observer_hooks(struct eg_app_sink_observer *observer)
{
    return (struct eg_pipeline_observer){
        .context = observer,
        .answered = answered,
        .retried = retried,
        .log = sink_said,
    };
}
