/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events gathered into larger pieces: lines that belong together (the same `folder`) are put behind
 * each other until there are enough bytes or events of them, or the first has waited long enough.
 * Then the piece is handed to `put`, and its deliveries are completed with what that said.
 *
 * add is called by workers, several at once; a piece that is full is put on the worker that filled
 * it, a piece whose time has come on the gatherer's own thread. put may wait. Deliveries stay with
 * the gatherer from add until their piece was put.
 */
#ifndef EG_SINKS_AWS_GATHER_H
#define EG_SINKS_AWS_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "eventgate/span.h"

struct eg_sink_gather_limits {
    size_t max_bytes;  /* of the lines of a piece */
    size_t max_events; /* of a piece */
    int64_t max_age_ms;
    size_t max_pieces; /* open at once; one more puts the oldest */
};

struct eg_sink_piece {
    struct eg_span folder;
    struct eg_span lines;
    size_t events;
    int64_t first_us; /* received_us of its first event */
};

struct eg_sink_gather_user {
    /* Stores the piece. `worker` is what add was given; NULL on the gatherer's thread. */
    enum eg_outcome (*put)(void *context, void *worker, const struct eg_sink_piece *piece,
                           struct eg_error *err);
    void *context;
    const struct eg_sink_host *host;
};

struct eg_sink_gather;

/* Starts the thread. `user` is copied, the limits too. */
int eg_sink_gather_new(const struct eg_sink_gather_limits *limits,
                       const struct eg_sink_gather_user *user, struct eg_sink_gather **ret_gather,
                       struct eg_error *err) EG_MUST_CHECK;

/* Takes the delivery. `line` is copied; it ends in a line feed. */
void eg_sink_gather_add(struct eg_sink_gather *gather, void *worker, struct eg_delivery *take,
                        struct eg_span folder, struct eg_span line);

/* Puts all that is gathered, and stops the thread: nothing is added after it. */
void eg_sink_gather_drain(struct eg_sink_gather *gather);

/* Drains first. NULL is fine. */
void eg_sink_gather_destroy(struct eg_sink_gather *gather);

#endif
