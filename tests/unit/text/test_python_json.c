/* SPDX-License-Identifier: Apache-2.0 */
/* json.dumps() beside what Python 3.11 prints; the expected texts were printed by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "text/python_json.h"

static void check(const char *json, const char *expected)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    struct eg_json_document document;
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, eg_span_text(json), &limits, &err))
        fail_msg("%s: %s", json, err.message);
    eg_python_json_dumps(&out, &document, 0);
    assert_string_equal(out.data, expected);
    eg_json_document_fini(&document);
}

static void separators_are_those_of_python(void **state)
{
    (void)state;
    check(" { \"a\" :[1,2 , 3],\n\"b\":{} ,\"c\":[]}", "{\"a\": [1, 2, 3], \"b\": {}, \"c\": []}");
    check("[true,false,null]", "[true, false, null]");
    check("{\"a\":{\"b\":[{\"c\":1}]}}", "{\"a\": {\"b\": [{\"c\": 1}]}}");
}

static void strings_are_ascii(void **state)
{
    (void)state;
    check("\"\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"", "\"\\u00e9 \\u20ac \\ud83d\\ude00\"");
    check("\"\\\" \\\\ \\/ \\b\\f\\n\\r\\t\"", "\"\\\" \\\\ / \\b\\f\\n\\r\\t\"");
    check("\"\\u0000\\u001f\x7F~\"", "\"\\u0000\\u001f\\u007f~\"");
    check("{\"\xC3\xA9\":\"\"}", "{\"\\u00e9\": \"\"}");
    check("\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"");
}

static void numbers_are_those_of_python(void **state)
{
    (void)state;
    check("[1.0,1.50,1e16,1E-5,0.0001,123456789012345678901234567890]",
          "[1.0, 1.5, 1e+16, 1e-05, 0.0001, 123456789012345678901234567890]");
    check("[-0,-0.0,0.1,1e2,2.5E3]", "[0, -0.0, 0.1, 100.0, 2500.0]");
    check("[1e999,-1e999]", "[Infinity, -Infinity]");
    check("[3.141592653589793238,5e-324]", "[3.141592653589793, 5e-324]");
}

static void of_a_name_that_stands_twice_the_last_value_counts(void **state)
{
    (void)state;
    check("{\"a\":1,\"b\":2,\"a\":3}", "{\"a\": 3, \"b\": 2}");
    check("{\"x\":{\"k\":1,\"k\":[2]},\"x\":{\"k\":4,\"j\":5,\"k\":6}}",
          "{\"x\": {\"k\": 6, \"j\": 5}}");
    check("{\"z\":1,\"y\":2,\"x\":3}", "{\"z\": 1, \"y\": 2, \"x\": 3}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(separators_are_those_of_python),
        cmocka_unit_test(strings_are_ascii),
        cmocka_unit_test(numbers_are_those_of_python),
        cmocka_unit_test(of_a_name_that_stands_twice_the_last_value_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
