/* SPDX-License-Identifier: Apache-2.0 */
/* The table of s3_config.h, and nothing else. */
#include "sinks/aws/s3_config.h"

#include <stddef.h>

#include "base/compiler.h"
#include "sinks/aws/compress.h"

static const char *const if_exists_words[] = {"overwrite", "keep", "reject", NULL};
static const char *const style_words[] = {"auto", "path", "virtual", NULL};

#define AT(member) offsetof(struct eg_sink_s3_config, member)

static const struct eg_field fields[] = {
    {.name = "bucket",
     .type = EG_FIELD_STRING,
     .offset = AT(bucket),
     .required = true,
     .help = "The bucket's name."},
    {.name = "key",
     .type = EG_FIELD_STRING,
     .offset = AT(key),
     .default_text = "<eventgate.topic>/<eventgate.id>",
     .help = "The object's key; a template. With collect: what stands before the last '/' of it; "
             "events with the same go into the same object."},
    {.name = "body",
     .type = EG_FIELD_STRING,
     .offset = AT(body),
     .help = "What is stored; a template. Unset: what is delivered, as it came in."},
    {.name = "content_type",
     .type = EG_FIELD_STRING,
     .offset = AT(content_type),
     .help = "Content-Type; a template. Unset: application/json, with collect "
             "application/x-ndjson."},
    {.name = "storage_class",
     .type = EG_FIELD_STRING,
     .offset = AT(storage_class),
     .help = "STANDARD, STANDARD_IA, INTELLIGENT_TIERING, ...; unset: the bucket's."},
    {.name = "metadata",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(metadata),
     .help = "x-amz-meta-NAME to a template; not with collect."},
    {.name = "if_exists",
     .type = EG_FIELD_CHOICE,
     .offset = AT(if_exists),
     .default_text = "overwrite",
     .choices = if_exists_words,
     .help = "When there is an object of that key: overwrite it, keep it (the event counts as "
             "delivered), or reject the event."},
    {.name = "compression",
     .type = EG_FIELD_CHOICE,
     .offset = AT(compression),
     .default_text = "none",
     .choices = eg_sink_compression_words,
     .help = "Content-Encoding of what is stored."},
    {.name = "address_style",
     .type = EG_FIELD_CHOICE,
     .offset = AT(address_style),
     .default_text = "auto",
     .choices = style_words,
     .help =
         "Where the bucket's name stands: in the path, or in front of the host (virtual). auto: "
         "in the path when an endpoint is set or the name has a dot."},
    {.name = "skip_empty",
     .type = EG_FIELD_BOOL,
     .offset = AT(skip_empty),
     .default_text = "true",
     .help = "Whether an event whose body is empty makes no object and is delivered."},
    {.name = "collect",
     .type = EG_FIELD_BOOL,
     .offset = AT(collect),
     .default_text = "false",
     .help = "Many events in one object, a JSON line each. Each event waits for its object."},
    {.name = "collect_size",
     .type = EG_FIELD_SIZE,
     .offset = AT(collect_bytes),
     .default_text = "8MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "An object is stored when its lines, before compression, have so many bytes,"},
    {.name = "collect_events",
     .type = EG_FIELD_INT,
     .offset = AT(collect_events),
     .default_text = "10000",
     .min = 1,
     .max = 1000000,
     .help = "or are so many,"},
    {.name = "collect_age",
     .type = EG_FIELD_DURATION,
     .offset = AT(collect_age_ms),
     .default_text = "500ms",
     .min = 1,
     .max = 3600000,
     .help = "or the first of them has waited so long; at most half of what a delivery may take."},
    EG_AWS_CONFIG_FIELD(struct eg_sink_s3_config, aws),
};

const struct eg_field_table eg_sink_s3_table = {
    .name = "sink s3",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_sink_s3_config),
};
