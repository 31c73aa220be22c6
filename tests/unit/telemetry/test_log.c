/* SPDX-License-Identifier: Apache-2.0 */
/* The process's log: levels, outputs, rotation, the limiter, and readers that do not read. */
#include "telemetry/log.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "telemetry/log_output.h"

struct folder {
    char path[64];
    char file[80];
    char rotated[80];
};

static int make_folder(void **state)
{
    struct folder *folder = eg_calloc(1, sizeof(*folder));
    (void)snprintf(folder->path, sizeof(folder->path), "/tmp/eg_log_XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    (void)snprintf(folder->file, sizeof(folder->file), "%s/log", folder->path);
    (void)snprintf(folder->rotated, sizeof(folder->rotated), "%s/log.1", folder->path);
    *state = folder;
    return 0;
}

static int remove_folder(void **state)
{
    struct folder *folder = *state;
    eg_log_close();
    (void)unlink(folder->file);
    (void)unlink(folder->rotated);
    assert_int_equal(rmdir(folder->path), 0);
    free(folder);
    return 0;
}

static void open_log(const char *output, enum eg_log_level level)
{
    struct eg_error err;
    struct eg_log_settings settings = {level, EG_LOG_FORMAT_AUTO, output};
    if (eg_log_open(&settings, &err) < 0)
        fail_msg("%s", err.message);
}

static char *read_file(const char *path)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    size_t len = fread(text, 1, sizeof(text) - 1, file);
    text[len] = '\0';
    (void)fclose(file);
    return text;
}

static size_t count_lines(const char *text, const char *with)
{
    size_t count = 0;
    for (const char *at = strstr(text, with); at; at = strstr(at + 1, with))
        count++;
    return count;
}

static int evaluated;

static int64_t count_evaluation(void)
{
    return ++evaluated;
}

static void a_level_that_is_off_evaluates_nothing(void **state)
{
    struct folder *folder = *state;
    open_log(folder->file, EG_LOG_WARNING);
    assert_false(eg_log_enabled(EG_LOG_INFO));
    assert_true(eg_log_enabled(EG_LOG_WARNING));
    evaluated = 0;
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "off", eg_log_int("n", count_evaluation()));
    assert_int_equal(evaluated, 0);
    eg_log(EG_LOG_ERROR, EG_SPAN_LITERAL("c-1"), "on", eg_log_int("n", count_evaluation()));
    eg_log_level_set(EG_LOG_TRACE);
    assert_int_equal(eg_log_level(), EG_LOG_TRACE);
    eg_log(EG_LOG_TRACE, EG_SPAN_EMPTY, "fine");
    const char *text = read_file(folder->file);
    assert_null(strstr(text, "off"));
    assert_non_null(strstr(
        text, "\"level\":\"ERROR\",\"message\":\"on\",\"correlation_id\":\"c-1\",\"n\":1}\n"));
    assert_non_null(strstr(text, "\"level\":\"TRACE\",\"message\":\"fine\"}\n"));
    assert_int_equal(count_lines(text, "\n"), 2);
}

static void rotation_begins_a_new_file(void **state)
{
    struct folder *folder = *state;
    struct eg_error err;
    open_log(folder->file, EG_LOG_INFO);
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "first");
    assert_int_equal(rename(folder->file, folder->rotated), 0);
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "second");
    assert_int_equal(eg_log_reopen(&err), 0);
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "third");
    assert_non_null(strstr(read_file(folder->rotated), "second"));
    const char *text = read_file(folder->file);
    assert_null(strstr(text, "second"));
    assert_non_null(strstr(text, "third"));
}

static void a_file_that_cannot_be_opened_changes_nothing(void **state)
{
    struct folder *folder = *state;
    struct eg_error err;
    open_log(folder->file, EG_LOG_INFO);
    struct eg_log_settings settings = {EG_LOG_TRACE, EG_LOG_FORMAT_JSON, "/nowhere/at/all"};
    assert_int_equal(eg_log_open(&settings, &err), -1);
    assert_int_equal(err.code, EG_ERR_IO);
    assert_non_null(strstr(err.message, "can't open the log file '/nowhere/at/all'"));
    assert_int_equal(eg_log_level(), EG_LOG_INFO);
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "still here");
    assert_non_null(strstr(read_file(folder->file), "still here"));
}

