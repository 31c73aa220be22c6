/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `eventgate validate`: do events fit a schema? Files hold one event each, standard input one a
 * line. One line of answer an event.
 */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "schema/schema.h"
#include "schema/store.h"
#include "json/document.h"

#define MAX_EVENT_BYTES (64u << 20)
#define MAX_FAILURES    1000

struct validation {
    struct eg_schema *schema;
    struct eg_schema_store *store;
    struct eg_schema_scratch *scratch;
    struct eg_json_document document;
    struct eg_json_limits limits;
    const char *schema_path;
    enum eg_schema_draft draft;
    bool format;
    bool all_errors;
    bool json;
    bool some_invalid;
};

static const char usage[] =
    "usage: eventgate validate --schema FILE [OPTION...] [EVENT...]\n"
    "\n"
    "Validates events against a JSON Schema. Each EVENT is a file with one JSON document;\n"
    "'-' or none reads standard input, one document a line. Prints a line for each event:\n"
    "'valid', or 'invalid', a tab, and the first message.\n"
    "\n"
    "  --schema FILE           the schema\n"
    "  --draft DRAFT           where it has no $schema: 4, 6, 7, 2019-09 or 2020-12 (default)\n"
    "  --format                'format' is asserted\n"
    "  --all-errors            every failure, on indented lines: place, message\n"
    "  --json                  a JSON object a line, with every failure\n"
    "  --ref-dir BASE_URI=DIR  every *.json in DIR may be referred to as BASE_URI/...; repeatable\n"
    "\n"
    "exit codes: 0 all valid, 1 some invalid, 2 usage, 3 the schema or a file cannot be used\n"
    "\n"
    "example: eventgate validate --schema runs.json --all-errors < events.ndjson\n";

static void close_input(FILE **file)
{
    if (*file && *file != stdin)
        (void)fclose(*file);
}

static int read_file(const char *path, struct eg_buffer *out)
{
    EG_CLEANUP(close_input) FILE *file = fopen(path, "rb");
    if (!file) {
        (void)fprintf(stderr, "eventgate validate: cannot open '%s': %s\n", path, strerror(errno));
        return -1;
    }
    for (;;) {
        size_t got = fread(eg_buffer_reserve(out, 65536), 1, 65536, file);
        out->len += got;
        if (out->len > MAX_EVENT_BYTES) {
            (void)fprintf(stderr, "eventgate validate: '%s' is larger than %u bytes\n", path,
                          MAX_EVENT_BYTES);
            return -1;
        }
        if (!got)
            break;
    }
    if (ferror(file)) {
        (void)fprintf(stderr, "eventgate validate: cannot read '%s'\n", path);
        return -1;
    }
    return 0;
}

/* A message may hold what the event held: a line of output stays a line. */
static void print_line(struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n')
            (void)fputs("\\n", stdout);
        else if (c == '\r')
            (void)fputs("\\r", stdout);
        else
            (void)putchar(c);
    }
}

static json_t *json_text(struct eg_span text)
{
    json_t *string = json_stringn(text.ptr, text.len);
    return string ? string : json_string(""); /* not UTF-8: cannot be, the reader saw to it */
}

static void print_json(const struct eg_schema_report *report)
{
    json_t *failures = json_array();
    for (size_t i = 0; i < report->count; i++) {
        const struct eg_schema_failure *failure = &report->failures[i];
        json_t *item = json_object();
        (void)json_object_set_new(item, "instancePath", json_text(failure->instance_path));
        (void)json_object_set_new(item, "schemaPath", json_text(failure->schema_path));
        (void)json_object_set_new(item, "keyword", json_text(failure->keyword));
        (void)json_object_set_new(item, "message", json_text(failure->message));
        (void)json_array_append_new(failures, item);
    }
    json_t *answer = json_object();
    (void)json_object_set_new(answer, "valid", json_boolean(report->count == 0));
    (void)json_object_set_new(answer, "errors", failures);
    if (report->truncated)
        (void)json_object_set_new(answer, "truncated", json_true());
    char *line = json_dumps(answer, JSON_COMPACT);
    (void)printf("%s\n", line ? line : "{}");
    free(line);
    json_decref(answer);
}

static void print_text(const struct validation *validation, const struct eg_schema_report *report)
{
    if (!report->count) {
        (void)printf("valid\n");
        return;
    }
    (void)fputs("invalid\t", stdout);
    print_line(report->failures[0].message);
    (void)putchar('\n');
    for (size_t i = 0; validation->all_errors && i < report->count; i++) {
        const struct eg_schema_failure *failure = &report->failures[i];
        (void)fputs("  ", stdout);
        print_line(failure->instance_path.len ? failure->instance_path : EG_SPAN_LITERAL("(root)"));
        (void)fputs(": ", stdout);
        print_line(failure->message);
        (void)fputs(" [", stdout);
        print_line(failure->schema_path);
        (void)fputs("]\n", stdout);
    }
    if (validation->all_errors && report->truncated)
        (void)printf("  and more\n");
}

