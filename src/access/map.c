/* SPDX-License-Identifier: Apache-2.0 */
/* The check: two hash lookups, then the subject's own rules. Nothing here changes the map. */
#include "access/map.h"

#include <stdlib.h>

#include "access/casefold.h"
#include "access/rules.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "text/python.h"

#define STACK_BYTES 512u

static void topic_fini(struct eg_access_topic *topic)
{
    for (size_t i = 0; i < topic->subject_count; i++)
        for (size_t j = 0; j < topic->subjects[i].rule_count; j++)
            for (size_t k = 0; k < topic->subjects[i].rules[j].pattern_count; k++)
                eg_regex_destroy(topic->subjects[i].rules[j].patterns[k]);
    eg_config_index_fini(&topic->index);
}

void eg_access_map_destroy(struct eg_access_map *map)
{
    if (!map)
        return;
    for (size_t i = 0; i < map->topic_count; i++)
        topic_fini(&map->topics[i]);
    free(map->topics);
    eg_config_index_fini(&map->index);
    eg_arena_fini(&map->arena);
    free(map);
}

size_t eg_access_map_topic_count(const struct eg_access_map *map)
{
    return map->topic_count;
}

struct eg_span eg_access_map_topic_name(const struct eg_access_map *map, size_t index)
{
    EG_ASSERT(index < map->topic_count);
    return map->topics[index].name;
}

static const struct eg_access_topic *find_topic(const struct eg_access_map *map,
                                                struct eg_span name)
{
    size_t at = map ? eg_config_index_find(&map->index, name) : EG_CONFIG_INDEX_NONE;
    return at == EG_CONFIG_INDEX_NONE ? NULL : &map->topics[at];
}

size_t eg_access_map_subject_count(const struct eg_access_map *map, struct eg_span topic)
{
    const struct eg_access_topic *found = find_topic(map, topic);
    return found ? found->index.count : 0;
}

static const struct eg_access_subject *find_subject(const struct eg_access_topic *topic,
                                                    struct eg_span subject)
{
    char stack[STACK_BYTES];
    EG_AUTOFREE char *heap = NULL;
    size_t capacity = topic->longest_folded;
    size_t len = 0;
    if (capacity > sizeof(stack))
        heap = eg_malloc(capacity);
    char *folded = heap ? heap : stack;
    if (subject.len == 0 || !eg_access_casefold(subject, folded, capacity, &len))
        return NULL;
    size_t at = eg_config_index_find(&topic->index, eg_span_of(folded, len));
    return at == EG_CONFIG_INDEX_NONE ? NULL : &topic->subjects[at];
}

static bool matches_one(const struct eg_access_rule *rule, struct eg_span text)
{
    for (size_t i = 0; i < rule->pattern_count; i++)
        if (eg_regex_match(rule->patterns[i], text) == EG_REGEX_MATCH)
            return true;
    return false;
}

static bool value_permitted(const struct eg_access_rule *rule,
                            const struct eg_json_document *document, eg_json_index value)
{
    if (eg_json_kind(document, value) == EG_JSON_STRING)
        return matches_one(rule, eg_json_string(document, value));
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_python_str(&text, document, value);
    return matches_one(rule, eg_buffer_span(&text));
}

static int check_rule(const struct eg_access_subject *subject, const struct eg_access_rule *rule,
                      const struct eg_json_document *document, eg_json_index root,
                      struct eg_error *err)
{
    eg_json_index value = EG_JSON_NONE;
    if (eg_json_kind(document, root) == EG_JSON_OBJECT)
        value = eg_json_member(document, root, rule->field);
    if (value == EG_JSON_NONE || eg_json_kind(document, value) == EG_JSON_NULL)
        return eg_error_set(err, EG_ERR_PERMISSION, "Required field '%.*s' missing from message",
                            EG_SPAN_ARGS(rule->field));
    if (!value_permitted(rule, document, value))
        return eg_error_set(err, EG_ERR_PERMISSION,
                            "Field '%.*s' value not permitted for user '%.*s'",
                            EG_SPAN_ARGS(rule->field), EG_SPAN_ARGS(subject->name));
    return 0;
}

int eg_access_check(const struct eg_access_map *map, struct eg_span topic, struct eg_span subject,
                    const struct eg_json_document *document, eg_json_index root,
                    struct eg_error *err)
{
    const struct eg_access_topic *rules = find_topic(map, topic);
    const struct eg_access_subject *found = rules ? find_subject(rules, subject) : NULL;
    if (!found)
        return eg_error_set(err, EG_ERR_FORBIDDEN, "User '%.*s' is not authorized for topic '%.*s'",
                            EG_SPAN_ARGS(subject), EG_SPAN_ARGS(topic));
    for (size_t i = 0; i < found->rule_count; i++)
        if (check_rule(found, &found->rules[i], document, root, err) != 0)
            return -1;
    return 0;
}
