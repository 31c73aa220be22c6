/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte strings to numbers, in as many separate spaces as wanted: one hash table with open
 * addressing. Filled while a set is made, read-only after. Internal to rules/.
 */
#ifndef EG_RULES_TABLE_H
#define EG_RULES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "eventgate/span.h"

#define EG_RULES_NONE UINT32_MAX

struct eg_rules_slot {
    uint32_t hash;
    uint32_t space;
    uint32_t key_at;
    uint32_t key_bytes;
    uint32_t value; /* EG_RULES_NONE: the slot is empty */
};

/* A zeroed struct is an empty table. All keys together stay below 4 GiB. */
struct eg_rules_table {
    struct eg_rules_slot *slots;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t count;
    struct eg_buffer keys;
};

void eg_rules_table_fini(struct eg_rules_table *table);

/* The value under the key, or EG_RULES_NONE. */
uint32_t eg_rules_table_find(const struct eg_rules_table *table, uint32_t space,
                             struct eg_span key);

/* The value under the key, which becomes `value` when there is none yet. */
uint32_t eg_rules_table_put(struct eg_rules_table *table, uint32_t space, struct eg_span key,
                            uint32_t value);

size_t eg_rules_table_bytes(const struct eg_rules_table *table);

#endif
