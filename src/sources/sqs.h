/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two calls to a queue: take messages, and delete those that are done. Internal to sources/. One
 * thread at a time; both block.
 */
#ifndef EG_SOURCES_SQS_H
#define EG_SOURCES_SQS_H

#include <stddef.h>

#include "aws/client.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "sources/config.h"
#include "json/document.h"

#define EG_SOURCE_MESSAGES_MAX 10

struct eg_source_sqs {
    const struct eg_source_sqs_config *config;
    struct eg_aws_caller *receiver;
    struct eg_aws_caller *deleter;
    struct eg_json_document answer; /* of the last receive */
    struct eg_buffer body;
    struct eg_buffer received; /* what `answer` was read from */
};

/* Spans live until the next receive. */
struct eg_source_message {
    struct eg_span id;
    struct eg_span receipt;
    struct eg_span body;
    struct eg_span trace; /* X-Ray's header; empty: none */
};

/* Two clients, because a long poll is cancelled when the source stops, and a deletion is not. */
int eg_source_sqs_init(struct eg_source_sqs *sqs, const struct eg_source_sqs_config *config,
                       struct eg_aws_client *receiving, struct eg_aws_client *deleting,
                       struct eg_error *err) EG_MUST_CHECK;
void eg_source_sqs_fini(struct eg_source_sqs *sqs);

/* Waits for messages as long as the configuration says; none is no error. */
int eg_source_sqs_receive(struct eg_source_sqs *sqs, struct eg_source_message *messages,
                          size_t *ret_count, struct eg_error *err) EG_MUST_CHECK;

/* Deletes the marked ones. *ret_failed: how many are still there; they come again. */
int eg_source_sqs_delete(struct eg_source_sqs *sqs, const struct eg_source_message *messages,
                         const bool *done, size_t count, size_t *ret_failed,
                         struct eg_error *err) EG_MUST_CHECK;

#endif
