/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pthread mutex and condition whose failures are bugs, so they assert. Conditions wait on the
 * monotonic clock. Lock ranks: docs/threading.md.
 */
#ifndef EG_BASE_MUTEX_H
#define EG_BASE_MUTEX_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct eg_mutex {
    pthread_mutex_t raw;
};

struct eg_cond {
    pthread_cond_t raw;
};

void eg_mutex_init(struct eg_mutex *mutex);
void eg_mutex_fini(struct eg_mutex *mutex);
void eg_mutex_lock(struct eg_mutex *mutex);
void eg_mutex_unlock(struct eg_mutex *mutex);

void eg_cond_init(struct eg_cond *cond);
void eg_cond_fini(struct eg_cond *cond);
void eg_cond_signal(struct eg_cond *cond);
void eg_cond_broadcast(struct eg_cond *cond);
void eg_cond_wait(struct eg_cond *cond, struct eg_mutex *mutex);

/* Waits until eg_clock_monotonic_us() reaches the time. False: the time is up. */
bool eg_cond_wait_until(struct eg_cond *cond, struct eg_mutex *mutex, int64_t monotonic_us);

#endif
