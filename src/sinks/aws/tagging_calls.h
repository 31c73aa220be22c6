/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls that tag a resource, as they go over the wire: one builder for each kind of resource.
 * Query protocol for EC2, RDS, ElastiCache and SNS, JSON for DynamoDB, SQS and Lambda, XML for S3.
 * Pure functions; any thread.
 */
#ifndef EG_SINKS_AWS_TAGGING_CALLS_H
#define EG_SINKS_AWS_TAGGING_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "aws/client.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "sinks/aws/tagging.h"

/* A call without its endpoint. Texts that are not buffers are constants. */
struct eg_sink_tagging_call {
    enum eg_aws_protocol protocol;
    const char *method;
    struct eg_buffer target; /* path and query */
    const char *content_type;
    const char *operation; /* X-Amz-Target; NULL: none */
    struct eg_net_header headers[2];
    size_t header_count;
    struct eg_buffer checksum; /* the text of a header */
    struct eg_buffer body;
};

void eg_sink_tagging_call_fini(struct eg_sink_tagging_call *call);

const struct eg_aws_service *eg_sink_tagging_service(enum eg_sink_tagging_kind kind);

/* Asks for what the tag call needs: the ARN of a name, or the tags of a bucket. */
void eg_sink_tagging_build_question(const struct eg_sink_tagging *tagging,
                                    struct eg_sink_tagging_call *call);

/* True: there is a question to ask before the tag call. */
bool eg_sink_tagging_has_question(const struct eg_sink_tagging *tagging);

/*
 * What a question's answer (its body) says: for RDS and ElastiCache the ARN, appended to `found`;
 * -1 with EG_ERR_INVALID when there is none.
 */
int eg_sink_tagging_read_arn(const struct eg_sink_tagging *tagging, struct eg_span answer,
                             struct eg_buffer *found, struct eg_error *err) EG_MUST_CHECK;

/*
 * The tag call. `key` is the tag's name. `ids` are the resources; for S3 `tags` is the answer to
 * the question, or empty when the bucket has no tags, and the new tag joins them.
 */
void eg_sink_tagging_build(const struct eg_sink_tagging *tagging, const struct eg_span *ids,
                           struct eg_span tags, const char *key, struct eg_sink_tagging_call *call);

#endif
