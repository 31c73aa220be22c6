/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rule tree: rules, each its conditions in ascending order, sorted; those that begin alike
 * share a branch. Recursion goes as deep as a pattern has fields.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rules/build.h"

/* The rules of one child, a run of the sorted ones. */
struct run {
    uint32_t condition;
    uint32_t first;
    uint32_t end;
};

static int compare_numbers(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static int compare_rules(const void *a, const void *b, void *clauses)
{
    const struct eg_rules_rule_draft *left = a;
    const struct eg_rules_rule_draft *right = b;
    const uint32_t *l = (const uint32_t *)clauses + left->first;
    const uint32_t *r = (const uint32_t *)clauses + right->first;
    for (uint32_t i = 0; i < left->count && i < right->count; i++)
        if (l[i] != r[i])
            return l[i] < r[i] ? -1 : 1;
    if (left->count != right->count)
        return left->count < right->count ? -1 : 1;
    return (left->rule > right->rule) - (left->rule < right->rule);
}

static bool is_tested(const struct eg_rules_condition_info *info)
{
    return info->absent || info->but_count > 0;
}

/* By field; within it those that are listed before those that are tested. */
static int compare_runs(const void *a, const void *b, void *conditions)
{
    const struct run *left = a;
    const struct run *right = b;
    const struct eg_rules_condition_info *l =
        (const struct eg_rules_condition_info *)conditions + left->condition;
    const struct eg_rules_condition_info *r =
        (const struct eg_rules_condition_info *)conditions + right->condition;
    if (l->field != r->field)
        return l->field < r->field ? -1 : 1;
    if (is_tested(l) != is_tested(r))
        return is_tested(l) ? 1 : -1;
    return (left->condition > right->condition) - (left->condition < right->condition);
}

static int compare_fields(const void *a, const void *b, void *conditions)
{
    const struct eg_rules_condition_info *infos = conditions;
    uint32_t left = infos[*(const uint32_t *)a].field;
    uint32_t right = infos[*(const uint32_t *)b].field;
    return (left > right) - (left < right);
}

/* The rules that end at this depth come first in the run; a rule that is there twice counts once.
 */
static uint32_t take_complete(struct eg_rules_builder *builder, uint32_t branch, uint32_t first,
                              uint32_t end, uint32_t depth)
{
    struct eg_rules_set *set = builder->set;
    set->branches[branch].first_rule = set->rule_entry_count;
    uint32_t at = first;
    for (; at < end && builder->rules[at].count == depth; at++)
        if (at == first || builder->rules[at].rule != builder->rules[at - 1].rule)
            set->rules[set->rule_entry_count++] = builder->rules[at].rule;
    set->branches[branch].rule_count = set->rule_entry_count - set->branches[branch].first_rule;
    if (at == first)
        return at;
    set->branches[branch].first_clause = set->clause_count;
    set->branches[branch].clause_count = depth;
    uint32_t *clauses = set->clauses + set->clause_count;
    memcpy(clauses, builder->clauses + builder->rules[first].first, depth * sizeof(*clauses));
    qsort_r(clauses, depth, sizeof(*clauses), compare_fields, set->conditions);
    set->clause_count += depth;
    return at;
}

static struct run *split(const struct eg_rules_builder *builder, uint32_t first, uint32_t end,
                         uint32_t depth, uint32_t *ret_count)
{
    struct run *runs = NULL;
    uint32_t count = 0;
    uint32_t capacity = 0;
    for (uint32_t at = first; at < end; at++) {
        uint32_t condition = builder->clauses[builder->rules[at].first + depth];
        if (count && runs[count - 1].condition == condition) {
            runs[count - 1].end = at + 1;
            continue;
        }
        if (count == capacity) {
            capacity = capacity ? capacity * 2 : 4;
            runs = eg_realloc_array(runs, capacity, sizeof(*runs));
        }
        runs[count++] = (struct run){condition, at, at + 1};
    }
    if (count)
        qsort_r(runs, count, sizeof(*runs), compare_runs, builder->set->conditions);
    *ret_count = count;
    return runs;
}

static void add_groups(struct eg_rules_set *set, uint32_t branch, const struct run *runs,
                       uint32_t count)
{
    set->branches[branch].first_group = set->group_count;
    for (uint32_t i = 0; i < count; i++) {
        const struct eg_rules_condition_info *info = &set->conditions[runs[i].condition];
        struct eg_rules_group *group = &set->groups[set->group_count];
        bool is_new = set->branches[branch].group_count == 0 || group[-1].field != info->field;
        if (is_new) {
            *group =
                (struct eg_rules_group){.field = info->field, .first_child = set->child_count + i};
            set->group_count++;
            set->branches[branch].group_count++;
        } else {
            group--;
        }
        group->listed += !is_tested(info);
        group->tested += is_tested(info);
    }
}

static uint32_t make_branch(struct eg_rules_builder *builder, uint32_t first, uint32_t end,
                            uint32_t depth)
{
    struct eg_rules_set *set = builder->set;
    uint32_t branch = set->branch_count++;
    first = take_complete(builder, branch, first, end, depth);
    uint32_t count;
    EG_AUTOFREE struct run *runs = split(builder, first, end, depth, &count);
    add_groups(set, branch, runs, count);
    uint32_t first_child = set->child_count;
    set->child_count += count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t child = make_branch(builder, runs[i].first, runs[i].end, depth + 1);
        set->children[first_child + i] = (struct eg_rules_child){runs[i].condition, child};
    }
    return branch;
}

static void index_root(struct eg_rules_set *set)
{
    size_t bytes = ((size_t)set->condition_count + 1) * sizeof(*set->root_child);
    set->root_child = eg_malloc(bytes);
    memset(set->root_child, 0xff, bytes);
    for (uint32_t i = 0; i < set->branches[0].group_count; i++) {
        const struct eg_rules_group *group = &set->groups[set->branches[0].first_group + i];
        for (uint32_t j = 0; j < group->listed + group->tested; j++) {
            const struct eg_rules_child *child = &set->children[group->first_child + j];
            set->root_child[child->condition] = child->branch;
        }
    }
}

void eg_rules_build_tree(struct eg_rules_builder *builder)
{
    struct eg_rules_set *set = builder->set;
    size_t clauses = 0;
    for (uint32_t i = 0; i < builder->rule_count; i++) {
        clauses += builder->rules[i].count;
        qsort(builder->clauses + builder->rules[i].first, builder->rules[i].count,
              sizeof(*builder->clauses), compare_numbers);
    }
    if (builder->rule_count)
        qsort_r(builder->rules, builder->rule_count, sizeof(*builder->rules), compare_rules,
                builder->clauses);
    set->branches = eg_calloc(clauses + 1, sizeof(*set->branches));
    set->groups = eg_calloc(clauses + 1, sizeof(*set->groups));
    set->children = eg_calloc(clauses + 1, sizeof(*set->children));
    set->clauses = eg_calloc(clauses + 1, sizeof(*set->clauses));
    set->rules = eg_calloc((size_t)builder->rule_count + 1, sizeof(*set->rules));
    (void)make_branch(builder, 0, builder->rule_count, 0);
    index_root(set);
}
