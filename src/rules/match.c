/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Matching one event. First a walk over the event, down the tree of paths, that skips what no rule
 * speaks of and notes every value of a field: which conditions hold. Then a walk down the rule
 * tree, into branches whose condition holds. When values lie in elements of arrays, a rule that is
 * found is checked once more: its values must lie in the same elements (match_arrays.c).
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/match.h"

struct walk {
    const struct eg_rules_set *set;
    struct eg_rules_scratch *scratch;
    const struct eg_json_document *document;
};

static void walk_value(const struct walk *walk, uint32_t place, eg_json_index value,
                       uint32_t element);

/* A name with dots in it is several steps. */
static uint32_t step(const struct eg_rules_set *set, uint32_t place, struct eg_span name)
{
    for (;;) {
        const char *dot = name.len ? memchr(name.ptr, '.', name.len) : NULL;
        size_t len = dot ? (size_t)(dot - name.ptr) : name.len;
        if (!(set->places[place].step_lengths & EG_RULES_LENGTH_BIT(len)))
            return EG_RULES_NONE;
        place = eg_rules_table_find(&set->paths, place, eg_span_of(name.ptr, len));
        if (!dot || place == EG_RULES_NONE)
            return place;
        name = eg_span_of(dot + 1, name.len - len - 1);
    }
}

static void walk_object(const struct walk *walk, uint32_t place, eg_json_index object,
                        uint32_t element)
{
    eg_json_index end = eg_json_next(walk->document, object);
    for (eg_json_index at = object + 1; at < end; at = eg_json_next(walk->document, at + 1)) {
        uint32_t next = step(walk->set, place, eg_json_string(walk->document, at));
        if (next != EG_RULES_NONE)
            walk_value(walk, next, at + 1, element);
    }
}

static uint32_t add_element(const struct walk *walk, uint32_t parent, uint32_t array,
                            eg_json_index value)
{
    struct eg_rules_scratch *scratch = walk->scratch;
    EG_RULES_RESERVE(scratch->elements, scratch->element_count, scratch->element_capacity);
    scratch->elements[scratch->element_count] =
        (struct eg_rules_element){parent, array, value, eg_json_next(walk->document, value)};
    return scratch->element_count++;
}

static void walk_array(const struct walk *walk, uint32_t place, eg_json_index array,
                       uint32_t element)
{
    struct eg_rules_scratch *scratch = walk->scratch;
    eg_json_index end = eg_json_next(walk->document, array);
    uint32_t number = scratch->array_count;
    EG_RULES_RESERVE(scratch->arrays, scratch->array_count, scratch->array_capacity);
    scratch->arrays[scratch->array_count++] = (struct eg_rules_array){array, end, EG_RULES_NONE};
    for (eg_json_index at = array + 1; at < end; at = eg_json_next(walk->document, at)) {
        uint32_t inner = element;
        if (eg_json_kind(walk->document, at) >= EG_JSON_ARRAY)
            inner = add_element(walk, element, number, at);
        walk_value(walk, place, at, inner);
    }
}

static void walk_value(const struct walk *walk, uint32_t place, eg_json_index value,
                       uint32_t element)
{
    const struct eg_rules_place *here = &walk->set->places[place];
    switch (eg_json_kind(walk->document, value)) {
    case EG_JSON_OBJECT:
        if (here->has_children)
            walk_object(walk, place, value, element);
        break;
    case EG_JSON_ARRAY:
        walk_array(walk, place, value, element);
        break;
    default:
        if (here->field != EG_RULES_NONE)
            eg_rules_match_value(walk->set, walk->scratch, here->field, walk->document, value,
                                 element);
        break;
    }
}

/*
 * Does a value of the field pass the anything-but? It surely does when fewer of them were
 * recognised at its accepts than there are; it does not when the only one was; else they are asked
 * one by one.
 */
static bool but_holds(const struct walk *walk, uint32_t field, uint32_t count, uint32_t but)
{
    const struct eg_rules_scratch *scratch = walk->scratch;
    const struct eg_rules_marks *marks = &walk->set->marks;
    uint32_t recognised = 0;
    for (uint32_t i = marks->but_begins[but]; i < marks->but_begins[but + 1]; i++) {
        const struct eg_rules_accept_state *state = &scratch->accepts[marks->but_accepts[i]];
        recognised += state->event == scratch->event ? state->occurrences : 0;
    }
    if (recognised < count || count <= 1)
        return recognised < count;
    for (uint32_t i = 0; i < scratch->occurrence_count; i++)
        if (scratch->occurrences[i].field == field &&
            !eg_rules_match_fails(walk->set, scratch, &scratch->occurrences[i], but))
            return true;
    return false;
}

