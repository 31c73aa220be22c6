/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs of schemas and the changes between them, one line each: impact, pointer, text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/span.h"
#include "schema/diff.h"
#include "support/vectors.h"

struct diff_case {
    const char *old;
    const char *new;
    const char *lines; /* impact as B, C or U */
};

static void render(const struct eg_schema_diff *diff, struct eg_buffer *out)
{
    eg_buffer_clear(out);
    eg_buffer_append_text(out, "");
    for (size_t i = 0; i < diff->count; i++)
        eg_buffer_printf(out, "%c %s %s\n", "CUB"[diff->changes[i].impact],
                         diff -> changes[i].pointer, diff->changes[i].text);
}

static void check_cases(const struct diff_case *cases, size_t count)
{
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    for (size_t i = 0; i < count; i++) {
        struct eg_schema_diff diff;
        struct eg_error err;
        if (eg_schema_diff_init(&diff, eg_span_text(cases[i].old), eg_span_text(cases[i].new),
                                &err))
            fail_msg("%s: %s", cases[i].new, err.message);
        render(&diff, &out);
        eg_schema_diff_fini(&diff);
        if (strcmp(out.data, cases[i].lines) != 0)
            fail_msg("%s -> %s\ngot:\n%sexpected:\n%s", cases[i].old, cases[i].new, out.data,
                     cases[i].lines);
    }
}

#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof((cases)[0]))

static void nothing_changed_nothing_said(void **state)
{
    (void)state;
    static const struct diff_case cases[] = {
        {"{}", "{}", ""},
        {"true", "{}", ""},
        {"{\"title\":\"a\"}", "{\"title\":\"b\",\"description\":\"c\",\"default\":1}", ""},
        {"{\"type\":\"string\"}", "{\"type\":[\"string\"]}", ""},
        {"{\"type\":[\"number\",\"integer\"]}", "{\"type\":\"number\"}", ""},
        {"{\"enum\":[1,\"a\"]}", "{\"enum\":[\"a\",1.0]}", ""},
        {"{\"const\":\"a\"}", "{\"enum\":[\"a\"]}", ""},
        {"{\"required\":[\"a\",\"b\"]}", "{\"required\":[\"b\",\"a\"]}", ""},
        {"{\"minimum\":1}", "{\"minimum\":1.0}", ""},
        {"{\"minItems\":0,\"type\":\"array\"}", "{\"type\":\"array\"}", ""},
        {"{\"items\":[{\"type\":\"string\"}]}", "{\"prefixItems\":[{\"type\":\"string\"}]}", ""},
        {"{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"string\"}}}",
         "{\"type\":\"string\"}", ""},
        {"{\"allOf\":[{\"minimum\":1},{\"maximum\":5}]}",
         "{\"allOf\":[{\"maximum\":5},{\"minimum\":1}]}", ""},
        {"{\"properties\":{\"a\":{\"$ref\":\"#\"}}}", "{\"properties\":{\"a\":{\"$ref\":\"#\"}}}",
         ""},
    };
    CHECK(cases);
}

