/* SPDX-License-Identifier: Apache-2.0 */
/* The tape: its layout, what is accepted and refused, and where an error is said to be. */
#include "reading.h"

#include <stdio.h>

struct expected_node {
    enum eg_json_kind kind;
    const char *text;
    uint32_t next;
    uint32_t count;
};

static void test_tape_lies_in_text_order(void **state)
{
    (void)state;
    static const struct expected_node expected[] = {
        {EG_JSON_OBJECT, "{\"a\":[1, 2.5],\"b\" : null,\"c\":{}}", 9, 3},
        {EG_JSON_STRING, "\"a\"", 2, 0},
        {EG_JSON_ARRAY, "[1, 2.5]", 5, 2},
        {EG_JSON_NUMBER, "1", 4, 0},
        {EG_JSON_NUMBER, "2.5", 5, 0},
        {EG_JSON_STRING, "\"b\"", 6, 0},
        {EG_JSON_NULL, "null", 7, 0},
        {EG_JSON_STRING, "\"c\"", 8, 0},
        {EG_JSON_OBJECT, "{}", 9, 0},
    };
    struct reading reading;
    reading_open(&reading, " \n{\"a\":[1, 2.5],\"b\" : null,\"c\":{}}\t\r ");
    const struct eg_json_document *document = &reading.document;
    assert_int_equal(document->node_count, EG_ARRAY_COUNT(expected));
    for (uint32_t i = 0; i < EG_ARRAY_COUNT(expected); i++) {
        assert_int_equal(eg_json_kind(document, i), expected[i].kind);
        assert_span(eg_json_text(document, i), expected[i].text);
        assert_int_equal(eg_json_next(document, i), expected[i].next);
        assert_int_equal(eg_json_count(document, i), expected[i].count);
    }
    assert_true(eg_json_node(document, 3)->info & EG_JSON_INTEGER);
    assert_false(eg_json_node(document, 4)->info & EG_JSON_INTEGER);
    reading_close(&reading);
}

static void test_scalars_at_the_root(void **state)
{
    (void)state;
    static const struct expected_node cases[] = {
        {EG_JSON_NULL, "null", 1, 0},   {EG_JSON_TRUE, "true", 1, 0},
        {EG_JSON_FALSE, "false", 1, 0}, {EG_JSON_NUMBER, "-0", 1, 0},
        {EG_JSON_STRING, "\"\"", 1, 0}, {EG_JSON_NUMBER, "12345678901234567890", 1, 0},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct reading reading;
        reading_open(&reading, cases[i].text);
        assert_int_equal(eg_json_kind(&reading.document, 0), cases[i].kind);
        assert_span(eg_json_text(&reading.document, 0), cases[i].text);
        reading_close(&reading);
    }
}

