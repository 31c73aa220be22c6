/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing, at most half full. */
#include "config/index.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"

#define FIRST_CAPACITY 16u

void eg_config_index_fini(struct eg_config_index *index)
{
    free(index->slots);
    *index = (struct eg_config_index){0};
}

/* Where the name is, or would go. */
static struct eg_config_index_slot *probe(const struct eg_config_index *index, struct eg_span name,
                                          uint32_t hash)
{
    size_t at = hash & (index->capacity - 1);
    for (;;) {
        struct eg_config_index_slot *slot = &index->slots[at];
        if (!slot->used || (slot->hash == hash && eg_span_equal(slot->name, name)))
            return slot;
        at = (at + 1) & (index->capacity - 1);
    }
}

static uint32_t hash_of(struct eg_span name)
{
    uint64_t hash = eg_span_hash(name);
    return (uint32_t)(hash ^ hash >> 32);
}

static void grow(struct eg_config_index *index)
{
    struct eg_config_index bigger = {
        .capacity = index->capacity ? index->capacity * 2 : FIRST_CAPACITY, .count = index->count};
    bigger.slots = eg_calloc(bigger.capacity, sizeof(*bigger.slots));
    for (size_t i = 0; i < index->capacity; i++)
        if (index->slots[i].used)
            *probe(&bigger, index->slots[i].name, index->slots[i].hash) = index->slots[i];
    free(index->slots);
    *index = bigger;
}

size_t eg_config_index_add(struct eg_config_index *index, struct eg_span name, size_t position)
{
    if (index->count * 2 >= index->capacity)
        grow(index);
    uint32_t hash = hash_of(name);
    struct eg_config_index_slot *slot = probe(index, name, hash);
    if (slot->used)
        return slot->position;
    *slot = (struct eg_config_index_slot){name, hash, 1, position};
    index->count++;
    return EG_CONFIG_INDEX_NONE;
}

size_t eg_config_index_find(const struct eg_config_index *index, struct eg_span name)
{
    if (index->count == 0)
        return EG_CONFIG_INDEX_NONE;
    const struct eg_config_index_slot *slot = probe(index, name, hash_of(name));
    return slot->used ? slot->position : EG_CONFIG_INDEX_NONE;
}
