/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event as the pipeline owns it: one immutable block with the view that sinks read, every
 * string, the attributes and the payload, under an atomic reference count. Any thread.
 */
#ifndef EG_PIPELINE_EVENT_H
#define EG_PIPELINE_EVENT_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/ref.h"
#include "eventgate/event.h"

struct eg_pipeline_event {
    struct eg_event view; /* what sinks see; its spans point into this block */
    struct eg_ref ref;
    size_t block_bytes; /* of the whole block: what it costs in memory */
};

/* Copies everything `fields` points to; the caller's spans may go away after. Sizes were bounded by
 * whoever read the request. One reference, the caller's. */
struct eg_pipeline_event *eg_pipeline_event_new(const struct eg_event *fields) EG_MUST_CHECK;

struct eg_pipeline_event *eg_pipeline_event_ref(struct eg_pipeline_event *event);
void eg_pipeline_event_unref(struct eg_pipeline_event *take); /* NULL is fine */

#endif
