/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate schema diff OLD NEW`: what a new version of a schema does to events that passed. */
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "command/command.h"
#include "schema/diff.h"

#define MAX_SCHEMA_BYTES ((size_t)16 << 20)

static int read_all(FILE *file, struct eg_buffer *out)
{
    while (!feof(file) && !ferror(file) && out->len <= MAX_SCHEMA_BYTES) {
        char *room = eg_buffer_reserve(out, 65536);
        out->len += fread(room, 1, 65536, file);
    }
    if (out->len > MAX_SCHEMA_BYTES)
        errno = EFBIG;
    return ferror(file) || out->len > MAX_SCHEMA_BYTES ? -1 : 0;
}

/* Complains to stderr. "-" is standard input. */
static int read_file(const char *path, struct eg_buffer *out)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    int rc = file ? read_all(file, out) : -1;
    char text[128];
    if (rc)
        (void)fprintf(stderr, "eventgate schema: %s: %s\n", path,
                      eg_error_errno_text(errno, text, sizeof(text)));
    if (file && !standard)
        (void)fclose(file);
    return rc;
}

static void print_lines(const struct eg_schema_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        const struct eg_schema_change *change = &diff->changes[i];
        (void)printf("%-10s  %s  %s\n", eg_schema_impact_text(change->impact),
                     change->pointer[0] ? change->pointer : "(root)", change->text);
    }
    (void)printf("%zu breaking, %zu unknown, %zu compatible\n", diff->counts[EG_SCHEMA_BREAKING],
                 diff->counts[EG_SCHEMA_UNKNOWN], diff->counts[EG_SCHEMA_COMPATIBLE]);
}

static void print_json(const struct eg_schema_diff *diff)
{
    json_t *changes = json_array();
    for (size_t i = 0; i < diff->count; i++) {
        const struct eg_schema_change *change = &diff->changes[i];
        (void)json_array_append_new(
            changes, json_pack("{s:s, s:s, s:s}", "impact", eg_schema_impact_text(change->impact),
                               "pointer", change->pointer, "text", change->text));
    }
    json_t *root =
        json_pack("{s:I, s:I, s:I, s:o}", "breaking", (json_int_t)diff->counts[EG_SCHEMA_BREAKING],
                  "unknown", (json_int_t)diff->counts[EG_SCHEMA_UNKNOWN], "compatible",
                  (json_int_t)diff->counts[EG_SCHEMA_COMPATIBLE], "changes", changes);
    (void)json_dumpf(root, stdout, JSON_INDENT(2));
    (void)printf("\n");
    json_decref(root);
}

static int run_diff(const char *old_path, const char *new_path, bool as_json, bool strict)
{
    EG_AUTOBUFFER struct eg_buffer old_text = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer new_text = EG_BUFFER_INIT;
    if (read_file(old_path, &old_text) || read_file(new_path, &new_text))
        return EG_EXIT_TROUBLE;
    struct eg_schema_diff diff;
    struct eg_error err;
    if (eg_schema_diff_init(&diff, eg_buffer_span(&old_text), eg_buffer_span(&new_text), &err)) {
        (void)fprintf(stderr, "eventgate schema: %s\n", err.message);
        return EG_EXIT_TROUBLE;
    }
    if (as_json)
        print_json(&diff);
    else
        print_lines(&diff);
    bool refused = diff.counts[EG_SCHEMA_BREAKING] || (strict && diff.counts[EG_SCHEMA_UNKNOWN]);
    eg_schema_diff_fini(&diff);
    return refused ? EG_EXIT_NO : EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"strict", no_argument, NULL, 's'},
        {NULL, 0, NULL, 0},
    };
    bool as_json = false;
    bool strict = false;
    optind = 1;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'j':
            as_json = true;
            break;
        case 's':
            strict = true;
            break;
        default:
            return eg_command_option_error(&eg_command_schema);
        }
    }
    if (optind == argc || strcmp(argv[optind], "diff") != 0)
        return eg_command_usage_error(&eg_command_schema, "say what to do: diff OLD NEW");
    if (argc - optind != 3)
        return eg_command_usage_error(&eg_command_schema, "diff takes two files: OLD NEW");
    return run_diff(argv[optind + 1], argv[optind + 2], as_json, strict);
}

const struct eg_command eg_command_schema = {
    .name = "schema",
    .summary = "compare two versions of a JSON Schema",
    .usage = "usage: eventgate schema diff [--json] [--strict] OLD NEW\n"
             "\n"
             "Says which events that passed under OLD can fail under NEW, change by change.\n"
             "OLD and NEW are JSON Schema files; one of them may be - for standard input.\n"
             "\n"
             "  --json    the changes as one JSON object\n"
             "  --strict  a change that can't be judged counts as breaking\n"
             "\n"
             "exit codes: 0 nothing breaks, 1 something does, 2 usage, 3 trouble\n"
             "\n"
             "example: git show main:runs.json | eventgate schema diff - runs.json\n",
    .options = "--json --strict --help",
    .run = run,
};
