/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over two schema documents side by side: inside schema/ only, what diff*.c share.
 *
 * A place that one of the two does not have is EG_JSON_NONE, which reads as the schema `true` or as
 * a keyword that is not there. One thread.
 */
#ifndef EG_SCHEMA_DIFF_WALK_H
#define EG_SCHEMA_DIFF_WALK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "schema/diff.h"
#include "json/document.h"

#define EG_SCHEMA_DIFF_MAX_DEPTH 128u

/* How a change below here counts for the whole. */
enum {
    EG_SCHEMA_DIFF_WALK_NOT = 1, /* below `not`: what narrows it widens the whole, and back */
    EG_SCHEMA_DIFF_WALK_ONE = 2, /* below `oneOf` or a bounded `contains`: wider may fail, too */
    EG_SCHEMA_DIFF_WALK_UNKNOWN = 4, /* below `if`: anything may come of it */
};

/* The same place in the old and in the new document. */
struct eg_schema_diff_pair {
    eg_json_index old;
    eg_json_index new;
};

struct eg_schema_diff_visit {
    struct eg_schema_diff_pair pair;
    unsigned mode;
};

struct eg_schema_diff_walk {
    struct eg_json_document old;
    struct eg_json_document new;
    bool old_ref_alone; /* the draft ignores what stands beside a $ref */
    bool new_ref_alone;
    bool new_unevaluated; /* has unevaluated*: what no longer names a member may forbid it */
    struct eg_schema_diff *diff;
    struct eg_schema_diff_visit *visits; /* pairs that were compared already; owned */
    size_t visit_count;
    unsigned mode;
    unsigned depth;
    bool overflow; /* more changes than EG_SCHEMA_DIFF_MAX_CHANGES */
};

/* diff.c: notes a change at the pair, seen through the walk's mode. */
void eg_schema_diff_walk_note(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair at,
                              enum eg_schema_impact impact, const char *format, ...)
    EG_PRINTF(4, 5);

/* The impact of a part that is gone: it can't fail an event, but it may have vouched for members.
 */
static inline enum eg_schema_impact eg_schema_diff_walk_gone(const struct eg_schema_diff_walk *walk)
{
    return walk->new_unevaluated ? EG_SCHEMA_UNKNOWN : EG_SCHEMA_COMPATIBLE;
}

/* diff_walk.c: compares two schemas and all that is below them. */
void eg_schema_diff_walk_compare(struct eg_schema_diff_walk *walk,
                                 struct eg_schema_diff_pair schemas);

/* Compares under a changed mode. */
void eg_schema_diff_walk_compare_in(struct eg_schema_diff_walk *walk,
                                    struct eg_schema_diff_pair schemas, unsigned mode);

/* The members of that name: NONE where a side has none or is no object. */
struct eg_schema_diff_pair eg_schema_diff_walk_member(const struct eg_schema_diff_walk *walk,
                                                      struct eg_schema_diff_pair schemas,
                                                      const char *name);
eg_json_index eg_schema_diff_member(const struct eg_json_document *document, eg_json_index object,
                                    struct eg_span name);

/* Does the schema let everything through: true, {} or annotations only? */
bool eg_schema_diff_accepts_all(const struct eg_json_document *document, eg_json_index schema);

/* A value's JSON text, cut to what fits a line. */
struct eg_span eg_schema_diff_brief(const struct eg_json_document *document, eg_json_index index);

/* One keyword: `values` are its values, `schemas` where they stand. Called when either has it. */
typedef void eg_schema_diff_keyword_fn(struct eg_schema_diff_walk *walk,
                                       struct eg_schema_diff_pair schemas,
                                       struct eg_schema_diff_pair values, const char *keyword);

/* diff_values.c */
eg_schema_diff_keyword_fn eg_schema_diff_type, eg_schema_diff_values, eg_schema_diff_required,
    eg_schema_diff_lower, eg_schema_diff_upper, eg_schema_diff_count_low, eg_schema_diff_count_high,
    eg_schema_diff_multiple, eg_schema_diff_pattern, eg_schema_diff_format, eg_schema_diff_unique;

/* diff_parts.c */
eg_schema_diff_keyword_fn eg_schema_diff_properties, eg_schema_diff_schema,
    eg_schema_diff_schema_map, eg_schema_diff_items, eg_schema_diff_all_of, eg_schema_diff_choice,
    eg_schema_diff_not, eg_schema_diff_if, eg_schema_diff_contains, eg_schema_diff_dependencies,
    eg_schema_diff_opaque;

#endif