static void existing_lines_are_kept(void **state)
{
    struct folder *folder = *state;
    for (int i = 0; i < 2; i++) {
        open_log(folder->file, EG_LOG_INFO);
        eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "again");
        eg_log_close();
    }
    assert_int_equal(count_lines(read_file(folder->file), "again"), 2);
}

static void *log_many(void *file)
{
    (void)file;
    for (int64_t i = 0; i < 200; i++)
        eg_log(EG_LOG_INFO, EG_SPAN_LITERAL("thread"), "line", eg_log_int("i", i));
    return NULL;
}

static void lines_of_several_threads_stay_whole(void **state)
{
    struct folder *folder = *state;
    struct eg_error err;
    open_log(folder->file, EG_LOG_INFO);
    pthread_t threads[4];
    for (size_t i = 0; i < EG_ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, NULL), 0);
    for (int i = 0; i < 20; i++)
        assert_int_equal(eg_log_reopen(&err), 0);
    for (size_t i = 0; i < EG_ARRAY_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    char *text = read_file(folder->file);
    size_t lines = 0;
    for (char *saved, *line = strtok_r(text, "\n", &saved); line;
         line = strtok_r(NULL, "\n", &saved), lines++) {
        assert_memory_equal(line, "{\"time\":\"", 9);
        assert_int_equal(line[strlen(line) - 1], '}');
    }
    assert_int_equal(lines, 4 * 200);
}

static void the_level_has_a_name(void **state)
{
    (void)state;
    enum eg_log_level level = EG_LOG_TRACE;
    assert_true(eg_log_level_parse(EG_SPAN_LITERAL("warning"), &level));
    assert_int_equal(level, EG_LOG_WARNING);
    assert_true(eg_log_level_parse(EG_SPAN_LITERAL("Fatal"), &level));
    assert_int_equal(level, EG_LOG_CRITICAL);
    assert_true(eg_log_level_parse(EG_SPAN_LITERAL("WARN"), &level));
    assert_int_equal(level, EG_LOG_WARNING);
    assert_false(eg_log_level_parse(EG_SPAN_LITERAL("LOUD"), &level));
    assert_false(eg_log_level_parse(EG_SPAN_EMPTY, &level));
    assert_int_equal(level, EG_LOG_WARNING);
    for (int i = EG_LOG_TRACE; i <= EG_LOG_CRITICAL; i++) {
        const char *name = eg_log_level_name((enum eg_log_level)i);
        assert_true(eg_log_level_parse(eg_span_text(name), &level));
        assert_int_equal(level, i);
    }
}

static void the_limiter_lets_a_burst_through_and_counts_the_rest(void **state)
{
    (void)state;
    struct eg_log_limit limit = {.window_end_ms = 0};
    uint64_t suppressed = 99;
    int64_t now_ms = 5000;
    for (int i = 0; i < EG_LOG_BURST; i++) {
        assert_true(eg_log_limit_pass(&limit, now_ms, &suppressed));
        assert_int_equal(suppressed, 0);
    }
    for (int i = 0; i < 7; i++)
        assert_false(eg_log_limit_pass(&limit, now_ms + i, &suppressed));
    assert_false(eg_log_limit_pass(&limit, now_ms + EG_LOG_WINDOW_MS - 1, &suppressed));
    assert_true(eg_log_limit_pass(&limit, now_ms + EG_LOG_WINDOW_MS, &suppressed));
    assert_int_equal(suppressed, 8);
    assert_true(eg_log_limit_pass(&limit, now_ms + EG_LOG_WINDOW_MS, &suppressed));
    assert_int_equal(suppressed, 0);
}

static void a_limited_call_site_writes_a_burst(void **state)
{
    struct folder *folder = *state;
    open_log(folder->file, EG_LOG_INFO);
    for (int i = 0; i < EG_LOG_BURST * 4; i++)
        eg_log_limited(EG_LOG_WARNING, EG_SPAN_EMPTY, "again and again", eg_log_int("i", i));
    assert_int_equal(count_lines(read_file(folder->file), "again and again"), EG_LOG_BURST);
}

/* Stands in for stderr while the test runs. */
static int swap_stderr(int fd)
{
    int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    return saved;
}

