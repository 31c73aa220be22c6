/* SPDX-License-Identifier: Apache-2.0 */
/* The template language: paths, variables, functions, both forms, and what is refused. */
#include "base/buffer.h"
#include "matching.h"
#include "rules/template.h"

static const char envelope[] =
    "{'id':'e1','time':'2026-01-02T03:04:05Z','detail-type':'Order','detail':{'state':'Running',"
    "'ts':'1603294852000','n':1603294852,'none':null,'empty':'','quote':'a\\\"b\\\\c\\n',"
    "'markup':'</s>&\\u00e9','who':{'name':'Ann'},'tags':['x','y'],"
    "'lines':[{'sku':'A'},{'sku':'B'}],'arn':'arn:aws:iam::1:user/dev/ann','day type':'wet',"
    "'space':' 12 ','big':'\\u00e4\\u00e4\\u00e4'}}";

static const struct eg_event_attribute attributes[] = {{{"x-tenant", 8}, {"t-7", 3}}};
static const struct eg_event_failure failure = {
    .rule_arn = {"arn:r", 5},
    .error_code = {"SDK_CLIENT_ERROR", 16},
    .retry_attempts = 3,
};
static const struct eg_event event = {
    .id = {"e1", 2},
    .topic = {"orders", 6},
    .subject = {"ann", 3},
    .payload = {"{\"a\": \"x\"}", 10},
    .correlation_id = {"c-1", 3},
    .attributes = attributes,
    .attribute_count = 1,
    .failure = &failure,
    .received_us = INT64_C(1603294852123456),
};

static char *render_with(const char *text, enum eg_rules_form form, const struct eg_event *about,
                         size_t max_bytes, struct eg_error *err)
{
    struct eg_rules_template *template;
    EG_AUTOFREE char *json = matching_quotes(envelope);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    if (eg_rules_template_new(eg_span_text(text), form, &template, err) != 0)
        return NULL;
    struct eg_json_document document;
    eg_json_document_init(&document);
    struct eg_event whole = about ? *about : (struct eg_event){.received_us = 0};
    whole.envelope = eg_span_text(json);
    struct eg_rules_template_input input;
    assert_int_equal(eg_rules_envelope_open(&document, &whole, &input, err), 0);
    input.event = about;
    input.rule_name = EG_SPAN_LITERAL("rule-1");
    input.now_us = INT64_C(1000000);
    input.max_bytes = max_bytes;
    eg_buffer_append_text(&out, "^");
    int rc = eg_rules_template_render(template, &input, &out, err);
    eg_json_document_fini(&document);
    eg_rules_template_destroy(template);
    assert_int_equal(out.data[0], '^');
    if (rc != 0)
        assert_int_equal(out.len, 1);
    return rc == 0 ? eg_strdup(out.data + 1) : NULL;
}

static void check(const char *text, enum eg_rules_form form, const char *want)
{
    struct eg_error err = {.message = ""};
    EG_AUTOFREE char *got = render_with(text, form, &event, 0, &err);
    if (!got)
        fail_msg("%s: %s", text, err.message);
    assert_string_equal(got, want);
}

struct example {
    const char *text;
    const char *want;
};

static void check_all(const struct example *examples, size_t count, enum eg_rules_form form)
{
    for (size_t i = 0; i < count; i++)
        check(examples[i].text, form, examples[i].want);
}

#define CHECK(examples, form) check_all(examples, EG_ARRAY_COUNT(examples), form)

static void text_has_values_as_they_are(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"", ""},
        {"plain < text > and 5 <6", "plain < text > and 5 <6"},
        {"is <$.detail.state>!", "is Running!"},
        {"<$.detail.n>/<$.detail.none>/<$.detail.nope>/", "1603294852/null//"},
        {"\"<$.detail.quote>\"", "\"a\"b\\c\n\""},
        {"<$.detail.who> <$.detail.tags>", "{\"name\":\"Ann\"} [\"x\",\"y\"]"},
        {"<$.detail.lines[*].sku>", "[\"A\",\"B\"]"},
        {"<$.detail.lines[1].sku>", "B"},
        {"<$.detail['day type']>", "wet"},
        {"<$['detail'] | json | hash | truncate(0)>", ""},
        {"\\<$.detail.state> \\\\<$.detail.state> \\< \\x", "<$.detail.state> \\Running \\< \\x"},
    };
    CHECK(examples, EG_RULES_TEXT);
}

