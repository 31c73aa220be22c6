/* SPDX-License-Identifier: Apache-2.0 */
/* YAML and JSON to trees: places, what is refused, environment variables. */
#include "unit/config/loading.h"

static void refuse(const char *text, unsigned line, unsigned column, const char *part)
{
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree = NULL;
    assert_int_equal(
        eg_config_tree_parse(eg_span_text(text), "t.yaml", EG_CONFIG_SUBSTITUTE, &tree, &problems),
        -1);
    assert_null(tree);
    assert_problem(&problems, line, column, part);
    eg_config_problems_fini(&problems);
}

static void nodes_know_their_places(void **state)
{
    (void)state;
    struct eg_config_tree *tree = parse_fine("a: 1\nb:\n  - x\n  - {c: 'y'}\n", EG_CONFIG_LITERAL);
    const struct eg_config_node *list = eg_config_node_get(tree->root, "b");
    assert_int_equal(list->kind, EG_CONFIG_LIST);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->items[0]->place.line, 3);
    assert_int_equal(list->items[0]->place.column, 5);
    const struct eg_config_node *c = eg_config_node_get(list->items[1], "c");
    assert_true(c->quoted);
    assert_int_equal(c->place.line, 4);
    assert_int_equal(c->place.column, 9);
    assert_string_equal(c->place.file, "t.yaml");
    eg_config_tree_destroy(tree);
}

static void json_is_read_by_the_same_parser(void **state)
{
    (void)state;
    struct eg_config_tree *tree =
        parse_fine("{\n\t\"a\":[1,true,null,\"x\\/y\\u00e9\"],\"smile\":\"\\ud83d\\ude00!\"}",
                   EG_CONFIG_LITERAL);
    struct eg_buffer json = EG_BUFFER_INIT;
    eg_config_node_to_json(tree->root, &json);
    assert_string_equal(json.data, "{\"a\": [1, true, null, \"x/y\xc3\xa9\"], \"smile\": "
                                   "\"\xf0\x9f\x98\x80!\"}");
    eg_buffer_fini(&json);
    eg_config_tree_destroy(tree);
}

static void plain_scalars_follow_the_core_schema(void **state)
{
    (void)state;
    struct eg_config_tree *tree = parse_fine(
        "[yes, 'true', True, ~, 1.50, 0x1f, 007, -2e3, '12', !!str 5, .5]", EG_CONFIG_LITERAL);
    struct eg_buffer json = EG_BUFFER_INIT;
    eg_config_node_to_json(tree->root, &json);
    assert_string_equal(json.data, "[\"yes\", \"true\", true, null, 1.50, \"0x1f\", \"007\", -2e3, "
                                   "\"12\", \"5\", \".5\"]");
    eg_buffer_fini(&json);
    eg_config_tree_destroy(tree);
}

static void an_empty_file_is_an_empty_mapping(void **state)
{
    (void)state;
    const char *const texts[] = {"", "\n# nothing\n", "---\n", "~\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct eg_config_tree *tree = parse_fine(texts[i], EG_CONFIG_LITERAL);
        assert_int_equal(tree->root->kind, EG_CONFIG_MAP);
        assert_int_equal(tree->root->count, 0);
        eg_config_tree_destroy(tree);
    }
}

static void duplicates_are_refused_with_both_places(void **state)
{
    (void)state;
    refuse("a: 1\nb: 2\na: 3\n", 3, 1, "'a' stands here twice: the first is in line 1");
    refuse("x:\n  {\"k\": 1,\n   \"k\": 2}\n", 3, 4, "the first is in line 2");
}

static void anchors_aliases_merges_and_tags_are_refused(void **state)
{
    (void)state;
    refuse("a: &x 1\n", 1, 4, "anchors and aliases");
    refuse("a: 1\nb: *x\n", 2, 4, "anchors and aliases");
    refuse("<<: {a: 1}\n", 1, 1, "merge keys");
    refuse("a: !!binary aGk=\n", 1, 4, "tag 'tag:yaml.org,2002:binary' is not supported");
    refuse("? [a]\n: 1\n", 1, 3, "a name must be a text, not a list");
}

static void a_thousand_laughs_stay_small(void **state)
{
    (void)state;
    refuse("a: &a [x,x]\nb: &b [*a,*a]\nc: [*b,*b]\n", 3, 5, "anchors and aliases");
}

