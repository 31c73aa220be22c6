/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of one rule must lie in the same elements of the arrays they share. The conditions are
 * taken in the order of their fields' paths; each takes one of its field's values whose elements
 * agree with what was chosen before, and chooses the elements of that one; where none leads to the
 * end, the one before takes its next. "Absent" means absent from what was chosen so far, which is
 * how EventBridge's own matcher goes about it.
 *
 * Values are sorted by field and place, so that a choice narrows a field's values by bisection;
 * steps are counted and bounded.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "rules/match.h"

struct search {
    const struct eg_rules_set *set;
    struct eg_rules_scratch *scratch;
    const uint32_t *conditions;
    uint32_t count;
};

struct span {
    uint32_t first;
    uint32_t end;
};

static int place(const struct search *search, uint32_t at);

static int compare_occurrences(const void *a, const void *b)
{
    const struct eg_rules_occurrence *left = a;
    const struct eg_rules_occurrence *right = b;
    if (left->field != right->field)
        return left->field < right->field ? -1 : 1;
    return (left->at > right->at) - (left->at < right->at);
}

static void arrange(struct eg_rules_scratch *scratch)
{
    if (scratch->arranged)
        return;
    scratch->arranged = true;
    if (scratch->occurrence_count)
        qsort(scratch->occurrences, scratch->occurrence_count, sizeof(*scratch->occurrences),
              compare_occurrences);
    for (uint32_t i = scratch->occurrence_count; i-- > 0;)
        eg_rules_field_state(scratch, scratch->occurrences[i].field)->first_occurrence = i;
}

/* The first in the run that begins at `node` or behind it. */
static uint32_t bisect(const struct eg_rules_scratch *scratch, struct span run, eg_json_index node)
{
    while (run.first < run.end) {
        uint32_t middle = run.first + (run.end - run.first) / 2;
        if (scratch->occurrences[middle].at < node)
            run.first = middle + 1;
        else
            run.end = middle;
    }
    return run.first;
}

/*
 * The field's values; only those in a chosen element when all of them lie in its array. (Scalars
 * straight in the array have its own path, which comes before all paths that choose elements of
 * it.)
 */
static struct span candidates(const struct eg_rules_scratch *scratch,
                              const struct eg_rules_field_state *state)
{
    struct span run = {state->first_occurrence, state->first_occurrence + state->count};
    for (uint32_t i = 0; i < scratch->undo_count && run.first < run.end; i++) {
        const struct eg_rules_array *array = &scratch->arrays[scratch->undo[i]];
        const struct eg_rules_element *element = &scratch->elements[array->chosen];
        if (scratch->occurrences[run.first].at < array->begin ||
            scratch->occurrences[run.end - 1].at >= array->end)
            continue;
        uint32_t first = bisect(scratch, run, element->begin);
        run.end = bisect(scratch, run, element->end);
        run.first = first;
    }
    return run;
}

static bool agrees(const struct eg_rules_scratch *scratch, uint32_t element)
{
    for (; element != EG_RULES_NONE; element = scratch->elements[element].parent) {
        uint32_t chosen = scratch->arrays[scratch->elements[element].array].chosen;
        if (chosen != EG_RULES_NONE && chosen != element)
            return false;
    }
    return true;
}

static void choose(struct eg_rules_scratch *scratch, uint32_t element)
{
    for (; element != EG_RULES_NONE; element = scratch->elements[element].parent) {
        struct eg_rules_array *array = &scratch->arrays[scratch->elements[element].array];
        if (array->chosen != EG_RULES_NONE)
            continue;
        array->chosen = element;
        EG_RULES_RESERVE(scratch->undo, scratch->undo_count, scratch->undo_capacity);
        scratch->undo[scratch->undo_count++] = scratch->elements[element].array;
    }
}

static void undo(struct eg_rules_scratch *scratch, uint32_t count)
{
    while (scratch->undo_count > count)
        scratch->arrays[scratch->undo[--scratch->undo_count]].chosen = EG_RULES_NONE;
}

