/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Appending groups of events, and deleting the oldest.
 *
 * One thread. The statements are prepared once and kept; values are bound without a copy (the
 * events outlive the call).
 *
 * Events are inserted ROWS at a time: a third of what SQLite does for a row is done once for a
 * statement. INSERT OR FAIL, because the undoing of one statement would need a journal of its own,
 * and we undo the transaction. When that was one event's fault, they are inserted again one by one:
 * an insert of one row that fails rolls back by itself, alone, unless SQLite has rolled back
 * everything (disk full, I/O): sqlite3_get_autocommit tells the two apart.
 */
#include <sqlite3.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "store/attributes.h"
#include "store/checkpointer.h"
#include "store/events.h"

static const char *const migrations[] = {
    "CREATE TABLE events("
    "  seq INTEGER PRIMARY KEY,"
    "  id TEXT NOT NULL,"
    "  topic TEXT NOT NULL,"
    "  key TEXT,"
    "  subject TEXT NOT NULL,"
    "  received_us INTEGER NOT NULL,"
    "  correlation_id TEXT NOT NULL,"
    "  traceparent TEXT NOT NULL,"
    "  tracestate TEXT,"
    "  attributes TEXT,"
    "  payload TEXT NOT NULL);"
    "CREATE INDEX events_id ON events(id)",
};

enum statement { BEGIN, COMMIT, ROLLBACK, INSERT, INSERT_ROWS, OLDEST, DELETE, STATEMENT_COUNT };

#define COLUMNS \
    "id,topic,key,subject,received_us,correlation_id,traceparent,tracestate,attributes,payload"
#define COLUMN_COUNT 10
#define ROW          "(?,?,?,?,?,?,?,?,?,?)"
#define ROWS         16
#define FOUR_ROWS    ROW "," ROW "," ROW "," ROW

static const char *const statement_texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT] = "INSERT INTO events(" COLUMNS ") VALUES" ROW,
    [INSERT_ROWS] = ("INSERT OR FAIL INTO events(" COLUMNS ") VALUES" FOUR_ROWS "," FOUR_ROWS
                     "," FOUR_ROWS "," FOUR_ROWS),
    /* Never the newest: its seq must not be given out again. */
    [OLDEST] = "SELECT seq, received_us FROM events WHERE seq < (SELECT max(seq) FROM events)"
               " ORDER BY seq LIMIT ?",
    [DELETE] = "DELETE FROM events WHERE seq <= ?",
};

struct eg_event_writer {
    struct eg_database database;
    struct eg_checkpointer *checkpointer;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct eg_buffer attributes[ROWS]; /* of the events being bound */
};

int eg_event_writer_open(const struct eg_database_options *options,
                         struct eg_event_writer **ret_writer, struct eg_error *err)
{
    struct eg_event_writer *writer = eg_calloc(1, sizeof(*writer));
    int ret = eg_database_open(&writer->database, options, err);
    if (ret == 0)
        ret = eg_database_migrate(&writer->database, migrations, EG_ARRAY_COUNT(migrations), err);
    for (unsigned i = 0; ret == 0 && i < STATEMENT_COUNT; i++)
        ret =
            eg_database_prepare(&writer->database, statement_texts[i], &writer->statements[i], err);
    if (ret == 0)
        ret = eg_checkpointer_start(&writer->database, options, &writer->checkpointer, err);
    if (ret != 0) {
        eg_event_writer_close(writer);
        return -1;
    }
    *ret_writer = writer;
    return 0;
}

