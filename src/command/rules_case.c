/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See rules_case.h. What a rule set makes of an event is a list of deliveries; each expectation
 * takes away one that it fits, and what is left on either side is the difference.
 */
#include "command/rules_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "config/source.h"
#include "config/tree.h"
#include "rules/rule_file.h"

struct case_settings {
    char *name;
    char *topic;
    char *event;
    char *answer;
    char *received;
    struct eg_table_list expect;
};

struct expectation {
    char *rule;
    char *target;
    char *sink;
    char *payload;
    char *text;
    char *error;
    char *at;
};

#define EXPECT(member, field_type, field_help)                                                 \
    {                                                                                          \
        .name = #member, .type = (field_type), .offset = offsetof(struct expectation, member), \
        .help = (field_help)                                                                   \
    }

static const struct eg_field expect_fields[] = {
    EXPECT(rule, EG_FIELD_STRING, "The rule's name."),
    EXPECT(target, EG_FIELD_STRING, "The target's id."),
    EXPECT(sink, EG_FIELD_STRING, "The target's sink."),
    EXPECT(payload, EG_FIELD_JSON, "What it receives, compared as JSON."),
    EXPECT(text, EG_FIELD_STRING, "What it receives, compared as text."),
    EXPECT(error, EG_FIELD_STRING, "A part of why it can't receive anything."),
    EXPECT(at, EG_FIELD_STRING, "When it is delivered, as its `at` says."),
};

static const struct eg_field_table expect_table = {
    .name = "expect",
    .fields = expect_fields,
    .field_count = EG_ARRAY_COUNT(expect_fields),
    .struct_bytes = sizeof(struct expectation),
};

static const struct eg_field case_fields[] = {
    {.name = "name",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct case_settings, name),
     .required = true,
     .help = "What is tested, in a few words."},
    {.name = "topic",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct case_settings, topic),
     .default_text = "test",
     .help = "The topic it was posted to, in lower case."},
    {.name = "event",
     .type = EG_FIELD_JSON,
     .offset = offsetof(struct case_settings, event),
     .required = true,
     .help = "The event's envelope, as much of it as matters."},
    {.name = "answer",
     .type = EG_FIELD_JSON,
     .offset = offsetof(struct case_settings, answer),
     .help = "What every enrichment answers; without it nothing joins the event."},
    {.name = "received",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct case_settings, received),
     .default_text = "2026-01-01T00:00:00Z",
     .help = "When the event was received, which is also now."},
    {.name = "expect",
     .type = EG_FIELD_TABLE_LIST,
     .offset = offsetof(struct case_settings, expect),
     .table = &expect_table,
     .help = "The deliveries, in any order; none: []."},
};

static const struct eg_field_table case_table = {
    .name = "case",
    .fields = case_fields,
    .field_count = EG_ARRAY_COUNT(case_fields),
    .struct_bytes = sizeof(struct case_settings),
};

/* ---- what the rules make of the event ---- */

struct delivery {
    const struct eg_rules_rule *rule;
    const struct eg_rules_target *target;
    char *payload; /* or why there is none */
    char *at;      /* NULL: at once */
    bool failed;
    bool taken; /* an expectation fits it */
};

struct deliveries {
    struct delivery *items;
    size_t count;
};

static void deliveries_fini(struct deliveries *deliveries)
{
    for (size_t i = 0; i < deliveries->count; i++) {
        free(deliveries->items[i].payload);
        free(deliveries->items[i].at);
    }
    free(deliveries->items);
}

/* What all deliveries of a case are made from. */
struct scene {
    struct eg_event event;
    struct eg_rules_template_input input;
    struct eg_json_document document;
    struct eg_json_document scratch;
    struct eg_span answer;
};

static char *render_time(const struct scene *scene, const struct eg_rules_target *target)
{
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!target->at)
        return NULL;
    if (eg_rules_template_render(target->at, &scene->input, &text, &err) != 0)
        return eg_strdup(err.message);
    return eg_strdup(text.data ? text.data : "");
}

static void add_delivery(struct scene *scene, const struct eg_rules_rule *rule,
                         const struct eg_rules_target *target, struct deliveries *deliveries)
{
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    deliveries->items =
        eg_realloc_array(deliveries->items, deliveries->count + 1, sizeof(*deliveries->items));
    struct delivery *delivery = &deliveries->items[deliveries->count++];
    *delivery = (struct delivery){.rule = rule, .target = target};
    delivery->at = render_time(scene, target);
    if (eg_rules_target_render_enriched(rule, target, &scene->input, scene->answer, &scene->scratch,
                                        &out, &err) == 0) {
        delivery->payload = eg_buffer_take(&out, NULL);
        return;
    }
    delivery->failed = true;
    delivery->payload = eg_strdup(err.message);
}