static void variables_stand_for_what_is_known(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"<eventgate.id> <eventgate.topic> <eventgate.subject> <eventgate.key>.",
         "e1 orders ann ."},
        {"<eventgate.correlation-id>", "c-1"},
        {"<eventgate.received>", "2020-10-21T15:40:52.123Z"},
        {"<aws.events.event.ingestion-time>", "2020-10-21T15:40:52.123Z"},
        {"<eventgate.now>", "1970-01-01T00:00:01.000Z"},
        {"<eventgate.payload>", "{\"a\": \"x\"}"},
        {"<eventgate.attribute.x-tenant>|<eventgate.attribute.nope>", "t-7|"},
        {"<eventgate.failure.rule-arn> <eventgate.failure.error-code>", "arn:r SDK_CLIENT_ERROR"},
        {"<eventgate.failure.retry-attempts><eventgate.failure.target-arn>", "3"},
        {"<aws.events.rule-name>", "rule-1"},
    };
    CHECK(examples, EG_RULES_TEXT);
    struct eg_error err;
    EG_AUTOFREE char *a = render_with("<eventgate.uuid>", EG_RULES_TEXT, &event, 0, &err);
    EG_AUTOFREE char *b = render_with("<eventgate.uuid>", EG_RULES_TEXT, &event, 0, &err);
    assert_int_equal(strlen(a), 36);
    assert_string_not_equal(a, b);
    EG_AUTOFREE char *host = render_with("<eventgate.hostname>", EG_RULES_TEXT, &event, 0, &err);
    assert_true(strlen(host) > 0);
}

static void nothing_is_known_without_an_event(void **state)
{
    (void)state;
    struct eg_error err;
    EG_AUTOFREE char *got = render_with(
        "<eventgate.id><eventgate.payload><eventgate.attribute.a><eventgate.failure.error-code>"
        "<eventgate.failure.retry-attempts><eventgate.received>.",
        EG_RULES_TEXT, NULL, 0, &err);
    assert_string_equal(got, ".");
}

static void functions(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"<$.detail.state | lower> <$.detail.state|upper>", "running RUNNING"},
        {"<$.a | default(\"x\") | upper>", "X"},
        {"<$.detail.none | default('n')> <$.detail.empty | default(0)>", "n 0"},
        {"<$.detail.state | default('n')>", "Running"},
        {"<$.detail.ts | date(\"%Y/%m/%d\")>", "2020/10/21"},
        {"<$.detail.n | date('%F %T.%L %j %s %%')>", "2020-10-21 15:40:52.000 295 1603294852 %"},
        {"<$.time | date>", "2026-01-02T03:04:05.000Z"},
        {"<$.nope | date>.", "."},
        {"<eventgate.id | hash>",
         "8b5cc4df7eec7d32a7814eca4af047ae33b2d52342667715682e19c25b0b9faa"},
        {"<$.detail.arn | last_segment('/')> <$.id | last_segment('/')>", "ann e1"},
        {"<$.detail.arn | last_segment(':user')>", "/dev/ann"},
        {"<$.detail.arn | capture(\":user/(\\w+)\")>", "dev"},
        {"<$.detail.arn | capture(\":user/(\\w+)/(\\w+)\", 2)>", "ann"},
        {"<$.detail.arn | capture(\"user.\", 0)>", "user/"},
        {"<$.detail.arn | capture(\":role/(.+)\")>.", "."},
        {"<$.detail.arn | capture(\":role/(.+)\") || $.nope || 'none'>", "none"},
        {"<$.nope || $.detail.empty | default('d') || $.id>", "d"},
        {"<$.nope || -1.5e3>", "-1.5e3"},
        {"<$.id && 'there'> <$.nope && 'there'>.", "there ."},
        {"<$.detail.empty && $.id || $.detail.state>", "Running"},
        {"<$.nope && $.id && $.id || $.detail.who.name && $.id | upper>", "E1"},
        {"<$.id && $.nope || 'none'>", "none"},
        {"<$.nope || $.id&&eventgate.id>", "e1"},
        {"<eventgate.id && 'x'> <eventgate.id & 'x'>", "x <eventgate.id & 'x'>"},
        {"<$.nope | default('d') && 'x'>", "x"},
        {"<$.detail.who | json> <$.id | json> <$.detail.n | string>",
         "{\"name\":\"Ann\"} \"e1\" 1603294852"},
        {"<$.detail.space | number>", "12"},
        {"<$.id | base64>", "ZTE="},
        {"<$.detail.arn | uri>", "arn%3Aaws%3Aiam%3A%3A1%3Auser%2Fdev%2Fann"},
        {"<$.detail.big | truncate(3)> <$.id | truncate(9)>", "\xc3\xa4 e1"},
    };
    CHECK(examples, EG_RULES_TEXT);
}

