/* SPDX-License-Identifier: Apache-2.0 */
/* repr() and str() beside what Python 3.11 prints; the expected texts were printed by it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "text/python.h"

struct text_case {
    const char *json;
    const char *expected;
};

typedef void print_fn(struct eg_buffer *out, const struct eg_json_document *document,
                      eg_json_index index);

static void check_cases(const struct text_case *cases, size_t count, print_fn *print)
{
    struct eg_json_document document;
    eg_json_document_init(&document);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    for (size_t i = 0; i < count; i++) {
        struct eg_error err;
        if (eg_json_document_parse(&document, eg_span_text(cases[i].json), &eg_json_limits_default,
                                   &err))
            fail_msg("%s: %s", cases[i].json, err.message);
        eg_buffer_clear(&out);
        print(&out, &document, 0);
        assert_string_equal(out.data, cases[i].expected);
    }
    eg_json_document_fini(&document);
}

static void values_print_as_in_python(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"{\"a\": 1, \"b\": [true, null, false]}", "{'a': 1, 'b': [True, None, False]}"},
        {"[]", "[]"},
        {"{}", "{}"},
        {"[[], {}, [[1]]]", "[[], {}, [[1]]]"},
        {"{\"a\": {\"b\": {\"c\": [1, {\"d\": 2}]}}, \"e\": 3}",
         "{'a': {'b': {'c': [1, {'d': 2}]}}, 'e': 3}"},
        {"\"zap\"", "'zap'"},
        {"-0", "0"},
        {"-0.0", "-0.0"},
        {"-1", "-1"},
        {"123456789012345678901234567890", "123456789012345678901234567890"},
        {"1.0", "1.0"},
        {"1e2", "100.0"},
        {"1E400", "inf"},
        {"-1e400", "-inf"},
        {"1e-400", "0.0"},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]), eg_python_repr);
}

static void strings_are_quoted_as_in_python(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"\"\"", "''"},
        {"\"it's\"", "\"it's\""},
        {"\"say \\\"hi\\\"\"", "'say \"hi\"'"},
        {"\"it's \\\"both\\\"\"", "'it\\'s \"both\"'"},
        {"\"back\\\\slash\"", "'back\\\\slash'"},
        {"\"\\n\\r\\t\\b\\f\\u0000\\u001f\\u007f\"", "'\\n\\r\\t\\x08\\x0c\\x00\\x1f\\x7f'"},
        {"\"\\u0080\\u0085\\u00a0\\u00ad\"", "'\\x80\\x85\\xa0\\xad'"},
        {"\"\\u00e9\\u20ac\\u540d\"", "'é€名'"},
        {"\"\\u200b\\u2028\\u2029\\u3000\\ufeff\"", "'\\u200b\\u2028\\u2029\\u3000\\ufeff'"},
        {"\"\\ue000\\uffff\\u0378\"", "'\\ue000\\uffff\\u0378'"},
        {"\"\\ud83d\\udc32\"", "'🐲'"},
        {"\"\\udb40\\udc01\\udbff\\udfff\"", "'\\U000e0001\\U0010ffff'"},
        {"\"e\\u0301\"", "'e\u0301'"},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]), eg_python_repr);
}

static void str_leaves_strings_alone(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"\"it's\\n\"", "it's\n"}, {"[\"it's\"]", "[\"it's\"]"},
        {"true", "True"},          {"null", "None"},
        {"1.50", "1.5"},           {"42", "42"},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]), eg_python_str);
}

static void doubles_are_the_shortest_that_read_back(void **state)
{
    (void)state;
    static const struct text_case cases[] = {
        {"0.1", "0.1"},
        {"0.10000000000000001", "0.1"},
        {"1e16", "1e+16"},
        {"9999999999999998.0", "9999999999999998.0"},
        {"1e15", "1000000000000000.0"},
        {"123456789012345680.0", "1.2345678901234568e+17"},
        {"0.0001", "0.0001"},
        {"0.00001", "1e-05"},
        {"0.00012345", "0.00012345"},
        {"1.5e300", "1.5e+300"},
        {"5e-324", "5e-324"},
        {"2.2250738585072014e-308", "2.2250738585072014e-308"},
        {"1.7976931348623157e308", "1.7976931348623157e+308"},
        {"5.684341886080801486968994140625e-14", "5.684341886080802e-14"},
        {"9007199254740993.0", "9007199254740992.0"},
        {"3.141592653589793238", "3.141592653589793"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"100.25", "100.25"},
        {"-12.50", "-12.5"},
        {"1.0000000000000000000000000000000000000000000000000000000000000000000000000001", "1.0"},
    };
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        eg_buffer_clear(&out);
        eg_python_repr_number(&out, eg_span_text(cases[i].json));
        assert_string_equal(out.data, cases[i].expected);
    }
}

static void every_power_of_two_reads_back(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    double value = 0x1p-1074;
    for (int exponent = -1074; exponent < 1024; exponent++, value *= 2) {
        eg_buffer_clear(&out);
        eg_python_repr_double(&out, value);
        assert_true(strtod(out.data, NULL) == value);
    }
}

static void what_is_no_number_has_a_name(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_python_repr_double(&out, __builtin_nan(""));
    eg_python_repr_double(&out, -__builtin_inf());
    assert_string_equal(out.data, "nan-inf");
}

static void bytes_that_are_not_utf8_are_shown(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_python_repr_string(&out, EG_SPAN_LITERAL("a\xff\xc3"));
    assert_string_equal(out.data, "'a\\udcff\\udcc3'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_print_as_in_python),
        cmocka_unit_test(strings_are_quoted_as_in_python),
        cmocka_unit_test(str_leaves_strings_alone),
        cmocka_unit_test(doubles_are_the_shortest_that_read_back),
        cmocka_unit_test(every_power_of_two_reads_back),
        cmocka_unit_test(what_is_no_number_has_a_name),
        cmocka_unit_test(bytes_that_are_not_utf8_are_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