/* Does the condition hold in the event, wherever in its arrays? */
static bool holds(const struct walk *walk, uint32_t number)
{
    struct eg_rules_scratch *scratch = walk->scratch;
    if (scratch->conditions[number].event == scratch->event)
        return true;
    const struct eg_rules_condition_info *info = &walk->set->conditions[number];
    const struct eg_rules_field_state *state = eg_rules_field_state(scratch, info->field);
    if (info->absent && state->free_count == 0)
        return true; /* absent, or perhaps from the elements that the rule is about */
    for (uint32_t i = 0; i < info->but_count; i++)
        if (but_holds(walk, info->field, state->count, info->first_but + i))
            return true;
    return false;
}

static int take_rules(const struct walk *walk, const struct eg_rules_branch *branch)
{
    struct eg_rules_scratch *scratch = walk->scratch;
    if (scratch->element_count) {
        int found = eg_rules_match_arrays(walk->set, scratch, branch);
        if (found <= 0)
            return found;
    }
    for (uint32_t i = 0; i < branch->rule_count; i++) {
        uint32_t rule = walk->set->rules[branch->first_rule + i];
        if (scratch->rules_seen[rule] == scratch->event)
            continue;
        scratch->rules_seen[rule] = scratch->event;
        scratch->matched[scratch->matched_count++] = rule;
    }
    return 0;
}

static int descend(const struct walk *walk, uint32_t branch_number);

static int descend_run(const struct walk *walk, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        const struct eg_rules_child *child = &walk->set->children[i];
        if (holds(walk, child->condition) && descend(walk, child->branch) != 0)
            return -1;
    }
    return 0;
}

static uint32_t find_child(const struct eg_rules_set *set, const struct eg_rules_group *group,
                           uint32_t condition)
{
    uint32_t low = group->first_child;
    uint32_t high = low + group->listed;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (set->children[middle].condition < condition)
            low = middle + 1;
        else
            high = middle;
    }
    return low < group->first_child + group->listed && set->children[low].condition == condition
               ? set->children[low].branch
               : EG_RULES_NONE;
}

/* By the conditions that hold or by the children, whichever are fewer. */
static int descend_group(const struct walk *walk, const struct eg_rules_group *group, bool is_root)
{
    const struct eg_rules_field_state *state = eg_rules_field_state(walk->scratch, group->field);
    if (group->listed <= state->condition_count) {
        if (descend_run(walk, group->first_child, group->listed) != 0)
            return -1;
    } else {
        for (uint32_t number = state->first_condition; number != EG_RULES_NONE;
             number = walk->scratch->conditions[number].next) {
            const struct eg_rules_condition_info *info = &walk->set->conditions[number];
            if (info->absent || info->but_count)
                continue; /* among the tested */
            uint32_t branch =
                is_root ? walk->set->root_child[number] : find_child(walk->set, group, number);
            if (branch != EG_RULES_NONE && descend(walk, branch) != 0)
                return -1;
        }
    }
    return descend_run(walk, group->first_child + group->listed, group->tested);
}

static int descend(const struct walk *walk, uint32_t branch_number)
{
    const struct eg_rules_branch *branch = &walk->set->branches[branch_number];
    if (branch->rule_count && take_rules(walk, branch) != 0)
        return -1;
    for (uint32_t i = 0; i < branch->group_count; i++)
        if (descend_group(walk, &walk->set->groups[branch->first_group + i], branch_number == 0) !=
            0)
            return -1;
    return 0;
}

static int compare_rules(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a;
    uint32_t right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

int eg_rules_set_match(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                       const struct eg_json_document *document, eg_json_index event,
                       struct eg_rules_matches *ret_matches, struct eg_error *err)
{
    struct walk walk = {set, scratch, document};
    eg_rules_scratch_begin(scratch, set);
    if (eg_json_kind(document, event) == EG_JSON_OBJECT) {
        walk_object(&walk, 0, event, EG_RULES_NONE);
        if (descend(&walk, 0) != 0)
            return eg_error_set(err, EG_ERR_TOO_LARGE,
                                "the event's arrays combine in too many ways for the rules: "
                                "gave up after %u steps",
                                EG_RULES_MAX_STEPS);
    }
    if (scratch->matched_count > 1)
        qsort(scratch->matched, scratch->matched_count, sizeof(*scratch->matched), compare_rules);
    *ret_matches = (struct eg_rules_matches){scratch->matched, scratch->matched_count};
    return 0;
}