static void values_narrowed_and_widened(void **state)
{
    (void)state;
    static const struct diff_case cases[] = {
        {"{\"type\":[\"string\",\"null\"]}", "{\"type\":\"string\"}",
         "B /type type null is no longer allowed\n"},
        {"{\"type\":\"string\"}", "{\"type\":[\"string\",\"null\"]}",
         "C /type type null is allowed now\n"},
        {"{\"type\":\"number\"}", "{\"type\":\"integer\"}",
         "B /type only integers are allowed now, not every number\n"},
        {"{\"type\":\"integer\"}", "{\"type\":\"number\"}",
         "C /type every number is allowed now, not only integers\n"},
        {"{\"type\":\"number\"}", "{\"type\":\"string\"}",
         "C /type type string is allowed now\nB /type type number is no longer allowed\n"},
        {"{\"minLength\":1}", "{\"minLength\":1,\"type\":\"string\"}",
         "B /type was any type, now \"string\"\n"},
        {"{\"minLength\":1,\"type\":\"string\"}", "{\"minLength\":1}",
         "C /type any type is allowed now\n"},
        {"{\"enum\":[\"a\",\"b\"]}", "{\"enum\":[\"b\",\"c\"]}",
         "B /enum value \"a\" is no longer allowed\nC /enum value \"c\" is allowed now\n"},
        {"{\"const\":1}", "{\"enum\":[1,2]}", "C /enum value 2 is allowed now\n"},
        {"{\"const\":1}", "{\"const\":2}",
         "B /const value 1 is no longer allowed\nC /const value 2 is allowed now\n"},
        {"{\"type\":\"string\"}", "{\"type\":\"string\",\"enum\":[\"a\"]}",
         "B /enum only these values are allowed now: [\"a\"]\n"},
        {"{\"type\":\"string\",\"const\":\"a\"}", "{\"type\":\"string\"}",
         "C /const no longer bound to listed values\n"},
        {"{\"required\":[\"a\"]}", "{\"required\":[\"a\",\"b\"]}",
         "B /required value \"b\" is required now\n"},
        {"{\"required\":[\"a\",\"b\"]}", "{\"required\":[\"b\"]}",
         "C /required value \"a\" is no longer required\n"},
        {"{\"uniqueItems\":false}", "{\"uniqueItems\":true}",
         "B /uniqueItems items must be unique now\n"},
        {"{\"uniqueItems\":true}", "{\"uniqueItems\":false}",
         "C /uniqueItems items may repeat now\n"},
        {"{\"pattern\":\"a\"}", "{\"pattern\":\"b\"}", "U /pattern pattern was \"a\", is \"b\"\n"},
        {"{\"type\":\"string\"}", "{\"type\":\"string\",\"pattern\":\"b\"}",
         "B /pattern pattern was none, is \"b\"\n"},
        {"{\"type\":\"string\",\"pattern\":\"b\"}", "{\"type\":\"string\"}",
         "C /pattern pattern was \"b\", is none\n"},
        {"{\"type\":\"string\"}", "{\"type\":\"string\",\"format\":\"uuid\"}",
         "U /format format is \"uuid\" now: breaking where formats are asserted\n"},
        {"{\"type\":\"string\",\"format\":\"uuid\"}", "{\"type\":\"string\"}",
         "C /format no format any more\n"},
        {"{\"multipleOf\":4}", "{\"multipleOf\":2}", "C /multipleOf multipleOf was 4, is 2\n"},
        {"{\"multipleOf\":2}", "{\"multipleOf\":4}", "B /multipleOf multipleOf was 2, is 4\n"},
    };
    CHECK(cases);
}

static void bounds_tightened_and_loosened(void **state)
{
    (void)state;
    static const struct diff_case cases[] = {
        {"{\"minimum\":0}", "{\"minimum\":1}", "B /minimum minimum was 0, is 1\n"},
        {"{\"minimum\":1}", "{\"minimum\":0}", "C /minimum minimum was 1, is 0\n"},
        {"{\"maximum\":9}", "{\"maximum\":8}", "B /maximum maximum was 9, is 8\n"},
        {"{\"maximum\":9}", "{\"maximum\":12345678901234567890123}",
         "C /maximum maximum was 9, is 12345678901234567890123\n"},
        {"{\"minimum\":0}", "{\"exclusiveMinimum\":0}",
         "B /exclusiveMinimum 0 itself is no longer allowed\n"},
        {"{\"exclusiveMaximum\":5}", "{\"maximum\":5}", "C /maximum 5 itself is allowed now\n"},
        {"{\"minimum\":0,\"exclusiveMinimum\":true}", "{\"exclusiveMinimum\":0}", ""},
        {"{\"type\":\"integer\"}", "{\"type\":\"integer\",\"minimum\":0}",
         "B /minimum minimum was none, is 0\n"},
        {"{\"type\":\"integer\",\"exclusiveMaximum\":7}", "{\"type\":\"integer\"}",
         "C /exclusiveMaximum maximum was 7, is none\n"},
        {"{\"maxLength\":10}", "{\"maxLength\":5}", "B /maxLength maxLength was 10, is 5\n"},
        {"{\"type\":\"string\"}", "{\"type\":\"string\",\"maxLength\":5}",
         "B /maxLength maxLength was none, is 5\n"},
        {"{\"minItems\":2}", "{\"minItems\":1}", "C /minItems minItems was 2, is 1\n"},
        {"{\"maxProperties\":2}", "{\"maxProperties\":3}",
         "C /maxProperties maxProperties was 2, is 3\n"},
    };
    CHECK(cases);
}

