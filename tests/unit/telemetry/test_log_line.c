/* SPDX-License-Identifier: Apache-2.0 */
/* One log line as bytes: JSON and logfmt, escapes, broken text, and cutting. */
#include "telemetry/log_line.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json/document.h"

#define NO_FIELD                \
    {                           \
        NULL, EG_LOG_KIND_OMIT, \
        {                       \
            .natural = 0        \
        }                       \
    }
#define WALL_US INT64_C(1767323045678901) /* 2026-01-02T03:04:05.678901Z */
#define HEAD    "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"INFO\",\"message\":\"hello\""

static char line[4096];

static const char *format_fields(enum eg_log_format format, size_t bytes,
                                 const struct eg_log_field *fields)
{
    struct eg_log_record record = {WALL_US, EG_LOG_INFO, EG_SPAN_EMPTY, "hello", fields};
    memset(line, '#', sizeof(line));
    size_t len = eg_log_line_format(line, bytes, format, &record);
    assert_true(len > 0 && len <= bytes);
    assert_int_equal(line[len - 1], '\n');
    assert_int_equal(line[len], bytes < sizeof(line) ? '#' : line[len]);
    line[len] = '\0';
    return line;
}

static const char *format_text(enum eg_log_format format, struct eg_span text)
{
    const struct eg_log_field fields[] = {eg_log_text("k", text), NO_FIELD};
    return format_fields(format, sizeof(line) - 1, fields);
}

static void all_kinds_are_typed_in_json(void **state)
{
    (void)state;
    const struct eg_log_field fields[] = {
        eg_log_string("text", "a b"),    eg_log_int("int", -42),
        eg_log_uint("uint", UINT64_MAX), eg_log_double("double", 0.25),
        eg_log_bool("yes", true),        eg_log_suppressed(0),
        eg_log_string("null", NULL),     NO_FIELD};
    assert_string_equal(format_fields(EG_LOG_FORMAT_JSON, sizeof(line) - 1, fields),
                        HEAD ",\"text\":\"a b\",\"int\":-42,\"uint\":18446744073709551615,"
                             "\"double\":0.25,\"yes\":true,\"null\":\"\"}\n");
}

static void the_correlation_id_stands_behind_the_message(void **state)
{
    (void)state;
    struct eg_log_record record = {WALL_US, EG_LOG_CRITICAL, EG_SPAN_LITERAL("abc-1"), "m", NULL};
    size_t len = eg_log_line_format(line, sizeof(line), EG_LOG_FORMAT_JSON, &record);
    line[len] = '\0';
    assert_string_equal(line, "{\"time\":\"2026-01-02T03:04:05.678Z\",\"level\":\"CRITICAL\","
                              "\"message\":\"m\",\"correlation_id\":\"abc-1\"}\n");
}

static void logfmt_quotes_only_what_needs_it(void **state)
{
    (void)state;
    const struct eg_log_field fields[] = {eg_log_string("bare", "a-b/c"),
                                          eg_log_string("space", "a b"),
                                          eg_log_string("equals", "a=b"),
                                          eg_log_string("quote", "a\"b"),
                                          eg_log_string("empty", ""),
                                          eg_log_int("n", 7),
                                          NO_FIELD};
    assert_string_equal(format_fields(EG_LOG_FORMAT_LOGFMT, sizeof(line) - 1, fields),
                        "time=2026-01-02T03:04:05.678Z level=INFO message=hello bare=a-b/c "
                        "space=\"a b\" equals=\"a=b\" quote=\"a\\\"b\" empty=\"\" n=7\n");
}

static void every_control_character_is_escaped(void **state)
{
    (void)state;
    for (unsigned c = 0; c <= 0x9F; c++) {
        char text[2] = {(char)c, 0};
        struct eg_span span = eg_span_of(text, 1);
        if (c >= 0x20 && c < 0x7F)
            continue;
        if (c > 0x7F) {
            text[0] = '\xC2';
            text[1] = (char)c;
            span.len = 2;
        }
        for (int logfmt = 0; logfmt < 2; logfmt++) {
            const char *got = format_text(logfmt ? EG_LOG_FORMAT_LOGFMT : EG_LOG_FORMAT_JSON, span);
            for (const char *p = got; *p && p[1]; p++)
                assert_true((unsigned char)*p >= 0x20 && (unsigned char)*p < 0x7F);
            assert_non_null(strchr(got, '\\'));
        }
    }
    assert_string_equal(format_text(EG_LOG_FORMAT_JSON, EG_SPAN_LITERAL("\"\\\b\f\n\r\t\x01\x7F")),
                        HEAD ",\"k\":\"\\\"\\\\\\b\\f\\n\\r\\t\\u0001\\u007f\"}\n");
}

