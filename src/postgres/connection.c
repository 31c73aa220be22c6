/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libpq in its non-blocking mode: what is to be sent and what comes in move together in `await`,
 * so that neither side can wait for the other with full buffers, and no wait is without an end.
 *
 * A connection is `lost` once anything happened after which its state is not known; nothing is sent
 * on it again.
 */
#include "postgres/connection.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define LOST_TEXT     "the connection to the database was lost"
#define STOP_CHECK_MS 200
#define IDLE_MS       100 /* heard of a moment ago: the socket need not be looked at */

struct eg_postgres_connection {
    PGconn *raw;
    bool lost;
    size_t unread;           /* transactions whose outcome was not read */
    int64_t heard_ms;        /* when the server last said something */
    const atomic_bool *stop; /* NULL: nobody can ask for it */
};

/* --- errors */

struct sqlstate_rule {
    const char *prefix; /* a class, or a whole code; the first that fits counts */
    bool retriable;
    bool drop; /* and nothing more is wanted from this session */
};

static const struct sqlstate_rule sqlstate_rules[] = {
    {"08", true, true},     /* connection */
    {"25006", true, true},  /* read only: a standby since the failover */
    {"25P02", true, true},  /* left in a failed transaction */
    {"26000", true, true},  /* our prepared statement is gone */
    {"28", true, true},     /* credentials: they may have been rotated */
    {"40", true, false},    /* serialization, deadlock */
    {"53", true, false},    /* disk full, out of memory, too many connections */
    {"55P03", true, false}, /* lock timeout */
    {"57014", true, false}, /* statement timeout */
    {"57", true, true},     /* shutdown, crash, cannot connect now */
    {"58", true, false},    /* I/O */
    {"XX", true, true},     /* internal */
};

static const struct sqlstate_rule *find_rule(const char *sqlstate)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(sqlstate_rules); i++)
        if (strncmp(sqlstate, sqlstate_rules[i].prefix, strlen(sqlstate_rules[i].prefix)) == 0)
            return &sqlstate_rules[i];
    return NULL;
}

bool eg_postgres_sqlstate_is_retriable(const char *sqlstate)
{
    const struct sqlstate_rule *rule = find_rule(sqlstate);
    return sqlstate[0] == '\0' || (rule && rule->retriable);
}

static int fail_lost(struct eg_postgres_connection *connection, struct eg_error *err)
{
    connection->lost = true;
    return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, LOST_TEXT);
}

static int fail_result(struct eg_postgres_connection *connection, const PGresult *result,
                       struct eg_error *err)
{
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    if (!sqlstate || !message)
        return fail_lost(connection, err);
    const struct sqlstate_rule *rule = find_rule(sqlstate);
    if (rule && rule->drop)
        connection->lost = true;
    if (rule && rule->retriable)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "%s (SQLSTATE %s)", message,
                                      sqlstate);
    return eg_error_set(err, EG_ERR_INVALID, "%s (SQLSTATE %s)", message, sqlstate);
}

/*
 * libpq's sentence about a failed connect names host and address before the reason; with several
 * hosts there is a line for each. The last reason is kept.
 */
static int fail_connect(const PGconn *raw, struct eg_error *err)
{
    const char *text = PQerrorMessage(raw);
    const char *reason = text;
    for (const char *at = text; (at = strstr(at, "failed: ")) != NULL; reason = at)
        at += strlen("failed: ");
    return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "cannot connect to the database: %.*s",
                                  (int)strcspn(reason, "\n"), reason);
}

/* --- opening */

static void add_default(struct eg_postgres_parameters *parameters, const char *name,
                        const char *value)
{
    for (size_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->names[i], name) == 0)
            return;
    eg_postgres_parameters_add(parameters, name, value);
}

