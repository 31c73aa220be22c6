/* SPDX-License-Identifier: Apache-2.0 */
/* Who may post what: both forms of the map, casefolding, field rules, malformed maps. */
#include "access/map.h"

#include "access/casefold.h"
#include "unit/config/loading.h"

static struct eg_access_map *build(const char *text)
{
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree = parse_fine(text, EG_CONFIG_LITERAL);
    struct eg_access_builder *builder = eg_access_builder_new();
    eg_access_builder_add(builder, tree->root, &problems);
    eg_config_problems_print(&problems, stderr);
    assert_int_equal(problems.count, 0);
    eg_config_tree_destroy(tree);
    return eg_access_builder_finish(builder);
}

/* NULL: permitted; else the message, which lives until the next call. */
static const char *check(const struct eg_access_map *map, const char *topic, const char *subject,
                         const char *document_text, enum eg_error_code want)
{
    static struct eg_error err;
    struct eg_json_document document;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(document_text),
                                            &eg_json_limits_default, &err),
                     0);
    err.code = EG_ERR_NONE;
    int ret = eg_access_check(map, eg_span_text(topic), eg_span_text(subject), &document, 0, &err);
    eg_json_document_fini(&document);
    assert_int_equal(err.code, want);
    assert_int_equal(ret, want == EG_ERR_NONE ? 0 : -1);
    return ret == 0 ? NULL : err.message;
}

static void both_forms_name_subjects(void **state)
{
    (void)state;
    struct eg_access_map *map = build("{\"a.b\": [\"FooUser\"], \"C.D\": {\"BarUser\": {}}}");
    assert_null(check(map, "a.b", "FooUser", "{}", EG_ERR_NONE));
    assert_null(check(map, "c.d", "BarUser", "{}", EG_ERR_NONE));
    assert_string_equal(check(map, "a.b", "BarUser", "{}", EG_ERR_FORBIDDEN),
                        "User 'BarUser' is not authorized for topic 'a.b'");
    assert_string_equal(check(map, "x", "FooUser", "{}", EG_ERR_FORBIDDEN),
                        "User 'FooUser' is not authorized for topic 'x'");
    assert_string_equal(check(map, "a.b", "", "{}", EG_ERR_FORBIDDEN),
                        "User '' is not authorized for topic 'a.b'");
    assert_int_equal(eg_access_map_subject_count(map, EG_SPAN_LITERAL("c.d")), 1);
    eg_access_map_destroy(map);
}

static void without_a_map_nobody_is_authorized(void **state)
{
    (void)state;
    struct eg_access_map *empty = build("{}");
    assert_non_null(check(empty, "t", "u", "{}", EG_ERR_FORBIDDEN));
    assert_non_null(check(NULL, "t", "u", "{}", EG_ERR_FORBIDDEN));
    eg_access_map_destroy(empty);
}

static void subjects_match_as_casefold_compares(void **state)
{
    (void)state;
    struct eg_access_map *map = build("t: [FooUser, 'Stra\303\237e', '\xc3\x96zg\xc3\xbcr', "
                                      "'\xce\x9f\xce\x94\xce\x9f\xce\xa3']");
    static const char *const same[] = {"foouser",
                                       "FOOUSER",
                                       "STRASSE",
                                       "stra\303\237e",
                                       "\xc3\xb6zg\xc3\x9cr",
                                       "\xce\xbf\xce\xb4\xce\xbf\xcf\x82" /* final sigma */};
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        assert_null(check(map, "t", same[i], "{}", EG_ERR_NONE));
    assert_non_null(check(map, "t", "foouse", "{}", EG_ERR_FORBIDDEN));
    assert_non_null(check(map, "t", "foouser ", "{}", EG_ERR_FORBIDDEN));
    assert_non_null(check(map, "t", "ozgur", "{}", EG_ERR_FORBIDDEN));
    eg_access_map_destroy(map);
}

static void long_subjects_are_looked_up_too(void **state)
{
    (void)state;
    char name[2001];
    memset(name, 'A', 2000);
    name[2000] = '\0';
    char *text = eg_asprintf("t: [%s]", name);
    struct eg_access_map *map = build(text);
    memset(name, 'a', 2000);
    assert_null(check(map, "t", name, "{}", EG_ERR_NONE));
    name[1999] = '\0';
    assert_non_null(check(map, "t", name, "{}", EG_ERR_FORBIDDEN));
    eg_access_map_destroy(map);
    free(text);
}

