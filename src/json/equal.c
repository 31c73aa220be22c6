/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Equality of values, and the hash that goes with it.
 *
 * Both recurse, at most EG_JSON_MAX_DEPTH deep. Every value is looked at once: names are paired
 * first, values compared after, so that nesting can't multiply the work. Any thread.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"
#include "json/document.h"
#include "json/names.h"
#include "json/number.h"

struct value {
    const struct eg_json_document *document;
    eg_json_index index;
};

static bool equal(struct value a, struct value b);

static bool arrays_equal(struct value a, struct value b)
{
    uint32_t count = eg_json_count(a.document, a.index);
    if (count != eg_json_count(b.document, b.index))
        return false;
    a.index++;
    b.index++;
    while (count--) {
        if (!equal(a, b))
            return false;
        a.index = eg_json_next(a.document, a.index);
        b.index = eg_json_next(b.document, b.index);
    }
    return true;
}

static bool same_names_in_order(struct value a, struct value b)
{
    uint32_t count = eg_json_count(a.document, a.index++);
    b.index++;
    while (count--) {
        if (!eg_span_equal(eg_json_string(a.document, a.index),
                           eg_json_string(b.document, b.index)))
            return false;
        a.index = eg_json_next(a.document, a.index + 1);
        b.index = eg_json_next(b.document, b.index + 1);
    }
    return true;
}

static bool values_equal_in_order(struct value a, struct value b)
{
    uint32_t count = eg_json_count(a.document, a.index++);
    b.index++;
    while (count--) {
        a.index++;
        b.index++;
        if (!equal(a, b))
            return false;
        a.index = eg_json_next(a.document, a.index);
        b.index = eg_json_next(b.document, b.index);
    }
    return true;
}

/* Both without duplicates and of the same count. */
static bool small_objects_equal(struct value a, struct value b)
{
    uint32_t count = eg_json_count(a.document, a.index);
    eg_json_index name = a.index + 1;
    while (count--) {
        eg_json_index other = eg_json_member(b.document, b.index, eg_json_string(a.document, name));
        if (other == EG_JSON_NONE ||
            !equal((struct value){a.document, name + 1}, (struct value){b.document, other}))
            return false;
        name = eg_json_next(a.document, name + 1);
    }
    return true;
}

/* Fills a table with the object's names, of duplicates the last. Returns how many are in it. */
static uint32_t fill_table(struct eg_json_name_table *table, struct value object)
{
    uint32_t count = eg_json_count(object.document, object.index);
    uint32_t distinct = 0;
    table->capacity = eg_json_name_table_capacity(count);
    table->slots = eg_malloc(table->capacity * sizeof(*table->slots));
    eg_json_name_table_clear(table);
    eg_json_index name = object.index + 1;
    while (count--) {
        if (eg_json_name_table_put(table, object.document, name) == EG_JSON_NONE)
            distinct++;
        name = eg_json_next(object.document, name + 1);
    }
    return distinct;
}

static bool tables_equal(const struct eg_json_name_table *a_table,
                         const struct eg_json_document *a_document,
                         const struct eg_json_name_table *b_table,
                         const struct eg_json_document *b_document)
{
    for (uint32_t i = 0; i < a_table->capacity; i++) {
        eg_json_index name = a_table->slots[i].name;
        if (name == EG_JSON_NONE)
            continue;
        eg_json_index other =
            eg_json_name_table_find(b_table, b_document, eg_json_string(a_document, name));
        if (other == EG_JSON_NONE ||
            !equal((struct value){a_document, name + 1}, (struct value){b_document, other + 1}))
            return false;
    }
    return true;
}

static bool large_objects_equal(struct value a, struct value b)
{
    struct eg_json_name_table a_table;
    struct eg_json_name_table b_table;
    uint32_t a_names = fill_table(&a_table, a);
    uint32_t b_names = fill_table(&b_table, b);
    bool same = a_names == b_names && tables_equal(&a_table, a.document, &b_table, b.document);
    free(a_table.slots);
    free(b_table.slots);
    return same;
}

