/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the rules of a node to its checks: for each kind of instance the ones that can fail, cheap
 * ones first, and all that one pass over an object's members can decide fused into one.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "schema/compiler.h"

static bool is_fused(enum eg_schema_keyword keyword)
{
    switch (keyword) {
    case EG_SCHEMA_PROPERTIES:
    case EG_SCHEMA_REQUIRED:
    case EG_SCHEMA_PATTERN_PROPERTIES:
    case EG_SCHEMA_ADDITIONAL_PROPERTIES:
    case EG_SCHEMA_PROPERTY_NAMES:
    case EG_SCHEMA_MIN_PROPERTIES:
    case EG_SCHEMA_MAX_PROPERTIES:
        return true;
    default:
        return false;
    }
}

static bool accepts_all(const struct eg_schema *schema, uint32_t node)
{
    return schema->nodes.items[node].types == EG_SCHEMA_TYPE_ANY &&
           schema->nodes.items[node].rules.count == 0;
}

/* What `properties` and `required` name, while it is collected; a name may be there twice. */
struct names {
    struct eg_span *spans;
    uint32_t *nodes; /* of properties; EG_SCHEMA_NONE for the required */
    uint32_t count;
};

static void collect_properties(const struct eg_schema *schema, const struct eg_schema_node *node,
                               const struct eg_schema_rule *rule, struct names *names)
{
    const struct eg_json_document *json = eg_schema_json(schema, node->document);
    eg_json_index name = rule->value + 1;
    for (uint32_t i = 0; i < rule->b; i++, name = eg_json_next(json, name + 1)) {
        names->nodes[names->count] = schema->links.items[rule->a + i];
        names->spans[names->count++] = eg_json_string(json, name);
    }
}

static void collect_required(const struct eg_schema *schema, const struct eg_schema_node *node,
                             const struct eg_schema_rule *rule, struct names *names)
{
    const struct eg_json_document *json = eg_schema_json(schema, node->document);
    for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value); i++) {
        names->nodes[names->count] = EG_SCHEMA_NONE;
        names->spans[names->count++] = eg_json_string(json, i);
    }
}

/* Of equal names the first stays. */
static void drop_repeated(struct names *names)
{
    struct eg_schema_name_table table;
    eg_schema_name_table_build(&table, names->spans, names->count);
    uint32_t kept = 0;
    EG_AUTOFREE struct eg_span *spans = eg_malloc((names->count + 1u) * sizeof(*spans));
    for (uint32_t i = 0; i < names->count; i++) {
        if (eg_schema_name_table_find(&table, names->spans[i]) != i)
            continue;
        names->nodes[kept] = names->nodes[i];
        spans[kept++] = names->spans[i];
    }
    eg_schema_name_table_fini(&table);
    memcpy(names->spans, spans, kept * sizeof(*spans));
    names->count = kept;
}

static void number_required(struct eg_schema *schema, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule, struct eg_schema_object *object)
{
    const struct eg_json_document *json = eg_schema_json(schema, node->document);
    for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value); i++) {
        uint32_t at = eg_schema_name_table_find(&object->names, eg_json_string(json, i));
        struct eg_schema_property *property = &schema->properties.items[object->first + at];
        if (property->required == EG_SCHEMA_NONE)
            property->required = object->required_count++;
    }
}

static void set_limits(const struct eg_schema *schema, const struct eg_schema_rule *rule,
                       bool tracks_evaluated, struct eg_schema_object *object)
{
    switch ((enum eg_schema_keyword)rule->keyword) {
    case EG_SCHEMA_PATTERN_PROPERTIES:
        object->patterns = (struct eg_schema_range){rule->a, rule->b};
        break;
    case EG_SCHEMA_ADDITIONAL_PROPERTIES:
        if (tracks_evaluated || !accepts_all(schema, rule->a))
            object->additional = rule->a;
        break;
    case EG_SCHEMA_PROPERTY_NAMES:
        object->name_node = rule->a;
        break;
    case EG_SCHEMA_MIN_PROPERTIES:
        object->min_count = rule->a;
        break;
    case EG_SCHEMA_MAX_PROPERTIES:
        object->max_count = rule->a;
        break;
    default:
        break;
    }
}

static const struct eg_schema_rule *find_rule(const struct eg_schema *schema,
                                              const struct eg_schema_node *node,
                                              enum eg_schema_keyword keyword)
{
    for (uint32_t i = 0; i < node->rules.count; i++) {
        const struct eg_schema_rule *rule = &schema->rules.items[node->rules.first + i];
        if (rule->keyword == keyword)
            return rule;
    }
    return NULL;
}

static void collect_names(struct eg_schema *schema, const struct eg_schema_node *node,
                          struct eg_schema_object *object)
{
    const struct eg_schema_rule *properties = find_rule(schema, node, EG_SCHEMA_PROPERTIES);
    const struct eg_schema_rule *required = find_rule(schema, node, EG_SCHEMA_REQUIRED);
    uint32_t room = properties ? properties->b : 0;
    if (required)
        room += eg_json_count(eg_schema_json(schema, node->document), required->value);
    EG_AUTOFREE struct eg_span *spans = eg_malloc((room + 1u) * sizeof(*spans));
    EG_AUTOFREE uint32_t *nodes = eg_malloc((room + 1u) * sizeof(*nodes));
    struct names names = {spans, nodes, 0};
    if (properties)
        collect_properties(schema, node, properties, &names);
    if (required)
        collect_required(schema, node, required, &names);
    drop_repeated(&names);
    for (uint32_t i = 0; i < names.count; i++)
        EG_SCHEMA_PUSH(schema->properties,
                       (struct eg_schema_property){spans[i], nodes[i], EG_SCHEMA_NONE});
    object->count = names.count;
    eg_schema_name_table_build(&object->names, names.spans, names.count);
    if (required)
        number_required(schema, node, required, object);
    object->looks_at_members = names.count || object->patterns.count ||
                               object->additional != EG_SCHEMA_NONE ||
                               object->name_node != EG_SCHEMA_NONE;
}

