/* SPDX-License-Identifier: Apache-2.0 */
/* The table of events: what goes in comes out, groups are whole, filters, retention, versions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/span.h"
#include "store/events.h"
#include "support/event_writer.h"
#include "support/scratch.h"

static struct eg_database_options options_for(const char *path)
{
    return (struct eg_database_options){.path = path,
                                        .synchronous = EG_SYNCHRONOUS_FULL,
                                        .busy_timeout_ms = 100,
                                        .checkpoint_bytes = 1 << 20,
                                        .cache_bytes = 1 << 20};
}

static struct eg_event_writer *open_writer(const char *path)
{
    struct eg_database_options options = options_for(path);
    return event_writer_open(&options);
}

static struct eg_event_reader *open_reader(const char *path)
{
    struct eg_event_reader *reader;
    struct eg_error err = {.message = ""};
    if (eg_event_reader_open(path, &reader, &err) != 0)
        fail_msg("%s", err.message);
    return reader;
}

static struct eg_event make(const char *id, const char *topic, int64_t received_us)
{
    return (struct eg_event){
        .id = eg_span_text(id),
        .topic = eg_span_text(topic),
        .payload = EG_SPAN_LITERAL("{\"n\": 1}"),
        .subject = EG_SPAN_LITERAL("me"),
        .correlation_id = EG_SPAN_LITERAL("corr"),
        .traceparent = EG_SPAN_LITERAL("trace"),
        .received_us = received_us,
    };
}

static void append(struct eg_event_writer *writer, const struct eg_event *event)
{
    enum eg_append_result result;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_event_writer_append(writer, &event, 1, &result, &err), 0);
    assert_int_equal(result, EG_APPEND_COMMITTED);
}

/* Appends n events e0, e1, ... of topic a and b in turn, received at 1000, 2000, ... */
static void append_many(struct eg_event_writer *writer, int n)
{
    for (int i = 0; i < n; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "e%d", i);
        struct eg_event event = make(id, i % 2 ? "b" : "a", 1000 * (i + 1));
        append(writer, &event);
    }
}

static bool collect_ids(void *context, const struct eg_stored_event *stored)
{
    char *ids = context;
    (void)snprintf(ids + strlen(ids), 200 - strlen(ids), "%s%.*s", *ids ? " " : "",
                   EG_SPAN_ARGS(stored->event.id));
    return true;
}

static void assert_ids(struct eg_event_reader *reader, const struct eg_event_filter *filter,
                       const char *expected)
{
    char ids[200] = "";
    struct eg_error err;
    assert_int_equal(eg_event_reader_each(reader, filter, collect_ids, ids, &err), 0);
    assert_string_equal(ids, expected);
}

static bool check_whole(void *context, const struct eg_stored_event *stored)
{
    const struct eg_event *event = context;
    assert_true(eg_span_equal(stored->event.id, event->id));
    assert_true(eg_span_equal(stored->event.topic, event->topic));
    assert_true(eg_span_equal(stored->event.key, event->key));
    assert_true(eg_span_equal(stored->event.payload, event->payload));
    assert_true(eg_span_equal(stored->event.subject, event->subject));
    assert_true(eg_span_equal(stored->event.correlation_id, event->correlation_id));
    assert_true(eg_span_equal(stored->event.traceparent, event->traceparent));
    assert_true(eg_span_equal(stored->event.tracestate, event->tracestate));
    assert_int_equal(stored->event.received_us, event->received_us);
    assert_true(eg_span_is(stored->attributes, "{\"source\":\"/a\\\"b\",\"type\":\"t\"}"));
    assert_int_equal(stored->seq, 1);
    return true;
}

static void what_goes_in_comes_out(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "folder/events.db");
    struct eg_event_writer *writer = open_writer(path);
    struct eg_event_attribute attributes[] = {
        {EG_SPAN_LITERAL("source"), EG_SPAN_LITERAL("/a\"b")},
        {EG_SPAN_LITERAL("type"), EG_SPAN_LITERAL("t")},
    };
    struct eg_event event = make("id-1", "topic", 1234567890123456);
    event.key = EG_SPAN_LITERAL("k\xC3\xA9y");
    event.tracestate = EG_SPAN_LITERAL("v=1");
    event.subject = EG_SPAN_LITERAL("sub'; DROP TABLE events; --");
    event.attributes = attributes;
    event.attribute_count = 2;
    append(writer, &event);
    struct eg_event_reader *reader = open_reader(path);
    struct eg_error err;
    assert_int_equal(
        eg_event_reader_each(reader, &(struct eg_event_filter){0}, check_whole, &event, &err), 0);
    assert_int_equal(eg_event_reader_check(reader, &err), 0);
    eg_event_reader_close(reader);
    eg_event_writer_close(writer);
}

