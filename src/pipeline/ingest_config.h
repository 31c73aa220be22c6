/* SPDX-License-Identifier: Apache-2.0 */
/* The settings under `events:`: what one event and one batch may look like. Constants once filled.
 */
#ifndef EG_PIPELINE_INGEST_CONFIG_H
#define EG_PIPELINE_INGEST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/field.h"
#include "json/document.h"

struct eg_ingest_config {
    int64_t max_batch_events;
    int64_t max_errors;
    int64_t max_depth;
    int64_t max_members;
    int64_t max_string_bytes;
    bool allow_duplicate_keys;
    struct eg_string_list passed_headers;
};

extern const struct eg_field_table eg_ingest_config_table;

/* The reader's limits; the text itself is bounded by the HTTP side. */
struct eg_json_limits eg_ingest_json_limits(const struct eg_ingest_config *config);

#endif
