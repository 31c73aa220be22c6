/* SPDX-License-Identifier: Apache-2.0 */
/* JSON to DynamoDB's attribute values: exactly, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/attribute.h"

struct made {
    int ret;
    struct eg_buffer out;
    size_t size_bytes;
    struct eg_error err;
};

static struct made make(const char *json, enum eg_sink_attribute_type type)
{
    struct made made = {0};
    struct eg_json_document document;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(json), NULL, &made.err), 0);
    made.ret = eg_sink_attribute_write(&document, 0, type, &made.out, &made.size_bytes, &made.err);
    eg_json_document_fini(&document);
    return made;
}

static const struct {
    const char *json;
    enum eg_sink_attribute_type type;
    const char *wire;
    size_t size_bytes;
} good[] = {
    {"null", EG_SINK_ATTRIBUTE_AUTO, "{\"NULL\":true}", 1},
    {"true", EG_SINK_ATTRIBUTE_AUTO, "{\"BOOL\":true}", 1},
    {"false", EG_SINK_ATTRIBUTE_AUTO, "{\"BOOL\":false}", 1},
    {"\"\"", EG_SINK_ATTRIBUTE_AUTO, "{\"S\":\"\"}", 0},
    {"\"\\u00e9\\\"\"", EG_SINK_ATTRIBUTE_AUTO, "{\"S\":\"\xC3\xA9\\\"\"}", 3},
    {"12", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"12\"}", 2},
    {"-12", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"-12\"}", 3},
    {"0", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"0\"}", 1},
    {"1.0", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"1.0\"}", 2},
    {"12345678901234567890123456789012345678", EG_SINK_ATTRIBUTE_AUTO,
     "{\"N\":\"12345678901234567890123456789012345678\"}", 20},
    {"0.000123e-4", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"0.000123e-4\"}", 3},
    {"9.99E125", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"9.99E125\"}", 3},
    {"1e-130", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"1e-130\"}", 2},
    {"0e999", EG_SINK_ATTRIBUTE_AUTO, "{\"N\":\"0e999\"}", 1},
    {"[]", EG_SINK_ATTRIBUTE_AUTO, "{\"L\":[]}", 3},
    {"{}", EG_SINK_ATTRIBUTE_AUTO, "{\"M\":{}}", 3},
    {"[1,\"a\"]", EG_SINK_ATTRIBUTE_AUTO, "{\"L\":[{\"N\":\"1\"},{\"S\":\"a\"}]}", 3 + 2 + 1 + 2},
    {"{\"ab\":[null]}", EG_SINK_ATTRIBUTE_AUTO, "{\"M\":{\"ab\":{\"L\":[{\"NULL\":true}]}}}",
     3 + 2 + 1 + 3 + 1 + 1},
    {"12", EG_SINK_ATTRIBUTE_S, "{\"S\":\"12\"}", 2},
    {"true", EG_SINK_ATTRIBUTE_S, "{\"S\":\"true\"}", 4},
    {"\"12\"", EG_SINK_ATTRIBUTE_N, "{\"N\":\"12\"}", 2},
    {"\"1603294852000\"", EG_SINK_ATTRIBUTE_N, "{\"N\":\"1603294852000\"}", 6},
    {"\"true\"", EG_SINK_ATTRIBUTE_BOOL, "{\"BOOL\":true}", 1},
    {"\"AAEC\"", EG_SINK_ATTRIBUTE_B, "{\"B\":\"AAEC\"}", 3},
    {"\"x\"", EG_SINK_ATTRIBUTE_NULL, "{\"NULL\":true}", 1},
    {"[\"b\",\"a\"]", EG_SINK_ATTRIBUTE_SS, "{\"SS\":[\"b\",\"a\"]}", 2},
    {"[1,\"2\"]", EG_SINK_ATTRIBUTE_NS, "{\"NS\":[\"1\",\"2\"]}", 4},
    {"[\"AAEC\",\"\"]", EG_SINK_ATTRIBUTE_BS, "{\"BS\":[\"AAEC\",\"\"]}", 3},
};

static void values_become_attributes(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(good); i++) {
        struct made made = make(good[i].json, good[i].type);
        if (made.ret != 0)
            fail_msg("%s: %s", good[i].json, made.err.message);
        assert_string_equal(made.out.data, good[i].wire);
        if (made.size_bytes != good[i].size_bytes)
            fail_msg("%s counts %zu bytes", good[i].json, made.size_bytes);
        eg_buffer_fini(&made.out);
    }
}

static const struct {
    const char *json;
    enum eg_sink_attribute_type type;
    const char *message;
} bad[] = {
    {"123456789012345678901234567890123456789", EG_SINK_ATTRIBUTE_AUTO, "39 digits"},
    {"1e126", EG_SINK_ATTRIBUTE_AUTO, "out of DynamoDB's range"},
    {"0.1e-130", EG_SINK_ATTRIBUTE_AUTO, "out of DynamoDB's range"},
    {"1e99999999999999999999", EG_SINK_ATTRIBUTE_AUTO, "out of DynamoDB's range"},
    {"-1e-99999999999999999999", EG_SINK_ATTRIBUTE_AUTO, "out of DynamoDB's range"},
    {"\"\"", EG_SINK_ATTRIBUTE_N, "not a number"},
    {"\"01\"", EG_SINK_ATTRIBUTE_N, "not a number"},
    {"\"1.\"", EG_SINK_ATTRIBUTE_N, "not a number"},
    {"\"1e\"", EG_SINK_ATTRIBUTE_N, "not a number"},
    {"\" 1\"", EG_SINK_ATTRIBUTE_N, "not a number"},
    {"\"NaN\"", EG_SINK_ATTRIBUTE_N, "not a number"},
    {"[1]", EG_SINK_ATTRIBUTE_N, "N can't be made of a list"},
    {"{}", EG_SINK_ATTRIBUTE_S, "S can't be made of a list or an object"},
    {"\"A\"", EG_SINK_ATTRIBUTE_B, "not base64"},
    {"1", EG_SINK_ATTRIBUTE_BOOL, "neither true nor false"},
    {"[]", EG_SINK_ATTRIBUTE_SS, "one member or more"},
    {"\"a\"", EG_SINK_ATTRIBUTE_SS, "one member or more"},
    {"[\"a\",\"b\",\"a\"]", EG_SINK_ATTRIBUTE_SS, "a member twice"},
    {"[1,1.0]", EG_SINK_ATTRIBUTE_NS, "a member twice"},
    {"[1,\"x\"]", EG_SINK_ATTRIBUTE_NS, "not a number"},
    {"[null]", EG_SINK_ATTRIBUTE_SS, "holds a list, an object or null"},
    {"{}", EG_SINK_ATTRIBUTE_L, "a list was expected"},
    {"[]", EG_SINK_ATTRIBUTE_M, "an object was expected"},
    {"{\"a\":[1e200]}", EG_SINK_ATTRIBUTE_AUTO, "a: [0]: a number is out"},
};

static void what_dynamodb_would_refuse_is_found_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++) {
        struct made made = make(bad[i].json, bad[i].type);
        assert_int_equal(made.ret, -1);
        if (!strstr(made.err.message, bad[i].message))
            fail_msg("%s: %s", bad[i].json, made.err.message);
        assert_int_equal(made.err.code, EG_ERR_INVALID);
        eg_buffer_fini(&made.out);
    }
}

static void nesting_ends_at_32_levels(void **state)
{
    (void)state;
    char json[128];
    for (unsigned levels = 32; levels <= 33; levels++) {
        (void)snprintf(json, sizeof(json), "%.*s%.*s", (int)levels - 1,
                       "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", (int)levels - 1,
                       "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        struct made made = make(json, EG_SINK_ATTRIBUTE_AUTO);
        assert_int_equal(made.ret, 0);
        eg_buffer_fini(&made.out);
    }
    struct made made = make("[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
                            EG_SINK_ATTRIBUTE_AUTO);
    assert_int_equal(made.ret, -1);
    assert_non_null(strstr(made.err.message, "32 levels"));
    eg_buffer_fini(&made.out);
}

static void an_item_is_its_members(void **state)
{
    (void)state;
    struct eg_error err;
    struct eg_json_document document;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    size_t size_bytes = 0;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(
                         &document, eg_span_text("{\"id\":\"x\",\"n\":{\"a\":1}}"), NULL, &err),
                     0);
    assert_int_equal(eg_sink_attribute_write_item(&document, 0, &out, &size_bytes, &err), 0);
    assert_string_equal(out.data, "{\"id\":{\"S\":\"x\"},\"n\":{\"M\":{\"a\":{\"N\":\"1\"}}}}");
    assert_int_equal(size_bytes, 2 + 1 + 1 + 3 + 1 + 1 + 2);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text("[1]"), NULL, &err), 0);
    assert_int_equal(eg_sink_attribute_write_item(&document, 0, &out, &size_bytes, &err), -1);
    eg_json_document_fini(&document);
}

static void types_have_names(void **state)
{
    (void)state;
    enum eg_sink_attribute_type type;
    assert_true(eg_sink_attribute_type_find(EG_SPAN_LITERAL("NS"), &type));
    assert_int_equal(type, EG_SINK_ATTRIBUTE_NS);
    assert_string_equal(eg_sink_attribute_type_name(type), "NS");
    assert_false(eg_sink_attribute_type_find(EG_SPAN_LITERAL("ns"), &type));
    assert_false(eg_sink_attribute_type_find(EG_SPAN_LITERAL("AUTO"), &type));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_become_attributes),
        cmocka_unit_test(what_dynamodb_would_refuse_is_found_here),
        cmocka_unit_test(nesting_ends_at_32_levels),
        cmocka_unit_test(an_item_is_its_members),
        cmocka_unit_test(types_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
