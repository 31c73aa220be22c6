/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the `outbox:` section. */
#include "pipeline/outbox_config.h"

#include <stddef.h>

#include "base/compiler.h"

#define AT(member) offsetof(struct eg_outbox_config, member)
#define HOUR_MS    INT64_C(3600000)

static const char *const synchronous_choices[] = {"normal", "full", NULL};

static const struct eg_field fields[] = {
    {.name = "path",
     .type = EG_FIELD_PATH,
     .offset = AT(path),
     .default_text = "eventgate-outbox.db",
     .help = "The database file of what is owed: targets nobody waits for, scheduled deliveries, "
             "dead letters. Made when there are rules."},
    {.name = "synchronous",
     .type = EG_FIELD_CHOICE,
     .offset = AT(synchronous),
     .default_text = "full",
     .choices = synchronous_choices,
     .help = "full: what was answered 202 survives a power cut. normal: a power cut may lose the "
             "last commits; a crash of the daemon loses nothing."},
    {.name = "queue_events",
     .type = EG_FIELD_INT,
     .offset = AT(queue_events),
     .default_text = "10000",
     .min = 1,
     .max = 10000000,
     .help = "Deliveries that may wait to be written; more are answered 503."},
    {.name = "queue_bytes",
     .type = EG_FIELD_SIZE,
     .offset = AT(queue_bytes),
     .default_text = "64MiB",
     .min = 1024,
     .max = INT64_C(1) << 36,
     .help = "Bytes of these."},
    {.name = "in_flight",
     .type = EG_FIELD_INT,
     .offset = AT(in_flight),
     .default_text = "256",
     .min = 1,
     .max = 100000,
     .help = "Deliveries taken from the outbox that are with sinks at one time."},
    {.name = "backoff",
     .type = EG_FIELD_DURATION,
     .offset = AT(backoff_ms),
     .default_text = "1s",
     .min = 1,
     .max = HOUR_MS,
     .help = "The longest wait before a delivery from the outbox is tried a second time; doubles "
             "with each attempt. The wait is random between nothing and this."},
    {.name = "max_backoff",
     .type = EG_FIELD_DURATION,
     .offset = AT(max_backoff_ms),
     .default_text = "10m",
     .min = 1,
     .max = 24 * HOUR_MS,
     .help = "Where the doubling stops."},
};

const struct eg_field_table eg_outbox_config_table = {
    .name = "outbox",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_outbox_config),
};
