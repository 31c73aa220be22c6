/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of config.h. The choices stand in the order of their enums. */
#include "telemetry/config.h"

#include "base/compiler.h"

static const char *const level_choices[] = {
    "TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", NULL,
};

static const char *const format_choices[] = {"auto", "json", "logfmt", NULL};

static const struct eg_field log_fields[] = {
    {.name = "level",
     .type = EG_FIELD_CHOICE,
     .offset = offsetof(struct eg_log_config, level),
     .default_text = "INFO",
     .choices = level_choices,
     .help = "The lowest level that is written. LOG_LEVEL in the environment wins."},
    {.name = "format",
     .type = EG_FIELD_CHOICE,
     .offset = offsetof(struct eg_log_config, format),
     .default_text = "auto",
     .choices = format_choices,
     .help = "auto is logfmt on a terminal and JSON everywhere else."},
    {.name = "output",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_log_config, output),
     .default_text = "stderr",
     .help = "stderr, stdout, or the path of a file to append to; SIGHUP opens it anew."},
    {.name = "trace_redact_keys",
     .type = EG_FIELD_STRING_LIST,
     .offset = offsetof(struct eg_log_config, trace_redact_keys),
     .default_text = "[password, secret, token, key, apikey, api_key]",
     .help = "Keys whose values are hidden when TRACE shows a payload; any case, any depth. "
             "TRACE_REDACT_KEYS in the environment wins."},
    {.name = "trace_max_bytes",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct eg_log_config, trace_max_bytes),
     .default_text = "10000",
     .min = 0,
     .max = 16384,
     .help = "The most bytes of a payload that TRACE shows. TRACE_MAX_BYTES in the environment "
             "wins."},
};

const struct eg_field_table eg_log_config_table = {
    .name = "log",
    .fields = log_fields,
    .field_count = EG_ARRAY_COUNT(log_fields),
    .struct_bytes = sizeof(struct eg_log_config),
};

static const struct eg_field metrics_fields[] = {
    {.name = "max_label_sets",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_metrics_config, max_label_sets),
     .default_text = "1000",
     .min = 1,
     .max = 100000,
     .help = "The most label sets of one metric; what comes after is counted under \"other\"."},
};

const struct eg_field_table eg_metrics_config_table = {
    .name = "metrics",
    .fields = metrics_fields,
    .field_count = EG_ARRAY_COUNT(metrics_fields),
    .struct_bytes = sizeof(struct eg_metrics_config),
};
