/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate events`: exit codes and output, with a database written by the store. */
#include <fcntl.h>
#include <getopt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/span.h"
#include "command/command.h"
#include "store/events.h"
#include "support/scratch.h"

#define ARGUMENTS_MAX 12

/* Runs the command with standard output and error in files; the caller frees *ret_output. */
static int run(void **state, char **ret_output, const char *first, ...)
{
    char *argv[ARGUMENTS_MAX + 1] = {eg_strdup("events")};
    int argc = 1;
    va_list args;
    va_start(args, first);
    for (const char *word = first; word && argc < ARGUMENTS_MAX; word = va_arg(args, const char *))
        argv[argc++] = eg_strdup(word);
    va_end(args);
    char *path EG_AUTOFREE = scratch_path(state, "output");
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    int saved_out = dup(STDOUT_FILENO);
    int saved_err = dup(STDERR_FILENO);
    (void)fflush(NULL);
    assert_true(dup2(file, STDOUT_FILENO) >= 0 && dup2(file, STDERR_FILENO) >= 0);
    optind = 0; /* getopt begins anew */
    int code = eg_command_events.run(argc, argv);
    (void)fflush(NULL);
    assert_true(dup2(saved_out, STDOUT_FILENO) >= 0 && dup2(saved_err, STDERR_FILENO) >= 0);
    (void)close(file);
    (void)close(saved_out);
    (void)close(saved_err);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    *ret_output = scratch_read(path);
    return code;
}

static char *make_database(void **state)
{
    char *path = scratch_path(state, "events.db");
    struct eg_database_options options = {
        .path = path, .checkpoint_bytes = 1 << 20, .cache_bytes = 1 << 20};
    struct eg_event_writer *writer;
    struct eg_error err;
    assert_int_equal(eg_event_writer_open(&options, &writer, &err), 0);
    for (int i = 0; i < 3; i++) {
        struct eg_event event = {.id = eg_span_text(i ? "b" : "a"),
                                 .topic = eg_span_text(i == 2 ? "other" : "runs"),
                                 .subject = EG_SPAN_LITERAL("me\x1B[31m"),
                                 .payload = EG_SPAN_LITERAL("{\n \"n\": 1 }"),
                                 .correlation_id = EG_SPAN_LITERAL("c"),
                                 .traceparent = EG_SPAN_LITERAL("t"),
                                 .received_us = INT64_C(1767323045000000) + i * 1000000};
        const struct eg_event *events[] = {&event};
        enum eg_append_result result;
        assert_int_equal(eg_event_writer_append(writer, events, 1, &result, &err), 0);
    }
    eg_event_writer_close(writer);
    return path;
}

static void lists_lines_for_people(void **state)
{
    char *path EG_AUTOFREE = make_database(state);
    char *output EG_AUTOFREE = NULL;
    assert_int_equal(run(state, &output, "--db", path, "--topic", "runs", NULL), EG_EXIT_YES);
    assert_string_equal(output, "1\t2026-01-02T03:04:05.000Z\truns\ta\tme?[31m\t{\"n\":1}\n"
                                "2\t2026-01-02T03:04:06.000Z\truns\tb\tme?[31m\t{\"n\":1}\n");
}

static void lists_json_for_programs(void **state)
{
    char *path EG_AUTOFREE = make_database(state);
    char *output EG_AUTOFREE = NULL;
    assert_int_equal(run(state, &output, "--db", path, "--json", "--limit", "1", NULL),
                     EG_EXIT_YES);
    assert_string_equal(output,
                        "{\"seq\":3,\"time\":\"2026-01-02T03:04:07.000Z\",\"id\":\"b\","
                        "\"topic\":\"other\",\"key\":null,\"subject\":\"me\\u001b[31m\","
                        "\"correlation_id\":\"c\",\"traceparent\":\"t\",\"tracestate\":null,"
                        "\"attributes\":{},\"payload\":{\"n\":1}}\n");
}

static void counts_and_says_no(void **state)
{
    char *path EG_AUTOFREE = make_database(state);
    char *some EG_AUTOFREE = NULL;
    char *none EG_AUTOFREE = NULL;
    char *empty EG_AUTOFREE = NULL;
    assert_int_equal(run(state, &some, "--db", path, "--count", "--id", "b", NULL), EG_EXIT_YES);
    assert_string_equal(some, "2\n");
    assert_int_equal(run(state, &none, "--db", path, "--count", "--since", "2026-01-03", NULL),
                     EG_EXIT_NO);
    assert_string_equal(none, "0\n");
    assert_int_equal(run(state, &empty, "--db", path, "--id", "c", NULL), EG_EXIT_NO);
    assert_string_equal(empty, "");
}

static void finds_the_database_in_a_configuration(void **state)
{
    char *database EG_AUTOFREE = make_database(state);
    assert_int_equal(access(database, R_OK), 0);
    char *config EG_AUTOFREE = scratch_path(state, "eventgate.yaml");
    FILE *file = fopen(config, "w");
    assert_non_null(file);
    (void)fputs("sinks:\n  lines:\n    type: log\n  store:\n    type: sqlite\n"
                "    path: events.db\n",
                file);
    assert_int_equal(fclose(file), 0);
    char *output EG_AUTOFREE = NULL;
    assert_int_equal(run(state, &output, "-c", config, "--count", NULL), EG_EXIT_YES);
    assert_string_equal(output, "3\n");
    file = fopen(config, "w");
    assert_non_null(file);
    (void)fputs("sinks:\n  lines:\n    type: log\n", file);
    assert_int_equal(fclose(file), 0);
    char *refused EG_AUTOFREE = NULL;
    assert_int_equal(run(state, &refused, "-c", config, "--count", NULL), EG_EXIT_TROUBLE);
    assert_non_null(strstr(refused, "no sink of type sqlite"));
}

static void wrong_use_and_trouble_have_codes(void **state)
{
    char *missing EG_AUTOFREE = scratch_path(state, "missing.db");
    const struct {
        const char *words[3];
        int code;
        const char *says;
    } cases[] = {
        {{"--db", missing, NULL}, EG_EXIT_TROUBLE, "there is no database at"},
        {{"--since", "yesterday", NULL}, EG_EXIT_USAGE, "--since 'yesterday' is neither"},
        {{"--limit", "-1", NULL}, EG_EXIT_USAGE, "--limit '-1'"},
        {{"--follow", "--count", NULL}, EG_EXIT_USAGE, "exclude each other"},
        {{"--nonsense", NULL, NULL}, EG_EXIT_USAGE, "--help"},
        {{"word", NULL, NULL}, EG_EXIT_USAGE, "unexpected argument 'word'"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        char *output EG_AUTOFREE = NULL;
        assert_int_equal(run(state, &output, cases[i].words[0], cases[i].words[1], NULL),
                         cases[i].code);
        assert_non_null(strstr(output, cases[i].says));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lists_lines_for_people),
        TEST(lists_json_for_programs),
        TEST(counts_and_says_no),
        TEST(finds_the_database_in_a_configuration),
        TEST(wrong_use_and_trouble_have_codes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