/* The session's settings join an `options` that was given. */
static void add_options(struct eg_postgres_parameters *parameters,
                        const struct eg_postgres_session *session)
{
    EG_AUTOBUFFER struct eg_buffer options = EG_BUFFER_INIT;
    for (size_t i = 0; i < parameters->count; i++)
        if (strcmp(parameters->names[i], "options") == 0)
            eg_buffer_printf(&options, "%s ", parameters->values[i]);
    if (session->statement_timeout_ms)
        eg_buffer_printf(&options, "-c statement_timeout=%lld ",
                         (long long)session->statement_timeout_ms);
    if (session->lock_timeout_ms)
        eg_buffer_printf(&options, "-c lock_timeout=%lld ", (long long)session->lock_timeout_ms);
    if (session->read_only)
        eg_buffer_append_text(&options, "-c default_transaction_read_only=on ");
    if (options.len)
        eg_postgres_parameters_add(parameters, "options", options.data);
}

static void ignore_notice(void *context, const PGresult *result)
{
    (void)context;
    (void)result;
}

/* *ret_refused: a password was asked for and did not open the door, as far as one can tell. */
static int connect_with(const struct eg_postgres_parameters *parameters,
                        struct eg_postgres_connection **ret_connection, bool *ret_refused,
                        struct eg_error *err)
{
    PGconn *raw = PQconnectdbParams((const char *const *)parameters->names,
                                    (const char *const *)parameters->values, 1);
    if (!raw)
        return eg_error_set_retriable(err, EG_ERR_INTERNAL, "no memory for a connection");
    if (PQstatus(raw) != CONNECTION_OK || PQsetnonblocking(raw, 1) != 0) {
        *ret_refused = PQconnectionUsedPassword(raw) || PQconnectionNeedsPassword(raw);
        (void)fail_connect(raw, err);
        PQfinish(raw);
        return -1;
    }
    (void)PQsetNoticeReceiver(raw, ignore_notice, NULL);
    struct eg_postgres_connection *connection = eg_calloc(1, sizeof(*connection));
    connection->raw = raw;
    *ret_connection = connection;
    return 0;
}

static int open_once(const struct eg_postgres_provider *provider, bool fresh,
                     const struct eg_postgres_session *session,
                     struct eg_postgres_connection **ret_connection, bool *ret_refused,
                     struct eg_error *err)
{
    struct eg_postgres_parameters parameters = {0};
    int ret = provider->provide(provider->context, fresh, &parameters, err);
    if (ret == 0) {
        add_default(&parameters, "application_name", session->application_name);
        add_default(&parameters, "gssencmode", "disable"); /* a round trip that nobody asked for */
        add_default(&parameters, "keepalives_idle", "30");
        add_default(&parameters, "tcp_user_timeout", "15000");
        eg_postgres_parameters_add(&parameters, "client_encoding", "UTF8");
        add_options(&parameters, session);
        ret = connect_with(&parameters, ret_connection, ret_refused, err);
    }
    eg_postgres_parameters_fini(&parameters);
    return ret;
}

/* A refused password may be yesterday's: it is read again, once. */
int eg_postgres_connection_open(const struct eg_postgres_provider *provider,
                                const struct eg_postgres_session *session,
                                struct eg_postgres_connection **ret_connection,
                                struct eg_error *err)
{
    bool refused = false;
    int ret = open_once(provider, false, session, ret_connection, &refused, err);
    if (ret != 0 && refused && provider->may_refresh && provider->may_refresh(provider->context))
        ret = open_once(provider, true, session, ret_connection, &refused, err);
    return ret;
}

void eg_postgres_connection_close(struct eg_postgres_connection *connection)
{
    if (!connection)
        return;
    PQfinish(connection->raw);
    free(connection);
}

/* What came in while nobody asked: the farewell of a session that was ended, then the end of file.
 */
static void look_at_socket(struct eg_postgres_connection *connection)
{
    struct pollfd socket = {.fd = PQsocket(connection->raw), .events = POLLIN};
    for (unsigned i = 0; i < 2 && !connection->lost && poll(&socket, 1, 0) > 0; i++)
        if (!PQconsumeInput(connection->raw))
            connection->lost = true;
}