static void filters_narrow_and_limit_keeps_the_newest(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct eg_event_writer *writer = open_writer(path);
    append_many(writer, 6);
    struct eg_event_reader *reader = open_reader(path);
    const struct {
        struct eg_event_filter filter;
        const char *ids;
    } cases[] = {
        {{0}, "e0 e1 e2 e3 e4 e5"},
        {{.topic = "b"}, "e1 e3 e5"},
        {{.topic = "none"}, ""},
        {{.id = "e4"}, "e4"},
        {{.id = "e4", .topic = "b"}, ""},
        {{.id = "e4", .limit = 1}, "e4"},
        {{.subject = "me", .limit = 2}, "e4 e5"},
        {{.subject = "you"}, ""},
        {{.key = "k"}, ""},
        {{.since_us = 3000}, "e2 e3 e4 e5"},
        {{.since_us = 3000, .until_us = 5000}, "e2 e3"},
        {{.after_seq = 4}, "e4 e5"},
        {{.topic = "a", .limit = 2}, "e2 e4"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        assert_ids(reader, &cases[i].filter, cases[i].ids);
    struct eg_error err;
    int64_t count = 0;
    struct eg_event_filter filter = {.topic = "b"};
    assert_int_equal(eg_event_reader_count(reader, &filter, &count, &err), 0);
    assert_int_equal(count, 3);
    eg_event_reader_close(reader);
    eg_event_writer_close(writer);
}

/* SQLite refuses strings of more than a billion bytes; the length is looked at before the bytes. */
static void one_bad_event_does_not_take_the_others_along(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct eg_event_writer *writer = open_writer(path);
    struct eg_event good = make("good", "t", 1);
    struct eg_event bad = make("bad", "t", 1);
    bad.payload.len = SIZE_MAX / 4;
    struct eg_event last = make("last", "t", 1);
    const struct eg_event *events[] = {&good, &bad, &last};
    enum eg_append_result results[3];
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_event_writer_append(writer, events, 3, results, &err), 0);
    assert_int_equal(results[0], EG_APPEND_COMMITTED);
    assert_int_equal(results[1], EG_APPEND_REJECTED);
    assert_int_equal(results[2], EG_APPEND_COMMITTED);
    assert_string_equal(err.message, "cannot store the event: string or blob too big");
    struct eg_event_reader *reader = open_reader(path);
    assert_ids(reader, &(struct eg_event_filter){0}, "good last");
    eg_event_reader_close(reader);
    eg_event_writer_close(writer);
}

/* What tells the events of a large group apart: id, payload, and every third has attributes. */
struct group {
    char ids[100][32];
    char payloads[100][48];
    struct eg_event_attribute attributes[100];
    struct eg_event events[100];
    const struct eg_event *pointers[100];
    size_t count;
    size_t seen; /* by check_next */
    int bad;     /* which of them can't be stored; -1: none */
};

static void fill_group(struct group *group, size_t count, int bad)
{
    *group = (struct group){.count = count, .bad = bad};
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(group->ids[i], sizeof(group->ids[i]), "e%zu", i);
        (void)snprintf(group->payloads[i], sizeof(group->payloads[i]), "{\"n\": %zu}", i * i);
        group->attributes[i] =
            (struct eg_event_attribute){EG_SPAN_LITERAL("type"), eg_span_text(group->ids[i])};
        group->events[i] = make(group->ids[i], "t", 1000 + (int64_t)i);
        group->events[i].payload = eg_span_text(group->payloads[i]);
        if (i % 3 == 0) {
            group->events[i].attributes = &group->attributes[i];
            group->events[i].attribute_count = 1;
        }
        group->pointers[i] = &group->events[i];
    }
    if (bad >= 0)
        group->events[bad].payload.len = SIZE_MAX / 4;
}

