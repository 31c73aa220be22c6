/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink contract: what it takes to receive events from EventGate.
 *
 * A sink is one `struct eg_sink_type`: a name, a table of settings, and a few functions. The ones
 * that ship with the daemon and the ones loaded from a plug-in (.so) are the same to it. A plug-in
 * exports
 *
 *     const struct eg_sink_type *eventgate_sink(void);
 *
 * and links against nothing of ours: all it needs from the daemon comes in the `struct
 * eg_sink_host`.
 *
 * Life of a sink, in order:
 *   create   control thread. Checks the settings and allocates; no connection yet.
 *   start    control thread. Files opened, schema made; an error stops the daemon's start.
 *   worker_begin, submit ..., worker_end
 *            on each of the sink's own worker threads; submit is never called before worker_begin
 *            succeeded on that thread, and never on two threads with the same `worker`.
 *   probe    control thread, every few seconds while workers run: is the server behind there?
 *            0: it is; -1: not, and why. EG_PROBE_NOT_CONFIGURED: no server was configured.
 *   drain    control thread, after the last submit returned: finish what is in flight until
 *            the deadline, then complete the rest with EG_RETRY or EG_FAILED.
 *   destroy  control thread, once, also for a sink that never started. NULL is fine.
 *
 * Deliveries: submit takes a batch and must see to it that every delivery in it is completed
 * exactly once by host->complete, from any thread, during submit or later. A sink does not
 * retry by itself (retry, backoff and the circuit breaker live in the pipeline), unless its client
 * library does so and keeps the order; then what that gives up is EG_FAILED. It never completes
 * twice. After complete the delivery and its event are gone.
 *
 * Waiting: a worker thread belongs to its sink, so submit may wait for the server behind, bounded
 * by the sink's own timeouts. No other thread of the daemon waits for it. A sink with
 * EG_SINK_INLINE has no worker: its submit is called on HTTP threads, several at once, and must
 * neither wait nor make a system call that can.
 */
#ifndef EVENTGATE_SINK_H
#define EVENTGATE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventgate/error.h"
#include "eventgate/event.h"
#include "eventgate/field.h"

/* Raised whenever a struct of this header changes its shape; the daemon refuses other plug-ins. */
#define EG_SINK_ABI 3u

enum eg_log_level {
    EG_LOG_TRACE,
    EG_LOG_DEBUG,
    EG_LOG_INFO,
    EG_LOG_WARNING,
    EG_LOG_ERROR,
    EG_LOG_CRITICAL,
};

enum eg_outcome {
    EG_DELIVERED, /* the server behind has it, as durably as this sink promises */
    EG_RETRY,     /* it may work later: the pipeline tries again while the deadline allows */
    EG_REJECTED,  /* it will never work: this event, this permission, this shape */
    EG_TOO_LARGE, /* as rejected, because the event is bigger than the server behind takes: 413 */
    EG_FAILED,    /* as EG_RETRY, but no second attempt: it could reorder or repeat the event */
};

/* One event on its way to one sink. Borrowed by the sink from submit to complete. */
struct eg_delivery {
    const struct eg_event *event;
    unsigned attempt;    /* 1 for the first */
    int64_t deadline_ms; /* monotonic clock of host->monotonic_ms: nobody waits after it */
};

/* What the daemon gives to a sink. Valid from create until destroy returned. */
struct eg_sink_host {
    const char *sink_name; /* as configured: the "type" of this sink's errors in replies */

    /*
     * Ends a delivery. `message` says what went wrong, for the client and the log; it is copied,
     * and ignored when delivered. It must not hold a secret. Any thread; never blocks.
     */
    void (*complete)(struct eg_delivery *take, enum eg_outcome outcome, const char *message);

    /*
     * Ends a batch with the same outcome: cheaper than one by one, otherwise the same. The array
     * stays the caller's.
     */
    void (*complete_all)(struct eg_delivery *const *take, size_t count, enum eg_outcome outcome,
                         const char *message);

    /* Logs one line under the sink's name. Any thread. */
    void (*log)(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

    int64_t (*monotonic_ms)(void);

    /* The most time a delivery has, waits and attempts included: for the sink's own timeouts. */
    int64_t timeout_ms;
};

struct eg_sink; /* the sink's own */

#define EG_PROBE_NOT_CONFIGURED 1

#define EG_SINK_INLINE 0x1u /* no workers: submit runs where the event was accepted */

/*
 * What this sink sends may come to a gate again, as over an event bus. An event that a rule sends
 * here has the attribute EG_SINK_HOPS: the names of the gates it came through and of this one, with
 * a space between. The sink hands them on among the envelope's `resources`, each behind the prefix.
 */
#define EG_SINK_FORWARDS   0x2u
#define EG_SINK_HOPS       "eventgatehops"
#define EG_SINK_HOP_PREFIX "arn:eventgate:::hop/"

struct eg_sink_type {
    uint32_t abi;     /* EG_SINK_ABI */
    uint32_t flags;   /* EG_SINK_... */
    const char *name; /* the `type:` in the configuration */
    const char *help; /* one line */
    const struct eg_field_table *config;

    unsigned default_workers;
    unsigned max_workers;
    size_t max_batch_events; /* most deliveries in one submit */
    size_t max_batch_bytes;  /* most payload bytes in one submit, except for a single event */

    /* `config` is the filled struct of the table; borrowed until destroy returned. */
    int (*create)(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err);
    /* Does submit look at event->envelope? Asked once, after create. NULL: it does not. */
    bool (*reads_envelope)(const struct eg_sink *sink);
    int (*start)(struct eg_sink *sink, struct eg_error *err); /* may be NULL */
    int (*worker_begin)(struct eg_sink *sink, unsigned index, void **ret_worker,
                        struct eg_error *err);              /* may be NULL */
    void (*worker_end)(struct eg_sink *sink, void *worker); /* may be NULL */
    void (*submit)(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count);
    int (*probe)(struct eg_sink *sink, struct eg_error *err); /* may be NULL: healthy */
    void (*drain)(struct eg_sink *sink, int64_t deadline_ms); /* may be NULL */
    void (*destroy)(struct eg_sink *sink);
};

typedef const struct eg_sink_type *(*eg_sink_entry)(void);
#define EG_SINK_ENTRY_SYMBOL "eventgate_sink"

#endif
