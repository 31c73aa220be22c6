/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From configuration nodes to the map. A builder is the map before anybody else has seen it. What
 * is malformed is reported and left out, so that every mistake of a file is found in one run.
 */
#include <stdlib.h>

#include "access/casefold.h"
#include "access/map.h"
#include "access/rules.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define MAX_PATTERNS 1000u /* of one field */

struct eg_access_builder {
    struct eg_access_map map;
};

/* Where in the file a mistake is, in words. */
struct where {
    struct eg_span topic;
    struct eg_span subject; /* len 0: about the topic */
    struct eg_span field;   /* len 0: about the subject */
    struct eg_config_problems *problems;
};

struct eg_access_builder *eg_access_builder_new(void)
{
    return eg_calloc(1, sizeof(struct eg_access_builder));
}

void eg_access_builder_destroy(struct eg_access_builder *builder)
{
    if (builder)
        eg_access_map_destroy(eg_access_builder_finish(builder));
}

struct eg_access_map *eg_access_builder_finish(struct eg_access_builder *take)
{
    struct eg_access_map *map = eg_malloc(sizeof(*map));
    *map = take->map;
    free(take);
    return map;
}

static char *where_text(const struct where *where)
{
    if (where->field.len > 0)
        return eg_asprintf("topic '%.*s', user '%.*s', field '%.*s'", EG_SPAN_ARGS(where->topic),
                           EG_SPAN_ARGS(where->subject), EG_SPAN_ARGS(where->field));
    if (where->subject.len > 0)
        return eg_asprintf("topic '%.*s', user '%.*s'", EG_SPAN_ARGS(where->topic),
                           EG_SPAN_ARGS(where->subject));
    return eg_asprintf("topic '%.*s'", EG_SPAN_ARGS(where->topic));
}

static void fail_kind(const struct where *where, const struct eg_config_node *node,
                      const char *expected)
{
    EG_AUTOFREE char *text = where_text(where);
    (void)eg_config_problem_add(where->problems, node->place, "%s: expected %s, got %s", text,
                                expected, eg_config_node_describe(node));
}

static void add_pattern(struct eg_access_rule *rule, const struct eg_config_node *node,
                        const struct where *where)
{
    struct eg_error err;
    if (node->kind != EG_CONFIG_SCALAR || eg_config_node_is_null(node)) {
        fail_kind(where, node, "a regular expression");
        return;
    }
    struct eg_regex *regex = NULL;
    if (eg_regex_compile(node->text, EG_REGEX_PYTHON_FULLMATCH, &regex, &err) != 0) {
        EG_AUTOFREE char *text = where_text(where);
        (void)eg_config_problem_add(where->problems, node->place,
                                    "%s: invalid regular expression '%.*s': %s", text,
                                    EG_SPAN_ARGS(node->text), err.message);
        return;
    }
    rule->patterns[rule->pattern_count++] = regex;
}

static void fill_rule(struct eg_access_map *map, struct eg_access_rule *rule,
                      const struct eg_config_member *member, struct where where)
{
    const struct eg_config_node *list = member->node;
    where.field = member->name;
    rule->field = eg_arena_copy(&map->arena, member->name);
    if (list->kind != EG_CONFIG_LIST || list->count > MAX_PATTERNS) {
        fail_kind(&where, list, "a list of at most 1000 regular expressions");
        return;
    }
    rule->patterns = eg_arena_alloc(&map->arena, list->count * sizeof(struct eg_regex *));
    for (size_t i = 0; i < list->count; i++)
        add_pattern(rule, list->items[i], &where);
}

static void fill_rules(struct eg_access_map *map, struct eg_access_subject *subject,
                       const struct eg_config_node *fields, const struct where *where)
{
    if (fields->kind != EG_CONFIG_MAP) {
        fail_kind(where, fields, "a mapping of fields to regular expressions");
        return;
    }
    subject->rules = eg_arena_alloc(&map->arena, fields->count * sizeof(*subject->rules));
    for (size_t i = 0; i < fields->count; i++) {
        struct eg_access_rule *rule = &subject->rules[subject->rule_count++];
        *rule = (struct eg_access_rule){0};
        fill_rule(map, rule, &fields->members[i], *where);
    }
}

