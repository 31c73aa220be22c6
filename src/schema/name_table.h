/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of names, fixed when the schema is compiled, asked once a member of every event: one hash
 * over length, first and last bytes, one comparison. The builder looks for a seed without
 * collisions; where names differ in their middle only, the hash takes all bytes.
 *
 * The names are borrowed. Built by one thread, then read by any.
 */
#ifndef EG_SCHEMA_NAME_TABLE_H
#define EG_SCHEMA_NAME_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"
#include "base/span.h"

struct eg_schema_name_slot {
    const char *name;
    uint32_t len;
    uint32_t value; /* EG_SCHEMA_NAME_NONE: the slot is empty */
};

#define EG_SCHEMA_NAME_NONE UINT32_MAX

struct eg_schema_name_table {
    struct eg_schema_name_slot *slots;
    uint64_t seed;
    uint32_t mask;
    bool whole; /* the hash takes every byte */
};

/* The names get the values 0, 1, 2 ...; of equal ones the first is found. */
void eg_schema_name_table_build(struct eg_schema_name_table *table, const struct eg_span *names,
                                uint32_t count);
void eg_schema_name_table_fini(struct eg_schema_name_table *table);

static inline uint64_t eg_schema_name_load(const char *at, size_t bytes)
{
    uint64_t word = 0;
    memcpy(&word, at, bytes);
    return word;
}

/* Two names of that length; most are short, and then two overlapping words hold all of them. */
static inline bool eg_schema_name_equal(const char *a, const char *b, size_t len)
{
    if (EG_UNLIKELY(len > 16))
        return memcmp(a, b, len) == 0;
    if (len >= 8)
        return eg_schema_name_load(a, 8) == eg_schema_name_load(b, 8) &&
               eg_schema_name_load(a + len - 8, 8) == eg_schema_name_load(b + len - 8, 8);
    if (len >= 4)
        return eg_schema_name_load(a, 4) == eg_schema_name_load(b, 4) &&
               eg_schema_name_load(a + len - 4, 4) == eg_schema_name_load(b + len - 4, 4);
    for (size_t i = 0; i < len; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

static inline uint64_t eg_schema_name_hash(struct eg_span name, uint64_t seed)
{
    uint64_t head = 0;
    uint64_t tail = 0;
    if (name.len >= 8) {
        head = eg_schema_name_load(name.ptr, 8);
        tail = eg_schema_name_load(name.ptr + name.len - 8, 8);
    } else if (name.len >= 4) {
        head = eg_schema_name_load(name.ptr, 4);
        tail = eg_schema_name_load(name.ptr + name.len - 4, 4);
    } else if (name.len) {
        head = (unsigned char)name.ptr[0];
        tail = ((uint64_t)(unsigned char)name.ptr[name.len / 2] << 8) |
               (unsigned char)name.ptr[name.len - 1];
    }
    /* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult): it is unsigned */
    __uint128_t product = (__uint128_t)(head ^ seed ^ ((uint64_t)name.len << 56)) *
                          (tail ^ 0x9e3779b97f4a7c15u ^ (seed << 17));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The name's value, or EG_SCHEMA_NAME_NONE. */
static inline uint32_t eg_schema_name_table_find(const struct eg_schema_name_table *table,
                                                 struct eg_span name)
{
    uint64_t hash = EG_UNLIKELY(table->whole) ? eg_span_hash(name) * (table->seed | 1u)
                                              : eg_schema_name_hash(name, table->seed);
    for (uint32_t i = (uint32_t)hash & table->mask;; i = (i + 1) & table->mask) {
        const struct eg_schema_name_slot *slot = &table->slots[i];
        if (slot->value == EG_SCHEMA_NAME_NONE)
            return EG_SCHEMA_NAME_NONE;
        if (slot->len == name.len && eg_schema_name_equal(slot->name, name.ptr, name.len))
            return slot->value;
    }
}

#endif
