/* SPDX-License-Identifier: Apache-2.0 */
/* Verdicts, python-jsonschema's words, paths, and what bounds a validation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/span.h"
#include "schema/schema.h"
#include "json/document.h"

struct judged {
    struct eg_schema *schema;
    struct eg_schema_scratch *scratch;
    struct eg_json_document document;
    struct eg_schema_report report;
    bool valid;
};

static void judge(struct judged *judged, const char *schema, const char *event, size_t max_failures)
{
    struct eg_error err = {.message = ""};
    if (eg_schema_compile(eg_span_text(schema), NULL, &judged->schema, &err) != 0)
        fail_msg("%s", err.message);
    judged->scratch = eg_schema_scratch_new();
    eg_json_document_init(&judged->document);
    assert_int_equal(eg_json_document_parse(&judged->document, eg_span_text(event), NULL, &err), 0);
    judged->valid = eg_schema_is_valid(judged->schema, judged->scratch, &judged->document, 0);
    assert_int_equal(judged->valid,
                     eg_schema_explain(judged->schema, judged->scratch, &judged->document, 0,
                                       max_failures, &judged->report));
}

static void judged_fini(struct judged *judged)
{
    eg_json_document_fini(&judged->document);
    eg_schema_scratch_destroy(judged->scratch);
    eg_schema_destroy(judged->schema);
}

static void assert_span(struct eg_span span, const char *wanted)
{
    assert_int_equal(span.len, strlen(wanted));
    assert_memory_equal(span.ptr, wanted, span.len);
}

static void assert_message(const char *schema, const char *event, const char *wanted)
{
    struct judged judged;
    judge(&judged, schema, event, 10);
    if (!wanted)
        assert_true(judged.valid);
    else
        assert_span(judged.report.failures[0].message, wanted);
    judged_fini(&judged);
}

/* Each wanted text is what python-jsonschema 4.26 says to the same schema and event. */
static void test_first_message_is_pythons(void **state)
{
    static const struct {
        const char *schema;
        const char *event;
        const char *wanted;
    } cases[] = {
        {"{\"required\":[\"timestamp\"]}", "{}", "'timestamp' is a required property"},
        {"{\"type\":\"object\"}", "[]", "[] is not of type 'object'"},
        {"{\"type\":[\"string\",\"null\"]}", "1.0", "1.0 is not of type 'string', 'null'"},
        {"{\"enum\":[\"a\",1,null]}", "\"z\"", "'z' is not one of ['a', 1, None]"},
        {"{\"const\":{\"a\":true}}", "0", "{'a': True} was expected"},
        {"{\"minimum\":0}", "-1", "-1 is less than the minimum of 0"},
        {"{\"exclusiveMaximum\":3}", "3", "3 is greater than or equal to the maximum of 3"},
        {"{\"multipleOf\":2}", "7", "7 is not a multiple of 2"},
        {"{\"minLength\":2}", "\"\\u00e9\"", "'\xc3\xa9' is too short"},
        {"{\"minLength\":1}", "\"\"", "'' should be non-empty"},
        {"{\"maxItems\":0}", "[1]", "[1] is expected to be empty"},
        {"{\"pattern\":\"^a\"}", "\"b\"", "'b' does not match '^a'"},
        {"{\"uniqueItems\":true}", "[1,1.0]", "[1, 1.0] has non-unique elements"},
        {"{\"additionalProperties\":false}", "{\"b\":1,\"a\":2}",
         "Additional properties are not allowed ('a', 'b' were unexpected)"},
        {"{\"additionalProperties\":false,\"patternProperties\":{\"^x\":true}}", "{\"b\":1}",
         "'b' does not match any of the regexes: '^x'"},
        {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}", "'b' is a dependency of 'a'"},
        {"{\"contains\":{\"type\":\"null\"}}", "[1]",
         "[1] does not contain items matching the given schema"},
        {"{\"contains\":true,\"minContains\":2}", "[1]",
         "Too few items match the given schema (expected at least 2 but only 1 matched)"},
        {"{\"contains\":true,\"maxContains\":1}", "[1,2]",
         "Too many items match the given schema (expected at most 1)"},
        {"{\"prefixItems\":[true],\"items\":false}", "[1,2,3]",
         "Expected at most 1 item but found 2 extra: [2, 3]"},
        {"{\"not\":{\"type\":\"null\"}}", "null",
         "None should not be valid under {'type': 'null'}"},
        {"{\"oneOf\":[true,{\"minimum\":0}]}", "1",
         "1 is valid under each of {'minimum': 0}, True"},
        {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\",\"minimum\":5}]}", "1",
         "1 is less than the minimum of 5"},
        {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1",
         "1 is not valid under any of the given schemas"},
        {"{\"properties\":{\"a\":false}}", "{\"a\":1}", "False schema does not allow 1"},
        {"{\"unevaluatedProperties\":false,\"properties\":{\"a\":true}}", "{\"a\":1,\"b\":2}",
         "Unevaluated properties are not allowed ('b' was unexpected)"},
        {"{\"unevaluatedItems\":false,\"prefixItems\":[true]}", "[1,2]",
         "Unevaluated items are not allowed (2 was unexpected)"},
        {"{\"properties\":{\"a\":{\"type\":\"null\"}},\"required\":[\"b\"]}", "{\"a\":1}",
         "'b' is a required property"},
    };
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        assert_message(cases[i].schema, cases[i].event, cases[i].wanted);
}

