/* SPDX-License-Identifier: Apache-2.0 */
/* The breaker's states, with a clock that the test moves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "eventgate/error.h"
#include "pipeline/breaker.h"

static void opens_after_failures_in_a_row(void **state)
{
    (void)state;
    struct eg_breaker breaker;
    eg_breaker_init(&breaker, &(struct eg_breaker_config){.failures = 3, .open_ms = 100});
    eg_breaker_failed(&breaker, 0, "one");
    eg_breaker_failed(&breaker, 0, "two");
    eg_breaker_succeeded(&breaker);
    eg_breaker_failed(&breaker, 0, "one");
    eg_breaker_failed(&breaker, 0, "two");
    assert_true(eg_breaker_allow(&breaker, 0));
    assert_false(eg_breaker_refuses(&breaker, 0));
    eg_breaker_failed(&breaker, 10, "three");
    assert_int_equal(eg_breaker_state(&breaker), EG_BREAKER_OPEN);
    assert_true(eg_breaker_refuses(&breaker, 109));
    assert_false(eg_breaker_allow(&breaker, 109));
    char text[EG_ERROR_MESSAGE_BYTES];
    eg_breaker_describe(&breaker, text);
    assert_string_equal(text, "circuit open after 3 failures in a row: three");
    eg_breaker_fini(&breaker);
}

static void lets_one_try_and_believes_it(void **state)
{
    (void)state;
    struct eg_breaker breaker;
    eg_breaker_init(&breaker, &(struct eg_breaker_config){.failures = 1, .open_ms = 100});
    eg_breaker_failed(&breaker, 0, "down");
    eg_breaker_succeeded(&breaker); /* a late answer says nothing about now */
    assert_int_equal(eg_breaker_state(&breaker), EG_BREAKER_OPEN);
    assert_false(eg_breaker_refuses(&breaker, 100));
    assert_true(eg_breaker_allow(&breaker, 100));
    assert_int_equal(eg_breaker_state(&breaker), EG_BREAKER_HALF_OPEN);
    assert_false(eg_breaker_allow(&breaker, 101)); /* one at a time */
    assert_true(eg_breaker_allow(&breaker, 200));  /* the first got lost */
    eg_breaker_failed(&breaker, 210, "still down");
    assert_int_equal(eg_breaker_state(&breaker), EG_BREAKER_OPEN);
    assert_false(eg_breaker_allow(&breaker, 309));
    assert_true(eg_breaker_allow(&breaker, 310));
    eg_breaker_succeeded(&breaker);
    assert_int_equal(eg_breaker_state(&breaker), EG_BREAKER_CLOSED);
    assert_true(eg_breaker_allow(&breaker, 311));
    assert_int_equal(atomic_load(&breaker.opened), 2);
    eg_breaker_fini(&breaker);
}

static void never_opens_when_off(void **state)
{
    (void)state;
    struct eg_breaker breaker;
    eg_breaker_init(&breaker, &(struct eg_breaker_config){.failures = 0, .open_ms = 100});
    for (int i = 0; i < 1000; i++)
        eg_breaker_failed(&breaker, 0, "down");
    assert_int_equal(eg_breaker_state(&breaker), EG_BREAKER_CLOSED);
    eg_breaker_fini(&breaker);
}

static void states_have_names(void **state)
{
    (void)state;
    assert_string_equal(eg_breaker_state_name(EG_BREAKER_CLOSED), "closed");
    assert_string_equal(eg_breaker_state_name(EG_BREAKER_OPEN), "open");
    assert_string_equal(eg_breaker_state_name(EG_BREAKER_HALF_OPEN), "half-open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_after_failures_in_a_row),
        cmocka_unit_test(lets_one_try_and_believes_it),
        cmocka_unit_test(never_opens_when_off),
        cmocka_unit_test(states_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