static void broken_yaml_is_refused_with_its_place(void **state)
{
    (void)state;
    refuse("a: [1, 2\nb: 3\n", 2, 2, "not YAML");
    refuse("a: 'x\n", 2, 1, "not YAML");
    refuse("a:\n\tb: 1\n", 2, 1, "not YAML");
    refuse("ok: 1\nbad: \xff\n", 2, 6, "not YAML");
    refuse("a: 1\n---\nb: 2\n", 2, 1, "only one document");
    refuse("a: \"x\\0y\"\n", 1, 4, "NUL");
}

static void depth_and_size_are_bounded(void **state)
{
    (void)state;
    char deep[3000];
    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    refuse(deep, 1, EG_CONFIG_MAX_DEPTH + 2, "nested more than 64 deep");
    char *big = eg_malloc(EG_CONFIG_MAX_FILE_BYTES + 2);
    memset(big, ' ', EG_CONFIG_MAX_FILE_BYTES + 1);
    big[EG_CONFIG_MAX_FILE_BYTES + 1] = '\0';
    refuse(big, 0, 0, "more than 16777216 bytes");
    free(big);
}

static void several_mistakes_are_reported_at_once(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree = NULL;
    const char *text = "a: *x\nb: ${EG_TEST_UNSET}\nb: 1\n";
    assert_int_equal(
        eg_config_tree_parse(eg_span_text(text), "t.yaml", EG_CONFIG_SUBSTITUTE, &tree, &problems),
        -1);
    assert_int_equal(problems.count, 3);
    assert_problem(&problems, 1, 4, "alias");
    assert_problem(&problems, 2, 4, "EG_TEST_UNSET is not set");
    assert_problem(&problems, 3, 1, "twice");
    eg_config_problems_fini(&problems);
}

static void environment_variables_are_substituted(void **state)
{
    (void)state;
    assert_int_equal(setenv("EG_TEST_A", "one", 1), 0);
    assert_int_equal(setenv("EG_TEST_EMPTY", "", 1), 0);
    assert_int_equal(unsetenv("EG_TEST_UNSET"), 0);
    struct eg_config_tree *tree =
        parse_fine("a: <${EG_TEST_A}>\nb: ${EG_TEST_UNSET:-two}\nc: ${EG_TEST_EMPTY:-three}\n"
                   "d: $${EG_TEST_A} $5 $\ne: ${EG_TEST_EMPTY}\n'${EG_TEST_A}': key\n",
                   EG_CONFIG_SUBSTITUTE);
    const char *const want[] = {"<one>", "two", "three", "${EG_TEST_A} $5 $", ""};
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(tree->root->members[i].node->text.ptr, want[i]);
    assert_string_equal(tree->root->members[5].name.ptr, "${EG_TEST_A}");
    eg_config_tree_destroy(tree);
}

static void what_came_from_the_environment_is_not_looked_at_again(void **state)
{
    (void)state;
    assert_int_equal(setenv("EG_TEST_A", "[${EG_TEST_A}, &x *y: \"", 1), 0);
    struct eg_config_tree *tree = parse_fine("a: ${EG_TEST_A}\n", EG_CONFIG_SUBSTITUTE);
    assert_int_equal(tree->root->members[0].node->kind, EG_CONFIG_SCALAR);
    assert_string_equal(tree->root->members[0].node->text.ptr, "[${EG_TEST_A}, &x *y: \"");
    eg_config_tree_destroy(tree);
}

static void bad_references_are_refused(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("EG_TEST_UNSET"), 0);
    refuse("a:\n  b: ${EG_TEST_UNSET}\n", 2, 6, "environment variable EG_TEST_UNSET is not set");
    refuse("a: x${open\n", 1, 4, "without its '}'");
    refuse("a: ${1x}\n", 1, 4, "names no environment variable");
    assert_int_equal(setenv("EG_TEST_A", "\xff", 1), 0);
    refuse("a: ${EG_TEST_A}\n", 1, 4, "not UTF-8");
}

static void literal_files_keep_their_dollars(void **state)
{
    (void)state;
    struct eg_config_tree *tree = parse_fine("a: '^${x}$'\n", EG_CONFIG_LITERAL);
    assert_string_equal(tree->root->members[0].node->text.ptr, "^${x}$");
    eg_config_tree_destroy(tree);
}

