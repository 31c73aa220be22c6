/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, duplicate names, and texts made to be slow: each is bounded, counted, not timed. */
#include "reading.h"

#include <stdio.h>

#include "base/buffer.h"
#include "json/names.h"

static const struct eg_json_limits wide = {
    .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
    .max_depth = EG_JSON_MAX_DEPTH,
    .max_members = EG_JSON_MAX_COUNT,
    .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
};

static void append_repeated(struct eg_buffer *buffer, const char *text, size_t times)
{
    while (times--)
        eg_buffer_append_text(buffer, text);
}

/* Parses, and expects success (message NULL) or EG_ERR_TOO_LARGE with exactly this message. */
static void expect_limit(const char *text, const struct eg_json_limits *limits, const char *message)
{
    struct reading reading;
    int ret = reading_try(&reading, eg_span_text(text), limits);
    if (message) {
        assert_int_equal(ret, -1);
        assert_int_equal(reading.err.code, EG_ERR_TOO_LARGE);
        assert_string_equal(reading.err.message, message);
        assert_int_equal(reading.document.node_count, 0);
    } else {
        assert_int_equal(ret, 0);
    }
    reading_close(&reading);
}

static void test_each_limit_at_its_edge(void **state)
{
    (void)state;
    struct eg_json_limits limits = {
        .max_text_bytes = 20, .max_depth = 2, .max_members = 2, .max_string_bytes = 4};
    expect_limit("[1,2,3,4,5,6,7,8,90]", &limits, NULL);
    expect_limit("[1,2,3,4,5,6,7,8,901]", &limits, "the JSON text has 21 bytes, 20 are allowed");
    expect_limit("[[]]", &limits, NULL);
    expect_limit("[[[]]]", &limits,
                 "the value is nested deeper than allowed at line 1, column 3 (byte 2)");
    expect_limit("{\"a\":{\"a\":{}}}", &limits,
                 "the value is nested deeper than allowed at line 1, column 11 (byte 10)");
    expect_limit("{\"a\":1,\"b\":2}", &limits, NULL);
    expect_limit("{\"a\":1,\"b\":2,\"c\":3}", &limits,
                 "the object has more members than allowed at line 1, column 14 (byte 13)");
    expect_limit("\"abcd\"", &limits, NULL);
    expect_limit("\"abcde\"", &limits,
                 "the string is longer than allowed at line 1, column 1 (byte 0)");
    expect_limit("\"\\u0041\"", &limits,
                 "the string is longer than allowed at line 1, column 1 (byte 0)");
    expect_limit("{\"abcde\":1}", &limits,
                 "the string is longer than allowed at line 1, column 2 (byte 1)");
    limits.max_depth = 0;
    expect_limit("1", &limits, NULL);
    expect_limit("[]", &limits,
                 "the value is nested deeper than allowed at line 1, column 1 (byte 0)");
}

static void test_defaults(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    append_repeated(&text, "[", 128);
    append_repeated(&text, "]", 128);
    expect_limit(text.data, NULL, NULL);
    eg_buffer_clear(&text);
    append_repeated(&text, "[", 100000);
    expect_limit(text.data, NULL,
                 "the value is nested deeper than allowed at line 1, column 129 (byte 128)");
    assert_false(eg_json_limits_default.allow_duplicate_keys);
    assert_int_equal(eg_json_limits_default.max_text_bytes, 16 * 1024 * 1024);
    assert_int_equal(eg_json_limits_default.max_members, 10000);
    assert_int_equal(eg_json_limits_default.max_string_bytes, 1024 * 1024);
}

/* Limits beyond what the tape can hold are taken as what it can hold. */
static void test_depth_is_capped(void **state)
{
    (void)state;
    struct eg_json_limits limits = wide;
    limits.max_depth = UINT32_MAX;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    append_repeated(&text, "[", EG_JSON_MAX_DEPTH);
    append_repeated(&text, "]", EG_JSON_MAX_DEPTH);
    expect_limit(text.data, &limits, NULL);
    eg_buffer_clear(&text);
    append_repeated(&text, "{\"a\":", EG_JSON_MAX_DEPTH + 1);
    expect_limit(text.data, &limits,
                 "the value is nested deeper than allowed at line 1, column 5121 (byte 5120)");
}