static void json_quotes_what_is_a_string(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"{\"s\":<$.detail.state>,\"n\":<$.detail.n>,\"x\":<$.nope>,\"o\":<$.detail.who>}",
         "{\"s\":\"Running\",\"n\":1603294852,\"x\":\"\",\"o\":{\"name\":\"Ann\"}}"},
        {"{\"a\":\"at <$.detail.n> <$.detail.quote>\"}",
         "{\"a\":\"at 1603294852 a\\\"b\\\\c\\n\"}"},
        {"{\"a\":\"<$.detail.who | json>\"}", "{\"a\":\"{\\\"name\\\":\\\"Ann\\\"}\"}"},
        {"{\"a\":<$.detail.who | json>}", "{\"a\":\"{\\\"name\\\":\\\"Ann\\\"}\"}"},
        {"{\"N\":<$.detail.n | string>,\"m\":<$.detail.ts | number>}",
         "{\"N\":\"1603294852\",\"m\":1603294852000}"},
        {"{\"a\":<$.nope | default(null)>,\"b\":<$.nope || false>}", "{\"a\":null,\"b\":false}"},
        {"{\"a\":\"<$.nope | default(\"say \\\"x\\\"\")>\"}", "{\"a\":\"say \\\"x\\\"\"}"},
        {"{<$.detail.state | lower>:1}", "{\"running\":1}"},
        {"<eventgate.payload>", "{\"a\": \"x\"}"},
        {"\"<$.detail.state>\"", "\"Running\""},
        {"[1,\"x\"]", "[1,\"x\"]"},
    };
    CHECK(examples, EG_RULES_JSON);
}

/* Whatever stands in the event, the result is JSON of the same shape. */
static void no_value_breaks_out_of_its_string(void **state)
{
    (void)state;
    static const char *const values[] = {
        "\",\"admin\":true,\"x\":\"",
        "\\",
        "\\\"",
        "\"",
        "}",
        "\n\r\t\x01",
        "\xff\xfe",
        "<$.id>",
        "</",
        "[",
        "",
        "a\\",
    };
    static const char *const templates[] = {
        "{\"a\":<eventgate.subject>}",
        "{\"a\":\"x<eventgate.subject>y\"}",
        "{\"a\":\"<eventgate.subject | upper>\"}",
        "{\"a\":<eventgate.payload>}",
        "{\"a\":\"<eventgate.subject | json>\"}",
        "{\"a\":<eventgate.subject | last_segment(\"\\\\\")>}",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(values) * EG_ARRAY_COUNT(templates); i++) {
        struct eg_event hostile = event;
        hostile.subject = hostile.payload = eg_span_text(values[i / EG_ARRAY_COUNT(templates)]);
        struct eg_error err = {.message = ""};
        EG_AUTOFREE char *got =
            render_with(templates[i % EG_ARRAY_COUNT(templates)], EG_RULES_JSON, &hostile, 0, &err);
        if (!got)
            fail_msg("%s: %s", templates[i % EG_ARRAY_COUNT(templates)], err.message);
        struct eg_json_document document;
        eg_json_document_init(&document);
        if (eg_json_document_parse(&document, eg_span_text(got), NULL, &err) != 0)
            fail_msg("%s: %s", got, err.message);
        assert_int_equal(eg_json_kind(&document, 0), EG_JSON_OBJECT);
        assert_int_equal(eg_json_count(&document, 0), 1);
        assert_int_equal(eg_json_kind(&document, 2), EG_JSON_STRING);
        eg_json_document_fini(&document);
    }
}

static void what_cannot_be_rendered_is_an_error(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum eg_rules_form form;
        const char *part;
    } cases[] = {
        {"<$.detail.state | date>", EG_RULES_TEXT, "<$.detail.state | date>: date(): the value"},
        {"<$.detail.who | date>", EG_RULES_TEXT, "no time"},
        {"<$.detail.state | number>", EG_RULES_TEXT, "no number"},
        {"{\"a\":\"<$.detail.who>\"}", EG_RULES_JSON, "became an object inside quotes"},
        {"{<$.detail.n>:1}", EG_RULES_JSON, "a member's name"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_error err = {.message = ""};
        assert_null(render_with(cases[i].text, cases[i].form, &event, 0, &err));
        if (!strstr(err.message, cases[i].part))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].part);
        assert_null(strstr(err.message, "Running"));
    }
}

