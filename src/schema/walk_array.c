/* SPDX-License-Identifier: Apache-2.0 */
/* Walkers of the keywords about arrays. */
#include "schema/explain.h"

static bool is_array(const struct eg_schema_walk *walk, eg_json_index index)
{
    return eg_json_kind(walk->run.document, index) == EG_JSON_ARRAY;
}

static bool is_false(const struct eg_schema *schema, uint32_t node)
{
    return (schema->nodes.items[node].flags & EG_SCHEMA_NODE_BOOLEAN) &&
           schema->nodes.items[node].types == 0;
}

void eg_schema_walk_list(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                         const struct eg_schema_rule *rule, eg_json_index index)
{
    (void)node;
    const struct eg_json_document *document = walk->run.document;
    if (!is_array(walk, index))
        return;
    eg_json_index element = index + 1;
    for (uint32_t i = 0; i < rule->b && element < eg_json_next(document, index); i++) {
        eg_schema_push_step(&walk->schema_path, eg_schema_step_number(i));
        eg_schema_walk_element(walk, walk->run.schema->links.items[rule->a + i], i, element);
        walk->schema_path.count--;
        element = eg_json_next(document, element);
    }
}

/* One fault that tells all elements from the place b on. */
static void gather_rest(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                        const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *document = walk->run.document;
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    uint32_t place = 0;
    for (eg_json_index element = index + 1; element < eg_json_next(document, index);
         element = eg_json_next(document, element))
        if (place++ >= rule->b)
            eg_schema_fault_extra(walk, &fault, element);
    if (fault.extra_count)
        eg_schema_fault_gather(walk, &fault, mark);
}

static void walk_rest(struct eg_schema_walk *walk, const struct eg_schema_rule *rule,
                      eg_json_index index)
{
    const struct eg_json_document *document = walk->run.document;
    uint32_t place = 0;
    for (eg_json_index element = index + 1; element < eg_json_next(document, index);
         element = eg_json_next(document, element), place++)
        if (place >= rule->b)
            eg_schema_walk_element(walk, rule->a, place, element);
}

void eg_schema_walk_items(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                          const struct eg_schema_rule *rule, eg_json_index index)
{
    if (rule->list)
        eg_schema_walk_list(walk, node, rule, index);
    else if (!is_array(walk, index))
        return;
    else if (is_false(walk->run.schema, rule->a) &&
             eg_schema_node_draft(walk->run.schema, node) == EG_SCHEMA_DRAFT_2020_12)
        gather_rest(walk, node, rule, index);
    else
        walk_rest(walk, rule, index);
}

void eg_schema_walk_additional_items(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                                     const struct eg_schema_rule *rule, eg_json_index index)
{
    if (!is_array(walk, index))
        return;
    if (is_false(walk->run.schema, rule->a))
        gather_rest(walk, node, rule, index);
    else
        walk_rest(walk, rule, index);
}

void eg_schema_walk_contains(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                             const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *document = walk->run.document;
    if (!is_array(walk, index))
        return;
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    for (eg_json_index element = index + 1; element < eg_json_next(document, index);
         element = eg_json_next(document, element)) {
        fault.count += eg_schema_node_fits(&walk->run, rule->a, element, NULL);
        if (fault.count > rule->c) {
            fault.reason = EG_SCHEMA_REASON_TOO_MANY;
            eg_schema_fault_gather(walk, &fault, mark);
            return;
        }
    }
    if (fault.count >= rule->b)
        return;
    fault.reason = fault.count ? EG_SCHEMA_REASON_TOO_FEW : EG_SCHEMA_REASON_PLAIN;
    eg_schema_fault_gather(walk, &fault, mark);
}

void eg_schema_walk_unevaluated_items(struct eg_schema_walk *walk,
                                      const struct eg_schema_node *node,
                                      const struct eg_schema_rule *rule, eg_json_index index)
{
    const struct eg_json_document *document = walk->run.document;
    if (!is_array(walk, index))
        return;
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    uint64_t *bits = eg_schema_scratch_bits(walk->run.scratch, eg_json_count(document, index));
    eg_schema_evaluated(&walk->run, node, index, bits);
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    uint32_t place = 0;
    for (eg_json_index element = index + 1; element < eg_json_next(document, index);
         element = eg_json_next(document, element), place++)
        if (!eg_schema_bit_get(bits, place))
            eg_schema_fault_extra(walk, &fault, element);
    if (fault.extra_count)
        eg_schema_fault_gather(walk, &fault, mark);
    else
        eg_schema_scratch_release(walk->run.scratch, mark);
}