static void validate_event(struct validation *validation, struct eg_span text)
{
    struct eg_error err;
    struct eg_schema_failure unreadable;
    struct eg_schema_report report = {NULL, 0, false};
    if (eg_json_document_parse(&validation->document, text, &validation->limits, &err) != 0) {
        unreadable = (struct eg_schema_failure){eg_span_text(err.message), EG_SPAN_EMPTY,
                                                EG_SPAN_EMPTY, EG_SPAN_EMPTY};
        report = (struct eg_schema_report){&unreadable, 1, false};
    } else {
        bool all = validation->json || validation->all_errors;
        (void)eg_schema_explain(validation->schema, validation->scratch, &validation->document, 0,
                                all ? MAX_FAILURES : 1, &report);
    }
    validation->some_invalid |= report.count > 0;
    if (validation->json)
        print_json(&report);
    else
        print_text(validation, &report);
}

static int validate_lines(struct validation *validation)
{
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t got; (got = getline(&line, &capacity, stdin)) >= 0;) {
        struct eg_span text = eg_span_trim(eg_span_of(line, (size_t)got));
        if (text.len)
            validate_event(validation, text);
    }
    free(line);
    if (!ferror(stdin))
        return 0;
    (void)fprintf(stderr, "eventgate validate: cannot read standard input\n");
    return -1;
}

static int validate_file(struct validation *validation, const char *path)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (read_file(path, &text) != 0)
        return -1;
    validate_event(validation, eg_buffer_span(&text));
    return 0;
}

static int compile_schema(struct validation *validation)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (read_file(validation->schema_path, &text) != 0)
        return -1;
    struct eg_schema_options options = eg_schema_options_default;
    options.default_draft = validation->draft;
    options.assert_format = validation->format;
    options.store = validation->store;
    struct eg_error err;
    if (eg_schema_compile(eg_buffer_span(&text), &options, &validation->schema, &err) == 0)
        return 0;
    (void)fprintf(stderr, "eventgate validate: %s: %s\n", validation->schema_path, err.message);
    return -1;
}

static int add_ref_dir(struct validation *validation, const char *argument)
{
    const char *equals = strrchr(argument, '=');
    if (!equals || equals == argument || !equals[1])
        return eg_command_usage_error(&eg_command_validate, "'%s' is not BASE_URI=DIR", argument);
    EG_AUTOFREE char *base_uri = eg_span_dup(eg_span_of(argument, (size_t)(equals - argument)));
    struct eg_error err;
    if (eg_schema_store_add_folder(validation->store, base_uri, equals + 1, &err) == 0)
        return EG_EXIT_YES;
    (void)fprintf(stderr, "eventgate validate: %s\n", err.message);
    return EG_EXIT_TROUBLE;
}

static int take_option(struct validation *validation, int option)
{
    switch (option) {
    case 's':
        validation->schema_path = optarg;
        return EG_EXIT_YES;
    case 'd':
        if (eg_schema_draft_parse(optarg, &validation->draft))
            return EG_EXIT_YES;
        return eg_command_usage_error(&eg_command_validate, "'%s' is not a known draft", optarg);
    case 'f':
        validation->format = true;
        return EG_EXIT_YES;
    case 'a':
        validation->all_errors = true;
        return EG_EXIT_YES;
    case 'j':
        validation->json = true;
        return EG_EXIT_YES;
    case 'r':
        return add_ref_dir(validation, optarg);
    default:
        return eg_command_option_error(&eg_command_validate);
    }
}

static int read_options(struct validation *validation, int argc, char **argv)
{
    static const struct option options[] = {
        {"schema", required_argument, NULL, 's'},
        {"draft", required_argument, NULL, 'd'},
        {"format", no_argument, NULL, 'f'},
        {"all-errors", no_argument, NULL, 'a'},
        {"json", no_argument, NULL, 'j'},
        {"ref-dir", required_argument, NULL, 'r'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int rc = take_option(validation, option);
        if (rc != EG_EXIT_YES)
            return rc;
    }
    if (!validation->schema_path)
        return eg_command_usage_error(&eg_command_validate, "--schema is needed");
    return EG_EXIT_YES;
}

static int validate_all(struct validation *validation, int argc, char **argv)
{
    int rc = optind == argc ? validate_lines(validation) : 0;
    for (int i = optind; i < argc && rc == 0; i++)
        rc = strcmp(argv[i], "-") == 0 ? validate_lines(validation)
                                       : validate_file(validation, argv[i]);
    if (rc != 0)
        return EG_EXIT_TROUBLE;
    return validation->some_invalid ? EG_EXIT_NO : EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    struct validation validation = {.draft = eg_schema_options_default.default_draft,
                                    .limits = eg_json_limits_default};
    validation.limits.max_text_bytes = MAX_EVENT_BYTES;
    validation.limits.max_string_bytes = MAX_EVENT_BYTES;
    validation.store = eg_schema_store_new();
    validation.scratch = eg_schema_scratch_new();
    eg_json_document_init(&validation.document);
    int rc = read_options(&validation, argc, argv);
    if (rc == EG_EXIT_YES)
        rc = compile_schema(&validation) == 0 ? validate_all(&validation, argc, argv)
                                              : EG_EXIT_TROUBLE;
    eg_json_document_fini(&validation.document);
    eg_schema_scratch_destroy(validation.scratch);
    eg_schema_destroy(validation.schema);
    eg_schema_store_destroy(validation.store);
    return rc;
}

const struct eg_command eg_command_validate = {
    .name = "validate",
    .summary = "validate events against a JSON Schema",
    .usage = usage,
    .options = "--schema --draft --format --all-errors --json --ref-dir",
    .run = run,
};