static void test_python_specials(void **state)
{
    (void)state;
    assert_message("{\"type\":\"integer\"}", "1.0", NULL);
    assert_message("{\"type\":\"number\"}", "true", "True is not of type 'number'");
    assert_message("{\"format\":\"uuid\"}", "\"x\"", NULL);
    assert_message("{\"enum\":[1]}", "true", "True is not one of [1]");
    assert_message("{\"maximum\":12345678901234567890}", "12345678901234567891",
                   "12345678901234567891 is greater than the maximum of 12345678901234567890");
}

static void test_limits_of_decimals(void **state)
{
    (void)state;
    assert_message("{\"minimum\":-1}", "-1.0", NULL);
    assert_message("{\"minimum\":-1}", "-1.5", "-1.5 is less than the minimum of -1");
    assert_message("{\"exclusiveMinimum\":0}", "0.000",
                   "0.0 is less than or equal to the minimum of 0");
    assert_message("{\"maximum\":1}", "1.000000001",
                   "1.000000001 is greater than the maximum of 1");
    assert_message("{\"maximum\":1}", "0.9e1", "9.0 is greater than the maximum of 1");
}

static void test_paths_and_keywords(void **state)
{
    struct judged judged;
    (void)state;
    judge(&judged,
          "{\"properties\":{\"a/b\":{\"items\":{\"$ref\":\"#/$defs/n\"}}},"
          "\"$defs\":{\"n\":{\"allOf\":[true,{\"minimum\":5}]}},\"required\":[\"z\"]}",
          "{\"a/b\":[9,1]}", 10);
    assert_int_equal(judged.report.count, 2);
    assert_span(judged.report.failures[0].keyword, "required");
    assert_span(judged.report.failures[0].instance_path, "");
    assert_span(judged.report.failures[0].schema_path, "/required");
    assert_span(judged.report.failures[1].keyword, "minimum");
    assert_span(judged.report.failures[1].instance_path, "/a~1b/1");
    assert_span(judged.report.failures[1].schema_path,
                "/properties/a~1b/items/$ref/allOf/1/minimum");
    assert_false(judged.report.truncated);
    judged_fini(&judged);
}

static void test_best_match_of_a_context_comes_first_then_its_parent(void **state)
{
    struct judged judged;
    (void)state;
    judge(&judged, "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"number\",\"minimum\":5}]}", "1",
          10);
    assert_int_equal(judged.report.count, 2);
    assert_span(judged.report.failures[0].schema_path, "/anyOf/1/minimum");
    assert_span(judged.report.failures[1].schema_path, "/anyOf");
    judged_fini(&judged);
}

