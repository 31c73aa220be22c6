/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template taken apart: literals, and between them placeholders. A placeholder is a list of
 * alternatives, each a source and the functions its value goes through; the first that yields
 * something counts. Before an alternative may stand conditions, which are sources, too. Internal to
 * rules/; immutable once compiled.
 */
#ifndef EG_RULES_TEMPLATE_PROGRAM_H
#define EG_RULES_TEMPLATE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "rules/template.h"
#include "text/regex.h"
#include "json/path.h"

#define EG_RULES_MAX_ALTERNATIVES 8
#define EG_RULES_MAX_CALLS        16 /* functions one after another */
#define EG_RULES_MAX_ARGUMENTS    2

/* ---- values ---- */

enum eg_rules_value_kind {
    EG_RULES_NOTHING,
    EG_RULES_STRING,
    EG_RULES_SCALAR,    /* a number, true, false */
    EG_RULES_NULL,      /* JSON's, there but empty */
    EG_RULES_CONTAINER, /* an object or a list */
};

struct eg_rules_value {
    enum eg_rules_value_kind kind;
    struct eg_span text; /* STRING: its characters; else JSON on one line */
    struct eg_span json; /* STRING: as it stood in a document, with quotes; empty: it did not */
};

/* What rendering needs beside the input: two buffers, so that a function can read one value while
   it writes the next. */
struct eg_rules_work {
    const struct eg_rules_template_input *input;
    bool is_json; /* the result is JSON */
    size_t max_bytes;
    struct eg_buffer buffers[2];
    unsigned turn;
};

/* The buffer for the next value, empty; the value made before this one stays readable. */
struct eg_buffer *eg_rules_work_buffer(struct eg_rules_work *work);

/* A string that lives as long as it must. */
static inline struct eg_rules_value eg_rules_string(struct eg_span text)
{
    return (struct eg_rules_value){EG_RULES_STRING, text, {NULL, 0}};
}

/* Nothing, null or an empty string: what `default` and `||` replace. */
static inline bool eg_rules_value_is_empty(const struct eg_rules_value *value)
{
    return value->kind == EG_RULES_NOTHING || value->kind == EG_RULES_NULL ||
           (value->kind == EG_RULES_STRING && value->text.len == 0);
}

/* ---- functions ---- */

struct eg_rules_argument {
    struct eg_rules_value value; /* STRING, SCALAR or NULL; in the template's arena */
    int64_t number;              /* of a whole number */
};

struct eg_rules_call {
    const struct eg_rules_function *function;
    struct eg_rules_argument arguments[EG_RULES_MAX_ARGUMENTS];
    size_t argument_count;
    struct eg_regex *regex; /* of `capture`; owned */
};

struct eg_rules_function {
    const char *name;
    const char *arguments; /* a letter each: 's'tring, 'n'umber, any 'v'alue; after '?' optional */
    bool takes_nothing;    /* it is asked even when there is nothing */
    int (*prepare)(struct eg_rules_call *call, struct eg_error *err); /* may be NULL */
    int (*apply)(const struct eg_rules_call *call, struct eg_rules_work *work,
                 struct eg_rules_value *value, struct eg_error *err);
};

/* NULL: no such function; then *ret_near is the nearest name, or NULL. */
const struct eg_rules_function *eg_rules_function_find(struct eg_span name, const char **ret_near);

/* ---- sources ---- */

struct eg_rules_variable {
    const char *name;
    bool reads_envelope;
    bool is_container; /* surely an object or a list */
    void (*get)(struct eg_rules_work *work, struct eg_rules_value *ret_value);
};

const struct eg_rules_variable *eg_rules_variable_find(struct eg_span name);
/* The name of the variable nearest to `name`, or NULL. */
const char *eg_rules_variable_near(struct eg_span name);

/* "eventgate.attribute.", before the name of an attribute. */
#define EG_RULES_ATTRIBUTE_PREFIX "eventgate.attribute."

/* A name that stands for a path, of an input transformer. */
struct eg_rules_named_path {
    struct eg_span name;
    struct eg_json_path *path;
    bool is_container; /* surely an object or a list, whatever the event */
};

enum eg_rules_source_kind {
    EG_RULES_SOURCE_LITERAL,
    EG_RULES_SOURCE_PATH,
    EG_RULES_SOURCE_VARIABLE,
    EG_RULES_SOURCE_ATTRIBUTE,
};

struct eg_rules_source {
    enum eg_rules_source_kind kind;
    struct eg_rules_value literal;
    const struct eg_json_path *path;
    struct eg_json_path *own_path; /* the same, when it is this template's own */
    const struct eg_rules_variable *variable;
    struct eg_span attribute;
    bool is_container;
    bool is_condition;           /* "&&" follows: only whether there is something counts */
    struct eg_rules_call *calls; /* owned */
    size_t call_count;
};

/* The source's value, before its functions. */
void eg_rules_source_get(const struct eg_rules_source *source, struct eg_rules_work *work,
                         struct eg_rules_value *ret_value);

/* ---- the program ---- */

struct eg_rules_piece {
    struct eg_span literal; /* before the placeholder */
    struct eg_span name;    /* what stands between '<' and '>'; empty: the end of the template */
    struct eg_rules_source *sources; /* owned */
    size_t source_count;
    bool quoted; /* inside a JSON string of the template */
    bool key;    /* a member's name: it must become a string */
};

enum eg_rules_template_kind {
    EG_RULES_KIND_TEXT,   /* quotes mean nothing */
    EG_RULES_KIND_STRING, /* EventBridge's string template: text with rules about quotes */
    EG_RULES_KIND_JSON,
};

struct eg_rules_template {
    struct eg_arena arena;
    struct eg_span text;
    enum eg_rules_template_kind kind;
    bool reads_envelope;
    struct eg_rules_piece *pieces; /* the last has no placeholder; owned */
    size_t piece_count;
};

struct eg_rules_template_options {
    enum eg_rules_form form;
    bool find_form; /* as EventBridge does: JSON that is no string by itself, else a string template
                     */
    bool detail_only; /* the document is the detail; $.detail... are the paths there are */
    const struct eg_rules_named_path *paths; /* must outlive the template */
    size_t path_count;
};

/* eg_rules_template_new with all options. */
int eg_rules_template_compile(struct eg_span text, const struct eg_rules_template_options *options,
                              struct eg_rules_template **ret_template,
                              struct eg_error *err) EG_MUST_CHECK;

/*
 * Does a placeholder begin at the '<' at `at`? Else it is only a '<'.
 */
bool eg_rules_placeholder_begins(struct eg_span text, size_t at);

/*
 * Reads the placeholder at the '<' at `at` into the piece; *ret_end is the position after its '>'.
 */
int eg_rules_placeholder_read(struct eg_rules_template *template,
                              const struct eg_rules_template_options *options, size_t at,
                              struct eg_rules_piece *piece, size_t *ret_end,
                              struct eg_error *err) EG_MUST_CHECK;

#endif
