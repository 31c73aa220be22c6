/* SPDX-License-Identifier: Apache-2.0 */
/* Rule files in both forms, what is refused where, and what a book answers. */
#include "base/buffer.h"
#include "matching.h"
#include "rules/rule_file.h"
#include "support/scratch.h"

static void write_file(void **state, const char *name, const char *text)
{
    EG_AUTOFREE char *path = scratch_path(state, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static char billing[] = "billing", audit[] = "audit", lost[] = "lost";
static char queue_arn[] = "arn:aws:sqs:eu-west-1:1:bill-queue";
static char *sink_list[] = {billing, audit, lost};
static const struct eg_string_list sinks = {sink_list, 3};
static struct eg_string_map_entry arn_list[] = {{queue_arn, billing}};

static struct eg_rules_book *load_with(const char *folder, struct eg_config_problems *problems,
                                       struct eg_config_notices *notices)
{
    struct eg_rules_config config = {.folder = (char *)(uintptr_t)folder,
                                     .arns = {arn_list, 1},
                                     .protect_key = (char *)(uintptr_t) "0123456789abcdef"};
    struct eg_rules_book *book = NULL;
    int rc = eg_rules_book_load(&config, &sinks, &book, problems, notices);
    assert_int_equal(rc, problems->count ? -1 : 0);
    return book;
}

static struct eg_rules_book *load(const char *folder)
{
    struct eg_config_problems problems = {0};
    struct eg_rules_book *book = load_with(folder, &problems, NULL);
    if (!book)
        eg_config_problems_print(&problems, stderr);
    assert_non_null(book);
    return book;
}

static const char ours[] =
    "name: paid\n"
    "description: what is paid is billed\n"
    "event_pattern: {source: [shop], detail: {amount: [{numeric: ['>', 5]}], n: [1]}}\n"
    "topics: [Orders]\n"
    "targets:\n"
    "  - sink: billing\n"
    "    input_transformer: {paths: {a: $.detail.amount}, template: '{\"a\": <a>}'}\n"
    "    await: false\n"
    "    retry: {attempts: 3, max_age: 1h}\n"
    "    deadline: 2s\n"
    "    dead_letter: lost\n"
    "    protect: {redact: [$.detail.name], hash: [$.detail.mail]}\n"
    "    at: <$.detail.due>\n"
    "    delay: 5s\n"
    "    enrich: {url: 'http://localhost/x', headers: {a: b}, template: '<$.id>', into: more}\n"
    "  - {sink: audit, id: second, input_path: $.detail}\n"
    "  - {sink: audit, input: {x: 1}, after: second}\n";

static const struct eg_rules_rule *find(const struct eg_rules_book *book, const char *name)
{
    const struct eg_rules_rule *rule = eg_rules_book_find(book, eg_span_text(name));
    assert_non_null(rule);
    return rule;
}

static void our_form_is_read_whole(void **state)
{
    (void)state;
    write_file(state, "paid.yaml", ours);
    struct eg_rules_book *book = load(*state);
    const struct eg_rules_rule *rule = find(book, "paid");
    assert_string_equal(rule->arn.ptr, "arn:eventgate:::rule/paid");
    assert_true(rule->enabled);
    assert_string_equal(rule->topics.items[0], "orders");
    assert_int_equal(rule->target_count, 3);
    const struct eg_rules_target *target = &rule->targets[0];
    assert_string_equal(target->id.ptr, "paid/1");
    assert_string_equal(target->arn.ptr, "arn:eventgate:::sink/billing");
    assert_int_equal(target->sink_index, 0);
    assert_string_equal(target->dead_letter.ptr, "lost");
    assert_int_equal(target->dead_letter_index, 2);
    assert_false(target->await);
    assert_int_equal(target->max_attempts, 3);
    assert_int_equal(target->max_age_ms, 3600000);
    assert_int_equal(target->deadline_ms, 2000);
    assert_int_equal(target->delay_ms, 5000);
    assert_true(eg_span_is(eg_rules_template_text(target->at), "<$.detail.due>"));
    assert_non_null(target->protect);
    assert_string_equal(target->enrich->url.ptr, "http://localhost/x");
    assert_string_equal(target->enrich->into.ptr, "more");
    assert_string_equal(target->enrich->headers.entries[0].value, "b");
    assert_int_equal(target->enrich->timeout_ms, 5000);
    assert_non_null(target->enrich->input);
    assert_int_equal(target->after, EG_RULES_NO_TARGET);
    assert_int_equal(rule->targets[2].after, 1);
    target = &rule->targets[1];
    assert_string_equal(target->id.ptr, "second");
    assert_int_equal(target->sink_index, 1);
    assert_int_equal(target->max_attempts, EG_RULES_DEFAULT_ATTEMPTS);
    assert_int_equal(target->max_age_ms, EG_RULES_DEFAULT_MAX_AGE_MS);
    assert_int_equal(target->dead_letter_index, EG_RULES_NO_SINK);
    assert_true(target->await);
    assert_null(target->protect);
    assert_null(target->enrich);
    assert_null(target->at);
    eg_rules_book_unref(book);
}

static const char described[] =
    "{\"Name\":\"aws-rule\",\"Arn\":\"arn:aws:events:eu-west-1:1:rule/aws-rule\","
    "\"EventPattern\":\"{\\\"source\\\":[\\\"shop\\\"]}\",\"State\":\"ENABLED\","
    "\"EventBusName\":\"default\",\"CreatedBy\":\"1\"}";

static const char listed[] =
    "{\"Targets\":[{\"Id\":\"T1\",\"Arn\":\"arn:aws:sqs:eu-west-1:1:bill-queue\","
    "\"InputTransformer\":{\"InputPathsMap\":{\"s\":\"$.source\"},"
    "\"InputTemplate\":\"{\\\"from\\\": <s>, \\\"rule\\\": <aws.events.rule-name>}\"},"
    "\"RetryPolicy\":{\"MaximumRetryAttempts\":2,\"MaximumEventAgeInSeconds\":60},"
    "\"DeadLetterConfig\":{\"Arn\":\"arn:aws:sqs:eu-west-1:1:lost\"},"
    "\"SqsParameters\":{\"MessageGroupId\":\"g\"}},"
    "{\"Id\":\"T2\",\"Arn\":\"arn:aws:logs:eu-west-1:1:log-group:/x/audit\","
    "\"Input\":\"{\\\"k\\\":1}\"}]}";

static void aws_form_is_read_whole(void **state)
{
    (void)state;
    write_file(state, "r.json", described);
    write_file(state, "r.targets.json", listed);
    struct eg_config_problems problems = {0};
    struct eg_config_notices notices = {0};
    struct eg_rules_book *book = load_with(*state, &problems, &notices);
    const struct eg_rules_rule *rule = find(book, "aws-rule");
    assert_string_equal(rule->arn.ptr, "arn:aws:events:eu-west-1:1:rule/aws-rule");
    assert_int_equal(rule->topics.count, 0);
    assert_int_equal(rule->target_count, 2);
    assert_string_equal(rule->targets[0].id.ptr, "T1");
    assert_string_equal(rule->targets[0].sink.ptr, "billing");
    assert_string_equal(rule->targets[0].arn.ptr, "arn:aws:sqs:eu-west-1:1:bill-queue");
    assert_string_equal(rule->targets[0].dead_letter.ptr, "lost");
    assert_int_equal(rule->targets[0].max_attempts, 2);
    assert_int_equal(rule->targets[0].max_age_ms, 60000);
    assert_string_equal(rule->targets[1].sink.ptr, "audit");
    assert_int_equal(rule->targets[1].max_age_ms, 86400000);
    assert_int_equal(notices.count, 1);
    assert_non_null(strstr(notices.items[0].text, "SqsParameters has no effect"));
    eg_config_notices_fini(&notices);
    eg_rules_book_unref(book);
}

static int matches_of(const struct eg_rules_book *book, const char *event, const char *topic,
                      const char *names[8])
{
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    struct eg_json_document document;
    struct eg_rules_matches matches;
    struct eg_error err;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(event), NULL, &err), 0);
    assert_int_equal(
        eg_rules_book_match(book, scratch, &document, 0, eg_span_text(topic), &matches, &err), 0);
    for (size_t i = 0; i < matches.count && i < 8; i++)
        names[i] = eg_rules_book_at(book, matches.rules[i])->name.ptr;
    int count = (int)matches.count;
    eg_json_document_fini(&document);
    eg_rules_scratch_destroy(scratch);
    return count;
}

