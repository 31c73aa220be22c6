/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3986: the examples of 5.4, and what references of schemas need beside them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/span.h"
#include "schema/uri.h"

static void assert_resolves(const char *base, const char *reference, const char *wanted)
{
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_schema_uri_resolve(eg_span_text(base), eg_span_text(reference), &out);
    assert_string_equal(out.data ? out.data : "", wanted);
}

static void test_examples_of_rfc_3986(void **state)
{
    static const struct {
        const char *reference;
        const char *wanted;
    } examples[] = {
        {"g:h", "g:h"},
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"#s", "http://a/b/c/d;p?q"},
        {";x", "http://a/b/c/;x"},
        {"", "http://a/b/c/d;p?q"},
        {".", "http://a/b/c/"},
        {"./", "http://a/b/c/"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../..", "http://a/"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/../h", "http://a/b/c/h"},
        {"g;x=1/../y", "http://a/b/c/y"},
    };
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(examples); i++)
        assert_resolves("http://a/b/c/d;p?q", examples[i].reference, examples[i].wanted);
}

static void test_bases_without_a_path(void **state)
{
    (void)state;
    assert_resolves("http://a", "g", "http://a/g");
    assert_resolves("urn:example:root", "#x", "urn:example:root");
    assert_resolves("", "g.json", "g.json");
}

static void test_fragment_is_split_and_decoded(void **state)
{
    (void)state;
    struct eg_span base;
    struct eg_span fragment;
    eg_schema_uri_split(eg_span_text("a#/b%25c"), &base, &fragment);
    assert_true(eg_span_is(base, "a"));
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_true(eg_schema_uri_decode(fragment, &out));
    assert_string_equal(out.data, "/b%c");
    assert_false(eg_schema_uri_decode(eg_span_text("%2"), &out));
    assert_false(eg_schema_uri_decode(eg_span_text("%zz"), &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_examples_of_rfc_3986),
        cmocka_unit_test(test_bases_without_a_path),
        cmocka_unit_test(test_fragment_is_split_and_decoded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
