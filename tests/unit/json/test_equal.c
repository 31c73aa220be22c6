/* SPDX-License-Identifier: Apache-2.0 */
/* Equality and the hash beside it: whatever is equal has the same hash. */
#include "reading.h"

#include "base/buffer.h"

static const struct eg_json_limits duplicates = {
    .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
    .max_depth = EG_JSON_MAX_DEPTH,
    .max_members = EG_JSON_MAX_COUNT,
    .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
    .allow_duplicate_keys = true,
};

static bool compare(struct eg_span a_text, const struct eg_json_limits *a_limits,
                    struct eg_span b_text, const struct eg_json_limits *b_limits)
{
    struct reading a;
    struct reading b;
    assert_int_equal(reading_try(&a, a_text, a_limits), 0);
    assert_int_equal(reading_try(&b, b_text, b_limits), 0);
    bool equal = eg_json_equal(&a.document, 0, &b.document, 0);
    assert_true(equal == eg_json_equal(&b.document, 0, &a.document, 0));
    assert_true(equal == (eg_json_hash(&a.document, 0) == eg_json_hash(&b.document, 0)));
    reading_close(&a);
    reading_close(&b);
    return equal;
}

static void expect(const char *a, const char *b, bool equal)
{
    if (compare(eg_span_text(a), NULL, eg_span_text(b), NULL) != equal)
        fail_msg("%s and %s", a, b);
}

static void test_equal_values(void **state)
{
    (void)state;
    expect("null", " null ", true);
    expect("1", "1.0", true);
    expect("[1e2,-0]", "[100,0.0]", true);
    expect("\"\\u0061b\"", "\"ab\"", true);
    expect("\"\\u00e4\"", "\"\xC3\xA4\"", true);
    expect("[]", "[ ]", true);
    expect("{}", "{ }", true);
    expect("{\"a\":1,\"b\":[2]}", "{\"b\":[2.0],\"\\u0061\":1}", true);
    expect("{\"a\":{\"x\":1,\"y\":2},\"b\":3}", "{\"b\":3,\"a\":{\"y\":2,\"x\":1}}", true);
}

static void test_different_values(void **state)
{
    (void)state;
    expect("null", "false", false);
    expect("false", "0", false);
    expect("true", "1", false);
    expect("true", "false", false);
    expect("\"1\"", "1", false);
    expect("\"a\"", "\"A\"", false);
    expect("[1,2]", "[2,1]", false);
    expect("[1]", "[1,1]", false);
    expect("[[1],2]", "[[1,2]]", false);
    expect("[]", "{}", false);
    expect("{\"a\":1}", "{\"b\":1}", false);
    expect("{\"a\":1}", "{\"a\":2}", false);
    expect("{\"a\":1,\"b\":2}", "{\"a\":2,\"b\":1}", false);
    expect("{\"a\":1}", "{\"a\":1,\"b\":1}", false);
    expect("12345678901234567890", "12345678901234567891", false);
}

static void append_object(struct eg_buffer *text, unsigned count, bool backwards, unsigned changed)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned n = backwards ? count - 1 - i : i;
        eg_buffer_printf(text, "%c\"k%u\":[%u]", i ? ',' : '{', n, n == changed ? 0 : n + 1);
    }
    eg_buffer_append_char(text, '}');
}

static void test_large_objects_in_any_order(void **state)
{
    (void)state;
    static const unsigned counts[] = {2, 23, 24, 25, 26, 100, 5000};
    for (size_t i = 0; i < EG_ARRAY_COUNT(counts); i++) {
        EG_AUTOBUFFER struct eg_buffer a = EG_BUFFER_INIT;
        EG_AUTOBUFFER struct eg_buffer b = EG_BUFFER_INIT;
        EG_AUTOBUFFER struct eg_buffer c = EG_BUFFER_INIT;
        append_object(&a, counts[i], false, UINT32_MAX);
        append_object(&b, counts[i], true, UINT32_MAX);
        append_object(&c, counts[i], true, counts[i] / 2);
        assert_true(compare(eg_buffer_span(&a), NULL, eg_buffer_span(&b), NULL));
        assert_false(compare(eg_buffer_span(&a), NULL, eg_buffer_span(&c), NULL));
    }
}

static void test_of_duplicates_the_last_counts(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } cases[] = {
        {"{\"a\":1,\"a\":2}", "{\"a\":2}", true},
        {"{\"a\":1,\"a\":2}", "{\"a\":3,\"a\":2}", true},
        {"{\"a\":1,\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}", true},
        {"{\"a\":1,\"a\":2}", "{\"a\":1}", false},
        {"{\"a\":1,\"a\":2}", "{\"a\":2,\"b\":2}", false},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_span a = eg_span_text(cases[i].a);
        struct eg_span b = eg_span_text(cases[i].b);
        if (compare(a, &duplicates, b, &duplicates) != cases[i].equal)
            fail_msg("%s and %s", cases[i].a, cases[i].b);
    }
    assert_true(compare(EG_SPAN_LITERAL("{\"a\":1,\"a\":2}"), &duplicates,
                        EG_SPAN_LITERAL("{\"a\":2}"), NULL));
}

/* Names in another order on every level: work that doubled per level would never end. */
static void test_nesting_does_not_multiply_the_work(void **state)
{
    (void)state;
    enum { DEPTH = 1000 };
    EG_AUTOBUFFER struct eg_buffer a = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer b = EG_BUFFER_INIT;
    for (int i = 0; i < DEPTH; i++) {
        eg_buffer_append_text(&a, "{\"x\":");
        eg_buffer_append_text(&b, "{\"y\":1,\"x\":");
    }
    eg_buffer_append_text(&a, "0");
    eg_buffer_append_text(&b, "0");
    for (int i = 0; i < DEPTH; i++) {
        eg_buffer_append_text(&a, ",\"y\":1}");
        eg_buffer_append_text(&b, "}");
    }
    struct eg_json_limits deep = duplicates;
    deep.allow_duplicate_keys = false;
    assert_true(compare(eg_buffer_span(&a), &deep, eg_buffer_span(&b), &deep));
    assert_true(compare(eg_buffer_span(&a), &duplicates, eg_buffer_span(&b), &deep));
}

static void test_parts_of_documents(void **state)
{
    (void)state;
    struct reading reading;
    reading_open(&reading, "[{\"a\":1},{\"a\":1.0},{\"a\":2}]");
    const struct eg_json_document *document = &reading.document;
    eg_json_index second = eg_json_next(document, 1);
    eg_json_index third = eg_json_next(document, second);
    assert_true(eg_json_equal(document, 1, document, second));
    assert_false(eg_json_equal(document, 1, document, third));
    reading_close(&reading);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_values),
        cmocka_unit_test(test_different_values),
        cmocka_unit_test(test_large_objects_in_any_order),
        cmocka_unit_test(test_of_duplicates_the_last_counts),
        cmocka_unit_test(test_nesting_does_not_multiply_the_work),
        cmocka_unit_test(test_parts_of_documents),
    };
    return cmocka_run_group_tests_name("json/equal", tests, NULL, NULL);
}
