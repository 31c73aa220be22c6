/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outbox: deliveries that are owed, kept in a database until they are made. Inside this room
 * only.
 *
 * In: a sink of its own (eg_outbox_sink), which commits deliveries in groups before they are
 * answered. Out: one thread that takes what is due, hands it to the pipeline one attempt at a time,
 * and writes down what came of it: done, again later, or a dead letter.
 *
 * Life: new, the sink is created and started by its runner, start, stop, destroy; all on the main
 * thread. Stop after the last delivery was answered: what was delivered until then is written down,
 * the rest is taken up by the next start.
 */
#ifndef EG_PIPELINE_OUTBOX_H
#define EG_PIPELINE_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "pipeline/config.h"
#include "pipeline/outbox_config.h"
#include "pipeline/pipeline.h"

struct eg_outbox;

struct eg_outbox *eg_outbox_new(const struct eg_outbox_config *config,
                                struct eg_pipeline *pipeline) EG_MUST_CHECK;
void eg_outbox_destroy(struct eg_outbox *outbox); /* NULL is fine; stopped or never started */

/* The sink that commits, for a runner; its settings live as long as the outbox. */
struct eg_pipeline_sink eg_outbox_as_sink(struct eg_outbox *outbox);

/* After the runner's sink was started. */
int eg_outbox_start(struct eg_outbox *outbox, struct eg_error *err) EG_MUST_CHECK;
void eg_outbox_stop(struct eg_outbox *outbox);

/* Rows in the table, as they were counted last; 0 before that. Any thread; never waits. */
int64_t eg_outbox_owed(const struct eg_outbox *outbox);

/* There may be something due. Any thread; never waits. */
void eg_outbox_wake(struct eg_outbox *outbox);

#endif
