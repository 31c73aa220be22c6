/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/span.h"
#include "schema/number.h"

static bool is_multiple(const char *number, const char *divisor)
{
    assert_true(eg_schema_number_can_divide(eg_span_text(divisor)));
    return eg_schema_number_is_multiple(eg_span_text(number), eg_span_text(divisor));
}

static void test_integers(void **state)
{
    static const char *const integers[] = {
        "0", "-0", "0.0", "1.0", "1e2", "120e-1", "1.5e1", "-3.00", "0e-99", "1e999999", "12.50e2"};
    static const char *const others[] = {"1.5",  "1e-1",   "12e-2",
                                         "-0.1", "1.05e1", "1e-999999999999"};
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(integers); i++)
        assert_true(eg_schema_number_is_integer(eg_span_text(integers[i])));
    for (size_t i = 0; i < EG_ARRAY_COUNT(others); i++)
        assert_false(eg_schema_number_is_integer(eg_span_text(others[i])));
}

static void test_multiples_are_exact(void **state)
{
    (void)state;
    assert_true(is_multiple("0.3", "0.1")); /* not in binary */
    assert_true(is_multiple("0.0075", "0.0001"));
    assert_false(is_multiple("0.00751", "0.0001"));
    assert_true(is_multiple("-6", "2"));
    assert_false(is_multiple("7", "2"));
    assert_true(is_multiple("4.5", "1.5"));
    assert_true(is_multiple("0", "3"));
    assert_true(is_multiple("0.0", "1e99"));
    assert_false(is_multiple("1", "10"));
    assert_true(is_multiple("1e1", "10"));
}

static void test_multiples_of_any_size(void **state)
{
    (void)state;
    assert_true(is_multiple("1e308", "0.5"));
    assert_true(is_multiple("1e999999999999", "8"));
    assert_false(is_multiple("1e999999999999", "3"));
    assert_false(is_multiple("1", "1e999999999999"));
    assert_true(is_multiple("123456789012345678901234567890", "12345678901234567890123456789"));
    assert_false(is_multiple("123456789012345678901234567891", "12345678901234567890123456789"));
    assert_true(is_multiple("9007199254740993", "3"));
}

static void test_divisors_are_bounded(void **state)
{
    char digits[EG_SCHEMA_MAX_DIVISOR_DIGITS + 2];
    (void)state;
    memset(digits, '7', sizeof(digits) - 1);
    digits[sizeof(digits) - 1] = '\0';
    assert_false(eg_schema_number_can_divide(eg_span_text(digits)));
    digits[sizeof(digits) - 2] = '\0';
    assert_true(eg_schema_number_can_divide(eg_span_text(digits)));
    assert_false(eg_schema_number_can_divide(eg_span_text("0")));
    assert_false(eg_schema_number_can_divide(eg_span_text("0.00")));
    assert_false(eg_schema_number_can_divide(eg_span_text("-1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_multiples_are_exact),
        cmocka_unit_test(test_multiples_of_any_size),
        cmocka_unit_test(test_divisors_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