static void files_that_cant_be_read_are_problems(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_config_tree *tree = NULL;
    assert_int_equal(
        eg_config_tree_read("/nonexistent/a.yaml", EG_CONFIG_LITERAL, &tree, &problems), -1);
    assert_int_equal(eg_config_tree_read("/tmp", EG_CONFIG_LITERAL, &tree, &problems), -1);
    assert_int_equal(eg_config_tree_read("s3://b/k", EG_CONFIG_LITERAL, &tree, &problems), -1);
    assert_string_equal(problems.items[0].message, "can't open: No such file or directory");
    assert_string_equal(problems.items[1].message, "is a folder, not a file");
    assert_non_null(strstr(problems.items[2].message, "S3 can't be read here"));
    eg_config_problems_fini(&problems);
}

/* Every way to cut or spoil a valid file ends in a tree or in problems, never in anything else. */
static void spoiled_files_never_break_the_parser(void **state)
{
    (void)state;
    static const char text[] = "a: {b: [1, 'two', \"\\u00e9\"], c: |\n  block\n }\n"
                               "d: &x ${HOME:-y}\n? e\n: *x\n--- !t\n{\"f\":\"\\ud83d\\ude00\"}\n";
    static const char spoilers[] = "\0\t\n{}[]:-&*!|>'\"%@`#?,\\\xff\xc3";
    char spoiled[sizeof(text)];
    for (size_t at = 0; at < sizeof(text) - 1; at++) {
        for (size_t i = 0; i <= sizeof(spoilers) - 1; i++) {
            struct eg_config_problems problems = {0};
            struct eg_config_tree *tree = NULL;
            size_t len = i == sizeof(spoilers) - 1 ? at : sizeof(text) - 1;
            memcpy(spoiled, text, sizeof(text));
            spoiled[at] = spoilers[i];
            int ret = eg_config_tree_parse(eg_span_of(spoiled, len), "t", EG_CONFIG_SUBSTITUTE,
                                           &tree, &problems);
            assert_true((ret == 0) == (problems.count == 0));
            assert_true((ret == 0) == (tree != NULL));
            eg_config_tree_destroy(tree);
            eg_config_problems_fini(&problems);
        }
    }
}

static void the_list_of_problems_is_bounded(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    for (unsigned i = 0; i < EG_CONFIG_PROBLEMS_MAX + 7; i++)
        assert_int_equal(
            eg_config_problem_add(&problems, (struct eg_config_place){"f", i + 1, 2}, "p%u", i),
            -1);
    assert_int_equal(problems.count, EG_CONFIG_PROBLEMS_MAX);
    assert_int_equal(problems.dropped, 7);
    struct eg_error err;
    assert_int_equal(eg_config_problems_error(&problems, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_string_equal(err.message, "f:1:2: p0 (and 206 more: run 'eventgate check')");
    eg_config_problems_fini(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_know_their_places),
        cmocka_unit_test(json_is_read_by_the_same_parser),
        cmocka_unit_test(plain_scalars_follow_the_core_schema),
        cmocka_unit_test(an_empty_file_is_an_empty_mapping),
        cmocka_unit_test(duplicates_are_refused_with_both_places),
        cmocka_unit_test(anchors_aliases_merges_and_tags_are_refused),
        cmocka_unit_test(a_thousand_laughs_stay_small),
        cmocka_unit_test(broken_yaml_is_refused_with_its_place),
        cmocka_unit_test(depth_and_size_are_bounded),
        cmocka_unit_test(several_mistakes_are_reported_at_once),
        cmocka_unit_test(environment_variables_are_substituted),
        cmocka_unit_test(what_came_from_the_environment_is_not_looked_at_again),
        cmocka_unit_test(bad_references_are_refused),
        cmocka_unit_test(literal_files_keep_their_dollars),
        cmocka_unit_test(files_that_cant_be_read_are_problems),
        cmocka_unit_test(spoiled_files_never_break_the_parser),
        cmocka_unit_test(the_list_of_problems_is_bounded),
    };
    return cmocka_run_group_tests_name("config/tree", tests, NULL, NULL);
}
