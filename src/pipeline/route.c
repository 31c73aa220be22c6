/* SPDX-License-Identifier: Apache-2.0 */
/* One array of routes a catalogue, in the order of its topics. Immutable once attached. */
#include "pipeline/route.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

static const char *const result_names[EG_TOPIC_RESULT_COUNT] = {
    [EG_TOPIC_ACCEPTED] = "accepted",     [EG_TOPIC_FAILED] = "failed",
    [EG_TOPIC_INVALID] = "invalid",       [EG_TOPIC_FORBIDDEN] = "forbidden",
    [EG_TOPIC_OVERLOADED] = "overloaded",
};

struct routes {
    size_t count;
    struct eg_pipeline_route items[];
};

static void routes_destroy(void *pointer)
{
    struct routes *routes = pointer;
    for (size_t i = 0; i < routes->count; i++)
        free(routes->items[i].sinks);
    free(routes);
}

static void use_all_sinks(const struct eg_pipeline *pipeline, struct eg_pipeline_route *route)
{
    route->sink_count = eg_pipeline_sink_count(pipeline);
    route->sinks = eg_calloc(route->sink_count, sizeof(*route->sinks));
    for (size_t i = 0; i < route->sink_count; i++)
        route->sinks[i] = i;
}

static int use_named_sinks(const struct eg_pipeline *pipeline, const struct eg_topics_topic *topic,
                           struct eg_pipeline_route *route, struct eg_error *err)
{
    route->sinks = eg_calloc(topic->sinks.count, sizeof(*route->sinks));
    for (size_t i = 0; i < topic->sinks.count; i++) {
        if (!eg_pipeline_sink_find(pipeline, eg_span_text(topic->sinks.items[i]), &route->sinks[i]))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "topic '%.*s' names the sink '%s', and there is no such sink",
                                EG_SPAN_ARGS(topic->name), topic->sinks.items[i]);
        route->sink_count++;
    }
    return 0;
}

static int resolve(const struct eg_pipeline *pipeline, const struct eg_topics_topic *topic,
                   struct eg_pipeline_route *route, struct eg_error *err)
{
    for (size_t i = 0; i < EG_TOPIC_RESULT_COUNT; i++)
        route->results[i] =
            eg_metrics_counter(EG_METRIC_EVENTS_TOTAL, topic->name.ptr, result_names[i]);
    if (topic->sinks.count)
        return use_named_sinks(pipeline, topic, route, err);
    use_all_sinks(pipeline, route);
    return 0;
}

int eg_pipeline_routes_attach(const struct eg_pipeline *pipeline,
                              struct eg_topics_catalogue *catalogue, struct eg_error *err)
{
    size_t count = eg_topics_catalogue_count(catalogue);
    struct routes *routes = eg_calloc(1, sizeof(*routes) + count * sizeof(routes->items[0]));
    routes->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct eg_topics_topic *topic = eg_topics_catalogue_at(catalogue, i);
        if (resolve(pipeline, topic, &routes->items[topic->index], err)) {
            routes_destroy(routes);
            return -1;
        }
    }
    eg_topics_catalogue_attach(catalogue, routes, routes_destroy);
    return 0;
}

const struct eg_pipeline_route *eg_pipeline_route_of(const struct eg_topics_catalogue *catalogue,
                                                     const struct eg_topics_topic *topic)
{
    const struct routes *routes = eg_topics_catalogue_attachment(catalogue);
    EG_ASSERT(routes && topic->index < routes->count);
    return &routes->items[topic->index];
}
