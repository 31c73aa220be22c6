/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of accepted events: one writer that commits groups, and readers that filter.
 *
 *     events(seq, id, topic, key, subject, received_us, correlation_id, traceparent, tracestate,
 *            attributes, payload)
 *
 * seq is the order of commit. There is one index, on id: every further one costs each insert more
 * than a microsecond, and whoever looks by time or topic can read the table in order.
 *
 * Writer: one thread, and one of its own that copies the log (checkpointer.h). Readers: any number,
 * each its own, in this or another process.
 */
#ifndef EG_STORE_EVENTS_H
#define EG_STORE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/event.h"
#include "store/database.h"

struct eg_event_writer;

/* Opens the database and brings the table up to date. */
int eg_event_writer_open(const struct eg_database_options *options,
                         struct eg_event_writer **ret_writer, struct eg_error *err) EG_MUST_CHECK;
void eg_event_writer_close(struct eg_event_writer *writer); /* NULL is fine */

enum eg_append_result {
    EG_APPEND_COMMITTED,
    EG_APPEND_REJECTED, /* this event does not fit the table (size, constraint) */
};

/*
 * Stores the events in one transaction. 0: committed, with a result for each; when one is rejected
 * the others are stored all the same, and `err` holds the reason of the last rejected one.
 * -1: none is stored; err->retriable says whether it may work later.
 */
int eg_event_writer_append(struct eg_event_writer *writer, const struct eg_event *const *events,
                           size_t count, enum eg_append_result *ret_results, struct eg_error *err);

/* The file never grows beyond this (but what it has, it keeps): then append fails as with a full
 * disk. */
int eg_event_writer_limit_bytes(struct eg_event_writer *writer, int64_t max_bytes,
                                struct eg_error *err);

struct eg_retention {
    int64_t max_age_ms; /* 0: no limit */
    int64_t max_events; /* 0: no limit */
};

/*
 * Deletes at most `chunk` of the oldest events that the retention no longer covers. ret_deleted ==
 * chunk: there may be more. The freed space is used again by later events.
 */
int eg_event_writer_prune(struct eg_event_writer *writer, const struct eg_retention *retention,
                          int64_t now_wall_us, size_t chunk, size_t *ret_deleted,
                          struct eg_error *err);

struct eg_event_filter {
    const char *topic; /* NULL: any; the same below */
    const char *id;
    const char *subject;
    const char *key;
    int64_t since_us;  /* received at or after; 0: no limit */
    int64_t until_us;  /* received before; 0: no limit */
    int64_t after_seq; /* only later ones; 0: all */
    int64_t limit;     /* of these the newest; 0: all */
};

struct eg_stored_event {
    int64_t seq;
    struct eg_event event;     /* without attributes */
    struct eg_span attributes; /* JSON object text; empty: none */
};

struct eg_event_reader;

/* Opens an existing database for reading. EG_ERR_NOT_FOUND: no such file, or no such table. */
int eg_event_reader_open(const char *path, struct eg_event_reader **ret_reader,
                         struct eg_error *err) EG_MUST_CHECK;
void eg_event_reader_close(struct eg_event_reader *reader); /* NULL is fine */

/* Calls back for each match, oldest first; the event lives during the call. A false return ends the
 * reading. */
int eg_event_reader_each(struct eg_event_reader *reader, const struct eg_event_filter *filter,
                         bool (*each)(void *context, const struct eg_stored_event *stored),
                         void *context, struct eg_error *err);

int eg_event_reader_count(struct eg_event_reader *reader, const struct eg_event_filter *filter,
                          int64_t *ret_count, struct eg_error *err);

/* True to the word: one row is read. For the health of the store. */
int eg_event_reader_check(struct eg_event_reader *reader, struct eg_error *err);

#endif
