/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue and a few workers. Each keeps its connection between jobs; stopping makes every
 * wait for the database end early, so that a long query does not hold up the shutdown.
 */
#include "postgres/stats.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "postgres/connection.h"
#include "postgres/stats_rows.h"
#include "work/pool.h"

#define ANSWER_GRACE_MS 5000
#define OID_BIGINT      20u

static const struct eg_field fields[] = {
    EG_POSTGRES_CONNECTION_FIELDS(struct eg_postgres_stats_config, connection),
    {.name = "queries",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_postgres_stats_config, queries),
     .help = "Folder of the queries, <topic>.yaml each; unset: etc/postgres/stats here, or where "
             "the program was installed."},
    {.name = "workers",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_postgres_stats_config, workers),
     .default_text = "2",
     .min = 1,
     .max = 64,
     .help = "Threads, each with a connection of its own."},
    {.name = "queue",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_postgres_stats_config, queue),
     .default_text = "64",
     .min = 1,
     .max = 100000,
     .help = "Requests that may wait for, or be with, the workers; more are answered 503."},
    {.name = "statement_timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_postgres_stats_config, statement_timeout_ms),
     .default_text = "30s",
     .min = 10,
     .max = 600000,
     .help = "When the server gives up a query."},
};

const struct eg_field_table eg_postgres_stats_table = {
    .name = "stats",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_postgres_stats_config),
};

struct eg_postgres_stats {
    const struct eg_postgres_stats_config *config;
    const struct eg_postgres_config *connection; /* NULL: not configured */
    struct eg_postgres_stats_queries queries;
    struct eg_queue queue;
    struct eg_pool pool;
    atomic_bool stop;
};

/* --- a job */

static int connect_worker(const struct eg_postgres_stats *stats,
                          struct eg_postgres_connection **connection, struct eg_error *err)
{
    struct eg_postgres_session session = {
        .application_name = "eventgate stats",
        .statement_timeout_ms = stats->config->statement_timeout_ms,
        .read_only = true,
    };
    if (!stats->connection)
        return eg_error_set(err, EG_ERR_CONFIG, "no database is configured for stats");
    if (eg_postgres_connection_is_usable(*connection))
        return 0;
    eg_postgres_connection_close(*connection);
    *connection = NULL;
    struct eg_postgres_provider provider = eg_postgres_config_provider(stats->connection);
    if (eg_postgres_connection_open(&provider, &session, connection, err) != 0)
        return -1;
    eg_postgres_connection_set_stop(*connection, &stats->stop);
    return 0;
}

/* One row more than the page has: is there another page? */
static int query(const struct eg_postgres_stats *stats, struct eg_postgres_connection *connection,
                 const struct eg_postgres_stats_job *job, struct eg_postgres_rows *ret_rows,
                 struct eg_error *err)
{
    char texts[EG_POSTGRES_STATS_PARAMETERS][24];
    const char *values[EG_POSTGRES_STATS_PARAMETERS];
    unsigned types[EG_POSTGRES_STATS_PARAMETERS];
    struct eg_postgres_stats_page page = job->page;
    page.limit++;
    size_t count = job->query->sql.count;
    EG_ASSERT(count <= EG_POSTGRES_STATS_PARAMETERS);
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(texts[i], sizeof(texts[i]), "%lld",
                       (long long)eg_postgres_stats_query_value(job->query, i, &page));
        values[i] = texts[i];
        types[i] = OID_BIGINT;
    }
    return eg_postgres_query(connection, job->query->sql.text,
                             &(struct eg_postgres_values){values, types, count},
                             stats->config->statement_timeout_ms + ANSWER_GRACE_MS, ret_rows, err);
}

/* A connection may have died while nobody looked: then once more on a new one. */
static int query_again(struct eg_postgres_stats *stats, struct eg_postgres_connection **connection,
                       struct eg_postgres_stats_job *job, struct eg_postgres_rows *ret_rows)
{
    for (unsigned attempt = 0; attempt < 2; attempt++) {
        if (connect_worker(stats, connection, &job->err) != 0)
            return -1;
        if (query(stats, *connection, job, ret_rows, &job->err) == 0)
            return 0;
        if (eg_postgres_connection_is_usable(*connection) || atomic_load(&stats->stop))
            return -1; /* the server heard the question and said no */
    }
    return -1;
}

static int find_key(const struct eg_postgres_stats_job *job, const struct eg_postgres_rows *rows,
                    size_t *ret_column, struct eg_error *err)
{
    for (size_t column = 0; column < rows->column_count; column++)
        if (strcmp(eg_postgres_rows_column(rows, column), job->query->key) == 0) {
            *ret_column = column;
            return 0;
        }
    return eg_error_set(err, EG_ERR_CONFIG, "the query of '%s' has no column '%s', its key",
                        job->query->topic, job->query->key);
}

