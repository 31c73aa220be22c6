/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads pages of what was stored, on threads of its own, so that no HTTP thread waits for the
 * database: submit hands a job over, `done` hands it back.
 *
 * Each worker has one connection: read only, with the server's statement timeout. A connection that
 * was lost is opened again once for a job.
 */
#ifndef EG_POSTGRES_STATS_H
#define EG_POSTGRES_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/problem.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "postgres/config.h"
#include "postgres/stats_query.h"
#include "work/queue.h"

struct eg_postgres_stats_config {
    struct eg_postgres_config connection;
    char *queries;
    int64_t workers;
    int64_t queue;
    int64_t statement_timeout_ms;
};

extern const struct eg_field_table eg_postgres_stats_table;

/* One page that was asked for. The caller's memory, from submit until done. */
struct eg_postgres_stats_job {
    struct eg_queue_item queued;
    const struct eg_postgres_stats_query *query;
    struct eg_postgres_stats_page page; /* limit: of the page, as the client will see it */
    void (*done)(struct eg_postgres_stats_job *job); /* a worker's thread; the job may go away */
    void *user;

    /* The answer, in `done`. */
    bool failed;
    struct eg_error err;   /* when failed: for the log */
    struct eg_buffer data; /* else: the rows, a JSON array of objects */
    bool has_more;
    int64_t cursor; /* for the next page, when has_more */
};

struct eg_postgres_stats;

/* Reads the queries and forgets them. Adds every mistake with its place and returns -1. */
int eg_postgres_stats_check(const struct eg_postgres_stats_config *config,
                            struct eg_config_problems *problems) EG_MUST_CHECK;

/*
 * Starts the workers; the config must outlive it. `connection` is where to, or NULL: every job
 * fails with "not configured". EG_ERR_CONFIG: mistakes in the queries' files. Without any folder of
 * queries, and none configured, there are none.
 */
int eg_postgres_stats_new(const struct eg_postgres_stats_config *config,
                          const struct eg_postgres_config *connection,
                          struct eg_postgres_stats **ret_stats, struct eg_error *err) EG_MUST_CHECK;

/* Ends what runs, fails what waits (done is called), joins. NULL is fine. */
void eg_postgres_stats_destroy(struct eg_postgres_stats *stats);

const struct eg_postgres_stats_queries *
eg_postgres_stats_queries_of(const struct eg_postgres_stats *stats);

/* Any thread; never waits. False: too many wait already, nothing happened. */
bool eg_postgres_stats_submit(struct eg_postgres_stats *stats,
                              struct eg_postgres_stats_job *job) EG_MUST_CHECK;

#endif