/* `fields` may be NULL: no restriction. Of two spellings of one subject the first stands. */
static void add_subject(struct eg_access_map *map, struct eg_access_topic *topic,
                        struct eg_span name, const struct eg_config_node *fields,
                        struct where where)
{
    size_t capacity = EG_ACCESS_CASEFOLD_BYTES(name.len);
    char *folded = eg_arena_alloc(&map->arena, capacity);
    size_t len = 0;
    EG_ASSERT(eg_access_casefold(name, folded, capacity, &len));
    where.subject = name;
    struct eg_access_subject *subject = &topic->subjects[topic->subject_count];
    *subject = (struct eg_access_subject){.name = eg_arena_copy(&map->arena, name)};
    if (fields)
        fill_rules(map, subject, fields, &where);
    topic->subject_count++; /* also a shadowed one, whose expressions must be given back */
    (void)eg_config_index_add(&topic->index, eg_span_of(folded, len), topic->subject_count - 1);
    if (len > topic->longest_folded)
        topic->longest_folded = len;
}

static void add_list(struct eg_access_map *map, struct eg_access_topic *topic,
                     const struct eg_config_node *list, const struct where *where)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct eg_config_node *item = list->items[i];
        if (item->kind != EG_CONFIG_SCALAR || item->text.len == 0 || eg_config_node_is_null(item))
            fail_kind(where, item, "the name of a user");
        else
            add_subject(map, topic, item->text, NULL, *where);
    }
}

static void add_mapping(struct eg_access_map *map, struct eg_access_topic *topic,
                        const struct eg_config_node *mapping, const struct where *where)
{
    for (size_t i = 0; i < mapping->count; i++) {
        const struct eg_config_member *member = &mapping->members[i];
        if (member->name.len == 0) {
            EG_AUTOFREE char *text = where_text(where);
            (void)eg_config_problem_add(where->problems, member->place,
                                        "%s: the name of a user is empty", text);
            continue;
        }
        add_subject(map, topic, member->name, member->node, *where);
    }
}

static struct eg_span lower_copy(struct eg_arena *arena, struct eg_span name)
{
    char *copy = eg_arena_alloc(arena, name.len + 1);
    for (size_t i = 0; i < name.len; i++)
        copy[i] =
            (char)(name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? name.ptr[i] | 0x20 : name.ptr[i]);
    copy[name.len] = '\0';
    return eg_span_of(copy, name.len);
}

static struct eg_access_topic *new_topic(struct eg_access_map *map, struct eg_span name,
                                         size_t subjects)
{
    struct eg_span lower = lower_copy(&map->arena, name);
    if (eg_config_index_add(&map->index, lower, map->topic_count) != EG_CONFIG_INDEX_NONE)
        return NULL;
    map->topics = eg_realloc_array(map->topics, map->topic_count + 1, sizeof(*map->topics));
    struct eg_access_topic *topic = &map->topics[map->topic_count++];
    *topic = (struct eg_access_topic){.name = lower};
    topic->subjects = eg_arena_alloc(&map->arena, subjects * sizeof(*topic->subjects));
    return topic;
}

void eg_access_builder_add_topic(struct eg_access_builder *builder, struct eg_span topic,
                                 const struct eg_config_node *rules,
                                 struct eg_config_problems *problems)
{
    struct where where = {.topic = topic, .problems = problems};
    if (rules->kind == EG_CONFIG_SCALAR) {
        fail_kind(&where, rules, "a list of users or a mapping of users to field rules");
        return;
    }
    struct eg_access_topic *made = new_topic(&builder->map, topic, rules->count);
    if (!made)
        (void)eg_config_problem_add(problems, rules->place,
                                    "topic '%.*s': its users are listed in another place already",
                                    EG_SPAN_ARGS(topic));
    else if (rules->kind == EG_CONFIG_LIST)
        add_list(&builder->map, made, rules, &where);
    else
        add_mapping(&builder->map, made, rules, &where);
}

void eg_access_builder_add(struct eg_access_builder *builder, const struct eg_config_node *root,
                           struct eg_config_problems *problems)
{
    if (root->kind != EG_CONFIG_MAP) {
        (void)eg_config_problem_add(problems, root->place,
                                    "expected a mapping of topics to users, got %s",
                                    eg_config_node_describe(root));
        return;
    }
    for (size_t i = 0; i < root->count; i++)
        eg_access_builder_add_topic(builder, root->members[i].name, root->members[i].node,
                                    problems);
}
