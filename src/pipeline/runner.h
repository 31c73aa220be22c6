/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs one sink: its queue, workers, retry, breaker, probe and end. Inside this room only.
 *
 * Life: new, start, offer from any thread, close, drain, destroy; all but offer on the main thread.
 */
#ifndef EG_PIPELINE_RUNNER_H
#define EG_PIPELINE_RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "pipeline/join.h"

/* Creates the sink, not started. */
int eg_runner_new(const struct eg_pipeline_sink *sink, size_t index,
                  struct eg_join_context *context, struct eg_runner **ret_runner,
                  struct eg_error *err) EG_MUST_CHECK;
void eg_runner_destroy(struct eg_runner *runner); /* NULL is fine; drained or never started */

int eg_runner_start_sink(struct eg_runner *runner, struct eg_error *err) EG_MUST_CHECK;
int eg_runner_start_workers(struct eg_runner *runner, struct eg_error *err) EG_MUST_CHECK;
void eg_runner_start_probe(struct eg_runner *runner, struct eg_timer *control);
void eg_runner_await_probe(struct eg_runner *runner, int64_t until_us);

size_t eg_runner_index(const struct eg_runner *runner);
const char *eg_runner_name(const struct eg_runner *runner);

/* What is asked once about a sink, after it was created. */
struct eg_runner_facts {
    bool reads_envelope;
    bool forwards; /* EG_SINK_FORWARDS */
};

const struct eg_runner_facts *eg_runner_facts(const struct eg_runner *runner);

/* How long the sink may take, from now: the earlier of its own limit and `deadline_ms`. */
int64_t eg_runner_deadline_ms(const struct eg_runner *runner, int64_t now_ms, int64_t deadline_ms);

/* Room for one delivery of so many bytes; given back when the delivery ends. */
bool eg_runner_reserve(struct eg_runner *runner, size_t bytes) EG_MUST_CHECK;
void eg_runner_release(struct eg_runner *runner, size_t bytes);

/* True when reserve would fail for any delivery. */
bool eg_runner_is_full(const struct eg_runner *runner);

/* Hands over a delivery whose room is reserved, with its reference to the join. Never waits. */
void eg_runner_offer(struct eg_join_delivery *delivery, int64_t now_us,
                     struct eg_join_batch *batch);

/* Ends a delivery: one that was never offered, for who is not its runner. */
void eg_runner_settle(struct eg_join_delivery *delivery, enum eg_delivery_result result,
                      const char *message, int64_t now_us, struct eg_join_batch *batch);

/* Deliveries that the runner or its sink still holds. */
size_t eg_runner_pending(const struct eg_runner *runner);

/* Ends probe and workers; what was queued is answered. With context->closing set. */
void eg_runner_close(struct eg_runner *runner);

/* Has the sink finish what it holds until the deadline. After close. */
void eg_runner_drain(struct eg_runner *runner, int64_t deadline_ms);

void eg_runner_stats(struct eg_runner *runner, struct eg_sink_stats *ret_stats);
bool eg_runner_health(struct eg_runner *runner, char *text);

void eg_runner_log(const struct eg_runner *runner, enum eg_log_level level, const char *format, ...)
    EG_PRINTF(3, 4);

#endif
