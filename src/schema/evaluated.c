/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which members and elements count as evaluated for the messages of unevaluatedProperties and
 * unevaluatedItems. The verdict follows the specification and is not taken here: this follows
 * python-jsonschema 4.26 (_utils.py), which does not ask whether the members of `properties` fit,
 * so that its messages come out word for word.
 */
#include "base/span.h"
#include "schema/explain.h"

struct evaluation {
    struct eg_schema_run *run;
    eg_json_index index;
    uint64_t *bits;
};

static void from_node(struct evaluation *eval, uint32_t id);

static void mark_all(struct evaluation *eval, uint32_t up_to)
{
    uint32_t count = eg_json_count(eval->run->document, eval->index);
    for (uint32_t i = 0; i < count && i < up_to; i++)
        eg_schema_bit_set(eval->bits, i);
}

/* Members or elements that fit under the node, whatever else is said about them. */
static void mark_fitting(struct evaluation *eval, uint32_t node)
{
    const struct eg_json_document *document = eval->run->document;
    eg_json_index step = eg_json_kind(document, eval->index) == EG_JSON_OBJECT;
    uint32_t place = 0;
    for (eg_json_index item = eval->index + 1; item < eg_json_next(document, eval->index);
         item = eg_json_next(document, item + step), place++)
        if (eg_schema_node_fits(eval->run, node, item + step, NULL))
            eg_schema_bit_set(eval->bits, place);
}

static void mark_named(struct evaluation *eval, const struct eg_schema_node *node,
                       const struct eg_schema_rule *rule)
{
    const struct eg_json_document *document = eval->run->document;
    const struct eg_json_document *json = eg_schema_json(eval->run->schema, node->document);
    uint32_t place = 0;
    for (eg_json_index name = eval->index + 1; name < eg_json_next(document, eval->index);
         name = eg_json_next(document, name + 1), place++)
        if (eg_json_member(json, rule->value, eg_json_string(document, name)) != EG_JSON_NONE)
            eg_schema_bit_set(eval->bits, place);
}

static void mark_matching(struct evaluation *eval, const struct eg_schema_rule *rule)
{
    const struct eg_json_document *document = eval->run->document;
    uint32_t place = 0;
    for (eg_json_index name = eval->index + 1; name < eg_json_next(document, eval->index);
         name = eg_json_next(document, name + 1), place++)
        for (uint32_t i = 0; i < rule->b; i++)
            if (eg_schema_regex_fits(eval->run,
                                     eval->run->schema->patterns.items[rule->a + i].regex,
                                     eg_json_string(document, name), name, "patternProperties"))
                eg_schema_bit_set(eval->bits, place);
}

static void from_fitting(struct evaluation *eval, const struct eg_schema_rule *rule)
{
    for (uint32_t i = 0; i < rule->b; i++) {
        uint32_t node = eval->run->schema->links.items[rule->a + i];
        if (eg_schema_node_fits(eval->run, node, eval->index, NULL))
            from_node(eval, node);
    }
}

static void from_dependent(struct evaluation *eval, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule)
{
    const struct eg_json_document *json = eg_schema_json(eval->run->schema, node->document);
    eg_json_index name = rule->value + 1;
    for (uint32_t i = 0; i < rule->b; i++, name = eg_json_next(json, name + 1))
        if (eg_json_member(eval->run->document, eval->index, eg_json_string(json, name)) !=
            EG_JSON_NONE)
            from_node(eval, eval->run->schema->links.items[rule->a + i]);
}

static void from_if(struct evaluation *eval, const struct eg_schema_rule *rule)
{
    uint32_t branch = rule->c;
    if (eg_schema_node_fits(eval->run, rule->a, eval->index, NULL)) {
        from_node(eval, rule->a);
        branch = rule->b;
    }
    if (branch != EG_SCHEMA_NONE)
        from_node(eval, branch);
}