static void characters_pass_and_broken_ones_are_replaced(void **state)
{
    (void)state;
    assert_string_equal(format_text(EG_LOG_FORMAT_JSON, EG_SPAN_LITERAL("č€😀")),
                        HEAD ",\"k\":\"č€😀\"}\n");
    /* a stray continuation, an overlong slash, a surrogate, beyond U+10FFFF, a cut character */
    const char *broken[] = {"\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(broken); i++) {
        const char *got = format_text(EG_LOG_FORMAT_JSON, eg_span_text(broken[i]));
        assert_non_null(strstr(got, "\"k\":\"\xEF\xBF\xBD"));
        assert_null(strstr(got, broken[i]));
    }
}

static void numbers_that_json_lacks_are_text(void **state)
{
    (void)state;
    const struct eg_log_field fields[] = {eg_log_double("a", (double)NAN),
                                          eg_log_double("b", (double)INFINITY),
                                          eg_log_double("c", -(double)INFINITY), NO_FIELD};
    assert_string_equal(format_fields(EG_LOG_FORMAT_JSON, sizeof(line) - 1, fields),
                        HEAD ",\"a\":\"NaN\",\"b\":\"Infinity\",\"c\":\"-Infinity\"}\n");
}

static void assert_is_json(const char *text)
{
    struct eg_error err;
    struct eg_json_document document;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, eg_span_text(text), &eg_json_limits_default, &err) < 0)
        fail_msg("%s: %s", err.message, text);
    eg_json_document_fini(&document);
}

/* At every length of the value: well-formed, within bounds, and marked when it was cut. */
static void a_long_value_is_cut_on_a_character(void **state)
{
    (void)state;
    const char *units[] = {"a", "\"", "\x01", "€", "😀", "\xFF"};
    char text[600];
    for (size_t u = 0; u < EG_ARRAY_COUNT(units); u++) {
        size_t unit = strlen(units[u]);
        for (size_t len = unit; len <= sizeof(text); len += unit) {
            memcpy(text + len - unit, units[u], unit);
            const struct eg_log_field fields[] = {eg_log_text("k", eg_span_of(text, len)),
                                                  eg_log_int("after", 1), NO_FIELD};
            assert_is_json(format_fields(EG_LOG_FORMAT_JSON, EG_LOG_LINE_MIN_BYTES, fields));
        }
        assert_non_null(strstr(line, "...\"}\n"));
        assert_null(strstr(line, "after"));
    }
}

static void a_long_message_is_cut_in_logfmt_too(void **state)
{
    (void)state;
    char message[1000];
    memset(message, 'x', sizeof(message) - 1);
    message[sizeof(message) - 1] = '\0';
    struct eg_log_record record = {WALL_US, EG_LOG_INFO, EG_SPAN_LITERAL("id"), message, NULL};
    size_t len = eg_log_line_format(line, EG_LOG_LINE_MIN_BYTES, EG_LOG_FORMAT_LOGFMT, &record);
    assert_true(len <= EG_LOG_LINE_MIN_BYTES);
    assert_memory_equal(line + len - 6, "x...\"\n", 6);
}

static void fields_that_do_not_fit_are_left_out(void **state)
{
    (void)state;
    struct eg_log_field fields[65] = {NO_FIELD};
    for (size_t i = 0; i < 64; i++)
        fields[i] = eg_log_string("name", "value");
    fields[64] = (struct eg_log_field)NO_FIELD;
    const char *got = format_fields(EG_LOG_FORMAT_JSON, EG_LOG_LINE_MIN_BYTES, fields);
    assert_non_null(strstr(got, "\"name\":\"value\""));
    size_t len = strlen(got);
    assert_memory_equal(got + len - 3, "\"}\n", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_kinds_are_typed_in_json),
        cmocka_unit_test(the_correlation_id_stands_behind_the_message),
        cmocka_unit_test(logfmt_quotes_only_what_needs_it),
        cmocka_unit_test(every_control_character_is_escaped),
        cmocka_unit_test(characters_pass_and_broken_ones_are_replaced),
        cmocka_unit_test(numbers_that_json_lacks_are_text),
        cmocka_unit_test(a_long_value_is_cut_on_a_character),
        cmocka_unit_test(a_long_message_is_cut_in_logfmt_too),
        cmocka_unit_test(fields_that_do_not_fit_are_left_out),
    };
    return cmocka_run_group_tests_name("telemetry/log_line", tests, NULL, NULL);
}
