/* SPDX-License-Identifier: Apache-2.0 */
/* The timer: never early, once, cancellable, flushable, and under load from several threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "work/timer.h"

struct alarm {
    struct eg_timer_node node; /* first */
    atomic_int calls;
    atomic_llong called_ms;
    struct eg_timer *again; /* NULL: once */
};

static void ring(struct eg_timer_node *node)
{
    struct alarm *alarm = (struct alarm *)(void *)node;
    atomic_store(&alarm->called_ms, eg_clock_monotonic_ms());
    int calls = atomic_fetch_add(&alarm->calls, 1) + 1;
    if (alarm->again && calls < 3)
        eg_timer_add(alarm->again, node, eg_clock_monotonic_ms() + 1, ring);
}

static void pause_ms(long ms)
{
    (void)nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static void wait_for(atomic_int *calls, int count)
{
    int64_t until_ms = eg_clock_monotonic_ms() + 5000;
    while (atomic_load(calls) < count && eg_clock_monotonic_ms() < until_ms)
        pause_ms(1);
    assert_int_equal(atomic_load(calls), count);
}

static int make(void **state)
{
    struct eg_error err;
    struct eg_timer *timer;
    if (eg_timer_new("test", &timer, &err) != 0)
        return -1;
    *state = timer;
    return 0;
}

static int unmake(void **state)
{
    eg_timer_destroy(*state);
    return 0;
}

static void calls_once_and_never_early(void **state)
{
    struct alarm alarm = {.again = NULL};
    int64_t due_ms = eg_clock_monotonic_ms() + 50;
    eg_timer_add(*state, &alarm.node, due_ms, ring);
    wait_for(&alarm.calls, 1);
    assert_true(atomic_load(&alarm.called_ms) >= due_ms);
    assert_true(atomic_load(&alarm.called_ms) < due_ms + 2000);
    assert_false(eg_timer_cancel(*state, &alarm.node));
}

static void an_earlier_one_wakes_the_sleeper(void **state)
{
    struct alarm late = {.again = NULL};
    struct alarm soon = {.again = NULL};
    eg_timer_add(*state, &late.node, eg_clock_monotonic_ms() + 60000, ring);
    pause_ms(30);
    eg_timer_add(*state, &soon.node, eg_clock_monotonic_ms() + 20, ring);
    wait_for(&soon.calls, 1);
    assert_true(eg_timer_cancel(*state, &late.node));
    assert_int_equal(atomic_load(&late.calls), 0);
}

static void cancelled_is_not_called(void **state)
{
    struct alarm alarm = {.again = NULL};
    assert_false(eg_timer_cancel(*state, &alarm.node));
    eg_timer_add(*state, &alarm.node, eg_clock_monotonic_ms() + 40, ring);
    assert_true(eg_timer_cancel(*state, &alarm.node));
    assert_false(eg_timer_cancel(*state, &alarm.node));
    pause_ms(100);
    assert_int_equal(atomic_load(&alarm.calls), 0);
}

static void a_callback_may_add_itself_again(void **state)
{
    struct alarm alarm = {.again = *state};
    eg_timer_add(*state, &alarm.node, 0, ring);
    wait_for(&alarm.calls, 3);
}

static void flush_calls_everything_now(void **state)
{
    struct alarm alarms[3] = {{.again = NULL}};
    for (int i = 0; i < 3; i++) /* the last goes around the wheel many times */
        eg_timer_add(*state, &alarms[i].node, eg_clock_monotonic_ms() + 10000 * (1 + i * 50), ring);
    eg_timer_flush(*state);
    for (int i = 0; i < 3; i++)
        assert_int_equal(atomic_load(&alarms[i].calls), 1);
    eg_timer_flush(*state);
    assert_int_equal(atomic_load(&alarms[0].calls), 1);
}

#define THREADS 4
#define ROUNDS  3000

static void *add_and_cancel(void *argument)
{
    struct eg_timer *timer = argument;
    struct alarm *alarms = calloc(ROUNDS, sizeof(*alarms));
    int cancelled = 0;
    for (int i = 0; i < ROUNDS; i++) {
        eg_timer_add(timer, &alarms[i].node, eg_clock_monotonic_ms() + (i % 7) * 10, ring);
        if (i % 2)
            cancelled += eg_timer_cancel(timer, &alarms[i - 1].node);
    }
    eg_timer_flush(timer);
    int called = 0;
    for (int i = 0; i < ROUNDS; i++)
        called += atomic_load(&alarms[i].calls);
    free(alarms);
    return (void *)(intptr_t)(called + cancelled);
}

static void every_node_is_cancelled_or_called(void **state)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, add_and_cancel, *state), 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_int_equal((intptr_t)result, ROUNDS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(calls_once_and_never_early, make, unmake),
        cmocka_unit_test_setup_teardown(an_earlier_one_wakes_the_sleeper, make, unmake),
        cmocka_unit_test_setup_teardown(cancelled_is_not_called, make, unmake),
        cmocka_unit_test_setup_teardown(a_callback_may_add_itself_again, make, unmake),
        cmocka_unit_test_setup_teardown(flush_calls_everything_now, make, unmake),
        cmocka_unit_test_setup_teardown(every_node_is_cancelled_or_called, make, unmake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
