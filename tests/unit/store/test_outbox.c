/* SPDX-License-Identifier: Apache-2.0 */
/* Owed deliveries: due times, claims that survive a crash, chains, dead letters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/span.h"
#include "store/attributes.h"
#include "store/outbox.h"
#include "support/scratch.h"

#define SECOND_US INT64_C(1000000)

struct claimed {
    struct eg_arena arena;
    struct eg_outbox_row rows[16];
    size_t count;
};

static struct eg_outbox_store *open_store(void **state, bool recover)
{
    char *path = scratch_path(state, "outbox.db");
    struct eg_database_options options = {.path = path,
                                          .synchronous = EG_SYNCHRONOUS_FULL,
                                          .busy_timeout_ms = 1000,
                                          .checkpoint_bytes = 1 << 20,
                                          .cache_bytes = 1 << 20};
    struct eg_outbox_store *store;
    struct eg_error err = {.message = ""};
    if (eg_outbox_store_open(&options, recover, &store, &err) != 0)
        fail_msg("%s", err.message);
    free(path);
    return store;
}

static struct eg_outbox_row make(int64_t id, int64_t due_us)
{
    return (struct eg_outbox_row){
        .id = id,
        .due_us = due_us,
        .start_us = due_us,
        .policy = {.max_attempts = 3, .max_age_ms = 5000, .backoff_ms = 10, .max_backoff_ms = 100},
        .sink = EG_SPAN_LITERAL("billing"),
        .dead_letter = EG_SPAN_LITERAL("lost"),
        .rule_arn = EG_SPAN_LITERAL("rule"),
        .target_arn = EG_SPAN_LITERAL("target"),
        .event = {.id = EG_SPAN_LITERAL("e1"),
                  .topic = EG_SPAN_LITERAL("orders"),
                  .payload = EG_SPAN_LITERAL("{\"n\":1}"),
                  .envelope = EG_SPAN_LITERAL("{\"detail\":{}}"),
                  .correlation_id = EG_SPAN_LITERAL("corr"),
                  .received_us = 77},
    };
}

static void add(struct eg_outbox_store *store, const struct eg_outbox_row *rows, size_t count)
{
    struct eg_error err = {.message = ""};
    if (eg_outbox_store_add(store, rows, count, &err) != 0)
        fail_msg("%s", err.message);
}

static void take(void *context, const struct eg_outbox_row *row)
{
    struct claimed *claimed = context;
    assert_in_range(claimed->count, 0, 15);
    claimed->rows[claimed->count++] = *row;
}

static void claim(struct eg_outbox_store *store, int64_t now_us, struct claimed *claimed)
{
    struct eg_error err = {.message = ""};
    eg_arena_reset(&claimed->arena);
    claimed->count = 0;
    if (eg_outbox_store_claim(store, now_us, 16, &claimed->arena, take, claimed, &err) != 0)
        fail_msg("%s", err.message);
}

static void finish(struct eg_outbox_store *store, struct eg_outbox_verdict verdict)
{
    struct eg_error err = {.message = ""};
    if (eg_outbox_store_finish(store, &verdict, 1, 9 * SECOND_US, &err) != 0)
        fail_msg("%s", err.message);
}

static int64_t rows_in(struct eg_outbox_store *store)
{
    int64_t count = -1;
    struct eg_error err;
    assert_int_equal(eg_outbox_store_count(store, &count, &err), 0);
    return count;
}

static int64_t next_due(struct eg_outbox_store *store)
{
    int64_t due_us = -1;
    struct eg_error err;
    assert_int_equal(eg_outbox_store_next_due(store, &due_us, &err), 0);
    return due_us;
}

static void a_row_comes_out_as_it_went_in(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_event_attribute attributes[] = {
        {EG_SPAN_LITERAL("type"), EG_SPAN_LITERAL("a \"quoted\" one")}};
    struct eg_event_failure failure = {.rule_arn = EG_SPAN_LITERAL("rule"),
                                       .target_arn = EG_SPAN_LITERAL("target"),
                                       .error_code = EG_SPAN_LITERAL("REJECTED"),
                                       .error_message = EG_SPAN_LITERAL("no"),
                                       .retry_attempts = 4};
    struct eg_outbox_row row = make(7, 0);
    row.event.attributes = attributes;
    row.event.attribute_count = 1;
    row.event.failure = &failure;
    add(store, &row, 1);
    struct claimed claimed = {0};
    claim(store, 0, &claimed);
    assert_int_equal(claimed.count, 1);
    const struct eg_outbox_row *got = &claimed.rows[0];
    assert_int_equal(got->id, 7);
    assert_true(eg_span_is(got->sink, "billing"));
    assert_true(eg_span_is(got->dead_letter, "lost"));
    assert_true(eg_span_is(got->event.payload, "{\"n\":1}"));
    assert_true(eg_span_is(got->event.envelope, "{\"detail\":{}}"));
    assert_int_equal(got->event.received_us, 77);
    assert_int_equal(got->event.attribute_count, 1);
    assert_true(eg_span_is(got->event.attributes[0].value, "a \"quoted\" one"));
    assert_non_null(got->event.failure);
    assert_true(eg_span_is(got->event.failure->error_code, "REJECTED"));
    assert_int_equal(got->event.failure->retry_attempts, 4);
    assert_int_equal(got->policy.max_attempts, 3);
    eg_arena_fini(&claimed.arena);
    eg_outbox_store_close(store);
}

static void only_what_is_due_is_claimed_and_once(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row rows[] = {make(1, SECOND_US), make(2, 3 * SECOND_US)};
    add(store, rows, 2);
    struct claimed claimed = {0};
    assert_int_equal(next_due(store), SECOND_US);
    claim(store, SECOND_US - 1, &claimed);
    assert_int_equal(claimed.count, 0);
    claim(store, 2 * SECOND_US, &claimed);
    assert_int_equal(claimed.count, 1);
    assert_int_equal(claimed.rows[0].id, 1);
    claim(store, 2 * SECOND_US, &claimed);
    assert_int_equal(claimed.count, 0);
    assert_int_equal(next_due(store), 3 * SECOND_US);
    eg_arena_fini(&claimed.arena);
    eg_outbox_store_close(store);
}

static void a_claim_is_undone_by_the_next_start(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row row = make(1, 0);
    add(store, &row, 1);
    struct claimed claimed = {0};
    claim(store, 0, &claimed);
    assert_int_equal(claimed.count, 1);
    eg_outbox_store_close(store);
    store = open_store(state, true);
    claim(store, 0, &claimed);
    assert_int_equal(claimed.count, 1);
    eg_arena_fini(&claimed.arena);
    eg_outbox_store_close(store);
}

static void a_failed_attempt_comes_again(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row row = make(1, 0);
    add(store, &row, 1);
    struct claimed claimed = {0};
    claim(store, 0, &claimed);
    finish(store, (struct eg_outbox_verdict){
                      .id = 1, .end = EG_OUTBOX_AGAIN, .due_us = 4 * SECOND_US, .attempts = 2});
    claim(store, 3 * SECOND_US, &claimed);
    assert_int_equal(claimed.count, 0);
    claim(store, 4 * SECOND_US, &claimed);
    assert_int_equal(claimed.count, 1);
    assert_int_equal(claimed.rows[0].attempts, 2);
    assert_int_equal(claimed.rows[0].start_us, 0);
    eg_arena_fini(&claimed.arena);
    eg_outbox_store_close(store);
}

static void who_waits_starts_after_the_first_was_delivered(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row rows[] = {make(2, 0), make(1, 0)};
    rows[0].after = 1;
    add(store, rows, 2);
    struct claimed claimed = {0};
    claim(store, SECOND_US, &claimed);
    assert_int_equal(claimed.count, 1);
    assert_int_equal(claimed.rows[0].id, 1);
    finish(store, (struct eg_outbox_verdict){.id = 1, .end = EG_OUTBOX_DELIVERED});
    assert_int_equal(rows_in(store), 1);
    claim(store, 9 * SECOND_US, &claimed);
    assert_int_equal(claimed.count, 1);
    assert_int_equal(claimed.rows[0].id, 2);
    eg_arena_fini(&claimed.arena);
    eg_outbox_store_close(store);
}

static struct eg_outbox_verdict dead(int64_t id)
{
    return (struct eg_outbox_verdict){.id = id,
                                      .end = EG_OUTBOX_DEAD,
                                      .attempts = 185,
                                      .code = "FAILED",
                                      .reason = "the server is away",
                                      .condition = "MaximumRetryAttempts"};
}

static void a_dead_letter_takes_those_who_wait_with_it(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row rows[] = {make(3, 0), make(2, 0), make(1, 0)};
    rows[0].after = 2;
    rows[1].after = 1;
    rows[1].dead_letter = EG_SPAN_EMPTY;
    add(store, rows, 3);
    struct claimed claimed = {0};
    claim(store, 0, &claimed);
    finish(store, dead(1));
    claim(store, 9 * SECOND_US, &claimed);
    assert_int_equal(claimed.count, 2); /* the middle one had no dead letter */
    for (size_t i = 0; i < 2; i++) {
        const struct eg_outbox_row *row = &claimed.rows[i];
        assert_true(eg_span_is(row->sink, "lost"));
        assert_int_equal(row->dead_letter.len, 0);
        assert_int_equal(row->attempts, 0);
        assert_true(eg_span_is(row->event.failure->error_message, "the server is away"));
        assert_int_equal(row->event.failure->retry_attempts, row->id == 1 ? 185 : 0);
        assert_int_equal(row->event.failure->exhausted_retry_condition.len, row->id == 1 ? 20 : 0);
    }
    finish(store, dead(1)); /* the dead letter's own sink does not take it either */
    assert_int_equal(rows_in(store), 1);
    eg_arena_fini(&claimed.arena);
    eg_outbox_store_close(store);
}

