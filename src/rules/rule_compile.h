/* SPDX-License-Identifier: Apache-2.0 */
/* From a rule's node to a rule of the book. Internal to rules/; control thread. */
#ifndef EG_RULES_RULE_COMPILE_H
#define EG_RULES_RULE_COMPILE_H

#include "base/arena.h"
#include "config/problem.h"
#include "config/tree.h"
#include "rules/book.h"
#include "rules/pattern.h"
#include "rules/rule_file.h"
#include "rules/rule_settings.h"

/* What all rules of a load share. */
struct eg_rules_load {
    const struct eg_rules_config *config;
    const struct eg_string_list *sink_names; /* NULL: any */
    struct eg_config_problems *problems;
    struct eg_config_notices *notices; /* NULL: nobody asks */
    struct eg_arena *arena;            /* of the book: texts */
};

/*
 * Reads the rule at `node`, whose targets stand at `targets` (NULL: it has none). `path` is its
 * name for messages, `folder` that of its file. Problems are added; *ret_rule is whole in any case
 * and *ret_pattern NULL when the pattern could not be read.
 */
void eg_rules_rule_compile(const struct eg_rules_load *load, const struct eg_rules_dialect *dialect,
                           const struct eg_config_node *node, const struct eg_config_node *targets,
                           const char *path, const char *folder, struct eg_rules_rule *ret_rule,
                           struct eg_rules_pattern **ret_pattern);

#endif
