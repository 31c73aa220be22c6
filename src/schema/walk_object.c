/* SPDX-License-Identifier: Apache-2.0 */
/* Walkers of the keywords about objects, in the order in which python-jsonschema finds faults. */
#include "base/span.h"
#include "schema/explain.h"

static bool is_object(const struct eg_schema_walk *walk, eg_json_index index)
{
    return eg_json_kind(walk->run.document, index) == EG_JSON_OBJECT;
}

void eg_schema_walk_properties(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                               const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_schema *schema = walk->run.schema;
    const struct eg_json_document *json = eg_schema_json(schema, node->document);
    if (!is_object(walk, index))
        return;
    eg_json_index name = rule->value + 1;
    for (uint32_t i = 0; i < rule->b; i++, name = eg_json_next(json, name + 1)) {
        struct eg_span text = eg_json_string(json, name);
        eg_json_index value = eg_json_member(walk->run.document, index, text);
        if (value == EG_JSON_NONE)
            continue;
        eg_schema_push_step(&walk->schema_path, eg_schema_step_name(text));
        eg_schema_walk_member(walk, schema->links.items[rule->a + i], value - 1);
        walk->schema_path.count--;
    }
}

void eg_schema_walk_pattern_properties(struct eg_schema_walk *walk,
                                       const struct eg_schema_node *node,
                                       const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_schema *schema = walk->run.schema;
    const struct eg_json_document *document = walk->run.document;
    const struct eg_json_document *json = eg_schema_json(schema, node->document);
    if (!is_object(walk, index))
        return;
    eg_json_index pattern_name = rule->value + 1;
    for (uint32_t i = 0; i < rule->b; i++, pattern_name = eg_json_next(json, pattern_name + 1)) {
        const struct eg_schema_pattern *pattern = &schema->patterns.items[rule->a + i];
        eg_schema_push_step(&walk->schema_path,
                            eg_schema_step_name(eg_json_string(json, pattern_name)));
        for (eg_json_index name = index + 1; name < eg_json_next(document, index);
             name = eg_json_next(document, name + 1))
            if (eg_schema_regex_fits(&walk->run, pattern->regex, eg_json_string(document, name),
                                     name, "patternProperties"))
                eg_schema_walk_member(walk, pattern->node, name);
        walk->schema_path.count--;
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

/* Neither `properties` nor `patternProperties` know the member. */
static bool is_additional(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                          eg_json_index name)
{
    const struct eg_schema *schema = walk->run.schema;
    struct eg_span text = eg_json_string(walk->run.document, name);
    const struct eg_schema_rule *properties = find_rule(schema, node, EG_SCHEMA_PROPERTIES);
    if (properties && eg_json_member(eg_schema_json(schema, node->document), properties->value,
                                     text) != EG_JSON_NONE)
        return false;
    const struct eg_schema_rule *patterns = find_rule(schema, node, EG_SCHEMA_PATTERN_PROPERTIES);
    for (uint32_t i = 0; patterns && i < patterns->b; i++)
        if (eg_schema_regex_fits(&walk->run, schema->patterns.items[patterns->a + i].regex, text,
                                 name, "patternProperties"))
            return false;
    return true;
}

static bool is_false(const struct eg_schema *schema, uint32_t node)
{
    return (schema->nodes.items[node].flags & EG_SCHEMA_NODE_BOOLEAN) &&
           schema->nodes.items[node].types == 0;
}

void eg_schema_walk_additional_properties(struct eg_schema_walk *walk,
                                          const struct eg_schema_node *node,
                                          const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *document = walk->run.document;
    if (!is_object(walk, index))
        return;
    bool forbidden = is_false(walk->run.schema, rule->a);
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    for (eg_json_index name = index + 1; name < eg_json_next(document, index);
         name = eg_json_next(document, name + 1)) {
        if (!is_additional(walk, node, name))
            continue;
        if (forbidden)
            eg_schema_fault_extra(walk, &fault, name);
        else
            eg_schema_walk_member(walk, rule->a, name);
    }
    if (fault.extra_count)
        eg_schema_fault_gather(walk, &fault, mark);
}

void eg_schema_walk_property_names(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                                   const struct eg_schema_rule *rule, eg_json_index index)
{
    (void)node;
    const struct eg_json_document *document = walk->run.document;
    if (!is_object(walk, index))
        return;
    for (eg_json_index name = index + 1; name < eg_json_next(document, index);
         name = eg_json_next(document, name + 1))
        eg_schema_walk_node(walk, rule->a, name);
}

/* A fault for each name in `list` that the object has not. */
static void gather_missing(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule, eg_json_index index,
                           eg_json_index list, eg_json_index because)
{
    const struct eg_json_document *json = eg_schema_json(walk->run.schema, node->document);
    for (eg_json_index i = list + 1; i < eg_json_next(json, list) && !walk->full; i++) {
        if (eg_json_member(walk->run.document, index, eg_json_string(json, i)) != EG_JSON_NONE)
            continue;
        struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
        struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
        fault.reason = EG_SCHEMA_REASON_NAME;
        fault.name = i;
        fault.because = because;
        eg_schema_fault_gather(walk, &fault, mark);
    }
}

void eg_schema_walk_required(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                             const struct eg_schema_rule *rule, eg_json_index index)
{
    if (is_object(walk, index))
        gather_missing(walk, node, rule, index, rule->value, EG_JSON_NONE);
}

void eg_schema_walk_dependent_required(struct eg_schema_walk *walk,
                                       const struct eg_schema_node *node,
                                       const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *json = eg_schema_json(walk->run.schema, node->document);
    if (!is_object(walk, index))
        return;
    for (eg_json_index name = rule->value + 1; name < eg_json_next(json, rule->value);
         name = eg_json_next(json, name + 1))
        if (eg_json_member(walk->run.document, index, eg_json_string(json, name)) != EG_JSON_NONE)
            gather_missing(walk, node, rule, index, name + 1, name);
}

void eg_schema_walk_dependencies(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                                 const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *json = eg_schema_json(walk->run.schema, node->document);
    if (!is_object(walk, index))
        return;
    eg_json_index name = rule->value + 1;
    for (uint32_t i = 0; i < rule->b; i++, name = eg_json_next(json, name + 1)) {
        struct eg_span text = eg_json_string(json, name);
        if (eg_json_member(walk->run.document, index, text) == EG_JSON_NONE)
            continue;
        uint32_t child = walk->run.schema->links.items[rule->a + i];
        if (child == EG_SCHEMA_NONE)
            gather_missing(walk, node, rule, index, name + 1, name);
        else
            eg_schema_walk_at(walk, eg_schema_step_name(text), child, index);
    }
}

/* A member is told once for each fault that its schema finds in it. */
void eg_schema_walk_unevaluated_properties(struct eg_schema_walk *walk,
                                           const struct eg_schema_node *node,
                                           const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *document = walk->run.document;
    if (!is_object(walk, index))
        return;
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    uint64_t *bits = eg_schema_scratch_bits(walk->run.scratch, eg_json_count(document, index));
    eg_schema_evaluated(&walk->run, node, index, bits);
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    struct eg_schema_faults *outer = walk->faults;
    uint32_t place = 0;
    for (eg_json_index name = index + 1; name < eg_json_next(document, index);
         name = eg_json_next(document, name + 1), place++) {
        if (eg_schema_bit_get(bits, place))
            continue;
        struct eg_schema_faults inner = {.base = walk->instance_path.count, .is_context = true};
        walk->faults = &inner;
        eg_schema_walk_member(walk, rule->a, name);
        walk->faults = outer;
        for (uint32_t i = 0; i < inner.count; i++)
            eg_schema_fault_extra(walk, &fault, name);
    }
    if (fault.extra_count)
        eg_schema_fault_gather(walk, &fault, mark);
    else
        eg_schema_scratch_release(walk->run.scratch, mark);
}
