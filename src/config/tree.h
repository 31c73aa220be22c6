/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration file as an owned tree that knows where everything was written.
 *
 * Reads YAML 1.1 with the scalars of YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103);
 * JSON is a subset of it and goes through the same parser. Refused, each with its place: anchors
 * and aliases, merge keys, tags of other types, several documents, a key that stands twice (both
 * places are named), nesting and sizes past the limits.
 *
 * A tree is built by one thread and then only read; a tree to which values are set (see set below)
 * stays with one thread until that is done.
 */
#ifndef EG_CONFIG_TREE_H
#define EG_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/problem.h"
#include "eventgate/span.h"

#define EG_CONFIG_MAX_FILE_BYTES (16u << 20)
#define EG_CONFIG_MAX_DEPTH      64u
#define EG_CONFIG_MAX_NODES      1000000u

enum eg_config_kind {
    EG_CONFIG_SCALAR,
    EG_CONFIG_LIST,
    EG_CONFIG_MAP,
};

struct eg_config_member;

struct eg_config_node {
    enum eg_config_kind kind;
    bool quoted; /* SCALAR: in quotes or a block, so it is a string whatever it looks like */
    struct eg_config_place place;
    struct eg_span text;              /* SCALAR; followed by a NUL */
    struct eg_span late;              /* SCALAR that asks for a secret: as it was written */
    struct eg_config_member *members; /* MAP, in the order of the file */
    struct eg_config_node **items;    /* LIST */
    size_t count;                     /* of members or items */
};

struct eg_config_member {
    struct eg_span name; /* followed by a NUL */
    struct eg_config_place place;
    struct eg_config_node *node;
};

struct eg_config_tree {
    struct eg_arena arena; /* every node, name and text */
    const char *file;
    struct eg_config_node *root; /* an empty document is an empty map */
};

enum eg_config_substitution {
    EG_CONFIG_LITERAL,    /* "${" means nothing */
    EG_CONFIG_SUBSTITUTE, /* ${NAME}, ${NAME:-default}, ${secret:...}, and $${ for a literal ${ */
    EG_CONFIG_SUBSTITUTE_LATER, /* the same, but what asks for a secret waits for
                                   eg_config_tree_resolve: its text is as it was written */
};

/*
 * Parses `text`; `file` is the name for messages. 0, or -1 with at least one problem added; then no
 * tree. An unset ${NAME} is a problem with its place.
 */
int eg_config_tree_parse(struct eg_span text, const char *file, enum eg_config_substitution how,
                         struct eg_config_tree **ret_tree,
                         struct eg_config_problems *problems) EG_MUST_CHECK;

/* Reads the file (config/source.h) and parses it. */
int eg_config_tree_read(const char *path, enum eg_config_substitution how,
                        struct eg_config_tree **ret_tree,
                        struct eg_config_problems *problems) EG_MUST_CHECK;

/* Puts in what waits (EG_CONFIG_SUBSTITUTE_LATER). A secret that can't be read is a problem with
 * its place. */
int eg_config_tree_resolve(struct eg_config_tree *tree, struct eg_config_problems *problems);

/* An empty map that stands for `file`; for configurations that are put together here. */
struct eg_config_tree *eg_config_tree_new(const char *file);
void eg_config_tree_destroy(struct eg_config_tree *tree); /* NULL is fine */

/* MAP: the member, or NULL. NULL for a node of another kind. */
const struct eg_config_member *eg_config_member_find(const struct eg_config_node *map,
                                                     const char *name);
/* The member's value, or NULL. */
const struct eg_config_node *eg_config_node_get(const struct eg_config_node *map, const char *name);

/* A plain null, ~ or nothing. */
bool eg_config_node_is_null(const struct eg_config_node *node);

/* "a string", "a number", "true or false", "null", "a list", "a mapping". */
const char *eg_config_node_describe(const struct eg_config_node *node);

/* Building: nodes that belong to the tree; texts and names are copied. */
struct eg_config_node *eg_config_tree_scalar(struct eg_config_tree *tree,
                                             struct eg_config_place place, const char *text);
struct eg_config_node *eg_config_tree_list(struct eg_config_tree *tree,
                                           struct eg_config_place place);
struct eg_config_node *eg_config_tree_map(struct eg_config_tree *tree,
                                          struct eg_config_place place);
void eg_config_list_add(struct eg_config_tree *tree, struct eg_config_node *list,
                        struct eg_config_node *item);
/* Adds a member without looking for its name: the caller knows that it is new. */
void eg_config_map_append(struct eg_config_tree *tree, struct eg_config_node *map,
                          struct eg_span name, struct eg_config_place place,
                          struct eg_config_node *value);
/* Adds the member, or gives it another value. */
void eg_config_map_set(struct eg_config_tree *tree, struct eg_config_node *map, const char *name,
                       struct eg_config_node *value);

/* The subtree as JSON, plain scalars typed by the core schema. */
void eg_config_node_to_json(const struct eg_config_node *node, struct eg_buffer *buffer);

#endif
