/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the `events:` section. */
#include "pipeline/ingest_config.h"

#include <stddef.h>

#include "base/compiler.h"

#define AT(member) offsetof(struct eg_ingest_config, member)

static const struct eg_field fields[] = {
    {.name = "max_batch_events",
     .type = EG_FIELD_INT,
     .offset = AT(max_batch_events),
     .default_text = "1000",
     .min = 1,
     .max = 1000000,
     .help = "The most events in one batch; more is answered 413."},
    {.name = "max_errors",
     .type = EG_FIELD_INT,
     .offset = AT(max_errors),
     .default_text = "20",
     .min = 1,
     .max = 1000,
     .help = "The most schema failures that are told about one event."},
    {.name = "max_depth",
     .type = EG_FIELD_INT,
     .offset = AT(max_depth),
     .default_text = "128",
     .min = 1,
     .max = 1000,
     .help = "The most arrays and objects inside each other."},
    {.name = "max_members",
     .type = EG_FIELD_INT,
     .offset = AT(max_members),
     .default_text = "10000",
     .min = 1,
     .max = 10000000,
     .help = "The most members of one object."},
    {.name = "max_string_bytes",
     .type = EG_FIELD_SIZE,
     .offset = AT(max_string_bytes),
     .default_text = "1MiB",
     .min = 1,
     .max = 1 << 30,
     .help = "The longest string."},
    {.name = "allow_duplicate_keys",
     .type = EG_FIELD_BOOL,
     .offset = AT(allow_duplicate_keys),
     .default_text = "false",
     .help = "Whether a name may stand twice in one object; each must fit the schema then, and the "
             "last one counts for field rules and keys."},
    {.name = "passed_headers",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(passed_headers),
     .help = "Request headers that travel with the event to the sinks, by name."},
};

const struct eg_field_table eg_ingest_config_table = {
    .name = "events",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_ingest_config),
};

struct eg_json_limits eg_ingest_json_limits(const struct eg_ingest_config *config)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = UINT32_MAX / 2;
    limits.max_depth = (uint32_t)config->max_depth;
    limits.max_members = (uint32_t)config->max_members;
    limits.max_string_bytes = (size_t)config->max_string_bytes;
    limits.allow_duplicate_keys = config->allow_duplicate_keys;
    return limits;
}
