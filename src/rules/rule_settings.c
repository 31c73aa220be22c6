/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of rule_settings.h and of the section `rules`. */
#include "rules/rule_settings.h"

#include <stddef.h>

#include "base/compiler.h"
#include "rules/rule_file.h"

#define TABLE(symbol, title, rows, type)     \
    const struct eg_field_table symbol = {   \
        .name = (title),                     \
        .fields = (rows),                    \
        .field_count = EG_ARRAY_COUNT(rows), \
        .struct_bytes = sizeof(type),        \
    }

/* ---- the section ---- */

static const struct eg_field section_fields[] = {
    {.name = "folder",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct eg_rules_config, folder),
     .help = "Folder of rule files (`*.yaml`, `*.yml`, `*.json`); see rules.md. Without one there "
             "are no rules."},
    {.name = "arns",
     .type = EG_FIELD_STRING_MAP,
     .offset = offsetof(struct eg_rules_config, arns),
     .help = "ARN of a target in AWS's JSON to the name of the sink that stands for it here; "
             "without an entry the sink named as the last segment of the ARN."},
    {.name = "protect_key",
     .type = EG_FIELD_SECRET,
     .offset = offsetof(struct eg_rules_config, protect_key),
     .help = "The key of `hash` in a `protect` that has none of its own; at least 16 bytes."},
};

TABLE(eg_rules_config_table, "rules", section_fields, struct eg_rules_config);

/* ---- our form ---- */

#define RULE(member)    offsetof(struct eg_rules_rule_settings, member)
#define TARGET(member)  offsetof(struct eg_rules_target_settings, member)
#define ENRICH(member)  offsetof(struct eg_rules_enrich_settings, member)
#define RETRY(member)   offsetof(struct eg_rules_retry_settings, member)
#define MAPPING(member) offsetof(struct eg_rules_transformer_settings, member)

static const struct eg_field rule_fields[] = {
    {.name = "name",
     .type = EG_FIELD_STRING,
     .offset = RULE(name),
     .required = true,
     .help = "Unique among all rules."},
    {.name = "description",
     .type = EG_FIELD_STRING,
     .offset = RULE(description),
     .help = "For people."},
    {.name = "arn",
     .type = EG_FIELD_STRING,
     .offset = RULE(arn),
     .help = "What `<aws.events.rule-arn>` stands for; without it `arn:eventgate:::rule/NAME`."},
    {.name = "event_pattern",
     .type = EG_FIELD_JSON,
     .offset = RULE(event_pattern),
     .required = true,
     .help = "A mapping, or a string that holds JSON."},
    {.name = "enabled",
     .type = EG_FIELD_BOOL,
     .offset = RULE(enabled),
     .default_text = "true",
     .help = "Off: it is read and checked, and matches nothing."},
    {.name = "topics",
     .type = EG_FIELD_STRING_LIST,
     .offset = RULE(topics),
     .help = "Only events of these topics; without it of all."},
    {.name = "targets",
     .type = EG_FIELD_JSON,
     .offset = RULE(targets),
     .help = "A list, at most 100."},
};

static const struct eg_field transformer_fields[] = {
    {.name = "paths",
     .type = EG_FIELD_STRING_MAP,
     .offset = MAPPING(paths),
     .help = "What `<name>` stands for: name to path."},
    {.name = "template",
     .type = EG_FIELD_STRING,
     .offset = MAPPING(template_text),
     .help = "The template; see templates.md."},
};

static TABLE(transformer_table, "input_transformer", transformer_fields,
             struct eg_rules_transformer_settings);

static const struct eg_field retry_fields[] = {
    {.name = "attempts",
     .type = EG_FIELD_INT,
     .offset = RETRY(attempts),
     .default_text = "185",
     .max = EG_RULES_DEFAULT_ATTEMPTS,
     .help = "Retries after the first attempt."},
    {.name = "max_age",
     .type = EG_FIELD_DURATION,
     .offset = RETRY(max_age_ms),
     .default_text = "24h",
     .min = 1000,
     .max = EG_RULES_DEFAULT_MAX_AGE_MS,
     .help = "How old an event may be when it is tried again."},
};

static TABLE(retry_table, "retry", retry_fields, struct eg_rules_retry_settings);

