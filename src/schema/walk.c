/* SPDX-License-Identifier: Apache-2.0 */
/* The walk from node to node. Bounded like the fast answer: nesting and steps. */
#include "schema/explain.h"

#include "base/memory.h"
#include "base/span.h"

eg_schema_walker *const eg_schema_walkers[EG_SCHEMA_KEYWORDS] = {
    [EG_SCHEMA_PROPERTIES] = eg_schema_walk_properties,
    [EG_SCHEMA_PATTERN_PROPERTIES] = eg_schema_walk_pattern_properties,
    [EG_SCHEMA_ADDITIONAL_PROPERTIES] = eg_schema_walk_additional_properties,
    [EG_SCHEMA_PROPERTY_NAMES] = eg_schema_walk_property_names,
    [EG_SCHEMA_REQUIRED] = eg_schema_walk_required,
    [EG_SCHEMA_DEPENDENT_REQUIRED] = eg_schema_walk_dependent_required,
    [EG_SCHEMA_DEPENDENT_SCHEMAS] = eg_schema_walk_dependencies,
    [EG_SCHEMA_DEPENDENCIES] = eg_schema_walk_dependencies,
    [EG_SCHEMA_PREFIX_ITEMS] = eg_schema_walk_list,
    [EG_SCHEMA_ITEMS] = eg_schema_walk_items,
    [EG_SCHEMA_ADDITIONAL_ITEMS] = eg_schema_walk_additional_items,
    [EG_SCHEMA_CONTAINS] = eg_schema_walk_contains,
    [EG_SCHEMA_ALL_OF] = eg_schema_walk_all_of,
    [EG_SCHEMA_ANY_OF] = eg_schema_walk_any_of,
    [EG_SCHEMA_ONE_OF] = eg_schema_walk_one_of,
    [EG_SCHEMA_IF] = eg_schema_walk_if,
    [EG_SCHEMA_REF] = eg_schema_walk_ref,
    [EG_SCHEMA_DYNAMIC_REF] = eg_schema_walk_dynamic_ref,
    [EG_SCHEMA_RECURSIVE_REF] = eg_schema_walk_dynamic_ref,
    [EG_SCHEMA_UNEVALUATED_ITEMS] = eg_schema_walk_unevaluated_items,
    [EG_SCHEMA_UNEVALUATED_PROPERTIES] = eg_schema_walk_unevaluated_properties,
};

void eg_schema_push_step(struct eg_schema_steps *steps, struct eg_schema_step step)
{
    if (steps->count == steps->capacity) {
        steps->capacity = steps->capacity ? steps->capacity * 2 : 64;
        steps->items = eg_realloc_array(steps->items, steps->capacity, sizeof(*steps->items));
    }
    steps->items[steps->count++] = step;
}

static void walk_rule(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                      const struct eg_schema_rule *rule, eg_json_index index)
{
    struct eg_span keyword = eg_schema_keyword_infos[rule->keyword].text;
    eg_schema_push_step(&walk->schema_path, eg_schema_step_name(keyword));
    eg_schema_walker *walker = eg_schema_walkers[rule->keyword];
    if (walker) {
        walker(walk, node, rule, index);
    } else if (!eg_schema_checks[rule->keyword](&walk->run, node, rule, index, NULL)) {
        struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
        struct eg_schema_fault fault = eg_schema_fault_at(walk, node, rule, index);
        eg_schema_fault_gather(walk, &fault, mark);
    }
    walk->schema_path.count--;
}

static void walk_rules(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                       eg_json_index index, bool direct)
{
    if ((node->flags & EG_SCHEMA_NODE_BOOLEAN) && node->types == 0) {
        struct eg_schema_mark mark = eg_schema_scratch_mark(walk->run.scratch);
        struct eg_schema_fault fault = eg_schema_fault_at(walk, node, NULL, index);
        fault.reason = EG_SCHEMA_REASON_FALSE;
        fault.hides_step = direct;
        eg_schema_fault_gather(walk, &fault, mark);
        return;
    }
    for (uint32_t i = 0; i < node->rules.count && !walk->full; i++) {
        if (walk->run.stop != EG_SCHEMA_STOP_NONE)
            return;
        walk_rule(walk, node, &walk->run.schema->rules.items[node->rules.first + i], index);
    }
}

void eg_schema_walk_node(struct eg_schema_walk *walk, uint32_t id, eg_json_index index)
{
    struct eg_schema_run *run = &walk->run;
    const struct eg_schema_node *node = &run->schema->nodes.items[id];
    bool direct = walk->direct;
    walk->direct = false;
    if (run->stop != EG_SCHEMA_STOP_NONE || walk->full)
        return;
    if (run->steps_left-- == 0) {
        (void)eg_schema_run_stop(run, EG_SCHEMA_STOP_STEPS, index, "");
        return;
    }
    if (run->nesting == EG_SCHEMA_MAX_NESTING) {
        (void)eg_schema_run_stop(run, EG_SCHEMA_STOP_NESTING, index, "");
        return;
    }
    run->nesting++;
    bool entered = eg_schema_scope_enter(run, node);
    walk_rules(walk, node, index, direct);
    eg_schema_scope_leave(run, entered);
    run->nesting--;
}

void eg_schema_walk_at(struct eg_schema_walk *walk, struct eg_schema_step schema_step,
                       uint32_t node, eg_json_index index)
{
    eg_schema_push_step(&walk->schema_path, schema_step);
    eg_schema_walk_node(walk, node, index);
    walk->schema_path.count--;
}

void eg_schema_walk_member(struct eg_schema_walk *walk, uint32_t node, eg_json_index name)
{
    struct eg_span text = eg_json_string(walk->run.document, name);
    eg_schema_push_step(&walk->instance_path, eg_schema_step_name(text));
    walk->direct = true;
    eg_schema_walk_node(walk, node, name + 1);
    walk->instance_path.count--;
}

void eg_schema_walk_element(struct eg_schema_walk *walk, uint32_t node, uint32_t number,
                            eg_json_index element)
{
    eg_schema_push_step(&walk->instance_path, eg_schema_step_number(number));
    walk->direct = true;
    eg_schema_walk_node(walk, node, element);
    walk->instance_path.count--;
}
