/* SPDX-License-Identifier: Apache-2.0 */
/* Paths: what compiles, what it matches and in which order, and what is refused. */
#include "reading.h"

#include <stdio.h>

#include "base/buffer.h"
#include "json/path.h"

static const char event[] =
    "{\"version\":\"0\",\"detail-type\":\"x\",\"detail\":{\"a\":{\"b-c_d\":1,\"\xC3\xA4\":2},"
    "\"it's\":3,\"say \\\"hi\\\"\":4,\"items\":[{\"id\":10},{\"id\":11,\"tags\":[\"p\",\"q\"]},7],"
    "\"\":5,\"*\":6,\"a.b\":8}}";

struct collected {
    const struct eg_json_document *document;
    struct eg_buffer text;
    uint32_t stop_after;
};

static bool collect(void *context, eg_json_index index)
{
    struct collected *collected = context;
    eg_buffer_append_span(&collected->text, eg_json_text(collected->document, index));
    eg_buffer_append_char(&collected->text, ';');
    return --collected->stop_after > 0;
}

/* The texts of all matches, each with a ';' behind. */
static void expect_matches(const char *path_text, const char *matches, uint32_t count)
{
    struct reading reading;
    struct eg_json_path *path = NULL;
    struct eg_error err;
    reading_open(&reading, event);
    if (eg_json_path_new(eg_span_text(path_text), &path, &err) != 0)
        fail_msg("%s: %s", path_text, err.message);
    struct collected collected = {&reading.document, EG_BUFFER_INIT, UINT32_MAX};
    assert_int_equal(eg_json_path_each(path, &reading.document, 0, collect, &collected), count);
    assert_span(eg_buffer_span(&collected.text), matches);
    eg_json_index first = eg_json_path_first(path, &reading.document, 0);
    if (count == 0)
        assert_int_equal(first, EG_JSON_NONE);
    else
        assert_memory_equal(eg_json_text(&reading.document, first).ptr, matches,
                            eg_json_text(&reading.document, first).len);
    eg_buffer_fini(&collected.text);
    eg_json_path_destroy(path);
    reading_close(&reading);
}

static void test_single_values(void **state)
{
    (void)state;
    expect_matches("$.version", "\"0\";", 1);
    expect_matches("$.detail-type", "\"x\";", 1);
    expect_matches("$.detail.a.b-c_d", "1;", 1);
    expect_matches("$.detail.a.\xC3\xA4", "2;", 1);
    expect_matches("$['detail']['a'][\"b-c_d\"]", "1;", 1);
    expect_matches("$.detail['it\\'s']", "3;", 1);
    expect_matches("$.detail[\"it's\"]", "3;", 1);
    expect_matches("$.detail['say \"hi\"']", "4;", 1);
    expect_matches("$.detail[\"say \\\"hi\\\"\"]", "4;", 1);
    expect_matches("$.detail['\\u0061']['\\u00e4']", "2;", 1);
    expect_matches("$.detail['']", "5;", 1);
    expect_matches("$.detail['*']", "6;", 1);
    expect_matches("$.detail['a.b']", "8;", 1);
    expect_matches("$.detail.items[0].id", "10;", 1);
    expect_matches("$.detail.items[2]", "7;", 1);
    expect_matches("$.detail.items[1].tags[1]", "\"q\";", 1);
}

static void test_whole_document(void **state)
{
    (void)state;
    char whole[sizeof(event) + 1];
    (void)snprintf(whole, sizeof(whole), "%s;", event);
    expect_matches("$", whole, 1);
}

static void test_wildcards(void **state)
{
    (void)state;
    expect_matches("$.detail.items[*].id", "10;11;", 2);
    expect_matches("$.detail.items.*.tags[*]", "\"p\";\"q\";", 2);
    expect_matches("$.detail.a.*", "1;2;", 2);
    expect_matches("$.detail.a[*]", "1;2;", 2);
    expect_matches("$.*.items[0]", "{\"id\":10};", 1);
    expect_matches("$.version.*", "", 0);
}

static void test_no_match(void **state)
{
    (void)state;
    expect_matches("$.nothing", "", 0);
    expect_matches("$.version.deeper", "", 0);
    expect_matches("$.detail.items[3]", "", 0);
    expect_matches("$.detail.items.id", "", 0);
    expect_matches("$.detail[0]", "", 0);
}

