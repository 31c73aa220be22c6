/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate match`: does an event pattern match an event? One pair, or one a line. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/span.h"
#include "command/argument.h"
#include "command/command.h"
#include "rules/set.h"

#define MAX_EVENT_BYTES (64u << 20)

enum verdict { MATCH, NO_MATCH, INVALID_PATTERN, TROUBLE };

static const char usage[] =
    "usage: eventgate match --pattern PATTERN --event EVENT\n"
    "       eventgate match --stdin\n"
    "\n"
    "Matches an event against an EventBridge event pattern and prints 'match' or 'no match'.\n"
    "PATTERN and EVENT are files ('-': standard input), or JSON when they begin with '{'.\n"
    "\n"
    "  --pattern PATTERN  the pattern\n"
    "  --event EVENT      the event\n"
    "  --stdin            reads a {\"pattern\": ..., \"event\": ...} a line, each an object or a\n"
    "                     string that holds it, and prints MATCH, NO or ERR a line\n"
    "\n"
    "exit codes: 0 it matches, 1 it does not, 2 the pattern is invalid (or the usage is), 3 the\n"
    "event or a file cannot be read. With --stdin 0 when all lines were read.\n"
    "\n"
    "example: eventgate match --pattern '{\"source\": [{\"prefix\": \"aws.\"}]}' --event "
    "event.json\n";

struct matcher {
    struct eg_rules_scratch *scratch;
    struct eg_json_document event;
    struct eg_json_document line;
    struct eg_json_limits limits;
};

static void matcher_init(struct matcher *matcher)
{
    matcher->scratch = eg_rules_scratch_new();
    eg_json_document_init(&matcher->event);
    eg_json_document_init(&matcher->line);
    matcher->limits = eg_json_limits_default;
    matcher->limits.max_text_bytes = MAX_EVENT_BYTES;
    matcher->limits.max_string_bytes = MAX_EVENT_BYTES;
    matcher->limits.allow_duplicate_keys = true;
}

static void matcher_fini(struct matcher *matcher)
{
    eg_rules_scratch_destroy(matcher->scratch);
    eg_json_document_fini(&matcher->event);
    eg_json_document_fini(&matcher->line);
}

static enum verdict match_event(struct matcher *matcher, const struct eg_rules_pattern *pattern,
                                struct eg_error *err)
{
    struct eg_rules_set *set;
    struct eg_rules_matches matches;
    if (eg_rules_set_new(&pattern, 1, &set, err) != 0)
        return TROUBLE;
    int rc = eg_rules_set_match(set, matcher->scratch, &matcher->event, 0, &matches, err);
    bool found = rc == 0 && matches.count > 0;
    eg_rules_set_unref(set);
    return rc != 0 ? TROUBLE : found ? MATCH : NO_MATCH;
}

static enum verdict match(struct matcher *matcher, struct eg_span pattern_text,
                          struct eg_span event_text, struct eg_error *err)
{
    struct eg_rules_pattern *pattern;
    if (eg_rules_pattern_new(pattern_text, &pattern, err) != 0)
        return INVALID_PATTERN;
    enum verdict verdict = TROUBLE;
    if (eg_json_document_parse(&matcher->event, event_text, &matcher->limits, err) == 0)
        verdict = match_event(matcher, pattern, err);
    eg_rules_pattern_destroy(pattern);
    return verdict;
}

/* What a member of a line holds: its JSON, or the JSON in its string. */
static struct eg_span member_text(const struct eg_json_document *document, const char *name)
{
    if (eg_json_kind(document, 0) != EG_JSON_OBJECT)
        return EG_SPAN_EMPTY;
    eg_json_index index = eg_json_member(document, 0, eg_span_text(name));
    if (index == EG_JSON_NONE)
        return EG_SPAN_EMPTY;
    return eg_json_kind(document, index) == EG_JSON_STRING ? eg_json_string(document, index)
                                                           : eg_json_text(document, index);
}

static void match_line(struct matcher *matcher, struct eg_span line)
{
    static const char *const words[] = {"MATCH", "NO", "ERR", "ERR"};
    struct eg_error err = {.message = ""};
    enum verdict verdict = TROUBLE;
    if (eg_json_document_parse(&matcher->line, line, &matcher->limits, &err) == 0)
        verdict = match(matcher, member_text(&matcher->line, "pattern"),
                        member_text(&matcher->line, "event"), &err);
    (void)printf("%s\n", words[verdict]);
}

static int match_lines(struct matcher *matcher)
{
    char *line = NULL;
    size_t capacity = 0;
    for (ssize_t got; (got = getline(&line, &capacity, stdin)) >= 0;) {
        struct eg_span text = eg_span_trim(eg_span_of(line, (size_t)got));
        if (text.len)
            match_line(matcher, text);
    }
    free(line);
    if (!ferror(stdin))
        return EG_EXIT_YES;
    (void)fprintf(stderr, "eventgate match: cannot read standard input\n");
    return EG_EXIT_TROUBLE;
}

static int match_pair(struct matcher *matcher, const char *pattern, const char *event)
{
    EG_AUTOBUFFER struct eg_buffer pattern_text = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer event_text = EG_BUFFER_INIT;
    if (eg_command_argument_read(&eg_command_match, pattern, &pattern_text) != 0 ||
        eg_command_argument_read(&eg_command_match, event, &event_text) != 0)
        return EG_EXIT_TROUBLE;
    struct eg_error err = {.message = ""};
    switch (match(matcher, eg_buffer_span(&pattern_text), eg_buffer_span(&event_text), &err)) {
    case MATCH:
        (void)printf("match\n");
        return EG_EXIT_YES;
    case NO_MATCH:
        (void)printf("no match\n");
        return EG_EXIT_NO;
    case INVALID_PATTERN:
        (void)fprintf(stderr, "eventgate match: invalid pattern: %s\n", err.message);
        return EG_EXIT_USAGE;
    default:
        (void)fprintf(stderr, "eventgate match: the event: %s\n", err.message);
        return EG_EXIT_TROUBLE;
    }
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"pattern", required_argument, NULL, 'p'},
        {"event", required_argument, NULL, 'e'},
        {"stdin", no_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    const char *pattern = NULL;
    const char *event = NULL;
    bool lines = false;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'p')
            pattern = optarg;
        else if (option == 'e')
            event = optarg;
        else if (option == 's')
            lines = true;
        else
            return eg_command_option_error(&eg_command_match);
    }
    if (optind < argc || (lines && (pattern || event)) || (!lines && (!pattern || !event)))
        return eg_command_usage_error(&eg_command_match, "give --pattern and --event, or --stdin");
    struct matcher matcher;
    matcher_init(&matcher);
    int rc = lines ? match_lines(&matcher) : match_pair(&matcher, pattern, event);
    matcher_fini(&matcher);
    return rc;
}

const struct eg_command eg_command_match = {
    .name = "match",
    .summary = "match an event against an event pattern",
    .usage = usage,
    .options = "--pattern --event --stdin",
    .run = run,
};
