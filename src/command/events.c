/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `eventgate events`: lists what the sqlite sink has stored. Reads through a connection of its own,
 * so that it works while the daemon runs.
 */
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "command/event_database.h"
#include "command/when.h"
#include "store/events.h"
#include "json/compact.h"
#include "json/writer.h"

#define DEFAULT_LIMIT   100
#define FOLLOW_EVERY_MS 200

enum {
    OPTION_DB = 256,
    OPTION_TOPIC,
    OPTION_ID,
    OPTION_SUBJECT,
    OPTION_KEY,
    OPTION_SINCE,
    OPTION_UNTIL,
    OPTION_LIMIT,
    OPTION_FOLLOW,
    OPTION_JSON,
    OPTION_COUNT,
};

static const struct option long_options[] = {
    {"db", required_argument, NULL, OPTION_DB},
    {"config", required_argument, NULL, 'c'},
    {"topic", required_argument, NULL, OPTION_TOPIC},
    {"id", required_argument, NULL, OPTION_ID},
    {"subject", required_argument, NULL, OPTION_SUBJECT},
    {"key", required_argument, NULL, OPTION_KEY},
    {"since", required_argument, NULL, OPTION_SINCE},
    {"until", required_argument, NULL, OPTION_UNTIL},
    {"limit", required_argument, NULL, OPTION_LIMIT},
    {"follow", no_argument, NULL, OPTION_FOLLOW},
    {"json", no_argument, NULL, OPTION_JSON},
    {"count", no_argument, NULL, OPTION_COUNT},
    {NULL, 0, NULL, 0},
};

struct arguments {
    const char *database;
    const char *config;
    struct eg_event_filter filter;
    bool follow;
    bool json;
    bool count;
};

/* What one listing has come to. */
struct listing {
    bool json;
    int64_t printed;
    int64_t last_seq;
    struct eg_buffer line;
};

static int read_time(const char *name, const char *text, int64_t *ret_us)
{
    if (eg_command_when_parse(text, eg_clock_wall_us(), ret_us))
        return EG_EXIT_YES;
    return eg_command_usage_error(&eg_command_events,
                                  "--%s '%s' is neither a time (2026-01-31T12:00:00Z, 2026-01-31) "
                                  "nor a span back from now (90s, 10m, 2h, 7d)",
                                  name, text);
}

static int read_limit(const char *text, int64_t *ret_limit)
{
    if (eg_span_to_int64(eg_span_text(text), ret_limit) && *ret_limit >= 0)
        return EG_EXIT_YES;
    return eg_command_usage_error(&eg_command_events,
                                  "--limit '%s' is not a number of events (0: all)", text);
}

/* Options that only set something; the others have a format of their own. */
static const struct plain_option {
    int option;
    size_t text; /* offset of a const char * in struct arguments; 0 with a flag */
    size_t flag; /* offset of a bool */
} plain_options[] = {
    {OPTION_DB, offsetof(struct arguments, database), 0},
    {'c', offsetof(struct arguments, config), 0},
    {OPTION_TOPIC, offsetof(struct arguments, filter.topic), 0},
    {OPTION_ID, offsetof(struct arguments, filter.id), 0},
    {OPTION_SUBJECT, offsetof(struct arguments, filter.subject), 0},
    {OPTION_KEY, offsetof(struct arguments, filter.key), 0},
    {OPTION_FOLLOW, 0, offsetof(struct arguments, follow)},
    {OPTION_JSON, 0, offsetof(struct arguments, json)},
    {OPTION_COUNT, 0, offsetof(struct arguments, count)},
};

static bool set_plain(int option, struct arguments *arguments)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(plain_options); i++) {
        const struct plain_option *plain = &plain_options[i];
        if (plain->option != option)
            continue;
        if (plain->flag)
            *(bool *)(void *)((char *)arguments + plain->flag) = true;
        else
            *(const char **)(void *)((char *)arguments + plain->text) = optarg;
        return true;
    }
    return false;
}

static int read_option(int option, struct arguments *arguments)
{
    struct eg_event_filter *filter = &arguments->filter;
    if (set_plain(option, arguments))
        return EG_EXIT_YES;
    if (option == OPTION_SINCE)
        return read_time("since", optarg, &filter->since_us);
    if (option == OPTION_UNTIL)
        return read_time("until", optarg, &filter->until_us);
    if (option == OPTION_LIMIT)
        return read_limit(optarg, &filter->limit);
    return eg_command_option_error(&eg_command_events);
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
        return eg_command_usage_error(&eg_command_events, "unexpected argument '%s'", argv[optind]);
    if (arguments->database && arguments->config)
        return eg_command_usage_error(&eg_command_events, "--db and -c exclude each other");
    if (arguments->follow && arguments->count)
        return eg_command_usage_error(&eg_command_events,
                                      "--follow and --count exclude each other");
    return EG_EXIT_YES;
}

/* For people: a control character of a stranger must not reach the terminal. */
static void append_field(struct eg_buffer *line, struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        eg_buffer_append_char(line, c < 0x20 || c == 0x7F ? '?' : (char)c);
    }
    eg_buffer_append_char(line, '\t');
}