static void members_added_and_removed(void **state)
{
    (void)state;
    static const struct diff_case cases[] = {
        {"{\"type\":\"object\"}",
         "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}}}",
         "B /properties/a property 'a' could hold any value, now it must fit "
         "{\"type\":\"string\"}\n"},
        {"{\"type\":\"object\"}", "{\"type\":\"object\",\"properties\":{\"a\":{}}}", ""},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
         "{\"properties\":{\"a\":{},\"b\":{\"type\":\"string\"}},\"additionalProperties\":false}",
         "C /properties/b property 'b' is allowed now\n"},
        {"{\"properties\":{\"a\":{},\"b\":{}},\"additionalProperties\":false}",
         "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
         "B /properties/b property 'b' is gone and no others are allowed\n"},
        {"{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{}}}", "{\"properties\":{\"b\":{}}}",
         "C /properties/a property 'a' is gone, it may hold any value now\n"},
        {"{\"properties\":{\"a\":{}}}",
         "{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
         "B /additionalProperties properties that the schema does not list are no longer "
         "allowed\n"},
        {"{\"properties\":{\"a\":{}},\"additionalProperties\":false}",
         "{\"properties\":{\"a\":{}}}",
         "C /additionalProperties properties that the schema does not list are allowed now\n"},
        {"{\"additionalProperties\":{\"type\":\"string\"}}",
         "{\"additionalProperties\":{\"type\":\"string\",\"minLength\":1}}",
         "B /additionalProperties/minLength minLength was none, is 1\n"},
        {"{\"additionalProperties\":{\"type\":\"string\"}}",
         "{\"additionalProperties\":{\"type\":\"string\"},"
         "\"properties\":{\"a\":{\"type\":[\"string\",\"null\"]}}}",
         "C /properties/a/type type null is allowed now\n"},
        {"{\"patternProperties\":{\"^x\":{\"type\":\"string\"}}}",
         "{\"patternProperties\":{\"^x\":{\"type\":\"string\"}},"
         "\"properties\":{\"x1\":{\"type\":\"string\"}}}",
         ""},
        {"{\"patternProperties\":{\"^x\":{\"type\":\"string\"}}}",
         "{\"patternProperties\":{\"^x\":{\"type\":\"number\"}}}",
         "B /patternProperties/^x/type type string is no longer allowed\n"
         "C /patternProperties/^x/type type number is allowed now\n"},
        {"{\"properties\":{\"a\":{\"minimum\":1}},\"unevaluatedProperties\":false}",
         "{\"unevaluatedProperties\":false}",
         "B /properties/a property 'a' is gone and no others are allowed\n"},
        {"{\"allOf\":[{\"minimum\":1}],\"unevaluatedProperties\":false}",
         "{\"unevaluatedProperties\":false}", "U /allOf/0 this condition is gone\n"},
        {"{\"properties\":{\"a/b\":{\"minimum\":1}}}", "{\"properties\":{\"a/b\":{\"minimum\":2}}}",
         "B /properties/a~1b/minimum minimum was 1, is 2\n"},
        {"{\"properties\":{\"a\":false}}", "{\"properties\":{\"a\":{\"minimum\":2}}}",
         "C /properties/a something is allowed here that was not\n"},
        {"{\"propertyNames\":{\"maxLength\":9}}", "{\"propertyNames\":{\"maxLength\":8}}",
         "B /propertyNames/maxLength maxLength was 9, is 8\n"},
        {"{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"dependentRequired\":{\"a\":[\"b\",\"c\"]}}",
         "B /dependentRequired/a value \"c\" is required now\n"},
        {"{\"dependencies\":{\"a\":[\"b\"]},\"minimum\":1}", "{\"minimum\":1}",
         "C /dependencies/a value \"b\" is no longer required\n"},
        {"{\"dependentSchemas\":{\"a\":{\"minimum\":1}}}",
         "{\"dependentSchemas\":{\"a\":{\"minimum\":1},\"b\":{\"maximum\":1}}}",
         "B /dependentSchemas/b was any value, now must fit {\"maximum\":1}\n"},
    };
    CHECK(cases);
}

