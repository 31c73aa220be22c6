/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The section `rules` and the files it points to, read into a book (rules/book.h). Control thread.
 *
 * A file holds one rule, a list of rules, or {rules: [...]}, in our form:
 *
 *     name: order-paid
 *     event_pattern: {source: [shop], detail: {state: [paid]}}
 *     enabled: true
 *     targets:
 *       - sink: billing
 *         input_transformer: {paths: {id: $.detail.id}, template: '{"order": <id>}'}
 *         retry: {attempts: 10, max_age: 1h}
 *         dead_letter: lost
 *
 * or AWS's own JSON: what `aws events describe-rule` prints with the Targets of
 * `aws events list-targets-by-rule` added, or the two in files of their own, NAME.json and
 * NAME.targets.json. docs/rules.md is the reference.
 */
#ifndef EG_RULES_RULE_FILE_H
#define EG_RULES_RULE_FILE_H

#include "base/compiler.h"
#include "config/problem.h"
#include "eventgate/field.h"
#include "rules/book.h"

#define EG_RULES_MAX_FILES 10000u

/* Section `rules`. */
struct eg_rules_config {
    char *folder;              /* NULL: there are no rules */
    struct eg_string_map arns; /* a target's ARN in AWS's JSON to the name of a sink */
    char *protect_key;         /* the key of `hash` for protections without one; NULL: none */
};

extern const struct eg_field_table eg_rules_config_table;

/*
 * Reads every *.yaml, *.yml and *.json of the folder (but *.test.yaml and what is hidden), in the
 * order of their names. All or nothing: 0, or -1 with every mistake added with file and line. An
 * absent folder in `config` is an empty book. `sink_names` are those a target may name; NULL: any.
 * `notices` (may be NULL) takes a transform's warnings.
 */
int eg_rules_book_load(const struct eg_rules_config *config,
                       const struct eg_string_list *sink_names, struct eg_rules_book **ret_book,
                       struct eg_config_problems *problems,
                       struct eg_config_notices *notices) EG_MUST_CHECK;

#endif
