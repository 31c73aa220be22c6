/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of sources, and the group they make. */
#include "sources/config.h"

#include "base/compiler.h"
#include "sources/sources.h"

#define SECOND_MS INT64_C(1000)
#define HOUR_MS   (3600 * SECOND_MS)

static const struct eg_field source_fields[] = {
    {.name = "topic",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_source_config, topic),
     .required = true,
     .help = "The topic that its messages are posted to; with `envelope: payload` there, events "
             "keep the envelope in which EventBridge put them into the queue."},
    {.name = "subject",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_source_config, subject),
     .required = true,
     .help = "In whose name: what the access map allows this subject is what the source may post."},
    {.name = "workers",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_source_config, workers),
     .default_text = "1",
     .min = 1,
     .max = 64,
     .help = "Threads that fetch, each with a connection of its own."},
};

const struct eg_field_table eg_source_table = {
    .name = "source",
    .fields = source_fields,
    .field_count = EG_ARRAY_COUNT(source_fields),
    .struct_bytes = sizeof(struct eg_source_config),
};

static const struct eg_field sqs_fields[] = {
    {.name = "queue_url",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct eg_source_sqs_config, queue_url),
     .required = true,
     .help = "The queue's URL."},
    {.name = "wait",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_source_sqs_config, wait_ms),
     .default_text = "20s",
     .min = 0,
     .max = 20 * SECOND_MS,
     .help = "How long a poll of an empty queue waits for a message; whole seconds."},
    {.name = "messages",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct eg_source_sqs_config, messages),
     .default_text = "10",
     .min = 1,
     .max = 10,
     .help = "Messages that a worker takes at once."},
    {.name = "visibility_timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct eg_source_sqs_config, visibility_ms),
     .default_text = "0s",
     .min = 0,
     .max = 12 * HOUR_MS,
     .help = "When a message that was not deleted comes again; longer than pipeline.deadline. 0s: "
             "as the queue says."},
    EG_AWS_CONFIG_FIELD(struct eg_source_sqs_config, aws),
};

const struct eg_field_table eg_source_sqs_table = {
    .name = "source sqs",
    .fields = sqs_fields,
    .field_count = EG_ARRAY_COUNT(sqs_fields),
    .struct_bytes = sizeof(struct eg_source_sqs_config),
};

static const struct eg_config_variant variants[] = {
    {"sqs", "Messages of an Amazon SQS queue; deleted when they are delivered.",
     &eg_source_sqs_table, NULL},
};

const struct eg_config_group eg_sources_group = {"sources", &eg_source_table, variants,
                                                 EG_ARRAY_COUNT(variants)};
