/* SPDX-License-Identifier: Apache-2.0 */
/* Files to mappings: the shape by field tables, the rest by what SQL and parameters say. */
#include "postgres/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "config/source.h"

/* As written. */
struct statement_text {
    char *sql;
    char *each;
    struct eg_string_map parameters;
};

struct mapping_text {
    struct eg_table_list statements;
    struct statement_text seen;
};

static const struct eg_field statement_fields[] = {
    {.name = "sql", .type = EG_FIELD_STRING, .offset = offsetof(struct statement_text, sql)},
    {.name = "each", .type = EG_FIELD_STRING, .offset = offsetof(struct statement_text, each)},
    {.name = "parameters",
     .type = EG_FIELD_STRING_MAP,
     .offset = offsetof(struct statement_text, parameters)},
};

static const struct eg_field_table statement_table = {
    .name = "statement",
    .fields = statement_fields,
    .field_count = EG_ARRAY_COUNT(statement_fields),
    .struct_bytes = sizeof(struct statement_text),
};

static const struct eg_field mapping_fields[] = {
    {.name = "statements",
     .type = EG_FIELD_TABLE_LIST,
     .offset = offsetof(struct mapping_text, statements),
     .required = true,
     .table = &statement_table},
    {.name = "seen",
     .type = EG_FIELD_TABLE,
     .offset = offsetof(struct mapping_text, seen),
     .table = &statement_table},
};

static const struct eg_field_table mapping_table = {
    .name = "mapping",
    .fields = mapping_fields,
    .field_count = EG_ARRAY_COUNT(mapping_fields),
    .struct_bytes = sizeof(struct mapping_text),
};

/* Where in the file a statement stands, and what it is called there. */
struct scope {
    struct eg_config_place place;
    char path[64];
    struct eg_config_problems *problems;
    const struct eg_postgres_templates *templates;
};

static void statement_fini(struct eg_postgres_statement *statement)
{
    for (size_t i = 0; statement->parameters && i < statement->sql.count; i++)
        eg_postgres_parameter_fini(&statement->parameters[i]);
    free(statement->parameters);
    free(statement->types);
    free(statement->each);
    eg_postgres_sql_fini(&statement->sql);
}

static bool is_used(const struct eg_postgres_sql *sql, const char *name)
{
    for (size_t i = 0; i < sql->count; i++)
        if (strcmp(sql->names[i], name) == 0)
            return true;
    return false;
}

static const char *find_parameter(const struct eg_string_map *map, const char *name)
{
    for (size_t i = 0; i < map->count; i++)
        if (strcmp(map->entries[i].name, name) == 0)
            return map->entries[i].value;
    return NULL;
}

static int build_parameter(struct eg_postgres_statement *statement, size_t number,
                           const struct statement_text *text, const struct scope *scope)
{
    struct eg_error err;
    struct eg_postgres_parameter *parameter = &statement->parameters[number];
    const char *name = statement->sql.names[number];
    const char *written = find_parameter(&text->parameters, name);
    if (!written)
        return eg_config_problem_add(scope->problems, scope->place,
                                     "%s: the SQL uses :%s, and parameters has no such name",
                                     scope->path, name);
    if (eg_postgres_parameter_parse(written, scope->templates, parameter, &err) != 0)
        return eg_config_problem_add(scope->problems, scope->place, "%s.parameters.%s: %s",
                                     scope->path, name, err.message);
    if (parameter->from == EG_POSTGRES_FROM_ELEMENT && !statement->each)
        return eg_config_problem_add(scope->problems, scope->place,
                                     "%s.parameters.%s: '.%s' needs `each`", scope->path, name,
                                     parameter->place);
    statement->types[number] = eg_postgres_type_oid(parameter->type);
    return 0;
}

static int build_parameters(struct eg_postgres_statement *statement,
                            const struct statement_text *text, const struct scope *scope)
{
    int ret = 0;
    size_t count = statement->sql.count;
    statement->parameters = eg_calloc(count + 1, sizeof(*statement->parameters));
    statement->types = eg_calloc(count + 1, sizeof(*statement->types));
    for (size_t i = 0; i < count; i++)
        ret |= build_parameter(statement, i, text, scope);
    for (size_t i = 0; i < text->parameters.count; i++)
        if (!is_used(&statement->sql, text->parameters.entries[i].name))
            ret = eg_config_problem_add(scope->problems, scope->place,
                                        "%s.parameters.%s: the SQL does not use it", scope->path,
                                        text->parameters.entries[i].name);
    return ret;
}