static void test_refusals_say_what_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "expected a value at line 1, column 1 (byte 0)"},
        {"  ", "expected a value at line 1, column 3 (byte 2)"},
        {"\xEF\xBB\xBF{}", "a byte order mark must not stand before the value at line 1, column 1 "
                           "(byte 0)"},
        {"{", "expected a name or '}' at line 1, column 2 (byte 1)"},
        {"[", "expected a value or ']' at line 1, column 2 (byte 1)"},
        {"[1,]", "expected a value, not a closing bracket at line 1, column 4 (byte 3)"},
        {"[1 2]", "expected ',' or ']' after the element at line 1, column 4 (byte 3)"},
        {"[1", "expected ',' or ']' after the element at line 1, column 3 (byte 2)"},
        {"[1}", "expected ',' or ']' after the element at line 1, column 3 (byte 2)"},
        {"{\"a\":1]", "expected ',' or '}' after the member at line 1, column 7 (byte 6)"},
        {"{\"a\":1,}", "expected a name in double quotes at line 1, column 8 (byte 7)"},
        {"{a:1}", "expected a name in double quotes at line 1, column 2 (byte 1)"},
        {"{\"a\" 1}", "expected ':' after the name at line 1, column 6 (byte 5)"},
        {"{\"a\"", "expected ':' after the name at line 1, column 5 (byte 4)"},
        {"{\"a\":}", "expected a value, not a closing bracket at line 1, column 6 (byte 5)"},
        {"{\n  \"\xC3\xA4\": tru\n}", "expected a value at line 2, column 8 (byte 10)"},
        {"nul", "expected a value at line 1, column 1 (byte 0)"},
        {"{} {}", "expected nothing more after the value at line 1, column 4 (byte 3)"},
        {"1]", "expected nothing more after the value at line 1, column 2 (byte 1)"},
        {"01", "a number must not begin with 0 at line 1, column 1 (byte 0)"},
        {"-01", "a number must not begin with 0 at line 1, column 2 (byte 1)"},
        {"-", "expected a digit after '-' at line 1, column 2 (byte 1)"},
        {"1.", "expected a digit after the decimal point at line 1, column 3 (byte 2)"},
        {"1e+", "expected a digit in the exponent at line 1, column 4 (byte 3)"},
        {".5", "expected a value at line 1, column 1 (byte 0)"},
        {"+1", "expected a value at line 1, column 1 (byte 0)"},
        {"NaN", "expected a value at line 1, column 1 (byte 0)"},
        {"'a'", "expected a value at line 1, column 1 (byte 0)"},
        {"\"a", "expected '\"' at the end of the string at line 1, column 3 (byte 2)"},
        {"\"a\nb\"", "a control character in a string must be escaped at line 1, column 3 "
                     "(byte 2)"},
        {"\"\\x\"", "expected one of \"\\/bfnrtu after the backslash at line 1, column 2 (byte 1)"},
        {"\"\\", "expected one of \"\\/bfnrtu after the backslash at line 1, column 2 (byte 1)"},
        {"\"\\u12g4\"", "expected four hexadecimal digits after \\u at line 1, column 2 (byte 1)"},
        {"\"\\uD800\"", "half of a surrogate pair stands alone at line 1, column 2 (byte 1)"},
        {"\"\\uDC00\"", "half of a surrogate pair stands alone at line 1, column 2 (byte 1)"},
        {"\"\\uD800\\u0041\"",
         "half of a surrogate pair stands alone at line 1, column 2 (byte 1)"},
        {"\"\\uD800\\n\"", "half of a surrogate pair stands alone at line 1, column 2 (byte 1)"},
        {"\"\x80\"", "the string is not valid UTF-8 at line 1, column 2 (byte 1)"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct reading reading;
        assert_int_equal(reading_try(&reading, eg_span_text(cases[i].text), NULL), -1);
        assert_int_equal(reading.err.code, EG_ERR_INVALID);
        assert_string_equal(reading.err.message, cases[i].message);
        assert_int_equal(reading.document.node_count, 0);
        reading_close(&reading);
    }
}

static void test_every_prefix_is_refused(void **state)
{
    (void)state;
    static const char text[] =
        "{\"name\\u00e4\": [true, false, null, -12.5e+3, \"long enough for a wide step "
        "\xE2\x82\xAC\", "
        "{\"\": []}],\n                                \"k\\\\\": \"\\ud83d\\ude00\"}";
    struct reading reading;
    reading_open(&reading, text);
    reading_close(&reading);
    for (size_t len = 0; len + 1 < sizeof(text) - 1; len++) {
        assert_int_equal(reading_try(&reading, eg_span_of(text, len), NULL), -1);
        reading_close(&reading);
    }
}

static void test_nul_byte_is_no_white_space(void **state)
{
    (void)state;
    struct reading reading;
    assert_int_equal(reading_try(&reading, eg_span_of("1\0", 2), NULL), -1);
    reading_close(&reading);
    assert_int_equal(reading_try(&reading, eg_span_of("[\0]", 3), NULL), -1);
    reading_close(&reading);
    assert_int_equal(reading_try(&reading, eg_span_of("\"\0\"", 3), NULL), -1);
    reading_close(&reading);
}

