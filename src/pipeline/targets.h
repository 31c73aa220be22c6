/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deliveries to the targets of rules: where each goes, which waits for which, and what becomes of
 * one that failed. Inside this room only; threads as those of the runner that calls.
 */
#ifndef EG_PIPELINE_TARGETS_H
#define EG_PIPELINE_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "pipeline/join.h"

/* Whose queue target number `index` of the item needs room in: its sink's, or the outbox's. */
struct eg_runner *eg_join_target_runner(const struct eg_join_context *context,
                                        const struct eg_dispatch_item *item, size_t index);

/* Adds the deliveries of all targets, after those of the event's sinks; room is reserved. */
void eg_join_add_targets(struct eg_join *join, size_t event, const struct eg_dispatch_item *item,
                         int64_t deadline_ms);

/* Gives back the targets' events of an item that was refused. */
void eg_join_drop_targets(struct eg_join_context *context, const struct eg_dispatch_item *item);

/* Hands a target's delivery over, unless it waits for another. */
void eg_join_target_offer(struct eg_join_delivery *delivery, int64_t now_us,
                          struct eg_join_batch *batch);

/* What is said about a delivery; `text` has EG_ERROR_MESSAGE_BYTES, for a message that is made. */
struct eg_join_saying {
    enum eg_delivery_result result;
    const char *message;
    char *text;
};

/*
 * A target's delivery came to an end: starts or fails those that wait for it. True: it goes on, to
 * its dead letter, and is not to be touched. False: it ends with *saying, which may have changed.
 */
bool eg_join_target_settled(struct eg_join_delivery *delivery, struct eg_join_saying *saying,
                            int64_t now_us, struct eg_join_batch *batch) EG_MUST_CHECK;

/* Frees join->routes; returns the bytes of their events. */
size_t eg_join_routes_free(struct eg_join *join);

#endif