static void items_and_branches(void **state)
{
    (void)state;
    static const struct diff_case cases[] = {
        {"{\"items\":{\"type\":\"string\"}}", "{\"items\":{\"type\":\"integer\"}}",
         "B /items/type type string is no longer allowed\n"
         "C /items/type type integer is allowed now\n"},
        {"{\"prefixItems\":[{\"minimum\":1}],\"items\":{\"minimum\":0}}",
         "{\"prefixItems\":[{\"minimum\":1},{\"minimum\":5}],\"items\":{\"minimum\":0}}",
         "B /prefixItems/1/minimum minimum was 0, is 5\n"},
        {"{\"items\":[{}],\"additionalItems\":false}", "{\"items\":[{}]}",
         "C /additionalItems something is allowed here that was not\n"},
        {"{\"type\":\"array\"}", "{\"type\":\"array\",\"contains\":{\"const\":1}}",
         "B /contains must contain a certain item now\n"},
        {"{\"contains\":{\"minimum\":1},\"minContains\":2}", "{\"contains\":{\"minimum\":1}}",
         "C /minContains minContains was 2, is none\n"},
        {"{\"contains\":{\"minimum\":1},\"maxContains\":2}",
         "{\"contains\":{\"minimum\":0},\"maxContains\":2}",
         "U /contains/minimum minimum was 1, is 0\n"},
        {"{\"allOf\":[{\"minimum\":1}]}", "{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}",
         "B /allOf/1 a new condition: {\"maximum\":3}\n"},
        {"{\"allOf\":[{\"minimum\":1}],\"type\":\"integer\"}", "{\"type\":\"integer\"}",
         "C /allOf/0 this condition is gone\n"},
        {"{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}",
         "{\"anyOf\":[{\"type\":\"null\"}]}", "B /anyOf/0 this alternative is gone\n"},
        {"{\"anyOf\":[{\"type\":\"null\"}]}",
         "{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}",
         "C /anyOf/0 a new alternative\n"},
        {"{\"oneOf\":[{\"type\":\"null\"}]}",
         "{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}",
         "U /oneOf/1 a new alternative: breaking for what fits another one, too\n"},
        {"{\"oneOf\":[{\"minimum\":1}]}", "{\"oneOf\":[{\"minimum\":0}]}",
         "U /oneOf/0/minimum minimum was 1, is 0\n"},
        {"{\"oneOf\":[{\"minimum\":0}]}", "{\"oneOf\":[{\"minimum\":1}]}",
         "B /oneOf/0/minimum minimum was 0, is 1\n"},
        {"{\"not\":{\"minimum\":5}}", "{\"not\":{\"minimum\":4}}",
         "B /not/minimum minimum was 5, is 4\n"},
        {"{\"not\":{\"minimum\":4}}", "{\"not\":{\"minimum\":5}}",
         "C /not/minimum minimum was 4, is 5\n"},
        {"{\"type\":\"integer\"}", "{\"type\":\"integer\",\"not\":{\"minimum\":4}}",
         "B /not what fits this is no longer allowed\n"},
        {"{\"if\":{\"minimum\":1},\"then\":{\"maximum\":5}}",
         "{\"if\":{\"minimum\":1},\"then\":{\"maximum\":4}}",
         "B /then/maximum maximum was 5, is 4\n"},
        {"{\"if\":{\"minimum\":1},\"then\":{\"maximum\":5}}",
         "{\"if\":{\"minimum\":2},\"then\":{\"maximum\":4}}",
         "U /if/minimum minimum was 1, is 2\nU /then/maximum maximum was 5, is 4\n"},
        {"{\"type\":\"integer\"}",
         "{\"type\":\"integer\",\"if\":{\"minimum\":2},\"then\":{\"maximum\":4}}",
         "B /then was any value, now must fit {\"maximum\":4}\n"},
        {"true", "false", "B  nothing is allowed here any more\n"},
        {"false", "{\"type\":\"string\"}", "C  something is allowed here that was not\n"},
        {"{}", "{\"type\":\"string\"}", "B  was any value, now must fit {\"type\":\"string\"}\n"},
        {"{\"type\":\"string\"}", "true", "C  now any value is allowed\n"},
    };
    CHECK(cases);
}

