/* SPDX-License-Identifier: Apache-2.0 */
/* Identifiers: their form, their order, and that they differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "crypto/random.h"

static void check_form(const char *text, char version)
{
    assert_int_equal(strlen(text), EG_CRYPTO_UUID_BYTES - 1);
    for (size_t i = 0; i < EG_CRYPTO_UUID_BYTES - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23)
            assert_int_equal(text[i], '-');
        else
            assert_non_null(strchr("0123456789abcdef", text[i]));
    }
    assert_int_equal(text[14], version);
    assert_non_null(strchr("89ab", text[19]));
}

static void test_random_bytes_differ(void **state)
{
    (void)state;
    unsigned char a[600] = {0};
    unsigned char b[600] = {0};
    eg_crypto_random(a, sizeof(a));
    eg_crypto_random(b, sizeof(b));
    assert_memory_not_equal(a, b, sizeof(a));
    assert_memory_not_equal(a + 300, b + 300, 300);
}

static void test_uuid_v4(void **state)
{
    (void)state;
    char before[EG_CRYPTO_UUID_BYTES] = "";
    for (int i = 0; i < 1000; i++) {
        char text[EG_CRYPTO_UUID_BYTES];
        eg_crypto_uuid_v4(text);
        check_form(text, '4');
        assert_string_not_equal(text, before);
        memcpy(before, text, sizeof(text));
    }
}

static void test_uuid_v7_begins_with_the_time(void **state)
{
    (void)state;
    char text[EG_CRYPTO_UUID_BYTES];
    /* RFC 9562 appendix A.6: 2022-02-22T19:22:22Z is 0x017F22E279B0 ms. */
    eg_crypto_uuid_v7(INT64_C(1645557742000) * 1000, text);
    check_form(text, '7');
    assert_memory_equal(text, "017f22e2-79b0-7000-", 19);
}

static void test_uuid_v7_sorts_by_time(void **state)
{
    (void)state;
    char before[EG_CRYPTO_UUID_BYTES] = "";
    for (int64_t us = 1700000000000000; us < 1700000000004000; us++) {
        char text[EG_CRYPTO_UUID_BYTES];
        eg_crypto_uuid_v7(us, text);
        check_form(text, '7');
        assert_true(strcmp(before, text) < 0);
        memcpy(before, text, sizeof(text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_bytes_differ),
        cmocka_unit_test(test_uuid_v4),
        cmocka_unit_test(test_uuid_v7_begins_with_the_time),
        cmocka_unit_test(test_uuid_v7_sorts_by_time),
    };
    return cmocka_run_group_tests_name("crypto/random", tests, NULL, NULL);
}
