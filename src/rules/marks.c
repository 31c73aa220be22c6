/* SPDX-License-Identifier: Apache-2.0 */
/* See marks.h. Pairs are collected, then sorted by counting. */
#include "rules/marks.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rules/table.h"

void eg_rules_marks_fini(struct eg_rules_marks *marks)
{
    free(marks->begins);
    free(marks->marks);
    free(marks->but_begins);
    free(marks->but_accepts);
    free(marks->fails_buts);
    free(marks->pairs);
    *marks = (struct eg_rules_marks){0};
}

uint32_t eg_rules_marks_accept(struct eg_rules_marks *marks)
{
    return marks->accept_count++;
}

void eg_rules_marks_add(struct eg_rules_marks *marks, uint32_t *accept, uint32_t mark)
{
    if (*accept == EG_RULES_NONE)
        *accept = eg_rules_marks_accept(marks);
    if (marks->pair_count == marks->pair_capacity) {
        marks->pair_capacity = marks->pair_capacity ? marks->pair_capacity * 2 : 16;
        marks->pairs = eg_realloc_array(marks->pairs, marks->pair_capacity, sizeof(*marks->pairs));
    }
    marks->pairs[marks->pair_count++] = (struct eg_rules_mark_pair){*accept, mark};
}

/* Turns counts, one more at the end, into ends. */
static void sum_up(uint32_t *counts, uint32_t count)
{
    for (uint32_t i = 1; i <= count; i++)
        counts[i] += counts[i - 1];
}

void eg_rules_marks_freeze(struct eg_rules_marks *marks, uint32_t but_count)
{
    marks->begins = eg_calloc((size_t)marks->accept_count + 1, sizeof(*marks->begins));
    marks->marks = eg_calloc(marks->pair_count + 1, sizeof(*marks->marks));
    marks->but_begins = eg_calloc((size_t)but_count + 1, sizeof(*marks->but_begins));
    marks->but_accepts = eg_calloc(marks->pair_count + 1, sizeof(*marks->but_accepts));
    marks->fails_buts = eg_calloc((size_t)marks->accept_count + 1, sizeof(*marks->fails_buts));
    for (size_t i = 0; i < marks->pair_count; i++) {
        const struct eg_rules_mark_pair *pair = &marks->pairs[i];
        if (pair->mark & EG_RULES_MARK_BUT)
            marks->but_begins[pair->mark & ~EG_RULES_MARK_BUT]++;
        else
            marks->begins[pair->accept]++;
    }
    sum_up(marks->begins, marks->accept_count);
    sum_up(marks->but_begins, but_count);
    for (size_t i = marks->pair_count; i-- > 0;) {
        const struct eg_rules_mark_pair *pair = &marks->pairs[i];
        if (pair->mark & EG_RULES_MARK_BUT) {
            marks->but_accepts[--marks->but_begins[pair->mark & ~EG_RULES_MARK_BUT]] = pair->accept;
            marks->fails_buts[pair->accept] = true;
        } else {
            marks->marks[--marks->begins[pair->accept]] = pair->mark;
        }
    }
    free(marks->pairs);
    marks->pairs = NULL;
    marks->pair_capacity = 0;
}

size_t eg_rules_marks_bytes(const struct eg_rules_marks *marks)
{
    return marks->accept_count * (sizeof(uint32_t) + sizeof(bool)) +
           2 * marks->pair_count * sizeof(uint32_t);
}
