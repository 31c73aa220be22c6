/* SPDX-License-Identifier: Apache-2.0 */
/* Files to stats queries. */
#include "postgres/stats_query.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "config/source.h"

#define MAX_QUERIES 1000u
#define DAY_MS      INT64_C(86400000)

struct query_text {
    char *sql;
    char *key;
    int64_t window_ms;
    int64_t default_limit;
    int64_t max_limit;
};

static const struct eg_field fields[] = {
    {.name = "sql",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct query_text, sql),
     .required = true},
    {.name = "key",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct query_text, key),
     .required = true},
    {.name = "window",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct query_text, window_ms),
     .default_text = "7d",
     .min = 1,
     .max = 36500 * DAY_MS},
    {.name = "default_limit",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct query_text, default_limit),
     .default_text = "50",
     .min = 1,
     .max = 100000},
    {.name = "max_limit",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct query_text, max_limit),
     .default_text = "1000",
     .min = 1,
     .max = 100000},
};

static const struct eg_field_table table = {
    .name = "stats query",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct query_text),
};

static const struct {
    const char *name;
    size_t offset; /* in a page */
} parameters[EG_POSTGRES_STATS_PARAMETERS] = {
    {"timestamp_start", offsetof(struct eg_postgres_stats_page, timestamp_start)},
    {"timestamp_end", offsetof(struct eg_postgres_stats_page, timestamp_end)},
    {"cursor", offsetof(struct eg_postgres_stats_page, cursor)},
    {"limit", offsetof(struct eg_postgres_stats_page, limit)},
};

static size_t find_parameter(const char *name)
{
    size_t i = 0;
    while (i < EG_POSTGRES_STATS_PARAMETERS && strcmp(parameters[i].name, name) != 0)
        i++;
    return i;
}

int64_t eg_postgres_stats_query_value(const struct eg_postgres_stats_query *query, size_t number,
                                      const struct eg_postgres_stats_page *page)
{
    size_t parameter = find_parameter(query->sql.names[number]);
    EG_ASSERT(parameter < EG_POSTGRES_STATS_PARAMETERS);
    return *(const int64_t *)(const void *)((const char *)page + parameters[parameter].offset);
}

static int check_names(const struct eg_postgres_sql *sql, struct eg_config_place place,
                       struct eg_config_problems *problems)
{
    int ret = 0;
    for (size_t i = 0; i < sql->count; i++)
        if (find_parameter(sql->names[i]) == EG_POSTGRES_STATS_PARAMETERS)
            ret = eg_config_problem_add(problems, place,
                                        "sql: there is :timestamp_start, :timestamp_end, :cursor "
                                        "and :limit, but no :%s",
                                        sql->names[i]);
    return ret;
}

static int build(const struct query_text *text, struct eg_config_place place,
                 struct eg_postgres_stats_query *query, struct eg_config_problems *problems)
{
    struct eg_error err;
    if (eg_postgres_sql_parse(eg_span_text(text->sql), &query->sql, &err) != 0)
        return eg_config_problem_add(problems, place, "sql: %s", err.message);
    query->key = eg_strdup(text->key);
    query->window_ms = text->window_ms;
    query->default_limit = text->default_limit;
    query->max_limit = text->max_limit;
    return check_names(&query->sql, place, problems);
}

int eg_postgres_stats_query_parse(struct eg_span text, const char *file, const char *topic,
                                  struct eg_postgres_stats_query *ret_query,
                                  struct eg_config_problems *problems)
{
    struct eg_config_tree *tree;
    if (eg_config_tree_parse(text, file, EG_CONFIG_LITERAL, &tree, problems) != 0)
        return -1;
    struct query_text written;
    struct eg_config_part part = {&table, &written};
    struct eg_config_scope scope = {"", ".", tree->root->place};
    struct eg_postgres_stats_query query = {.topic = eg_strdup(topic)};
    int ret = eg_config_fields_fill(&part, 1, tree->root, &scope, problems);
    if (ret == 0)
        ret = build(&written, tree->root->place, &query, problems);
    eg_config_fields_fini(&table, &written);
    eg_config_tree_destroy(tree);
    if (ret == 0)
        *ret_query = query;
    else
        eg_postgres_stats_query_fini(&query);
    return ret;
}

void eg_postgres_stats_query_fini(struct eg_postgres_stats_query *query)
{
    eg_postgres_sql_fini(&query->sql);
    free(query->key);
    free(query->topic);
    *query = (struct eg_postgres_stats_query){0};
}

static int load_file(const char *folder, const char *topic, struct eg_postgres_stats_query *query,
                     struct eg_config_problems *problems)
{
    struct eg_error err;
    EG_AUTOFREE char *path = eg_asprintf("%s/%s.yaml", folder, topic);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (eg_config_source_read(path, EG_CONFIG_MAX_FILE_BYTES, &text, &err) != 0)
        return eg_config_problem_add(problems, (struct eg_config_place){path, 0, 0}, "%s",
                                     eg_config_source_reason(path, &err));
    return eg_postgres_stats_query_parse(eg_buffer_span(&text), path, topic, query, problems);
}

int eg_postgres_stats_queries_load(const char *folder,
                                   struct eg_postgres_stats_queries *ret_queries,
                                   struct eg_config_problems *problems)
{
    struct eg_error err;
    struct eg_string_list topics = {0};
    if (eg_config_folder_list(folder, ".yaml", MAX_QUERIES, &topics, &err) != 0)
        return eg_config_problem_add(problems, (struct eg_config_place){folder, 0, 0}, "%s",
                                     eg_config_source_reason(folder, &err));
    struct eg_postgres_stats_queries queries = {
        .items = eg_calloc(topics.count + 1, sizeof(*queries.items)),
    };
    int ret = 0;
    for (size_t i = 0; i < topics.count; i++) {
        if (load_file(folder, topics.items[i], &queries.items[queries.count], problems) != 0)
            ret = -1;
        else
            queries.count++;
    }
    eg_config_string_list_fini(&topics);
    if (ret == 0)
        *ret_queries = queries;
    else
        eg_postgres_stats_queries_fini(&queries);
    return ret;
}

void eg_postgres_stats_queries_fini(struct eg_postgres_stats_queries *queries)
{
    for (size_t i = 0; i < queries->count; i++)
        eg_postgres_stats_query_fini(&queries->items[i]);
    free(queries->items);
    *queries = (struct eg_postgres_stats_queries){0};
}

const struct eg_postgres_stats_query *
eg_postgres_stats_query_find(const struct eg_postgres_stats_queries *queries, struct eg_span topic)
{
    for (size_t i = 0; i < queries->count; i++)
        if (eg_span_is(topic, queries->items[i].topic))
            return &queries->items[i];
    return NULL;
}