bool eg_postgres_connection_is_usable(struct eg_postgres_connection *connection)
{
    if (!connection || connection->lost || connection->unread > 0)
        return false;
    if (eg_clock_monotonic_ms() - connection->heard_ms > IDLE_MS)
        look_at_socket(connection);
    return !connection->lost && PQstatus(connection->raw) == CONNECTION_OK;
}

/* --- waiting */

void eg_postgres_connection_set_stop(struct eg_postgres_connection *connection,
                                     const atomic_bool *stop)
{
    connection->stop = stop;
}

/* 1: something happened on the socket. 0: the time is over. */
static int wait_socket(const struct eg_postgres_connection *connection, bool sending,
                       int64_t deadline_ms)
{
    for (;;) {
        int64_t left_ms = deadline_ms - eg_clock_monotonic_ms();
        if (left_ms <= 0 || (connection->stop && atomic_load(connection->stop)))
            return 0;
        struct pollfd socket = {.fd = PQsocket(connection->raw),
                                .events = (short)(POLLIN | (sending ? POLLOUT : 0))};
        int64_t most_ms = connection->stop ? STOP_CHECK_MS : 60000;
        int ret = poll(&socket, 1, (int)(left_ms > most_ms ? most_ms : left_ms));
        if (ret > 0 || (ret < 0 && errno != EINTR))
            return 1;
    }
}

/* Until PQgetResult has something to say without waiting. */
static int await(struct eg_postgres_connection *connection, int64_t deadline_ms,
                 struct eg_error *err)
{
    PGconn *raw = connection->raw;
    for (;;) {
        int unsent = PQflush(raw);
        if (!PQisBusy(raw))
            return 0;
        if (unsent < 0 || PQstatus(raw) != CONNECTION_OK)
            return fail_lost(connection, err);
        if (wait_socket(connection, unsent > 0, deadline_ms) == 0) {
            connection->lost = true;
            return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE,
                                          "the database did not answer in time");
        }
        if (!PQconsumeInput(raw) && PQisBusy(raw))
            return fail_lost(connection, err);
        connection->heard_ms = eg_clock_monotonic_ms();
    }
}

/* --- queries */

static bool is_good(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_EMPTY_QUERY;
}

static int send_query(PGconn *raw, const char *sql, const struct eg_postgres_values *values)
{
    if (!values)
        return PQsendQuery(raw, sql);
    return PQsendQueryParams(raw, sql, (int)values->count, values->types, values->texts, NULL, NULL,
                             0);
}

/* Reads all results; keeps the last good one, and the first error. */
static int read_results(struct eg_postgres_connection *connection, int64_t deadline_ms,
                        PGresult **ret_last, struct eg_error *err)
{
    int ret = 0;
    for (;;) {
        if (await(connection, deadline_ms, err) != 0)
            return -1;
        PGresult *result = PQgetResult(connection->raw);
        if (!result)
            return ret;
        if (is_good(result)) {
            PQclear(*ret_last);
            *ret_last = result;
            continue;
        }
        if (ret == 0)
            ret = fail_result(connection, result, err);
        PQclear(result);
        if (connection->lost)
            return ret;
    }
}

int eg_postgres_query(struct eg_postgres_connection *connection, const char *sql,
                      const struct eg_postgres_values *values, int64_t timeout_ms,
                      struct eg_postgres_rows *ret_rows, struct eg_error *err)
{
    if (connection->lost || !send_query(connection->raw, sql, values))
        return fail_lost(connection, err);
    PGresult *result = NULL;
    int ret = read_results(connection, eg_clock_monotonic_ms() + timeout_ms, &result, err);
    if (ret != 0 || !ret_rows) {
        PQclear(result);
        return ret;
    }
    *ret_rows = (struct eg_postgres_rows){
        .result = result,
        .row_count = (size_t)PQntuples(result),
        .column_count = (size_t)PQnfields(result),
    };
    return 0;
}

void eg_postgres_rows_fini(struct eg_postgres_rows *rows)
{
    PQclear(rows->result);
    *rows = (struct eg_postgres_rows){0};
}

const char *eg_postgres_rows_column(const struct eg_postgres_rows *rows, size_t column)
{
    return PQfname(rows->result, (int)column);
}