static const struct eg_field enrich_fields[] = {
    {.name = "url",
     .type = EG_FIELD_STRING,
     .offset = ENRICH(url),
     .help = "An HTTP POST there; its JSON answer joins the event."},
    {.name = "lambda",
     .type = EG_FIELD_STRING,
     .offset = ENRICH(lambda),
     .help = "Or a Lambda function, by name or ARN."},
    {.name = "region",
     .type = EG_FIELD_STRING,
     .offset = ENRICH(region),
     .help = "The function's; without it the daemon's."},
    {.name = "headers",
     .type = EG_FIELD_STRING_MAP,
     .offset = ENRICH(headers),
     .help = "Of the HTTP request."},
    {.name = "template",
     .type = EG_FIELD_STRING,
     .offset = ENRICH(template_text),
     .help = "What the call is given; without it the envelope."},
    {.name = "into",
     .type = EG_FIELD_STRING,
     .offset = ENRICH(into),
     .default_text = EG_RULES_DEFAULT_ENRICH_INTO,
     .help = "The answer becomes this member of `detail`."},
    {.name = "timeout",
     .type = EG_FIELD_DURATION,
     .offset = ENRICH(timeout_ms),
     .default_text = "5s",
     .min = 10,
     .max = 300000,
     .help = "For the call."},
    {.name = "required",
     .type = EG_FIELD_BOOL,
     .offset = ENRICH(required),
     .default_text = "true",
     .help = "A failed call is a failed attempt; off: the event goes on without the answer."},
};

static TABLE(enrich_table, "enrich", enrich_fields, struct eg_rules_enrich_settings);

static const struct eg_field target_fields[] = {
    {.name = "id",
     .type = EG_FIELD_STRING,
     .offset = TARGET(id),
     .help = "Unique in the rule; without it its number."},
    {.name = "arn",
     .type = EG_FIELD_STRING,
     .offset = TARGET(arn),
     .help = "For dead letters; without it `arn:eventgate:::sink/NAME`."},
    {.name = "sink",
     .type = EG_FIELD_STRING,
     .offset = TARGET(sink),
     .required = true,
     .help = "Where the event goes."},
    {.name = "input",
     .type = EG_FIELD_JSON,
     .offset = TARGET(input),
     .help = "A constant instead of the event."},
    {.name = "input_path",
     .type = EG_FIELD_STRING,
     .offset = TARGET(input_path),
     .help = "A part of the event instead of it."},
    {.name = "input_transformer",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(transformer),
     .table = &transformer_table,
     .help = "A template instead of the event."},
    {.name = "await",
     .type = EG_FIELD_BOOL,
     .offset = TARGET(await),
     .default_text = "true",
     .help = "The caller waits for this target and hears what became of it."},
    {.name = "retry",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(retry),
     .table = &retry_table,
     .help = "How long a delivery is tried again."},
    {.name = "deadline",
     .type = EG_FIELD_DURATION,
     .offset = TARGET(deadline_ms),
     .max = EG_RULES_DEFAULT_MAX_AGE_MS,
     .help = "For one attempt; without it the sink's."},
    {.name = "dead_letter",
     .type = EG_FIELD_STRING,
     .offset = TARGET(dead_letter),
     .help = "The sink for events that could not be delivered."},
    {.name = "protect",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(protect),
     .table = &eg_rules_protect_table,
     .help = "What this target must not see."},
    {.name = "enrich",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(enrich),
     .table = &enrich_table,
     .help = "A call whose answer joins the event."},
    {.name = "at",
     .type = EG_FIELD_STRING,
     .offset = TARGET(at),
     .help = "Template of a time: not delivered before."},
    {.name = "delay",
     .type = EG_FIELD_DURATION,
     .offset = TARGET(delay_ms),
     .max = INT64_C(366) * 86400000,
     .help = "Delivered so much later."},
};

static TABLE(rule_table, "rule", rule_fields, struct eg_rules_rule_settings);
static TABLE(target_table, "target", target_fields, struct eg_rules_target_settings);

const struct eg_rules_dialect eg_rules_dialect_ours = {&rule_table, &target_table, "targets",
                                                       false};

/* ---- AWS's ---- */

static const char *const states[] = {"DISABLED", "ENABLED",
                                     "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", NULL};

