/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule and its targets as files have them: one struct each, with two tables of names for it, ours
 * and AWS's (DescribeRule and ListTargetsByRule). Internal to rules/; control thread.
 */
#ifndef EG_RULES_RULE_SETTINGS_H
#define EG_RULES_RULE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/field.h"
#include "rules/protect.h"

struct eg_rules_rule_settings {
    char *name;
    char *description;
    char *arn;
    char *event_pattern; /* JSON, or JSON in a JSON string */
    bool enabled;
    struct eg_string_list topics;
    char *targets; /* read from the node */
    /* AWS's */
    int state; /* index in EG_RULES_STATES */
    char *bus;
    char *schedule;
};

#define EG_RULES_STATE_DISABLED 0

struct eg_rules_transformer_settings {
    struct eg_string_map paths;
    char *template_text;
};

struct eg_rules_retry_settings {
    int64_t attempts;
    int64_t max_age_ms;
    int64_t max_age_s; /* AWS's */
};

struct eg_rules_enrich_settings {
    char *url;
    char *lambda;
    char *region;
    struct eg_string_map headers;
    char *template_text;
    char *into;
    int64_t timeout_ms;
    bool required;
};

struct eg_rules_target_settings {
    char *id;
    char *arn;
    char *sink;
    char *input; /* JSON */
    char *input_path;
    struct eg_rules_transformer_settings transformer;
    bool await;
    struct eg_rules_retry_settings retry;
    int64_t deadline_ms;
    char *dead_letter;
    struct {
        char *arn;
    } dead_letter_config; /* AWS's */
    struct eg_rules_protect_config protect;
    struct eg_rules_enrich_settings enrich;
    char *at;
    int64_t delay_ms;
};

/* One way to write rules. */
struct eg_rules_dialect {
    const struct eg_field_table *rule;
    const struct eg_field_table *target;
    const char *targets; /* the rule's member */
    bool is_aws;
};

/* What AWS's JSON may say beside and what has no effect here: the sink's own settings say it. */
#define EG_RULES_IGNORED_COUNT 12

struct eg_rules_ignored_settings {
    char *values[EG_RULES_IGNORED_COUNT]; /* JSON; NULL: not there */
};

extern const struct eg_field_table eg_rules_ignored_table;

extern const struct eg_rules_dialect eg_rules_dialect_ours;
extern const struct eg_rules_dialect eg_rules_dialect_aws;

#endif
