/* SPDX-License-Identifier: Apache-2.0 */
/* A set's life: the steps of compiling one, and its end. */
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "rules/build.h"

#define MOST_TEXT_BYTES ((size_t)1 << 30) /* of all patterns: numbers of 32 bits are enough */
#define MOST_CLAUSES    ((size_t)1 << 28)

static int check_size(const struct eg_rules_pattern *const *patterns, size_t count,
                      size_t *ret_conjunctions, size_t *ret_clauses, struct eg_error *err)
{
    size_t text_bytes = 0;
    size_t conjunctions = 0;
    size_t clauses = 0;
    for (size_t i = 0; i < count; i++) {
        text_bytes += patterns[i]->document.text_bytes;
        conjunctions += patterns[i]->conjunction_count;
        for (size_t j = 0; j < patterns[i]->conjunction_count; j++)
            clauses += patterns[i]->conjunctions[j].count;
    }
    if (text_bytes > MOST_TEXT_BYTES || clauses > MOST_CLAUSES)
        return eg_error_set(err, EG_ERR_TOO_LARGE,
                            "the rule set is too large: %zu patterns of %zu bytes with %zu clauses",
                            count, text_bytes, clauses);
    *ret_conjunctions = conjunctions;
    *ret_clauses = clauses;
    return 0;
}

static void builder_fini(struct eg_rules_builder *builder)
{
    eg_rules_table_fini(&builder->field_numbers);
    eg_rules_table_fini(&builder->condition_numbers);
    free(builder->conditions);
    free(builder->rules);
    free(builder->clauses);
}

int eg_rules_set_new(const struct eg_rules_pattern *const *patterns, size_t count,
                     struct eg_rules_set **ret_set, struct eg_error *err)
{
    size_t conjunctions = 0;
    size_t clauses = 0;
    if (check_size(patterns, count, &conjunctions, &clauses, err) != 0)
        return -1;
    struct eg_rules_set *set = eg_calloc(1, sizeof(*set));
    eg_ref_init(&set->ref);
    set->rule_count = (uint32_t)count;
    struct eg_rules_builder builder = {
        .set = set,
        .patterns = patterns,
        .pattern_count = count,
        .rules = eg_calloc(conjunctions + 1, sizeof(*builder.rules)),
        .clauses = eg_calloc(clauses + 1, sizeof(*builder.clauses)),
    };
    eg_rules_build_fields(&builder);
    eg_rules_build_conditions(&builder);
    eg_rules_build_values(&builder);
    eg_rules_build_tree(&builder);
    builder_fini(&builder);
    *ret_set = set;
    return 0;
}

struct eg_rules_set *eg_rules_set_ref(struct eg_rules_set *set)
{
    eg_ref_get(&set->ref);
    return set;
}

static void field_fini(struct eg_rules_field *field)
{
    eg_rules_ranges_fini(&field->ranges);
    free(field->prefixes4);
    free(field->prefixes6);
}

void eg_rules_set_unref(struct eg_rules_set *set)
{
    if (!set || !eg_ref_put(&set->ref))
        return;
    eg_rules_table_fini(&set->paths);
    eg_rules_table_fini(&set->table);
    eg_rules_automaton_fini(&set->automaton);
    eg_rules_marks_fini(&set->marks);
    for (uint32_t i = 0; i < set->field_count; i++)
        field_fini(&set->fields[i]);
    free(set->places);
    free(set->fields);
    free(set->conditions);
    free(set->branches);
    free(set->groups);
    free(set->children);
    free(set->root_child);
    free(set->rules);
    free(set->clauses);
    free(set);
}

size_t eg_rules_set_bytes(const struct eg_rules_set *set)
{
    size_t bytes = sizeof(*set) + eg_rules_table_bytes(&set->paths) +
                   eg_rules_table_bytes(&set->table) + eg_rules_automaton_bytes(&set->automaton) +
                   eg_rules_marks_bytes(&set->marks);
    bytes += set->place_count * sizeof(*set->places) + set->field_count * sizeof(*set->fields) +
             set->condition_count * (sizeof(*set->conditions) + sizeof(*set->root_child)) +
             set->branch_count * sizeof(*set->branches) + set->group_count * sizeof(*set->groups) +
             set->child_count * sizeof(*set->children) +
             (set->rule_entry_count + set->clause_count) * sizeof(uint32_t);
    for (uint32_t i = 0; i < set->field_count; i++)
        bytes += eg_rules_ranges_bytes(&set->fields[i].ranges) + set->fields[i].prefix4_count +
                 set->fields[i].prefix6_count;
    return bytes;
}
