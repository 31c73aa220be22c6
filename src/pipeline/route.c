/* SPDX-License-Identifier: Apache-2.0 */
/* One array of routes a catalogue, in the order of its topics. Immutable once attached. */
#include "pipeline/route.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

static const char *const result_names[EG_TOPIC_RESULT_COUNT] = {
    [EG_TOPIC_ACCEPTED] = "accepted",     [EG_TOPIC_FAILED] = "failed",
    [EG_TOPIC_INVALID] = "invalid",       [EG_TOPIC_FORBIDDEN] = "forbidden",
    [EG_TOPIC_OVERLOADED] = "overloaded",
};

struct routes {
    struct eg_pipeline_rules rules; /* book NULL: none */
    size_t count;
    struct eg_pipeline_route items[];
};

static void routes_destroy(void *pointer)
{
    struct routes *routes = pointer;
    for (size_t i = 0; i < routes->count; i++) {
        free(routes->items[i].sinks);
        eg_rules_envelope_destroy(routes->items[i].envelope);
    }
    free(routes->rules.targets);
    free(routes->rules.first);
    eg_rules_book_unref(routes->rules.book);
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

/* `sinks: none`: what becomes of its events is for rules to say. */
static bool wants_no_sinks(const struct eg_topics_topic *topic)
{
    return topic->sinks.count == 1 && strcmp(topic->sinks.items[0], EG_TOPICS_NO_SINKS) == 0;
}

static int resolve_sinks(const struct eg_pipeline *pipeline, const struct eg_topics_topic *topic,
                         struct eg_pipeline_route *route, struct eg_error *err)
{
    if (topic->sinks.count == 0)
        use_all_sinks(pipeline, route);
    else if (!wants_no_sinks(topic) && use_named_sinks(pipeline, topic, route, err))
        return -1;
    for (size_t i = 0; i < route->sink_count; i++)
        route->sinks_read_envelope |= eg_pipeline_sink_reads_envelope(pipeline, route->sinks[i]);
    return 0;
}

static int resolve(const struct eg_pipeline *pipeline, const struct eg_topics_topic *topic,
                   const struct eg_rules_book *book, struct eg_pipeline_route *route,
                   struct eg_error *err)
{
    for (size_t i = 0; i < EG_TOPIC_RESULT_COUNT; i++)
        route->results[i] =
            eg_metrics_counter(EG_METRIC_EVENTS_TOTAL, topic->name.ptr, result_names[i]);
    if (resolve_sinks(pipeline, topic, route, err))
        return -1;
    route->has_rules = book && eg_rules_book_concerns(book, topic->name);
    if (!route->has_rules && !route->sinks_read_envelope)
        return 0;
    if (eg_rules_envelope_new(&topic->envelope, &route->envelope, err))
        return eg_error_prefix(err, "topic '%.*s', envelope", EG_SPAN_ARGS(topic->name));
    return 0;
}

/* --- targets */

static int find_sink(const struct eg_pipeline *pipeline, struct eg_span name, const char *what,
                     size_t *ret_sink, struct eg_error *err)
{
    if (eg_pipeline_sink_find(pipeline, name, ret_sink))
        return 0;
    return eg_error_set(err, EG_ERR_CONFIG,
                        "%s '%.*s' is no sink of this process; new sinks need a restart", what,
                        EG_SPAN_ARGS(name));
}

static bool needs_outbox(const struct eg_rules_target *from)
{
    return !from->await || from->at || from->delay_ms > 0 || from->dead_letter.len > 0;
}

static struct eg_outbox_policy policy_of(const struct eg_rules_target *from,
                                         const struct eg_outbox_config *outbox)
{
    return (struct eg_outbox_policy){
        .max_attempts = from->max_attempts,
        .max_age_ms = from->max_age_ms,
        .backoff_ms = outbox ? outbox->backoff_ms : 0,
        .max_backoff_ms = outbox ? outbox->max_backoff_ms : 0,
        .attempt_ms = from->deadline_ms,
    };
}

static int resolve_target(const struct eg_pipeline *pipeline, const struct eg_rules_rule *rule,
                          const struct eg_rules_target *from, struct eg_pipeline_target *target,
                          struct eg_error *err)
{
    const struct eg_outbox_config *outbox = eg_pipeline_outbox_config(pipeline);
    *target = (struct eg_pipeline_target){
        .rule_name = rule->name,
        .rule_arn = rule->arn,
        .id = from->id,
        .arn = from->arn,
        .await = from->await,
        .dead_letter = EG_NO_SINK,
        .after = EG_NO_TARGET,
        .deadline_ms = from->deadline_ms,
        .policy = policy_of(from, outbox),
        .rule = rule,
        .rules_target = from,
    };
    if (needs_outbox(from) && !outbox)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "it needs the outbox, and this process was started without rules, so "
                            "it has none: restart it");
    if (find_sink(pipeline, from->sink, "sink", &target->sink, err))
        return -1;
    return from->dead_letter.len == 0
               ? 0
               : find_sink(pipeline, from->dead_letter, "dead_letter", &target->dead_letter, err);
}

