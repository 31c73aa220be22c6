/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets by subject. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "http/rate.h"

#define SECOND INT64_C(1000000)

static unsigned take_many(struct eg_http_rate *rate, const char *key, unsigned count, int64_t at_us)
{
    unsigned granted = 0;
    unsigned after;
    for (unsigned index = 0; index < count; index++)
        granted += eg_http_rate_take(rate, eg_span_text(key), at_us, &after);
    return granted;
}

static void test_burst_then_rate(void **state)
{
    struct eg_http_rate *rate = eg_http_rate_new(10, 5, 100);
    (void)state;
    assert_int_equal(take_many(rate, "alice", 100, SECOND), 5);
    assert_int_equal(take_many(rate, "alice", 100, SECOND + 100000), 1);
    assert_int_equal(take_many(rate, "alice", 100, SECOND + 150000), 0);
    assert_int_equal(take_many(rate, "alice", 100, SECOND + 200000), 1);
    assert_int_equal(take_many(rate, "alice", 100, SECOND * 1000), 5);
    eg_http_rate_destroy(rate);
}

static void test_subjects_do_not_share(void **state)
{
    struct eg_http_rate *rate = eg_http_rate_new(1, 1, 100);
    (void)state;
    assert_int_equal(take_many(rate, "alice", 2, SECOND), 1);
    assert_int_equal(take_many(rate, "bob", 2, SECOND), 1);
    assert_int_equal(take_many(rate, "", 2, SECOND), 1);
    eg_http_rate_destroy(rate);
}

static void test_retry_after_is_in_whole_seconds(void **state)
{
    struct eg_http_rate *slow = eg_http_rate_new(1, 1, 100);
    struct eg_http_rate *fast = eg_http_rate_new(1000, 1, 100);
    unsigned after = 99;
    (void)state;
    assert_true(eg_http_rate_take(slow, EG_SPAN_LITERAL("a"), SECOND, &after));
    assert_int_equal(after, 99);
    assert_false(eg_http_rate_take(slow, EG_SPAN_LITERAL("a"), SECOND, &after));
    assert_int_equal(after, 1);
    assert_true(eg_http_rate_take(fast, EG_SPAN_LITERAL("a"), SECOND, &after));
    assert_false(eg_http_rate_take(fast, EG_SPAN_LITERAL("a"), SECOND, &after));
    assert_int_equal(after, 1);
    eg_http_rate_destroy(slow);
    eg_http_rate_destroy(fast);
}

static void test_many_subjects_stay_in_bounds(void **state)
{
    struct eg_http_rate *rate = eg_http_rate_new(1, 1, 64);
    char key[32];
    (void)state;
    for (unsigned index = 0; index < 100000; index++) {
        (void)snprintf(key, sizeof(key), "subject-%u", index);
        assert_int_equal(take_many(rate, key, 1, SECOND + index), 1);
    }
    eg_http_rate_destroy(rate);
}

static void test_no_limit(void **state)
{
    unsigned after;
    (void)state;
    assert_true(eg_http_rate_take(NULL, EG_SPAN_LITERAL("a"), 0, &after));
    eg_http_rate_destroy(NULL);
}

static void test_clock_that_stands_or_steps_back(void **state)
{
    struct eg_http_rate *rate = eg_http_rate_new(1000000, 2, 8);
    (void)state;
    assert_int_equal(take_many(rate, "a", 5, SECOND * 10), 2);
    assert_int_equal(take_many(rate, "a", 5, SECOND), 0);
    assert_int_equal(take_many(rate, "a", 5, INT64_MAX / 2), 2);
    eg_http_rate_destroy(rate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_subjects_do_not_share),
        cmocka_unit_test(test_retry_after_is_in_whole_seconds),
        cmocka_unit_test(test_many_subjects_stay_in_bounds),
        cmocka_unit_test(test_no_limit),
        cmocka_unit_test(test_clock_that_stands_or_steps_back),
    };
    return cmocka_run_group_tests_name("http/rate", tests, NULL, NULL);
}