static void test_white_space_of_any_length(void **state)
{
    (void)state;
    char text[128];
    for (size_t spaces = 0; spaces < 80; spaces++) {
        size_t len = 0;
        text[len++] = '[';
        for (size_t i = 0; i < spaces; i++)
            text[len++] = " \n\r\t"[i % 4];
        text[len++] = '7';
        text[len++] = ']';
        struct reading reading;
        assert_int_equal(reading_try(&reading, eg_span_of(text, len), NULL), 0);
        assert_span(eg_json_text(&reading.document, 1), "7");
        reading_close(&reading);
        text[len - 2] = '\v';
        assert_int_equal(reading_try(&reading, eg_span_of(text, len), NULL), -1);
        reading_close(&reading);
    }
}

static void test_failed_parse_leaves_no_node(void **state)
{
    (void)state;
    struct eg_json_document document;
    struct eg_error err;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, EG_SPAN_LITERAL("[1,\"\\n\"]"), NULL, &err),
                     0);
    assert_int_equal(document.node_count, 3);
    assert_int_equal(eg_json_document_parse(&document, EG_SPAN_LITERAL("[1"), NULL, &err), -1);
    assert_int_equal(document.node_count, 0);
    assert_int_equal(document.decoded_count, 0);
    assert_int_equal(eg_json_document_parse(&document, EG_SPAN_LITERAL("[1"), NULL, NULL), -1);
    eg_json_document_fini(&document);
    eg_json_document_fini(&document);
}

static void parse_all(struct eg_json_document *document, const struct eg_span *texts, size_t count)
{
    struct eg_error err;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(eg_json_document_parse(document, texts[i], NULL, &err), 0);
}

/* 40 members, so that the name table is needed, half of them with escapes. */
static char *wide_object(void)
{
    char *text = eg_malloc(2048);
    size_t len = 0;
    for (unsigned i = 0; i < 40; i++)
        len +=
            (size_t)snprintf(text + len, 2048 - len, i % 2 ? "%c\"plain%u\":%u" : "%c\"e\\n%u\":%u",
                             i ? ',' : '{', i, i);
    text[len++] = '}';
    text[len] = '\0';
    return text;
}

static void test_warm_document_takes_no_memory(void **state)
{
    (void)state;
    EG_AUTOFREE char *wide = wide_object();
    struct eg_span texts[] = {eg_span_text(wide),
                              EG_SPAN_LITERAL("[\"\\t\",\"\\u00e4\",{\"a\":1}]"),
                              EG_SPAN_LITERAL("{\"a\":[[[[1,2,3]]]]}")};
    struct eg_json_document document;
    eg_json_document_init(&document);
    parse_all(&document, texts, EG_ARRAY_COUNT(texts));
    struct eg_json_document warm = document;
    for (int i = 0; i < 100; i++)
        parse_all(&document, texts, EG_ARRAY_COUNT(texts));
    assert_ptr_equal(document.nodes, warm.nodes);
    assert_int_equal(document.node_capacity, warm.node_capacity);
    assert_ptr_equal(document.decoded, warm.decoded);
    assert_int_equal(document.decoded_capacity, warm.decoded_capacity);
    assert_ptr_equal(document.strings, warm.strings);
    assert_int_equal(document.strings_capacity, warm.strings_capacity);
    assert_ptr_equal(document.name_slots, warm.name_slots);
    assert_int_equal(document.name_slot_capacity, warm.name_slot_capacity);
    assert_non_null(document.name_slots);
    assert_non_null(document.decoded);
    eg_json_document_fini(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tape_lies_in_text_order),
        cmocka_unit_test(test_scalars_at_the_root),
        cmocka_unit_test(test_refusals_say_what_and_where),
        cmocka_unit_test(test_every_prefix_is_refused),
        cmocka_unit_test(test_nul_byte_is_no_white_space),
        cmocka_unit_test(test_white_space_of_any_length),
        cmocka_unit_test(test_failed_parse_leaves_no_node),
        cmocka_unit_test(test_warm_document_takes_no_memory),
    };
    return cmocka_run_group_tests_name("json/document", tests, NULL, NULL);
}