static void folding_follows_unicode(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *folded;
    } cases[] = {
        {"AbZ[z@", "abz[z@"},
        {"\xef\xac\x83", "ffi"},                  /* U+FB03 */
        {"\xe1\xba\x9e", "ss"},                   /* U+1E9E */
        {"\xc4\xb0", "i\xcc\x87"},                /* U+0130 */
        {"\xe1\x8e\xa0", "\xe1\x8e\xa0"},         /* Cherokee stays */
        {"\xea\xad\xb0", "\xe1\x8e\xa0"},         /* and its small form comes to it */
        {"\xf0\x90\x90\x80", "\xf0\x90\x90\xa8"}, /* Deseret */
        {"\xc4\x80\xc4\x81\xc4\x82", "\xc4\x81\xc4\x81\xc4\x83"}, /* every second one */
        {"\377A", "\377a"},                                       /* not UTF-8 */
        {"\xce\x90", "\xce\xb9\xcc\x88\xcc\x81"}, /* the most that one can grow to */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char folded[64];
        size_t len = 0;
        struct eg_span text = eg_span_text(cases[i].text);
        assert_true(eg_access_casefold(text, folded, EG_ACCESS_CASEFOLD_BYTES(text.len), &len));
        assert_int_equal(len, strlen(cases[i].folded));
        assert_memory_equal(folded, cases[i].folded, len);
        assert_false(eg_access_casefold(text, folded, len - 1, &len));
    }
}

static void fields_must_match_in_full(void **state)
{
    (void)state;
    struct eg_access_map *map =
        build("{\"t\": {\"Carol\": {\"env\": [\"dev\", \"uat[0-9]\"], \"app\": [\".*\"]}}}");
    assert_null(check(map, "t", "carol", "{\"env\":\"dev\",\"app\":\"\"}", EG_ERR_NONE));
    assert_null(check(map, "t", "carol", "{\"env\":\"uat7\",\"app\":\"x\"}", EG_ERR_NONE));
    static const char *const refused[] = {"\"deva\"",   "\"adev\"", "\"uat\"",  "\"\"",
                                          "\"dev\\n\"", "1",        "[\"dev\"]"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        char *document = eg_asprintf("{\"env\":%s,\"app\":\"x\"}", refused[i]);
        assert_string_equal(check(map, "t", "CAROL", document, EG_ERR_PERMISSION),
                            "Field 'env' value not permitted for user 'Carol'");
        free(document);
    }
    eg_access_map_destroy(map);
}

static void restricted_fields_must_be_there(void **state)
{
    (void)state;
    struct eg_access_map *map = build("{\"t\": {\"c\": {\"env\": [\".*\"], \"app\": [\"x\"]}}}");
    static const char *const documents[] = {"{\"app\":\"y\"}", "{\"env\":null,\"app\":\"y\"}", "[]",
                                            "\"env\"", "{\"a\":{\"env\":\"x\"}}"};
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        assert_string_equal(check(map, "t", "c", documents[i], EG_ERR_PERMISSION),
                            "Required field 'env' missing from message");
    assert_string_equal(check(map, "t", "c", "{\"env\":\"x\"}", EG_ERR_PERMISSION),
                        "Required field 'app' missing from message");
    eg_access_map_destroy(map);
}

static void values_are_tested_as_python_spells_them(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *value;
    } cases[] = {
        {"True", "true"},
        {"False", "false"},
        {"1\\\\.0", "1.0"},
        {"100\\\\.0", "1e2"},
        {"12345678901234567890", "12345678901234567890"},
        {"\\\\['a', 1\\\\]", "[\"a\",1]"},
        {"\\\\{'k': None\\\\}", "{\"k\":null}"},
        {"\\\\w+", "\"\xc3\xa9t\xc3\xa9\""},
        {"a\\u00e9", "\"a\\u00e9\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *text = eg_asprintf("{\"t\": {\"u\": {\"f\": [\"%s\"]}}}", cases[i].pattern);
        char *document = eg_asprintf("{\"f\":%s}", cases[i].value);
        struct eg_access_map *map = build(text);
        assert_null(check(map, "t", "u", document, EG_ERR_NONE));
        eg_access_map_destroy(map);
        free(text);
        free(document);
    }
}

static void a_field_without_patterns_permits_nothing(void **state)
{
    (void)state;
    struct eg_access_map *map = build("{\"t\": {\"u\": {\"f\": []}}}");
    assert_non_null(check(map, "t", "u", "{\"f\":\"\"}", EG_ERR_PERMISSION));
    eg_access_map_destroy(map);
}

