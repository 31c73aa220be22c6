/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See pattern.h. One walk over the pattern's text. Objects only lengthen the path: `a.b` and
 * {a:{b}} are the same field. The walk fills a list of conjunctions, at first one that is empty; a
 * field is written into all of them, the last of its name wins; a $or replaces the list by one copy
 * for each branch, filled with what the branch says.
 */
#include "rules/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/condition.h"

struct list {
    struct eg_rules_conjunction *items;
    size_t count;
};

struct reader {
    struct eg_rules_pattern *pattern;
    struct eg_buffer path;
    struct eg_error *err;
};

static int read_object(struct reader *reader, struct list *list, eg_json_index object,
                       bool inside_or);

static void list_fini(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].clauses);
    free(list->items);
    *list = (struct list){0};
}

static struct list list_copy(const struct list *list)
{
    struct list copy = {eg_calloc(list->count + 1, sizeof(*copy.items)), list->count};
    for (size_t i = 0; i < list->count; i++) {
        size_t count = list->items[i].count;
        copy.items[i] = (struct eg_rules_conjunction){
            eg_calloc(count + 1, sizeof(struct eg_rules_clause)), count};
        if (count)
            memcpy(copy.items[i].clauses, list->items[i].clauses,
                   count * sizeof(struct eg_rules_clause));
    }
    return copy;
}

/* Moves what `from` has to the end of `list`. */
static void list_move(struct list *list, struct list *from)
{
    list->items =
        eg_realloc_array(list->items, list->count + from->count + 1, sizeof(*list->items));
    memcpy(list->items + list->count, from->items, from->count * sizeof(*list->items));
    list->count += from->count;
    free(from->items);
    *from = (struct list){0};
}

static void put_clause(struct eg_rules_conjunction *conjunction, struct eg_rules_clause clause)
{
    for (size_t i = 0; i < conjunction->count; i++) {
        if (conjunction->clauses[i].field == clause.field) {
            conjunction->clauses[i] = clause;
            return;
        }
    }
    conjunction->clauses = eg_realloc_array(conjunction->clauses, conjunction->count + 1,
                                            sizeof(*conjunction->clauses));
    conjunction->clauses[conjunction->count++] = clause;
}

static struct eg_span here(const struct reader *reader)
{
    return reader->path.len ? eg_buffer_span(&reader->path) : EG_SPAN_LITERAL("the pattern");
}

static int find_field(struct reader *reader, uint32_t *ret_field)
{
    struct eg_rules_pattern *pattern = reader->pattern;
    struct eg_span path = eg_buffer_span(&reader->path);
    for (uint32_t i = 0; i < pattern->field_count; i++) {
        if (eg_span_equal(pattern->fields[i], path)) {
            *ret_field = i;
            return 0;
        }
    }
    if (pattern->field_count == EG_RULES_MAX_FIELDS)
        return eg_error_set(reader->err, EG_ERR_TOO_LARGE,
                            "the pattern has more than %d fields: split it into several rules",
                            EG_RULES_MAX_FIELDS);
    pattern->fields[pattern->field_count] = eg_arena_copy(&pattern->arena, path);
    *ret_field = (uint32_t)pattern->field_count++;
    return 0;
}

static int read_field(struct reader *reader, struct list *list, eg_json_index array)
{
    struct eg_rules_clause clause;
    if (find_field(reader, &clause.field) != 0 ||
        eg_rules_condition_read(reader->pattern, array, eg_buffer_span(&reader->path),
                                &clause.condition, reader->err) != 0)
        return -1;
    for (size_t i = 0; i < list->count; i++)
        put_clause(&list->items[i], clause);
    return 0;
}

static int read_branch(struct reader *reader, struct list *list, const struct list *before,
                       eg_json_index branch)
{
    if (eg_json_kind(&reader->pattern->document, branch) != EG_JSON_OBJECT)
        return eg_error_set(reader->err, EG_ERR_INVALID,
                            "%.*s: \"$or\" wants an array of objects and holds something else",
                            EG_SPAN_ARGS(here(reader)));
    struct list branches = list_copy(before);
    int rc = read_object(reader, &branches, branch, true);
    if (rc == 0 && list->count + branches.count > EG_RULES_MAX_COMBINATIONS)
        rc = eg_error_set(reader->err, EG_ERR_TOO_LARGE,
                          "%.*s: \"$or\" makes more than %d combinations: split the pattern into "
                          "several rules",
                          EG_SPAN_ARGS(here(reader)), EG_RULES_MAX_COMBINATIONS);
    if (rc == 0)
        list_move(list, &branches);
    list_fini(&branches);
    return rc;
}

static int read_or(struct reader *reader, struct list *list, eg_json_index array)
{
    const struct eg_json_document *document = &reader->pattern->document;
    if (eg_json_kind(document, array) != EG_JSON_ARRAY || eg_json_count(document, array) < 2)
        return eg_error_set(reader->err, EG_ERR_INVALID,
                            "%.*s: \"$or\" wants an array of two or more objects",
                            EG_SPAN_ARGS(here(reader)));
    struct list before = *list;
    *list = (struct list){0};
    int rc = 0;
    for (eg_json_index at = array + 1; at < eg_json_next(document, array) && rc == 0;
         at = eg_json_next(document, at))
        rc = read_branch(reader, list, &before, at);
    list_fini(&before);
    return rc;
}

