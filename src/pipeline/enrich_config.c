/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the `enrich:` section. */
#include "pipeline/enrich_config.h"

#include <stddef.h>

#include "base/compiler.h"

#define AT(member) offsetof(struct eg_enrich_config, member)

static const struct eg_field fields[] = {
    {.name = "workers",
     .type = EG_FIELD_INT,
     .offset = AT(workers),
     .default_text = "4",
     .min = 1,
     .max = 256,
     .help =
         "Threads that make the calls of `enrich`, one call at a time each. They are there when "
         "there are rules."},
    {.name = "queue_events",
     .type = EG_FIELD_INT,
     .offset = AT(queue_events),
     .default_text = "10000",
     .min = 1,
     .max = 10000000,
     .help = "Deliveries that may wait for a call; more are answered 503."},
    {.name = "max_answer",
     .type = EG_FIELD_SIZE,
     .offset = AT(max_answer_bytes),
     .default_text = "256KiB",
     .min = 64,
     .max = 16 << 20,
     .help = "The largest answer that joins an event; a larger one is a failed call."},
    EG_AWS_CONFIG_FIELD(struct eg_enrich_config, aws),
};

const struct eg_field_table eg_enrich_config_table = {
    .name = "enrich",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_enrich_config),
};