static void restore_stderr(int saved)
{
    assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    (void)close(saved);
}

static void nobody_reads(int read_end, int write_end)
{
    int saved = swap_stderr(write_end);
    open_log("stderr", EG_LOG_INFO);
    uint64_t before = eg_log_dropped();
    char big[16000];
    memset(big, 'x', sizeof(big));
    int64_t began_ms = eg_clock_monotonic_ms();
    for (int i = 0; i < 200; i++)
        eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "into the void",
               eg_log_text("big", eg_span_of(big, sizeof(big))));
    int64_t took_ms = eg_clock_monotonic_ms() - began_ms;
    restore_stderr(saved);
    assert_true(eg_log_dropped() - before > 100);
    assert_true(took_ms < 5000);
    (void)close(read_end);
    (void)close(write_end);
}

static void a_full_pipe_drops_lines_and_never_hangs(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    nobody_reads(ends[0], ends[1]);
}

static void a_full_socket_drops_lines_and_never_hangs(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    nobody_reads(ends[0], ends[1]);
}

static void a_closed_pipe_drops_lines(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)close(ends[0]);
    int saved = swap_stderr(ends[1]);
    open_log("stderr", EG_LOG_INFO);
    uint64_t before = eg_log_dropped();
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "nobody there");
    restore_stderr(saved);
    assert_int_equal(eg_log_dropped() - before, 1);
    (void)close(ends[1]);
}

static void fill_pipe(int fd)
{
    char block[4096];
    memset(block, '.', sizeof(block));
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while (write(fd, block, sizeof(block)) > 0)
        ;
    assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
}

/* Reads what is there now; returns it as text. */
static char *drain_pipe(int fd)
{
    static char text[1 << 18];
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    size_t len = 0;
    for (ssize_t got = 1; got > 0 && len<sizeof(text) - 1; len += got> 0 ? (size_t)got : 0)
        got = read(fd, text + len, sizeof(text) - 1 - len);
    text[len] = '\0';
    return text;
}

static void after_a_torn_line_the_next_begins_anew(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    fill_pipe(ends[1]);
    char page[4096];
    assert_int_equal(read(ends[0], page, sizeof(page)), sizeof(page));

    struct eg_log_output output = {.fd = ends[1], .kind = EG_LOG_OUTPUT_STREAM};
    char line[PIPE_BUF * 2];
    memset(line, 'l', sizeof(line));
    assert_false(eg_log_output_write(&output, line, sizeof(line)));
    assert_true(output.torn);
    (void)drain_pipe(ends[0]);
    assert_true(eg_log_output_write(&output, "next\n", 5));
    assert_string_equal(drain_pipe(ends[0]), "\nnext\n");
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void a_fifo_without_a_reader_is_an_error(void **state)
{
    struct folder *folder = *state;
    struct eg_error err;
    assert_int_equal(mkfifo(folder->file, 0600), 0);
    struct eg_log_settings settings = {EG_LOG_INFO, EG_LOG_FORMAT_JSON, folder->file};
    assert_int_equal(eg_log_open(&settings, &err), -1);
}

#define FOLDER_TEST(function) cmocka_unit_test_setup_teardown(function, make_folder, remove_folder)

int main(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        FOLDER_TEST(a_level_that_is_off_evaluates_nothing),
        FOLDER_TEST(rotation_begins_a_new_file),
        FOLDER_TEST(a_file_that_cannot_be_opened_changes_nothing),
        FOLDER_TEST(existing_lines_are_kept),
        FOLDER_TEST(lines_of_several_threads_stay_whole),
        cmocka_unit_test(the_level_has_a_name),
        cmocka_unit_test(the_limiter_lets_a_burst_through_and_counts_the_rest),
        FOLDER_TEST(a_limited_call_site_writes_a_burst),
        FOLDER_TEST(a_full_pipe_drops_lines_and_never_hangs),
        FOLDER_TEST(a_full_socket_drops_lines_and_never_hangs),
        FOLDER_TEST(a_closed_pipe_drops_lines),
        cmocka_unit_test(after_a_torn_line_the_next_begins_anew),
        FOLDER_TEST(a_fifo_without_a_reader_is_an_error),
    };
    return cmocka_run_group_tests_name("telemetry/log", tests, NULL, NULL);
}
