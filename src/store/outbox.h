/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of deliveries that are owed: what a caller was told to be on its way, what is to be
 * delivered later, and dead letters on their way to their sink.
 *
 *     outbox(id, state, due_us, start_us, after, attempts, max_attempts, max_age_ms, backoff_ms,
 *            max_backoff_ms, attempt_ms, sink, dead_letter, rule_arn, target_arn, dead, error_code,
 *            error_message, condition, failed_attempts, and the event's columns)
 *
 * A row is ready (to be delivered when due), claimed (being delivered), or waiting for another row
 * to be delivered first. What was claimed when the program ended is ready again when the table is
 * opened: a delivery happens at least once.
 *
 * A store is one connection: one thread at a time. Two stores may be open on one file; their
 * writers exclude each other by SQLite's lock.
 */
#ifndef EG_STORE_OUTBOX_H
#define EG_STORE_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "store/database.h"

struct eg_outbox_store;

/* How long and how often a delivery is tried, and how long to wait between. */
struct eg_outbox_policy {
    int64_t max_attempts; /* retries after the first attempt; 0: none */
    int64_t max_age_ms;   /* since the row was due first */
    int64_t backoff_ms;
    int64_t max_backoff_ms;
    int64_t attempt_ms; /* how long one attempt may take; 0: as long as any */
};

struct eg_outbox_row {
    int64_t id;        /* given by who adds it; unique, above 0 */
    int64_t after;     /* the row that must be delivered first; 0: none */
    int64_t due_us;    /* wall clock */
    int64_t start_us;  /* when it was due first: its age counts from here */
    unsigned attempts; /* made and failed */
    struct eg_outbox_policy policy;
    struct eg_span sink;        /* its name */
    struct eg_span dead_letter; /* the sink that gets what can't be delivered; empty: none */
    struct eg_span rule_arn;
    struct eg_span target_arn;
    struct eg_event event; /* failure is set when the row is a dead letter */
};

/* Opens the file, brings the table up to date. `recover`: claimed rows become ready, and rows that
 * wait for one that is not there are dropped; for the one that opens it first. */
int eg_outbox_store_open(const struct eg_database_options *options, bool recover,
                         struct eg_outbox_store **ret_store, struct eg_error *err) EG_MUST_CHECK;
void eg_outbox_store_close(struct eg_outbox_store *store); /* NULL is fine */

/* Adds all rows in one transaction: 0, all are committed; -1, none is. */
int eg_outbox_store_add(struct eg_outbox_store *store, const struct eg_outbox_row *rows,
                        size_t count, struct eg_error *err) EG_MUST_CHECK;

/*
 * Claims at most `limit` rows that are due, oldest first, and calls back for each; what the row
 * points to lives until the arena is reset.
 */
int eg_outbox_store_claim(struct eg_outbox_store *store, int64_t now_us, size_t limit,
                          struct eg_arena *arena,
                          void (*each)(void *context, const struct eg_outbox_row *row),
                          void *context, struct eg_error *err) EG_MUST_CHECK;

enum eg_outbox_end {
    EG_OUTBOX_DELIVERED, /* the row goes; those after it may start */
    EG_OUTBOX_AGAIN,     /* ready again, due then */
    EG_OUTBOX_DEAD,      /* to its dead letter, and with it all that waited for it; without one, or
                            when it is a dead letter itself, it goes */
};

struct eg_outbox_verdict {
    int64_t id;
    enum eg_outbox_end end;
    int64_t due_us;        /* AGAIN */
    unsigned attempts;     /* AGAIN, DEAD */
    const char *code;      /* DEAD: ERROR_CODE */
    const char *reason;    /* DEAD: ERROR_MESSAGE */
    const char *condition; /* DEAD: EXHAUSTED_RETRY_CONDITION, or "" */
};

/* Writes all verdicts in one transaction. */
int eg_outbox_store_finish(struct eg_outbox_store *store, const struct eg_outbox_verdict *verdicts,
                           size_t count, int64_t now_us, struct eg_error *err) EG_MUST_CHECK;

/* When the next ready row is due; INT64_MAX: there is none. */
int eg_outbox_store_next_due(struct eg_outbox_store *store, int64_t *ret_due_us,
                             struct eg_error *err) EG_MUST_CHECK;

/* How many rows there are. */
int eg_outbox_store_count(struct eg_outbox_store *store, int64_t *ret_count,
                          struct eg_error *err) EG_MUST_CHECK;

#endif