static void references_are_followed(void **state)
{
    (void)state;
    static const struct diff_case cases[] = {
        {"{\"properties\":{\"a\":{\"$ref\":\"#/$defs/n\"}},\"$defs\":{\"n\":{\"minimum\":0}}}",
         "{\"properties\":{\"a\":{\"$ref\":\"#/$defs/n\"}},\"$defs\":{\"n\":{\"minimum\":1}}}",
         "B /$defs/n/minimum minimum was 0, is 1\n"},
        {"{\"$ref\":\"#n\",\"$defs\":{\"x\":{\"$anchor\":\"n\",\"minimum\":0}}}",
         "{\"$ref\":\"#n\",\"$defs\":{\"x\":{\"$anchor\":\"n\",\"minimum\":1}}}",
         "B /$defs/x/minimum minimum was 0, is 1\n"},
        {"{\"items\":{\"$ref\":\"#/$defs/a~1b%25\"},\"$defs\":{\"a/b%\":{\"minimum\":0}}}",
         "{\"items\":{\"minimum\":1}}", "B /items/minimum minimum was 0, is 1\n"},
        {"{\"items\":{\"$ref\":\"n.json\"},\"$defs\":{\"n\":{\"$id\":\"n.json\",\"minimum\":0}}}",
         "{\"items\":{\"minimum\":1}}", "B /items/minimum minimum was 0, is 1\n"},
        {"{\"properties\":{\"next\":{\"$ref\":\"#\"},\"v\":{\"maximum\":3}}}",
         "{\"properties\":{\"next\":{\"$ref\":\"#\"},\"v\":{\"maximum\":2}}}",
         "B /properties/v/maximum maximum was 3, is 2\n"},
        {"{\"$ref\":\"http://a/x\"}", "{\"$ref\":\"http://a/y\"}",
         "U /$ref a reference out of the document changed: \"http://a/x\" to \"http://a/y\"\n"},
        {"{\"$ref\":\"http://a/x\"}", "{\"$ref\":\"http://a/x\"}", ""},
        {"{\"$ref\":\"#/$defs/a\",\"maximum\":9,\"$defs\":{\"a\":{\"minimum\":1}}}",
         "{\"$ref\":\"#/$defs/a\",\"maximum\":8,\"$defs\":{\"a\":{\"minimum\":1}}}",
         "B /maximum maximum was 9, is 8\n"},
        {"{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$ref\":\"#/definitions/a\","
         "\"maximum\":9,\"definitions\":{\"a\":{\"minimum\":1}}}",
         "{\"$schema\":\"http://json-schema.org/draft-07/schema#\",\"$ref\":\"#/definitions/a\","
         "\"maximum\":8,\"definitions\":{\"a\":{\"minimum\":1}}}",
         ""},
        {"{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}",
         "{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"$ref\":\"#/$defs/a\"}}}", ""},
        {"{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", "{}",
         "U /$schema the draft was \"http://json-schema.org/draft-07/schema#\", is none\n"},
        {"{\"$dynamicRef\":\"#a\"}", "{\"$dynamicRef\":\"#b\"}",
         "U /$dynamicRef $dynamicRef changed\n"},
    };
    CHECK(cases);
}

