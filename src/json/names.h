/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding an object's names by hash. Internal to json/; a table belongs to one thread.
 *
 * The hash is SipHash-1-3 under a key drawn once per process: who sends the names can't choose them
 * to fall together.
 */
#ifndef EG_JSON_NAMES_H
#define EG_JSON_NAMES_H

#include "json/document.h"

/* Objects up to this size are searched without a table. */
#define EG_JSON_SMALL_OBJECT 24u

struct eg_json_name_slot {
    uint32_t hash;
    eg_json_index name; /* EG_JSON_NONE: free */
};

struct eg_json_name_table {
    struct eg_json_name_slot *slots; /* the caller's */
    uint32_t capacity;               /* a power of two */
};

uint64_t eg_json_bytes_hash(struct eg_span bytes);

/* Slots that a table for so many names needs; at most 2^26. */
uint32_t eg_json_name_table_capacity(uint32_t names);

void eg_json_name_table_clear(struct eg_json_name_table *table);

/* Puts the name's node in; returns the node of the same name that it replaced, or EG_JSON_NONE. */
eg_json_index eg_json_name_table_put(struct eg_json_name_table *table,
                                     const struct eg_json_document *document, eg_json_index name);

eg_json_index eg_json_name_table_find(const struct eg_json_name_table *table,
                                      const struct eg_json_document *document, struct eg_span name);

#endif
