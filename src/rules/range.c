/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See range.h. Bound number b is the point 2b + 1; the gap before it is 2b, the one behind the last
 * 2 * count. An iterative segment tree over these: leaf s at leaf_count + s, parents at half.
 */
#include "rules/range.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rules/table.h"
#include "json/document.h"

struct eg_rules_range_draft {
    const struct eg_rules_test *test;
    uint32_t mark;
};

void eg_rules_ranges_fini(struct eg_rules_ranges *ranges)
{
    free(ranges->values);
    free(ranges->texts);
    free(ranges->tree);
    free(ranges->text_bytes);
    free(ranges->drafts);
    *ranges = (struct eg_rules_ranges){0};
}

void eg_rules_ranges_add(struct eg_rules_ranges *ranges, const struct eg_rules_test *test,
                         uint32_t mark)
{
    if (ranges->draft_count == ranges->draft_capacity) {
        ranges->draft_capacity = ranges->draft_capacity ? ranges->draft_capacity * 2 : 8;
        ranges->drafts =
            eg_realloc_array(ranges->drafts, ranges->draft_capacity, sizeof(*ranges->drafts));
    }
    ranges->drafts[ranges->draft_count++] = (struct eg_rules_range_draft){test, mark};
}

/* Rounding keeps the order, so that only equal doubles need the texts. */
static int compare(double a_value, struct eg_span a, double b_value, struct eg_span b)
{
    if (a_value != b_value)
        return a_value < b_value ? -1 : 1;
    return eg_json_number_compare(a, b);
}

static int compare_bounds(const void *a, const void *b)
{
    const struct eg_rules_bound *left = a;
    const struct eg_rules_bound *right = b;
    return compare(left->value, left->text, right->value, right->text);
}

static void keep_bounds(struct eg_rules_ranges *ranges, const struct eg_rules_bound *bounds,
                        size_t count)
{
    size_t text_bytes = 0;
    for (size_t i = 0; i < count; i++)
        text_bytes += bounds[i].text.len;
    ranges->values = eg_calloc(count + 1, sizeof(*ranges->values));
    ranges->texts = eg_calloc(count + 1, sizeof(*ranges->texts));
    ranges->text_bytes = eg_malloc(text_bytes + 1);
    char *to = ranges->text_bytes;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && compare_bounds(&bounds[i - 1], &bounds[i]) == 0)
            continue;
        memcpy(to, bounds[i].text.ptr, bounds[i].text.len);
        ranges->texts[ranges->bound_count] = (struct eg_span){to, bounds[i].text.len};
        ranges->values[ranges->bound_count++] = bounds[i].value;
        to += bounds[i].text.len;
    }
}

static void collect_bounds(struct eg_rules_ranges *ranges)
{
    EG_AUTOFREE struct eg_rules_bound *bounds =
        eg_calloc(ranges->draft_count * 2 + 1, sizeof(*bounds));
    size_t count = 0;
    for (size_t i = 0; i < ranges->draft_count; i++) {
        const struct eg_rules_test *test = ranges->drafts[i].test;
        if (test->low.text.ptr)
            bounds[count++] = test->low;
        if (test->high.text.ptr)
            bounds[count++] = test->high;
    }
    qsort(bounds, count, sizeof(*bounds), compare_bounds);
    keep_bounds(ranges, bounds, count);
}

static uint32_t slot_of(const struct eg_rules_ranges *ranges, struct eg_span text, double value)
{
    uint32_t low = 0;
    uint32_t high = ranges->bound_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = compare(ranges->values[middle], ranges->texts[middle], value, text);
        if (order == 0)
            return 2 * middle + 1;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 2 * low;
}

/* Marks the slots from `first` up to, not including, `end`. */
static void cover(struct eg_rules_ranges *ranges, struct eg_rules_marks *marks, uint32_t first,
                  uint32_t end, uint32_t mark)
{
    first += ranges->leaf_count;
    end += ranges->leaf_count;
    for (; first < end; first /= 2, end /= 2) {
        if (first & 1)
            eg_rules_marks_add(marks, &ranges->tree[first++], mark);
        if (end & 1)
            eg_rules_marks_add(marks, &ranges->tree[--end], mark);
    }
}

void eg_rules_ranges_freeze(struct eg_rules_ranges *ranges, struct eg_rules_marks *marks)
{
    if (ranges->draft_count == 0)
        return;
    collect_bounds(ranges);
    ranges->leaf_count = 2 * ranges->bound_count + 1;
    ranges->tree = eg_calloc((size_t)ranges->leaf_count * 2, sizeof(*ranges->tree));
    memset(ranges->tree, 0xff, (size_t)ranges->leaf_count * 2 * sizeof(*ranges->tree));
    for (size_t i = 0; i < ranges->draft_count; i++) {
        const struct eg_rules_bound *low = &ranges->drafts[i].test->low;
        const struct eg_rules_bound *high = &ranges->drafts[i].test->high;
        uint32_t first = low->text.ptr ? slot_of(ranges, low->text, low->value) + low->open : 0;
        uint32_t end = high->text.ptr ? slot_of(ranges, high->text, high->value) + !high->open
                                      : ranges->leaf_count;
        cover(ranges, marks, first, end, ranges->drafts[i].mark);
    }
    free(ranges->drafts);
    ranges->drafts = NULL;
    ranges->draft_count = 0;
    ranges->draft_capacity = 0;
}

uint32_t eg_rules_ranges_leaf(const struct eg_rules_ranges *ranges, struct eg_span text,
                              double value)
{
    return ranges->leaf_count + slot_of(ranges, text, value);
}

size_t eg_rules_ranges_bytes(const struct eg_rules_ranges *ranges)
{
    return ranges->bound_count * (sizeof(*ranges->values) + sizeof(*ranges->texts)) +
           (size_t)ranges->leaf_count * 2 * sizeof(*ranges->tree);
}
