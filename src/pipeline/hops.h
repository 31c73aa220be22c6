/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gates that an event came through: so that it does not go round in a circle between buses.
 *
 * What a sink that forwards (EG_SINK_FORWARDS) sends carries them among the envelope's `resources`,
 * each as EG_SINK_HOP_PREFIX and the gate's name; that is the one member of an envelope that every
 * bus hands on as it is. Any thread.
 */
#ifndef EG_PIPELINE_HOPS_H
#define EG_PIPELINE_HOPS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "eventgate/span.h"
#include "json/document.h"

struct eg_hops {
    size_t count;          /* gates before this one */
    bool came_round;       /* this one is among them */
    struct eg_span passed; /* their names and this one's, with a space between */
};

/* Reads the envelope at `root`; `passed` is in the arena. */
void eg_hops_read(const struct eg_json_document *document, eg_json_index root, struct eg_span gate,
                  struct eg_arena *arena, struct eg_hops *ret_hops);

#endif