static bool objects_equal(struct value a, struct value b)
{
    if (a.document->may_have_duplicates || b.document->may_have_duplicates)
        return large_objects_equal(a, b);
    if (eg_json_count(a.document, a.index) != eg_json_count(b.document, b.index))
        return false;
    if (same_names_in_order(a, b))
        return values_equal_in_order(a, b);
    if (eg_json_count(a.document, a.index) <= EG_JSON_SMALL_OBJECT)
        return small_objects_equal(a, b);
    return large_objects_equal(a, b);
}

static bool numbers_equal(struct value a, struct value b)
{
    struct eg_span a_text = eg_json_text(a.document, a.index);
    struct eg_span b_text = eg_json_text(b.document, b.index);
    return eg_span_equal(a_text, b_text) || eg_json_number_compare(a_text, b_text) == 0;
}

static bool equal(struct value a, struct value b)
{
    enum eg_json_kind kind = eg_json_kind(a.document, a.index);
    if (kind != eg_json_kind(b.document, b.index))
        return false;
    switch (kind) {
    case EG_JSON_NUMBER:
        return numbers_equal(a, b);
    case EG_JSON_STRING:
        return eg_span_equal(eg_json_string(a.document, a.index),
                             eg_json_string(b.document, b.index));
    case EG_JSON_ARRAY:
        return arrays_equal(a, b);
    case EG_JSON_OBJECT:
        return objects_equal(a, b);
    case EG_JSON_NULL:
    case EG_JSON_FALSE:
    case EG_JSON_TRUE:
        break;
    }
    return true;
}

bool eg_json_equal(const struct eg_json_document *a, eg_json_index a_index,
                   const struct eg_json_document *b, eg_json_index b_index)
{
    return equal((struct value){a, a_index}, (struct value){b, b_index});
}

static uint64_t hash_words(uint64_t kind, uint64_t first, uint64_t second)
{
    uint64_t words[3] = {kind, first, second};
    return eg_json_bytes_hash(eg_span_of((const char *)words, sizeof(words)));
}

static uint64_t hash_array(const struct eg_json_document *document, eg_json_index index)
{
    uint64_t hash = 0;
    eg_json_index end = eg_json_next(document, index);
    for (eg_json_index at = index + 1; at < end; at = eg_json_next(document, at))
        hash = hash_words(EG_JSON_ARRAY, hash, eg_json_hash(document, at));
    return hash_words(EG_JSON_ARRAY, hash, eg_json_count(document, index));
}

static uint64_t hash_member(const struct eg_json_document *document, eg_json_index name)
{
    return hash_words(EG_JSON_OBJECT, eg_json_bytes_hash(eg_json_string(document, name)),
                      eg_json_hash(document, name + 1));
}

/* The sum of the members' hashes: order does not matter. */
static uint64_t hash_object(const struct eg_json_document *document, eg_json_index index)
{
    uint64_t sum = EG_JSON_OBJECT;
    if (!document->may_have_duplicates) {
        eg_json_index end = eg_json_next(document, index);
        for (eg_json_index at = index + 1; at < end; at = eg_json_next(document, at + 1))
            sum += hash_member(document, at);
        return sum;
    }
    struct eg_json_name_table table;
    (void)fill_table(&table, (struct value){document, index});
    for (uint32_t i = 0; i < table.capacity; i++)
        if (table.slots[i].name != EG_JSON_NONE)
            sum += hash_member(document, table.slots[i].name);
    free(table.slots);
    return sum;
}

uint64_t eg_json_hash(const struct eg_json_document *document, eg_json_index index)
{
    enum eg_json_kind kind = eg_json_kind(document, index);
    switch (kind) {
    case EG_JSON_NUMBER:
        return hash_words(kind, eg_json_number_hash(eg_json_text(document, index)), 0);
    case EG_JSON_STRING:
        return hash_words(kind, eg_json_bytes_hash(eg_json_string(document, index)), 0);
    case EG_JSON_ARRAY:
        return hash_array(document, index);
    case EG_JSON_OBJECT:
        return hash_object(document, index);
    case EG_JSON_NULL:
    case EG_JSON_FALSE:
    case EG_JSON_TRUE:
        break;
    }
    return hash_words(kind, 0, 0);
}
