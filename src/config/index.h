/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to positions: the hash table behind subjects, topics and the search for keys that stand
 * twice. The names are borrowed. One thread adds; after that any thread finds.
 *
 * The names come from the configuration, so the hash need not resist an attacker: a stranger only
 * chooses what is looked for.
 */
#ifndef EG_CONFIG_INDEX_H
#define EG_CONFIG_INDEX_H

#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"

#define EG_CONFIG_INDEX_NONE SIZE_MAX

struct eg_config_index_slot {
    struct eg_span name;
    uint32_t hash;
    uint32_t used;
    size_t position;
};

/* A zeroed struct is an empty index. */
struct eg_config_index {
    struct eg_config_index_slot *slots;
    size_t capacity; /* a power of two, or 0 */
    size_t count;
};

void eg_config_index_fini(struct eg_config_index *index);

/* The position that the name has already, and nothing changes; or NONE, and it was added. */
size_t eg_config_index_add(struct eg_config_index *index, struct eg_span name, size_t position);

/* NONE: no such name. */
size_t eg_config_index_find(const struct eg_config_index *index, struct eg_span name);

#endif