static void test_failures_are_capped(void **state)
{
    struct judged judged;
    (void)state;
    judge(&judged, "{\"items\":{\"type\":\"null\"}}", "[1,2,3,4,5]", 3);
    assert_int_equal(judged.report.count, 3);
    assert_true(judged.report.truncated);
    assert_span(judged.report.failures[0].instance_path, "/4");
    judged_fini(&judged);
}

static void test_nesting_is_bounded_inside_not_too(void **state)
{
    struct judged judged;
    (void)state;
    /* Ends for nothing but a string; the first alternative is harmless, so it compiles. */
    judge(&judged,
          "{\"not\":{\"$ref\":\"#/$defs/a\"},\"$defs\":{\"a\":{\"anyOf\":[{\"type\":\"string\"},"
          "{\"$ref\":\"#/$defs/a\"}]}}}",
          "1", 10);
    assert_false(judged.valid);
    assert_int_equal(judged.report.count, 1);
    assert_non_null(strstr(judged.report.failures[0].message.ptr, "more than 1024 deep"));
    judged_fini(&judged);
}

static void test_steps_are_bounded(void **state)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct judged judged;
    (void)state;
    eg_buffer_append_text(&text, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (int i = 0; i < 40; i++)
        eg_buffer_printf(&text,
                         "\"d%d\":{\"anyOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"allOf\":"
                         "[{\"$ref\":\"#/$defs/d%d\"}]}]},",
                         i, i + 1, i + 1);
    eg_buffer_append_text(&text, "\"d40\":{\"type\":\"string\"}}}");
    judge(&judged, text.data, "1", 10);
    assert_false(judged.valid);
    assert_non_null(strstr(judged.report.failures[0].message.ptr, "too many steps"));
    judged_fini(&judged);
}

static void test_many_required_members(void **state)
{
    EG_AUTOBUFFER struct eg_buffer schema = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer event = EG_BUFFER_INIT;
    (void)state;
    eg_buffer_append_text(&schema, "{\"required\":[");
    eg_buffer_append_text(&event, "{");
    for (int i = 0; i < 150; i++) {
        eg_buffer_printf(&schema, "%s\"member-%d-same-end\"", i ? "," : "", i);
        if (i != 149)
            eg_buffer_printf(&event, "%s\"member-%d-same-end\":1", i ? "," : "", i);
    }
    eg_buffer_append_text(&schema, "]}");
    eg_buffer_append_text(&event, ",\"x\":0}");
    assert_message(schema.data, event.data, "'member-149-same-end' is a required property");
    event.len -= 7;
    eg_buffer_append_text(&event, ",\"member-149-same-end\":1}");
    assert_message(schema.data, event.data, NULL);
}

static void test_unique_items_by_hash(void **state)
{
    EG_AUTOBUFFER struct eg_buffer event = EG_BUFFER_INIT;
    struct judged judged;
    (void)state;
    eg_buffer_append_char(&event, '[');
    for (int i = 0; i < 3000; i++)
        eg_buffer_printf(&event, "{\"a\":%d,\"b\":[%d]},", i, i);
    size_t len = event.len;
    eg_buffer_append_text(&event, "null]");
    assert_message("{\"uniqueItems\":true}", event.data, NULL);
    event.len = len;
    eg_buffer_append_text(&event, "{\"b\":[1e1],\"a\":10.0}]");
    judge(&judged, "{\"uniqueItems\":true}", event.data, 1);
    assert_false(judged.valid);
    judged_fini(&judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_message_is_pythons),
        cmocka_unit_test(test_python_specials),
        cmocka_unit_test(test_limits_of_decimals),
        cmocka_unit_test(test_paths_and_keywords),
        cmocka_unit_test(test_best_match_of_a_context_comes_first_then_its_parent),
        cmocka_unit_test(test_failures_are_capped),
        cmocka_unit_test(test_nesting_is_bounded_inside_not_too),
        cmocka_unit_test(test_steps_are_bounded),
        cmocka_unit_test(test_many_required_members),
        cmocka_unit_test(test_unique_items_by_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
