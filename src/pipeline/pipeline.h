/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipeline: events in, answers out. It owns the sinks, their queues and workers, the thread
 * that watches deadlines, and the bounds on what is in flight.
 *
 * Life: new, start, dispatch from any number of threads, drain, destroy. Start, drain and destroy
 * on one thread (main). The joins must be given back before destroy.
 *
 * Shutdown: stop accepting connections, eg_pipeline_drain (answers everything in flight, on_done
 * included), stop HTTP, eg_pipeline_destroy.
 */
#ifndef EG_PIPELINE_PIPELINE_H
#define EG_PIPELINE_PIPELINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "pipeline/breaker.h"
#include "pipeline/config.h"
#include "pipeline/delivery.h"
#include "pipeline/enrich_config.h"
#include "pipeline/event.h"
#include "pipeline/outbox_config.h"
#include "pipeline/target.h"
#include "work/timer.h"

struct eg_pipeline;

/* One sink to be: everything is borrowed until eg_pipeline_destroy. */
struct eg_pipeline_sink {
    const char *name; /* unique; the "type" of this sink's errors in replies */
    const struct eg_sink_type *type;
    const struct eg_sink_common_config *common;
    const void *config; /* the filled struct of type->config */
};

/*
 * What is told to whoever counts and logs. Every function may be NULL; they are called on HTTP
 * threads, workers and the timer thread, several at once, and must not wait.
 */
struct eg_pipeline_observer {
    void *context;
    /*
     * A delivery was answered. Once for each; a late answer of a sink is not reported again. The
     * outbox counts as a sink, with the number after the last, and the calls that enrich as the
     * next.
     */
    void (*answered)(void *context, size_t sink, enum eg_delivery_result result, unsigned attempts,
                     int64_t latency_us);
    /* An attempt failed and the delivery will be tried again. */
    void (*retried)(void *context, size_t sink);
    /* A batch was handed to the sink. */
    void (*submitted)(void *context, size_t sink, size_t events, size_t bytes);
    /* A line of a sink, or of the pipeline about a sink. */
    void (*log)(void *context, const char *sink, enum eg_log_level level, const char *message);
};

struct eg_pipeline_options {
    const struct eg_pipeline_config *config; /* borrowed until destroy */
    const struct eg_pipeline_sink *sinks;    /* the array is copied */
    size_t sink_count;
    const struct eg_outbox_config *outbox; /* borrowed until destroy; NULL: there is none */
    const struct eg_enrich_config *enrich; /* the same; needs the outbox */
    struct eg_timer *control; /* runs the probes, which may wait; borrowed; NULL: no probes */
    struct eg_pipeline_observer observer;
    eg_join_done on_done;
    void *on_done_context;
};

/* Creates every sink. On failure all mistakes are in the message, one a line; nothing is left. */
int eg_pipeline_new(const struct eg_pipeline_options *options, struct eg_pipeline **ret_pipeline,
                    struct eg_error *err) EG_MUST_CHECK;

/* Starts the sinks in order, then their workers. On failure: destroy. */
int eg_pipeline_start(struct eg_pipeline *pipeline, struct eg_error *err) EG_MUST_CHECK;

/* Number and names of the sinks, in the order they were given. */
size_t eg_pipeline_sink_count(const struct eg_pipeline *pipeline);
const char *eg_pipeline_sink_name(const struct eg_pipeline *pipeline, size_t sink);

/* Does the sink look at the envelopes of its events? */
bool eg_pipeline_sink_reads_envelope(const struct eg_pipeline *pipeline, size_t sink);

/* Do its events perhaps come to a gate again (EG_SINK_FORWARDS)? */
bool eg_pipeline_sink_forwards(const struct eg_pipeline *pipeline, size_t sink);

/* Is there an outbox? Without one every target is awaited, and nothing has a dead letter. */
bool eg_pipeline_has_outbox(const struct eg_pipeline *pipeline);

/* Deliveries that are owed, as counted last; 0 without an outbox. Any thread. */
int64_t eg_pipeline_owed(const struct eg_pipeline *pipeline);