static void a_book_matches_enabled_rules_of_the_topic(void **state)
{
    (void)state;
    write_file(state, "a.yaml",
               "- {name: off, enabled: false, event_pattern: {a: [1]}}\n"
               "- {name: all, event_pattern: {a: [1]}}\n"
               "- {name: text, event_pattern: '{\"a\": [1, 2]}', topics: t}\n");
    write_file(state, "b.yml", "rules: [{name: late, event_pattern: {a: [1]}, topics: [u]}]\n");
    write_file(state, "c.json",
               "{\"Rules\":[{\"Name\":\"aws\",\"EventPattern\":\"{\\\"a\\\":[1]}\","
               "\"State\":\"DISABLED\",\"EventBusName\":\"arn:aws:events:x:1:event-bus/Bus\"}]}");
    write_file(state, "x.test.yaml", "not: a rule\n");
    struct eg_rules_book *book = load(*state);
    const char *names[8];
    assert_int_equal(eg_rules_book_count(book), 5);
    assert_int_equal(eg_rules_book_enabled_count(book), 3);
    assert_true(eg_rules_book_bytes(book) > 0);
    assert_int_equal(matches_of(book, "{\"a\":1}", "t", names), 2);
    assert_string_equal(names[0], "all");
    assert_string_equal(names[1], "text");
    assert_int_equal(matches_of(book, "{\"a\":1}", "u", names), 2);
    assert_string_equal(names[1], "late");
    assert_int_equal(matches_of(book, "{\"a\":2}", "u", names), 0);
    assert_string_equal(find(book, "aws")->topics.items[0], "bus");
    assert_false(find(book, "aws")->enabled);
    assert_true(eg_rules_book_concerns(book, EG_SPAN_LITERAL("anything")));
    struct eg_rules_book *same = eg_rules_book_ref(book);
    eg_rules_book_unref(book);
    assert_int_equal(eg_rules_book_count(same), 5);
    eg_rules_book_unref(same);
}

