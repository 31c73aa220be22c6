/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When and how often a call is tried again: the AWS SDKs' standard mode. A bucket of tokens, shared
 * by all callers of a client, pays for retries and fills up by success, so that a service that is
 * down is not asked ever more. Any thread.
 */
#ifndef EG_AWS_RETRY_H
#define EG_AWS_RETRY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "aws/failure.h"
#include "base/compiler.h"

#define EG_AWS_RETRY_TOKENS          500u
#define EG_AWS_RETRY_COST            14u
#define EG_AWS_RETRY_COST_THROTTLING 5u
#define EG_AWS_RETRY_REFUND          1u /* of a call that went well at once */

struct eg_aws_retry_bucket {
    atomic_uint tokens;
};

void eg_aws_retry_bucket_init(struct eg_aws_retry_bucket *bucket);

/* Takes what the retry costs, and returns that; 0: there is not enough, and it must not be made. */
unsigned eg_aws_retry_acquire(struct eg_aws_retry_bucket *bucket, bool throttled) EG_MUST_CHECK;

/* After success: gives back what the call's last retry cost, or `0` for a call without one. */
void eg_aws_retry_refund(struct eg_aws_retry_bucket *bucket, unsigned cost);

struct eg_aws_retry_wait {
    unsigned retry; /* 0 for the first */
    bool throttled;
    bool dynamodb;
    double random;          /* in [0, 1] */
    struct eg_span told_ms; /* x-amz-retry-after; may be empty or nonsense */
};

/*
 * Milliseconds to wait: random x min(base x 2^retry, 20 s), base 50 ms, 1 s for throttling, 25 ms
 * for DynamoDB. What the service tells counts within [that, that + 5 s].
 */
int64_t eg_aws_retry_wait_ms(const struct eg_aws_retry_wait *wait);

#endif
