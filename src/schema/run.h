/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One validation under way. The fast answer asks a node: the type mask first, then the node's
 * checks for the kind of the instance, until one fails. One thread.
 *
 * `evaluated` is a bitmap over the instance's members or elements, or NULL when nobody asks: who
 * judges one of them by a sub-schema sets its bit. The bits mean something only when the node fits.
 */
#ifndef EG_SCHEMA_RUN_H
#define EG_SCHEMA_RUN_H

#include "schema/program.h"
#include "schema/scratch.h"

/* Schemas inside each other, as they are applied; a frame takes less than a kilobyte of stack. */
#define EG_SCHEMA_MAX_NESTING 1024u

enum eg_schema_stop {
    EG_SCHEMA_STOP_NONE,
    EG_SCHEMA_STOP_NESTING,
    EG_SCHEMA_STOP_STEPS,
    EG_SCHEMA_STOP_REGEX,
};

struct eg_schema_run {
    const struct eg_schema *schema;
    struct eg_schema_scratch *scratch;
    const struct eg_json_document *document;
    uint64_t steps_left;
    uint32_t nesting;
    uint32_t scope_count;
    enum eg_schema_stop stop; /* a limit was hit: everything fails from here */
    eg_json_index stop_at;
    const char *stop_keyword;
};

typedef bool eg_schema_check(struct eg_schema_run *run, const struct eg_schema_node *node,
                             const struct eg_schema_rule *rule, eg_json_index index,
                             uint64_t *evaluated);

/* By keyword. Rules are what the checks take too; EG_SCHEMA_OBJECT stands for the fused ones. */
extern eg_schema_check *const eg_schema_checks[EG_SCHEMA_CHECKS];

extern const uint8_t eg_schema_subject_of[EG_JSON_OBJECT + 1];

void eg_schema_run_init(struct eg_schema_run *run, const struct eg_schema *schema,
                        struct eg_schema_scratch *scratch, const struct eg_json_document *document);

/* Notes the limit; returns false. */
bool eg_schema_run_stop(struct eg_schema_run *run, enum eg_schema_stop stop, eg_json_index index,
                        const char *keyword);

/* Does the number have a type that the node takes? */
bool eg_schema_type_takes_number(const struct eg_schema_run *run, const struct eg_schema_node *node,
                                 uint8_t types, eg_json_index index);

/* Runs the node's checks; the type has been looked at. */
bool eg_schema_node_checks(struct eg_schema_run *run, const struct eg_schema_node *node,
                           struct eg_schema_range checks, eg_json_index index, uint64_t *evaluated);

static inline bool eg_schema_type_fits(const struct eg_schema_run *run,
                                       const struct eg_schema_node *node, uint8_t types,
                                       eg_json_index index)
{
    enum eg_json_kind kind = eg_json_kind(run->document, index);
    if (EG_LIKELY(((unsigned)types >> kind) & 1u))
        return true;
    return kind == EG_JSON_NUMBER && (types & EG_SCHEMA_TYPE_INTEGER) &&
           eg_schema_type_takes_number(run, node, types, index);
}

static inline bool eg_schema_node_fits(struct eg_schema_run *run, uint32_t id, eg_json_index index,
                                       uint64_t *evaluated)
{
    const struct eg_schema_node *node = &run->schema->nodes.items[id];
    if (!eg_schema_type_fits(run, node, node->types, index))
        return false;
    enum eg_json_kind kind = eg_json_kind(run->document, index);
    struct eg_schema_range checks = node->checks[eg_schema_subject_of[kind]];
    return checks.count == 0 || eg_schema_node_checks(run, node, checks, index, evaluated);
}

/* The node where a dynamic reference ends now. */
uint32_t eg_schema_dynamic_target(const struct eg_schema_run *run,
                                  const struct eg_schema_rule *rule);

/* What a resource's node does to the dynamic scope: returns whether to leave it afterwards. */
bool eg_schema_scope_enter(struct eg_schema_run *run, const struct eg_schema_node *node);

static inline void eg_schema_scope_leave(struct eg_schema_run *run, bool entered)
{
    run->scope_count -= entered;
}

/* The regular expression's answer; a limit stops the run. */
bool eg_schema_regex_fits(struct eg_schema_run *run, uint32_t regex, struct eg_span subject,
                          eg_json_index index, const char *keyword);

/* Code points of valid UTF-8. */
size_t eg_schema_string_length(struct eg_span string);

/* One check function a keyword (check_*.c). */
eg_schema_check eg_schema_check_type, eg_schema_check_enum, eg_schema_check_limit,
    eg_schema_check_multiple_of, eg_schema_check_min_length, eg_schema_check_max_length,
    eg_schema_check_pattern, eg_schema_check_format, eg_schema_check_min_count,
    eg_schema_check_max_count, eg_schema_check_list, eg_schema_check_items,
    eg_schema_check_contains, eg_schema_check_unique_items, eg_schema_check_object,
    eg_schema_check_dependencies, eg_schema_check_dependent_required, eg_schema_check_all_of,
    eg_schema_check_any_of, eg_schema_check_one_of, eg_schema_check_not, eg_schema_check_if,
    eg_schema_check_ref, eg_schema_check_dynamic_ref, eg_schema_check_unevaluated;

#endif
