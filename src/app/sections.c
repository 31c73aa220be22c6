/* SPDX-License-Identifier: Apache-2.0 */
/* Which sections and environment variables there are: two tables and nothing else. */
#include "app/sections.h"

#include <stddef.h>

#include "app/settings.h"
#include "base/memory.h"
#include "base/span.h"

static const struct eg_field plugin_fields[] = {
    {.name = "plugins",
     .type = EG_FIELD_STRING_LIST,
     .offset = 0,
     .help = "Plug-ins (.so files) that bring more types of sinks."},
};

static const struct eg_field_table plugin_table = {
    .name = "plugins",
    .fields = plugin_fields,
    .field_count = EG_ARRAY_COUNT(plugin_fields),
    .struct_bytes = sizeof(struct eg_string_list),
};

#define AT(member) offsetof(struct eg_app_settings, member)

const struct eg_app_section eg_app_sections[] = {
    {"server", &eg_http_server_fields, AT(server), "What clients reach, and what they may do."},
    {"admin", &eg_http_admin_fields, AT(admin),
     "What operators reach: /metrics, /reload, /terminate. Keep it on loopback or a unix socket."},
    {"auth", &eg_auth_fields, AT(auth), "Whose tokens are believed."},
    {"", &eg_topics_sources_table, AT(topics.sources), "Which topics there are, and who may post."},
    {"validation", &eg_topics_validation_table, AT(topics.validation),
     "How events are held against their schemas."},
    {"events", &eg_ingest_config_table, AT(events), "What one event and one batch may look like."},
    {"pipeline", &eg_pipeline_table, AT(pipeline), "From an accepted event to the sinks."},
    {"rules", &eg_rules_config_table, AT(rules),
     "Which events go where beside their topic's sinks; see rules.md."},
    {"outbox", &eg_outbox_config_table, AT(outbox),
     "What is owed: deliveries of rules that nobody waits for; see delivery.md."},
    {"stats", &eg_postgres_stats_table, AT(stats),
     "Where POST /stats/{topic} reads; without a database here, where the first sink of type "
     "postgres "
     "writes."},
    {"", &plugin_table, AT(plugins), "More types of sinks."},
    {"config", &eg_app_elsewhere_table, AT(elsewhere),
     "Configuration on S3 (`s3://BUCKET/KEY` for `access` and `topic_keys`, `s3://BUCKET/PREFIX` "
     "for `topic_schemas`)."},
    {"log", &eg_log_config_table, AT(log), "What is written about what happens."},
    {"metrics", &eg_metrics_config_table, AT(metrics), "What /metrics counts."},
};
const size_t eg_app_section_count = EG_ARRAY_COUNT(eg_app_sections);

/* Between commas, without the spaces around. */
static void split_commas(const char *text, struct eg_string_list *list)
{
    while (*text) {
        const char *comma = strchrnul(text, ',');
        struct eg_span item = eg_span_trim(eg_span_of(text, (size_t)(comma - text)));
        list->items = eg_realloc_array(list->items, list->count + 1, sizeof(*list->items));
        if (item.len > 0)
            list->items[list->count++] = eg_span_dup(item);
        text = *comma ? comma + 1 : comma;
    }
}

const struct eg_app_variable eg_app_variables[] = {
    {"LOG_LEVEL", "log", "level", "The lowest level that is written.", NULL},
    {"TRACE_REDACT_KEYS", "log", "trace_redact_keys",
     "Names whose values are hidden when payloads are logged, between commas.", split_commas},
    {"TRACE_MAX_BYTES", "log", "trace_max_bytes", "The most bytes of a payload that are logged.",
     NULL},
};
const size_t eg_app_variable_count = EG_ARRAY_COUNT(eg_app_variables);
