/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters of a mapping: how they are written, and what they make of an event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/span.h"
#include "postgres/value.h"
#include "rules/template.h"
#include "sinks/postgres_templates.h"
#include "json/document.h"

static const char payload[] =
    "{\"text\":\"a\\n\\u00e9\",\"int\":12,\"whole\":1e3,\"half\":2.5,\"minus\":-2.5,"
    "\"big\":9223372036854775807,\"huge\":1e300,\"flag\":true,\"none\":null,\"list\":[1,{\"x\":"
    "\"y\"}],"
    "\"nul\":\"a\\u0000\",\"doc\":{\"a\":\"\\\\u0000\"},\"bad\":{\"a\":\"\\u0000\"},"
    "\"uuid\":\"0001aaaa-AAAA-4aaa-8aaa-aaaaaaaaaaaa\",\"long\":\"0001aaaa-aaaa-4aaa-8aaa-"
    "aaaaaaaaaaaaaaaa\","
    "\"braces\":\"{0001aaaaaaaa4aaa8aaaaaaaaaaaaaaa}\",\"dashes\":\"0001--"
    "aaaaaaaa4aaa8aaaaaaaaaaaaaaa\","
    "\"ms\":1747646400123,\"empty\":\"\"}";

static const struct eg_event event = {
    .id = EG_SPAN_LITERAL("the-id"),
    .topic = EG_SPAN_LITERAL("the.topic"),
    .subject = EG_SPAN_LITERAL("me"),
    .payload = {payload, sizeof(payload) - 1},
    .received_us = 1747646400123456,
};

/* NULL expected: SQL's NULL. A leading '!': the error. */
struct row {
    const char *parameter;
    const char *expected;
};

static const struct row rows[] = {
    {"text /text", "a\n\xC3\xA9"},
    {"text /int", "12"},
    {"text /whole", "1e3"},
    {"text /flag", "true"},
    {"text /empty", ""},
    {"text /none", NULL},
    {"text /missing", NULL},
    {"text /missing default 'a b'", "a b"},
    {"text /none default x", "x"},
    {"text /missing default ''", ""},
    {"text /empty default x", ""},
    {"text /list/1/x", "y"},
    {"text /list", "!'list' is not a text: [1,{\"x\":\"y\"}]"},
    {"text /nul", "!'nul' holds the character U+0000, which no text of a database can"},
    {"text /missing required", "!'missing' is missing, and the table needs it"},
    {"text /none required", "!'none' is missing, and the table needs it"},
    {"bigint /int", "12"},
    {"bigint /whole", "1000"},
    {"bigint /half", "3"},
    {"bigint /minus", "-3"},
    {"bigint /big", "9223372036854775807"},
    {"bigint /huge", "!'huge' is not an integer of 64 bits: 1e300"},
    {"bigint /text", "!'text' is not an integer of 64 bits: \"a\\n\\u00e9\""},
    {"bigint /flag", "!'flag' is not an integer of 64 bits: true"},
    {"integer /int", "12"},
    {"integer /big", "!'big' is not an integer of 32 bits: 9223372036854775807"},
    {"numeric /half", "2.5"},
    {"double /huge", "1e300"},
    {"numeric /flag", "!'flag' is not a number: true"},
    {"boolean /flag", "true"},
    {"boolean /int", "!'int' is not true or false: 12"},
    {"uuid /uuid", "0001aaaa-AAAA-4aaa-8aaa-aaaaaaaaaaaa"},
    {"uuid /braces", "{0001aaaaaaaa4aaa8aaaaaaaaaaaaaaa}"},
    {"uuid /long", "!'long' is not a UUID: \"0001aaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaaaaaa\""},
    {"uuid /dashes", "!'dashes' is not a UUID: \"0001--aaaaaaaa4aaa8aaaaaaaaaaaaaaa\""},
    {"uuid /empty", "!'empty' is not a UUID: \"\""},
    {"uuid /int", "!'int' is not a UUID: 12"},
    {"jsonb /list", "[1,{\"x\":\"y\"}]"},
    {"jsonb /text", "\"a\\n\\u00e9\""},
    {"jsonb /doc", "{\"a\":\"\\\\u0000\"}"},
    {"jsonb /bad", "!'bad' holds the character U+0000, which jsonb can't"},
    {"jsonb /none", NULL},
    {"epoch_ms /ms", "2025-05-19 09:20:00.123+00"},
    {"epoch_ms /int", "1970-01-01 00:00:00.012+00"},
    {"epoch_ms /minus", "!'minus' is not a time in milliseconds since 1970: -2.5"},
    {"epoch_ms /big", "!'big' is not a time in milliseconds since 1970: 9223372036854775807"},
    {"timestamptz /text", "a\n\xC3\xA9"},
    {"timestamptz /int", "!'int' is not a time as text: 12"},
    {"text @id", "the-id"},
    {"text @topic", "the.topic"},
    {"text @key", NULL},
    {"text @key default none", "none"},
    {"epoch_ms @received", "2025-05-19 09:20:00.123+00"},
    {"text .", "!'element' is not a text: {\"x\":\"y\"}"},
    {"jsonb .", "{\"x\":\"y\"}"},
    {"text ./x", "y"},
    {"text ./z required", "!'z' is missing, and the table needs it"},
};