static int read_page(struct eg_postgres_stats_job *job, const struct eg_postgres_rows *rows)
{
    size_t column = 0;
    size_t limit = (size_t)job->page.limit;
    job->has_more = rows->row_count > limit;
    size_t count = job->has_more ? limit : rows->row_count;
    if (find_key(job, rows, &column, &job->err) != 0)
        return -1;
    if (job->has_more &&
        !eg_span_to_int64(eg_postgres_rows_value(rows, count - 1, column), &job->cursor))
        return eg_error_set(&job->err, EG_ERR_CONFIG, "the column '%s' holds no integer",
                            job->query->key);
    eg_postgres_rows_write(rows, count, &job->data);
    return 0;
}

static void run_job(struct eg_postgres_stats *stats, struct eg_postgres_connection **connection,
                    struct eg_postgres_stats_job *job)
{
    struct eg_postgres_rows rows = {0};
    if (atomic_load(&stats->stop))
        job->failed = eg_error_set(&job->err, EG_ERR_UNAVAILABLE, "the service is stopping") != 0;
    else
        job->failed = query_again(stats, connection, job, &rows) != 0 || read_page(job, &rows) != 0;
    eg_postgres_rows_fini(&rows);
    eg_queue_release(&stats->queue, job->queued.bytes);
    job->done(job);
}

static void worker_main(void *context, unsigned index)
{
    (void)index;
    struct eg_postgres_stats *stats = context;
    struct eg_postgres_connection *connection = NULL;
    struct eg_queue_batch batch = {.max_items = 1, .max_bytes = 1};
    struct eg_queue_item *item;
    while (eg_queue_pop(&stats->queue, &batch, &item) > 0)
        run_job(stats, &connection,
                (struct eg_postgres_stats_job *)(void *)((char *)item -
                                                         offsetof(struct eg_postgres_stats_job,
                                                                  queued)));
    eg_postgres_connection_close(connection);
}

/* --- the service */

static int read_queries(const struct eg_postgres_stats_config *config,
                        struct eg_postgres_stats_queries *ret_queries,
                        struct eg_config_problems *problems)
{
    const char *configured = config->queries;
    EG_AUTOFREE char *folder = eg_postgres_folder(configured, "stats");
    if (!(configured && configured[0]) && !eg_config_path_is_folder(folder))
        return 0;
    return eg_postgres_stats_queries_load(folder, ret_queries, problems);
}

int eg_postgres_stats_check(const struct eg_postgres_stats_config *config,
                            struct eg_config_problems *problems)
{
    struct eg_postgres_stats_queries queries = {0};
    int ret = read_queries(config, &queries, problems);
    eg_postgres_stats_queries_fini(&queries);
    return ret;
}

static int load_queries(struct eg_postgres_stats *stats, struct eg_error *err)
{
    struct eg_config_problems problems = {0};
    int ret = read_queries(stats->config, &stats->queries, &problems);
    if (ret != 0)
        ret = eg_config_problems_error(&problems, err);
    eg_config_problems_fini(&problems);
    return ret;
}

int eg_postgres_stats_new(const struct eg_postgres_stats_config *config,
                          const struct eg_postgres_config *connection,
                          struct eg_postgres_stats **ret_stats, struct eg_error *err)
{
    struct eg_postgres_stats *stats = eg_calloc(1, sizeof(*stats));
    stats->config = config;
    stats->connection = connection;
    atomic_init(&stats->stop, false);
    eg_queue_init(&stats->queue, &(struct eg_queue_limits){(size_t)config->queue, SIZE_MAX});
    if (load_queries(stats, err) != 0 ||
        eg_pool_start(&stats->pool, "eg-stats", (unsigned)config->workers, worker_main, stats,
                      err) != 0) {
        eg_postgres_stats_destroy(stats);
        return -1;
    }
    *ret_stats = stats;
    return 0;
}

void eg_postgres_stats_destroy(struct eg_postgres_stats *stats)
{
    if (!stats)
        return;
    atomic_store(&stats->stop, true);
    eg_queue_close(&stats->queue);
    eg_pool_join(&stats->pool);
    eg_queue_fini(&stats->queue);
    eg_postgres_stats_queries_fini(&stats->queries);
    free(stats);
}

const struct eg_postgres_stats_queries *
eg_postgres_stats_queries_of(const struct eg_postgres_stats *stats)
{
    return &stats->queries;
}

bool eg_postgres_stats_submit(struct eg_postgres_stats *stats, struct eg_postgres_stats_job *job)
{
    job->queued.bytes = 1;
    if (!eg_queue_reserve(&stats->queue, job->queued.bytes))
        return false;
    if (eg_queue_push(&stats->queue, &job->queued))
        return true;
    eg_queue_release(&stats->queue, job->queued.bytes);
    return false;
}
