/* SPDX-License-Identifier: Apache-2.0 */
/* See table.h. Keys lie one behind the other in one buffer; at most three quarters of slots are
 * full. */
#include "rules/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "base/span.h"

#define FIRST_CAPACITY 16u

static uint64_t mix(uint64_t a, uint64_t b)
{
    __extension__ unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load(const char *p, size_t len)
{
    uint64_t word = 0;
    memcpy(&word, p, len);
    return word;
}

/* Keys are chosen by who writes the rules; an event's values only look up. */
static uint32_t hash_of(uint32_t space, struct eg_span key)
{
    uint64_t hash = mix(space ^ 0x9E3779B97F4A7C15u, key.len ^ 0xD1B54A32D192ED03u);
    size_t i = 0;
    for (; key.len - i >= 8; i += 8)
        hash = mix(hash ^ load(key.ptr + i, 8), 0xA0761D6478BD642Fu);
    if (i < key.len)
        hash = mix(hash ^ load(key.ptr + i, key.len - i), 0xE7037ED1A0B428DBu);
    return (uint32_t)(hash ^ (hash >> 32));
}

void eg_rules_table_fini(struct eg_rules_table *table)
{
    free(table->slots);
    eg_buffer_fini(&table->keys);
    *table = (struct eg_rules_table){0};
}

/* The slot of the key, or the empty one where it would go. */
static struct eg_rules_slot *find_slot(const struct eg_rules_table *table, uint32_t hash,
                                       uint32_t space, struct eg_span key)
{
    for (uint32_t i = hash;; i++) {
        struct eg_rules_slot *slot = &table->slots[i & (table->capacity - 1)];
        if (slot->value == EG_RULES_NONE)
            return slot;
        if (slot->hash == hash && slot->space == space && slot->key_bytes == key.len &&
            (key.len == 0 || memcmp(table->keys.data + slot->key_at, key.ptr, key.len) == 0))
            return slot;
    }
}

uint32_t eg_rules_table_find(const struct eg_rules_table *table, uint32_t space, struct eg_span key)
{
    if (table->count == 0)
        return EG_RULES_NONE;
    return find_slot(table, hash_of(space, key), space, key)->value;
}

static void grow(struct eg_rules_table *table)
{
    struct eg_rules_slot *old = table->slots;
    uint32_t old_capacity = table->capacity;
    table->capacity = old_capacity ? old_capacity * 2 : FIRST_CAPACITY;
    table->slots = eg_calloc(table->capacity, sizeof(*table->slots));
    for (uint32_t i = 0; i < table->capacity; i++)
        table->slots[i].value = EG_RULES_NONE;
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].value == EG_RULES_NONE)
            continue;
        uint32_t at = old[i].hash;
        while (table->slots[at & (table->capacity - 1)].value != EG_RULES_NONE)
            at++;
        table->slots[at & (table->capacity - 1)] = old[i];
    }
    free(old);
}

uint32_t eg_rules_table_put(struct eg_rules_table *table, uint32_t space, struct eg_span key,
                            uint32_t value)
{
    if (table->count >= table->capacity / 4 * 3)
        grow(table);
    uint32_t hash = hash_of(space, key);
    struct eg_rules_slot *slot = find_slot(table, hash, space, key);
    if (slot->value == EG_RULES_NONE) {
        *slot = (struct eg_rules_slot){hash, space, (uint32_t)table->keys.len, (uint32_t)key.len,
                                       value};
        eg_buffer_append_span(&table->keys, key);
        table->count++;
    }
    return slot->value;
}

size_t eg_rules_table_bytes(const struct eg_rules_table *table)
{
    return table->capacity * sizeof(*table->slots) + table->keys.capacity;
}
