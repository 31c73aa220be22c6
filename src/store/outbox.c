/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding, claiming and finishing rows, each in one transaction.
 *
 * One thread per store. Statements are prepared once; values are bound without a copy, for the rows
 * outlive the call.
 */
#include "store/outbox.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "store/outbox_row.h"

static const char *const migrations[] = {
    "CREATE TABLE outbox("
    "  id INTEGER PRIMARY KEY,"
    "  state INTEGER NOT NULL,"
    "  after INTEGER NOT NULL,"
    "  due_us INTEGER NOT NULL,"
    "  start_us INTEGER NOT NULL,"
    "  attempts INTEGER NOT NULL,"
    "  max_attempts INTEGER NOT NULL,"
    "  max_age_ms INTEGER NOT NULL,"
    "  backoff_ms INTEGER NOT NULL,"
    "  max_backoff_ms INTEGER NOT NULL,"
    "  attempt_ms INTEGER NOT NULL,"
    "  sink TEXT NOT NULL,"
    "  dead_letter TEXT,"
    "  rule_arn TEXT,"
    "  target_arn TEXT,"
    "  dead INTEGER NOT NULL,"
    "  error_code TEXT,"
    "  error_message TEXT,"
    "  condition TEXT,"
    "  failed_attempts INTEGER,"
    "  event_id TEXT NOT NULL,"
    "  topic TEXT NOT NULL,"
    "  key TEXT,"
    "  payload TEXT NOT NULL,"
    "  envelope TEXT,"
    "  subject TEXT,"
    "  correlation_id TEXT,"
    "  traceparent TEXT,"
    "  tracestate TEXT,"
    "  attributes TEXT,"
    "  received_us INTEGER NOT NULL);"
    "CREATE INDEX outbox_due ON outbox(state, due_us);"
    "CREATE INDEX outbox_after ON outbox(after) WHERE after <> 0",
};

enum statement {
    BEGIN,
    COMMIT,
    ROLLBACK,
    INSERT,
    CLAIM,
    DELETE,
    RELEASE,
    AGAIN,
    BURY,
    FOLLOWERS,
    NEXT_DUE,
    STATEMENT_COUNT
};

static const char *const statement_texts[STATEMENT_COUNT] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [INSERT] = "INSERT INTO outbox(" EG_OUTBOX_COLUMNS ",state) VALUES("
               "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
    [CLAIM] = "UPDATE outbox SET state = 1 WHERE id IN (SELECT id FROM outbox WHERE state = 0 AND"
              " due_us <= ? ORDER BY due_us LIMIT ?) RETURNING " EG_OUTBOX_COLUMNS,
    [DELETE] = "DELETE FROM outbox WHERE id = ?",
    [RELEASE] = "UPDATE outbox SET state = 0, after = 0, due_us = max(due_us, ?2),"
                " start_us = max(start_us, ?2) WHERE after = ?1",
    [AGAIN] = "UPDATE outbox SET state = 0, due_us = ?2, attempts = ?3 WHERE id = ?1",
    /* No row when it can't be buried: then it is deleted. */
    [BURY] = "UPDATE outbox SET state = 0, after = 0, due_us = ?2, start_us = ?2, attempts = 0,"
             " failed_attempts = ?3, error_code = ?4, error_message = ?5, condition = ?6, dead = 1,"
             " sink = dead_letter, dead_letter = NULL"
             " WHERE id = ?1 AND dead = 0 AND dead_letter IS NOT NULL RETURNING id",
    [FOLLOWERS] = "SELECT id FROM outbox WHERE after = ? LIMIT 1",
    [NEXT_DUE] = "SELECT due_us FROM outbox WHERE state = 0 ORDER BY due_us LIMIT 1",
};

static const char *const recovery =
    "UPDATE outbox SET state = 0 WHERE state = 1;"
    "DELETE FROM outbox WHERE after <> 0 AND after NOT IN (SELECT id FROM outbox);";

struct eg_outbox_store {
    struct eg_database database;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct eg_buffer attributes; /* of the event being bound */
};

int eg_outbox_store_open(const struct eg_database_options *options, bool recover,
                         struct eg_outbox_store **ret_store, struct eg_error *err)
{
    struct eg_outbox_store *store = eg_calloc(1, sizeof(*store));
    int ret = eg_database_open(&store->database, options, err);
    if (ret == 0)
        ret = eg_database_migrate(&store->database, migrations, EG_ARRAY_COUNT(migrations), err);
    if (ret == 0 && recover)
        ret = eg_database_exec(&store->database, recovery, err);
    for (unsigned i = 0; ret == 0 && i < STATEMENT_COUNT; i++)
        ret = eg_database_prepare(&store->database, statement_texts[i], &store->statements[i], err);
    if (ret != 0) {
        eg_outbox_store_close(store);
        return -1;
    }
    *ret_store = store;
    return 0;
}

