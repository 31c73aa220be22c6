/* SPDX-License-Identifier: Apache-2.0 */
/* The log sink: the line's shape, rotation, and what happens when nothing can be written. */
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/one_sink.h"
#include "support/scratch.h"

static void a_line_holds_everything_and_the_payload_as_it_is(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.log");
    struct one_sink one;
    one_sink_init(&one, "log", path);
    one_sink_start(&one);
    struct eg_event event = one_event("id\"1", "{ \"a\" : 1.50 }");
    event.key = EG_SPAN_LITERAL("k");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    event = one_event("2", "{\r\n  \"text\": \"two words\\n\\\"quoted\\\" \",\n\t\"b\": [1, 2]\n}");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    char *text EG_AUTOFREE = scratch_read(path);
    assert_string_equal(
        text, "{\"time\":\"2026-01-02T03:04:05.678Z\",\"id\":\"id\\\"1\",\"topic\":\"topic\","
              "\"key\":\"k\",\"subject\":\"me\",\"correlation_id\":\"corr\","
              "\"payload\":{ \"a\" : 1.50 }}\n"
              "{\"time\":\"2026-01-02T03:04:05.678Z\",\"id\":\"2\",\"topic\":\"topic\","
              "\"key\":null,\"subject\":\"me\",\"correlation_id\":\"corr\","
              "\"payload\":{\"text\":\"two words\\n\\\"quoted\\\" \",\"b\":[1,2]}}\n");
    one_sink_fini(&one);
}

static void rotation_is_followed(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.log");
    char *old EG_AUTOFREE = scratch_path(state, "events.log.1");
    struct one_sink one;
    one_sink_init(&one, "log", path);
    one_sink_start(&one);
    struct eg_event event = one_event("1", "1");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    assert_int_equal(rename(path, old), 0);
    event = one_event("2", "2");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    assert_int_equal(unlink(path), 0);
    event = one_event("3", "3");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    char *first EG_AUTOFREE = scratch_read(old);
    char *last EG_AUTOFREE = scratch_read(path);
    assert_non_null(strstr(first, "\"id\":\"1\""));
    assert_null(strstr(first, "\"id\":\"2\""));
    assert_non_null(strstr(last, "\"id\":\"3\""));
    one_sink_fini(&one);
}

static void a_restart_appends(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.log");
    for (int i = 0; i < 2; i++) {
        struct one_sink one;
        one_sink_init(&one, "log", path);
        *(bool *)one_setting(&one, "sync") = true;
        one_sink_start(&one);
        struct eg_event event = one_event(i ? "again" : "once", "1");
        assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
        one_sink_fini(&one);
    }
    char *text EG_AUTOFREE = scratch_read(path);
    assert_non_null(strstr(text, "\"id\":\"once\""));
    assert_non_null(strstr(text, "\"id\":\"again\""));
}

/* A file size limit cuts the write in the middle, as a full disk does. */
static void a_cut_line_is_taken_back(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.log");
    struct one_sink one;
    one_sink_init(&one, "log", path);
    one_sink_start(&one);
    struct eg_event event = one_event("1", "1");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    char *before EG_AUTOFREE = scratch_read(path);
    struct rlimit usual;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &usual), 0);
    struct rlimit tight = {strlen(before) + 20, usual.rlim_max};
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    event = one_event("2", "2");
    assert_int_equal(one_sink_submit(&one, &event), EG_RETRY);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &usual), 0);
    assert_string_equal(one_message, "cannot write the log: File too large");
    char *after EG_AUTOFREE = scratch_read(path);
    assert_string_equal(after, before);
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    one_sink_fini(&one);
}

static void a_pipe_without_a_reader_is_retried(void **state)
{
    (void)state;
    int ends[2];
    int saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    (void)fflush(stdout);
    assert_true(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
    assert_true(dup2(ends[1], STDOUT_FILENO) >= 0);
    struct one_sink one;
    one_sink_init(&one, "log", NULL);
    one_sink_start(&one);
    struct eg_event event = one_event("piped", "1");
    enum eg_outcome with_reader = one_sink_submit(&one, &event);
    char line[300] = "";
    ssize_t len = read(ends[0], line, sizeof(line) - 1);
    assert_int_equal(close(ends[0]), 0);
    enum eg_outcome without_reader = one_sink_submit(&one, &event);
    one_sink_fini(&one);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    assert_int_equal(close(saved), 0);
    assert_int_equal(close(ends[1]), 0);
    assert_int_equal(with_reader, EG_DELIVERED);
    assert_true(len > 0 && line[len - 1] == '\n' && strstr(line, "\"id\":\"piped\""));
    assert_int_equal(without_reader, EG_RETRY);
}

static void a_path_that_cannot_be_opened_stops_the_start(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "no/such/folder.log");
    struct one_sink one;
    one_sink_init(&one, "log", path);
    struct eg_error err;
    assert_int_equal(one.type->create(&one_host, one.config, &one.sink, &err), 0);
    assert_int_equal(one.type->start(one.sink, &err), -1);
    assert_non_null(strstr(err.message, "cannot open the log file: No such file or directory"));
    one_sink_fini(&one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_holds_everything_and_the_payload_as_it_is),
        TEST(rotation_is_followed),
        TEST(a_restart_appends),
        TEST(a_cut_line_is_taken_back),
        TEST(a_pipe_without_a_reader_is_retried),
        TEST(a_path_that_cannot_be_opened_stops_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