/* The statement is whole in both cases, for statement_fini. */
static int build_statement(const struct statement_text *text, const struct scope *scope,
                           struct eg_postgres_statement *statement)
{
    struct eg_error err;
    if (!text->sql)
        return eg_config_problem_add(scope->problems, scope->place, "%s.sql is missing",
                                     scope->path);
    if (text->each && text->each[0] != '/')
        return eg_config_problem_add(scope->problems, scope->place,
                                     "%s.each: expected a JSON pointer such as /jobs", scope->path);
    statement->each = text->each ? eg_strdup(text->each) : NULL;
    if (eg_postgres_sql_parse(eg_span_text(text->sql), &statement->sql, &err) != 0)
        return eg_config_problem_add(scope->problems, scope->place, "%s.sql: %s", scope->path,
                                     err.message);
    return build_parameters(statement, text, scope);
}

static struct eg_config_place place_of(const struct eg_config_node *root, const char *name,
                                       size_t item)
{
    const struct eg_config_node *node = eg_config_node_get(root, name);
    if (node && node->kind == EG_CONFIG_LIST && item < node->count)
        node = node->items[item];
    return node ? node->place : root->place;
}

static int build_seen(const struct eg_config_node *root, const struct mapping_text *text,
                      struct eg_postgres_mapping *mapping, struct eg_config_problems *problems)
{
    struct scope scope = {place_of(root, "seen", 0), "seen", problems, mapping->templates};
    if (!eg_config_node_get(root, "seen"))
        return 0;
    mapping->seen = eg_calloc(1, sizeof(*mapping->seen));
    if (text->seen.each)
        return eg_config_problem_add(problems, scope.place, "seen.each: a question is asked once");
    return build_statement(&text->seen, &scope, mapping->seen);
}

static int build_mapping(const struct eg_config_node *root, const struct mapping_text *text,
                         struct eg_postgres_mapping *mapping, struct eg_config_problems *problems)
{
    int ret = 0;
    const struct statement_text *texts = text->statements.items;
    if (text->statements.count == 0)
        return eg_config_problem_add(problems, root->place, "statements: there is none");
    mapping->statements = eg_calloc(text->statements.count, sizeof(*mapping->statements));
    for (size_t i = 0; i < text->statements.count; i++) {
        struct scope scope = {place_of(root, "statements", i), "", problems, mapping->templates};
        (void)snprintf(scope.path, sizeof(scope.path), "statements[%zu]", i);
        ret |= build_statement(&texts[i], &scope, &mapping->statements[mapping->count++]);
    }
    return ret | build_seen(root, text, mapping, problems);
}

static void number_statement(struct eg_postgres_statement *statement, size_t *number)
{
    statement->number = (*number)++;
    (void)snprintf(statement->name, sizeof(statement->name), "eg%zu", statement->number);
}

static void number_statements(struct eg_postgres_mapping *mapping, size_t *number)
{
    for (size_t i = 0; i < mapping->count; i++)
        number_statement(&mapping->statements[i], number);
    if (mapping->seen)
        number_statement(mapping->seen, number);
}

static int parse_tree(const struct eg_config_tree *tree, struct eg_postgres_mapping *mapping,
                      struct eg_config_problems *problems)
{
    struct mapping_text text;
    struct eg_config_part part = {&mapping_table, &text};
    struct eg_config_scope scope = {"", ".", tree->root->place};
    int ret = eg_config_fields_fill(&part, 1, tree->root, &scope, problems);
    if (ret == 0)
        ret = build_mapping(tree->root, &text, mapping, problems);
    eg_config_fields_fini(&mapping_table, &text);
    return ret;
}

