/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the compiler share. One thread, one schema; gone when the schema is complete.
 *
 * compile.c        the order of events: read, check against the meta-schema, compile, link, plan
 * compile_node.c   from a place in a document to a node, equal ones shared
 * compile_*.c      one builder a keyword
 * plan.c           from rules to checks
 */
#ifndef EG_SCHEMA_COMPILER_H
#define EG_SCHEMA_COMPILER_H

#include "base/compiler.h"
#include "schema/program.h"

#define EG_SCHEMA_MAX_NODES 200000u

struct eg_schema_shared {
    uint64_t hash;
    uint32_t node;
};

struct eg_schema_compiler {
    struct eg_schema *schema;
    const struct eg_schema_options *options;
    uint32_t **node_of; /* for each document: the node of each tape index */
    uint32_t node_of_count;
    struct eg_schema_shared *shared; /* open addressing; hash 0: empty */
    uint32_t shared_count;
    uint32_t shared_capacity;
    EG_SCHEMA_ARRAY(struct eg_span) dynamic_names; /* 0 is $recursiveAnchor */
    bool tracks_evaluated;

    /* The node that is being compiled. */
    uint32_t node;
    struct eg_schema_location at;
    struct eg_schema_dialect dialect;
};

/* Compiles one keyword's value into *rule; keyword EG_SCHEMA_KEYWORDS after it: nothing to check.
 */
typedef int eg_schema_build(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                            struct eg_error *err);

/* compile_node.c: the node for a place, compiled later. -1: too many nodes. */
int eg_schema_node_for(struct eg_schema_compiler *compiler, struct eg_schema_location location,
                       uint32_t *ret_node, struct eg_error *err) EG_MUST_CHECK;

/* compile_node.c: the node for a sub-schema of the one being compiled. */
int eg_schema_node_for_child(struct eg_schema_compiler *compiler, eg_json_index index,
                             uint32_t *ret_node, struct eg_error *err) EG_MUST_CHECK;

/* compile_node.c: compiles nodes until none is left to do. */
int eg_schema_compile_nodes(struct eg_schema_compiler *compiler, uint32_t *cursor,
                            struct eg_error *err) EG_MUST_CHECK;

/* compile_keyword.c, compile_apply.c, compile_ref.c: builders by keyword; NULL: none there. */
extern eg_schema_build *const eg_schema_value_builders[EG_SCHEMA_KEYWORDS];
extern eg_schema_build *const eg_schema_apply_builders[EG_SCHEMA_KEYWORDS];
extern eg_schema_build *const eg_schema_ref_builders[EG_SCHEMA_KEYWORDS];

/* compile_keyword.c: compiles the expression at `place`; in *ret_regex its number. */
int eg_schema_build_regex(struct eg_schema_compiler *compiler, eg_json_index place,
                          uint32_t *ret_regex, struct eg_error *err) EG_MUST_CHECK;

/* compile_keyword.c: a count at `value`; what is larger than UINT32_MAX becomes that. */
int eg_schema_build_count(struct eg_schema_compiler *compiler, eg_json_index value,
                          uint32_t *ret_count, struct eg_error *err) EG_MUST_CHECK;

/* compile_ref.c: gives every dynamic reference the places where it may end. */
int eg_schema_link_dynamics(struct eg_schema_compiler *compiler, uint32_t *cursor,
                            struct eg_error *err) EG_MUST_CHECK;

/* compile_cycle.c: refuses schemas that would apply themselves to one value without an end. */
int eg_schema_refuse_cycles(const struct eg_schema *schema, struct eg_error *err) EG_MUST_CHECK;

/* plan.c */
void eg_schema_plan(struct eg_schema_compiler *compiler);

/* Of the node that is being compiled. */
static inline const struct eg_json_document *
eg_schema_compiler_json(const struct eg_schema_compiler *compiler)
{
    return eg_schema_json(compiler->schema, compiler->at.document);
}

/* The value under `name` in the schema being compiled, or EG_JSON_NONE. */
static inline eg_json_index eg_schema_sibling(const struct eg_schema_compiler *compiler,
                                              enum eg_schema_keyword keyword)
{
    return eg_json_member(eg_schema_compiler_json(compiler), compiler->at.index,
                          eg_schema_keyword_infos[keyword].text);
}

/* "at <pointer>: expected <what>". Returns -1. */
static inline int eg_schema_expected(const struct eg_schema_compiler *compiler, eg_json_index index,
                                     const char *what, struct eg_error *err)
{
    return eg_schema_library_error(&compiler->schema->library, compiler->at.document, index, err,
                                   "expected %s", what);
}

#endif