static void what_is_no_schema_is_refused(void **state)
{
    (void)state;
    struct eg_schema_diff diff = {.count = 77};
    struct eg_error err;
    struct eg_span schema = EG_SPAN_LITERAL("{}");
    assert_int_equal(eg_schema_diff_init(&diff, schema, EG_SPAN_LITERAL("[]"), &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_string_equal(err.message, "the new schema is neither an object nor a boolean");
    assert_int_equal(eg_schema_diff_init(&diff, EG_SPAN_LITERAL("{"), schema, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(err.message, "the old schema: "));
    assert_int_equal(diff.count, 77);
}

static void counts_add_up(void **state)
{
    (void)state;
    struct eg_schema_diff diff;
    struct eg_error err;
    assert_int_equal(
        eg_schema_diff_init(&diff, EG_SPAN_LITERAL("{\"enum\":[1,2],\"pattern\":\"a\"}"),
                            EG_SPAN_LITERAL("{\"enum\":[2,3,4],\"pattern\":\"b\"}"), &err),
        0);
    assert_int_equal(diff.counts[EG_SCHEMA_BREAKING], 1);
    assert_int_equal(diff.counts[EG_SCHEMA_COMPATIBLE], 2);
    assert_int_equal(diff.counts[EG_SCHEMA_UNKNOWN], 1);
    assert_int_equal(diff.count, 4);
    assert_string_equal(eg_schema_impact_text(EG_SCHEMA_BREAKING), "BREAKING");
    eg_schema_diff_fini(&diff);
}

/* Changes the upstream schema with a path of keys, compares, and gives the rendered lines. */
static void diff_upstream(json_t *old, json_t *new, struct eg_buffer *out)
{
    char *old_text = json_dumps(old, 0);
    char *new_text = json_dumps(new, 0);
    struct eg_schema_diff diff;
    struct eg_error err;
    assert_int_equal(
        eg_schema_diff_init(&diff, eg_span_text(old_text), eg_span_text(new_text), &err), 0);
    render(&diff, out);
    eg_schema_diff_fini(&diff);
    free(old_text);
    free(new_text);
}

static void the_upstream_status_change_schema(void **state)
{
    (void)state;
    json_t *old = vectors_load("samples/conf/topic_schemas/status_change.json");
    if (!old)
        skip();
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    json_t *new = json_deep_copy(old);
    diff_upstream(old, new, &out);
    assert_string_equal(out.data, "");
    json_t *rules = json_object_get(new, "allOf");
    assert_true(json_array_size(rules) > 1);
    json_t *then = json_object_get(json_array_get(rules, 1), "then");
    json_array_append_new(json_object_get(then, "required"), json_string("country"));
    json_array_remove(
        json_object_get(json_object_get(json_object_get(new, "properties"), "event_type"), "enum"),
        0);
    json_array_remove(rules, 0);
    diff_upstream(old, new, &out);
    assert_non_null(strstr(out.data, "B /properties/event_type/enum value \"JobCreatedEvent\" is "
                                     "no longer allowed\n"));
    assert_non_null(strstr(out.data, "B /allOf/0/then/required value \"country\" is required "
                                     "now\n"));
    assert_non_null(strstr(out.data, "C /allOf/0 this condition is gone\n"));
    json_decref(new);
    json_decref(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_changed_nothing_said),
        cmocka_unit_test(values_narrowed_and_widened),
        cmocka_unit_test(bounds_tightened_and_loosened),
        cmocka_unit_test(members_added_and_removed),
        cmocka_unit_test(items_and_branches),
        cmocka_unit_test(references_are_followed),
        cmocka_unit_test(what_is_no_schema_is_refused),
        cmocka_unit_test(counts_add_up),
        cmocka_unit_test(the_upstream_status_change_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