static void a_book_knows_which_topics_concern_it(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_rules_book *none = load_with(NULL, &problems, NULL);
    assert_int_equal(eg_rules_book_count(none), 0);
    assert_false(eg_rules_book_concerns(none, EG_SPAN_LITERAL("t")));
    const char *names[8];
    assert_int_equal(matches_of(none, "{}", "t", names), 0);
    eg_rules_book_unref(none);
    write_file(state, "a.yaml", "{name: a, topics: [t], event_pattern: {a: [1]}}\n");
    struct eg_rules_book *book = load(*state);
    assert_true(eg_rules_book_concerns(book, EG_SPAN_LITERAL("t")));
    assert_false(eg_rules_book_concerns(book, EG_SPAN_LITERAL("u")));
    eg_rules_book_unref(book);
}

static const char envelope[] =
    "{\"id\":\"i\",\"source\":\"shop\",\"detail\":{\"amount\":7,\"name\":\"Ann\"}}";

static void check_render(const struct eg_rules_rule *rule, size_t target, const char *want)
{
    struct eg_json_document document;
    struct eg_json_document scratch;
    struct eg_rules_template_input input;
    struct eg_error err = {.message = ""};
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    const struct eg_event event = {.envelope = {envelope, sizeof(envelope) - 1},
                                   .payload = EG_SPAN_LITERAL("the posted bytes")};
    eg_json_document_init(&document);
    eg_json_document_init(&scratch);
    assert_int_equal(eg_rules_envelope_open(&document, &event, &input, &err), 0);
    if (eg_rules_target_render(rule, &rule->targets[target], &input, &scratch, &out, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(out.data, want);
    eg_json_document_fini(&scratch);
    eg_json_document_fini(&document);
}

/* What the call of a target is given, and what the target receives of its answer; NULL: none. */
static void check_enriched(const struct eg_rules_rule *rule, size_t target, const char *asked,
                           const char *answer, const char *want)
{
    struct eg_rules_template_input input;
    struct eg_json_document document;
    struct eg_json_document scratch;
    struct eg_error err = {.message = ""};
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    const struct eg_event event = {.envelope = {envelope, sizeof(envelope) - 1},
                                   .payload = EG_SPAN_LITERAL("the posted bytes")};
    const struct eg_span no_answer = {NULL, 0};
    eg_json_document_init(&document);
    eg_json_document_init(&scratch);
    assert_int_equal(eg_rules_envelope_open(&document, &event, &input, &err), 0);
    if (eg_rules_target_ask(rule, &rule->targets[target], &input, &scratch, &out, &err) != 0)
        fail_msg("%s", err.message);
    assert_string_equal(out.data, asked);
    eg_buffer_clear(&out);
    int rc = eg_rules_target_render_enriched(rule, &rule->targets[target], &input,
                                             answer ? eg_span_text(answer) : no_answer, &scratch,
                                             &out, &err);
    assert_int_equal(rc, want ? 0 : -1);
    assert_string_equal(out.data, want ? want : "");
    if (!want)
        assert_non_null(strstr(err.message, "the enrichment's answer"));
    eg_json_document_fini(&scratch);
    eg_json_document_fini(&document);
}

static void a_target_gets_its_own_view(void **state)
{
    (void)state;
    write_file(state, "a.yaml",
               "name: a\n"
               "event_pattern: {a: [1]}\n"
               "targets:\n"
               "  - {sink: audit}\n"
               "  - {sink: audit, protect: {drop: [$.detail.amount], redact: $.detail.name}}\n"
               "  - sink: audit\n"
               "    protect: {redact: [$.detail.name]}\n"
               "    input_transformer: {template: '{\"n\":<$.detail.name>,"
               "\"r\":<aws.events.rule-name>}'}\n");
    struct eg_rules_book *book = load(*state);
    const struct eg_rules_rule *rule = find(book, "a");
    check_render(rule, 0,
                 "{\"id\":\"i\",\"source\":\"shop\",\"detail\":{\"amount\":7,\"name\":\"Ann\"}}");
    check_render(rule, 1, "{\"id\":\"i\",\"source\":\"shop\",\"detail\":{\"name\":\"***\"}}");
    check_render(rule, 2, "{\"n\":\"***\",\"r\":\"a\"}");
    eg_rules_book_unref(book);
}

static void a_protected_payload_has_no_way_around(void **state)
{
    (void)state;
    write_file(state, "a.yaml",
               "name: a\n"
               "event_pattern: {a: [1]}\n"
               "targets:\n"
               "  - sink: audit\n"
               "    protect: {redact: [$.detail.name]}\n"
               "    input_transformer: {template: '<eventgate.payload> <aws.events.event.json>'}\n"
               "  - sink: audit\n"
               "    input_transformer: {template: '<eventgate.payload>'}\n"
               "  - sink: audit\n"
               "    protect: {redact: [$.detail.name]}\n"
               "    enrich: {url: 'http://a/', template: '<eventgate.payload>', into: more}\n"
               "    input_transformer: {template: '<eventgate.payload> <$.detail.more>'}\n");
    struct eg_rules_book *book = load(*state);
    const struct eg_rules_rule *rule = find(book, "a");
    check_render(rule, 0,
                 "{\"amount\":7,\"name\":\"***\"} {\"id\":\"i\",\"source\":\"shop\",\"detail\":"
                 "{\"amount\":7,\"name\":\"***\"}}");
    check_render(rule, 1, "\"the posted bytes\"");
    check_enriched(rule, 2, "{\"amount\":7,\"name\":\"***\"}", "[1]",
                   "{\"amount\":7,\"name\":\"***\"} [1]");
    eg_rules_book_unref(book);
}

static void an_answer_joins_the_detail(void **state)
{
    (void)state;
    write_file(state, "a.yaml",
               "name: a\n"
               "event_pattern: {a: [1]}\n"
               "targets:\n"
               "  - {sink: audit, enrich: {lambda: f}}\n"
               "  - {sink: audit, enrich: {lambda: f, into: name}}\n");
    struct eg_rules_book *book = load(*state);
    const struct eg_rules_rule *rule = find(book, "a");
    const char *whole =
        "{\"id\":\"i\",\"source\":\"shop\",\"detail\":{\"amount\":7,\"name\":\"Ann\"}}";
    check_enriched(rule, 0, whole, "{\"x\":1}",
                   "{\"id\":\"i\",\"source\":\"shop\",\"detail\":{\"amount\":7,\"name\":\"Ann\","
                   "\"enrichment\":{\"x\":1}}}");
    check_enriched(rule, 1, whole, "null",
                   "{\"id\":\"i\",\"source\":\"shop\",\"detail\":{\"amount\":7,\"name\":null}}");
    check_enriched(rule, 0, whole, NULL, whole);
    check_enriched(rule, 0, whole, "no JSON", NULL);
    eg_rules_book_unref(book);
}

static void every_mistake_is_reported_with_its_place(void **state)
{
    (void)state;
    write_file(state, "a.yaml",
               "name: a\n"
               "event_pattern: {a: 1}\n"
               "targetz: []\n"
               "targets:\n"
               "  - {sink: biling, retry: {attempts: 186}}\n"
               "  - {input_path: x, after: same}\n"
               "  - {sink: audit, id: same, at: '<nope>', protect: {hash: ['$']}}\n"
               "  - {sink: audit, id: same, enrich: {}, input: 1, input_path: $.a}\n");
    write_file(state, "b.yaml", "name: a\nevent_pattern: {a: [1]}\n");
    write_file(state, "c.json", "{\"Name\":\"c\",\"ScheduleExpression\":\"rate(1 hour)\"}");
    write_file(state, "d.targets.json", "{}");
    write_file(state, "e.json", "{\"Name\":\"e\",\"EventPattern\":\"{\"}");
    struct eg_config_problems problems = {0};
    assert_null(load_with(*state, &problems, NULL));
    static const struct {
        const char *file;
        unsigned line;
        const char *part;
    } want[] = {
        {"a.yaml", 2, "rule.event_pattern: "},
        {"a.yaml", 3, "rule.targetz: no such setting; did you mean 'targets'?"},
        {"a.yaml", 5, "rule.targets[0].sink: there is no sink 'biling'; did you mean 'billing'?"},
        {"a.yaml", 5, "rule.targets[0].retry.attempts: "},
        {"a.yaml", 6, "rule.targets[1].sink: required, but not set"},
        {"a.yaml", 6, "rule.targets[1].input_path: "},
        {"a.yaml", 6, "rule.targets[1].after: there is no target 'same' above this one"},
        {"a.yaml", 7, "rule.targets[2].at: at character 2 of the template: <nope> is no name"},
        {"a.yaml", 7, "rule.targets[2].protect: the path '$' is the whole event"},
        {"a.yaml", 8, "rule.targets[3].enrich: give either a url or a lambda"},
        {"a.yaml", 8, "rule.targets[3].input: give one of"},
        {"a.yaml", 4, "rule.targets: the id 'same' is there twice"},
        {"b.yaml", 1, "the rule 'a' is there twice, also in"},
        {"c.json", 1, "rule.ScheduleExpression: a rule on a schedule has no meaning here"},
        {"d.targets.json", 0, "there is no rule beside these targets"},
        {"e.json", 1, "rule.EventPattern: "},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(want); i++) {
        bool found = false;
        for (size_t j = 0; j < problems.count; j++)
            found = found || (strstr(problems.items[j].file, want[i].file) &&
                              problems.items[j].line == want[i].line &&
                              strstr(problems.items[j].message, want[i].part));
        if (!found) {
            eg_config_problems_print(&problems, stderr);
            fail_msg("no problem %s:%u: %s", want[i].file, want[i].line, want[i].part);
        }
    }
    assert_int_equal(problems.count, EG_ARRAY_COUNT(want));
    eg_config_problems_fini(&problems);
}

static void a_folder_that_is_not_there_is_a_problem(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    assert_null(load_with("/nonexistent/rules", &problems, NULL));
    assert_int_equal(problems.count, 1);
    eg_config_problems_fini(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(our_form_is_read_whole, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(aws_form_is_read_whole, scratch_setup, scratch_teardown),
        cmocka_unit_test_setup_teardown(a_book_matches_enabled_rules_of_the_topic, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_book_knows_which_topics_concern_it, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_target_gets_its_own_view, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_protected_payload_has_no_way_around, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(an_answer_joins_the_detail, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(every_mistake_is_reported_with_its_place, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_a_problem, scratch_setup,
                                        scratch_teardown),
    };
    return cmocka_run_group_tests_name("rules book", tests, NULL, NULL);
}
