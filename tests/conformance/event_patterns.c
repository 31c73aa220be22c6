/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event patterns against what AWS answered to localstack's cases (localstack/localstack,
 * Apache-2.0): a file whose name ends in _NEG must not match, _EXC must be refused as a pattern,
 * the others match. A file without an event holds a pattern that must be accepted.
 *
 * The folder comes from EVENTGATE_VECTORS, by default ../shared/vectors seen from the project's
 * root; without it the run says so and passes. The files are JSON with comments and trailing
 * commas.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/set.h"

#define CASES 76

enum verdict { MATCHES, DOES_NOT, REFUSED, UNREADABLE };
static const char *const verdicts[] = {"match", "no match", "a refusal", "unreadable"};

struct tally {
    unsigned agree;
    unsigned all;
};

static int read_file(const char *path, struct eg_buffer *buffer)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return -1;
    char chunk[16384];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        eg_buffer_append(buffer, chunk, got);
    int failed = ferror(file);
    (void)fclose(file);
    return failed ? -1 : 0;
}

/* A string as it is, or the comment's end. */
static size_t skip_from(struct eg_span text, size_t at)
{
    const char *p = text.ptr;
    if (p[at] == '"') {
        for (at++; at < text.len && p[at] != '"'; at++)
            at += p[at] == '\\';
        return at < text.len ? at + 1 : text.len;
    }
    if (p[at] == '/' && at + 1 < text.len && p[at + 1] == '/') {
        const char *end = memchr(p + at, '\n', text.len - at);
        return end ? (size_t)(end - p) : text.len;
    }
    if (p[at] == '/' && at + 1 < text.len && p[at + 1] == '*') {
        const char *end = memmem(p + at, text.len - at, "*/", 2);
        return end ? (size_t)(end - p) + 2 : text.len;
    }
    return at + 1;
}

/* Without comments, and without commas before a closing bracket. */
static void clean(struct eg_span text, struct eg_buffer *out)
{
    size_t comma = SIZE_MAX; /* in `out`, with white space behind it only */
    for (size_t at = 0, next; at < text.len; at = next) {
        char c = text.ptr[at];
        next = skip_from(text, at);
        if (c == '/')
            continue;
        if ((c == '}' || c == ']') && comma != SIZE_MAX)
            out->data[comma] = ' ';
        if (c == ',')
            comma = out->len;
        else if (!strchr(" \t\r\n", c))
            comma = SIZE_MAX;
        eg_buffer_append(out, text.ptr + at, next - at);
    }
}

static enum verdict match(struct eg_span pattern_text, const struct eg_json_document *document,
                          eg_json_index event, struct eg_error *err)
{
    struct eg_rules_pattern *pattern;
    if (eg_rules_pattern_new(pattern_text, &pattern, err) != 0)
        return REFUSED;
    const struct eg_rules_pattern *patterns[] = {pattern};
    struct eg_rules_set *set = NULL;
    struct eg_rules_scratch *scratch = eg_rules_scratch_new();
    struct eg_rules_matches matches = {NULL, 0};
    enum verdict verdict = UNREADABLE;
    if (eg_rules_set_new(patterns, 1, &set, err) == 0) {
        if (event == EG_JSON_NONE)
            verdict = MATCHES; /* the pattern is good */
        else if (eg_rules_set_match(set, scratch, document, event, &matches, err) == 0)
            verdict = matches.count ? MATCHES : DOES_NOT;
    }
    eg_rules_scratch_destroy(scratch);
    eg_rules_set_unref(set);
    eg_rules_pattern_destroy(pattern);
    return verdict;
}

static enum verdict judge(const char *path, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer raw = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (read_file(path, &raw) != 0)
        return UNREADABLE;
    clean(eg_buffer_span(&raw), &text);
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    struct eg_json_document document;
    eg_json_document_init(&document);
    enum verdict verdict = UNREADABLE;
    if (eg_json_document_parse(&document, eg_buffer_span(&text), &limits, err) == 0) {
        eg_json_index pattern = eg_json_member(&document, 0, EG_SPAN_LITERAL("EventPattern"));
        eg_json_index event = eg_json_member(&document, 0, EG_SPAN_LITERAL("Event"));
        verdict = match(eg_json_text(&document, pattern == EG_JSON_NONE ? 0 : pattern), &document,
                        event, err);
    }
    eg_json_document_fini(&document);
    return verdict;
}

static void run_case(struct tally *tally, const char *folder, const char *name)
{
    EG_AUTOFREE char *path = eg_asprintf("%s/%s", folder, name);
    struct eg_error err = {.message = ""};
    enum verdict want = strstr(name, "_EXC.")   ? REFUSED
                        : strstr(name, "_NEG.") ? DOES_NOT
                                                : MATCHES;
    enum verdict got = judge(path, &err);
    tally->all++;
    if (got == want)
        tally->agree++;
    else
        printf("event-patterns: %s: want %s, got %s %s\n", name, verdicts[want], verdicts[got],
               err.message);
}

int main(void)
{
    const char *vectors = getenv("EVENTGATE_VECTORS");
    EG_AUTOFREE char *folder =
        eg_asprintf("%s/event-patterns", vectors && *vectors ? vectors : "../shared/vectors");
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("event-patterns: skipped, %d cases not found in %s\n", CASES, folder);
        return 0;
    }
    struct tally tally = {0, 0};
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        if (strstr(entry->d_name, ".json"))
            run_case(&tally, folder, entry->d_name);
    (void)closedir(dir);
    printf("event-patterns: %u of %u agree\n", tally.agree, tally.all);
    return tally.agree != tally.all || tally.all == 0;
}
