/* SPDX-License-Identifier: Apache-2.0 */
/* The template of an input transformer, taken apart. Internal to rules/. */
#ifndef EG_RULES_TEMPLATE_PROGRAM_H
#define EG_RULES_TEMPLATE_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "rules/transform.h"
#include "json/path.h"

/* What a placeholder stands for: a path of the map, or something predefined. */
enum eg_rules_variable {
    EG_RULES_VARIABLE_PATH,
    EG_RULES_VARIABLE_RULE_ARN,
    EG_RULES_VARIABLE_RULE_NAME,
    EG_RULES_VARIABLE_INGESTION_TIME,
    EG_RULES_VARIABLE_EVENT, /* without detail */
    EG_RULES_VARIABLE_EVENT_JSON,
};

struct eg_rules_named_path {
    struct eg_span name;
    struct eg_json_path *path;
    bool is_container; /* surely an object or a list, whatever the event */
};

struct eg_rules_piece {
    struct eg_span literal; /* before the placeholder */
    struct eg_span name;    /* empty: no placeholder, the end of the template */
    enum eg_rules_variable variable;
    uint32_t path;
    bool quoted; /* inside a JSON string of the template */
    bool key;    /* a member's name: it must become a string */
};

struct eg_rules_template {
    struct eg_rules_piece *pieces; /* the last has no placeholder; owned */
    size_t piece_count;
    bool is_json; /* else the result is text */
};

/*
 * Takes the template apart; `text` must stay. 0, or -1 with EG_ERR_INVALID: an unknown placeholder,
 * or what begins like JSON and is none.
 */
int eg_rules_template_read(struct eg_rules_template *template, struct eg_span text,
                           const struct eg_rules_named_path *paths, size_t path_count,
                           struct eg_error *err) EG_MUST_CHECK;
void eg_rules_template_fini(struct eg_rules_template *template);

#endif