static int route(struct scene *scene, const struct eg_rules_book *book,
                 struct deliveries *deliveries, struct eg_error *err)
{
    struct eg_rules_matches matches;
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    int rc = eg_rules_book_match(book, scratch, scene->input.document, scene->input.root,
                                 scene->event.topic, &matches, err);
    for (size_t i = 0; rc == 0 && i < matches.count; i++) {
        const struct eg_rules_rule *rule = eg_rules_book_at(book, matches.rules[i]);
        for (size_t j = 0; j < rule->target_count; j++)
            add_delivery(scene, rule, &rule->targets[j], deliveries);
    }
    eg_rules_scratch_destroy(scratch);
    return rc;
}

static int make_deliveries(const struct case_settings *settings, const struct eg_rules_book *book,
                           struct deliveries *deliveries, struct eg_error *err)
{
    int64_t received_us;
    if (!eg_rules_time_parse(eg_span_text(settings->received), &received_us))
        return eg_error_set(err, EG_ERR_INVALID, "`received` is no time");
    struct scene scene = {
        .event = {.id = EG_SPAN_LITERAL("00000000-0000-4000-8000-000000000000"),
                  .topic = eg_span_text(settings->topic),
                  .payload = eg_span_text(settings->event),
                  .envelope = eg_span_text(settings->event),
                  .correlation_id = EG_SPAN_LITERAL("test"),
                  .received_us = received_us},
        .answer = settings->answer ? eg_span_text(settings->answer) : (struct eg_span){NULL, 0},
    };
    eg_json_document_init(&scene.document);
    eg_json_document_init(&scene.scratch);
    int rc = eg_rules_envelope_open(&scene.document, &scene.event, &scene.input, err);
    scene.input.now_us = received_us;
    if (rc == 0)
        rc = route(&scene, book, deliveries, err);
    eg_json_document_fini(&scene.scratch);
    eg_json_document_fini(&scene.document);
    return rc;
}

/* ---- what was expected ---- */

static bool same_json(const char *a, const char *b)
{
    struct eg_json_document left;
    struct eg_json_document right;
    struct eg_error ignored;
    eg_json_document_init(&left);
    eg_json_document_init(&right);
    bool same = eg_json_document_parse(&left, eg_span_text(a), NULL, &ignored) == 0 &&
                eg_json_document_parse(&right, eg_span_text(b), NULL, &ignored) == 0 &&
                eg_json_equal(&left, 0, &right, 0);
    eg_json_document_fini(&left);
    eg_json_document_fini(&right);
    return same;
}

static bool is_or_any(const char *want, const char *got)
{
    return !want || strcmp(want, got) == 0;
}

static bool same_time(const char *want, const char *got)
{
    int64_t want_us;
    int64_t got_us;
    return !want || (got && eg_rules_time_parse(eg_span_text(want), &want_us) &&
                     eg_rules_time_parse(eg_span_text(got), &got_us) && want_us == got_us);
}

static bool fits(const struct expectation *want, const struct delivery *got)
{
    if (got->taken || got->failed != (want->error != NULL))
        return false;
    return is_or_any(want->rule, got->rule->name.ptr) &&
           is_or_any(want->target, got->target->id.ptr) &&
           is_or_any(want->sink, got->target->sink.ptr) && is_or_any(want->text, got->payload) &&
           (!want->payload || same_json(want->payload, got->payload)) &&
           (!want->error || strstr(got->payload, want->error)) && same_time(want->at, got->at);
}

static bool take_away(const struct expectation *want, struct deliveries *deliveries)
{
    for (size_t i = 0; i < deliveries->count; i++) {
        if (!fits(want, &deliveries->items[i]))
            continue;
        deliveries->items[i].taken = true;
        return true;
    }
    return false;
}

/* "- rule > sink: payload", as far as it was said. */
static void write_expectation(const struct expectation *want, struct eg_buffer *out)
{
    const char *what = want->payload ? want->payload : want->text ? want->text : want->error;
    eg_buffer_printf(out, "  - %s > %s%s%s%s", want->rule ? want->rule : "any rule",
                     want->sink     ? want->sink
                     : want->target ? want->target
                                    : "any target",
                     what ? ": " : "", want->error ? "an error with " : "", what ? what : "");
    eg_buffer_printf(out, "%s%s\n", want->at ? " at " : "", want->at ? want->at : "");
}

