/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering faults in little memory, and the choice of the best one after python-jsonschema's
 * exceptions.py (4.26): of all faults the greatest by relevance; if that is an anyOf or oneOf, then
 * down its context to the least, as long as the two least differ in relevance. So the top has to
 * keep one fault and a context two, however many there are. Slots reuse their memory.
 */
#include <string.h>

#include "base/span.h"
#include "schema/explain.h"

static bool matches_type(const struct eg_schema_walk *walk, const struct eg_schema_node *node,
                         eg_json_index index)
{
    const struct eg_schema *schema = walk->run.schema;
    for (uint32_t i = 0; i < node->rules.count; i++) {
        const struct eg_schema_rule *rule = &schema->rules.items[node->rules.first + i];
        if (rule->keyword == EG_SCHEMA_TYPE)
            return eg_schema_type_fits(&walk->run, node, (uint8_t)rule->a, index);
    }
    return false;
}

struct eg_schema_fault eg_schema_fault_at(struct eg_schema_walk *walk,
                                          const struct eg_schema_node *node,
                                          const struct eg_schema_rule *rule, eg_json_index index)
{
    return (struct eg_schema_fault){
        .node = node,
        .rule = rule,
        .index = index,
        .weak = rule && (rule->keyword == EG_SCHEMA_ANY_OF || rule->keyword == EG_SCHEMA_ONE_OF),
        .matches_type = matches_type(walk, node, index),
        .base = walk->faults->base,
        .instance_path = walk->instance_path,
        .schema_path = walk->schema_path,
    };
}

void eg_schema_fault_extra(struct eg_schema_walk *walk, struct eg_schema_fault *fault,
                           uint32_t extra)
{
    if (fault->extra_count == fault->extra_capacity) {
        fault->extra_capacity = fault->extra_capacity ? fault->extra_capacity * 2 : 8;
        uint32_t *extras =
            eg_schema_scratch_alloc(walk->run.scratch, fault->extra_capacity * sizeof(*extras));
        if (fault->extra_count)
            memcpy(extras, fault->extras, fault->extra_count * sizeof(*extras));
        fault->extras = extras;
    }
    fault->extras[fault->extra_count++] = extra;
}

static int compare_steps(const struct eg_schema_step *a, const struct eg_schema_step *b)
{
    if (!a->name || !b->name)
        return a->number < b->number ? -1 : a->number > b->number;
    return eg_span_compare(eg_span_of(a->name, a->number), eg_span_of(b->name, b->number));
}

/* Relevance as python-jsonschema's tuples compare: <0, 0, >0. */
static int compare_relevance(const struct eg_schema_fault *a, const struct eg_schema_fault *b)
{
    uint32_t a_length = a->instance_path.count - a->base - a->hides_step;
    uint32_t b_length = b->instance_path.count - b->base - b->hides_step;
    if (a_length != b_length)
        return a_length > b_length ? -1 : 1;
    for (uint32_t i = 0; i < a_length; i++) {
        int order = compare_steps(&a->instance_path.items[a->base + i],
                                  &b->instance_path.items[b->base + i]);
        if (order != 0)
            return order;
    }
    if (a->weak != b->weak)
        return a->weak ? -1 : 1;
    if (a->matches_type != b->matches_type)
        return a->matches_type ? -1 : 1;
    return 0;
}

static void copy_steps(struct eg_schema_scratch *scratch, struct eg_schema_steps *to,
                       const struct eg_schema_steps *from)
{
    if (to->capacity < from->count) {
        to->capacity = from->count + 4;
        to->items = eg_schema_scratch_alloc(scratch, to->capacity * sizeof(*to->items));
    }
    if (from->count)
        memcpy(to->items, from->items, from->count * sizeof(*to->items));
    to->count = from->count;
}

/* Into a slot: the paths are the walk's own and will change, so they are copied. */
static void store(struct eg_schema_walk *walk, struct eg_schema_fault *slot,
                  const struct eg_schema_fault *fault)
{
    struct eg_schema_steps instance_path = slot->instance_path;
    struct eg_schema_steps schema_path = slot->schema_path;
    copy_steps(walk->run.scratch, &instance_path, &fault->instance_path);
    copy_steps(walk->run.scratch, &schema_path, &fault->schema_path);
    *slot = *fault;
    slot->instance_path = instance_path;
    slot->schema_path = schema_path;
}

static struct eg_schema_fault *new_slot(struct eg_schema_walk *walk)
{
    struct eg_schema_fault *slot = eg_schema_scratch_alloc(walk->run.scratch, sizeof(*slot));
    memset(slot, 0, sizeof(*slot));
    return slot;
}

static bool gather_at_top(struct eg_schema_walk *walk, struct eg_schema_faults *faults,
                          const struct eg_schema_fault *fault)
{
    bool keep = faults->count < faults->max_kept;
    if (keep) {
        memset(&faults->kept[faults->count], 0, sizeof(faults->kept[0]));
        store(walk, &faults->kept[faults->count], fault);
    }
    if (!faults->best || compare_relevance(fault, faults->best) > 0) {
        if (!faults->best)
            faults->best = new_slot(walk);
        store(walk, faults->best, fault);
        keep = true;
    }
    if (faults->count + 1 == EG_SCHEMA_MAX_FAULTS)
        walk->full = true;
    return keep;
}

static bool gather_in_context(struct eg_schema_walk *walk, struct eg_schema_faults *faults,
                              const struct eg_schema_fault *fault)
{
    bool first = !faults->smallest || compare_relevance(fault, faults->smallest) < 0;
    if (!first && faults->second && compare_relevance(fault, faults->second) >= 0)
        return false;
    struct eg_schema_fault *slot = faults->second ? faults->second : new_slot(walk);
    store(walk, slot, fault);
    if (first) {
        faults->second = faults->smallest;
        faults->smallest = slot;
    } else {
        faults->second = slot;
    }
    return true;
}

void eg_schema_fault_gather(struct eg_schema_walk *walk, const struct eg_schema_fault *fault,
                            struct eg_schema_mark mark)
{
    struct eg_schema_faults *faults = walk->faults;
    struct eg_schema_fault here = *fault;
    here.instance_path = walk->instance_path; /* may have moved since the fault was made */
    here.schema_path = walk->schema_path;
    bool kept = faults->is_context ? gather_in_context(walk, faults, &here)
                                   : gather_at_top(walk, faults, &here);
    faults->count++;
    if (!kept)
        eg_schema_scratch_release(walk->run.scratch, mark);
}

const struct eg_schema_fault *eg_schema_fault_best_match(const struct eg_schema_faults *faults)
{
    const struct eg_schema_fault *best = faults->best;
    while (best && best->smallest) {
        if (best->second && compare_relevance(best->smallest, best->second) == 0)
            break;
        best = best->smallest;
    }
    return best;
}
