/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What POST /stats/{topic} asks the database: for each topic one YAML file, <topic>.yaml.
 *
 *   sql: SELECT ... WHERE at BETWEEN :timestamp_start AND :timestamp_end AND id < :cursor
 *        ORDER BY id DESC LIMIT :limit        columns are computed by the SQL itself
 *   key: id              the column that a page's cursor is taken from; unique, descending
 *   window: 7d           how far back without timestamp_start
 *   default_limit: 50    rows of a page
 *   max_limit: 1000
 *
 * The four parameters are bigints, times in milliseconds since 1970. Without a cursor it is the
 * greatest bigint. Loaded on the control thread, then immutable.
 */
#ifndef EG_POSTGRES_STATS_QUERY_H
#define EG_POSTGRES_STATS_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/problem.h"
#include "eventgate/span.h"
#include "postgres/named.h"

#define EG_POSTGRES_STATS_PARAMETERS 4u

struct eg_postgres_stats_query {
    char *topic;
    struct eg_postgres_sql sql;
    char *key;
    int64_t window_ms;
    int64_t default_limit;
    int64_t max_limit;
};

struct eg_postgres_stats_queries {
    struct eg_postgres_stats_query *items;
    size_t count;
};

/* What the four parameters are in one request. */
struct eg_postgres_stats_page {
    int64_t timestamp_start;
    int64_t timestamp_end;
    int64_t cursor;
    int64_t limit;
};

/* Every <topic>.yaml of the folder. Adds all mistakes with their places and returns -1. */
int eg_postgres_stats_queries_load(const char *folder,
                                   struct eg_postgres_stats_queries *ret_queries,
                                   struct eg_config_problems *problems) EG_MUST_CHECK;
void eg_postgres_stats_queries_fini(struct eg_postgres_stats_queries *queries);

/* NULL: there is none for this topic. */
const struct eg_postgres_stats_query *
eg_postgres_stats_query_find(const struct eg_postgres_stats_queries *queries, struct eg_span topic);

/* One file's text, for the loader and for tests. */
int eg_postgres_stats_query_parse(struct eg_span text, const char *file, const char *topic,
                                  struct eg_postgres_stats_query *ret_query,
                                  struct eg_config_problems *problems) EG_MUST_CHECK;
void eg_postgres_stats_query_fini(struct eg_postgres_stats_query *query);

/* The page's value of $<number + 1>. */
int64_t eg_postgres_stats_query_value(const struct eg_postgres_stats_query *query, size_t number,
                                      const struct eg_postgres_stats_page *page);

#endif