/* The names that AWS keeps for operators, present and future: no fields inside $or. */
static bool is_reserved(struct eg_span name)
{
    static const char *const names[] = {
        "exactly",
        "equals-ignore-case",
        "prefix",
        "suffix",
        "anything-but",
        "exists",
        "wildcard",
        "numeric",
        "cidr",
        "=",
        "<",
        "<=",
        ">",
        ">=",
        "regex",
        "not-wildcard",
        "not-equals-ignore-case",
        "date-after",
        "date-on-or-after",
        "date-before",
        "date-on-or-before",
        "in-date-range",
        "ip-address-in-range",
        "ip-address-not-in-range",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(names); i++)
        if (eg_span_is(name, names[i]))
            return true;
    return false;
}

static int read_value(struct reader *reader, struct list *list, eg_json_index value, bool inside_or)
{
    switch (eg_json_kind(&reader->pattern->document, value)) {
    case EG_JSON_OBJECT:
        return read_object(reader, list, value, inside_or);
    case EG_JSON_ARRAY:
        return read_field(reader, list, value);
    default:
        return eg_error_set(reader->err, EG_ERR_INVALID,
                            "%.*s: a field wants an array of values, such as [\"x\"], or an object",
                            EG_SPAN_ARGS(here(reader)));
    }
}

static int read_member(struct reader *reader, struct list *list, eg_json_index name_index,
                       bool inside_or)
{
    struct eg_span name = eg_json_string(&reader->pattern->document, name_index);
    if (eg_span_is(name, "$or"))
        return read_or(reader, list, name_index + 1);
    if (inside_or && is_reserved(name))
        return eg_error_set(reader->err, EG_ERR_INVALID,
                            "%.*s: \"$or\" wants objects of fields, and \"%.*s\" is an operator",
                            EG_SPAN_ARGS(here(reader)), EG_SPAN_ARGS(name));
    size_t before = reader->path.len;
    if (before)
        eg_buffer_append_char(&reader->path, '.');
    eg_buffer_append_span(&reader->path, name);
    int rc = read_value(reader, list, name_index + 1, inside_or);
    reader->path.len = before;
    return rc;
}

static int read_object(struct reader *reader, struct list *list, eg_json_index object,
                       bool inside_or)
{
    const struct eg_json_document *document = &reader->pattern->document;
    if (eg_json_count(document, object) == 0)
        return eg_error_set(reader->err, EG_ERR_INVALID,
                            "%.*s: an object wants at least one field and is empty",
                            EG_SPAN_ARGS(here(reader)));
    for (eg_json_index at = object + 1; at < eg_json_next(document, object);
         at = eg_json_next(document, at + 1))
        if (read_member(reader, list, at, inside_or) != 0)
            return -1;
    return 0;
}

static int read_root(struct eg_rules_pattern *pattern, struct eg_error *err)
{
    if (eg_json_kind(&pattern->document, 0) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "the pattern wants to be a JSON object");
    struct reader reader = {.pattern = pattern, .err = err};
    struct list none = {eg_calloc(1, sizeof(struct eg_rules_conjunction)), 1};
    struct list list = list_copy(&none);
    list_fini(&none);
    int rc = read_object(&reader, &list, 0, false);
    if (rc == 0) {
        pattern->conjunctions = list.items;
        pattern->conjunction_count = list.count;
        list = (struct list){0};
    }
    list_fini(&list);
    eg_buffer_fini(&reader.path);
    return rc;
}

int eg_rules_pattern_new(struct eg_span text, struct eg_rules_pattern **ret_pattern,
                         struct eg_error *err)
{
    if (text.len > EG_RULES_MAX_PATTERN_BYTES)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the pattern is longer than %u bytes",
                            EG_RULES_MAX_PATTERN_BYTES);
    struct eg_rules_pattern *pattern = eg_calloc(1, sizeof(*pattern));
    eg_json_document_init(&pattern->document);
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    int rc = eg_json_document_parse(&pattern->document, eg_arena_copy(&pattern->arena, text),
                                    &limits, err);
    if (rc != 0)
        (void)eg_error_prefix(err, "the pattern is no JSON");
    else
        rc = read_root(pattern, err);
    if (rc != 0) {
        eg_rules_pattern_destroy(pattern);
        return -1;
    }
    *ret_pattern = pattern;
    return 0;
}

void eg_rules_pattern_destroy(struct eg_rules_pattern *pattern)
{
    if (!pattern)
        return;
    struct list list = {pattern->conjunctions, pattern->conjunction_count};
    list_fini(&list);
    eg_json_document_fini(&pattern->document);
    eg_arena_fini(&pattern->arena);
    free(pattern);
}
