/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled rule set. Internal to rules/: build_*.c write it, match*.c read it.
 *
 * Paths of fields are a tree of steps; an event walks down it. Each field knows how to recognise
 * values: by the table (whole texts, addresses), the automaton (prefixes, suffixes, wildcards), its
 * ranges (numbers) and its accepts for true, false, null and "is there". What is recognised are
 * conditions. Conditions are numbered so that the most selective come first; a rule's conditions,
 * ascending, are a path of the rule tree, which the matcher descends only where conditions hold.
 */
#ifndef EG_RULES_PROGRAM_H
#define EG_RULES_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/ref.h"
#include "rules/automaton.h"
#include "rules/marks.h"
#include "rules/range.h"
#include "rules/set.h"
#include "rules/table.h"

/* Spaces of the table for one field. */
enum eg_rules_space { EG_RULES_SPACE_TEXT, EG_RULES_SPACE_FOLDED, EG_RULES_SPACE_ADDRESS };
#define EG_RULES_SPACE(field, kind) ((field)*3 + (kind))

struct eg_rules_field {
    bool has_text;
    bool has_folded;
    uint32_t forward; /* roots in the automaton, or EG_RULES_NONE */
    uint32_t backward;
    uint32_t folded_forward;
    uint32_t folded_backward;
    uint32_t if_true; /* accepts, or EG_RULES_NONE */
    uint32_t if_false;
    uint32_t if_null;
    uint32_t if_present;
    struct eg_rules_ranges ranges;
    uint8_t *prefixes4; /* the prefix lengths in use; owned */
    uint8_t *prefixes6;
    uint8_t prefix4_count;
    uint8_t prefix6_count;
};

/* A place in the tree of paths. */
struct eg_rules_place {
    uint32_t field; /* or EG_RULES_NONE */
    bool has_children;
    uint64_t step_lengths; /* of the steps from here, a bit each: most names are none of them */
};

#define EG_RULES_LENGTH_BIT(bytes) (UINT64_C(1) << ((bytes) % 64))

struct eg_rules_condition_info {
    uint32_t field;
    uint32_t first_but; /* its anything-buts are numbered in a row */
    uint32_t but_count;
    bool absent; /* a missing field will do */
};

/* The rule tree. A node's children are grouped by field, those of a group sorted by condition. */
struct eg_rules_branch {
    uint32_t first_group;
    uint32_t group_count;
    uint32_t first_rule; /* those that are complete here */
    uint32_t rule_count;
    uint32_t first_clause; /* of a complete rule: its conditions in the order of fields' paths */
    uint32_t clause_count;
};

struct eg_rules_group {
    uint32_t field;
    uint32_t first_child;
    uint32_t listed; /* children whose condition holds only when a value was recognised */
    uint32_t tested; /* behind them: those that may hold otherwise */
};

struct eg_rules_child {
    uint32_t condition;
    uint32_t branch;
};

struct eg_rules_set {
    struct eg_ref ref;
    struct eg_rules_table paths; /* space: a place; key: a step; value: the place it leads to */
    struct eg_rules_place *places;
    uint32_t place_count;
    struct eg_rules_field *fields; /* sorted by path */
    uint32_t field_count;
    struct eg_rules_table table;
    struct eg_rules_automaton automaton;
    struct eg_rules_marks marks;
    struct eg_rules_condition_info *conditions;
    uint32_t condition_count;
    uint32_t but_count;
    struct eg_rules_branch *branches; /* [0] is the root */
    uint32_t branch_count;
    struct eg_rules_group *groups;
    uint32_t group_count;
    struct eg_rules_child *children;
    uint32_t child_count;
    uint32_t *root_child; /* by condition: the root's child, or EG_RULES_NONE */
    uint32_t *rules;
    uint32_t rule_entry_count;
    uint32_t *clauses;
    uint32_t clause_count;
    uint32_t rule_count;
};

#endif
