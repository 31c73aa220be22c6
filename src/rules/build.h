/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps of compiling a set, in the order in which build.c takes them. Internal to rules/. One
 * thread.
 */
#ifndef EG_RULES_BUILD_H
#define EG_RULES_BUILD_H

#include "rules/condition.h"
#include "rules/program.h"

/* A distinct condition of a field. */
struct eg_rules_condition_draft {
    const struct eg_rules_condition *condition;
    uint32_t field;
    uint32_t number; /* in the order of first sight */
    double width;    /* which part of events it may let through, guessed */
};

/* One conjunction of one pattern: a run of condition numbers in `clauses`. */
struct eg_rules_rule_draft {
    uint32_t first;
    uint32_t count;
    uint32_t rule;
};

struct eg_rules_builder {
    struct eg_rules_set *set;
    const struct eg_rules_pattern *const *patterns;
    size_t pattern_count;
    struct eg_rules_table field_numbers;     /* by path */
    struct eg_rules_table condition_numbers; /* space: field; key: the condition's text */
    struct eg_rules_condition_draft *conditions;
    uint32_t condition_count;
    uint32_t condition_capacity;
    struct eg_rules_rule_draft *rules;
    uint32_t rule_count;
    uint32_t *clauses;
};

/* build_fields.c: numbers the fields by their paths and makes the tree of paths. */
void eg_rules_build_fields(struct eg_rules_builder *builder);

/* build_conditions.c: numbers the conditions, narrow ones first. */
void eg_rules_build_conditions(struct eg_rules_builder *builder);

/* build_values.c: teaches the fields what to recognise. */
void eg_rules_build_values(struct eg_rules_builder *builder);

/* build_tree.c: makes the rule tree. */
void eg_rules_build_tree(struct eg_rules_builder *builder);

#endif
