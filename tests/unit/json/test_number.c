/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as text: order, conversion and hash, at any length and exponent. */
#include "reading.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>

#include "json/number.h"

/* In ascending order; those in one row are equal. NULL ends a row. */
static const char *const ladder[][6] = {
    {"-1e99999999999999999999999999", "-10e99999999999999999999999998", NULL},
    {"-1e400", "-0.1e401", NULL},
    {"-12345678901234567891", NULL},
    {"-12345678901234567890", "-1234567890123456789e1", NULL},
    {"-10", "-1e1", "-10.0", "-100e-1", NULL},
    {"-1.5", "-15e-1", NULL},
    {"-1e-400", NULL},
    {"0", "-0", "0.000", "0e99999999999999999999", "-0.0e-5", NULL},
    {"1e-99999999999999999999999999", "0.1e-99999999999999999999999998", NULL},
    {"1e-18446744073709551617", NULL},
    {"1e-18446744073709551616", "10e-18446744073709551617", NULL},
    {"0.001", "1e-3", "1E-0003", "0.0010", NULL},
    {"0.1", NULL},
    {"0.10000000000000000000000000000000000001", NULL},
    {"0.9", NULL},
    {"1", "1.0", "1e0", "1e+00", "0.1e1", NULL},
    {"1.000000000000000000000000000000000000000000001", NULL},
    {"9", NULL},
    {"10", "1e1", "1.0e1", "0.10e2", NULL},
    {"101", "1.01e2", NULL},
    {"110", "1.1e2", NULL},
    {"9007199254740992", NULL},
    {"9007199254740993", "9007199254740993.0", NULL},
    {"12345678901234567890", "1.234567890123456789e19", NULL},
    {"12345678901234567891", NULL},
    {"1e308", NULL},
    {"1e309", "1000e306", NULL},
    {"1e9223372036854775807", NULL},
    {"1e9223372036854775808", "0.01e9223372036854775810", NULL},
    {"1e99999999999999999999999999", "0.001e100000000000000000000000002", NULL},
};

static void test_compare_and_hash(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(ladder); i++)
        for (size_t k = 0; k < EG_ARRAY_COUNT(ladder); k++)
            for (size_t a = 0; ladder[i][a]; a++)
                for (size_t b = 0; ladder[k][b]; b++) {
                    struct eg_span left = eg_span_text(ladder[i][a]);
                    struct eg_span right = eg_span_text(ladder[k][b]);
                    int order = eg_json_number_compare(left, right);
                    int expected = (i > k) - (i < k);
                    if ((order > 0) - (order < 0) != expected)
                        fail_msg("%s against %s: %d", left.ptr, right.ptr, order);
                    if (i == k)
                        assert_true(eg_json_number_hash(left) == eg_json_number_hash(right));
                }
}

/* Among them powers that no integer of ours holds: none may fall together, or arrays of them would.
 */
static void test_hashes_differ(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(ladder); i++)
        for (size_t k = 0; k < i; k++)
            assert_true(eg_json_number_hash(eg_span_text(ladder[k][0])) !=
                        eg_json_number_hash(eg_span_text(ladder[i][0])));
    assert_true(eg_json_number_hash(EG_SPAN_LITERAL("12")) !=
                eg_json_number_hash(EG_SPAN_LITERAL("21")));
    assert_true(eg_json_number_hash(EG_SPAN_LITERAL("12")) !=
                eg_json_number_hash(EG_SPAN_LITERAL("-12")));
}

static void test_int64_takes_exact_values_only(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool exact;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {"-0", true, 0},
        {"0e99999999999999999999", true, 0},
        {"1.0", true, 1},
        {"1e2", true, 100},
        {"-12.50e1", true, -125},
        {"0.5e1", true, 5},
        {"1000e-3", true, 1},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775807.000", true, INT64_MAX},
        {"9.223372036854775807e18", true, INT64_MAX},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"18446744073709551616", false, 0},
        {"9999999999999999999", false, 0},
        {"1e19", false, 0},
        {"1e99999999999999999999", false, 0},
        {"1.5", false, 0},
        {"1e-1", false, 0},
        {"1e-99999999999999999999", false, 0},
        {"0.1", false, 0},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct reading reading;
        int64_t value = 77;
        reading_open(&reading, cases[i].text);
        if (eg_json_int64(&reading.document, 0, &value) != cases[i].exact)
            fail_msg("%s", cases[i].text);
        assert_true(value == (cases[i].exact ? cases[i].value : 77));
        reading_close(&reading);
    }
}

static void expect_double(const char *text)
{
    struct reading reading;
    reading_open(&reading, text);
    double value = eg_json_double(&reading.document, 0);
    double expected = strtod(text, NULL);
    if (memcmp(&value, &expected, sizeof(value)) != 0)
        fail_msg("%s: %a, expected %a", text, value, expected);
    reading_close(&reading);
}

static void test_double_rounds_like_strtod(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0e5",
        "1",
        "-1.5",
        "0.1",
        "123456789012345",
        "1234567890123456",
        "9007199254740993",
        "1e22",
        "1e23",
        "1e-22",
        "1e-23",
        "4.35",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9e-324",
        "2.4703282292062327e-324",
        "2.5e-324",
        "1e-400",
        "1.7976931348623157e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e309",
        "1e99999999999",
        "1e-99999999999",
        "8.442911973260991817129021e-309",
        "0.000000000000000000000000000000000000000000000000000000000000000000001",
        "100000000000000000000000000000000000000000000000000000000000000000000000000.5",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(texts); i++)
        expect_double(texts[i]);
}

/* Halfway between 1 and the next double: the 1 behind a thousand zeros decides. */
static void test_double_looks_at_every_digit(void **state)
{
    (void)state;
    char text[1200] = "1.00000000000000011102230246251565404236316680908203125";
    size_t len = strlen(text);
    expect_double(text);
    memset(text + len, '0', 1000);
    strcpy(text + len + 1000, "1");
    expect_double(text);
    memset(text, '7', 1100);
    strcpy(text + 1100, "e-1099");
    expect_double(text);
}

static void test_double_in_another_locale(void **state)
{
    (void)state;
    if (!setlocale(LC_NUMERIC, "de_DE.UTF-8"))
        skip();
    struct reading reading;
    reading_open(&reading, "1234567890123456.75");
    assert_true(eg_json_double(&reading.document, 0) == 0x1.18b54f22aeb03p+50);
    reading_close(&reading);
    (void)setlocale(LC_NUMERIC, "C");
}

static void test_double_of_many(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        char text[64];
        double value;
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        memcpy(&value, &seed, sizeof(value));
        if (!isfinite(value))
            continue;
        (void)snprintf(text, sizeof(text), "%.*g", 1 + i % 20, value);
        expect_double(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare_and_hash),
        cmocka_unit_test(test_hashes_differ),
        cmocka_unit_test(test_int64_takes_exact_values_only),
        cmocka_unit_test(test_double_rounds_like_strtod),
        cmocka_unit_test(test_double_looks_at_every_digit),
        cmocka_unit_test(test_double_in_another_locale),
        cmocka_unit_test(test_double_of_many),
    };
    return cmocka_run_group_tests_name("json/number", tests, NULL, NULL);
}
