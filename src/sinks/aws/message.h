/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What SQS and SNS messages have in common: which characters they may hold, their attributes, and
 * the ids of FIFO queues and topics. Compiled on the control thread, used by workers.
 */
#ifndef EG_SINKS_AWS_MESSAGE_H
#define EG_SINKS_AWS_MESSAGE_H

#include "base/compiler.h"
#include "eventgate/field.h"
#include "sinks/aws/batch.h"

#define EG_SINK_ATTRIBUTES_MAX 10 /* of the settings; SQS takes no more */

/* The settings, in the struct of a sink's own. */
struct eg_sink_message_config {
    char *message;
    struct eg_string_map attributes;
    char *group_id;
    char *deduplication_id;
};

/* Their fields. */
#define EG_SINK_MESSAGE_FIELDS(type_, member_)                                                   \
    {.name = "message",                                                                          \
     .type = EG_FIELD_STRING,                                                                    \
     .offset = offsetof(type_, member_.message),                                                 \
     .help = "The message; a template. Unset: what is delivered, as it came in."},               \
        {.name = "attributes",                                                                   \
         .type = EG_FIELD_STRING_MAP,                                                            \
         .offset = offsetof(type_, member_.attributes),                                          \
         .help =                                                                                 \
             "Message attributes of type String, at most 10: name to template; an empty one "    \
             "is left out. A dead letter has RULE_ARN, TARGET_ARN, ERROR_CODE, ERROR_MESSAGE, "  \
             "EXHAUSTED_RETRY_CONDITION and RETRY_ATTEMPTS besides."},                           \
        {.name = "group_id",                                                                     \
         .type = EG_FIELD_STRING,                                                                \
         .offset = offsetof(type_, member_.group_id),                                            \
         .help = "MessageGroupId; a template. Unset: for FIFO the event's key, else its topic; " \
                 "otherwise none."},                                                             \
    {                                                                                            \
        .name = "deduplication_id", .type = EG_FIELD_STRING,                                     \
        .offset = offsetof(type_, member_.deduplication_id),                                     \
        .help = "MessageDeduplicationId, for FIFO; a template. Unset: the event's id."           \
    }

struct eg_sink_message_texts {
    size_t message;
    size_t group_id;
    size_t deduplication_id;
    size_t attributes[EG_SINK_ATTRIBUTES_MAX];
    const struct eg_string_map *names; /* of the attributes: the configuration's map */
};

int eg_sink_message_compile(struct eg_sink_texts *texts,
                            const struct eg_sink_message_config *config,
                            struct eg_sink_message_texts *ret_compiled,
                            struct eg_error *err) EG_MUST_CHECK;

/* The message: the payload, or into worker->piece what the setting makes. Counts its bytes. */
int eg_sink_message_body(struct eg_sink_worker *worker, const struct eg_sink_message_texts *texts,
                         const struct eg_event *event, struct eg_sink_entry *entry,
                         struct eg_span *ret_body, struct eg_error *err) EG_MUST_CHECK;

struct eg_sink_attribute_value {
    struct eg_span name;
    const char *type; /* "String", "Number" */
    struct eg_span value;
    size_t number; /* from 0: among those of the message */
};

/* Calls `put` for each attribute of the message, and counts names, types and values. */
typedef void (*eg_sink_put_attribute)(struct eg_sink_worker *worker,
                                      const struct eg_sink_attribute_value *attribute);
int eg_sink_message_attributes(struct eg_sink_worker *worker,
                               const struct eg_sink_message_texts *texts,
                               const struct eg_event *event, struct eg_sink_entry *entry,
                               eg_sink_put_attribute put, struct eg_error *err) EG_MUST_CHECK;

/* Into worker->piece: the id, or nothing when the message is to have none. */
int eg_sink_message_group(struct eg_sink_worker *worker, const struct eg_sink_message_texts *texts,
                          const struct eg_event *event, bool fifo,
                          struct eg_error *err) EG_MUST_CHECK;
int eg_sink_message_deduplication(struct eg_sink_worker *worker,
                                  const struct eg_sink_message_texts *texts,
                                  const struct eg_event *event, bool fifo,
                                  struct eg_error *err) EG_MUST_CHECK;

/* Queues and topics whose name ends like this are FIFO. */
bool eg_sink_message_is_fifo(struct eg_span place);

/*
 * Only what XML 1.0 may hold (SendMessage, SQS API Reference): no control characters but tab, LF
 * and CR, no U+FFFE and U+FFFF. Not empty. `text` is UTF-8.
 */
int eg_sink_message_check(const char *what, struct eg_span text,
                          struct eg_error *err) EG_MUST_CHECK;

#endif
