/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `eventgate replay`: stored events once more, to the rules of the daemon that runs. It reads the
 * database of the sqlite sink and hands each event, with its id and its time, to the daemon's admin
 * listener, one after another, and stops at the first that is not taken.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "command/event_database.h"
#include "command/when.h"
#include "net/client.h"
#include "store/events.h"
#include "json/writer.h"

#define RULES_MAX     100
#define DEFAULT_ADMIN "http://127.0.0.1:8081"

enum {
    OPTION_DB = 256,
    OPTION_ADMIN,
    OPTION_TOPIC,
    OPTION_ID,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_RULE,
    OPTION_SINKS,
    OPTION_DRY_RUN,
};

static const struct option long_options[] = {
    {"db", required_argument, NULL, OPTION_DB},
    {"config", required_argument, NULL, 'c'},
    {"admin", required_argument, NULL, OPTION_ADMIN},
    {"topic", required_argument, NULL, OPTION_TOPIC},
    {"id", required_argument, NULL, OPTION_ID},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"rule", required_argument, NULL, OPTION_RULE},
    {"sinks", no_argument, NULL, OPTION_SINKS},
    {"dry-run", no_argument, NULL, OPTION_DRY_RUN},
    {NULL, 0, NULL, 0},
};

struct arguments {
    const char *database;
    const char *config;
    const char *admin;
    struct eg_event_filter filter;
    const char *rules[RULES_MAX];
    size_t rule_count;
    bool sinks;
    bool dry_run;
};

/* One replay under way. */
struct run {
    const struct arguments *arguments;
    struct eg_net_client *client;
    const char *url;
    struct eg_buffer body;
    struct eg_net_response response;
    struct eg_error err;
    int64_t count;
    bool failed;
};

static int read_time(const char *name, const char *text, int64_t *ret_us)
{
    if (eg_command_when_parse(text, eg_clock_wall_us(), ret_us))
        return EG_EXIT_YES;
    return eg_command_usage_error(&eg_command_replay,
                                  "--%s '%s' is neither a time (2026-01-31T12:00:00Z, 2026-01-31) "
                                  "nor a span back from now (90s, 10m, 2h, 7d)",
                                  name, text);
}

static int add_rule(struct arguments *arguments, const char *rule)
{
    if (arguments->rule_count == RULES_MAX)
        return eg_command_usage_error(&eg_command_replay, "at most %d --rule", RULES_MAX);
    arguments->rules[arguments->rule_count++] = rule;
    return EG_EXIT_YES;
}