static void expect_duplicate(const char *text, const char *message)
{
    struct reading reading;
    assert_int_equal(reading_try(&reading, eg_span_text(text), NULL), -1);
    assert_int_equal(reading.err.code, EG_ERR_INVALID);
    assert_string_equal(reading.err.message, message);
    reading_close(&reading);
}

static void test_duplicate_names_are_refused(void **state)
{
    (void)state;
    expect_duplicate("{\"a\":1,\"a\":1}",
                     "the name \"a\" comes twice in one object at line 1, column 8 (byte 7)");
    expect_duplicate("{\"\":1,\"\":1}",
                     "the name \"\" comes twice in one object at line 1, column 7 (byte 6)");
    expect_duplicate(
        "[{\"a\":{\"b\":1,\"c\":{},\"\\u0062\":1}}]",
        "the name \"\\u0062\" comes twice in one object at line 1, column 21 (byte 20)");
    struct reading reading;
    reading_open(&reading,
                 "{\"a\":{\"a\":1},\"A\":[{\"a\":1},{\"a\":2}],\"aa\":2,\"axa\":1,\"aya\":1}");
    reading_close(&reading);
}

static void test_long_name_is_cut_in_the_message(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_buffer_append_text(&text, "{\"k");
    append_repeated(&text, "\xC3\xA4", 100);
    eg_buffer_append_text(&text, "\":1,\"k");
    append_repeated(&text, "\xC3\xA4", 100);
    eg_buffer_append_text(&text, "\":1}");
    EG_AUTOBUFFER struct eg_buffer message = EG_BUFFER_INIT;
    eg_buffer_append_text(&message, "the name \"k");
    append_repeated(&message, "\xC3\xA4", 31);
    eg_buffer_append_text(&message,
                          "\" comes twice in one object at line 1, column 108 (byte 207)");
    expect_duplicate(text.data, message.data);
}

/* Object of `count` members, the last one named like member `twin`. */
static void append_object(struct eg_buffer *text, unsigned count, unsigned twin)
{
    for (unsigned i = 0; i < count; i++)
        eg_buffer_printf(text, "%c\"key%u\":%u", i ? ',' : '{', i + 1 == count ? twin : i, i);
    eg_buffer_append_char(text, '}');
}

/* Around the size at which the check changes from pairs to the table. */
static void test_duplicates_are_found_at_every_size(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    for (unsigned count = 2; count < 3 * EG_JSON_SMALL_OBJECT; count++) {
        for (unsigned twin = 0; twin < count; twin++) {
            struct reading reading;
            eg_buffer_clear(&text);
            append_object(&text, count, twin);
            int ret = reading_try(&reading, eg_buffer_span(&text), NULL);
            assert_int_equal(ret, twin + 1 == count ? 0 : -1);
            reading_close(&reading);
        }
    }
}

static void test_duplicates_when_allowed(void **state)
{
    (void)state;
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    struct reading reading;
    assert_int_equal(reading_try(&reading, EG_SPAN_LITERAL("{\"a\":1,\"b\":2,\"a\":3}"), &limits),
                     0);
    assert_int_equal(eg_json_count(&reading.document, 0), 3);
    eg_json_index value = eg_json_member(&reading.document, 0, EG_SPAN_LITERAL("a"));
    assert_span(eg_json_text(&reading.document, value), "3");
    reading_close(&reading);
}

/* The tape, the decoded strings and the slots grow with the text and no faster. */
static void expect_linear_memory(const struct eg_buffer *text)
{
    struct reading reading;
    if (reading_try(&reading, eg_buffer_span(text), &wide) != 0)
        fail_msg("%s", reading.err.message);
    const struct eg_json_document *document = &reading.document;
    assert_true(document->node_count <= text->len / 2 + 1);
    assert_true(document->node_capacity <= text->len + 32);
    assert_true(document->decoded_capacity <= text->len + 32);
    assert_true(document->strings_bytes <= text->len);
    assert_true(document->strings_capacity <= text->len);
    assert_true(document->name_slot_capacity <= text->len + 64);
    reading_close(&reading);
}

