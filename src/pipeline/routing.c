/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One event is opened once and matched once against all rules. A target's event is the original
 * with what the target receives as its payload, and, when its sink looks at it, the envelope as far
 * as the target may see it.
 *
 * What can't be rendered is no reason to refuse an event: that target alone is told so, or its dead
 * letter gets what it may see.
 */
#include "pipeline/routing.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "rules/protect.h"
#include "rules/template.h"

/* One event while it is routed. */
struct routing {
    struct eg_routing_scratch *scratch;
    const struct eg_routing_event *event;
    struct eg_arena *arena;
    struct eg_rules_template_input input;
    int64_t now_us;
    struct eg_dispatch_target *targets;
    size_t count;
};

void eg_routing_scratch_fini(struct eg_routing_scratch *scratch)
{
    eg_rules_scratch_destroy(scratch->rules);
    eg_json_document_fini(&scratch->envelope);
    eg_json_document_fini(&scratch->other);
    eg_buffer_fini(&scratch->protected_text);
    eg_buffer_fini(&scratch->payload);
    *scratch = (struct eg_routing_scratch){.rules = NULL};
}

static int open_envelope(struct routing *routing, struct eg_error *err)
{
    struct eg_event fields = *routing->event->fields;
    fields.envelope = routing->event->envelope;
    if (eg_rules_envelope_open(&routing->scratch->envelope, &fields, &routing->input, err) != 0)
        return -1;
    routing->input.event = routing->event->fields;
    routing->input.now_us = routing->now_us;
    return 0;
}

static bool looks_at_envelope(const struct eg_pipeline *pipeline,
                              const struct eg_pipeline_target *target)
{
    return eg_pipeline_sink_reads_envelope(pipeline, target->sink) ||
           (target->dead_letter != EG_NO_SINK &&
            eg_pipeline_sink_reads_envelope(pipeline, target->dead_letter));
}

/* The envelope as the target may see it; empty when it may not, because that can't be made. */
static struct eg_span visible_envelope(struct routing *routing,
                                       const struct eg_rules_target *target)
{
    if (!target->protect)
        return routing->event->envelope;
    struct eg_buffer *text = &routing->scratch->protected_text;
    struct eg_error err;
    eg_buffer_clear(text);
    if (eg_rules_protect_apply(target->protect, EG_RULES_VIEW_ENVELOPE, routing->event->envelope,
                               &routing->scratch->other, text, &err) != 0)
        return EG_SPAN_EMPTY;
    return eg_buffer_span(text);
}

/* When the target is due: *ret_due_us, 0 for now. */
static int find_due(struct routing *routing, const struct eg_rules_target *target,
                    int64_t *ret_due_us, struct eg_error *err)
{
    int64_t due_us = routing->now_us;
    if (target->at) {
        struct eg_buffer *text = &routing->scratch->payload;
        eg_buffer_clear(text);
        if (eg_rules_template_render(target->at, &routing->input, text, err) != 0)
            return eg_error_prefix(err, "at");
        if (!eg_rules_time_parse(eg_buffer_span(text), &due_us))
            return eg_error_set(err, EG_ERR_INVALID, "at: the event has no time there");
    }
    due_us += target->delay_ms * 1000;
    *ret_due_us = due_us > routing->now_us ? due_us : 0;
    return 0;
}

static int render(struct routing *routing, const struct eg_pipeline_target *target,
                  struct eg_error *err)
{
    struct eg_buffer *payload = &routing->scratch->payload;
    eg_buffer_clear(payload);
    return eg_rules_target_render(target->rule, target->rules_target, &routing->input,
                                  &routing->scratch->other, payload, err);
}

static void add_target(struct routing *routing, const struct eg_pipeline_target *target,
                       size_t first)
{
    struct eg_dispatch_target *made = &routing->targets[routing->count++];
    struct eg_event fields = *routing->event->fields;
    struct eg_error err;
    *made = (struct eg_dispatch_target){
        .target = target,
        .after = target->after == EG_NO_TARGET ? EG_NO_TARGET : first + target->after,
    };
    struct eg_span visible = visible_envelope(routing, target->rules_target);
    fields.envelope = looks_at_envelope(routing->event->pipeline, target) ? visible : EG_SPAN_EMPTY;
    if (find_due(routing, target->rules_target, &made->due_us, &err) == 0 &&
        render(routing, target, &err) == 0) {
        fields.payload = eg_buffer_span(&routing->scratch->payload);
    } else {
        made->failure = eg_arena_copy(routing->arena, eg_span_text(err.message)).ptr;
        fields.payload = visible.len ? visible : EG_SPAN_LITERAL("{}");
    }
    made->take_event = eg_pipeline_event_new(&fields);
}

static int count_targets(const struct routing *routing, const struct eg_rules_matches *matches,
                         size_t *ret_count, struct eg_error *err)
{
    size_t count = 0;
    for (size_t i = 0; i < matches->count; i++)
        count += eg_rules_book_at(routing->event->rules->book, matches->rules[i])->target_count;
    if (count > EG_ROUTING_MAX_TARGETS)
        return eg_error_set(err, EG_ERR_TOO_LARGE,
                            "The event matches rules with %zu targets, at most %u are taken.",
                            count, EG_ROUTING_MAX_TARGETS);
    *ret_count = count;
    return 0;
}

static void add_all(struct routing *routing, const struct eg_rules_matches *matches)
{
    const struct eg_pipeline_rules *rules = routing->event->rules;
    for (size_t i = 0; i < matches->count; i++) {
        size_t first = routing->count;
        size_t count = eg_rules_book_at(rules->book, matches->rules[i])->target_count;
        for (size_t k = 0; k < count; k++)
            add_target(routing, &rules->targets[rules->first[matches->rules[i]] + k], first);
    }
}

int eg_routing_apply(struct eg_routing_scratch *scratch, const struct eg_routing_event *event,
                     struct eg_arena *arena, struct eg_dispatch_item *item, struct eg_error *err)
{
    struct routing routing = {
        .scratch = scratch, .event = event, .arena = arena, .now_us = eg_clock_wall_us()};
    struct eg_rules_matches matches;
    size_t count = 0;
    if (!scratch->rules)
        scratch->rules = eg_rules_scratch_new();
    if (open_envelope(&routing, err) != 0 ||
        eg_rules_book_match(event->rules->book, scratch->rules, &scratch->envelope,
                            routing.input.root, event->fields->topic, &matches, err) != 0 ||
        count_targets(&routing, &matches, &count, err) != 0)
        return -1;
    if (count == 0)
        return 0;
    routing.targets = eg_arena_alloc(arena, count * sizeof(*routing.targets));
    add_all(&routing, &matches);
    item->targets = routing.targets;
    item->target_count = routing.count;
    return 0;
}
