/* SPDX-License-Identifier: Apache-2.0 */
/* Pools start named threads with every signal blocked, and join them. */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "work/pool.h"

struct seen {
    atomic_uint indexes;
    atomic_uint blocked;
    char names[3][16];
};

static void note(void *context, unsigned index)
{
    struct seen *seen = context;
    sigset_t mask;
    atomic_fetch_or(&seen->indexes, 1u << index);
    if (pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, SIGTERM) == 1)
        atomic_fetch_or(&seen->blocked, 1u << index);
    (void)pthread_getname_np(pthread_self(), seen->names[index], sizeof(seen->names[index]));
}

static void pool_runs_named_threads(void **state)
{
    (void)state;
    struct seen seen = {.indexes = 0};
    struct eg_pool pool;
    struct eg_error err;
    assert_int_equal(eg_pool_start(&pool, "a-rather-long-name", 3, note, &seen, &err), 0);
    eg_pool_join(&pool);
    assert_int_equal(atomic_load(&seen.indexes), 7);
    assert_int_equal(atomic_load(&seen.blocked), 7);
    assert_string_equal(seen.names[2], "a-rather-long-2");
    assert_int_equal(eg_pool_start(&pool, "one", 1, note, &seen, &err), 0);
    eg_pool_join(&pool);
    assert_string_equal(seen.names[0], "one");
    eg_pool_join(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(pool_runs_named_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
