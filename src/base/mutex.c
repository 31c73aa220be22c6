/* SPDX-License-Identifier: Apache-2.0 */
/* Every failure here is a bug of ours (a lock not held, a bad object): assert and stop. */
#include "base/mutex.h"

#include <errno.h>
#include <time.h>

#include "base/error.h"

void eg_mutex_init(struct eg_mutex *mutex)
{
    EG_ASSERT(pthread_mutex_init(&mutex->raw, NULL) == 0);
}

void eg_mutex_fini(struct eg_mutex *mutex)
{
    EG_ASSERT(pthread_mutex_destroy(&mutex->raw) == 0);
}

void eg_mutex_lock(struct eg_mutex *mutex)
{
    EG_ASSERT(pthread_mutex_lock(&mutex->raw) == 0);
}

void eg_mutex_unlock(struct eg_mutex *mutex)
{
    EG_ASSERT(pthread_mutex_unlock(&mutex->raw) == 0);
}

void eg_cond_init(struct eg_cond *cond)
{
    pthread_condattr_t attributes;
    EG_ASSERT(pthread_condattr_init(&attributes) == 0);
    EG_ASSERT(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0);
    EG_ASSERT(pthread_cond_init(&cond->raw, &attributes) == 0);
    EG_ASSERT(pthread_condattr_destroy(&attributes) == 0);
}

void eg_cond_fini(struct eg_cond *cond)
{
    EG_ASSERT(pthread_cond_destroy(&cond->raw) == 0);
}

void eg_cond_signal(struct eg_cond *cond)
{
    EG_ASSERT(pthread_cond_signal(&cond->raw) == 0);
}

void eg_cond_broadcast(struct eg_cond *cond)
{
    EG_ASSERT(pthread_cond_broadcast(&cond->raw) == 0);
}

void eg_cond_wait(struct eg_cond *cond, struct eg_mutex *mutex)
{
    EG_ASSERT(pthread_cond_wait(&cond->raw, &mutex->raw) == 0);
}

bool eg_cond_wait_until(struct eg_cond *cond, struct eg_mutex *mutex, int64_t monotonic_us)
{
    struct timespec until = {.tv_sec = (time_t)(monotonic_us / 1000000),
                             .tv_nsec = (long)(monotonic_us % 1000000) * 1000};
    int ret = pthread_cond_timedwait(&cond->raw, &mutex->raw, &until);
    EG_ASSERT(ret == 0 || ret == ETIMEDOUT);
    return ret == 0;
}
