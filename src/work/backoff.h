/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before the next attempt: exponential with full jitter, so that callers who
 * failed together do not come back together. Any thread.
 */
#ifndef EG_WORK_BACKOFF_H
#define EG_WORK_BACKOFF_H

#include <stdint.h>

struct eg_backoff {
    int64_t base_ms; /* upper bound after the first failed attempt; doubles with each */
    int64_t cap_ms;  /* never above this */
};

/* The upper bound after `failed_attempts` (>= 1): min(cap, base * 2^(failed_attempts - 1)). */
int64_t eg_backoff_ceiling_ms(const struct eg_backoff *backoff, unsigned failed_attempts);

/* A uniformly random wait in [0, ceiling]. */
int64_t eg_backoff_next_ms(const struct eg_backoff *backoff, unsigned failed_attempts);

#endif