static const struct eg_field aws_rule_fields[] = {
    {.name = "Name", .type = EG_FIELD_STRING, .offset = RULE(name), .required = true},
    {.name = "Arn", .type = EG_FIELD_STRING, .offset = RULE(arn)},
    {.name = "Description", .type = EG_FIELD_STRING, .offset = RULE(description)},
    {.name = "EventPattern", .type = EG_FIELD_JSON, .offset = RULE(event_pattern)},
    {.name = "State",
     .type = EG_FIELD_CHOICE,
     .offset = RULE(state),
     .default_text = "ENABLED",
     .choices = states},
    {.name = "EventBusName", .type = EG_FIELD_STRING, .offset = RULE(bus)},
    {.name = "ScheduleExpression", .type = EG_FIELD_STRING, .offset = RULE(schedule)},
    {.name = "Targets", .type = EG_FIELD_JSON, .offset = RULE(targets)},
};

static const struct eg_field aws_transformer_fields[] = {
    {.name = "InputPathsMap", .type = EG_FIELD_STRING_MAP, .offset = MAPPING(paths)},
    {.name = "InputTemplate", .type = EG_FIELD_STRING, .offset = MAPPING(template_text)},
};

static TABLE(aws_transformer_table, "InputTransformer", aws_transformer_fields,
             struct eg_rules_transformer_settings);

static const struct eg_field aws_retry_fields[] = {
    {.name = "MaximumRetryAttempts",
     .type = EG_FIELD_INT,
     .offset = RETRY(attempts),
     .default_text = "185",
     .max = EG_RULES_DEFAULT_ATTEMPTS},
    {.name = "MaximumEventAgeInSeconds",
     .type = EG_FIELD_INT,
     .offset = RETRY(max_age_s),
     .default_text = "86400",
     .min = 60,
     .max = 86400},
};

static TABLE(aws_retry_table, "RetryPolicy", aws_retry_fields, struct eg_rules_retry_settings);

static const struct eg_field aws_dead_letter_fields[] = {
    {.name = "Arn", .type = EG_FIELD_STRING, .offset = 0},
};

static TABLE(aws_dead_letter_table, "DeadLetterConfig", aws_dead_letter_fields, char *);

static const struct eg_field aws_target_fields[] = {
    {.name = "Id", .type = EG_FIELD_STRING, .offset = TARGET(id), .required = true},
    {.name = "Arn", .type = EG_FIELD_STRING, .offset = TARGET(arn), .required = true},
    {.name = "Input", .type = EG_FIELD_STRING, .offset = TARGET(input)},
    {.name = "InputPath", .type = EG_FIELD_STRING, .offset = TARGET(input_path)},
    {.name = "InputTransformer",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(transformer),
     .table = &aws_transformer_table},
    {.name = "RetryPolicy",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(retry),
     .table = &aws_retry_table},
    {.name = "DeadLetterConfig",
     .type = EG_FIELD_TABLE,
     .offset = TARGET(dead_letter_config),
     .table = &aws_dead_letter_table},
};

static TABLE(aws_rule_table, "rule", aws_rule_fields, struct eg_rules_rule_settings);
static TABLE(aws_target_table, "target", aws_target_fields, struct eg_rules_target_settings);

#define IGNORED(title, i)                                                      \
    {                                                                          \
        .name = (title), .type = EG_FIELD_JSON, .offset = (i) * sizeof(char *) \
    }

static const struct eg_field ignored_fields[EG_RULES_IGNORED_COUNT] = {
    IGNORED("RoleArn", 0),
    IGNORED("SqsParameters", 1),
    IGNORED("KinesisParameters", 2),
    IGNORED("HttpParameters", 3),
    IGNORED("EcsParameters", 4),
    IGNORED("BatchParameters", 5),
    IGNORED("RunCommandParameters", 6),
    IGNORED("RedshiftDataParameters", 7),
    IGNORED("CreatedBy", 8),
    IGNORED("ManagedBy", 9),
    IGNORED("SageMakerPipelineParameters", 10),
    IGNORED("AppSyncParameters", 11),
};

TABLE(eg_rules_ignored_table, "ignored", ignored_fields, struct eg_rules_ignored_settings);

const struct eg_rules_dialect eg_rules_dialect_aws = {&aws_rule_table, &aws_target_table, "Targets",
                                                      true};