static size_t count_targets(const struct eg_rules_book *book)
{
    size_t count = 0;
    for (size_t i = 0; i < eg_rules_book_enabled_count(book); i++)
        count += eg_rules_book_at(book, i)->target_count;
    return count;
}

static int resolve_rules(const struct eg_pipeline *pipeline, struct eg_pipeline_rules *rules,
                         struct eg_error *err)
{
    size_t rule_count = eg_rules_book_enabled_count(rules->book);
    rules->targets = eg_calloc(count_targets(rules->book) + 1, sizeof(*rules->targets));
    rules->first = eg_calloc(rule_count + 1, sizeof(*rules->first));
    size_t at = 0;
    for (size_t i = 0; i < rule_count; i++) {
        const struct eg_rules_rule *rule = eg_rules_book_at(rules->book, i);
        rules->first[i] = at;
        for (size_t k = 0; k < rule->target_count; k++, at++)
            if (resolve_target(pipeline, rule, &rule->targets[k], &rules->targets[at], err))
                return eg_error_prefix(err, "rule '%.*s', target '%.*s'", EG_SPAN_ARGS(rule->name),
                                       EG_SPAN_ARGS(rule->targets[k].id));
    }
    return 0;
}

int eg_pipeline_routes_attach(const struct eg_pipeline *pipeline,
                              struct eg_topics_catalogue *catalogue,
                              struct eg_rules_book *take_book, struct eg_error *err)
{
    size_t count = eg_topics_catalogue_count(catalogue);
    struct routes *routes = eg_calloc(1, sizeof(*routes) + count * sizeof(routes->items[0]));
    routes->count = count;
    routes->rules.book = take_book;
    int ret = take_book ? resolve_rules(pipeline, &routes->rules, err) : 0;
    for (size_t i = 0; ret == 0 && i < count; i++) {
        const struct eg_topics_topic *topic = eg_topics_catalogue_at(catalogue, i);
        ret = resolve(pipeline, topic, take_book, &routes->items[topic->index], err);
    }
    if (ret) {
        routes_destroy(routes);
        return -1;
    }
    eg_topics_catalogue_attach(catalogue, routes, routes_destroy);
    return 0;
}

const struct eg_pipeline_rules *eg_pipeline_rules_of(const struct eg_topics_catalogue *catalogue)
{
    const struct routes *routes = eg_topics_catalogue_attachment(catalogue);
    EG_ASSERT(routes);
    return routes->rules.book ? &routes->rules : NULL;
}

const struct eg_pipeline_route *eg_pipeline_route_of(const struct eg_topics_catalogue *catalogue,
                                                     const struct eg_topics_topic *topic)
{
    const struct routes *routes = eg_topics_catalogue_attachment(catalogue);
    EG_ASSERT(routes && topic->index < routes->count);
    return &routes->items[topic->index];
}
