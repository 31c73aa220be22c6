/* SPDX-License-Identifier: Apache-2.0 */
/* When an HTTP thread lends connections and asks for them back, by a clock of the test's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/load.h"

#define WINDOW_US 100000
#define SECOND_US 1000000

#define BOOT_US (3600 * (int64_t)SECOND_US)

struct clock {
    int64_t now_us;
    int64_t cpu_us;
};

#define IDLE_LOAD           \
    {                       \
        .begin_us = BOOT_US \
    }
#define NEW_CLOCK         \
    {                     \
        .now_us = BOOT_US \
    }

/* One window, in percent of it. */
static void pass(struct eg_http_load *load, struct clock *clock, int busy, int rest)
{
    assert_false(eg_http_load_is_due(load, clock->now_us + WINDOW_US - 1));
    clock->now_us += WINDOW_US;
    clock->cpu_us += WINDOW_US / 100 * busy;
    load->rest_us += WINDOW_US / 100 * rest;
    assert_true(eg_http_load_is_due(load, clock->now_us));
    eg_http_load_review(load, clock->now_us, clock->cpu_us);
    assert_int_equal(eg_http_load_busy_percent(load), busy);
}

static void test_lends_after_two_windows_without_rest(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = IDLE_LOAD;
    struct clock clock = NEW_CLOCK;
    (void)state;
    assert_false(eg_http_load_should_lend(&load, &helper, 0));
    pass(&load, &clock, 99, 0);
    assert_false(eg_http_load_should_lend(&load, &helper, 0));
    pass(&load, &clock, 85, 2); /* the hypervisor had some of it */
    assert_true(eg_http_load_should_lend(&load, &helper, 0));
}

static void test_a_window_with_rest_begins_the_count_anew(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = IDLE_LOAD;
    struct clock clock = NEW_CLOCK;
    (void)state;
    pass(&load, &clock, 99, 0);
    pass(&load, &clock, 95, 4);
    pass(&load, &clock, 99, 0);
    assert_false(eg_http_load_should_lend(&load, &helper, 0));
}

static void test_who_waits_for_a_core_does_not_lend(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = IDLE_LOAD;
    struct clock clock = NEW_CLOCK;
    (void)state;
    for (int window = 0; window < 5; window++)
        pass(&load, &clock, 80, 0);
    assert_false(eg_http_load_should_lend(&load, &helper, 0));
}

static void test_lends_a_second_and_no_third(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = IDLE_LOAD;
    struct clock clock = NEW_CLOCK, helper_clock = NEW_CLOCK;
    (void)state;
    pass(&load, &clock, 99, 0);
    pass(&load, &clock, 99, 0);
    eg_http_load_lent(&load, 1, clock.now_us);
    assert_false(eg_http_load_should_lend(&load, &helper, 1)); /* it has to show first */
    pass(&load, &clock, 99, 0);
    pass(&load, &clock, 99, 0);
    assert_true(eg_http_load_should_lend(&load, &helper, 1));
    assert_false(eg_http_load_should_lend(&load, &helper, 2));
    pass(&helper, &helper_clock, 90, 5);
    assert_false(eg_http_load_should_lend(&load, &helper, 1)); /* the helper is no better off */
}

static void test_asks_back_when_one_alone_has_the_time(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = IDLE_LOAD;
    struct clock clock = NEW_CLOCK, helper_clock = NEW_CLOCK;
    (void)state;
    eg_http_load_lent(&load, 1, clock.now_us);
    eg_http_load_lent(&load, 2, clock.now_us);
    pass(&load, &clock, 50, 40);
    pass(&helper, &helper_clock, 40, 50);
    assert_false(eg_http_load_should_recall(&load, &helper, 0, clock.now_us));
    assert_false(eg_http_load_should_recall(&load, &helper, 1, clock.now_us)); /* 50 + 40 */
    assert_true(eg_http_load_should_recall(&load, &helper, 2, clock.now_us));  /* 50 + 40 / 2 */
}

/* With one lent, and too much work for one thread by the numbers: how long that is left so. */
static int64_t pass_until_a_try(struct eg_http_load *load, struct clock *clock)
{
    struct eg_http_load helper = {.busy = 40};
    int64_t since_us = clock->now_us;
    do
        pass(load, clock, 80, 10);
    while (!eg_http_load_should_recall(load, &helper, 1, clock->now_us));
    return clock->now_us - since_us;
}

/* Asks for it back, is busy alone, and lends again: how long until the next try. */
static int64_t try_badly(struct eg_http_load *load, struct clock *clock)
{
    eg_http_load_recalled(load, clock->now_us);
    pass(load, clock, 99, 0);
    pass(load, clock, 99, 0);
    eg_http_load_lent(load, 1, clock->now_us);
    return pass_until_a_try(load, clock);
}

static void test_tries_with_less_and_each_time_later(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = {.busy = 40};
    struct clock clock = NEW_CLOCK;
    (void)state;
    eg_http_load_lent(&load, 1, clock.now_us);
    assert_int_equal(pass_until_a_try(&load, &clock), 2 * SECOND_US);
    assert_int_equal(try_badly(&load, &clock), 4 * SECOND_US);
    assert_int_equal(try_badly(&load, &clock), 8 * SECOND_US);
    assert_int_equal(try_badly(&load, &clock), 16 * SECOND_US);
    assert_int_equal(try_badly(&load, &clock), 32 * SECOND_US);
    assert_int_equal(try_badly(&load, &clock), 32 * SECOND_US);

    eg_http_load_recalled(&load, clock.now_us); /* this time it goes well, for a while */
    for (int window = 0; window < 10; window++)
        pass(&load, &clock, 80, 10);
    eg_http_load_lent(&load, 1, clock.now_us);
    assert_false(eg_http_load_should_recall(&load, &helper, 1, clock.now_us + 2 * SECOND_US - 1));
    assert_true(eg_http_load_should_recall(&load, &helper, 1, clock.now_us + 2 * SECOND_US));
}

static void test_of_two_lent_each_is_tried_by_itself(void **state)
{
    struct eg_http_load load = IDLE_LOAD, helper = {.busy = 80};
    struct clock clock = NEW_CLOCK;
    (void)state;
    eg_http_load_lent(&load, 1, clock.now_us);
    eg_http_load_lent(&load, 2, clock.now_us);
    pass(&load, &clock, 80, 10);
    clock.now_us = BOOT_US + 2 * SECOND_US;
    assert_true(eg_http_load_should_recall(&load, &helper, 2, clock.now_us));
    eg_http_load_recalled(&load, clock.now_us);
    assert_false(eg_http_load_should_recall(&load, &helper, 1, clock.now_us + 2 * SECOND_US - 1));
    assert_true(eg_http_load_should_recall(&load, &helper, 1, clock.now_us + 2 * SECOND_US));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lends_after_two_windows_without_rest),
        cmocka_unit_test(test_a_window_with_rest_begins_the_count_anew),
        cmocka_unit_test(test_who_waits_for_a_core_does_not_lend),
        cmocka_unit_test(test_lends_a_second_and_no_third),
        cmocka_unit_test(test_asks_back_when_one_alone_has_the_time),
        cmocka_unit_test(test_tries_with_less_and_each_time_later),
        cmocka_unit_test(test_of_two_lent_each_is_tried_by_itself),
    };
    return cmocka_run_group_tests_name("http/load", tests, NULL, NULL);
}
