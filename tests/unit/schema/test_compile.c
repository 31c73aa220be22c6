/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas as input: what is refused, and that the message names the place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/span.h"
#include "schema/program.h"
#include "schema/schema.h"
#include "schema/store.h"

static struct eg_schema *compile(const char *text, const struct eg_schema_options *options)
{
    struct eg_schema *schema = NULL;
    struct eg_error err = {.message = ""};
    if (eg_schema_compile(eg_span_text(text), options, &schema, &err) != 0)
        fail_msg("%s", err.message);
    return schema;
}

static void assert_refused(const char *text, const struct eg_schema_options *options,
                           const char *wanted)
{
    struct eg_schema *schema = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_schema_compile(eg_span_text(text), options, &schema, &err), -1);
    assert_null(schema);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    if (!strstr(err.message, wanted))
        fail_msg("'%s' does not hold '%s'", err.message, wanted);
}

static void test_invalid_schemas_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *schema;
        const char *wanted;
    } cases[] = {
        {"{", "not readable JSON"},
        {"[]", "at \"\": expected a schema"},
        {"{\"minimum\":\"x\"}", "at \"/minimum\": 'x' is not of type 'number'"},
        {"{\"properties\":{\"a/b\":{\"type\":\"strin\"}}}", "at \"/properties/a~1b/type\""},
        {"{\"properties\":{\"a\":{\"pattern\":\"(\"}}}", "at \"/properties/a/pattern\""},
        {"{\"required\":[\"a\",\"a\"]}", "at \"/required\""},
        {"{\"$defs\":{\"unused\":{\"maxLength\":-1}}}", "at \"/$defs/unused/maxLength\""},
        {"{\"$ref\":\"#/nothing\"}", "nothing stands at '/nothing'"},
        {"{\"$ref\":\"#nowhere\"}", "no anchor 'nowhere'"},
        {"{\"$ref\":\"https://example.org/x\"}", "no schema is known as 'https://example.org/x'"},
        {"{\"$schema\":\"http://json-schema.org/draft-03/schema#\"}", "is not known"},
        {"{\"multipleOf\":0}", "at \"/multipleOf\""},
        {"{\"$defs\":{\"a\":{\"$anchor\":\"x\"},\"b\":{\"$anchor\":\"x\"}}}", "the anchor 'x'"},
        {"{\"$ref\":\"#/examples/0\",\"examples\":[{\"minLength\":\"a\"}]}",
         "at \"/examples/0/minLength\": expected an integer, 0 or more"},
        {"{\"$ref\":\"#/examples/0\",\"examples\":[7]}",
         "at \"/examples/0\": expected a schema: an object, true or false"},
    };
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        assert_refused(cases[i].schema, NULL, cases[i].wanted);
}

static void test_schemas_without_an_end_are_refused(void **state)
{
    static const char *const cases[] = {
        "{\"$ref\":\"#\"}",
        "{\"allOf\":[{\"$ref\":\"#\"}]}",
        "{\"not\":{\"$ref\":\"#\"}}",
        "{\"anyOf\":[{\"$ref\":\"#\"},true]}",
        ("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/b\"},"
         "\"b\":{\"$ref\":\"#/$defs/a\"}}}"),
    };
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        assert_refused(cases[i], NULL, "without an end");
    eg_schema_destroy(compile("{\"properties\":{\"a\":{\"$ref\":\"#\"}}}", NULL));
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    for (int i = 0; i < 200; i++)
        eg_buffer_append_text(&text, "{\"not\":");
    eg_buffer_append_text(&text, "true");
    for (int i = 0; i < 200; i++)
        eg_buffer_append_char(&text, '}');
    assert_refused(text.data, NULL, "not readable JSON");
}

static void test_draft_is_chosen_by_schema_keyword(void **state)
{
    struct eg_schema_options options = eg_schema_options_default;
    options.default_draft = EG_SCHEMA_DRAFT_4;
    (void)state;
    struct eg_schema *schema = compile("{\"id\":\"http://a/\"}", &options);
    assert_int_equal(schema->library.resources[0].dialect.draft, EG_SCHEMA_DRAFT_4);
    eg_schema_destroy(schema);
    schema = compile("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", &options);
    assert_int_equal(schema->library.resources[0].dialect.draft, EG_SCHEMA_DRAFT_7);
    eg_schema_destroy(schema);
    schema = compile("{}", NULL);
    assert_int_equal(schema->library.resources[0].dialect.draft, EG_SCHEMA_DRAFT_2020_12);
    eg_schema_destroy(schema);
}

static void test_drafts_have_names(void **state)
{
    enum eg_schema_draft draft = EG_SCHEMA_DRAFT_4;
    (void)state;
    assert_true(eg_schema_draft_parse("2019-09", &draft));
    assert_int_equal(draft, EG_SCHEMA_DRAFT_2019_09);
    assert_true(eg_schema_draft_parse("draft7", &draft));
    assert_int_equal(draft, EG_SCHEMA_DRAFT_7);
    assert_true(eg_schema_draft_parse("draft2020-12", &draft));
    assert_int_equal(draft, EG_SCHEMA_DRAFT_2020_12);
    assert_false(eg_schema_draft_parse("3", &draft));
    assert_false(eg_schema_draft_parse("", &draft));
    assert_int_equal(draft, EG_SCHEMA_DRAFT_2020_12);
}

static void test_equal_sub_schemas_are_one_node(void **state)
{
    (void)state;
    struct eg_schema *schema =
        compile("{\"properties\":{\"a\":{\"type\":\"string\"},"
                "\"b\":{ \"type\" : \"string\" },\"c\":{\"type\":\"null\"}}}",
                NULL);
    assert_int_equal(schema->nodes.count, 3);
    eg_schema_destroy(schema);
}

static void test_store_is_the_only_source(void **state)
{
    struct eg_schema_options options = eg_schema_options_default;
    struct eg_schema_store *store = eg_schema_store_new();
    struct eg_error err;
    (void)state;
    options.store = store;
    assert_int_equal(
        eg_schema_store_add(store, "http://h/a.json", EG_SPAN_LITERAL("{\"type\":\"null\"}"), &err),
        0);
    assert_int_equal(eg_schema_store_add(store, "http://h/a.json", EG_SPAN_LITERAL("{}"), &err),
                     -1);
    assert_int_equal(eg_schema_store_add(store, "http://h/b.json", EG_SPAN_LITERAL("{"), &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_int_equal(eg_schema_store_add_folder(store, "http://h/", "/nonexistent", &err), -1);
    assert_int_equal(
        eg_schema_store_add(store, "http://h/bad.json", EG_SPAN_LITERAL("{\"type\":1}"), &err), 0);
    eg_schema_destroy(compile("{\"$ref\":\"http://h/a.json\"}", &options));
    assert_refused("{\"$ref\":\"http://h/bad.json\"}", &options, "http://h/bad.json at \"/type\"");
    assert_refused("{\"$ref\":\"http://h/c.json\"}", &options, "nothing is fetched");
    eg_schema_store_destroy(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_invalid_schemas_are_refused_with_their_place),
        cmocka_unit_test(test_schemas_without_an_end_are_refused),
        cmocka_unit_test(test_depth_is_bounded),
        cmocka_unit_test(test_draft_is_chosen_by_schema_keyword),
        cmocka_unit_test(test_drafts_have_names),
        cmocka_unit_test(test_equal_sub_schemas_are_one_node),
        cmocka_unit_test(test_store_is_the_only_source),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
