/* SPDX-License-Identifier: Apache-2.0 */
/* The bucket is one atomic number, so taking and giving back need no lock. */
#include "aws/retry.h"

#include "base/span.h"

#define BASE_MS            50
#define BASE_THROTTLING_MS 1000
#define BASE_DYNAMODB_MS   25
#define LONGEST_MS         20000
#define TOLD_BEYOND_MS     5000
#define DOUBLINGS_MAX      20

void eg_aws_retry_bucket_init(struct eg_aws_retry_bucket *bucket)
{
    atomic_init(&bucket->tokens, EG_AWS_RETRY_TOKENS);
}

unsigned eg_aws_retry_acquire(struct eg_aws_retry_bucket *bucket, bool throttled)
{
    unsigned cost = throttled ? EG_AWS_RETRY_COST_THROTTLING : EG_AWS_RETRY_COST;
    unsigned have = atomic_load_explicit(&bucket->tokens, memory_order_relaxed);
    do {
        if (have < cost)
            return 0;
    } while (!atomic_compare_exchange_weak_explicit(&bucket->tokens, &have, have - cost,
                                                    memory_order_relaxed, memory_order_relaxed));
    return cost;
}

void eg_aws_retry_refund(struct eg_aws_retry_bucket *bucket, unsigned cost)
{
    unsigned give = cost ? cost : EG_AWS_RETRY_REFUND;
    unsigned have = atomic_load_explicit(&bucket->tokens, memory_order_relaxed);
    unsigned next;
    do {
        if (have == EG_AWS_RETRY_TOKENS)
            return;
        next = have + give < EG_AWS_RETRY_TOKENS ? have + give : EG_AWS_RETRY_TOKENS;
    } while (!atomic_compare_exchange_weak_explicit(&bucket->tokens, &have, next,
                                                    memory_order_relaxed, memory_order_relaxed));
}

static int64_t base_ms(const struct eg_aws_retry_wait *wait)
{
    if (wait->throttled)
        return BASE_THROTTLING_MS;
    return wait->dynamodb ? BASE_DYNAMODB_MS : BASE_MS;
}

int64_t eg_aws_retry_wait_ms(const struct eg_aws_retry_wait *wait)
{
    unsigned doublings = wait->retry < DOUBLINGS_MAX ? wait->retry : DOUBLINGS_MAX;
    int64_t ceiling_ms = base_ms(wait) << doublings;
    int64_t wait_ms =
        (int64_t)(wait->random * (double)(ceiling_ms < LONGEST_MS ? ceiling_ms : LONGEST_MS));
    int64_t told_ms;
    if (!eg_span_to_int64(wait->told_ms, &told_ms) || told_ms < wait_ms)
        return wait_ms;
    return told_ms < wait_ms + TOLD_BEYOND_MS ? told_ms : wait_ms + TOLD_BEYOND_MS;
}
