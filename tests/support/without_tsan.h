/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests that start librdkafka: Debian's build of it starts its threads by thrd_create, which
 * TSan does not know; it dies in the first of them, without any code of ours. KAFKA_UNDER_TSAN=1
 * runs them all the same.
 */
#ifndef TESTS_SUPPORT_WITHOUT_TSAN_H
#define TESTS_SUPPORT_WITHOUT_TSAN_H

#include <stdbool.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#endif
#elif defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN false
#endif

static inline void librdkafka_does_not_run_under_tsan(void **state)
{
    (void)state;
    skip();
}

static inline bool is_without_librdkafka(void)
{
    return UNDER_TSAN && getenv("KAFKA_UNDER_TSAN") == NULL;
}

#endif
