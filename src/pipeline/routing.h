/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event's envelope to the deliveries that rules ask for: which rules match, what each of
 * their targets receives, and when.
 *
 * All of it is computation on the HTTP thread; a thread keeps one scratch.
 */
#ifndef EG_PIPELINE_ROUTING_H
#define EG_PIPELINE_ROUTING_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "pipeline/pipeline.h"
#include "pipeline/route.h"
#include "rules/set.h"
#include "json/document.h"

/* The most deliveries that rules may make of one event. */
#define EG_ROUTING_MAX_TARGETS 1000u

/* What a thread reuses from event to event; a zeroed one is empty. */
struct eg_routing_scratch {
    struct eg_rules_scratch *rules; /* NULL until the first event that is matched */
    struct eg_json_document envelope;
    struct eg_json_document other; /* of what is protected */
    struct eg_buffer protected_text;
    struct eg_buffer payload;
};

void eg_routing_scratch_fini(struct eg_routing_scratch *scratch);

/* An event that was accepted. */
struct eg_routing_event {
    const struct eg_event *fields; /* as the topic's sinks get it */
    struct eg_span envelope;       /* its text */
    const struct eg_pipeline *pipeline;
    const struct eg_pipeline_rules *rules;
};

/*
 * Matches the event and makes its deliveries: item->targets and their count, in the arena; each
 * event in it is owned by the item. 0, or -1 with EG_ERR_TOO_LARGE when the event is too much for
 * the rules (its arrays, or more than EG_ROUTING_MAX_TARGETS deliveries): then there are none.
 */
int eg_routing_apply(struct eg_routing_scratch *scratch, const struct eg_routing_event *event,
                     struct eg_arena *arena, struct eg_dispatch_item *item,
                     struct eg_error *err) EG_MUST_CHECK;

#endif
