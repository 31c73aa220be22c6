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

void eg_rules_marks_freeze(struct eg_rules_marks *marks)
{
    marks->begins = eg_calloc((size_t)marks->accept_count + 1, sizeof(*marks->begins));
    marks->marks = eg_calloc(marks->pair_count + 1, sizeof(*marks->marks));
    for (size_t i = 0; i < marks->pair_count; i++)
        marks->begins[marks->pairs[i].accept]++;
    uint32_t end = 0;
    for (uint32_t i = 0; i <= marks->accept_count; i++) {
        end += i < marks->accept_count ? marks->begins[i] : 0;
        marks->begins[i] = end;
    }
    for (size_t i = marks->pair_count; i-- > 0;)
        marks->marks[--marks->begins[marks->pairs[i].accept]] = marks->pairs[i].mark;
    free(marks->pairs);
    marks->pairs = NULL;
    marks->pair_capacity = 0;
}

size_t eg_rules_marks_bytes(const struct eg_rules_marks *marks)
{
    return (marks->accept_count + 2 + marks->pair_count) * sizeof(uint32_t);
}
