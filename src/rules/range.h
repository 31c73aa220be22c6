/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The number tests of one field: which ranges hold a number, in time logarithmic in their count.
 *
 * The bounds cut the line into points and gaps; a range covers a run of these, stored in few nodes
 * of a segment tree; a number walks from its point or gap to the root. Exact at any length:
 * doubles decide where they differ, the texts where they don't. Internal to rules/; read-only once
 * frozen.
 */
#ifndef EG_RULES_RANGE_H
#define EG_RULES_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "rules/condition.h"
#include "rules/marks.h"

struct eg_rules_range_draft;

/* A zeroed struct is empty. */
struct eg_rules_ranges {
    double *values; /* of the bounds, ascending */
    struct eg_span *texts;
    uint32_t bound_count;
    uint32_t *tree; /* accepts or EG_RULES_NONE; slot s is at leaf_count + s */
    uint32_t leaf_count;
    char *text_bytes;
    struct eg_rules_range_draft *drafts; /* until frozen */
    size_t draft_count;
    size_t draft_capacity;
};

void eg_rules_ranges_fini(struct eg_rules_ranges *ranges);

/* The test must live until freezing. */
void eg_rules_ranges_add(struct eg_rules_ranges *ranges, const struct eg_rules_test *test,
                         uint32_t mark);
void eg_rules_ranges_freeze(struct eg_rules_ranges *ranges, struct eg_rules_marks *marks);

/* The leaf of a number; `value` is `text` rounded. Its accepts lie from there to the root: */
uint32_t eg_rules_ranges_leaf(const struct eg_rules_ranges *ranges, struct eg_span text,
                              double value);

size_t eg_rules_ranges_bytes(const struct eg_rules_ranges *ranges);

#endif
