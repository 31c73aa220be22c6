/* SPDX-License-Identifier: Apache-2.0 */
/* The sqlite sink: outcomes, health, retention. What the store does is tested with the store. */
#include "store/events.h"
#include "support/one_sink.h"
#include "support/scratch.h"

static int64_t count_stored(const char *path)
{
    struct eg_event_reader *reader;
    struct eg_error err;
    int64_t count = -1;
    assert_int_equal(eg_event_reader_open(path, &reader, &err), 0);
    assert_int_equal(eg_event_reader_count(reader, &(struct eg_event_filter){0}, &count, &err), 0);
    eg_event_reader_close(reader);
    return count;
}

static void delivered_means_committed(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct one_sink one;
    one_sink_init(&one, "sqlite", path);
    one_sink_start(&one);
    struct eg_event event = one_event("1", "{}");
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    assert_int_equal(count_stored(path), 1);
    one_sink_fini(&one);
}

static void one_bad_event_is_rejected_alone(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct one_sink one;
    one_sink_init(&one, "sqlite", path);
    one_sink_start(&one);
    struct eg_event good = one_event("1", "{}");
    struct eg_event bad = one_event("2", "{}");
    bad.payload.len = SIZE_MAX / 4; /* refused by its length, before its bytes are read */
    struct eg_delivery deliveries[] = {{.event = &good}, {.event = &bad}};
    struct eg_delivery *batch[] = {&deliveries[1], &deliveries[0]};
    one.type->submit(one.sink, NULL, batch, 2);
    assert_int_equal(one_outcome, EG_DELIVERED); /* the last that was completed */
    assert_string_equal(one_message, "");
    assert_int_equal(count_stored(path), 1);
    assert_int_equal(one_sink_submit(&one, &bad), EG_REJECTED);
    assert_string_equal(one_message, "cannot store the event: string or blob too big");
    one_sink_fini(&one);
}

static void a_full_database_is_retried(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct one_sink one;
    one_sink_init(&one, "sqlite", path);
    *(int64_t *)one_setting(&one, "max_size") = 65536;
    one_sink_start(&one);
    char *payload EG_AUTOFREE = eg_malloc(20001);
    memset(payload, ' ', 20000);
    payload[20000] = '\0';
    struct eg_event event = one_event("1", payload);
    enum eg_outcome outcome = EG_DELIVERED;
    for (int i = 0; i < 10 && outcome == EG_DELIVERED; i++)
        outcome = one_sink_submit(&one, &event);
    assert_int_equal(outcome, EG_RETRY);
    assert_string_equal(one_message, "cannot store the event: the disk is full");
    one_sink_fini(&one);
}

static void health_looks_at_the_table_and_the_disk(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct one_sink one;
    one_sink_init(&one, "sqlite", path);
    *(int64_t *)one_setting(&one, "min_free_space") = 0;
    one_sink_start(&one);
    struct eg_error err = {.message = ""};
    assert_int_equal(one.type->probe(one.sink, &err), 0);
    *(int64_t *)one_setting(&one, "min_free_space") = INT64_MAX;
    assert_int_equal(one.type->probe(one.sink, &err), -1);
    assert_non_null(strstr(err.message, "MiB left"));
    one_sink_fini(&one);
}

static void retention_works_after_a_commit(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "events.db");
    struct one_sink one;
    one_sink_init(&one, "sqlite", path);
    one_sink_start(&one);
    struct eg_event event = one_event("1", "{}");
    for (int i = 0; i < 5; i++)
        assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    *(int64_t *)one_setting(&one, "max_events") = 2;
    assert_int_equal(one_sink_submit(&one, &event), EG_DELIVERED);
    assert_int_equal(count_stored(path), 2);
    one_sink_fini(&one);
}

static void an_empty_path_is_refused(void **state)
{
    (void)state;
    struct one_sink one;
    one_sink_init(&one, "sqlite", "");
    struct eg_error err;
    assert_int_equal(one.type->create(&one_host, one.config, &one.sink, &err), -1);
    assert_string_equal(err.message, "path is empty: name the database file");
    one_sink_fini(&one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(delivered_means_committed),      TEST(one_bad_event_is_rejected_alone),
        TEST(a_full_database_is_retried),     TEST(health_looks_at_the_table_and_the_disk),
        TEST(retention_works_after_a_commit), TEST(an_empty_path_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
