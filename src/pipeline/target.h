/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule's target as the pipeline sees it: which sink, who waits, and what happens when it fails.
 * Made when a catalogue is loaded (pipeline/route.h), immutable, as long as the catalogue lives.
 * Any thread.
 */
#ifndef EG_PIPELINE_TARGET_H
#define EG_PIPELINE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"
#include "pipeline/event.h"
#include "store/outbox.h"

#define EG_NO_SINK   SIZE_MAX
#define EG_NO_TARGET SIZE_MAX

struct eg_rules_rule;
struct eg_rules_target;

struct eg_pipeline_target {
    struct eg_span rule_name;
    struct eg_span rule_arn;
    struct eg_span id; /* unique in its rule */
    struct eg_span arn;
    size_t sink;
    bool await;          /* its answer is in the reply; else it is owed once it is in the outbox */
    size_t dead_letter;  /* a sink, or EG_NO_SINK */
    size_t after;        /* the target of the same rule that must be delivered first, by place;
                            before this one; or EG_NO_TARGET */
    int64_t deadline_ms; /* for one attempt; 0: the sink's */
    struct eg_outbox_policy policy; /* when it is not awaited, and for its dead letter */
    const struct eg_rules_rule *rule;
    const struct eg_rules_target *rules_target; /* what it receives; NULL in tests */
};

/* One delivery to a target, for dispatch. */
struct eg_dispatch_target {
    const struct eg_pipeline_target *target;
    struct eg_pipeline_event *take_event; /* what this target receives; taken in every case */
    size_t after;        /* place in the same list of the one that must be delivered first, lower
                            than its own; or EG_NO_TARGET */
    int64_t due_us;      /* wall clock: not before; 0: now */
    const char *failure; /* why what it should receive can't be made; NULL: it was. Borrowed for the
                            call. With one the event is the original. */
};

#endif