static bool has_mark(const struct eg_rules_scratch *scratch,
                     const struct eg_rules_occurrence *occurrence, uint32_t mark)
{
    for (uint32_t i = 0; i < occurrence->mark_count; i++)
        if (scratch->marks[occurrence->first_mark + i] == mark)
            return true;
    return false;
}

bool eg_rules_match_fails(const struct eg_rules_set *set, const struct eg_rules_scratch *scratch,
                          const struct eg_rules_occurrence *occurrence, uint32_t but)
{
    const struct eg_rules_marks *marks = &set->marks;
    for (uint32_t i = marks->but_begins[but]; i < marks->but_begins[but + 1]; i++) {
        uint32_t accept = marks->but_accepts[i];
        if (scratch->accepts[accept].event == scratch->event &&
            has_mark(scratch, occurrence, accept | EG_RULES_MARK_BUT))
            return true;
    }
    return false;
}

/* Does this value fulfil the condition? */
static bool fulfils(const struct search *search, const struct eg_rules_occurrence *occurrence,
                    uint32_t condition)
{
    search->scratch->steps += occurrence->mark_count / 4;
    if (has_mark(search->scratch, occurrence, condition))
        return true;
    const struct eg_rules_condition_info *info = &search->set->conditions[condition];
    for (uint32_t i = 0; i < info->but_count; i++)
        if (!eg_rules_match_fails(search->set, search->scratch, occurrence, info->first_but + i))
            return true;
    return false;
}

static bool is_absent(const struct search *search, struct span run)
{
    for (uint32_t i = run.first; i < run.end; i++) {
        search->scratch->steps++;
        if (agrees(search->scratch, search->scratch->occurrences[i].element))
            return false;
    }
    return true;
}

static int place_value(const struct search *search, uint32_t at, struct span run)
{
    struct eg_rules_scratch *scratch = search->scratch;
    uint32_t chosen_before = scratch->undo_count;
    for (uint32_t i = run.first; i < run.end; i++) {
        const struct eg_rules_occurrence *occurrence = &scratch->occurrences[i];
        if (++scratch->steps > EG_RULES_MAX_STEPS)
            return -1;
        if (!agrees(scratch, occurrence->element) ||
            !fulfils(search, occurrence, search->conditions[at]))
            continue;
        choose(scratch, occurrence->element);
        int found = place(search, at + 1);
        undo(scratch, chosen_before);
        if (found != 0)
            return found;
    }
    return 0;
}

/* Finds values for the conditions from number `at` on. */
static int place(const struct search *search, uint32_t at)
{
    if (at == search->count)
        return 1;
    struct eg_rules_scratch *scratch = search->scratch;
    const struct eg_rules_condition_info *info = &search->set->conditions[search->conditions[at]];
    const struct eg_rules_field_state *state = eg_rules_field_state(scratch, info->field);
    struct span run = candidates(scratch, state);
    if (info->absent && is_absent(search, run)) {
        int found = place(search, at + 1);
        if (found != 0)
            return found;
    }
    return place_value(search, at, run);
}

/* Without an "absent" and with at most one field inside of elements there is nothing to agree on.
 */
static bool needs_search(const struct search *search)
{
    uint32_t inside = 0;
    for (uint32_t i = 0; i < search->count; i++) {
        const struct eg_rules_condition_info *info =
            &search->set->conditions[search->conditions[i]];
        const struct eg_rules_field_state *state =
            eg_rules_field_state(search->scratch, info->field);
        if (state->count == state->free_count)
            continue;
        if (info->absent || ++inside > 1)
            return true;
    }
    return false;
}

int eg_rules_match_arrays(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                          const struct eg_rules_branch *branch)
{
    struct search search = {set, scratch, set->clauses + branch->first_clause,
                            branch->clause_count};
    if (!needs_search(&search))
        return 1;
    arrange(scratch);
    int found = place(&search, 0);
    undo(scratch, 0);
    return found;
}
