/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled schema: flat arrays that point at each other by index.
 *
 * A node is one sub-schema. Its rules are its keywords in the order in which they are written: the
 * explanation walks them. Its checks are the same rules for the fast answer: by the kind of the
 * instance, cheap ones first, all that one pass over an object's members can decide fused into one
 * check, and `type` gone into a bit mask.
 *
 * Immutable once compiled; any thread.
 */
#ifndef EG_SCHEMA_PROGRAM_H
#define EG_SCHEMA_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>

#include "schema/dialect.h"
#include "schema/format.h"
#include "schema/library.h"
#include "schema/name_table.h"
#include "text/regex.h"

/* Bits of a node's types: 1 << enum eg_json_kind, and: */
#define EG_SCHEMA_TYPE_INTEGER 0x80u /* numbers without a fraction, where not all numbers fit */
#define EG_SCHEMA_TYPE_ANY     0x7fu

/* Flags of a node. */
#define EG_SCHEMA_NODE_UNEVALUATED_ITEMS      0x01u
#define EG_SCHEMA_NODE_UNEVALUATED_PROPERTIES 0x02u
#define EG_SCHEMA_NODE_BOOLEAN                0x04u /* the schema is true or false */
#define EG_SCHEMA_NODE_WRITTEN_INTEGER        0x08u /* draft 4: 1.0 is not an integer */

/* One keyword. What a, b and c are is told at the keyword's builder (compile_*.c). */
struct eg_schema_rule {
    uint8_t keyword; /* enum eg_schema_keyword; EG_SCHEMA_OBJECT among checks */
    bool list;       /* items: one schema for each place */
    uint32_t value;  /* the keyword's value, in the node's document */
    uint32_t a, b, c;
};

struct eg_schema_range {
    uint32_t first;
    uint32_t count;
};

struct eg_schema_node {
    uint8_t types;
    uint8_t flags;
    uint32_t resource;
    struct eg_schema_range checks[EG_SCHEMA_SUBJECTS];
    struct eg_schema_range rules;
    uint32_t document;
    eg_json_index index;
};

/* A number in the schema: text, and where it is small enough the value. */
struct eg_schema_number {
    struct eg_span text;
    bool has_value;
    int64_t value;
};

/* enum and const: strings by name, the rest sorted by hash. */
struct eg_schema_enum {
    struct eg_schema_name_table strings;
    uint32_t first; /* in enum_values */
    uint32_t count;
    uint32_t document;
    uint8_t kinds; /* which kinds of value there are: 1 << enum eg_json_kind */
};

struct eg_schema_enum_value {
    uint64_t hash;
    eg_json_index index;
};

struct eg_schema_pattern {
    uint32_t regex;
    uint32_t node;
};

/* A member that `properties` or `required` names. */
struct eg_schema_property {
    struct eg_span name;
    uint32_t node;     /* EG_SCHEMA_NONE: only required */
    uint32_t required; /* its number among the required, or EG_SCHEMA_NONE */
};

struct eg_schema_object {
    struct eg_schema_name_table names; /* -> properties[first + value] */
    uint32_t first;
    uint32_t count; /* of properties */
    uint32_t required_count;
    struct eg_schema_range patterns;
    uint32_t additional; /* node, or EG_SCHEMA_NONE: anything goes and nothing is evaluated */
    uint32_t name_node;  /* of propertyNames, or EG_SCHEMA_NONE */
    uint32_t min_count;
    uint32_t max_count;
    bool looks_at_members;
};

/* Where a dynamic reference may end, by resource: sorted by name, then resource. */
struct eg_schema_dynamic {
    uint32_t name; /* number of the anchor's name; 0 is $recursiveAnchor */
    uint32_t resource;
    uint32_t node;
};

/* A growing array of T. */
#define EG_SCHEMA_ARRAY(T) \
    struct {               \
        T *items;          \
        uint32_t count;    \
        uint32_t capacity; \
    }

struct eg_schema {
    struct eg_schema_library library;
    EG_SCHEMA_ARRAY(struct eg_schema_node) nodes; /* nodes.items[0] is the root */
    EG_SCHEMA_ARRAY(struct eg_schema_rule) rules;
    EG_SCHEMA_ARRAY(struct eg_schema_rule) checks;
    EG_SCHEMA_ARRAY(uint32_t) links; /* nodes, in lists */
    EG_SCHEMA_ARRAY(struct eg_schema_number) numbers;
    EG_SCHEMA_ARRAY(struct eg_schema_enum) enums;
    EG_SCHEMA_ARRAY(struct eg_schema_enum_value) enum_values;
    EG_SCHEMA_ARRAY(struct eg_schema_pattern) patterns;
    EG_SCHEMA_ARRAY(struct eg_schema_property) properties;
    EG_SCHEMA_ARRAY(struct eg_schema_object) objects;
    EG_SCHEMA_ARRAY(struct eg_regex *) regexes;
    EG_SCHEMA_ARRAY(const struct eg_schema_format *) formats;
    EG_SCHEMA_ARRAY(struct eg_schema_dynamic) dynamics;
    bool tracks_scope; /* there are dynamic references */
};

/* Makes room for one more; the item behind the end is then writable. */
void eg_schema_array_grow(void *items_pointer, uint32_t count, uint32_t *capacity,
                          size_t item_bytes);

/* Appends `value`; its index is array.count - 1. */
#define EG_SCHEMA_PUSH(array, ...)                                             \
    do {                                                                       \
        eg_schema_array_grow(&(array).items, (array).count, &(array).capacity, \
                             sizeof(*(array).items));                          \
        (array).items[(array).count++] = __VA_ARGS__;                          \
    } while (0)

static inline const struct eg_json_document *eg_schema_json(const struct eg_schema *schema,
                                                            uint32_t document)
{
    return &schema->library.documents[document]->json;
}

static inline enum eg_schema_draft eg_schema_node_draft(const struct eg_schema *schema,
                                                        const struct eg_schema_node *node)
{
    return schema->library.resources[node->resource].dialect.draft;
}

#endif
