/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States and who changes them, always under `lock`:
 *
 *     closed     --failures in a row-->     open        (failed)
 *     open       --reopen_ms reached-->     half-open   (allow: the caller has the trial)
 *     half-open  --success-->               closed      (succeeded)
 *     half-open  --failure-->               open        (failed)
 *     half-open  --no answer in time-->     half-open   (allow: another trial)
 *
 * The usual path, closed and no failure, reads atomics and writes nothing.
 */
#include "pipeline/breaker.h"

#include <stdio.h>

#include "base/error.h"

void eg_breaker_init(struct eg_breaker *breaker, const struct eg_breaker_config *config)
{
    breaker->config = *config;
    atomic_init(&breaker->state, EG_BREAKER_CLOSED);
    atomic_init(&breaker->failures, 0);
    atomic_init(&breaker->reopen_ms, 0);
    atomic_init(&breaker->opened, 0);
    eg_mutex_init(&breaker->lock);
    breaker->message[0] = '\0';
}

void eg_breaker_fini(struct eg_breaker *breaker)
{
    eg_mutex_fini(&breaker->lock);
}

enum eg_breaker_state eg_breaker_state(const struct eg_breaker *breaker)
{
    return (enum eg_breaker_state)atomic_load_explicit(&breaker->state, memory_order_acquire);
}

const char *eg_breaker_state_name(enum eg_breaker_state state)
{
    static const char *const names[] = {
        [EG_BREAKER_CLOSED] = "closed",
        [EG_BREAKER_OPEN] = "open",
        [EG_BREAKER_HALF_OPEN] = "half-open",
    };
    EG_ASSERT((unsigned)state < EG_ARRAY_COUNT(names));
    return names[state];
}

bool eg_breaker_refuses(const struct eg_breaker *breaker, int64_t now_ms)
{
    return eg_breaker_state(breaker) == EG_BREAKER_OPEN &&
           now_ms < atomic_load(&breaker->reopen_ms);
}

bool eg_breaker_allow(struct eg_breaker *breaker, int64_t now_ms)
{
    if (EG_LIKELY(eg_breaker_state(breaker) == EG_BREAKER_CLOSED))
        return true;
    eg_mutex_lock(&breaker->lock);
    bool closed = eg_breaker_state(breaker) == EG_BREAKER_CLOSED;
    bool trial = !closed && now_ms >= atomic_load(&breaker->reopen_ms);
    if (trial) {
        atomic_store(&breaker->reopen_ms, now_ms + breaker->config.open_ms);
        atomic_store_explicit(&breaker->state, EG_BREAKER_HALF_OPEN, memory_order_release);
    }
    eg_mutex_unlock(&breaker->lock);
    return closed || trial;
}

void eg_breaker_succeeded(struct eg_breaker *breaker)
{
    if (EG_UNLIKELY(atomic_load_explicit(&breaker->failures, memory_order_relaxed) != 0))
        atomic_store(&breaker->failures, 0);
    if (EG_LIKELY(eg_breaker_state(breaker) == EG_BREAKER_CLOSED))
        return;
    eg_mutex_lock(&breaker->lock);
    /* While open, an answer of before comes late: it says nothing about now. */
    if (eg_breaker_state(breaker) == EG_BREAKER_HALF_OPEN)
        atomic_store_explicit(&breaker->state, EG_BREAKER_CLOSED, memory_order_release);
    eg_mutex_unlock(&breaker->lock);
}

void eg_breaker_failed(struct eg_breaker *breaker, int64_t now_ms, const char *message)
{
    if (breaker->config.failures == 0)
        return;
    long long failures = atomic_fetch_add(&breaker->failures, 1) + 1;
    enum eg_breaker_state state = eg_breaker_state(breaker);
    if (state == EG_BREAKER_OPEN ||
        (state == EG_BREAKER_CLOSED && failures < breaker->config.failures))
        return;
    eg_mutex_lock(&breaker->lock);
    if (eg_breaker_state(breaker) != EG_BREAKER_OPEN) {
        (void)snprintf(breaker->message, sizeof(breaker->message), "%s", message);
        (void)atomic_fetch_add(&breaker->opened, 1);
        atomic_store(&breaker->reopen_ms, now_ms + breaker->config.open_ms);
        atomic_store_explicit(&breaker->state, EG_BREAKER_OPEN, memory_order_release);
    }
    eg_mutex_unlock(&breaker->lock);
}

void eg_breaker_describe(struct eg_breaker *breaker, char *text)
{
    eg_mutex_lock(&breaker->lock);
    (void)snprintf(text, EG_ERROR_MESSAGE_BYTES, "circuit open after %lld failures in a row: %s",
                   (long long)atomic_load(&breaker->failures), breaker->message);
    eg_mutex_unlock(&breaker->lock);
}
