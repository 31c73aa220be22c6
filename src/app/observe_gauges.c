/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gauges and counters that other rooms keep: read when somebody asks for the metrics. The functions
 * run on an admin HTTP thread; what they read is safe for any thread.
 */
#include "app/observe.h"

#include <stdlib.h>

#include "base/memory.h"

/* Reads one member of the public server's counters. */
#define HTTP_READER(member)                                        \
    static double http_##member(void *state)                       \
    {                                                              \
        const struct eg_app_gauges *gauges = state;                \
        struct eg_http_counters counters;                          \
        eg_http_server_counters(gauges->public_server, &counters); \
        return (double)counters.member;                            \
    }

HTTP_READER(connections_open)
HTTP_READER(requests_in_flight)
HTTP_READER(connections_refused)
HTTP_READER(requests_malformed)
HTTP_READER(timeouts)

static struct eg_auth_cache_stats cache_stats(const struct eg_app_gauges *gauges)
{
    struct eg_auth_cache_stats stats;
    eg_auth_verifier_status(gauges->auth, NULL, &stats);
    return stats;
}

static struct eg_auth_key_source_status key_status(const struct eg_app_gauges *gauges)
{
    struct eg_auth_key_source_status status;
    eg_auth_verifier_status(gauges->auth, &status, NULL);
    return status;
}

static double cache_hits(void *state)
{
    return (double)cache_stats(state).hits;
}

static double cache_misses(void *state)
{
    return (double)cache_stats(state).misses;
}

static double cache_entries(void *state)
{
    return (double)cache_stats(state).entries;
}

static double token_keys(void *state)
{
    return (double)key_status(state).key_count;
}

static double key_refreshes(void *state)
{
    return (double)key_status(state).refreshes;
}

static double key_failures(void *state)
{
    return (double)key_status(state).failures;
}

static double outbox_owed(void *state)
{
    const struct eg_app_gauges *gauges = state;
    return (double)eg_pipeline_owed(gauges->pipeline);
}

/* The gauges that every sink has. */
struct sink_gauge {
    enum eg_metric metric;
    double (*read)(const struct eg_sink_stats *stats);
};

static double queue_depth(const struct eg_sink_stats *stats)
{
    return (double)stats->queued_events;
}

static double in_flight(const struct eg_sink_stats *stats)
{
    return (double)(stats->pending_events - stats->queued_events);
}

static double breaker_state(const struct eg_sink_stats *stats)
{
    return stats->breaker == EG_BREAKER_CLOSED ? 0 : stats->breaker == EG_BREAKER_HALF_OPEN ? 1 : 2;
}

static const struct sink_gauge sink_gauges[] = {
    {EG_METRIC_SINK_QUEUE_DEPTH, queue_depth},
    {EG_METRIC_SINK_IN_FLIGHT, in_flight},
    {EG_METRIC_SINK_BREAKER_STATE, breaker_state},
};

struct watch {
    enum eg_metric metric;
    const char *label; /* NULL: the family has none */
    eg_metrics_read read;
};

static const struct watch watches[] = {
    {EG_METRIC_HTTP_CONNECTIONS, NULL, http_connections_open},
    {EG_METRIC_HTTP_IN_FLIGHT_REQUESTS, NULL, http_requests_in_flight},
    {EG_METRIC_HTTP_REJECTED_TOTAL, "connections", http_connections_refused},
    {EG_METRIC_HTTP_REJECTED_TOTAL, "malformed", http_requests_malformed},
    {EG_METRIC_HTTP_REJECTED_TOTAL, "timeout", http_timeouts},
    {EG_METRIC_TOKEN_CACHE_HITS_TOTAL, NULL, cache_hits},
    {EG_METRIC_TOKEN_CACHE_MISSES_TOTAL, NULL, cache_misses},
    {EG_METRIC_TOKEN_CACHE_ENTRIES, NULL, cache_entries},
    {EG_METRIC_TOKEN_KEYS, NULL, token_keys},
    {EG_METRIC_KEY_REFRESH_TOTAL, "success", key_refreshes},
    {EG_METRIC_KEY_REFRESH_TOTAL, "failure", key_failures},
};

struct eg_app_sink_watch {
    struct eg_pipeline *pipeline;
    size_t sink;
    size_t gauge;
};

static double read_sink(void *state)
{
    const struct eg_app_sink_watch *watch = state;
    struct eg_sink_stats stats;
    eg_pipeline_sink_stats(watch->pipeline, watch->sink, &stats);
    return sink_gauges[watch->gauge].read(&stats);
}

static void watch_sinks(struct eg_app_gauges *gauges)
{
    size_t count = eg_pipeline_sink_count(gauges->pipeline);
    gauges->sinks = eg_calloc(count * EG_ARRAY_COUNT(sink_gauges), sizeof(*gauges->sinks));
    for (size_t sink = 0; sink < count; sink++)
        for (size_t i = 0; i < EG_ARRAY_COUNT(sink_gauges); i++) {
            struct eg_app_sink_watch *watch =
                &gauges->sinks[sink * EG_ARRAY_COUNT(sink_gauges) + i];
            *watch = (struct eg_app_sink_watch){gauges->pipeline, sink, i};
            eg_metrics_watch(sink_gauges[i].metric, read_sink, watch,
                             eg_pipeline_sink_name(gauges->pipeline, sink));
        }
}

void eg_app_gauges_watch(struct eg_app_gauges *gauges)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(watches); i++)
        eg_metrics_watch_of(watches[i].metric, watches[i].read, gauges,
                            (const char *const[]){watches[i].label, NULL});
    if (eg_pipeline_has_outbox(gauges->pipeline))
        eg_metrics_watch_of(EG_METRIC_OUTBOX_OWED, outbox_owed, gauges,
                            (const char *const[]){NULL});
    watch_sinks(gauges);
}

void eg_app_gauges_unwatch(struct eg_app_gauges *gauges)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(watches); i++)
        eg_metrics_unwatch_of(watches[i].metric, (const char *const[]){watches[i].label, NULL});
    eg_metrics_unwatch_of(EG_METRIC_OUTBOX_OWED, (const char *const[]){NULL});
    for (size_t sink = 0; sink < eg_pipeline_sink_count(gauges->pipeline); sink++)
        for (size_t i = 0; i < EG_ARRAY_COUNT(sink_gauges); i++)
            eg_metrics_unwatch(sink_gauges[i].metric,
                               eg_pipeline_sink_name(gauges->pipeline, sink));
    free(gauges->sinks);
    gauges->sinks = NULL;
}