unsigned eg_postgres_rows_type(const struct eg_postgres_rows *rows, size_t column)
{
    return PQftype(rows->result, (int)column);
}

bool eg_postgres_rows_is_null(const struct eg_postgres_rows *rows, size_t row, size_t column)
{
    return PQgetisnull(rows->result, (int)row, (int)column) != 0;
}

struct eg_span eg_postgres_rows_value(const struct eg_postgres_rows *rows, size_t row,
                                      size_t column)
{
    return eg_span_of(PQgetvalue(rows->result, (int)row, (int)column),
                      (size_t)PQgetlength(rows->result, (int)row, (int)column));
}

/* --- pipeline */

int eg_postgres_pipeline_begin(struct eg_postgres_connection *connection, struct eg_error *err)
{
    if (connection->lost || !PQenterPipelineMode(connection->raw))
        return fail_lost(connection, err);
    return 0;
}

int eg_postgres_pipeline_prepare(struct eg_postgres_connection *connection, const char *name,
                                 const char *sql, const unsigned *types, size_t count,
                                 struct eg_error *err)
{
    if (connection->lost || !PQsendPrepare(connection->raw, name, sql, (int)count, types))
        return fail_lost(connection, err);
    return 0;
}

int eg_postgres_pipeline_execute(struct eg_postgres_connection *connection, const char *name,
                                 const struct eg_postgres_values *values, struct eg_error *err)
{
    if (connection->lost || !PQsendQueryPrepared(connection->raw, name, (int)values->count,
                                                 values->texts, NULL, NULL, 0))
        return fail_lost(connection, err);
    return 0;
}

int eg_postgres_pipeline_commit(struct eg_postgres_connection *connection, struct eg_error *err)
{
    if (connection->lost || !PQpipelineSync(connection->raw))
        return fail_lost(connection, err);
    connection->unread++;
    return 0;
}

/* What one result says about the transaction: -1 failed, 0 goes on, 1 its end. */
static int judge(struct eg_postgres_connection *connection, const PGresult *result, uint64_t *rows,
                 struct eg_error *err)
{
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        connection->unread--;
        return 1;
    case PGRES_TUPLES_OK:
        *rows += (uint64_t)PQntuples(result);
        return 0;
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
    case PGRES_PIPELINE_ABORTED: /* the error before it counts */
        return 0;
    default:
        return fail_result(connection, result, err);
    }
}

int eg_postgres_pipeline_next(struct eg_postgres_connection *connection, int64_t timeout_ms,
                              uint64_t *ret_rows, struct eg_error *err)
{
    EG_ASSERT(connection->unread > 0);
    if (PQstatus(connection->raw) != CONNECTION_OK && !PQisBusy(connection->raw))
        connection->lost = true;
    const int64_t deadline_ms = eg_clock_monotonic_ms() + timeout_ms;
    struct eg_error ignored;
    uint64_t rows = 0;
    bool failed = false;
    /* libpq ends each statement's results with a NULL; several in a row are no answer at all. */
    for (unsigned nothing = 0; nothing < 3;) {
        if (await(connection, deadline_ms, failed ? &ignored : err) != 0)
            return -1;
        PGresult *result = PQgetResult(connection->raw);
        nothing = result ? 0 : nothing + 1;
        if (!result)
            continue;
        int verdict = judge(connection, result, &rows, failed ? &ignored : err);
        PQclear(result);
        failed |= verdict < 0;
        if (verdict > 0 || (failed && PQstatus(connection->raw) != CONNECTION_OK)) {
            if (!failed)
                *ret_rows = rows;
            return failed ? -1 : 0;
        }
    }
    return failed ? -1 : fail_lost(connection, err);
}

bool eg_postgres_pipeline_would_wait(struct eg_postgres_connection *connection)
{
    return connection->unread == 0 || PQisBusy(connection->raw);
}

void eg_postgres_pipeline_end(struct eg_postgres_connection *connection)
{
    if (connection->unread > 0 || !PQexitPipelineMode(connection->raw))
        connection->lost = true;
}