static void from_applied(struct evaluation *eval, const struct eg_schema_rule *rule)
{
    switch ((enum eg_schema_keyword)rule->keyword) {
    case EG_SCHEMA_REF:
        from_node(eval, rule->a);
        break;
    case EG_SCHEMA_DYNAMIC_REF:
    case EG_SCHEMA_RECURSIVE_REF:
        from_node(eval, eg_schema_dynamic_target(eval->run, rule));
        break;
    case EG_SCHEMA_ALL_OF:
    case EG_SCHEMA_ANY_OF:
    case EG_SCHEMA_ONE_OF:
        from_fitting(eval, rule);
        break;
    case EG_SCHEMA_IF:
        from_if(eval, rule);
        break;
    default:
        break;
    }
}

static void from_object_rule(struct evaluation *eval, const struct eg_schema_node *node,
                             const struct eg_schema_rule *rule)
{
    switch ((enum eg_schema_keyword)rule->keyword) {
    case EG_SCHEMA_PROPERTIES:
        mark_named(eval, node, rule);
        break;
    case EG_SCHEMA_ADDITIONAL_PROPERTIES:
    case EG_SCHEMA_UNEVALUATED_PROPERTIES:
        mark_fitting(eval, rule->a);
        break;
    case EG_SCHEMA_PATTERN_PROPERTIES:
        mark_matching(eval, rule);
        break;
    case EG_SCHEMA_DEPENDENT_SCHEMAS:
        from_dependent(eval, node, rule);
        break;
    default:
        break;
    }
}

static void from_array_rule(struct evaluation *eval, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule)
{
    bool latest = eg_schema_node_draft(eval->run->schema, node) == EG_SCHEMA_DRAFT_2020_12;
    switch ((enum eg_schema_keyword)rule->keyword) {
    case EG_SCHEMA_ITEMS:
        mark_all(eval, rule->list ? rule->b : UINT32_MAX);
        break;
    case EG_SCHEMA_ADDITIONAL_ITEMS:
        mark_all(eval, UINT32_MAX);
        break;
    case EG_SCHEMA_PREFIX_ITEMS:
        mark_all(eval, rule->b);
        break;
    case EG_SCHEMA_CONTAINS:
        if (latest)
            mark_fitting(eval, rule->a);
        break;
    case EG_SCHEMA_UNEVALUATED_ITEMS:
        mark_fitting(eval, rule->a);
        break;
    default:
        break;
    }
}

static void from_rules(struct evaluation *eval, const struct eg_schema_node *node)
{
    bool object = eg_json_kind(eval->run->document, eval->index) == EG_JSON_OBJECT;
    for (uint32_t i = 0; i < node->rules.count; i++) {
        const struct eg_schema_rule *rule = &eval->run->schema->rules.items[node->rules.first + i];
        if (object)
            from_object_rule(eval, node, rule);
        else
            from_array_rule(eval, node, rule);
        from_applied(eval, rule);
    }
}

static void from_node(struct evaluation *eval, uint32_t id)
{
    struct eg_schema_run *run = eval->run;
    const struct eg_schema_node *node = &run->schema->nodes.items[id];
    if (run->stop != EG_SCHEMA_STOP_NONE)
        return;
    if (run->steps_left-- == 0) {
        (void)eg_schema_run_stop(run, EG_SCHEMA_STOP_STEPS, eval->index, "");
        return;
    }
    if (run->nesting == EG_SCHEMA_MAX_NESTING) {
        (void)eg_schema_run_stop(run, EG_SCHEMA_STOP_NESTING, eval->index, "");
        return;
    }
    run->nesting++;
    bool entered = eg_schema_scope_enter(run, node);
    from_rules(eval, node);
    eg_schema_scope_leave(run, entered);
    run->nesting--;
}

void eg_schema_evaluated(struct eg_schema_run *run, const struct eg_schema_node *node,
                         eg_json_index index, uint64_t *bits)
{
    struct evaluation eval = {run, index, bits};
    from_rules(&eval, node);
}
