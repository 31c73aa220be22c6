/* SPDX-License-Identifier: Apache-2.0 */
/* Full jitter: the whole wait is random. The generator is per thread and need not be secret. */
#include "work/backoff.h"

#include "base/clock.h"

static _Thread_local uint64_t random_state;

/* splitmix64, seeded by the clock and by where this thread's variables lie. */
static uint64_t random_next(void)
{
    if (random_state == 0)
        random_state =
            (uint64_t)eg_clock_monotonic_us() ^ ((uint64_t)(uintptr_t)&random_state << 16);
    random_state += 0x9E3779B97F4A7C15u;
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

int64_t eg_backoff_ceiling_ms(const struct eg_backoff *backoff, unsigned failed_attempts)
{
    int64_t ceiling = backoff->base_ms;
    for (unsigned i = 1; i < failed_attempts && ceiling < backoff->cap_ms; i++)
        ceiling *= 2;
    return ceiling < backoff->cap_ms ? ceiling : backoff->cap_ms;
}

int64_t eg_backoff_next_ms(const struct eg_backoff *backoff, unsigned failed_attempts)
{
    int64_t ceiling = eg_backoff_ceiling_ms(backoff, failed_attempts);
    return ceiling <= 0 ? 0 : (int64_t)(random_next() % ((uint64_t)ceiling + 1));
}
