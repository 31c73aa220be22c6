/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection to a PostgreSQL server (libpq), in one of two ways of working:
 *
 *   query     one statement, its rows
 *   pipeline  many transactions sent without waiting for each other, their outcomes read in the
 *             same order; each is a transaction of its own, so none fails another
 *
 * One thread at a time. Every wait is bounded. Errors carry `retriable`: true for what may go well
 * later (connection, deadlock, full disk, shutdown, timeout), false for what never will (data,
 * constraint, missing table, permission). Their messages are the server's sentence and its SQLSTATE
 * (https://www.postgresql.org/docs/15/errcodes-appendix.html), without hosts and without secrets.
 */
#ifndef EG_POSTGRES_CONNECTION_H
#define EG_POSTGRES_CONNECTION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "postgres/config.h"

struct eg_postgres_connection;

/* What a session is told when it begins. 0: the server's own setting. */
struct eg_postgres_session {
    const char *application_name;
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
    bool read_only;
};

/* Waits for at most the connect timeout of each host. */
int eg_postgres_connection_open(const struct eg_postgres_provider *provider,
                                const struct eg_postgres_session *session,
                                struct eg_postgres_connection **ret_connection,
                                struct eg_error *err) EG_MUST_CHECK;
void eg_postgres_connection_close(struct eg_postgres_connection *connection); /* NULL is fine */

/*
 * False when the server has closed it, or when something was left unfinished or lost: then close
 * it and open another. Looks at the socket without waiting. NULL is not usable.
 */
bool eg_postgres_connection_is_usable(struct eg_postgres_connection *connection);

/* From now on every wait ends, as if its time was over, soon after *stop became true. */
void eg_postgres_connection_set_stop(struct eg_postgres_connection *connection,
                                     const atomic_bool *stop);

/* --- queries */

/* A result: text values, NULL for SQL's NULL. */
struct eg_postgres_rows {
    void *result; /* libpq's; owned */
    size_t row_count;
    size_t column_count;
};

void eg_postgres_rows_fini(struct eg_postgres_rows *rows);
const char *eg_postgres_rows_column(const struct eg_postgres_rows *rows, size_t column);
unsigned eg_postgres_rows_type(const struct eg_postgres_rows *rows, size_t column); /* OID */
bool eg_postgres_rows_is_null(const struct eg_postgres_rows *rows, size_t row, size_t column);
struct eg_span eg_postgres_rows_value(const struct eg_postgres_rows *rows, size_t row,
                                      size_t column);

/* One statement's values: texts, or NULL for SQL's NULL. */
struct eg_postgres_values {
    const char *const *texts;
    const unsigned *types; /* OIDs; 0 or a NULL array: the server finds out */
    size_t count;
};

/*
 * One statement with $1, $2, ...; NULL values: the text may then hold several statements, which are
 * one transaction unless they say otherwise. Not while a pipeline is open. When there is no answer
 * within timeout_ms the connection is not usable any more. ret_rows may be NULL.
 */
int eg_postgres_query(struct eg_postgres_connection *connection, const char *sql,
                      const struct eg_postgres_values *values, int64_t timeout_ms,
                      struct eg_postgres_rows *ret_rows, struct eg_error *err) EG_MUST_CHECK;

/* --- pipeline: prepare and execute queue a statement, end closes the transaction they make. */

int eg_postgres_pipeline_begin(struct eg_postgres_connection *connection,
                               struct eg_error *err) EG_MUST_CHECK;
int eg_postgres_pipeline_prepare(struct eg_postgres_connection *connection, const char *name,
                                 const char *sql, const unsigned *types, size_t count,
                                 struct eg_error *err) EG_MUST_CHECK;
int eg_postgres_pipeline_execute(struct eg_postgres_connection *connection, const char *name,
                                 const struct eg_postgres_values *values,
                                 struct eg_error *err) EG_MUST_CHECK;
int eg_postgres_pipeline_commit(struct eg_postgres_connection *connection,
                                struct eg_error *err) EG_MUST_CHECK;

/*
 * The outcome of the oldest transaction whose outcome was not read yet: 0 when it is committed,
 * with the rows that its statements returned; -1 when not, or when nobody knows because the
 * connection was lost (not usable any more; every further call says so). Waits at most timeout_ms.
 */
int eg_postgres_pipeline_next(struct eg_postgres_connection *connection, int64_t timeout_ms,
                              uint64_t *ret_rows, struct eg_error *err) EG_MUST_CHECK;

/* True when next would have to wait. */
bool eg_postgres_pipeline_would_wait(struct eg_postgres_connection *connection);

/* Every outcome was read, or the connection is lost. */
void eg_postgres_pipeline_end(struct eg_postgres_connection *connection);

/* --- what a SQLSTATE means */

/* True: another attempt may go well. An empty one is a lost connection. */
bool eg_postgres_sqlstate_is_retriable(const char *sqlstate);

#endif
