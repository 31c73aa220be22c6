/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks that apply other schemas to the same value. What a schema that does not fit has evaluated
 * must be forgotten: it gets a bitmap of its own, which counts only if it fits.
 */
#include <string.h>

#include "schema/run.h"

bool eg_schema_check_ref(struct eg_schema_run *run, const struct eg_schema_node *node,
                         const struct eg_schema_rule *rule, eg_json_index index,
                         uint64_t *evaluated)
{
    (void)node;
    return eg_schema_node_fits(run, rule->a, index, evaluated);
}

bool eg_schema_check_dynamic_ref(struct eg_schema_run *run, const struct eg_schema_node *node,
                                 const struct eg_schema_rule *rule, eg_json_index index,
                                 uint64_t *evaluated)
{
    (void)node;
    return eg_schema_node_fits(run, eg_schema_dynamic_target(run, rule), index, evaluated);
}

bool eg_schema_check_all_of(struct eg_schema_run *run, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule, eg_json_index index,
                            uint64_t *evaluated)
{
    (void)node;
    for (uint32_t i = 0; i < rule->b; i++)
        if (!eg_schema_node_fits(run, run->schema->links.items[rule->a + i], index, evaluated))
            return false;
    return true;
}

/* The bits reach `evaluated` only if the node fits. */
static bool fits_apart(struct eg_schema_run *run, uint32_t node, eg_json_index index,
                       uint64_t *evaluated)
{
    if (!evaluated)
        return eg_schema_node_fits(run, node, index, NULL);
    uint32_t count = eg_json_count(run->document, index);
    struct eg_schema_mark mark = eg_schema_scratch_mark(run->scratch);
    uint64_t *own = eg_schema_scratch_bits(run->scratch, count);
    bool fits = eg_schema_node_fits(run, node, index, own);
    for (size_t i = 0; fits && i < eg_schema_bit_words(count); i++)
        evaluated[i] |= own[i];
    eg_schema_scratch_release(run->scratch, mark);
    return fits;
}

bool eg_schema_check_any_of(struct eg_schema_run *run, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule, eg_json_index index,
                            uint64_t *evaluated)
{
    (void)node;
    bool any = false;
    for (uint32_t i = 0; i < rule->b && (!any || evaluated); i++)
        any |= fits_apart(run, run->schema->links.items[rule->a + i], index, evaluated);
    return any;
}

bool eg_schema_check_one_of(struct eg_schema_run *run, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule, eg_json_index index,
                            uint64_t *evaluated)
{
    (void)node;
    unsigned fitting = 0;
    for (uint32_t i = 0; i < rule->b && fitting < 2; i++)
        fitting += fits_apart(run, run->schema->links.items[rule->a + i], index, evaluated);
    return fitting == 1;
}

bool eg_schema_check_not(struct eg_schema_run *run, const struct eg_schema_node *node,
                         const struct eg_schema_rule *rule, eg_json_index index,
                         uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    return !eg_schema_node_fits(run, rule->a, index, NULL);
}

bool eg_schema_check_if(struct eg_schema_run *run, const struct eg_schema_node *node,
                        const struct eg_schema_rule *rule, eg_json_index index, uint64_t *evaluated)
{
    (void)node;
    uint32_t branch = fits_apart(run, rule->a, index, evaluated) ? rule->b : rule->c;
    return branch == EG_SCHEMA_NONE || eg_schema_node_fits(run, branch, index, evaluated);
}

/* The last check of a node: `evaluated` is the node's own bitmap by now. */
bool eg_schema_check_unevaluated(struct eg_schema_run *run, const struct eg_schema_node *node,
                                 const struct eg_schema_rule *rule, eg_json_index index,
                                 uint64_t *evaluated)
{
    (void)node;
    const struct eg_json_document *document = run->document;
    eg_json_index step = eg_json_kind(document, index) == EG_JSON_OBJECT;
    eg_json_index end = eg_json_next(document, index);
    uint32_t place = 0;
    for (eg_json_index item = index + 1; item < end;
         item = eg_json_next(document, item + step), place++) {
        if (eg_schema_bit_get(evaluated, place))
            continue;
        if (!eg_schema_node_fits(run, rule->a, item + step, NULL))
            return false;
        eg_schema_bit_set(evaluated, place);
    }
    return true;
}
