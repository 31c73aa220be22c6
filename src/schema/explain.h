/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The explanation: walks the rules in the order in which they are written, as python-jsonschema
 * does, and gathers faults. A fault is small; its message is written only if it is reported.
 *
 * explain.c        the entry, and from faults to the report
 * fault.c          gathering; which fault is the best match
 * walk*.c          one walker a keyword that applies schemas or can fail more than once
 * evaluated.c      what python-jsonschema takes for evaluated
 * message.c        the words
 *
 * One thread. Everything lives in the scratch: on its stack, which is why the paths, which outlive
 * a release, have memory of their own.
 */
#ifndef EG_SCHEMA_EXPLAIN_H
#define EG_SCHEMA_EXPLAIN_H

#include "schema/run.h"

/* After so many the rest is not looked for. */
#define EG_SCHEMA_MAX_FAULTS 10000u

/* A step of a path: a name, or without one a number. */
struct eg_schema_step {
    const char *name;
    uint32_t number; /* or the name's length */
};

struct eg_schema_steps {
    struct eg_schema_step *items;
    uint32_t count;
    uint32_t capacity;
};

/* Why a rule failed, where its keyword leaves more than one way. */
enum eg_schema_reason {
    EG_SCHEMA_REASON_PLAIN,
    EG_SCHEMA_REASON_FALSE,    /* the schema is false */
    EG_SCHEMA_REASON_NAME,     /* `name` is missing; dependent: because of `because` */
    EG_SCHEMA_REASON_TOO_MANY, /* contains; oneOf: `extras` fit too */
    EG_SCHEMA_REASON_TOO_FEW,  /* contains: `count` did */
    EG_SCHEMA_REASON_UNNAMED,  /* no rule: it is only known that it does not fit */
};

struct eg_schema_fault {
    const struct eg_schema_node *node;
    const struct eg_schema_rule *rule; /* NULL for FALSE and UNNAMED */
    enum eg_schema_reason reason;
    eg_json_index index; /* what failed */
    eg_json_index name;  /* in the schema's document */
    eg_json_index because;
    uint32_t count;
    bool weak;
    bool matches_type;
    uint32_t base;   /* python's path begins at this step of instance_path */
    bool hides_step; /* and ends before the last: a false schema, met right behind that step */
    struct eg_schema_steps instance_path;
    struct eg_schema_steps schema_path;
    uint32_t *extras; /* members, elements or nodes, told in the message */
    uint32_t extra_count;
    uint32_t extra_capacity;
    struct eg_schema_fault *smallest; /* of the context; NULL: there is none */
    struct eg_schema_fault *second;
};

/* Where faults go: the top keeps the best and the first ones, a context the two least relevant. */
struct eg_schema_faults {
    uint32_t base;
    bool is_context;
    uint32_t count;
    uint32_t max_kept;
    struct eg_schema_fault *kept; /* top */
    struct eg_schema_fault *best; /* top */
    struct eg_schema_fault *smallest;
    struct eg_schema_fault *second;
};

struct eg_schema_walk {
    struct eg_schema_run run;
    struct eg_schema_steps instance_path;
    struct eg_schema_steps schema_path;
    struct eg_schema_faults *faults;
    bool direct; /* a step of the instance's path leads right to the next node */
    bool full;   /* the top has EG_SCHEMA_MAX_FAULTS */
};

typedef void eg_schema_walker(struct eg_schema_walk *walk, const struct eg_schema_node *node,
                              const struct eg_schema_rule *rule, eg_json_index index);

/* By keyword; NULL: the check tells all. */
extern eg_schema_walker *const eg_schema_walkers[EG_SCHEMA_KEYWORDS];

/* walk.c: gathers the faults of the value under the node `id`. */
void eg_schema_walk_node(struct eg_schema_walk *walk, uint32_t id, eg_json_index index);

/* The same one step down: in the schema, and for members and elements in the instance. */
void eg_schema_walk_at(struct eg_schema_walk *walk, struct eg_schema_step schema_step,
                       uint32_t node, eg_json_index index);
void eg_schema_walk_member(struct eg_schema_walk *walk, uint32_t node, eg_json_index name);
void eg_schema_walk_element(struct eg_schema_walk *walk, uint32_t node, uint32_t number,
                            eg_json_index element);

void eg_schema_push_step(struct eg_schema_steps *steps, struct eg_schema_step step);

static inline struct eg_schema_step eg_schema_step_number(uint32_t number)
{
    return (struct eg_schema_step){NULL, number};
}

static inline struct eg_schema_step eg_schema_step_name(struct eg_span name)
{
    return (struct eg_schema_step){name.ptr, (uint32_t)name.len};
}

/* fault.c: a fault of the rule at the place where the walk is; the caller may fill more in. */
struct eg_schema_fault eg_schema_fault_at(struct eg_schema_walk *walk,
                                          const struct eg_schema_node *node,
                                          const struct eg_schema_rule *rule, eg_json_index index);
void eg_schema_fault_extra(struct eg_schema_walk *walk, struct eg_schema_fault *fault,
                           uint32_t extra);

/* fault.c: hands it over; what it points at was made since `mark` and goes if it is not kept. */
void eg_schema_fault_gather(struct eg_schema_walk *walk, const struct eg_schema_fault *fault,
                            struct eg_schema_mark mark);

/* fault.c: python-jsonschema's best match among what the top has gathered. */
const struct eg_schema_fault *eg_schema_fault_best_match(const struct eg_schema_faults *faults);

/* walk_object.c, walk_array.c, walk_apply.c */
eg_schema_walker eg_schema_walk_properties, eg_schema_walk_pattern_properties,
    eg_schema_walk_additional_properties, eg_schema_walk_property_names, eg_schema_walk_required,
    eg_schema_walk_dependent_required, eg_schema_walk_dependencies, eg_schema_walk_list,
    eg_schema_walk_items, eg_schema_walk_additional_items, eg_schema_walk_contains,
    eg_schema_walk_all_of, eg_schema_walk_any_of, eg_schema_walk_one_of, eg_schema_walk_if,
    eg_schema_walk_ref, eg_schema_walk_dynamic_ref, eg_schema_walk_unevaluated_items,
    eg_schema_walk_unevaluated_properties;

/* evaluated.c: sets the bits of the members or elements that the node's keywords evaluate. */
void eg_schema_evaluated(struct eg_schema_run *run, const struct eg_schema_node *node,
                         eg_json_index index, uint64_t *bits);

/* message.c: appends the message; `whole`: large values are told in full. */
void eg_schema_message(struct eg_schema_run *run, const struct eg_schema_fault *fault, bool whole,
                       struct eg_buffer *out);
void eg_schema_stop_message(const struct eg_schema_run *run, struct eg_buffer *out);

#endif