static void append_text_line(struct eg_buffer *line, const struct eg_stored_event *stored)
{
    char time_text[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(stored->event.received_us, time_text);
    eg_buffer_printf(line, "%lld\t%s\t", (long long)stored->seq, time_text);
    append_field(line, stored->event.topic);
    append_field(line, stored->event.id);
    append_field(line, stored->event.subject);
    eg_json_write_one_line(line, stored->event.payload);
}

static void append_member(struct eg_buffer *line, const char *name, struct eg_span value)
{
    eg_buffer_append_char(line, ',');
    eg_json_write_name(line, name);
    if (value.len > 0)
        eg_json_write_string(line, value);
    else
        eg_json_write_null(line);
}

static void append_json_line(struct eg_buffer *line, const struct eg_stored_event *stored)
{
    const struct eg_event *event = &stored->event;
    char time_text[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(event->received_us, time_text);
    eg_buffer_printf(line, "{\"seq\":%lld,\"time\":\"%s\"", (long long)stored->seq, time_text);
    append_member(line, "id", event->id);
    append_member(line, "topic", event->topic);
    append_member(line, "key", event->key);
    append_member(line, "subject", event->subject);
    append_member(line, "correlation_id", event->correlation_id);
    append_member(line, "traceparent", event->traceparent);
    append_member(line, "tracestate", event->tracestate);
    eg_buffer_append_text(line, ",\"attributes\":");
    eg_buffer_append_span(line,
                          stored->attributes.len ? stored->attributes : EG_SPAN_LITERAL("{}"));
    eg_buffer_append_text(line, ",\"payload\":");
    eg_json_write_one_line(line, event->payload);
    eg_buffer_append_char(line, '}');
}

static bool print_event(void *context, const struct eg_stored_event *stored)
{
    struct listing *listing = context;
    eg_buffer_clear(&listing->line);
    if (listing->json)
        append_json_line(&listing->line, stored);
    else
        append_text_line(&listing->line, stored);
    eg_buffer_append_char(&listing->line, '\n');
    listing->printed++;
    listing->last_seq = stored->seq;
    return fwrite(listing->line.data, 1, listing->line.len, stdout) == listing->line.len;
}

static int trouble(const struct eg_error *err)
{
    (void)fprintf(stderr, "eventgate events: %s\n", err->message);
    return EG_EXIT_TROUBLE;
}

static int print_count(struct eg_event_reader *reader, const struct eg_event_filter *filter)
{
    struct eg_error err;
    int64_t count;
    if (eg_event_reader_count(reader, filter, &count, &err) != 0)
        return trouble(&err);
    (void)printf("%lld\n", (long long)count);
    return count > 0 ? EG_EXIT_YES : EG_EXIT_NO;
}

/* Until the reader of our output goes away, or a signal comes. */
static int follow(struct eg_event_reader *reader, struct eg_event_filter filter,
                  struct listing *listing)
{
    struct eg_error err;
    filter.limit = 0;
    while (fflush(stdout) == 0 && !ferror(stdout)) {
        (void)nanosleep(&(struct timespec){.tv_nsec = FOLLOW_EVERY_MS * 1000000L}, NULL);
        filter.after_seq = listing->last_seq;
        if (eg_event_reader_each(reader, &filter, print_event, listing, &err) != 0)
            return trouble(&err);
    }
    return EG_EXIT_YES;
}

static int list(struct eg_event_reader *reader, const struct arguments *arguments)
{
    struct listing listing = {.json = arguments->json};
    struct eg_error err;
    int code = EG_EXIT_YES;
    if (eg_event_reader_each(reader, &arguments->filter, print_event, &listing, &err) != 0)
        code = trouble(&err);
    else if (arguments->follow)
        code = follow(reader, arguments->filter, &listing);
    else if (listing.printed == 0)
        code = EG_EXIT_NO;
    eg_buffer_fini(&listing.line);
    return code;
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {.filter = {.limit = DEFAULT_LIMIT}};
    int code = read_arguments(argc, argv, &arguments);
    if (code != EG_EXIT_YES)
        return code;
    struct eg_error err;
    char *path EG_AUTOFREE = NULL;
    if (arguments.database)
        path = eg_strdup(arguments.database);
    else if (eg_command_event_database_find(arguments.config, &path, &err) != 0)
        return trouble(&err);
    struct eg_event_reader *reader;
    if (eg_event_reader_open(path, &reader, &err) != 0)
        return trouble(&err);
    code = arguments.count ? print_count(reader, &arguments.filter) : list(reader, &arguments);
    eg_event_reader_close(reader);
    return code;
}

const struct eg_command eg_command_events = {
    .name = "events",
    .summary = "list what the sqlite sink has stored",
    .usage = "usage: eventgate events [--db PATH | -c FILE|DIR] [OPTION...]\n"
             "\n"
             "Lists stored events, oldest first: number, time received, topic, id, subject and "
             "payload,\n"
             "separated by tabs. Works while the daemon runs.\n"
             "\n"
             "  --db PATH          the database (default: eventgate.db)\n"
             "  -c, --config PATH  the daemon's configuration: the path of its first sqlite sink\n"
             "  --topic TOPIC      events of this topic\n"
             "  --id ID            events with this id\n"
             "  --subject SUBJECT  events posted by this subject\n"
             "  --key KEY          events with this message key\n"
             "  --since TIME       received at or after: 2026-01-31T12:00:00Z, 2026-01-31, 90s, "
             "10m, 2h\n"
             "  --until TIME       received before\n"
             "  --limit N          the newest N of them (default: 100; 0: all)\n"
             "  --follow           go on with those that come\n"
             "  --json             a JSON object a line, with all that is stored\n"
             "  --count            only how many there are; without the limit\n"
             "\n"
             "exit codes: 0 some found, 1 none, 2 usage, 3 trouble\n"
             "\n"
             "  eventgate events --db /var/lib/eventgate/events.db --topic public.cps.za.runs"
             " --since 1h\n",
    .options = "--db --config --topic --id --subject --key --since --until --limit --follow --json "
               "--count",
    .run = run,
};
