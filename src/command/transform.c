/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate transform`: what a target would receive of an event. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/span.h"
#include "command/argument.h"
#include "command/command.h"
#include "rules/transform.h"

#define MAX_EVENT_BYTES (64u << 20)

static const char usage[] =
    "usage: eventgate transform [OPTION...] --event EVENT\n"
    "\n"
    "Prints what a rule's target receives of an event. EVENT is a file ('-': standard input), or\n"
    "JSON when it begins with '{'. Without one of the first three the event goes on as it is.\n"
    "\n"
    "  --input JSON         a constant\n"
    "  --input-path PATH    a part of the event, such as $.detail\n"
    "  --template TEXT      an input template with <name> and <aws.events...> in it\n"
    "  --path NAME=PATH     what <NAME> stands for; repeatable\n"
    "  --event EVENT        the event\n"
    "  --rule-name NAME     <aws.events.rule-name>\n"
    "  --rule-arn ARN       <aws.events.rule-arn>\n"
    "  --ingestion-time T   <aws.events.event.ingestion-time>; now when not given\n"
    "\n"
    "exit codes: 0 printed, 1 this event makes the result invalid, 2 the template or a path is\n"
    "invalid (or the usage is), 3 the event or a file cannot be read\n"
    "\n"
    "example: eventgate transform --path 'state=$.detail.state' --template '{\"is\": <state>}' \\\n"
    "             --event '{\"detail\": {\"state\": \"running\"}}'\n";

struct arguments {
    struct eg_rules_transform_config config;
    struct eg_rules_input_path paths[EG_RULES_MAX_INPUT_PATHS + 1];
    const char *event;
    const char *rule_name;
    const char *rule_arn;
    const char *ingestion_time;
};

static int take_path(struct arguments *arguments, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals)
        return eg_command_usage_error(&eg_command_transform, "'%s' is not NAME=PATH", text);
    if (arguments->config.path_count < EG_ARRAY_COUNT(arguments->paths))
        arguments->paths[arguments->config.path_count++] = (struct eg_rules_input_path){
            eg_span_of(text, (size_t)(equals - text)), eg_span_text(equals + 1)};
    return EG_EXIT_YES;
}

static int take_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'i':
        arguments->config.input = eg_span_text(optarg);
        return EG_EXIT_YES;
    case 'I':
        arguments->config.input_path = eg_span_text(optarg);
        return EG_EXIT_YES;
    case 't':
        arguments->config.template_text = eg_span_text(optarg);
        return EG_EXIT_YES;
    case 'p':
        return take_path(arguments, optarg);
    case 'e':
        arguments->event = optarg;
        return EG_EXIT_YES;
    case 'n':
        arguments->rule_name = optarg;
        return EG_EXIT_YES;
    case 'a':
        arguments->rule_arn = optarg;
        return EG_EXIT_YES;
    case 'T':
        arguments->ingestion_time = optarg;
        return EG_EXIT_YES;
    default:
        return eg_command_option_error(&eg_command_transform);
    }
}

static int read_options(struct arguments *arguments, int argc, char **argv)
{
    static const struct option options[] = {
        {"input", required_argument, NULL, 'i'},
        {"input-path", required_argument, NULL, 'I'},
        {"template", required_argument, NULL, 't'},
        {"path", required_argument, NULL, 'p'},
        {"event", required_argument, NULL, 'e'},
        {"rule-name", required_argument, NULL, 'n'},
        {"rule-arn", required_argument, NULL, 'a'},
        {"ingestion-time", required_argument, NULL, 'T'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int rc = take_option(arguments, option);
        if (rc != EG_EXIT_YES)
            return rc;
    }
    if (!arguments->event || optind < argc)
        return eg_command_usage_error(&eg_command_transform, "--event is needed, and no more");
    arguments->config.paths = arguments->paths;
    return EG_EXIT_YES;
}

static int render(const struct arguments *arguments, const struct eg_rules_transform *transform,
                  const struct eg_json_document *document)
{
    char now[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(eg_clock_wall_us(), now);
    struct eg_rules_template_input input = {
        .document = document,
        .root = 0,
        .rule_arn = eg_span_text(arguments->rule_arn),
        .rule_name = eg_span_text(arguments->rule_name),
        .ingestion_time = eg_span_text(arguments->ingestion_time ? arguments->ingestion_time : now),
    };
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    struct eg_error err;
    if (eg_rules_transform_render(transform, &input, &out, &err) != 0) {
        (void)fprintf(stderr, "eventgate transform: %s\n", err.message);
        return EG_EXIT_NO;
    }
    (void)fwrite(out.data, 1, out.len, stdout);
    (void)putchar('\n');
    return EG_EXIT_YES;
}

static int transform_event(const struct arguments *arguments,
                           const struct eg_rules_transform *transform)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (eg_command_argument_read(&eg_command_transform, arguments->event, &text) != 0)
        return EG_EXIT_TROUBLE;
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = MAX_EVENT_BYTES;
    limits.max_string_bytes = MAX_EVENT_BYTES;
    struct eg_json_document document;
    struct eg_error err;
    eg_json_document_init(&document);
    int rc = EG_EXIT_TROUBLE;
    if (eg_json_document_parse(&document, eg_buffer_span(&text), &limits, &err) != 0)
        (void)fprintf(stderr, "eventgate transform: the event: %s\n", err.message);
    else if (eg_json_kind(&document, 0) != EG_JSON_OBJECT)
        (void)fprintf(stderr, "eventgate transform: the event is no JSON object\n");
    else
        rc = render(arguments, transform, &document);
    eg_json_document_fini(&document);
    return rc;
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {.event = NULL};
    int rc = read_options(&arguments, argc, argv);
    if (rc != EG_EXIT_YES)
        return rc;
    struct eg_rules_transform *transform;
    struct eg_error err;
    if (eg_rules_transform_new(&arguments.config, &transform, &err) != 0) {
        (void)fprintf(stderr, "eventgate transform: %s\n", err.message);
        return EG_EXIT_USAGE;
    }
    const char *warning = eg_rules_transform_warning(transform);
    if (warning)
        (void)fprintf(stderr, "eventgate transform: warning: %s\n", warning);
    rc = transform_event(&arguments, transform);
    eg_rules_transform_destroy(transform);
    return rc;
}

const struct eg_command eg_command_transform = {
    .name = "transform",
    .summary = "show what a target receives of an event",
    .usage = usage,
    .options =
        "--input --input-path --template --path --event --rule-name --rule-arn --ingestion-time",
    .run = run,
};
