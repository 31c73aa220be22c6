/* SPDX-License-Identifier: Apache-2.0 */
/* Input, InputPath and InputTransformer: what a target receives, and what is refused. */
#include "base/buffer.h"
#include "matching.h"
#include "rules/transform.h"

static const char event[] =
    "{'id':'e1','time':'2026-01-02T03:04:05Z','detail-type':'Order','resources':['r1','r2'],"
    "'detail':{'state':'running','count':3,'ok':true,'none':null,'quote':'a\\\"b','job-id':'j_1',"
    "'tags':['x','y'],'who':{'name':'Ann'},'lines':[{'sku':'A'},{'sku':'B'}]}}";

static const struct eg_rules_input_path paths[] = {
#define PATH(name, path)           \
    {                              \
        {name, sizeof(name) - 1},  \
        {                          \
            path, sizeof(path) - 1 \
        }                          \
    }
    PATH("state", "$.detail.state"),
    PATH("count", "$.detail.count"),
    PATH("ok", "$.detail.ok"),
    PATH("none", "$.detail.none"),
    PATH("quote", "$.detail.quote"),
    PATH("job-id", "$.detail.job-id"),
    PATH("tags", "$.detail.tags"),
    PATH("who", "$.detail.who"),
    PATH("skus", "$.detail.lines[*].sku"),
    PATH("tag1", "$.detail.tags[1]"),
    PATH("missing", "$.detail.nope"),
#undef PATH
};

/* Renders with ' for ". The result, or NULL and the error. */
static char *render(const struct eg_rules_transform_config *config, struct eg_error *err)
{
    struct eg_rules_transform *transform;
    if (eg_rules_transform_new(config, &transform, err) != 0)
        return NULL;
    EG_AUTOFREE char *json = matching_quotes(event);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    struct eg_json_document document;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(json), NULL, err), 0);
    struct eg_rules_template_input input = {
        .document = &document,
        .root = 0,
        .rule_arn = EG_SPAN_LITERAL("arn:aws:events:eu-west-1:1:rule/r"),
        .rule_name = EG_SPAN_LITERAL("r"),
        .ingestion_time = EG_SPAN_LITERAL("2026-01-02T03:04:06Z"),
    };
    int rc = eg_rules_transform_render(transform, &input, &out, err);
    eg_json_document_fini(&document);
    eg_rules_transform_destroy(transform);
    return rc == 0 ? eg_buffer_take(&out, NULL) : NULL;
}

static char *render_template(const char *text, struct eg_error *err)
{
    EG_AUTOFREE char *quoted = matching_quotes(text);
    struct eg_rules_transform_config config = {.template_text = eg_span_text(quoted),
                                               .paths = paths,
                                               .path_count = sizeof(paths) / sizeof(paths[0])};
    return render(&config, err);
}

struct example {
    const char *template_text;
    const char *result;
};

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_error err = {.message = ""};
        EG_AUTOFREE char *got = render_template(examples[i].template_text, &err);
        EG_AUTOFREE char *want = matching_quotes(examples[i].result);
        if (!got)
            fail_msg("%s: %s", examples[i].template_text, err.message);
        assert_string_equal(got, want);
    }
}

#define CHECK(examples) check(examples, sizeof(examples) / sizeof((examples)[0]))

static void a_json_template_quotes_strings_and_embeds_the_rest(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"{'s': <state>, 'c':<count>}", "{'s': 'running', 'c':3}"},
        {"{'a':<ok>,'b':<none>,'c':<who>,'d':<tags>}",
         "{'a':true,'b':null,'c':{'name':'Ann'},'d':['x','y']}"},
        {"{'a':<quote>}", "{'a':'a\\'b'}"},
        {"{'a':<skus>,'b':<tag1>,'c':<job-id>}", "{'a':['A','B'],'b':'y','c':'j_1'}"},
        {"{'a':<missing>}", "{'a':''}"},
        {"{<state>:1}", "{'running':1}"},
        {"[<state>,<count>]", "['running',3]"},
        {"<state>", "'running'"},
        {"{'a':1}", "{'a':1}"},
        {"{'a':'5 < 6 > 3'}", "{'a':'5 < 6 > 3'}"},
    };
    CHECK(examples);
}