void eg_outbox_store_close(struct eg_outbox_store *store)
{
    if (!store)
        return;
    for (unsigned i = 0; i < STATEMENT_COUNT; i++)
        (void)sqlite3_finalize(store->statements[i]); /* repeats an error that was reported */
    eg_database_close(&store->database);
    eg_buffer_fini(&store->attributes);
    free(store);
}

/* --- statements */

static int run(struct eg_outbox_store *store, enum statement which, const char *doing,
               struct eg_error *err)
{
    int step = sqlite3_step(store->statements[which]);
    int ret = step == SQLITE_DONE ? 0 : eg_database_error(&store->database, doing, err);
    (void)sqlite3_reset(store->statements[which]); /* repeats what step said */
    return ret;
}

static void roll_back(struct eg_outbox_store *store)
{
    if (sqlite3_get_autocommit(store->database.handle) == 0)
        (void)run(store, ROLLBACK, "cannot roll back", NULL); /* the first failure is reported */
}

/* --- adding */

static int insert(struct eg_outbox_store *store, const struct eg_outbox_row *row,
                  struct eg_error *err)
{
    sqlite3_stmt *statement = store->statements[INSERT];
    int failure = SQLITE_OK;
    eg_outbox_bind_row(statement, row, &store->attributes, &failure);
    if (failure != SQLITE_OK)
        return eg_database_error(&store->database, "cannot store the delivery", err);
    return run(store, INSERT, "cannot store the delivery", err);
}

int eg_outbox_store_add(struct eg_outbox_store *store, const struct eg_outbox_row *rows,
                        size_t count, struct eg_error *err)
{
    if (run(store, BEGIN, "cannot begin", err) != 0)
        return -1;
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = insert(store, &rows[i], err);
    if (ret == 0)
        ret = run(store, COMMIT, "cannot commit", err);
    if (ret != 0)
        roll_back(store);
    return ret;
}

/* --- claiming */

int eg_outbox_store_claim(struct eg_outbox_store *store, int64_t now_us, size_t limit,
                          struct eg_arena *arena,
                          void (*each)(void *context, const struct eg_outbox_row *row),
                          void *context, struct eg_error *err)
{
    sqlite3_stmt *statement = store->statements[CLAIM];
    int failure = SQLITE_OK;
    eg_outbox_bind_number(statement, 1, now_us, &failure);
    eg_outbox_bind_number(statement, 2, (int64_t)limit, &failure);
    int ret = 0;
    int step = failure == SQLITE_OK ? SQLITE_ROW : SQLITE_ERROR;
    while (ret == 0 && step == SQLITE_ROW && (step = sqlite3_step(statement)) == SQLITE_ROW) {
        struct eg_outbox_row row;
        ret = eg_outbox_read_row(statement, arena, &row, err);
        if (ret == 0)
            each(context, &row);
    }
    if (ret == 0 && step != SQLITE_DONE)
        ret = eg_database_error(&store->database, "cannot claim deliveries", err);
    (void)sqlite3_reset(statement); /* repeats what step said */
    return ret;
}

/* --- finishing */

static int run_with_id(struct eg_outbox_store *store, enum statement which, int64_t id,
                       int64_t value, struct eg_error *err)
{
    int failure = SQLITE_OK;
    eg_outbox_bind_number(store->statements[which], 1, id, &failure);
    if (which != DELETE)
        eg_outbox_bind_number(store->statements[which], 2, value, &failure);
    if (failure != SQLITE_OK)
        return eg_database_error(&store->database, "cannot bind", err);
    return run(store, which, "cannot finish a delivery", err);
}

static int try_again(struct eg_outbox_store *store, const struct eg_outbox_verdict *verdict,
                     struct eg_error *err)
{
    int failure = SQLITE_OK;
    eg_outbox_bind_number(store->statements[AGAIN], 3, verdict->attempts, &failure);
    if (failure != SQLITE_OK)
        return eg_database_error(&store->database, "cannot bind", err);
    return run_with_id(store, AGAIN, verdict->id, verdict->due_us, err);
}