void eg_event_writer_close(struct eg_event_writer *writer)
{
    if (!writer)
        return;
    eg_checkpointer_stop(writer->checkpointer);
    for (unsigned i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(writer->statements[i]); /* repeats an error that was reported */
    eg_database_close(&writer->database);
    for (unsigned row = 0; row < ROWS; row++)
        eg_buffer_fini(&writer->attributes[row]);
    free(writer);
}

static int run(struct eg_event_writer *writer, enum statement which, const char *doing,
               struct eg_error *err)
{
    int step = sqlite3_step(writer->statements[which]);
    int ret = step == SQLITE_DONE ? 0 : eg_database_error(&writer->database, doing, err);
    (void)sqlite3_reset(writer->statements[which]); /* repeats what step said */
    return ret;
}

static void bind_text(sqlite3_stmt *statement, int index, struct eg_span text, int *failure)
{
    int ret = text.ptr ? sqlite3_bind_text64(statement, index, text.ptr, text.len, SQLITE_STATIC,
                                             SQLITE_UTF8)
                       : sqlite3_bind_text(statement, index, "", 0, SQLITE_STATIC);
    if (ret != SQLITE_OK)
        *failure = ret;
}

static void bind_optional(sqlite3_stmt *statement, int index, struct eg_span text, int *failure)
{
    if (text.len > 0)
        bind_text(statement, index, text, failure);
    else if (sqlite3_bind_null(statement, index) != SQLITE_OK)
        *failure = SQLITE_ERROR;
}

static int bind_event(struct eg_event_writer *writer, sqlite3_stmt *statement, unsigned row,
                      const struct eg_event *event, struct eg_error *err)
{
    struct eg_buffer *attributes = &writer->attributes[row];
    int at = (int)row * COLUMN_COUNT;
    int failure = SQLITE_OK;
    bind_text(statement, at + 1, event->id, &failure);
    bind_text(statement, at + 2, event->topic, &failure);
    bind_optional(statement, at + 3, event->key, &failure);
    bind_text(statement, at + 4, event->subject, &failure);
    if (sqlite3_bind_int64(statement, at + 5, event->received_us) != SQLITE_OK)
        failure = SQLITE_ERROR;
    bind_text(statement, at + 6, event->correlation_id, &failure);
    bind_text(statement, at + 7, event->traceparent, &failure);
    bind_optional(statement, at + 8, event->tracestate, &failure);
    eg_attributes_write(attributes, event->attributes, event->attribute_count);
    bind_optional(statement, at + 9, eg_buffer_span(attributes), &failure);
    bind_text(statement, at + 10, event->payload, &failure);
    return failure == SQLITE_OK
               ? 0
               : eg_database_error(&writer->database, "cannot store the event", err);
}

static int insert(struct eg_event_writer *writer, const struct eg_event *event,
                  struct eg_error *err)
{
    if (bind_event(writer, writer->statements[INSERT], 0, event, err) != 0)
        return -1;
    return run(writer, INSERT, "cannot store the event", err);
}

static int insert_rows(struct eg_event_writer *writer, const struct eg_event *const *events,
                       struct eg_error *err)
{
    for (unsigned row = 0; row < ROWS; row++)
        if (bind_event(writer, writer->statements[INSERT_ROWS], row, events[row], err) != 0)
            return -1;
    return run(writer, INSERT_ROWS, "cannot store the events", err);
}

/* True when the failure belongs to one event and the transaction goes on. */
static bool is_an_events_fault(struct eg_event_writer *writer, const struct eg_error *err)
{
    return !err->retriable && sqlite3_get_autocommit(writer->database.handle) == 0 &&
           (sqlite3_errcode(writer->database.handle) == SQLITE_TOOBIG ||
            sqlite3_errcode(writer->database.handle) == SQLITE_CONSTRAINT);
}

static void roll_back(struct eg_event_writer *writer)
{
    if (sqlite3_get_autocommit(writer->database.handle) == 0)
        (void)run(writer, ROLLBACK, "cannot roll back", NULL); /* the first failure is reported */
}

/* Puts all events into the open transaction, with a result for each. */
typedef int insert_fn(struct eg_event_writer *writer, const struct eg_event *const *events,
                      size_t count, enum eg_append_result *ret_results, struct eg_error *err);

static int insert_together(struct eg_event_writer *writer, const struct eg_event *const *events,
                           size_t count, enum eg_append_result *ret_results, struct eg_error *err)
{
    size_t at = 0;
    for (; count - at >= ROWS; at += ROWS)
        if (insert_rows(writer, events + at, err) != 0)
            return -1;
    for (; at < count; at++)
        if (insert(writer, events[at], err) != 0)
            return -1;
    for (size_t i = 0; i < count; i++)
        ret_results[i] = EG_APPEND_COMMITTED;
    return 0;
}

static int insert_each(struct eg_event_writer *writer, const struct eg_event *const *events,
                       size_t count, enum eg_append_result *ret_results, struct eg_error *err)
{
    for (size_t i = 0; i < count; i++) {
        ret_results[i] = EG_APPEND_COMMITTED;
        if (EG_LIKELY(insert(writer, events[i], err) == 0))
            continue;
        if (!is_an_events_fault(writer, err))
            return -1;
        ret_results[i] = EG_APPEND_REJECTED;
    }
    return 0;
}

/* -1: none is stored; ret_one: for one event alone, which must not keep the others out. */
static int store(struct eg_event_writer *writer, insert_fn *insert_all,
                 const struct eg_event *const *events, size_t count,
                 enum eg_append_result *ret_results, bool *ret_one, struct eg_error *err)
{
    *ret_one = false;
    if (run(writer, BEGIN, "cannot begin", err) != 0)
        return -1;
    if (insert_all(writer, events, count, ret_results, err) != 0)
        *ret_one = is_an_events_fault(writer, err);
    else if (run(writer, COMMIT, "cannot commit", err) == 0)
        return 0;
    roll_back(writer);
    return -1;
}

int eg_event_writer_append(struct eg_event_writer *writer, const struct eg_event *const *events,
                           size_t count, enum eg_append_result *ret_results, struct eg_error *err)
{
    struct eg_error failure = {.message = ""};
    bool one;
    int ret = store(writer, insert_together, events, count, ret_results, &one, &failure);
    if (one) {
        failure.message[0] = '\0';
        ret = store(writer, insert_each, events, count, ret_results, &one, &failure);
    }
    if (err && failure.message[0] != '\0')
        *err = failure;
    return ret;
}

int eg_event_writer_limit_bytes(struct eg_event_writer *writer, int64_t max_bytes,
                                struct eg_error *err)
{
    int64_t page_bytes;
    if (eg_database_query_int64(&writer->database, "PRAGMA page_size", &page_bytes, err) != 0)
        return -1;
    char sql[64];
    (void)sqlite3_snprintf(sizeof(sql), sql, "PRAGMA max_page_count=%lld",
                           (long long)(max_bytes / page_bytes) + 1);
    return eg_database_exec(&writer->database, sql, err);
}

/* The last of the `limit` oldest that is received before `cutoff_us`; stops at the first newer. */
static int find_expired(struct eg_event_writer *writer, int64_t cutoff_us, int64_t surplus,
                        size_t limit, int64_t *ret_seq, size_t *ret_count, struct eg_error *err)
{
    sqlite3_stmt *statement = writer->statements[OLDEST];
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)limit); /* fails only without memory */
    size_t count = 0;
    int step;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        if (sqlite3_column_int64(statement, 1) >= cutoff_us && (int64_t)count >= surplus)
            break;
        *ret_seq = sqlite3_column_int64(statement, 0);
        count++;
    }
    int ret = step == SQLITE_ROW || step == SQLITE_DONE
                  ? 0
                  : eg_database_error(&writer->database, "cannot read the oldest events", err);
    (void)sqlite3_reset(statement); /* repeats what step said */
    *ret_count = count;
    return ret;
}