static void inside_quotes_a_string_stands_raw(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"{'a':'is <state>!'}", "{'a':'is running!'}"},
        {"{'a':'<state>-<count>-<ok>-<none>'}", "{'a':'running-3-true-null'}"},
        {"{'a':'x<missing>y'}", "{'a':'xy'}"},
        {"{'a':'say \\'<state>\\''}", "{'a':'say \\'running\\''}"},
        {"{'a':'<quote>'}", "{'a':'a\\'b'}"},
    };
    CHECK(examples);
}

static void a_string_template_is_text(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"'instance <job-id> is <state>'", "'instance j_1 is running'"},
        {"<state> and <count>", "running and 3"},
        {"say <quote>", "say a'b"},
        {"it is <missing>.", "it is ."},
        {"'<who> <tags>'", "'{name:Ann} [x,y]'"},
        {"got <who>", "got {'name':'Ann'}"},
        {"no placeholder", "no placeholder"},
        {"", ""},
    };
    CHECK(examples);
}

static void predefined_variables(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"{'a':<aws.events.rule-arn>,'n':<aws.events.rule-name>}",
         "{'a':'arn:aws:events:eu-west-1:1:rule/r','n':'r'}"},
        {"{'t':<aws.events.event.ingestion-time>,'u':'at <aws.events.event.ingestion-time>'}",
         "{'t':'2026-01-02T03:04:06Z','u':'at 2026-01-02T03:04:06Z'}"},
        {"{'e':<aws.events.event>}",
         "{'e':{'id':'e1','time':'2026-01-02T03:04:05Z','detail-type':'Order',"
         "'resources':['r1','r2']}}"},
    };
    CHECK(examples);
    struct eg_error err;
    EG_AUTOFREE char *got = render_template("<aws.events.event.json>", &err);
    EG_AUTOFREE char *want = matching_quotes(event);
    assert_string_equal(got, want);
}

static void an_object_inside_quotes_is_an_invalid_result(void **state)
{
    (void)state;
    struct eg_error err = {.message = ""};
    assert_null(render_template("{'a':'<who>'}", &err));
    assert_non_null(strstr(err.message, "<who> became an object inside quotes"));
    assert_null(render_template("{'a':'<tags>'}", &err));
    assert_non_null(strstr(err.message, "a list inside quotes"));
    assert_null(render_template("{'a':'<aws.events.event.json>'}", &err));
    assert_null(render_template("{<count>:1}", &err));
    assert_non_null(strstr(err.message, "a member's name"));
}

static const char *warning_of(const char *text, char *buffer, size_t buffer_bytes)
{
    static const struct eg_rules_input_path detail[] = {{{"d", 1}, {"$.detail", 8}}};
    EG_AUTOFREE char *quoted = matching_quotes(text);
    struct eg_rules_transform_config config = {
        .template_text = eg_span_text(quoted), .paths = detail, .path_count = 1};
    struct eg_rules_transform *transform;
    struct eg_error err;
    assert_int_equal(eg_rules_transform_new(&config, &transform, &err), 0);
    const char *warning = eg_rules_transform_warning(transform);
    (void)snprintf(buffer, buffer_bytes, "%s", warning ? warning : "");
    eg_rules_transform_destroy(transform);
    return buffer;
}

static void what_will_fail_is_warned_of(void **state)
{
    (void)state;
    char buffer[256];
    assert_non_null(strstr(warning_of("{'a':'<d>'}", buffer, sizeof(buffer)), "<d>"));
    assert_non_null(
        strstr(warning_of("{'a':'<aws.events.event>'}", buffer, sizeof(buffer)), "quotes"));
    assert_string_equal(warning_of("{'a':<d>}", buffer, sizeof(buffer)), "");
    assert_string_equal(warning_of("{'a':'<aws.events.rule-arn>'}", buffer, sizeof(buffer)), "");
}

