/* SPDX-License-Identifier: Apache-2.0 */
/* Walkers of the keywords that apply other schemas to the same value. */
#include "base/span.h"
#include "schema/explain.h"

void eg_schema_walk_ref(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                        const struct eg_schema_rule *rule, eg_json_index index)
{
    (void)node;
    eg_schema_walk_node(walk, rule->a, index);
}

void eg_schema_walk_dynamic_ref(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                                const struct eg_schema_rule *rule, eg_json_index index)
{
    (void)node;
    eg_schema_walk_node(walk, eg_schema_dynamic_target(&walk->run, rule), index);
}

void eg_schema_walk_all_of(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule, eg_json_index index)
{
    (void)node;
    for (uint32_t i = 0; i < rule->b; i++)
        eg_schema_walk_at(walk, eg_schema_step_number(i),
                          walk->run.schema->links.items[rule->a + i], index);
}

/* Gathers into `context` until one schema of the list fits. Its number, or rule->b. */
static uint32_t walk_alternatives(struct eg_schema_walk *walk, const struct eg_schema_rule *rule,
                                  eg_json_index index, struct eg_schema_faults *context)
{
    struct eg_schema_faults *outer = walk->faults;
    uint32_t fitting = rule->b;
    walk->faults = context;
    for (uint32_t i = 0; i < rule->b && fitting == rule->b; i++) {
        uint32_t before = context->count;
        eg_schema_walk_at(walk, eg_schema_step_number(i),
                          walk->run.schema->links.items[rule->a + i], index);
        if (context->count == before)
            fitting = i;
    }
    walk->faults = outer;
    return fitting;
}

static void gather_alternatives(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                                const struct eg_schema_rule *rule, eg_json_index index,
                                const struct eg_schema_faults *context, struct eg_schema_mark mark)
{
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    fault.smallest = context->smallest;
    fault.second = context->second;
    eg_schema_fault_gather(walk, &fault, mark);
}

void eg_schema_walk_any_of(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule, eg_json_index index)
{
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    struct eg_schema_faults context = {.base = walk->instance_path.count, .is_context = true};
    if (walk_alternatives(walk, rule, index, &context) == rule->b)
        gather_alternatives(walk, node, rule, index, &context, mark);
    else
        eg_schema_scratch_release(walk->run.scratch, mark);
}

void eg_schema_walk_one_of(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule, eg_json_index index)
{
    const uint32_t *links = walk->run.schema->links.items;
    struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
    struct eg_schema_faults context = {.base = walk->instance_path.count, .is_context = true};
    uint32_t first = walk_alternatives(walk, rule, index, &context);
    if (first == rule->b) {
        gather_alternatives(walk, node, rule, index, &context, mark);
        return;
    }
    struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
    for (uint32_t i = first + 1; i < rule->b; i++)
        if (eg_schema_node_fits(&walk->run, links[rule->a + i], index, NULL))
            eg_schema_fault_extra(walk, &fault, links[rule->a + i]);
    if (!fault.extra_count) {
        eg_schema_scratch_release(walk->run.scratch, mark);
        return;
    }
    eg_schema_fault_extra(walk, &fault, links[rule->a + first]);
    fault.reason = EG_SCHEMA_REASON_TOO_MANY;
    eg_schema_fault_gather(walk, &fault, mark);
}

/* The path tells `then` or `else` in the place of `if`. */
void eg_schema_walk_if(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                       const struct eg_schema_rule *rule, eg_json_index index)
{
    (void)node;
    bool fits = eg_schema_node_fits(&walk->run, rule->a, index, NULL);
    uint32_t branch = fits ? rule->b : rule->c;
    if (branch == EG_SCHEMA_NONE)
        return;
    struct eg_span keyword = eg_schema_keyword_infos[fits ? EG_SCHEMA_THEN : EG_SCHEMA_ELSE].text;
    walk->schema_path.count--;
    eg_schema_walk_at(walk, eg_schema_step_name(keyword), branch, index);
    eg_schema_push_step(&walk->schema_path,
                        eg_schema_step_name(eg_schema_keyword_infos[EG_SCHEMA_IF].text));
}
