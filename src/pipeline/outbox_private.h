/* SPDX-License-Identifier: Apache-2.0 */
/* The outbox's insides, for outbox.c and outbox_sink.c only. */
#ifndef EG_PIPELINE_OUTBOX_PRIVATE_H
#define EG_PIPELINE_OUTBOX_PRIVATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/mutex.h"
#include "pipeline/delivery.h"
#include "pipeline/outbox.h"
#include "store/outbox.h"
#include "work/pool.h"

/* One delivery taken from the table; from claim until its verdict is written. */
struct eg_outbox_flight {
    struct eg_outbox_flight *next;
    struct eg_outbox *outbox;
    int64_t row;
    int64_t start_us;
    unsigned attempts; /* failed before this one */
    bool dead;         /* it is a dead letter already */
    bool has_dead_letter;
    bool abandoned; /* nothing is to be written: the next start takes the row up */
    struct eg_outbox_policy policy;
    struct eg_outbox_verdict verdict;
    char code[32];
    char reason[EG_ERROR_MESSAGE_BYTES];
};

struct eg_outbox {
    const struct eg_outbox_config *config;
    struct eg_pipeline *pipeline; /* borrowed: it owns this */
    struct eg_sink_common_config common;
    struct eg_outbox *self; /* what the sink gets as its configuration */
    struct eg_join_owner owner;
    struct eg_outbox_store *writer; /* the sink's worker */
    struct eg_outbox_store *reader; /* the thread's */
    struct eg_arena arena;          /* the thread's: what was claimed */
    struct eg_pool pool;
    _Atomic int64_t owed;               /* rows, as counted last */
    int64_t count_due_us;               /* the thread's, monotonic: when to count again */
    size_t in_flight;                   /* the thread's count of what is with sinks */
    struct eg_outbox_flight *unwritten; /* the thread's: verdicts that could not be written yet */
    struct eg_mutex writing; /* one of the two connections writes at a time; rank below `lock` */
    struct eg_mutex lock;    /* guards what follows */
    struct eg_cond changed;
    struct eg_outbox_flight *landed; /* with verdicts, to be written */
    bool woken;
    bool stop;
};

extern const struct eg_sink_type eg_outbox_sink_type;

/* ERROR_CODE of a dead letter. */
const char *eg_outbox_code(enum eg_delivery_result result);

int eg_outbox_open(const struct eg_outbox *outbox, bool recover, struct eg_outbox_store **ret_store,
                   struct eg_error *err) EG_MUST_CHECK;

#endif