static bool check_next(void *context, const struct eg_stored_event *stored)
{
    struct group *group = context;
    if ((int)group->seen == group->bad)
        group->seen++;
    const struct eg_event *event = &group->events[group->seen];
    char attributes[64] = "";
    if (event->attribute_count)
        (void)snprintf(attributes, sizeof(attributes), "{\"type\":\"%s\"}",
                       group->ids[group->seen]);
    assert_true(eg_span_equal(stored->event.id, event->id));
    assert_true(eg_span_equal(stored->event.payload, event->payload));
    assert_true(eg_span_is(stored->attributes, attributes));
    assert_int_equal(stored->event.received_us, event->received_us);
    group->seen++;
    return true;
}

static void append_and_check_group(const char *path, size_t count, int bad)
{
    static struct group group;
    enum eg_append_result results[100];
    struct eg_error err = {.message = ""};
    struct eg_event_writer *writer = open_writer(path);
    fill_group(&group, count, bad);
    assert_int_equal(eg_event_writer_append(writer, group.pointers, count, results, &err), 0);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(results[i], (int)i == bad ? EG_APPEND_REJECTED : EG_APPEND_COMMITTED);
    assert_string_equal(err.message,
                        bad < 0 ? "" : "cannot store the event: string or blob too big");
    struct eg_event_reader *reader = open_reader(path);
    assert_int_equal(
        eg_event_reader_each(reader, &(struct eg_event_filter){0}, check_next, &group, &err), 0);
    assert_int_equal(group.seen + (bad == (int)count - 1), count);
    eg_event_reader_close(reader);
    eg_event_writer_close(writer);
}

/* Sizes around what is inserted at once; the bad one is first, inside, last. */
static void groups_of_any_size_are_stored_in_order(void **state)
{
    static const struct {
        size_t count;
        int bad;
    } cases[] = {{1, -1},  {15, -1}, {16, -1}, {17, -1}, {32, -1}, {100, -1}, {16, 0},
                 {16, 15}, {40, 0},  {40, 16}, {40, 21}, {40, 39}, {1, 0}};
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "group%zu.db", i);
        char *path EG_AUTOFREE = scratch_path(state, name);
        append_and_check_group(path, cases[i].count, cases[i].bad);
    }
}

static void a_locked_database_stores_nothing_and_may_be_tried_again(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct eg_event_writer *writer = open_writer(path);
    struct eg_database other;
    struct eg_database_options options = options_for(path);
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_database_open(&other, &options, &err), 0);
    assert_int_equal(eg_database_exec(&other, "BEGIN IMMEDIATE", &err), 0);
    struct eg_event event = make("e", "t", 1);
    const struct eg_event *events[] = {&event};
    enum eg_append_result result;
    assert_int_equal(eg_event_writer_append(writer, events, 1, &result, &err), -1);
    assert_true(err.retriable);
    assert_string_equal(err.message, "cannot begin: database is locked");
    assert_int_equal(eg_database_exec(&other, "COMMIT", &err), 0);
    append(writer, &event);
    eg_database_close(&other);
    eg_event_writer_close(writer);
}

static void a_full_disk_is_reported_and_recovered_from(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct eg_event_writer *writer = open_writer(path);
    append_many(writer, 2);
    eg_event_writer_close(writer);
    struct eg_database_options options = options_for(path);
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_event_writer_open(&options, &writer, &err), 0);
    assert_int_equal(eg_event_writer_limit_bytes(writer, 1, &err), 0);
    char *large EG_AUTOFREE = eg_malloc(100000);
    memset(large, ' ', 100000);
    struct eg_event event = make("large", "t", 1);
    event.payload = eg_span_of(large, 100000);
    const struct eg_event *events[] = {&event};
    enum eg_append_result result;
    assert_int_equal(eg_event_writer_append(writer, events, 1, &result, &err), -1);
    assert_true(err.retriable);
    assert_string_equal(err.message, "cannot store the event: the disk is full");
    assert_int_equal(eg_event_writer_limit_bytes(writer, 1 << 30, &err), 0);
    append(writer, &event);
    eg_event_writer_close(writer);
}