static uint32_t build_object(struct eg_schema_compiler *compiler, const struct eg_schema_node *node)
{
    struct eg_schema *schema = compiler->schema;
    struct eg_schema_object object = {.first = schema->properties.count,
                                      .additional = EG_SCHEMA_NONE,
                                      .name_node = EG_SCHEMA_NONE,
                                      .max_count = UINT32_MAX};
    for (uint32_t i = 0; i < node->rules.count; i++)
        set_limits(schema, &schema->rules.items[node->rules.first + i], compiler->tracks_evaluated,
                   &object);
    collect_names(schema, node, &object);
    EG_SCHEMA_PUSH(schema->objects, object);
    return schema->objects.count - 1;
}

static int compare_keyword(const void *a, const void *b)
{
    return ((const struct eg_schema_rule *)a)->keyword -
           ((const struct eg_schema_rule *)b)->keyword;
}

/* Does the rule have to be looked at for an instance of this kind? */
static bool concerns(const struct eg_schema_compiler *compiler, const struct eg_schema_rule *rule,
                     enum eg_schema_subject subject)
{
    if (rule->keyword == EG_SCHEMA_TYPE) /* in the mask */
        return false;
    if (rule->keyword == EG_SCHEMA_FORMAT)
        return subject == EG_SCHEMA_SUBJECT_STRING;
    if (rule->keyword == EG_SCHEMA_IF && rule->b == EG_SCHEMA_NONE && rule->c == EG_SCHEMA_NONE)
        return compiler->tracks_evaluated;
    enum eg_schema_subject wanted = eg_schema_keyword_infos[rule->keyword].subject;
    return wanted == subject || wanted == EG_SCHEMA_SUBJECT_ANY;
}

static void plan_subject(struct eg_schema_compiler *compiler, struct eg_schema_node *node,
                         enum eg_schema_subject subject)
{
    struct eg_schema *schema = compiler->schema;
    struct eg_schema_range *checks = &node->checks[subject];
    bool fused = false;
    checks->first = schema->checks.count;
    for (uint32_t i = 0; i < node->rules.count; i++) {
        struct eg_schema_rule check = schema->rules.items[node->rules.first + i];
        if (!concerns(compiler, &check, subject))
            continue;
        if (is_fused(check.keyword)) {
            if (fused)
                continue;
            fused = true;
            check.a = build_object(compiler, node);
            check.keyword = EG_SCHEMA_PROPERTIES;
        }
        EG_SCHEMA_PUSH(schema->checks, check);
    }
    checks->count = schema->checks.count - checks->first;
    if (!checks->count)
        return;
    struct eg_schema_rule *first = &schema->checks.items[checks->first];
    qsort(first, checks->count, sizeof(*first), compare_keyword);
    for (uint32_t i = 0; fused && i < checks->count; i++)
        if (first[i].keyword == EG_SCHEMA_PROPERTIES)
            first[i].keyword = EG_SCHEMA_OBJECT;
}

/* A node that is a $ref and nothing else: what it leads to may be asked at once. */
static uint32_t shortcut(const struct eg_schema *schema, uint32_t node)
{
    for (int hops = 0; node != EG_SCHEMA_NONE && hops < 16; hops++) {
        const struct eg_schema_node *at = &schema->nodes.items[node];
        if (at->rules.count != 1 || schema->rules.items[at->rules.first].keyword != EG_SCHEMA_REF)
            break;
        node = schema->rules.items[at->rules.first].a;
    }
    return node;
}

static void take_shortcuts(struct eg_schema *schema)
{
    if (schema->tracks_scope) /* then a node on the way may open a scope */
        return;
    for (uint32_t i = 0; i < schema->properties.count; i++)
        schema->properties.items[i].node = shortcut(schema, schema->properties.items[i].node);
    for (uint32_t i = 0; i < schema->checks.count; i++) {
        struct eg_schema_rule *check = &schema->checks.items[i];
        if (check->keyword == EG_SCHEMA_REF || (check->keyword == EG_SCHEMA_ITEMS && !check->list))
            check->a = shortcut(schema, check->a);
    }
}

void eg_schema_plan(struct eg_schema_compiler *compiler)
{
    struct eg_schema *schema = compiler->schema;
    /* So that the array is there also where no object names a member. */
    EG_SCHEMA_PUSH(schema->properties,
                   (struct eg_schema_property){EG_SPAN_EMPTY, EG_SCHEMA_NONE, EG_SCHEMA_NONE});
    for (uint32_t i = 0; i < schema->nodes.count; i++)
        for (int subject = 0; subject < EG_SCHEMA_SUBJECTS; subject++)
            plan_subject(compiler, &schema->nodes.items[i], (enum eg_schema_subject)subject);
    take_shortcuts(schema);
}