static int read_option(int option, struct arguments *arguments)
{
    switch (option) {
    case OPTION_DB:
        arguments->database = optarg;
        return EG_EXIT_YES;
    case 'c':
        arguments->config = optarg;
        return EG_EXIT_YES;
    case OPTION_ADMIN:
        arguments->admin = optarg;
        return EG_EXIT_YES;
    case OPTION_TOPIC:
        arguments->filter.topic = optarg;
        return EG_EXIT_YES;
    case OPTION_ID:
        arguments->filter.id = optarg;
        return EG_EXIT_YES;
    case OPTION_SINCE:
        return read_time("since", optarg, &arguments->filter.since_us);
    case OPTION_UNTIL:
        return read_time("until", optarg, &arguments->filter.until_us);
    case OPTION_RULE:
        return add_rule(arguments, optarg);
    case OPTION_SINKS:
        arguments->sinks = true;
        return EG_EXIT_YES;
    case OPTION_DRY_RUN:
        arguments->dry_run = true;
        return EG_EXIT_YES;
    default:
        return eg_command_option_error(&eg_command_replay);
    }
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    int option;
    while ((option = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        int code = read_option(option, arguments);
        if (code != EG_EXIT_YES)
            return code;
    }
    if (optind < argc)
        return eg_command_usage_error(&eg_command_replay, "unexpected argument '%s'", argv[optind]);
    if (arguments->database && arguments->config)
        return eg_command_usage_error(&eg_command_replay, "--db and -c exclude each other");
    if (!arguments->filter.since_us && !arguments->filter.until_us && !arguments->filter.id)
        return eg_command_usage_error(&eg_command_replay,
                                      "say which events: --since, --until or --id");
    return EG_EXIT_YES;
}

static void write_member(struct eg_buffer *body, const char *name, struct eg_span value)
{
    eg_buffer_append_char(body, ',');
    eg_json_write_name(body, name);
    eg_json_write_string(body, value);
}

static void write_body(struct run *run, const struct eg_stored_event *stored)
{
    struct eg_buffer *body = &run->body;
    const struct eg_event *event = &stored->event;
    eg_buffer_clear(body);
    eg_buffer_printf(body, "{\"received_us\":%lld,\"sinks\":%s", (long long)event->received_us,
                     run->arguments->sinks ? "true" : "false");
    write_member(body, "id", event->id);
    write_member(body, "topic", event->topic);
    write_member(body, "subject", event->subject);
    write_member(body, "traceparent", event->traceparent);
    write_member(body, "tracestate", event->tracestate);
    eg_buffer_append_text(body, ",\"rules\":[");
    for (size_t i = 0; i < run->arguments->rule_count; i++) {
        eg_buffer_append_text(body, i ? "," : "");
        eg_json_write_text(body, run->arguments->rules[i]);
    }
    eg_buffer_append_text(body, "],\"attributes\":");
    eg_buffer_append_span(body,
                          stored->attributes.len ? stored->attributes : EG_SPAN_LITERAL("{}"));
    eg_buffer_append_text(body, ",\"payload\":");
    eg_buffer_append_span(body, event->payload);
    eg_buffer_append_char(body, '}');
}

static int send_event(struct run *run)
{
    struct eg_net_header type = {EG_SPAN_LITERAL("Content-Type"),
                                 EG_SPAN_LITERAL("application/json")};
    struct eg_net_request request = {.method = "POST",
                                     .url = run->url,
                                     .headers = &type,
                                     .header_count = 1,
                                     .body = eg_buffer_span(&run->body),
                                     .total_timeout_ms = 120000};
    if (eg_net_client_send(run->client, &request, &run->response, &run->err) != 0)
        return -1;
    if (run->response.status == 202)
        return 0;
    struct eg_span answer = eg_buffer_span(&run->response.body);
    return eg_error_set(&run->err, EG_ERR_UNAVAILABLE, "the daemon answered %u: %.*s",
                        run->response.status, EG_SPAN_ARGS(answer));
}

static bool replay_event(void *context, const struct eg_stored_event *stored)
{
    struct run *run = context;
    if (!run->arguments->dry_run) {
        write_body(run, stored);
        if (send_event(run) != 0) {
            run->failed = true;
            (void)fprintf(stderr, "eventgate replay: event %.*s (number %lld): %s\n",
                          EG_SPAN_ARGS(stored->event.id), (long long)stored->seq, run->err.message);
            return false;
        }
    }
    run->count++;
    return true;
}

static int trouble(const struct eg_error *err)
{
    (void)fprintf(stderr, "eventgate replay: %s\n", err->message);
    return EG_EXIT_TROUBLE;
}

static int replay(struct run *run, struct eg_event_reader *reader)
{
    struct eg_error err;
    if (eg_event_reader_each(reader, &run->arguments->filter, replay_event, run, &err) != 0)
        return trouble(&err);
    (void)printf("%lld events %s\n", (long long)run->count,
                 run->arguments->dry_run ? "would be replayed" : "replayed");
    if (run->failed)
        return EG_EXIT_TROUBLE;
    return run->count > 0 ? EG_EXIT_YES : EG_EXIT_NO;
}

static int open_and_replay(const struct arguments *arguments, const char *path)
{
    struct eg_error err;
    struct eg_event_reader *reader;
    EG_AUTOFREE char *url = eg_asprintf("%s/replay", arguments->admin);
    struct run run = {.arguments = arguments, .url = url};
    if (eg_event_reader_open(path, &reader, &err) != 0)
        return trouble(&err);
    struct eg_net_client_options options = {.ignore_proxy = true};
    int code =
        eg_net_client_new(&options, &run.client, &err) != 0 ? trouble(&err) : replay(&run, reader);
    eg_net_client_destroy(run.client);
    eg_net_response_fini(&run.response);
    eg_buffer_fini(&run.body);
    eg_event_reader_close(reader);
    return code;
}

static int run_replay(int argc, char **argv)
{
    struct arguments arguments = {.admin = DEFAULT_ADMIN};
    int code = read_arguments(argc, argv, &arguments);
    if (code != EG_EXIT_YES)
        return code;
    struct eg_error err;
    EG_AUTOFREE char *path = NULL;
    if (arguments.database)
        path = eg_strdup(arguments.database);
    else if (eg_command_event_database_find(arguments.config, &path, &err) != 0)
        return trouble(&err);
    return open_and_replay(&arguments, path);
}

const struct eg_command eg_command_replay = {
    .name = "replay",
    .summary = "send stored events through the rules again",
    .usage = "usage: eventgate replay [--db PATH | -c FILE|DIR] --since TIME [OPTION...]\n"
             "\n"
             "Hands stored events, oldest first, to the daemon's admin listener: each goes to the "
             "targets of\n"
             "the rules that match it now, with its id and the time it was first accepted.\n"
             "\n"
             "  --db PATH          the database of a sqlite sink (default: eventgate.db)\n"
             "  -c, --config PATH  the daemon's configuration: the path of its first sqlite sink\n"
             "  --admin URL        the admin listener (default: " DEFAULT_ADMIN ")\n"
             "  --since TIME       received at or after: 2026-01-31T12:00:00Z, 2026-01-31, 90s, "
             "10m, 2h\n"
             "  --until TIME       received before\n"
             "  --topic TOPIC      events of this topic\n"
             "  --id ID            events with this id\n"
             "  --rule NAME        only to the targets of this rule; may be repeated\n"
             "  --sinks            to the topic's own sinks, too\n"
             "  --dry-run          only how many there are\n"
             "\n"
             "Stops at the first event that is not taken, and says which.\n"
             "\n"
             "exit codes: 0 replayed, 1 none found, 2 usage, 3 trouble\n"
             "\n"
             "  eventgate replay --db events.db --since 2h --rule orders-to-billing\n",
    .options = "--db --config --admin --since --until --topic --id --rule --sinks --dry-run",
    .run = run_replay,
};