static void a_runaway_pattern_permits_nothing(void **state)
{
    (void)state;
    struct eg_access_map *map = build("{\"t\": {\"u\": {\"f\": [\"(a|aa)+(a|aa)+b\"]}}}");
    char document[4096] = "{\"f\":\"";
    memset(document + 6, 'a', 3000);
    memcpy(document + 3006, "\"}", 3);
    assert_non_null(check(map, "t", "u", document, EG_ERR_PERMISSION));
    eg_access_map_destroy(map);
}

static void of_two_spellings_the_first_stands(void **state)
{
    (void)state;
    struct eg_access_map *map = build("t: {User: {f: [a]}, USER: {f: [b]}}");
    assert_null(check(map, "t", "user", "{\"f\":\"a\"}", EG_ERR_NONE));
    assert_string_equal(check(map, "t", "USER", "{\"f\":\"b\"}", EG_ERR_PERMISSION),
                        "Field 'f' value not permitted for user 'User'");
    eg_access_map_destroy(map);
}

static void every_mistake_is_named(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree =
        parse_fine("a: 5\nb: {u: [x]}\nc: {u: {f: x}}\nd: {u: {f: ['(']}}\ne: [1, [x], '']\n"
                   "f: {u: {f: [{}]}}\nF: [z]\ng: {'': {}}\nh: {v: ~}\n",
                   EG_CONFIG_LITERAL);
    struct eg_access_builder *builder = eg_access_builder_new();
    eg_access_builder_add(builder, tree->root, &problems);
    assert_problem(&problems, 1, 4, "topic 'a': expected a list of users or a mapping");
    assert_problem(&problems, 2, 8, "topic 'b', user 'u': expected a mapping of fields");
    assert_problem(&problems, 3, 12, "topic 'c', user 'u', field 'f': expected a list");
    assert_problem(&problems, 4, 13,
                   "topic 'd', user 'u', field 'f': invalid regular expression '('");
    assert_problem(&problems, 5, 8, "topic 'e': expected the name of a user, got a list");
    assert_problem(&problems, 5, 13, "topic 'e': expected the name of a user, got a string");
    assert_problem(&problems, 6, 13,
                   "topic 'f', user 'u', field 'f': expected a regular expression");
    assert_problem(&problems, 7, 4, "topic 'F': its users are listed in another place already");
    assert_problem(&problems, 8, 5, "topic 'g': the name of a user is empty");
    assert_problem(&problems, 9, 8, "topic 'h', user 'v': expected a mapping of fields");
    assert_int_equal(problems.count, 10);
    eg_config_problems_fini(&problems);
    eg_access_builder_destroy(builder);
    eg_config_tree_destroy(tree);
}

static void many_subjects_are_found(void **state)
{
    (void)state;
    struct eg_buffer text = EG_BUFFER_INIT;
    eg_buffer_append_text(&text, "t: [");
    for (int i = 0; i < 20000; i++)
        eg_buffer_printf(&text, "User%d, ", i);
    eg_buffer_append_char(&text, ']');
    struct eg_access_map *map = build(text.data);
    assert_int_equal(eg_access_map_subject_count(map, EG_SPAN_LITERAL("t")), 20000);
    for (int i = 0; i < 20000; i += 997) {
        char *name = eg_asprintf("uSER%d", i);
        assert_null(check(map, "t", name, "{}", EG_ERR_NONE));
        free(name);
    }
    assert_non_null(check(map, "t", "user20000", "{}", EG_ERR_FORBIDDEN));
    eg_access_map_destroy(map);
    eg_buffer_fini(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_name_subjects),
        cmocka_unit_test(without_a_map_nobody_is_authorized),
        cmocka_unit_test(subjects_match_as_casefold_compares),
        cmocka_unit_test(long_subjects_are_looked_up_too),
        cmocka_unit_test(folding_follows_unicode),
        cmocka_unit_test(fields_must_match_in_full),
        cmocka_unit_test(restricted_fields_must_be_there),
        cmocka_unit_test(values_are_tested_as_python_spells_them),
        cmocka_unit_test(a_field_without_patterns_permits_nothing),
        cmocka_unit_test(a_runaway_pattern_permits_nothing),
        cmocka_unit_test(of_two_spellings_the_first_stands),
        cmocka_unit_test(every_mistake_is_named),
        cmocka_unit_test(many_subjects_are_found),
    };
    return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