static void test_visit_can_stop(void **state)
{
    (void)state;
    struct reading reading;
    struct eg_json_path *path = NULL;
    struct eg_error err;
    reading_open(&reading, "[[1,2],[3,4],[5]]");
    assert_int_equal(eg_json_path_new(EG_SPAN_LITERAL("$[*][*]"), &path, &err), 0);
    assert_false(eg_json_path_is_single(path));
    struct collected collected = {&reading.document, EG_BUFFER_INIT, 3};
    assert_int_equal(eg_json_path_each(path, &reading.document, 0, collect, &collected), 3);
    assert_span(eg_buffer_span(&collected.text), "1;2;3;");
    eg_buffer_fini(&collected.text);
    eg_json_path_destroy(path);
    assert_int_equal(eg_json_path_new(EG_SPAN_LITERAL("$.a[0]"), &path, &err), 0);
    assert_true(eg_json_path_is_single(path));
    eg_json_path_destroy(path);
    eg_json_path_destroy(NULL);
    reading_close(&reading);
}

static void expect_refused(const char *path_text, const char *message)
{
    struct eg_json_path *path = NULL;
    struct eg_error err;
    assert_int_equal(eg_json_path_new(eg_span_text(path_text), &path, &err), -1);
    assert_null(path);
    assert_int_equal(err.code, EG_ERR_INVALID);
    assert_string_equal(err.message, message);
}

static void test_refused_paths(void **state)
{
    (void)state;
    expect_refused("", "expected '$' at byte 0 of the path");
    expect_refused("detail", "expected '$' at byte 0 of the path");
    expect_refused("$detail", "expected '.' or '[' at byte 1 of the path");
    expect_refused("$.", "expected a name or '*' after '.' at byte 2 of the path");
    expect_refused("$..a", "expected a name or '*' after '.' at byte 2 of the path");
    expect_refused("$.a b", "expected '.' or '[' at byte 3 of the path");
    expect_refused("$.a.", "expected a name or '*' after '.' at byte 4 of the path");
    expect_refused("$[", "expected a quoted name, a position from 0, or '*' after '[' at byte 2 of "
                         "the path");
    expect_refused("$[-1]", "expected a quoted name, a position from 0, or '*' after '[' at byte 2 "
                            "of the path");
    expect_refused("$[0:2]", "expected ']' at byte 3 of the path");
    expect_refused("$[01]", "a position has no leading 0; it ends at byte 4 of the path");
    expect_refused("$[1234567890]", "expected ']' at byte 11 of the path");
    expect_refused("$[*", "expected ']' at byte 3 of the path");
    expect_refused("$['a", "expected the closing quote of a name at byte 4 of the path");
    expect_refused("$['a'", "expected ']' at byte 5 of the path");
    expect_refused("$['a\n']", "a control character must be escaped at byte 4 of the path");
    expect_refused("$['\\q']", "expected one of \"\\/bfnrtu after the backslash at byte 3 of the "
                               "path");
    expect_refused("$['\\ud800']", "half of a surrogate pair stands alone at byte 3 of the path");
    expect_refused("$.\xFF", "invalid UTF-8 at byte 2 of the path");
    expect_refused("$[?(@.a)]", "expected a quoted name, a position from 0, or '*' after '[' at "
                                "byte 2 of the path");
}

static void test_bounds(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_buffer_append_char(&text, '$');
    for (int i = 0; i < EG_JSON_PATH_MAX_STEPS; i++)
        eg_buffer_append_text(&text, ".a");
    struct eg_json_path *path = NULL;
    struct eg_error err;
    assert_int_equal(eg_json_path_new(eg_buffer_span(&text), &path, &err), 0);
    eg_json_path_destroy(path);
    path = NULL;
    eg_buffer_append_text(&text, ".a");
    expect_refused(text.data,
                   "a path has at most 64 steps; one more begins at byte 131 of the path");
    while (text.len <= EG_JSON_PATH_MAX_BYTES)
        eg_buffer_append_char(&text, 'a');
    expect_refused(text.data, "the path has 4097 bytes, 4096 are allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_values),  cmocka_unit_test(test_whole_document),
        cmocka_unit_test(test_wildcards),      cmocka_unit_test(test_no_match),
        cmocka_unit_test(test_visit_can_stop), cmocka_unit_test(test_refused_paths),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests_name("json/path", tests, NULL, NULL);
}