static void results_are_bounded(void **state)
{
    (void)state;
    struct eg_error err;
    EG_AUTOFREE char *fits = render_with("<$.detail.state>x", EG_RULES_TEXT, &event, 8, &err);
    assert_string_equal(fits, "Runningx");
    assert_null(render_with("<$.detail.state>xy", EG_RULES_TEXT, &event, 8, &err));
    assert_int_equal(err.code, EG_ERR_TOO_LARGE);
    assert_null(render_with("<$.detail.state | base64 | base64 | truncate(1)>", EG_RULES_TEXT,
                            &event, 8, &err));
    assert_int_equal(err.code, EG_ERR_TOO_LARGE);
}

static void mistakes_are_found_when_it_is_compiled(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum eg_rules_form form;
        const char *part;
    } cases[] = {
        {"ab <eventgate.topik>", EG_RULES_TEXT,
         "at character 5 of the template: <eventgate.topik> is no name of a path and no variable; "
         "did you mean <eventgate.topic>?"},
        {"\xc3\xa4<x>", EG_RULES_TEXT, "at character 3"},
        {"<$.a | lowr>", EG_RULES_TEXT,
         "at character 8 of the template: there is no function "
         "'lowr'; did you mean 'lower'?"},
        {"<$.a | lower(1)>", EG_RULES_TEXT, "lower() takes no argument"},
        {"<$.a | default>", EG_RULES_TEXT, "default() wants an argument"},
        {"<$.a | default(1,2)>", EG_RULES_TEXT, "fewer arguments"},
        {"<$.a | default(1,2,3)>", EG_RULES_TEXT, "fewer arguments"},
        {"<$.a | truncate('1')>", EG_RULES_TEXT, "argument 1 is not a whole number"},
        {"<$.a | truncate(1.5)>", EG_RULES_TEXT, "argument 1 is not a whole number"},
        {"<$.a | truncate(-1)>", EG_RULES_TEXT, "negative"},
        {"<$.a | last_segment(1)>", EG_RULES_TEXT, "not a string in quotes"},
        {"<$.a | last_segment('')>", EG_RULES_TEXT, "the separator is empty"},
        {"<$.a | date('%Q')>", EG_RULES_TEXT, "%Q"},
        {"<$.a | date('%')>", EG_RULES_TEXT, "lone %"},
        {"<$.a | capture('(')>", EG_RULES_TEXT, "offset"},
        {"<$.a | capture('x', 1)>", EG_RULES_TEXT, "has no group 1"},
        {"<$.a | default(x)>", EG_RULES_TEXT, "expected a string in quotes, a number"},
        {"<$.a | default('x>", EG_RULES_TEXT, "has no end"},
        {"<$.a | default('x'>", EG_RULES_TEXT, "expected ',' or ')'"},
        {"<$.a | default('x',)>", EG_RULES_TEXT, "expected an argument"},
        {"<$.a | default('x') y>", EG_RULES_TEXT, "expected '|'"},
        {"<$.a && >", EG_RULES_TEXT, "expected a path, a variable, or a literal"},
        {"<$.a & $.b>", EG_RULES_TEXT, "expected '|', '||', '&&'"},
        {"<$.a || >", EG_RULES_TEXT, "expected a path, a variable, or a literal"},
        {"<$.a", EG_RULES_TEXT, "expected '|'"},
        {"<$.a[>", EG_RULES_TEXT, "the path"},
        {"<$.a | lower|lower|lower|lower|lower|lower|lower|lower|lower|lower|lower|lower|lower|"
         "lower|lower|lower|lower>",
         EG_RULES_TEXT, "more than 16 functions"},
        {"<$.a||$.a||$.a||$.a||$.a||$.a||$.a||$.a||$.a>", EG_RULES_TEXT, "more than 8"},
        {"{\"a\":<$.a>", EG_RULES_JSON, "wants to be JSON"},
        {"<$.a> <$.b>", EG_RULES_JSON, "wants to be JSON"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_rules_template *template;
        struct eg_error err = {.message = ""};
        if (eg_rules_template_new(eg_span_text(cases[i].text), cases[i].form, &template, &err) == 0)
            fail_msg("%s was taken", cases[i].text);
        if (!strstr(err.message, cases[i].part))
            fail_msg("'%s' does not say '%s'", err.message, cases[i].part);
    }
    struct eg_rules_template *template;
    struct eg_error err;
    static char text[EG_RULES_MAX_TEXT_BYTES + 1];
    memset(text, 'x', sizeof(text));
    assert_int_equal(
        eg_rules_template_new(eg_span_of(text, sizeof(text)), EG_RULES_TEXT, &template, &err), -1);
    assert_int_equal(err.code, EG_ERR_TOO_LARGE);
}

