/* SPDX-License-Identifier: Apache-2.0 */
/* Members, elements and RFC 6901 pointers, with the RFC's own example (section 5). */
#include "reading.h"

static const char rfc_example[] =
    "{\"foo\": [\"bar\", \"baz\"], \"\": 0, \"a/b\": 1, \"c%d\": 2, \"e^f\": 3, \"g|h\": 4, "
    "\"i\\\\j\": 5, \"k\\\"l\": 6, \" \": 7, \"m~n\": 8}";

static void expect_pointer(const struct reading *reading, const char *pointer, const char *text)
{
    eg_json_index index = eg_json_pointer(&reading->document, 0, eg_span_text(pointer));
    if (!text) {
        if (index != EG_JSON_NONE)
            fail_msg("%s found something", pointer);
        return;
    }
    if (index == EG_JSON_NONE)
        fail_msg("%s found nothing", pointer);
    assert_span(eg_json_text(&reading->document, index), text);
}

static void test_pointers_of_the_rfc(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", rfc_example},     {"/foo", "[\"bar\", \"baz\"]"},
        {"/foo/0", "\"bar\""}, {"/", "0"},
        {"/a~1b", "1"},        {"/c%d", "2"},
        {"/e^f", "3"},         {"/g|h", "4"},
        {"/i\\j", "5"},        {"/k\"l", "6"},
        {"/ ", "7"},           {"/m~0n", "8"},
    };
    struct reading reading;
    reading_open(&reading, rfc_example);
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        expect_pointer(&reading, cases[i][0], cases[i][1]);
    reading_close(&reading);
}

static void test_pointers_to_nothing(void **state)
{
    (void)state;
    static const char *const pointers[] = {
        "foo",     "/bar",       "/foo/2",
        "/foo/-",  "/foo/01",    "/foo/+1",
        "/foo/1x", "/foo/",      "/foo/99999999999999999999",
        "/foo/0/", "/m~n",       "/m~",
        "/m~2n",   "/foo/0/bar", "/a/b",
        "//",
    };
    struct reading reading;
    reading_open(&reading, rfc_example);
    for (size_t i = 0; i < EG_ARRAY_COUNT(pointers); i++)
        expect_pointer(&reading, pointers[i], NULL);
    reading_close(&reading);
}

static void test_tilde_is_undone_once(void **state)
{
    (void)state;
    struct reading reading;
    reading_open(&reading, "{\"~1\":1,\"/\":2,\"~0\":3,\"~\":4}");
    expect_pointer(&reading, "/~01", "1");
    expect_pointer(&reading, "/~1", "2");
    expect_pointer(&reading, "/~00", "3");
    expect_pointer(&reading, "/~0", "4");
    reading_close(&reading);
}

static void test_pointer_from_inside(void **state)
{
    (void)state;
    struct reading reading;
    reading_open(&reading, "{\"a\":{\"b\":[10,[20],30]}}");
    eg_json_index a = eg_json_member(&reading.document, 0, EG_SPAN_LITERAL("a"));
    eg_json_index found = eg_json_pointer(&reading.document, a, EG_SPAN_LITERAL("/b/2"));
    assert_span(eg_json_text(&reading.document, found), "30");
    reading_close(&reading);
}

static void test_member(void **state)
{
    (void)state;
    struct reading reading;
    reading_open(&reading, "{\"a\":{\"z\":0},\"\\u0062\":2,\"n\\u0000\":3}");
    const struct eg_json_document *document = &reading.document;
    eg_json_index found = eg_json_member(document, 0, EG_SPAN_LITERAL("b"));
    assert_span(eg_json_text(document, found), "2");
    found = eg_json_member(document, 0, eg_span_of("n\0", 2));
    assert_span(eg_json_text(document, found), "3");
    assert_int_equal(eg_json_member(document, 0, EG_SPAN_LITERAL("n")), EG_JSON_NONE);
    assert_int_equal(eg_json_member(document, 0, EG_SPAN_LITERAL("z")), EG_JSON_NONE);
    assert_int_equal(eg_json_member(document, 0, EG_SPAN_EMPTY), EG_JSON_NONE);
    reading_close(&reading);
}

static void test_element(void **state)
{
    (void)state;
    struct reading reading;
    reading_open(&reading, "[[1,2],{\"a\":[]},3]");
    const struct eg_json_document *document = &reading.document;
    assert_span(eg_json_text(document, eg_json_element(document, 0, 0)), "[1,2]");
    assert_span(eg_json_text(document, eg_json_element(document, 0, 2)), "3");
    assert_int_equal(eg_json_element(document, 0, 3), EG_JSON_NONE);
    reading_close(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers_of_the_rfc),
        cmocka_unit_test(test_pointers_to_nothing),
        cmocka_unit_test(test_tilde_is_undone_once),
        cmocka_unit_test(test_pointer_from_inside),
        cmocka_unit_test(test_member),
        cmocka_unit_test(test_element),
    };
    return cmocka_run_group_tests_name("json/lookup", tests, NULL, NULL);
}