static void who_waits_for_nobody_is_dropped_at_start(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row row = make(2, 0);
    row.after = 1; /* the row it waits for was never committed, so nobody was answered */
    add(store, &row, 1);
    eg_outbox_store_close(store);
    store = open_store(state, true);
    assert_int_equal(rows_in(store), 0);
    eg_outbox_store_close(store);
}

static void a_group_is_added_whole_or_not_at_all(void **state)
{
    struct eg_outbox_store *store = open_store(state, true);
    struct eg_outbox_row rows[] = {make(1, 0), make(1, 0)};
    struct eg_error err;
    assert_int_equal(eg_outbox_store_add(store, rows, 2, &err), -1);
    assert_int_equal(rows_in(store), 0);
    add(store, rows, 1);
    assert_int_equal(rows_in(store), 1);
    eg_outbox_store_close(store);
}

static void attributes_that_are_none_are_refused(void **state)
{
    (void)state;
    struct eg_arena arena = {0};
    const struct eg_event_attribute *attributes;
    size_t count;
    struct eg_error err;
    assert_int_equal(eg_attributes_read(EG_SPAN_LITERAL("[1]"), &arena, &attributes, &count, &err),
                     -1);
    assert_int_equal(
        eg_attributes_read(EG_SPAN_LITERAL("{\"a\":1}"), &arena, &attributes, &count, &err), -1);
    assert_int_equal(eg_attributes_read(EG_SPAN_LITERAL("{"), &arena, &attributes, &count, &err),
                     -1);
    assert_int_equal(eg_attributes_read(EG_SPAN_EMPTY, &arena, &attributes, &count, &err), 0);
    assert_int_equal(count, 0);
    eg_arena_fini(&arena);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_comes_out_as_it_went_in),
        TEST(only_what_is_due_is_claimed_and_once),
        TEST(a_claim_is_undone_by_the_next_start),
        TEST(a_failed_attempt_comes_again),
        TEST(who_waits_starts_after_the_first_was_delivered),
        TEST(a_dead_letter_takes_those_who_wait_with_it),
        TEST(who_waits_for_nobody_is_dropped_at_start),
        TEST(a_group_is_added_whole_or_not_at_all),
        TEST(attributes_that_are_none_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
