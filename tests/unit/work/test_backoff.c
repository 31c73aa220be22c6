/* SPDX-License-Identifier: Apache-2.0 */
/* Backoff doubles up to its cap, and the wait is spread over the whole range. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "work/backoff.h"

static void ceiling_doubles_up_to_the_cap(void **state)
{
    (void)state;
    struct eg_backoff backoff = {.base_ms = 100, .cap_ms = 1500};
    const int64_t expected[] = {100, 200, 400, 800, 1500, 1500};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(eg_backoff_ceiling_ms(&backoff, i + 1), expected[i]);
    assert_int_equal(eg_backoff_ceiling_ms(&backoff, 4000000000u), 1500);
}

static void wait_is_spread_between_zero_and_the_ceiling(void **state)
{
    (void)state;
    struct eg_backoff backoff = {.base_ms = 100, .cap_ms = 1000};
    int low = 0;
    for (int i = 0; i < 1000; i++) {
        int64_t wait_ms = eg_backoff_next_ms(&backoff, 2);
        assert_true(wait_ms >= 0 && wait_ms <= 200);
        low += wait_ms < 100;
    }
    assert_in_range(low, 350, 650);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ceiling_doubles_up_to_the_cap),
        cmocka_unit_test(wait_is_spread_between_zero_and_the_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