static void retention_deletes_the_oldest_in_chunks(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct eg_event_writer *writer = open_writer(path);
    append_many(writer, 10);
    struct eg_event_reader *reader = open_reader(path);
    struct eg_error err;
    size_t deleted = 99;
    struct eg_retention by_age = {.max_age_ms = 1}; /* now is 5.5 ms: older than 4.5 ms goes */
    assert_int_equal(eg_event_writer_prune(writer, &by_age, 5500, 3, &deleted, &err), 0);
    assert_int_equal(deleted, 3);
    assert_int_equal(eg_event_writer_prune(writer, &by_age, 5500, 3, &deleted, &err), 0);
    assert_int_equal(deleted, 1);
    assert_ids(reader, &(struct eg_event_filter){0}, "e4 e5 e6 e7 e8 e9");
    struct eg_retention by_count = {.max_events = 2};
    assert_int_equal(eg_event_writer_prune(writer, &by_count, 5500, 100, &deleted, &err), 0);
    assert_int_equal(deleted, 4);
    assert_ids(reader, &(struct eg_event_filter){0}, "e8 e9");
    struct eg_retention none = {0};
    assert_int_equal(eg_event_writer_prune(writer, &none, INT64_MAX / 2, 9, &deleted, &err), 0);
    assert_int_equal(deleted, 0);
    struct eg_retention all = {.max_age_ms = 1};
    assert_int_equal(eg_event_writer_prune(writer, &all, 1000000, 100, &deleted, &err), 0);
    assert_ids(reader, &(struct eg_event_filter){0}, "e9"); /* or its number would come again */
    eg_event_reader_close(reader);
    eg_event_writer_close(writer);
}

static void a_newer_database_is_refused(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    eg_event_writer_close(open_writer(path));
    struct eg_database database;
    struct eg_database_options options = options_for(path);
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_database_open(&database, &options, &err), 0);
    assert_int_equal(eg_database_exec(&database, "PRAGMA user_version=99", &err), 0);
    eg_database_close(&database);
    struct eg_event_writer *writer;
    assert_int_equal(eg_event_writer_open(&options, &writer, &err), -1);
    assert_non_null(strstr(err.message, "has version 99, this program knows 1"));
}

static void bad_paths_are_named(void **state)
{
    char *missing EG_AUTOFREE = scratch_path(state, "missing.db");
    char *deep EG_AUTOFREE = scratch_path(state, "a/b/events.db");
    char *garbage EG_AUTOFREE = scratch_path(state, "garbage.db");
    struct eg_event_reader *reader;
    struct eg_event_writer *writer;
    struct eg_error err;
    assert_int_equal(eg_event_reader_open(missing, &reader, &err), -1);
    assert_int_equal(err.code, EG_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, missing));
    struct eg_database_options options = options_for(deep);
    assert_int_equal(eg_event_writer_open(&options, &writer, &err), -1);
    assert_non_null(strstr(err.message, "cannot create folder"));
    FILE *file = fopen(garbage, "w");
    assert_non_null(file);
    for (int i = 0; i < 2000; i++)
        (void)fputs("not a database ", file);
    assert_int_equal(fclose(file), 0);
    options.path = garbage;
    assert_int_equal(eg_event_writer_open(&options, &writer, &err), -1);
    assert_non_null(strstr(err.message, "damaged"));
}

static void the_folder_is_private(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "private/events.db");
    char *folder EG_AUTOFREE = scratch_path(state, "private");
    eg_event_writer_close(open_writer(path));
    struct stat status;
    assert_int_equal(stat(folder, &status), 0);
    assert_int_equal(status.st_mode & 07, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_goes_in_comes_out),
        TEST(filters_narrow_and_limit_keeps_the_newest),
        TEST(one_bad_event_does_not_take_the_others_along),
        TEST(groups_of_any_size_are_stored_in_order),
        TEST(a_locked_database_stores_nothing_and_may_be_tried_again),
        TEST(a_full_disk_is_reported_and_recovered_from),
        TEST(retention_deletes_the_oldest_in_chunks),
        TEST(a_newer_database_is_refused),
        TEST(bad_paths_are_named),
        TEST(the_folder_is_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
