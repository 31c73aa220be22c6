/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inside of pipeline/delivery.h, for the files of this room only.
 *
 * References of a join: the caller's, one for each delivery that a runner holds, and one while its
 * deadline is armed. `pending` counts answers that are missing, plus one until eg_join_await.
 */
#ifndef EG_PIPELINE_JOIN_H
#define EG_PIPELINE_JOIN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ref.h"
#include "eventgate/sink.h"
#include "pipeline/delivery.h"
#include "pipeline/event.h"
#include "pipeline/pipeline.h"
#include "work/queue.h"
#include "work/timer.h"

struct eg_runner;
struct eg_join_delivery;

/* The struct that `pointer` is the member of. */
#define EG_CONTAINER_OF(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* What every join of a pipeline shares. */
struct eg_join_context {
    struct eg_timer *timer;
    int64_t deadline_ms; /* of a submission, from its dispatch */
    struct eg_join_owner owner;
    struct eg_runner *outbox;         /* NULL: there is none */
    struct eg_runner *enrich;         /* NULL: there is none */
    struct eg_runner *const *runners; /* by number of the sink */
    struct eg_pipeline_observer observer;
    atomic_size_t in_flight_events; /* of joins that still exist */
    atomic_size_t in_flight_bytes;
    atomic_uint completing; /* threads that are in a sink's complete, on_done included */
    atomic_bool closing;    /* shutdown: what is not answered is answered now, nothing is retried */
};

enum eg_slot {
    EG_SLOT_PENDING,
    EG_SLOT_ANSWERED, /* claimed by whoever answers; result and message are that thread's */
};

/* Where a target's delivery goes next. */
enum eg_join_way {
    EG_WAY_ENRICH, /* to the call whose answer joins the event, and then one of the next two */
    EG_WAY_SINK,   /* to its sink, somebody waits */
    EG_WAY_OUTBOX, /* into the outbox, to be delivered from there */
    EG_WAY_DEAD,   /* into the outbox as a dead letter */
};

/* What a delivery to a rule's target has beside that of a topic's sink (pipeline/targets.c). */
struct eg_join_route {
    const struct eg_pipeline_target *target;
    struct eg_pipeline_event *event; /* owned reference */
    enum eg_join_way way;
    enum eg_join_way next;               /* after ENRICH */
    bool keeps_envelope;                 /* ENRICH: its sink looks at it */
    struct eg_runner *home;              /* of its sink */
    struct eg_join_delivery *follower;   /* the first that waits for this one; NULL: none */
    struct eg_join_delivery *sibling;    /* the next that waits for the same */
    bool waits;                          /* began by waiting for another delivery of this join */
    bool owed;                           /* began on the way to the outbox */
    int64_t row;                         /* in the outbox */
    int64_t after_row;                   /* the row that comes first; 0: none */
    int64_t due_us;                      /* 0: now */
    char *failure;                       /* owned; why what it should receive can't be made */
    enum eg_delivery_result dead_result; /* DEAD: what its sink said */
    char *dead_reason;                   /* owned */
    unsigned dead_attempts;
};

/* The routes of one event. */
struct eg_join_route_block {
    struct eg_join_route_block *next;
    size_t count;
    struct eg_join_route routes[];
};

struct eg_join_delivery {
    struct eg_delivery handed; /* what the sink gets */
    struct eg_queue_item queued;
    struct eg_timer_node backoff;
    struct eg_join *join;
    struct eg_runner *runner;
    struct eg_join_route *route; /* NULL: to a sink of the topic */
    atomic_int slot;
    enum eg_delivery_result result;
    char *message; /* owned; NULL: none */
};

struct eg_join_event {
    struct eg_pipeline_event *event; /* owned reference */
    struct eg_error *refusal;        /* owned; NULL: handed to its sinks */
    size_t first;                    /* of its deliveries */
    size_t delivery_count;
};

struct eg_join {
    struct eg_ref ref;
    atomic_size_t pending;
    struct eg_timer_node deadline;
    struct eg_join_context *context;
    const struct eg_join_owner *owner;
    void *user;
    void *pin; /* what targets live in */
    void (*unpin)(void *pin);
    unsigned only_attempt; /* 0: as many as the sink is tried */
    int64_t started_us;
    size_t event_count;
    size_t delivery_count;
    struct eg_join_event *events;
    struct eg_join_route_block *routes; /* owned; NULL: no targets */
    struct eg_join_delivery deliveries[];
};

/* Joins that completed together, on their way to on_done. */
#define EG_JOIN_BATCH_MAX 256

struct eg_join_batch {
    size_t count;
    struct eg_join *joins[EG_JOIN_BATCH_MAX]; /* `count` of them are set */
};

/* Not by an initializer, which would clear all of `joins`, twice an event. */
static inline void eg_join_batch_begin(struct eg_join_batch *batch)
{
    batch->count = 0;
}

/* No deliveries yet; takes the events and the pin; in_flight was counted by the caller. */
struct eg_join *eg_join_new(struct eg_join_context *context, const struct eg_dispatch_item *items,
                            size_t count, int64_t started_us,
                            const struct eg_dispatch_options *options) EG_MUST_CHECK;

/* One more delivery of the last event that got one; by the dispatching thread, before any is
 * handed to its runner. */
struct eg_join_delivery *eg_join_add_delivery(struct eg_join *join, size_t event,
                                              struct eg_runner *runner, int64_t deadline_ms);

/* True while nobody answered. */
bool eg_join_delivery_is_pending(const struct eg_join_delivery *delivery);

/*
 * Answers a delivery, if nobody has; a join that this completes goes into the batch. The caller
 * holds the delivery's reference until after.
 */
void eg_join_answer(struct eg_join_delivery *delivery, enum eg_delivery_result result,
                    const char *message, int64_t now_us, struct eg_join_batch *batch);

/* "no answer within N ms". `text` has EG_ERROR_MESSAGE_BYTES. */
void eg_join_describe_timeout(const struct eg_join_delivery *delivery, char *text);

/* Calls on_done for what is in the batch. */
void eg_join_batch_flush(struct eg_join_batch *batch);

#endif