/* Can the events of targets be enriched? */
bool eg_pipeline_enriches(const struct eg_pipeline *pipeline);

/* The number of the sink of that name. False: there is none. */
bool eg_pipeline_sink_find(const struct eg_pipeline *pipeline, struct eg_span name,
                           size_t *ret_sink);

struct eg_dispatch_item {
    struct eg_pipeline_event *take_event; /* taken in every case, also on failure */
    const size_t *sinks; /* numbers of sinks, no duplicates; borrowed for the call */
    size_t sink_count;
    const struct eg_dispatch_target *targets; /* of rules; borrowed, but for their events */
    size_t target_count;
};

/* Who hears of joins; NULL where it is asked for is the pipeline's own on_done. */
struct eg_join_owner {
    eg_join_done on_done;
    void *context;
};

struct eg_dispatch_options {
    int64_t deadline_ms; /* as of eg_pipeline_dispatch */
    void *user;
    const struct eg_join_owner *owner; /* as long as the join, or NULL */
    unsigned only_attempt;             /* not 0: the one attempt that is made, of this number */
    void *take_pin;                    /* what the targets live in: given to unpin when the join is
                                          freed, or when dispatch fails; NULL: nothing */
    void (*unpin)(void *pin);
};

/*
 * Hands every event to its sinks and targets. Never waits. An event goes to all of them or, when a
 * queue is full, to none (then eg_join_refusal says so). `deadline_ms` is in eg_clock_monotonic_ms;
 * 0: now plus the configured deadline. `user` is for on_done.
 *
 * Fails, with nothing handed to any sink, with EG_ERR_UNAVAILABLE (draining), with
 * EG_ERR_OVERLOADED (too much in flight; or `count` is 1 and a queue is full).
 * Any thread.
 */
int eg_pipeline_dispatch(struct eg_pipeline *pipeline, const struct eg_dispatch_item *items,
                         size_t count, int64_t deadline_ms, void *user, struct eg_join **ret_join,
                         struct eg_error *err) EG_MUST_CHECK;

/* The same with all that can be said. */
int eg_pipeline_dispatch_with(struct eg_pipeline *pipeline, const struct eg_dispatch_item *items,
                              size_t count, const struct eg_dispatch_options *options,
                              struct eg_join **ret_join, struct eg_error *err) EG_MUST_CHECK;

/* True when the next dispatch would surely fail for load: to answer 503 before reading a body. */
bool eg_pipeline_is_overloaded(const struct eg_pipeline *pipeline);

struct eg_pipeline_stats {
    size_t in_flight_events;
    size_t in_flight_bytes;
    uint64_t refused; /* events that a full queue or the bounds turned away */
};

struct eg_sink_stats {
    const char *name;
    const char *type;
    size_t queued_events;  /* waiting for a worker */
    size_t pending_events; /* waiting, with the sink, or between attempts */
    size_t pending_bytes;
    enum eg_breaker_state breaker;
    uint64_t breaker_opened;
};

void eg_pipeline_stats(const struct eg_pipeline *pipeline, struct eg_pipeline_stats *ret_stats);
void eg_pipeline_sink_stats(struct eg_pipeline *pipeline, size_t sink,
                            struct eg_sink_stats *ret_stats);

/*
 * What the last probe and the breaker say about a sink: true is healthy, with `text` (of
 * EG_ERROR_MESSAGE_BYTES) "" or "not configured"; else `text` says what is wrong. Never waits for
 * the sink. Any thread.
 */
bool eg_pipeline_sink_health(struct eg_pipeline *pipeline, size_t sink, char *text);

/*
 * No more dispatch; waits until everything in flight is answered, at most until `deadline_ms`
 * (monotonic), then answers the rest itself; stops workers and probes and drains the sinks. After
 * it on_done is not called any more. Again: does nothing.
 */
void eg_pipeline_drain(struct eg_pipeline *pipeline, int64_t deadline_ms);

/* Drains without waiting if nobody did. NULL and a pipeline that never started are fine. */
void eg_pipeline_destroy(struct eg_pipeline *pipeline);

#endif
