/* SPDX-License-Identifier: Apache-2.0 */
/* The log is copied beside the commits, begins anew under a load without a pause, and nothing of it
 * is lost. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "store/events.h"
#include "support/descriptor.h"
#include "support/event_writer.h"
#include "support/scratch.h"

#define GROUP         16
#define PAYLOAD_BYTES 4000
#define ENOUGH_BYTES  (8 << 20)
#define PATIENCE_US   INT64_C(60000000)

/* Who syncs the database file, by standing in for the C library's function: the writer's thread,
 * and how often it found that nobody had done so since its last. */
static pthread_t writers_thread;
static atomic_uint syncs_beside;
static unsigned writers_syncs;
static unsigned unprepared_syncs;

static bool is_database(int fd)
{
    return descriptor_ends_with(fd, ".db");
}

int fdatasync(int fd)
{
    if (is_database(fd) && !pthread_equal(pthread_self(), writers_thread)) {
        atomic_fetch_add(&syncs_beside, 1);
    } else if (is_database(fd)) {
        writers_syncs++;
        if (atomic_exchange(&syncs_beside, 0) == 0)
            unprepared_syncs++;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

static struct eg_database_options options_for(const char *path)
{
    return (struct eg_database_options){.path = path,
                                        .synchronous = EG_SYNCHRONOUS_NORMAL,
                                        .busy_timeout_ms = 1000,
                                        .checkpoint_bytes = 64 << 10,
                                        .cache_bytes = 1 << 20};
}

static struct eg_event_writer *open_writer(const char *path)
{
    struct eg_database_options options = options_for(path);
    return event_writer_open(&options);
}

/* Events that are told apart by the time they were received. */
static void append_group(struct eg_event_writer *writer, int64_t first)
{
    static char payload[PAYLOAD_BYTES];
    struct eg_event events[GROUP];
    const struct eg_event *pointers[GROUP];
    enum eg_append_result results[GROUP];
    struct eg_error err = {.message = ""};
    memset(payload, 'p', sizeof(payload));
    for (size_t i = 0; i < GROUP; i++) {
        events[i] = (struct eg_event){
            .id = EG_SPAN_LITERAL("id"),
            .topic = EG_SPAN_LITERAL("t"),
            .payload = eg_span_of(payload, sizeof(payload)),
            .subject = EG_SPAN_LITERAL("me"),
            .correlation_id = EG_SPAN_LITERAL("corr"),
            .traceparent = EG_SPAN_LITERAL("trace"),
            .received_us = first + (int64_t)i,
        };
        pointers[i] = &events[i];
    }
    if (eg_event_writer_append(writer, pointers, GROUP, results, &err) != 0)
        fail_msg("%s", err.message);
}

static int64_t size_of(const char *path)
{
    struct stat file;
    return stat(path, &file) == 0 ? (int64_t)file.st_size : 0;
}

static bool check_next(void *context, const struct eg_stored_event *stored)
{
    int64_t *next = context;
    assert_int_equal(stored->event.received_us, *next);
    assert_int_equal(stored->event.payload.len, PAYLOAD_BYTES);
    ++*next;
    return true;
}

static void assert_holds_all(const char *path, int64_t count)
{
    struct eg_event_reader *reader;
    struct eg_error err = {.message = ""};
    int64_t next = 0;
    if (eg_event_reader_open(path, &reader, &err) != 0)
        fail_msg("%s", err.message);
    assert_int_equal(
        eg_event_reader_each(reader, &(struct eg_event_filter){0}, check_next, &next, &err), 0);
    assert_int_equal(next, count);
    eg_event_reader_close(reader);
}

/* All that the database holds went through the log: without a new beginning it would be as long. */
static void the_log_begins_anew_without_a_pause(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    char *log EG_AUTOFREE = scratch_path(state, "events.db-wal");
    struct eg_event_writer *writer = open_writer(path);
    int64_t until_us = eg_clock_monotonic_us() + PATIENCE_US;
    int64_t count = 0;
    while (size_of(path) < ENOUGH_BYTES || size_of(log) > size_of(path) / 2) {
        assert_true(eg_clock_monotonic_us() < until_us);
        append_group(writer, count);
        count += GROUP;
    }
    assert_holds_all(path, count);
    eg_event_writer_close(writer);
    assert_int_equal(size_of(log), 0); /* the last connection copies the rest */
    assert_holds_all(path, count);
}

/* Copies of a whole log would keep a commit waiting for 10 ms and more. */
static void the_writer_never_syncs_what_the_thread_has_copied(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct eg_event_writer *writer = open_writer(path);
    int64_t until_us = eg_clock_monotonic_us() + PATIENCE_US;
    writers_thread = pthread_self();
    writers_syncs = unprepared_syncs = 0;
    for (int64_t count = 0; writers_syncs < 5; count += GROUP) {
        assert_true(eg_clock_monotonic_us() < until_us);
        append_group(writer, count);
    }
    assert_int_equal(unprepared_syncs, 0);
    eg_event_writer_close(writer);
}

/* A snapshot keeps what was written after it in the log, which then grows, and shrinks afterwards.
 */
static void a_reader_holds_the_copying_up_and_nothing_else(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    char *log EG_AUTOFREE = scratch_path(state, "events.db-wal");
    struct eg_event_writer *writer = open_writer(path);
    append_group(writer, 0);
    struct eg_database reader;
    struct eg_database_options options = options_for(path);
    struct eg_error err = {.message = ""};
    options.read_only = true;
    assert_int_equal(eg_database_open(&reader, &options, &err), 0);
    assert_int_equal(eg_database_exec(&reader, "BEGIN; SELECT count(*) FROM events", &err), 0);
    int64_t count = GROUP;
    for (; size_of(log) < 4 << 20; count += GROUP)
        append_group(writer, count);
    int64_t seen;
    assert_int_equal(eg_database_query_int64(&reader, "SELECT count(*) FROM events", &seen, &err),
                     0);
    assert_int_equal(seen, GROUP);
    eg_database_close(&reader);
    int64_t until_us = eg_clock_monotonic_us() + PATIENCE_US;
    for (; size_of(log) > 2 << 20; count += GROUP) {
        assert_true(eg_clock_monotonic_us() < until_us);
        append_group(writer, count);
    }
    eg_event_writer_close(writer);
    assert_holds_all(path, count);
}

static void it_ends_with_its_writer_at_any_time(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    int64_t count = 0;
    for (int round = 0; round < 20; round++) {
        struct eg_event_writer *writer = open_writer(path);
        for (int group = 0; group < round; group++, count += GROUP)
            append_group(writer, count);
        eg_event_writer_close(writer);
    }
    assert_holds_all(path, count);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_log_begins_anew_without_a_pause),
        TEST(the_writer_never_syncs_what_the_thread_has_copied),
        TEST(a_reader_holds_the_copying_up_and_nothing_else),
        TEST(it_ends_with_its_writer_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
