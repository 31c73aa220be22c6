/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fields are numbered in the order of their paths, which is the order in which the elements of
 * arrays are chosen (match_arrays.c). A path is taken apart at its dots, whatever wrote them.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "rules/build.h"

static int compare_paths(const void *a, const void *b)
{
    return eg_span_compare(*(const struct eg_span *)a, *(const struct eg_span *)b);
}

/* The distinct paths of all patterns, sorted. */
static struct eg_span *collect_paths(const struct eg_rules_builder *builder, size_t *ret_count)
{
    struct eg_rules_table seen = {0};
    struct eg_span *paths = NULL;
    size_t count = 0;
    size_t capacity = 0;
    for (size_t i = 0; i < builder->pattern_count; i++) {
        for (size_t j = 0; j < builder->patterns[i]->field_count; j++) {
            struct eg_span path = builder->patterns[i]->fields[j];
            if (eg_rules_table_put(&seen, 0, path, (uint32_t)count) != count)
                continue;
            if (count == capacity) {
                capacity = capacity ? capacity * 2 : 16;
                paths = eg_realloc_array(paths, capacity, sizeof(*paths));
            }
            paths[count++] = path;
        }
    }
    eg_rules_table_fini(&seen);
    if (count)
        qsort(paths, count, sizeof(*paths), compare_paths);
    *ret_count = count;
    return paths;
}

static uint32_t add_place(struct eg_rules_set *set)
{
    set->places = eg_realloc_array(set->places, set->place_count + 1, sizeof(*set->places));
    set->places[set->place_count] = (struct eg_rules_place){EG_RULES_NONE, false, 0};
    return set->place_count++;
}

static void add_path(struct eg_rules_set *set, struct eg_span path, uint32_t field)
{
    uint32_t place = 0;
    for (;;) {
        const char *dot = path.len ? memchr(path.ptr, '.', path.len) : NULL;
        struct eg_span step = eg_span_of(path.ptr, dot ? (size_t)(dot - path.ptr) : path.len);
        uint32_t next = eg_rules_table_find(&set->paths, place, step);
        if (next == EG_RULES_NONE) {
            next = add_place(set);
            (void)eg_rules_table_put(&set->paths, place, step, next);
            set->places[place].has_children = true;
            set->places[place].step_lengths |= EG_RULES_LENGTH_BIT(step.len);
        }
        place = next;
        if (!dot)
            break;
        path = eg_span_of(dot + 1, path.len - step.len - 1);
    }
    set->places[place].field = field;
}

static void init_field(struct eg_rules_field *field)
{
    *field = (struct eg_rules_field){
        .forward = EG_RULES_NONE,
        .backward = EG_RULES_NONE,
        .folded_forward = EG_RULES_NONE,
        .folded_backward = EG_RULES_NONE,
        .if_true = EG_RULES_NONE,
        .if_false = EG_RULES_NONE,
        .if_null = EG_RULES_NONE,
        .if_present = EG_RULES_NONE,
    };
}

void eg_rules_build_fields(struct eg_rules_builder *builder)
{
    struct eg_rules_set *set = builder->set;
    size_t count;
    EG_AUTOFREE struct eg_span *paths = collect_paths(builder, &count);
    set->fields = eg_calloc(count + 1, sizeof(*set->fields));
    (void)add_place(set);
    for (uint32_t i = 0; i < count; i++) {
        init_field(&set->fields[i]);
        (void)eg_rules_table_put(&builder->field_numbers, 0, paths[i], i);
        add_path(set, paths[i], i);
    }
    set->field_count = (uint32_t)count;
}