/* The row becomes a dead letter, or goes. */
static int bury_one(struct eg_outbox_store *store, const struct eg_outbox_verdict *verdict,
                    int64_t now_us, struct eg_error *err)
{
    sqlite3_stmt *statement = store->statements[BURY];
    int failure = SQLITE_OK;
    eg_outbox_bind_number(statement, 1, verdict->id, &failure);
    eg_outbox_bind_number(statement, 2, now_us, &failure);
    eg_outbox_bind_number(statement, 3, verdict->attempts, &failure);
    eg_outbox_bind_text(statement, 4, eg_span_text(verdict->code), &failure);
    eg_outbox_bind_text(statement, 5, eg_span_text(verdict->reason), &failure);
    eg_outbox_bind_text(statement, 6, eg_span_text(verdict->condition), &failure);
    int step = failure == SQLITE_OK ? sqlite3_step(statement) : SQLITE_ERROR;
    int ret = step == SQLITE_ROW || step == SQLITE_DONE
                  ? 0
                  : eg_database_error(&store->database, "cannot finish a delivery", err);
    (void)sqlite3_reset(statement); /* repeats what step said */
    if (ret == 0 && step == SQLITE_DONE)
        ret = run_with_id(store, DELETE, verdict->id, 0, err);
    return ret;
}

/* A row that waits for `id`; 0: none. */
static int find_follower(struct eg_outbox_store *store, int64_t id, int64_t *ret_id,
                         struct eg_error *err)
{
    sqlite3_stmt *statement = store->statements[FOLLOWERS];
    int failure = SQLITE_OK;
    eg_outbox_bind_number(statement, 1, id, &failure);
    int step = failure == SQLITE_OK ? sqlite3_step(statement) : SQLITE_ERROR;
    if (step == SQLITE_ROW)
        *ret_id = sqlite3_column_int64(statement, 0);
    else
        *ret_id = 0;
    int ret = step == SQLITE_ROW || step == SQLITE_DONE
                  ? 0
                  : eg_database_error(&store->database, "cannot read the deliveries", err);
    (void)sqlite3_reset(statement); /* repeats what step said */
    return ret;
}

/* Those that wait go first: burying one ends its waiting. Chains are as long as a rule's targets.
 */
static int bury(struct eg_outbox_store *store, const struct eg_outbox_verdict *verdict,
                int64_t now_us, struct eg_error *err)
{
    int64_t follower;
    int ret;
    while ((ret = find_follower(store, verdict->id, &follower, err)) == 0 && follower != 0) {
        struct eg_outbox_verdict its = *verdict;
        its.id = follower;
        its.attempts = 0;
        its.condition = "";
        if (bury(store, &its, now_us, err) != 0)
            return -1;
    }
    return ret == 0 ? bury_one(store, verdict, now_us, err) : -1;
}

static int finish_one(struct eg_outbox_store *store, const struct eg_outbox_verdict *verdict,
                      int64_t now_us, struct eg_error *err)
{
    switch (verdict->end) {
    case EG_OUTBOX_DELIVERED:
        if (run_with_id(store, RELEASE, verdict->id, now_us, err) != 0)
            return -1;
        return run_with_id(store, DELETE, verdict->id, 0, err);
    case EG_OUTBOX_AGAIN:
        return try_again(store, verdict, err);
    case EG_OUTBOX_DEAD:
        return bury(store, verdict, now_us, err);
    }
    return eg_error_set(err, EG_ERR_INTERNAL, "a verdict that does not exist");
}

int eg_outbox_store_finish(struct eg_outbox_store *store, const struct eg_outbox_verdict *verdicts,
                           size_t count, int64_t now_us, struct eg_error *err)
{
    if (run(store, BEGIN, "cannot begin", err) != 0)
        return -1;
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < count; i++)
        ret = finish_one(store, &verdicts[i], now_us, err);
    if (ret == 0)
        ret = run(store, COMMIT, "cannot commit", err);
    if (ret != 0)
        roll_back(store);
    return ret;
}

int eg_outbox_store_next_due(struct eg_outbox_store *store, int64_t *ret_due_us,
                             struct eg_error *err)
{
    sqlite3_stmt *statement = store->statements[NEXT_DUE];
    int step = sqlite3_step(statement);
    int64_t due_us = step == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : INT64_MAX;
    int ret = step == SQLITE_ROW || step == SQLITE_DONE
                  ? 0
                  : eg_database_error(&store->database, "cannot read the deliveries", err);
    (void)sqlite3_reset(statement); /* repeats what step said */
    if (ret == 0)
        *ret_due_us = due_us;
    return ret;
}

int eg_outbox_store_count(struct eg_outbox_store *store, int64_t *ret_count, struct eg_error *err)
{
    return eg_database_query_int64(&store->database, "SELECT count(*) FROM outbox", ret_count, err);
}