static void input_and_input_path(void **state)
{
    (void)state;
    struct eg_error err = {.message = ""};
    struct eg_rules_transform_config constant = {.input = EG_SPAN_LITERAL("{\"x\": 1}")};
    EG_AUTOFREE char *input = render(&constant, &err);
    assert_string_equal(input, "{\"x\": 1}");
    struct eg_rules_transform_config part = {.input_path = EG_SPAN_LITERAL("$.detail.who")};
    EG_AUTOFREE char *object = render(&part, &err);
    assert_string_equal(object, "{\"name\":\"Ann\"}");
    part.input_path = EG_SPAN_LITERAL("$.detail.state");
    EG_AUTOFREE char *string = render(&part, &err);
    assert_string_equal(string, "\"running\"");
    part.input_path = EG_SPAN_LITERAL("$.resources.*");
    EG_AUTOFREE char *list = render(&part, &err);
    assert_string_equal(list, "[\"r1\",\"r2\"]");
    part.input_path = EG_SPAN_LITERAL("$.nope");
    EG_AUTOFREE char *nothing = render(&part, &err);
    assert_string_equal(nothing, "null");
    struct eg_rules_transform_config none = {.path_count = 0};
    EG_AUTOFREE char *whole = render(&none, &err);
    EG_AUTOFREE char *want = matching_quotes(event);
    assert_string_equal(whole, want);
}

static void refuse(const struct eg_rules_transform_config *config, const char *part)
{
    struct eg_rules_transform *transform;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_rules_transform_new(config, &transform, &err), -1);
    if (!strstr(err.message, part))
        fail_msg("'%s' does not say '%s'", err.message, part);
}

static void bad_configurations_are_refused(void **state)
{
    (void)state;
    struct eg_span x = EG_SPAN_LITERAL("{}");
    static char long_text[EG_RULES_MAX_TEMPLATE_BYTES + 2];
    memset(long_text, 'x', sizeof(long_text) - 1);
    struct eg_rules_input_path many[EG_RULES_MAX_INPUT_PATHS + 1];
    for (size_t i = 0; i < EG_ARRAY_COUNT(many); i++)
        many[i] = paths[0];
    struct eg_rules_input_path dotted[] = {{{"a.b", 3}, {"$.a", 3}}};
    struct eg_rules_input_path wrong[] = {{{"a", 1}, {"$.a[", 4}}};
    const struct {
        struct eg_rules_transform_config config;
        const char *part;
    } cases[] = {
        {{.input = x, .input_path = EG_SPAN_LITERAL("$")}, "one of"},
        {{.input = x, .template_text = x}, "one of"},
        {{.input = EG_SPAN_LITERAL("{x}")}, "the input is no JSON"},
        {{.input_path = EG_SPAN_LITERAL("detail")}, ""},
        {{.template_text = EG_SPAN_LITERAL("{\"a\": <nope>}")}, "<nope> is no name"},
        {{.template_text = EG_SPAN_LITERAL("<aws.events.nope>")}, "<aws.events.nope>"},
        {{.template_text = EG_SPAN_LITERAL("{\"a\": 1")}, "begins like JSON"},
        {{.template_text = {long_text, sizeof(long_text) - 1}}, "longer than 8192"},
        {{.template_text = x, .paths = many, .path_count = EG_ARRAY_COUNT(many)}, "more than 100"},
        {{.template_text = x, .paths = many, .path_count = 2}, "there twice"},
        {{.template_text = x, .paths = dotted, .path_count = 1}, "'a.b' wants letters"},
        {{.template_text = x, .paths = wrong, .path_count = 1}, "the input path 'a'"},
        {{.input = x, .paths = many, .path_count = 1}, "a template that uses them"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        refuse(&cases[i].config, cases[i].part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_json_template_quotes_strings_and_embeds_the_rest),
        cmocka_unit_test(inside_quotes_a_string_stands_raw),
        cmocka_unit_test(a_string_template_is_text),
        cmocka_unit_test(predefined_variables),
        cmocka_unit_test(an_object_inside_quotes_is_an_invalid_result),
        cmocka_unit_test(what_will_fail_is_warned_of),
        cmocka_unit_test(input_and_input_path),
        cmocka_unit_test(bad_configurations_are_refused),
    };
    return cmocka_run_group_tests_name("rules transform", tests, NULL, NULL);
}
