/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of arrays. */
#include <string.h>

#include "schema/run.h"

/* prefixItems, and items as an array: one schema for each place. */
bool eg_schema_check_list(struct eg_schema_run *run, const struct eg_schema_node *node,
                          const struct eg_schema_rule *rule, eg_json_index index,
                          uint64_t *evaluated)
{
    (void)node;
    eg_json_index end = eg_json_next(run->document, index);
    eg_json_index item = index + 1;
    for (uint32_t i = 0; i < rule->b && item < end; i++) {
        if (!eg_schema_node_fits(run, run->schema->links.items[rule->a + i], item, NULL))
            return false;
        if (evaluated)
            eg_schema_bit_set(evaluated, i);
        item = eg_json_next(run->document, item);
    }
    return true;
}

/* items and additionalItems: one schema for all from the place b on. */
bool eg_schema_check_items(struct eg_schema_run *run, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule, eg_json_index index,
                           uint64_t *evaluated)
{
    if (rule->list)
        return eg_schema_check_list(run, node, rule, index, evaluated);
    eg_json_index end = eg_json_next(run->document, index);
    uint32_t place = 0;
    for (eg_json_index item = index + 1; item < end;
         item = eg_json_next(run->document, item), place++) {
        if (place < rule->b)
            continue;
        if (!eg_schema_node_fits(run, rule->a, item, NULL))
            return false;
        if (evaluated)
            eg_schema_bit_set(evaluated, place);
    }
    return true;
}

bool eg_schema_check_contains(struct eg_schema_run *run, const struct eg_schema_node *node,
                              const struct eg_schema_rule *rule, eg_json_index index,
                              uint64_t *evaluated)
{
    if (eg_json_kind(run->document, index) != EG_JSON_ARRAY)
        return true;
    bool marks = evaluated && eg_schema_node_draft(run->schema, node) >= EG_SCHEMA_DRAFT_2020_12;
    eg_json_index end = eg_json_next(run->document, index);
    uint32_t matches = 0;
    uint32_t place = 0;
    for (eg_json_index item = index + 1; item < end;
         item = eg_json_next(run->document, item), place++) {
        if (!eg_schema_node_fits(run, rule->a, item, NULL))
            continue;
        if (marks)
            eg_schema_bit_set(evaluated, place);
        if (++matches > rule->c)
            return false;
        if (!marks && matches >= rule->b && rule->c == UINT32_MAX)
            return true;
    }
    return matches >= rule->b;
}

static bool all_differ(const struct eg_json_document *document, eg_json_index index)
{
    eg_json_index end = eg_json_next(document, index);
    for (eg_json_index a = index + 1; a < end; a = eg_json_next(document, a))
        for (eg_json_index b = eg_json_next(document, a); b < end; b = eg_json_next(document, b))
            if (eg_json_equal(document, a, document, b))
                return false;
    return true;
}

struct seen {
    uint32_t tag; /* of the hash; the index tells whether the slot is taken */
    eg_json_index index;
};

/* False: an equal one was there before. */
static bool add_seen(const struct eg_json_document *document, struct seen *slots, uint32_t mask,
                     eg_json_index index)
{
    uint64_t hash = eg_json_hash(document, index);
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        if (slots[i].index == 0) {
            slots[i] = (struct seen){tag, index};
            return true;
        }
        if (slots[i].tag == tag && eg_json_equal(document, slots[i].index, document, index))
            return false;
    }
}

bool eg_schema_check_unique_items(struct eg_schema_run *run, const struct eg_schema_node *node,
                                  const struct eg_schema_rule *rule, eg_json_index index,
                                  uint64_t *evaluated)
{
    (void)node;
    (void)rule;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_ARRAY)
        return true;
    uint32_t count = eg_json_count(run->document, index);
    if (count <= 8)
        return all_differ(run->document, index);
    uint32_t slots = 32;
    while (slots < count * 2)
        slots *= 2;
    struct eg_schema_mark mark = eg_schema_scratch_mark(run->scratch);
    struct seen *seen = eg_schema_scratch_alloc(run->scratch, slots * sizeof(*seen));
    memset(seen, 0, slots * sizeof(*seen));
    eg_json_index end = eg_json_next(run->document, index);
    bool differ = true;
    for (eg_json_index item = index + 1; differ && item < end;
         item = eg_json_next(run->document, item))
        differ = add_seen(run->document, seen, slots - 1, item);
    eg_schema_scratch_release(run->scratch, mark);
    return differ;
}
