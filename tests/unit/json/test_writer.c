/* SPDX-License-Identifier: Apache-2.0 */
/* The writer: nothing gets out of its quotes, and what is written reads back as it was. */
#include "reading.h"

#include <locale.h>
#include <math.h>

#include "json/writer.h"

static void expect_written(struct eg_span text, const char *written)
{
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    eg_json_write_string(&buffer, text);
    assert_span(eg_buffer_span(&buffer), written);
}

static void test_strings(void **state)
{
    (void)state;
    expect_written(EG_SPAN_EMPTY, "\"\"");
    expect_written((struct eg_span){NULL, 0}, "\"\"");
    expect_written(EG_SPAN_LITERAL("plain / text"), "\"plain / text\"");
    expect_written(EG_SPAN_LITERAL("a\"b\\c"), "\"a\\\"b\\\\c\"");
    expect_written(EG_SPAN_LITERAL("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
    expect_written(EG_SPAN_LITERAL("\0\x01\x1F\x7F"), "\"\\u0000\\u0001\\u001f\x7F\"");
    expect_written(EG_SPAN_LITERAL("\xC3\xA4\xF0\x9F\x98\x80"), "\"\xC3\xA4\xF0\x9F\x98\x80\"");
}

static void test_invalid_utf8_is_replaced(void **state)
{
    (void)state;
    expect_written(EG_SPAN_LITERAL("a\xFF"
                                   "b"),
                   "\"a\xEF\xBF\xBD"
                   "b\"");
    expect_written(EG_SPAN_LITERAL("\xE2\x82"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"");
    expect_written(EG_SPAN_LITERAL("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

/* Every byte, alone and in front of a quote, gives a valid JSON string. */
static void test_every_byte_reads_back(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char bytes[40];
        memset(bytes, 'x', sizeof(bytes));
        bytes[byte % sizeof(bytes)] = (char)byte;
        EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
        eg_json_write_string(&buffer, eg_span_of(bytes, sizeof(bytes)));
        struct reading reading;
        reading_open(&reading, buffer.data);
        struct eg_span seen = eg_json_string(&reading.document, 0);
        if (byte < 0x80)
            assert_true(eg_span_equal(seen, eg_span_of(bytes, sizeof(bytes))));
        else
            assert_int_equal(seen.len, sizeof(bytes) + 2);
        reading_close(&reading);
    }
}

static void test_small_values(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    eg_json_write_name(&buffer, "a\"");
    eg_json_write_int64(&buffer, INT64_MIN);
    eg_buffer_append_char(&buffer, ',');
    eg_json_write_uint64(&buffer, UINT64_MAX);
    eg_buffer_append_char(&buffer, ',');
    eg_json_write_bool(&buffer, true);
    eg_json_write_bool(&buffer, false);
    eg_json_write_null(&buffer);
    eg_json_write_text(&buffer, NULL);
    eg_json_write_text(&buffer, "t");
    assert_span(eg_buffer_span(&buffer), "\"a\\\"\":-9223372036854775808,18446744073709551615,"
                                         "truefalsenullnull\"t\"");
}

static void expect_double(double value, const char *written)
{
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    eg_json_write_double(&buffer, value);
    assert_span(eg_buffer_span(&buffer), written);
}

static void test_doubles(void **state)
{
    (void)state;
    expect_double(0, "0");
    expect_double(-0.0, "-0");
    expect_double(1, "1");
    expect_double(0.1, "0.1");
    expect_double(0.1 + 0.2, "0.30000000000000004");
    expect_double(1e21, "1e+21");
    expect_double(5e-324, "4.94065645841247e-324");
    expect_double(NAN, "null");
    expect_double(-INFINITY, "null");
    if (setlocale(LC_NUMERIC, "de_DE.UTF-8")) {
        expect_double(1.5, "1.5");
        (void)setlocale(LC_NUMERIC, "C");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_invalid_utf8_is_replaced),
        cmocka_unit_test(test_every_byte_reads_back),
        cmocka_unit_test(test_small_values),
        cmocka_unit_test(test_doubles),
    };
    return cmocka_run_group_tests_name("json/writer", tests, NULL, NULL);
}
