/* SPDX-License-Identifier: Apache-2.0 */
/* W3C Trace Context: the examples and the rules of the specification. */
#include "telemetry/trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

#define TRACE_ID "0af7651916cd43dd8448eb211c80319c"
#define SPAN_ID  "b7ad6b7169203331"
#define PARENT   "00-" TRACE_ID "-" SPAN_ID "-01"

static char formatted[EG_TRACE_PARENT_LEN + 1];
static char copied[EG_TRACE_STATE_LEN + 1];

static const char *continue_and_format(const char *traceparent, bool expected)
{
    struct eg_trace trace;
    assert_int_equal(eg_trace_continue(eg_span_text(traceparent), &trace), expected);
    eg_trace_format(&trace, formatted);
    return formatted;
}

static void a_valid_parent_is_read_and_written_back(void **state)
{
    (void)state;
    struct eg_trace trace;
    assert_true(eg_trace_parse(EG_SPAN_LITERAL(PARENT), &trace));
    assert_int_equal(trace.flags, 1);
    eg_trace_format(&trace, formatted);
    assert_string_equal(formatted, PARENT);
}

static void invalid_parents_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "00",
        "ff-" TRACE_ID "-" SPAN_ID "-01",
        "00-00000000000000000000000000000000-" SPAN_ID "-01",
        "00-" TRACE_ID "-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-" SPAN_ID "-01",
        "00-" TRACE_ID "-B7AD6B7169203331-01",
        "0G-" TRACE_ID "-" SPAN_ID "-01",
        "00-" TRACE_ID "-" SPAN_ID "-0g",
        "00-" TRACE_ID "-" SPAN_ID "-0",
        "00-" TRACE_ID "-" SPAN_ID "-01-",
        "00-" TRACE_ID "-" SPAN_ID "-01-more",
        "00_" TRACE_ID "-" SPAN_ID "-01",
        "00-" TRACE_ID "_" SPAN_ID "-01",
        "00-" TRACE_ID "-" SPAN_ID "_01",
        "01-" TRACE_ID "-" SPAN_ID "-01more",
        "01-" TRACE_ID "-" SPAN_ID "-0",
        " " PARENT,
        PARENT " ",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++) {
        struct eg_trace trace = {.flags = 77};
        if (eg_trace_parse(eg_span_text(bad[i]), &trace))
            fail_msg("taken as valid: '%s'", bad[i]);
        assert_int_equal(trace.flags, 77);
    }
}

static void later_versions_are_read_as_far_as_we_know(void **state)
{
    (void)state;
    struct eg_trace trace;
    assert_true(eg_trace_parse(EG_SPAN_LITERAL("cc-" TRACE_ID "-" SPAN_ID "-01"), &trace));
    assert_true(
        eg_trace_parse(EG_SPAN_LITERAL("01-" TRACE_ID "-" SPAN_ID "-01-what-ever"), &trace));
    assert_true(eg_trace_parse(EG_SPAN_LITERAL("fe-" TRACE_ID "-" SPAN_ID "-01-"), &trace));
    eg_trace_format(&trace, formatted);
    assert_string_equal(formatted, PARENT);
}

static void a_trace_is_continued_under_a_new_span(void **state)
{
    (void)state;
    const char *text = continue_and_format(PARENT, true);
    assert_memory_equal(text, "00-" TRACE_ID "-", 36);
    assert_memory_not_equal(text + 36, SPAN_ID, 16);
    assert_string_equal(text + 52, "-01");
    assert_string_equal(continue_and_format("00-" TRACE_ID "-" SPAN_ID "-00", true) + 52, "-00");
    assert_string_equal(continue_and_format("00-" TRACE_ID "-" SPAN_ID "-03", true) + 52, "-03");
}

static void unknown_flags_are_not_handed_on(void **state)
{
    (void)state;
    assert_string_equal(continue_and_format("00-" TRACE_ID "-" SPAN_ID "-ff", true) + 52, "-03");
    assert_string_equal(continue_and_format("00-" TRACE_ID "-" SPAN_ID "-f8", true) + 52, "-00");
}

static void an_invalid_parent_starts_a_new_trace(void **state)
{
    (void)state;
    char first[EG_TRACE_PARENT_LEN + 1];
    struct eg_trace trace;
    memcpy(first, continue_and_format("nonsense", false), sizeof(first));
    assert_true(eg_trace_parse(eg_span_text(first), &trace));
    assert_string_equal(first + 52, "-00");
    assert_string_not_equal(first, continue_and_format("", false));
}

