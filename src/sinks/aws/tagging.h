/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an "AWS API Call via CloudTrail" says about a new resource: which one, of which service, and
 * who made it ("CloudTrail userIdentity element", CloudTrail User Guide). No calls are made here,
 * no state; any thread.
 */
#ifndef EG_SINKS_AWS_TAGGING_H
#define EG_SINKS_AWS_TAGGING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/span.h"
#include "json/document.h"

#define EG_SINK_TAGGING_IDS_MAX 1000u /* EC2 takes as many resources in one call */

/* How the resource of an event is named and tagged; tagging_calls.c has one for each kind. */
enum eg_sink_tagging_kind {
    EG_SINK_TAGGING_EC2,
    EG_SINK_TAGGING_S3,
    EG_SINK_TAGGING_RDS,
    EG_SINK_TAGGING_LAMBDA,
    EG_SINK_TAGGING_DYNAMODB,
    EG_SINK_TAGGING_SNS,
    EG_SINK_TAGGING_SQS,
    EG_SINK_TAGGING_ELASTICACHE,
};

struct eg_sink_tagging {
    const char *event; /* "RunInstances", as the table spells it */
    enum eg_sink_tagging_kind kind;
    struct eg_span *ids; /* ARNs, ids, names or URLs; owned */
    size_t id_count;
    bool describe;         /* the id is a name: the ARN has to be asked for */
    struct eg_span region; /* where the call was made; may be empty */
    struct eg_buffer user;
};

void eg_sink_tagging_fini(struct eg_sink_tagging *tagging);

/*
 * Reads an event: the envelope, or the CloudTrail record that its detail is. NULL: `tagging` says
 * what to do; its spans live as long as the document. Else why there is nothing to tag: the call
 * failed, makes no resource that we tag, or names none.
 */
const char *eg_sink_tagging_read(const struct eg_json_document *document,
                                 struct eg_sink_tagging *tagging) EG_MUST_CHECK;

/*
 * Appends who made the call, the first that there is of: what follows the last ':' of principalId
 * (not ANONYMOUS), the user's name in arn, the role's name in arn, userName,
 * aws-account-<accountId>. What a tag's value can't hold becomes '_'; at most 256 characters.
 */
void eg_sink_tagging_user(const struct eg_json_document *document, eg_json_index record,
                          struct eg_buffer *out);

#endif
