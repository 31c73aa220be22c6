/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filtering what is stored, through a read-only connection of its own: works while the daemon
 * writes, and sees what was committed when each call began.
 *
 * The filter is one fixed statement text per kind of call; what is not filtered by is NULL in it,
 * but for the id, which has a text of its own so that its index is used.
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/events.h"

#define COLUMNS                                                                              \
    "seq,id,topic,key,subject,received_us,correlation_id,traceparent,tracestate,attributes," \
    "payload"

#define CONDITIONS                                                                              \
    " (?2 IS NULL OR topic = ?2) AND (?3 IS NULL OR subject = ?3) AND (?4 IS NULL OR key = ?4)" \
    " AND (?5 = 0 OR received_us >= ?5) AND (?6 = 0 OR received_us < ?6) AND seq > ?7"

#define BY_ID "id = ?1 AND"
#define ALL   "?1 IS NULL AND"

#define NEWEST_FIRST " ORDER BY seq DESC LIMIT ?8"

/* The newest `limit` of the matches, oldest first; no limit: as they lie. */
static const char *const each_texts[2][2] = {
    {"SELECT " COLUMNS " FROM events WHERE " ALL CONDITIONS " ORDER BY seq",
     "SELECT * FROM (SELECT " COLUMNS " FROM events WHERE " ALL CONDITIONS NEWEST_FIRST
     ") ORDER BY seq"},
    {"SELECT " COLUMNS " FROM events WHERE " BY_ID CONDITIONS " ORDER BY seq",
     "SELECT * FROM (SELECT " COLUMNS " FROM events WHERE " BY_ID CONDITIONS NEWEST_FIRST
     ") ORDER BY seq"},
};

static const char *const count_texts[2] = {
    "SELECT count(*) FROM events WHERE " ALL CONDITIONS,
    "SELECT count(*) FROM events WHERE " BY_ID CONDITIONS,
};

struct eg_event_reader {
    struct eg_database database;
};

static int check_exists(const char *path, struct eg_error *err)
{
    struct stat status;
    if (stat(path, &status) == 0)
        return 0;
    return eg_error_set(err, EG_ERR_NOT_FOUND, "there is no database at '%s'", path);
}

static int check_table(struct eg_database *database, struct eg_error *err)
{
    int64_t tables;
    if (eg_database_query_int64(
            database, "SELECT count(*) FROM sqlite_master WHERE type='table' AND name='events'",
            &tables, err) != 0)
        return eg_error_prefix(err, "database '%s'", database->path);
    if (tables == 1)
        return 0;
    return eg_error_set(err, EG_ERR_NOT_FOUND, "database '%s' has no table 'events'",
                        database->path);
}

int eg_event_reader_open(const char *path, struct eg_event_reader **ret_reader,
                         struct eg_error *err)
{
    if (check_exists(path, err) != 0)
        return -1;
    struct eg_event_reader *reader = eg_calloc(1, sizeof(*reader));
    struct eg_database_options options = {.path = path, .read_only = true, .busy_timeout_ms = 5000};
    if (eg_database_open(&reader->database, &options, err) != 0 ||
        check_table(&reader->database, err) != 0) {
        eg_event_reader_close(reader);
        return -1;
    }
    *ret_reader = reader;
    return 0;
}

void eg_event_reader_close(struct eg_event_reader *reader)
{
    if (!reader)
        return;
    eg_database_close(&reader->database);
    free(reader);
}

static void bind_filter(sqlite3_stmt *statement, const struct eg_event_filter *filter, int *failure)
{
    const char *const texts[] = {filter->id, filter->topic, filter->subject, filter->key};
    const int64_t numbers[] = {filter->since_us, filter->until_us, filter->after_seq};
    int index = 1;
    for (size_t i = 0; i < EG_ARRAY_COUNT(texts); i++) /* a NULL text binds NULL */
        if (sqlite3_bind_text(statement, index++, texts[i], -1, SQLITE_STATIC) != SQLITE_OK)
            *failure = SQLITE_ERROR;
    for (size_t i = 0; i < EG_ARRAY_COUNT(numbers); i++)
        if (sqlite3_bind_int64(statement, index++, numbers[i]) != SQLITE_OK)
            *failure = SQLITE_ERROR;
    if (sqlite3_bind_parameter_count(statement) >= index &&
        sqlite3_bind_int64(statement, index, filter->limit) != SQLITE_OK)
        *failure = SQLITE_ERROR;
}

static int prepare(struct eg_event_reader *reader, const char *sql,
                   const struct eg_event_filter *filter, sqlite3_stmt **ret_statement,
                   struct eg_error *err)
{
    sqlite3_stmt *statement;
    if (eg_database_prepare(&reader->database, sql, &statement, err) != 0)
        return -1;
    int failure = SQLITE_OK;
    bind_filter(statement, filter, &failure);
    if (failure != SQLITE_OK) {
        (void)sqlite3_finalize(statement);
        return eg_error_set(err, EG_ERR_IO, "cannot bind the filter");
    }
    *ret_statement = statement;
    return 0;
}

static struct eg_span column(sqlite3_stmt *statement, int index)
{
    const void *bytes = sqlite3_column_blob(statement, index);
    int len = sqlite3_column_bytes(statement, index);
    return (struct eg_span){bytes ? bytes : "", bytes ? (size_t)len : 0};
}

static struct eg_stored_event read_row(sqlite3_stmt *statement)
{
    return (struct eg_stored_event){
        .seq = sqlite3_column_int64(statement, 0),
        .event = {.id = column(statement, 1),
                  .topic = column(statement, 2),
                  .key = column(statement, 3),
                  .subject = column(statement, 4),
                  .received_us = sqlite3_column_int64(statement, 5),
                  .correlation_id = column(statement, 6),
                  .traceparent = column(statement, 7),
                  .tracestate = column(statement, 8),
                  .payload = column(statement, 10)},
        .attributes = column(statement, 9),
    };
}

int eg_event_reader_each(struct eg_event_reader *reader, const struct eg_event_filter *filter,
                         bool (*each)(void *context, const struct eg_stored_event *stored),
                         void *context, struct eg_error *err)
{
    sqlite3_stmt *statement;
    const char *sql = each_texts[filter->id ? 1 : 0][filter->limit > 0 ? 1 : 0];
    if (prepare(reader, sql, filter, &statement, err) != 0)
        return -1;
    int step;
    bool more = true;
    while (more && (step = sqlite3_step(statement)) != SQLITE_DONE) {
        if (step != SQLITE_ROW) {
            int ret = eg_database_error(&reader->database, "cannot read events", err);
            (void)sqlite3_finalize(statement);
            return ret;
        }
        struct eg_stored_event stored = read_row(statement);
        more = each(context, &stored);
    }
    (void)sqlite3_finalize(statement);
    return 0;
}

int eg_event_reader_count(struct eg_event_reader *reader, const struct eg_event_filter *filter,
                          int64_t *ret_count, struct eg_error *err)
{
    sqlite3_stmt *statement;
    if (prepare(reader, count_texts[filter->id ? 1 : 0], filter, &statement, err) != 0)
        return -1;
    int ret = 0;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *ret_count = sqlite3_column_int64(statement, 0);
    else
        ret = eg_database_error(&reader->database, "cannot count events", err);
    (void)sqlite3_finalize(statement);
    return ret;
}

int eg_event_reader_check(struct eg_event_reader *reader, struct eg_error *err)
{
    int64_t seq;
    return eg_database_query_int64(&reader->database, "SELECT coalesce(max(seq), 0) FROM events",
                                   &seq, err);
}
