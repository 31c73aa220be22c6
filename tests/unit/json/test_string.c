/* SPDX-License-Identifier: Apache-2.0 */
/* Strings: every escape, every UTF-8 edge, and every place in the wide scan's steps. */
#include "reading.h"

#include <stdio.h>

struct string_case {
    const char *text;
    const char *bytes;
    size_t len;
};

#define CASE(text, bytes)              \
    {                                  \
        text, bytes, sizeof(bytes) - 1 \
    }

static void test_escapes_are_decoded(void **state)
{
    (void)state;
    static const struct string_case cases[] = {
        CASE("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"),
        CASE("\"\\u0000\"", "\0"),
        CASE("\"a\\u0000b\"", "a\0b"),
        CASE("\"\\u007f\\u0080\\u07FF\\u0800\\uffff\"",
             "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"),
        CASE("\"\\uD7FF\\uE000\"", "\xED\x9F\xBF\xEE\x80\x80"),
        CASE("\"\\ud800\\udc00\\uDBFF\\uDFFF\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"),
        CASE("\"sixteen bytes and \\n then \xE2\x82\xAC more\"",
             "sixteen bytes and \n then \xE2\x82\xAC more"),
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct reading reading;
        reading_open(&reading, cases[i].text);
        struct eg_span string = eg_json_string(&reading.document, 0);
        assert_true(eg_json_node(&reading.document, 0)->info & EG_JSON_ESCAPED);
        assert_int_equal(string.len, cases[i].len);
        assert_memory_equal(string.ptr, cases[i].bytes, cases[i].len);
        assert_span(eg_json_text(&reading.document, 0), cases[i].text);
        reading_close(&reading);
    }
}

static void test_strings_without_escapes_lie_in_the_text(void **state)
{
    (void)state;
    struct reading reading;
    reading_open(&reading, "[\"\",\"abc\",\"\xE2\x82\xAC\"]");
    assert_span(eg_json_string(&reading.document, 1), "");
    assert_span(eg_json_string(&reading.document, 2), "abc");
    assert_span(eg_json_string(&reading.document, 3), "\xE2\x82\xAC");
    assert_ptr_equal(eg_json_string(&reading.document, 2).ptr, reading.block + 5);
    assert_int_equal(reading.document.decoded_count, 0);
    reading_close(&reading);
}

static void test_many_escaped_strings_keep_their_own(void **state)
{
    (void)state;
    char text[4096] = "[";
    size_t len = 1;
    for (int i = 0; i < 100; i++)
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s\"n\\t%d\"", i ? "," : "", i);
    text[len++] = ']';
    text[len] = '\0';
    struct reading reading;
    reading_open(&reading, text);
    for (int i = 0; i < 100; i++) {
        char expected[16];
        (void)snprintf(expected, sizeof(expected), "n\t%d", i);
        assert_span(eg_json_string(&reading.document, (eg_json_index)i + 1), expected);
    }
    reading_close(&reading);
}

static int verdict_of_bytes(const char *bytes, size_t len)
{
    char text[96];
    text[0] = '"';
    memcpy(text + 1, bytes, len);
    text[len + 1] = '"';
    struct reading reading;
    int ret = reading_try(&reading, eg_span_of(text, len + 2), NULL);
    reading_close(&reading);
    return ret;
}

static void test_utf8_edges(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        int verdict;
    } cases[] = {
        {"\x7F", 0},
        {"\x80", -1},
        {"\xBF", -1},
        {"\xC0\x80", -1},
        {"\xC1\xBF", -1},
        {"\xC2\x80", 0},
        {"\xC2", -1},
        {"\xC2\x41", -1},
        {"\xDF\xBF", 0},
        {"\xE0\x80\x80", -1},
        {"\xE0\x9F\xBF", -1},
        {"\xE0\xA0\x80", 0},
        {"\xE2\x82", -1},
        {"\xED\x9F\xBF", 0},
        {"\xED\xA0\x80", -1},
        {"\xED\xBF\xBF", -1},
        {"\xEE\x80\x80", 0},
        {"\xEF\xBF\xBF", 0},
        {"\xEF\xBB\xBF", 0},
        {"\xF0\x8F\xBF\xBF", -1},
        {"\xF0\x90\x80\x80", 0},
        {"\xF0\x90\x80", -1},
        {"\xF4\x8F\xBF\xBF", 0},
        {"\xF4\x90\x80\x80", -1},
        {"\xF5\x80\x80\x80", -1},
        {"\xFF", -1},
        {"\xFE", -1},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        assert_int_equal(verdict_of_bytes(cases[i].bytes, strlen(cases[i].bytes)),
                         cases[i].verdict);
}

/* Each byte value at each place of a string that spans several steps of the wide scan. */
static void test_every_byte_at_every_place(void **state)
{
    (void)state;
    enum { LENGTH = 50 };
    for (unsigned byte = 0; byte < 256; byte++) {
        bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
        for (size_t place = 0; place < LENGTH; place++) {
            char bytes[LENGTH];
            memset(bytes, 'x', sizeof(bytes));
            bytes[place] = (char)byte;
            assert_int_equal(verdict_of_bytes(bytes, LENGTH), plain ? 0 : -1);
        }
    }
}

static void test_closing_quote_at_every_place(void **state)
{
    (void)state;
    char bytes[80];
    memset(bytes, 'y', sizeof(bytes));
    for (size_t len = 0; len < sizeof(bytes); len++) {
        struct reading reading;
        char text[sizeof(bytes) + 4] = "[\"";
        memcpy(text + 2, bytes, len);
        memcpy(text + 2 + len, "\"]", 2);
        assert_int_equal(reading_try(&reading, eg_span_of(text, len + 4), NULL), 0);
        assert_int_equal(eg_json_string(&reading.document, 1).len, len);
        reading_close(&reading);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escapes_are_decoded),
        cmocka_unit_test(test_strings_without_escapes_lie_in_the_text),
        cmocka_unit_test(test_many_escaped_strings_keep_their_own),
        cmocka_unit_test(test_utf8_edges),
        cmocka_unit_test(test_every_byte_at_every_place),
        cmocka_unit_test(test_closing_quote_at_every_place),
    };
    return cmocka_run_group_tests_name("json/string", tests, NULL, NULL);
}