static void test_dense_texts_take_linear_memory(void **state)
{
    (void)state;
    static const char *const fillings[] = {"1,",       "[],",  "{},",  "\"\",",
                                           "\"\\n\",", "1e9,", "  1,", "\"\\u00e4\","};
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    for (size_t i = 0; i < EG_ARRAY_COUNT(fillings); i++) {
        eg_buffer_clear(&text);
        eg_buffer_append_char(&text, '[');
        append_repeated(&text, fillings[i], 100000);
        eg_buffer_append_text(&text, "0]");
        expect_linear_memory(&text);
    }
    eg_buffer_clear(&text);
    eg_buffer_append_char(&text, '"');
    append_repeated(&text, "\\n\\u00e4\\ud83d\\ude00", 100000);
    eg_buffer_append_char(&text, '"');
    expect_linear_memory(&text);
    eg_buffer_clear(&text);
    append_object(&text, 1000000, 999999);
    expect_linear_memory(&text);
}

/* A million names that differ only in their tail: how far each slot lies from where it belongs. */
static void test_name_table_stays_flat(void **state)
{
    (void)state;
    enum { NAMES = 1000000 };
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    append_object(&text, NAMES, NAMES - 1);
    struct reading reading;
    assert_int_equal(reading_try(&reading, eg_buffer_span(&text), &wide), 0);
    uint32_t capacity = eg_json_name_table_capacity(NAMES);
    uint64_t steps = 0;
    uint32_t found = 0;
    assert_int_equal(reading.document.name_slot_capacity, capacity);
    for (uint32_t i = 0; i < capacity; i++) {
        const struct eg_json_name_slot *slot = &reading.document.name_slots[i];
        if (slot->name == EG_JSON_NONE)
            continue;
        found++;
        steps += (i - slot->hash) & (capacity - 1);
    }
    assert_int_equal(found, NAMES);
    assert_true(steps < NAMES); /* expected 0.5 steps a name at half load */
    reading_close(&reading);
}

static void test_array_elements_have_a_bound(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    char *room = eg_buffer_reserve(&text, 2 * ((size_t)EG_JSON_MAX_COUNT + 1) + 1);
    size_t elements = (size_t)EG_JSON_MAX_COUNT + 1;
    room[0] = '[';
    for (size_t i = 0; i < elements; i++) {
        room[1 + 2 * i] = '1';
        room[2 + 2 * i] = ',';
    }
    room[2 * elements] = ']';
    text.len = 2 * elements + 1;
    struct reading reading;
    assert_int_equal(reading_try(&reading, eg_buffer_span(&text), &wide), -1);
    assert_int_equal(reading.err.code, EG_ERR_TOO_LARGE);
    assert_non_null(strstr(reading.err.message, "the array has more elements than allowed"));
    reading_close(&reading);
    room[2 * elements - 2] = ']';
    assert_int_equal(reading_try(&reading, eg_span_of(room, 2 * elements - 1), &wide), 0);
    assert_int_equal(eg_json_count(&reading.document, 0), EG_JSON_MAX_COUNT);
    reading_close(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_limit_at_its_edge),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_depth_is_capped),
        cmocka_unit_test(test_duplicate_names_are_refused),
        cmocka_unit_test(test_long_name_is_cut_in_the_message),
        cmocka_unit_test(test_duplicates_are_found_at_every_size),
        cmocka_unit_test(test_duplicates_when_allowed),
        cmocka_unit_test(test_dense_texts_take_linear_memory),
        cmocka_unit_test(test_name_table_stays_flat),
        cmocka_unit_test(test_array_elements_have_a_bound),
    };
    return cmocka_run_group_tests_name("json/limits", tests, NULL, NULL);
}