int eg_postgres_mapping_parse(struct eg_span text, const char *file, const char *topic,
                              const struct eg_postgres_templates *templates,
                              struct eg_postgres_mapping *ret_mapping,
                              struct eg_config_problems *problems)
{
    struct eg_config_tree *tree;
    struct eg_postgres_mapping mapping = {.topic = eg_strdup(topic), .templates = templates};
    int ret = eg_config_tree_parse(text, file, EG_CONFIG_LITERAL, &tree, problems);
    if (ret == 0) {
        ret = parse_tree(tree, &mapping, problems);
        eg_config_tree_destroy(tree);
    }
    if (ret != 0) {
        eg_postgres_mapping_fini(&mapping);
        return -1;
    }
    *ret_mapping = mapping;
    return 0;
}

void eg_postgres_mapping_fini(struct eg_postgres_mapping *mapping)
{
    for (size_t i = 0; i < mapping->count; i++)
        statement_fini(&mapping->statements[i]);
    if (mapping->seen)
        statement_fini(mapping->seen);
    free(mapping->seen);
    free(mapping->statements);
    free(mapping->topic);
    *mapping = (struct eg_postgres_mapping){0};
}

static int load_file(const char *folder, const char *topic,
                     const struct eg_postgres_templates *templates,
                     struct eg_postgres_mapping *mapping, struct eg_config_problems *problems)
{
    struct eg_error err;
    EG_AUTOFREE char *path = eg_asprintf("%s/%s.yaml", folder, topic);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (eg_config_source_read(path, EG_CONFIG_MAX_FILE_BYTES, &text, &err) != 0)
        return eg_config_problem_add(problems, (struct eg_config_place){path, 0, 0}, "%s",
                                     eg_config_source_reason(path, &err));
    return eg_postgres_mapping_parse(eg_buffer_span(&text), path, topic, templates, mapping,
                                     problems);
}

static bool reads_envelope(const struct eg_postgres_statement *statement)
{
    for (size_t i = 0; i < statement->sql.count; i++) {
        const struct eg_postgres_parameter *parameter = &statement->parameters[i];
        if (parameter->template && parameter->templates->reads_envelope(parameter->template))
            return true;
    }
    return false;
}

/* The mapping is complete: the set takes it. */
static void take_mapping(struct eg_postgres_mapping_set *set)
{
    struct eg_postgres_mapping *mapping = &set->items[set->count++];
    number_statements(mapping, &set->statement_count);
    for (size_t i = 0; i < mapping->count; i++)
        set->reads_envelope |= reads_envelope(&mapping->statements[i]);
    set->reads_envelope |= mapping->seen && reads_envelope(mapping->seen);
}

int eg_postgres_mapping_set_load(const char *folder, const struct eg_postgres_templates *templates,
                                 struct eg_postgres_mapping_set *ret_set,
                                 struct eg_config_problems *problems)
{
    struct eg_error err;
    struct eg_string_list topics = {0};
    if (eg_config_folder_list(folder, ".yaml", EG_POSTGRES_MAX_MAPPINGS, &topics, &err) != 0)
        return eg_config_problem_add(problems, (struct eg_config_place){folder, 0, 0}, "%s",
                                     eg_config_source_reason(folder, &err));
    struct eg_postgres_mapping_set set = {
        .items = eg_calloc(topics.count + 1, sizeof(*set.items)),
    };
    int ret = 0;
    for (size_t i = 0; i < topics.count; i++) {
        if (load_file(folder, topics.items[i], templates, &set.items[set.count], problems) != 0)
            ret = -1;
        else
            take_mapping(&set);
    }
    eg_config_string_list_fini(&topics);
    if (ret == 0)
        *ret_set = set;
    else
        eg_postgres_mapping_set_fini(&set);
    return ret;
}

void eg_postgres_mapping_set_fini(struct eg_postgres_mapping_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        eg_postgres_mapping_fini(&set->items[i]);
    free(set->items);
    *set = (struct eg_postgres_mapping_set){0};
}

const struct eg_postgres_mapping *
eg_postgres_mapping_find(const struct eg_postgres_mapping_set *set, struct eg_span topic)
{
    size_t low = 0;
    size_t high = set->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = eg_span_compare(topic, eg_span_text(set->items[middle].topic));
        if (order == 0)
            return &set->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