static void random_bytes_of_any_length(void **state)
{
    (void)state;
    unsigned char bytes[40];
    unsigned char seen[40] = {0};
    for (int round = 0; round < 64; round++) {
        memset(bytes, 0, sizeof(bytes));
        eg_trace_random(bytes, 37);
        for (size_t i = 0; i < sizeof(bytes); i++)
            seen[i] |= bytes[i];
    }
    for (size_t i = 0; i < sizeof(seen); i++)
        assert_int_equal(seen[i] != 0, i < 37);
}

static const char *copy(const char *tracestate)
{
    size_t len = eg_trace_state_copy(eg_span_text(tracestate), copied);
    assert_int_equal(len, strlen(copied));
    return copied;
}

static void states_are_copied_without_what_says_nothing(void **state)
{
    (void)state;
    assert_string_equal(copy("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
                        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
    assert_string_equal(copy(" rojo=1 ,\t congo=2\t"), "rojo=1,congo=2");
    assert_string_equal(copy(",,rojo=1,, ,congo=2,"), "rojo=1,congo=2");
    assert_string_equal(copy("fw529a3039@dt=FfAAA,0t@s=x"), "fw529a3039@dt=FfAAA,0t@s=x");
    assert_string_equal(copy("a=with inner space"), "a=with inner space");
    assert_string_equal(copy(""), "");
}

static void an_invalid_state_counts_as_none(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "rojo",        "=1",       "rojo=",      "Rojo=1",
        "0rojo=1",     "rojo=1=2", "ro jo=1",    "rojo =1",
        "a@=1",        "@a=1",     "a@b@c=1",    "a@0b=1",
        "a=1,a=2",     "a=\x01",   "a=\xC4\x8D", "a@fifteencharsxyz=1",
        "ok=1,broken",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        if (*copy(bad[i]) != '\0')
            fail_msg("taken as valid: '%s'", bad[i]);
}

static void keys_and_values_have_a_length(void **state)
{
    (void)state;
    char text[600];
    (void)snprintf(text, sizeof(text), "%0*d=1", 257, 0);
    memset(text, 'k', 257);
    assert_string_equal(copy(text), "");
    assert_string_equal(copy(text + 1), text + 1);
    (void)snprintf(text, sizeof(text), "a=%0*d", 257, 0);
    assert_string_equal(copy(text), "");
    text[258] = '\0';
    assert_string_equal(copy(text), text);
}

static void at_most_32_members(void **state)
{
    (void)state;
    char text[512];
    int len = 0;
    for (int i = 0; i < 33; i++)
        len += snprintf(text + len, sizeof(text) - (size_t)len, "%sk%d=v", i ? "," : "", i);
    assert_string_equal(copy(text), "");
    *strrchr(text, ',') = '\0';
    assert_string_equal(copy(text), text);
}

static void a_long_state_loses_large_members_first(void **state)
{
    (void)state;
    char text[1024];
    (void)snprintf(text, sizeof(text), "a=1,big=%0*d,b=%0*d,c=%0*d,d=%0*d,e=5", 200, 0, 100, 0, 100,
                   0, 100, 0);
    const char *got = copy(text);
    assert_null(strstr(got, "big="));
    assert_memory_equal(got, "a=1,b=0", 7);
    assert_non_null(strstr(got, ",e=5"));
}

static void then_it_loses_the_last_ones(void **state)
{
    (void)state;
    char text[1024];
    (void)snprintf(text, sizeof(text), "a=%0*d,b=%0*d,c=%0*d,d=%0*d,e=%0*d", 110, 0, 110, 0, 110, 0,
                   110, 0, 110, 0);
    const char *got = copy(text);
    assert_non_null(strstr(got, ",d="));
    assert_null(strstr(got, ",e="));
    assert_int_equal(strlen(got), 4 * 112 + 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_valid_parent_is_read_and_written_back),
        cmocka_unit_test(invalid_parents_are_refused),
        cmocka_unit_test(later_versions_are_read_as_far_as_we_know),
        cmocka_unit_test(a_trace_is_continued_under_a_new_span),
        cmocka_unit_test(unknown_flags_are_not_handed_on),
        cmocka_unit_test(an_invalid_parent_starts_a_new_trace),
        cmocka_unit_test(random_bytes_of_any_length),
        cmocka_unit_test(states_are_copied_without_what_says_nothing),
        cmocka_unit_test(an_invalid_state_counts_as_none),
        cmocka_unit_test(keys_and_values_have_a_length),
        cmocka_unit_test(at_most_32_members),
        cmocka_unit_test(a_long_state_loses_large_members_first),
        cmocka_unit_test(then_it_loses_the_last_ones),
    };
    return cmocka_run_group_tests_name("telemetry/trace", tests, NULL, NULL);
}