/* How many more there are than the retention allows, by the sequence: no counting of a big table.
 */
static int find_surplus(struct eg_event_writer *writer, int64_t max_events, int64_t *ret_surplus,
                        struct eg_error *err)
{
    *ret_surplus = 0;
    if (max_events == 0)
        return 0;
    int64_t span;
    if (eg_database_query_int64(&writer->database,
                                "SELECT coalesce((SELECT max(seq) FROM events) - "
                                "(SELECT min(seq) FROM events) + 1, 0)",
                                &span, err) != 0)
        return -1;
    *ret_surplus = span > max_events ? span - max_events : 0;
    return 0;
}

int eg_event_writer_prune(struct eg_event_writer *writer, const struct eg_retention *retention,
                          int64_t now_wall_us, size_t chunk, size_t *ret_deleted,
                          struct eg_error *err)
{
    int64_t cutoff_us =
        retention->max_age_ms > 0 ? now_wall_us - retention->max_age_ms * 1000 : INT64_MIN;
    int64_t surplus;
    int64_t last_seq = 0;
    size_t expired = 0;
    if (find_surplus(writer, retention->max_events, &surplus, err) != 0 ||
        find_expired(writer, cutoff_us, surplus, chunk, &last_seq, &expired, err) != 0)
        return -1;
    if (expired > 0) {
        (void)sqlite3_bind_int64(writer->statements[DELETE], 1, last_seq);
        if (run(writer, DELETE, "cannot delete old events", err) != 0)
            return -1;
    }
    *ret_deleted = expired;
    return 0;
}