static void a_template_says_what_it_reads(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool reads;
        bool constant;
    } cases[] = {
        {"orders", false, true},
        {"\\<$.a>", false, true},
        {"<eventgate.topic>", false, false},
        {"<eventgate.topic || $.id>", true, false},
        {"<aws.events.event>", true, false},
        {"<eventgate.attribute.a>", false, false},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_rules_template *template;
        struct eg_error err;
        assert_int_equal(
            eg_rules_template_new(eg_span_text(cases[i].text), EG_RULES_TEXT, &template, &err), 0);
        assert_int_equal(eg_rules_template_reads_envelope(template), cases[i].reads);
        assert_int_equal(eg_rules_template_is_constant(template), cases[i].constant);
        assert_true(eg_span_is(eg_rules_template_text(template), cases[i].text));
        eg_rules_template_destroy(template);
    }
}

static void times_come_in_many_spellings(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t want_us;
    } good[] = {
        {"1603294852", INT64_C(1603294852000000)},
        {"1603294852.5", INT64_C(1603294852500000)},
        {"1603294852000", INT64_C(1603294852000000)},
        {"1.603294852e12", INT64_C(1603294852000000)},
        {"1603294852123456", INT64_C(1603294852123456)},
        {"-1", -1000000},
        {"0", 0},
        {"2020-10-21T15:40:52Z", INT64_C(1603294852000000)},
        {"2020-10-21t17:40:52.1234567+02:00", INT64_C(1603294852123456)},
        {"2020-10-21 10:10:52-05:30", INT64_C(1603294852000000)},
        {"2024-02-29T00:00:00Z", INT64_C(1709164800000000)},
    };
    static const char *const bad[] = {
        "",
        "x",
        "2020-10-21",
        "2020-13-01T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "1e99",
        "0x10",
        "-",
        "2020-10-21T15:40:52",
        "2020-10-21T15:40:52.Z",
        "2020-10-21T15:40:52Zz",
        "inf",
        "--1",
        "1603294852 ",
        "99999999999999999999999999999999999999999999999999999999999999999999",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(good); i++) {
        int64_t got;
        if (!eg_rules_time_parse(eg_span_text(good[i].text), &got))
            fail_msg("%s was refused", good[i].text);
        assert_int_equal(got, good[i].want_us);
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++) {
        int64_t got;
        if (eg_rules_time_parse(eg_span_text(bad[i]), &got))
            fail_msg("%s was taken", bad[i]);
    }
}

static void an_envelope_is_opened_or_refused(void **state)
{
    (void)state;
    struct eg_json_document document;
    struct eg_rules_template_input input;
    struct eg_error err = {.message = ""};
    struct eg_event without = event;
    eg_json_document_init(&document);
    assert_int_equal(eg_rules_envelope_open(&document, &without, &input, &err), 0);
    assert_null(input.document);
    assert_ptr_equal(input.event, &without);
    without.envelope = EG_SPAN_LITERAL("[1]");
    assert_int_equal(eg_rules_envelope_open(&document, &without, &input, &err), -1);
    without.envelope = EG_SPAN_LITERAL("{");
    assert_int_equal(eg_rules_envelope_open(&document, &without, &input, &err), -1);
    assert_non_null(strstr(err.message, "the event's envelope"));
    eg_json_document_fini(&document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_has_values_as_they_are),
        cmocka_unit_test(variables_stand_for_what_is_known),
        cmocka_unit_test(nothing_is_known_without_an_event),
        cmocka_unit_test(functions),
        cmocka_unit_test(json_quotes_what_is_a_string),
        cmocka_unit_test(no_value_breaks_out_of_its_string),
        cmocka_unit_test(what_cannot_be_rendered_is_an_error),
        cmocka_unit_test(results_are_bounded),
        cmocka_unit_test(mistakes_are_found_when_it_is_compiled),
        cmocka_unit_test(a_template_says_what_it_reads),
        cmocka_unit_test(times_come_in_many_spellings),
        cmocka_unit_test(an_envelope_is_opened_or_refused),
    };
    return cmocka_run_group_tests_name("rules template", tests, NULL, NULL);
}