static void write_delivery(const struct delivery *got, struct eg_buffer *out)
{
    eg_buffer_printf(out, "  + %s > %s: %s%s%s%s\n", got->rule->name.ptr, got->target->sink.ptr,
                     got->failed ? "error: " : "", got->payload, got->at ? " at " : "",
                     got->at ? got->at : "");
}

static void compare(const struct case_settings *settings, struct deliveries *deliveries,
                    struct eg_buffer *difference)
{
    const struct expectation *expected = settings->expect.items;
    for (size_t i = 0; i < settings->expect.count; i++)
        if (!take_away(&expected[i], deliveries))
            write_expectation(&expected[i], difference);
    for (size_t i = 0; i < deliveries->count; i++)
        if (!deliveries->items[i].taken)
            write_delivery(&deliveries->items[i], difference);
}

/* ---- files ---- */

struct runner {
    const struct eg_rules_book *book;
    struct eg_command_case_count *count;
    struct eg_config_problems *problems;
};

static void judge(struct runner *runner, const char *file, const struct eg_config_node *node,
                  const struct case_settings *settings)
{
    EG_CLEANUP(deliveries_fini) struct deliveries deliveries = {NULL, 0};
    EG_AUTOBUFFER struct eg_buffer difference = EG_BUFFER_INIT;
    struct eg_error err;
    if (make_deliveries(settings, runner->book, &deliveries, &err) != 0)
        eg_buffer_printf(&difference, "  %s\n", err.message);
    else
        compare(settings, &deliveries, &difference);
    if (difference.len == 0) {
        runner->count->passed++;
        (void)printf("PASS %s: %s\n", file, settings->name);
        return;
    }
    runner->count->failed++;
    (void)printf("FAIL %s:%u: %s\n%s", file, node->place.line, settings->name, difference.data);
}

static void run_case(struct runner *runner, const char *file, const struct eg_config_node *node,
                     size_t number)
{
    struct case_settings settings;
    const struct eg_config_part part = {&case_table, &settings};
    EG_AUTOFREE char *path = eg_asprintf("[%zu]", number);
    const struct eg_config_scope scope = {path, ".", node->place};
    if (eg_config_fields_fill(&part, 1, node, &scope, runner->problems) == 0)
        judge(runner, file, node, &settings);
    eg_config_fields_fini(&case_table, &settings);
}

static void run_file(struct runner *runner, const char *folder, const char *stem,
                     const char *suffix)
{
    EG_AUTOFREE char *file = eg_asprintf("%s%s", stem, suffix);
    EG_AUTOFREE char *path = eg_config_path_resolve(folder, file);
    struct eg_config_tree *tree = NULL;
    if (eg_config_tree_read(path, EG_CONFIG_LITERAL, &tree, runner->problems) != 0)
        return;
    if (tree->root->kind != EG_CONFIG_LIST)
        (void)eg_config_problem_add(runner->problems, tree->root->place,
                                    "expected a list of cases, got %s",
                                    eg_config_node_describe(tree->root));
    for (size_t i = 0; tree->root->kind == EG_CONFIG_LIST && i < tree->root->count; i++)
        run_case(runner, file, tree->root->items[i], i);
    eg_config_tree_destroy(tree);
}

static void run_folder(struct runner *runner, const char *folder, const char *suffix)
{
    struct eg_string_list names = {0};
    struct eg_error err;
    if (!eg_config_path_is_folder(folder))
        return;
    if (eg_config_folder_list(folder, suffix, EG_RULES_MAX_FILES, &names, &err) != 0)
        (void)eg_config_problem_add(runner->problems, (struct eg_config_place){folder, 0, 0}, "%s",
                                    eg_config_source_reason(folder, &err));
    for (size_t i = 0; i < names.count; i++)
        run_file(runner, folder, names.items[i], suffix);
    eg_config_string_list_fini(&names);
}

int eg_command_cases_run(const char *folder, const struct eg_rules_book *book,
                         struct eg_command_case_count *ret_count,
                         struct eg_config_problems *problems)
{
    struct eg_command_case_count count = {0, 0};
    struct runner runner = {book, &count, problems};
    EG_AUTOFREE char *tests = eg_config_path_resolve(folder, "tests");
    run_folder(&runner, folder, ".test.yaml");
    run_folder(&runner, tests, ".yaml");
    *ret_count = count;
    return problems->count ? -1 : 0;
}
