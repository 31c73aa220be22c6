/* SPDX-License-Identifier: Apache-2.0 */
/* The search for a seed. Invariant: a table always has an empty slot, so that a search ends. */
#include "schema/name_table.h"

#include <stdlib.h>

#include "base/memory.h"

#define SEEDS        64
#define MAX_DISTANCE 32 /* probes that the cheap hash may need before all bytes are hashed */

static uint32_t slot_count(uint32_t names)
{
    uint32_t count = 2;
    while (count < names * 2u)
        count *= 2;
    return count;
}

static void clear(struct eg_schema_name_table *table)
{
    for (uint32_t i = 0; i <= table->mask; i++)
        table->slots[i] = (struct eg_schema_name_slot){"", 0, EG_SCHEMA_NAME_NONE};
}

/* The longest way that any name had to go from its own slot. */
static uint32_t fill(struct eg_schema_name_table *table, const struct eg_span *names,
                     uint32_t count)
{
    uint32_t longest = 0;
    clear(table);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t hash = table->whole ? eg_span_hash(names[i]) * (table->seed | 1u)
                                     : eg_schema_name_hash(names[i], table->seed);
        uint32_t at = (uint32_t)hash & table->mask;
        uint32_t way = 0;
        for (; table->slots[at].value != EG_SCHEMA_NAME_NONE; way++)
            at = (at + 1) & table->mask;
        table->slots[at] = (struct eg_schema_name_slot){names[i].ptr, (uint32_t)names[i].len, i};
        longest = way > longest ? way : longest;
    }
    return longest;
}

void eg_schema_name_table_build(struct eg_schema_name_table *table, const struct eg_span *names,
                                uint32_t count)
{
    uint32_t slots = slot_count(count);
    table->mask = slots - 1;
    table->slots = eg_calloc(slots, sizeof(*table->slots));
    table->whole = false;
    uint64_t best_seed = 0;
    uint32_t best = UINT32_MAX;
    for (uint64_t i = 1; i <= SEEDS && best; i++) {
        table->seed = i * 0xd6e8feb86659fd93u;
        uint32_t longest = fill(table, names, count);
        if (longest < best) {
            best = longest;
            best_seed = table->seed;
        }
        if (count > 256 && i == 4) /* large tables: good enough */
            break;
    }
    table->seed = best_seed;
    table->whole = best > MAX_DISTANCE;
    (void)fill(table, names, count);
}

void eg_schema_name_table_fini(struct eg_schema_name_table *table)
{
    free(table->slots);
    table->slots = NULL;
}
