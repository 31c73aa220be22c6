/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4648 section 10, and everything that a strict decoder must refuse. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/span.h"
#include "crypto/base64.h"

static const struct {
    const char *bytes;
    const char *padded;
    const char *url;
} cases[] = {
    {"", "", ""},
    {"f", "Zg==", "Zg"},
    {"fo", "Zm8=", "Zm8"},
    {"foo", "Zm9v", "Zm9v"},
    {"foob", "Zm9vYg==", "Zm9vYg"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/", "-_-_"},
};

static void test_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        eg_crypto_base64_encode(eg_span_text(cases[i].bytes), &out);
        assert_string_equal(out.data, cases[i].padded);
        eg_buffer_clear(&out);
        eg_crypto_base64url_encode(eg_span_text(cases[i].bytes), &out);
        assert_string_equal(out.data, cases[i].url);
        eg_buffer_clear(&out);
        assert_true(eg_crypto_base64_decode(eg_span_text(cases[i].padded), &out));
        assert_string_equal(out.data, cases[i].bytes);
        eg_buffer_clear(&out);
        assert_true(eg_crypto_base64url_decode(eg_span_text(cases[i].url), &out));
        assert_string_equal(out.data, cases[i].bytes);
    }
}

static void test_every_length(void **state)
{
    (void)state;
    char bytes[64];
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
        EG_AUTOBUFFER struct eg_buffer back = EG_BUFFER_INIT;
        for (size_t i = 0; i < len; i++)
            bytes[i] = (char)(i * 37 + len);
        eg_crypto_base64url_encode(eg_span_of(bytes, len), &text);
        assert_true(eg_crypto_base64url_decode(eg_buffer_span(&text), &back));
        assert_true(eg_span_equal(eg_buffer_span(&back), eg_span_of(bytes, len)));
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const no_base64[] = {
        "Zg",     "Zg=",   "Zg===", "Z===",     "====", "=",       "Zh==", "Zm9=",
        "Zm9v\n", " Zm9v", "Zm 9v", "Zg==Zg==", "-_-_", "Zm9\x80", "Zg=a", "*m9v",
    };
    static const char *const no_base64url[] = {
        "Zg==", "Z", "Zh", "Zm9", "Zm9vY", "Zm9v\n", "Zm 9v", "+/+/", "Zm9\xff", "Zm.v", "=",
    };
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_buffer_append_text(&out, "kept");
    for (size_t i = 0; i < EG_ARRAY_COUNT(no_base64); i++)
        assert_false(eg_crypto_base64_decode(eg_span_text(no_base64[i]), &out));
    for (size_t i = 0; i < EG_ARRAY_COUNT(no_base64url); i++)
        assert_false(eg_crypto_base64url_decode(eg_span_text(no_base64url[i]), &out));
    assert_false(eg_crypto_base64url_decode(eg_span_of("Zm\0v", 4), &out));
    assert_string_equal(out.data, "kept");
    assert_int_equal(out.len, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_every_length),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests_name("crypto/base64", tests, NULL, NULL);
}