static void check_row(const struct row *row, const struct eg_postgres_subject *subject)
{
    struct eg_postgres_parameter parameter;
    struct eg_arena arena = {0};
    struct eg_error err = {.message = ""};
    const char *text = "untouched";
    if (eg_postgres_parameter_parse(row->parameter, &eg_sink_postgres_templates, &parameter,
                                    &err) != 0)
        fail_msg("%s: %s", row->parameter, err.message);
    int ret = eg_postgres_parameter_bind(&parameter, subject, &arena, &text, &err);
    const char *got = ret != 0 ? err.message : text;
    const char *expected = ret != 0 && row->expected ? row->expected + 1 : row->expected;
    bool should_fail = row->expected && row->expected[0] == '!';
    if ((ret != 0) != should_fail || (got == NULL) != (expected == NULL) ||
        (got && strcmp(got, expected) != 0))
        fail_msg("%s: got %s", row->parameter, got ? got : "NULL");
    eg_postgres_parameter_fini(&parameter);
    eg_arena_fini(&arena);
}

static void values_are_bound_by_type(void **state)
{
    (void)state;
    struct eg_json_document document;
    struct eg_error err = {.message = ""};
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, event.payload, NULL, &err) != 0)
        fail_msg("%s", err.message);
    struct eg_postgres_subject subject = {
        &event, &document, eg_json_pointer(&document, 0, EG_SPAN_LITERAL("/list/1")), NULL};
    for (size_t i = 0; i < EG_ARRAY_COUNT(rows); i++)
        check_row(&rows[i], &subject);
    eg_json_document_fini(&document);
}

static const struct row made[] = {
    {"text <$.detail.state | upper>-<$.id> required", "PAID-e1"},
    {"text <eventgate.topic>", "t"},
    {"text <$.detail.n>", "7"},
    {"text <$.nope>", NULL},
    {"text <$.nope> default 'none'", "none"},
    {"text <$.nope> required", "!'<$.nope>' is missing, and the table needs it"},
    {"bigint <$.detail.sum>", "12"},
    {"bigint <$.detail.state>", "!'<$.detail.state>' is not an integer of 64 bits: \"paid\""},
    {"numeric <$.detail.price | number>", "9.50"},
    {"boolean <$.detail.ok>", "true"},
    {"uuid <$.detail.state>", "!'<$.detail.state>' is not a UUID: \"paid\""},
    {"timestamptz <$.detail.ts | date(\"%F %T+00\")>", "2020-10-21 15:40:52+00"},
    {"epoch_ms <$.detail.ts>", "2020-10-21 15:40:52.000+00"},
    {"jsonb <$.detail.list>", "[1,\"x\"]"},
    {"jsonb <$.nope | default(null)>", NULL},
    {"text <$.detail.state | date>",
     "!the template's <$.detail.state | date>: date(): the value is no time (RFC 3339, or Unix "
     "time as a number)"},
};

static void templates_make_values_of_the_type(void **state)
{
    (void)state;
    static const char envelope[] =
        "{\"id\":\"e1\",\"detail\":{\"state\":\"paid\",\"n\":7,\"sum\":\"12\",\"price\":\"9.50\","
        "\"ok\":true,\"ts\":\"1603294852000\",\"list\":[1,\"x\"]}}";
    const struct eg_event about = {.topic = {"t", 1}, .envelope = {envelope, sizeof(envelope) - 1}};
    struct eg_json_document document;
    struct eg_rules_template_input input;
    struct eg_error err;
    eg_json_document_init(&document);
    assert_int_equal(eg_rules_envelope_open(&document, &about, &input, &err), 0);
    const struct eg_postgres_subject subject = {&about, &document, 0, &input};
    for (size_t i = 0; i < EG_ARRAY_COUNT(made); i++)
        check_row(&made[i], &subject);
    eg_json_document_fini(&document);
}

static const struct row mistakes[] = {
    {"text <$.a", "'<$.a' is no template"},
    {"text <nope>", "at character 2 of the template: <nope> is no name of a path and no variable"},
    {"jsonb x<$.a>", "'x<$.a>' is no place: /pointer, ./pointer, @name or <template>"},
    {"text <$.a> optional", "expected 'required' or 'default VALUE', got 'optional'"},
    {"",
     "'' is no type: text, boolean, integer, bigint, double, numeric, uuid, jsonb, timestamptz or "
     "epoch_ms"},
    {"text", "'' is no place: /pointer, ./pointer, @name or <template>"},
    {"text name", "'name' is no place: /pointer, ./pointer, @name or <template>"},
    {"text .name", "'.name' is no place: /pointer, ./pointer, @name or <template>"},
    {"text @nothing", "an event has no @nothing"},
    {"text /a optional", "expected 'required' or 'default VALUE', got 'optional'"},
    {"text /a required now", "expected 'required' or 'default VALUE', got 'required now'"},
};

static void mistakes_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(mistakes); i++) {
        struct eg_postgres_parameter parameter;
        struct eg_error err = {.message = ""};
        assert_int_equal(eg_postgres_parameter_parse(mistakes[i].parameter,
                                                     &eg_sink_postgres_templates, &parameter, &err),
                         -1);
        assert_string_equal(err.message, mistakes[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_bound_by_type),
        cmocka_unit_test(templates_make_values_of_the_type),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
