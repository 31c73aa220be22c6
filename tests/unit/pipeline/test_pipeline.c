/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's contract, each promise with a fake sink: join, deadline, retry, bounds, drain. */
#include "support/fake_sink.h"

static void assert_report(const struct eg_join *join, size_t delivery, const char *sink,
                          enum eg_delivery_result result, const char *message)
{
    struct eg_delivery_report report = eg_join_report(join, 0, delivery);
    assert_string_equal(report.sink, sink);
    assert_int_equal(report.result, result);
    assert_string_equal(report.message, message);
}

static void inline_sinks_complete_within_dispatch(void **state)
{
    struct rig *rig = *state;
    rig->sinks[0].type = &fake_inline_type;
    rig->sinks[1].type = &fake_inline_type;
    rig->fakes[0].answer = fake_delivers;
    rig->fakes[1].answer = fake_delivers;
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(rig_dispatch(rig, 2, 0, &join, &err), 0);
    assert_true(eg_join_is_complete(join));
    assert_false(eg_join_await(join));
    assert_true(eg_join_delivered(join, 0));
    assert_int_equal(eg_join_delivery_count(join, 0), 2);
    assert_int_equal(atomic_load(&rig->done_calls), 0);
    eg_join_unref(join);
}

static void an_event_for_no_sink_is_delivered(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 0, 0);
    assert_true(eg_join_delivered(join, 0));
    assert_int_equal(eg_join_delivery_count(join, 0), 0);
    eg_join_unref(join);
}

static void a_queued_sink_answers_through_on_done(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(rig_dispatch(rig, 1, 0, &join, &err), 0);
    rig_wait_held(&rig->fakes[0], 1);
    assert_false(eg_join_is_complete(join));
    assert_true(eg_join_await(join));
    fake_release(&rig->fakes[0], EG_DELIVERED);
    assert_int_equal(atomic_load(&rig->done_joins), 1);
    assert_ptr_equal(rig->done[0], join);
    assert_ptr_equal(eg_join_user(join), rig);
    assert_true(eg_span_is(eg_join_event(join, 0)->id, "e"));
    assert_report(join, 0, "first", EG_RESULT_DELIVERED, "");
    assert_int_equal(atomic_load(&rig->answered[EG_RESULT_DELIVERED]), 1);
    eg_join_unref(join);
}

static void answers_before_await_are_not_called_back(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(rig_dispatch(rig, 1, 0, &join, &err), 0);
    rig_wait_held(&rig->fakes[0], 1);
    fake_release(&rig->fakes[0], EG_DELIVERED);
    assert_true(eg_join_is_complete(join));
    assert_false(eg_join_await(join));
    assert_int_equal(atomic_load(&rig->done_calls), 0);
    eg_join_unref(join);
}

static void a_failing_sink_does_not_stop_another(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_rejects;
    rig->fakes[0].message = "no such table";
    rig->fakes[1].answer = fake_delivers;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 2, 0);
    assert_false(eg_join_delivered(join, 0));
    assert_report(join, 0, "first", EG_RESULT_REJECTED, "no such table");
    assert_report(join, 1, "second", EG_RESULT_DELIVERED, "");
    assert_int_equal(atomic_load(&rig->fakes[0].submits), 1);
    eg_join_unref(join);
}

static void an_event_that_is_only_too_large_is_known_as_such(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_finds_too_large;
    rig->fakes[0].message = "1000001 bytes";
    rig->fakes[1].answer = fake_delivers;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 2, 0);
    assert_false(eg_join_delivered(join, 0));
    assert_true(eg_join_too_large(join, 0));
    assert_report(join, 0, "first", EG_RESULT_TOO_LARGE, "1000001 bytes");
    assert_int_equal(atomic_load(&rig->fakes[0].submits), 1);
    eg_join_unref(join);
}

static void another_failure_outweighs_the_size(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_finds_too_large;
    rig->fakes[0].message = "1000001 bytes";
    rig->fakes[1].answer = fake_rejects;
    rig->fakes[1].message = "no such table";
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 2, 0);
    assert_false(eg_join_too_large(join, 0));
    eg_join_unref(join);
}

static void a_failure_for_good_is_not_tried_again(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_fails;
    rig->fakes[0].message = "timed out";
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 1, 0);
    assert_report(join, 0, "first", EG_RESULT_FAILED, "timed out");
    assert_int_equal(atomic_load(&rig->fakes[0].submits), 1);
    assert_int_equal(atomic_load(&rig->retried), 0);
    eg_join_unref(join);
}

static void retry_leaves_other_sinks_alone(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_third_time;
    rig->fakes[0].message = "busy";
    rig->fakes[1].answer = fake_delivers;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 2, 0);
    assert_true(eg_join_delivered(join, 0));
    assert_int_equal(atomic_load(&rig->fakes[0].events), 3);
    assert_int_equal(atomic_load(&rig->fakes[1].events), 1);
    assert_int_equal(atomic_load(&rig->retried), 2);
    eg_join_unref(join);
}

static void an_inline_sink_is_retried_too(void **state)
{
    struct rig *rig = *state;
    rig->sinks[0].type = &fake_inline_type;
    rig->fakes[0].answer = fake_third_time;
    rig->fakes[0].message = "busy";
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 1, 0);
    assert_true(eg_join_delivered(join, 0));
    assert_int_equal(atomic_load(&rig->fakes[0].events), 3);
    eg_join_unref(join);
}

static void retries_end_with_the_sinks_message(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_retries;
    rig->fakes[0].message = "connection refused";
    rig->commons[0].retry.attempts = 2;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 1, 0);
    assert_report(join, 0, "first", EG_RESULT_FAILED, "connection refused");
    assert_int_equal(atomic_load(&rig->fakes[0].events), 2);
    eg_join_unref(join);
}

static void no_retry_after_the_deadline(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_retries;
    rig->fakes[0].message = "away";
    rig->commons[0].retry =
        (struct eg_retry_config){.attempts = 100, .backoff_ms = 30, .max_backoff_ms = 30};
    rig->commons[0].breaker.failures = 0;
    rig_start(rig);
    int64_t begin_ms = eg_clock_monotonic_ms();
    struct eg_join *join = rig_post(rig, 1, 100);
    assert_true(eg_clock_monotonic_ms() - begin_ms < 2000);
    assert_int_not_equal(eg_join_report(join, 0, 0).result, EG_RESULT_DELIVERED);
    assert_true(atomic_load(&rig->fakes[0].events) < 100);
    eg_join_unref(join);
}

static void the_deadline_answers_and_late_answers_are_ignored(void **state)
{
    struct rig *rig = *state;
    rig->fakes[1].answer = fake_delivers;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 2, 60);
    struct eg_delivery_report report = eg_join_report(join, 0, 0);
    assert_int_equal(report.result, EG_RESULT_TIMED_OUT);
    int waited_ms;
    assert_int_equal(sscanf(report.message, "no answer within %d ms", &waited_ms), 1);
    assert_in_range(waited_ms, 59, 60);
    assert_report(join, 1, "second", EG_RESULT_DELIVERED, "");
    fake_release(&rig->fakes[0], EG_DELIVERED);
    assert_int_equal(eg_join_report(join, 0, 0).result, EG_RESULT_TIMED_OUT);
    assert_int_equal(atomic_load(&rig->done_joins), 1);
    assert_int_equal(atomic_load(&rig->answered[EG_RESULT_TIMED_OUT]), 1);
    assert_int_equal(atomic_load(&rig->answered[EG_RESULT_DELIVERED]), 1);
    eg_join_unref(join);
}

static void a_sinks_own_timeout_comes_first(void **state)
{
    struct rig *rig = *state;
    rig->commons[0].timeout_ms = 40;
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(rig_dispatch(rig, 2, 5000, &join, &err), 0);
    assert_true(eg_join_await(join));
    rig_wait(&rig->answered[EG_RESULT_TIMED_OUT], 1);
    assert_int_equal(atomic_load(&rig->done_joins), 0);
    rig_wait_held(&rig->fakes[1], 1);
    fake_release(&rig->fakes[1], EG_DELIVERED);
    rig_wait(&rig->done_joins, 1);
    assert_string_equal(eg_join_report(join, 0, 0).message, "no answer within 40 ms");
    fake_release(&rig->fakes[0], EG_DELIVERED);
    eg_join_unref(join);
}

static void a_full_queue_stores_nothing_anywhere(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_delivers;
    rig->commons[1].queue_events = 1;
    rig_start(rig);
    struct eg_error err = {.message = ""};
    struct eg_join *first;
    struct eg_join *second;
    assert_int_equal(rig_dispatch(rig, 2, 0, &first, &err), 0);
    rig_wait_held(&rig->fakes[1], 1); /* with the sink, it still counts */
    assert_int_equal(rig_dispatch(rig, 2, 0, &second, &err), -1);
    assert_int_equal(err.code, EG_ERR_OVERLOADED);
    assert_true(err.retriable);
    assert_string_equal(err.message, "The queue of sink 'second' is full, try again later.");
    fake_release(&rig->fakes[1], EG_DELIVERED);
    assert_false(eg_join_await(first));
    assert_int_equal(atomic_load(&rig->fakes[0].events), 1);
    struct eg_sink_stats stats;
    eg_pipeline_sink_stats(rig->pipeline, 0, &stats);
    assert_int_equal(stats.pending_events, 0);
    eg_join_unref(first);
    eg_join_unref(rig_post(rig, 1, 0)); /* room again */
}

static void a_batch_refuses_only_what_does_not_fit(void **state)
{
    struct rig *rig = *state;
    rig->commons[0].queue_events = 2;
    rig_start(rig);
    struct eg_dispatch_item items[3];
    for (size_t i = 0; i < 3; i++)
        items[i] = (struct eg_dispatch_item){
            .take_event = rig_event("batch"), .sinks = rig_both, .sink_count = 1};
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(eg_pipeline_dispatch(rig->pipeline, items, 3, 0, NULL, &join, &err), 0);
    assert_true(eg_join_await(join));
    rig_wait_held(&rig->fakes[0], 2);
    assert_int_equal(eg_join_event_count(join), 3);
    fake_release(&rig->fakes[0], EG_DELIVERED);
    rig_wait(&rig->done_joins, 1);
    assert_true(eg_join_delivered(join, 0));
    assert_true(eg_join_delivered(join, 1));
    assert_false(eg_join_delivered(join, 2));
    assert_null(eg_join_refusal(join, 1));
    assert_int_equal(eg_join_refusal(join, 2)->code, EG_ERR_OVERLOADED);
    assert_int_equal(eg_join_delivery_count(join, 2), 0);
    struct eg_pipeline_stats stats;
    eg_pipeline_stats(rig->pipeline, &stats);
    assert_int_equal(stats.refused, 1);
    assert_int_equal(stats.in_flight_events, 3);
    eg_join_unref(join);
    eg_pipeline_stats(rig->pipeline, &stats);
    assert_int_equal(stats.in_flight_events, 0);
    assert_int_equal(stats.in_flight_bytes, 0);
}

static void what_is_in_flight_is_bounded(void **state)
{
    struct rig *rig = *state;
    rig->config.in_flight_events = 1;
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_false(eg_pipeline_is_overloaded(rig->pipeline));
    assert_int_equal(rig_dispatch(rig, 1, 0, &join, &err), 0);
    assert_true(eg_pipeline_is_overloaded(rig->pipeline));
    struct eg_join *refused;
    assert_int_equal(rig_dispatch(rig, 1, 0, &refused, &err), -1);
    assert_int_equal(err.code, EG_ERR_OVERLOADED);
    assert_true(eg_join_await(join));
    rig_wait_held(&rig->fakes[0], 1);
    fake_release(&rig->fakes[0], EG_DELIVERED);
    eg_join_unref(join);
    assert_false(eg_pipeline_is_overloaded(rig->pipeline));
}

static void joins_complete_in_batches(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    for (int i = 0; i < 5; i++) {
        struct eg_error err;
        struct eg_join *join;
        assert_int_equal(rig_dispatch(rig, 1, 0, &join, &err), 0);
        assert_true(eg_join_await(join));
    }
    rig_wait_held(&rig->fakes[0], 5);
    fake_release(&rig->fakes[0], EG_DELIVERED);
    assert_int_equal(atomic_load(&rig->done_calls), 1);
    assert_int_equal(atomic_load(&rig->done_joins), 5);
    for (int i = 0; i < 5; i++)
        eg_join_unref(rig->done[i]);
}

static void an_open_circuit_fails_at_once_and_closes_again(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_retries;
    rig->fakes[0].message = "down";
    rig->commons[0].retry.attempts = 1;
    rig->commons[0].breaker = (struct eg_breaker_config){.failures = 2, .open_ms = 100};
    rig_start(rig);
    eg_join_unref(rig_post(rig, 1, 0));
    eg_join_unref(rig_post(rig, 1, 0));
    struct eg_join *join = rig_post(rig, 1, 0);
    assert_report(join, 0, "first", EG_RESULT_FAILED,
                  "circuit open after 2 failures in a row: down");
    eg_join_unref(join);
    assert_int_equal(atomic_load(&rig->fakes[0].events), 2);
    char text[EG_ERROR_MESSAGE_BYTES];
    assert_false(eg_pipeline_sink_health(rig->pipeline, 0, text));
    assert_string_equal(text, "circuit open after 2 failures in a row: down");
    int64_t until_ms = eg_clock_monotonic_ms() + 110;
    while (eg_clock_monotonic_ms() < until_ms)
        rig_pause();
    eg_join_unref(rig_post(rig, 1, 0)); /* the trial fails */
    assert_int_equal(atomic_load(&rig->fakes[0].events), 3);
    struct eg_sink_stats stats;
    eg_pipeline_sink_stats(rig->pipeline, 0, &stats);
    assert_int_equal(stats.breaker, EG_BREAKER_OPEN);
    assert_int_equal(stats.breaker_opened, 2);
}

static void a_worker_that_cannot_begin_is_a_failed_attempt(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].worker_error = "no connection";
    rig->fakes[0].answer = fake_delivers;
    rig->commons[0].retry.attempts = 2;
    rig_start(rig);
    struct eg_join *join = rig_post(rig, 1, 0);
    assert_report(join, 0, "first", EG_RESULT_FAILED, "no connection");
    assert_int_equal(atomic_load(&rig->fakes[0].submits), 0);
    eg_join_unref(join);
}

static void a_join_may_be_left_alone(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_delivers;
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(rig_dispatch(rig, 1, 0, &join, &err), 0);
    eg_join_unref(join);
    rig_wait(&rig->fakes[0].events, 1);
    eg_pipeline_drain(rig->pipeline, eg_clock_monotonic_ms() + 1000);
    assert_int_equal(atomic_load(&rig->done_calls), 0);
}

static void drain_answers_everything(void **state)
{
    struct rig *rig = *state;
    rig->fakes[1].answer = fake_retries;
    rig->fakes[1].message = "away";
    rig->commons[1].retry = (struct eg_retry_config){100, 60000, 60000};
    rig->commons[1].breaker.failures = 0;
    rig->config.deadline_ms = 600000;
    rig_start(rig);
    struct eg_error err = {.message = ""};
    struct eg_join *joins[2];
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(rig_dispatch(rig, 2, 0, &joins[i], &err), 0);
        assert_true(eg_join_await(joins[i]));
    }
    rig_wait_held(&rig->fakes[0], 2);
    rig_wait(&rig->fakes[1].events, 2);
    int64_t begin_ms = eg_clock_monotonic_ms();
    eg_pipeline_drain(rig->pipeline, begin_ms + 50);
    assert_true(eg_clock_monotonic_ms() - begin_ms < 3000);
    assert_int_equal(atomic_load(&rig->done_joins), 2);
    for (size_t i = 0; i < 2; i++) {
        assert_int_not_equal(eg_join_report(joins[i], 0, 0).result, EG_RESULT_DELIVERED);
        assert_string_not_equal(eg_join_report(joins[i], 0, 1).message, "");
        eg_join_unref(joins[i]);
    }
    struct eg_join *late;
    assert_int_equal(rig_dispatch(rig, 2, 0, &late, &err), -1);
    assert_int_equal(err.code, EG_ERR_UNAVAILABLE);
    assert_int_equal(atomic_load(&rig->fakes[0].destroyed), 0);
}

static void drain_waits_for_what_will_be_delivered(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].answer = fake_third_time;
    rig->fakes[0].message = "soon";
    rig_start(rig);
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(rig_dispatch(rig, 1, 0, &join, &err), 0);
    bool awaited = eg_join_await(join);
    eg_pipeline_drain(rig->pipeline, eg_clock_monotonic_ms() + 5000);
    assert_int_equal(atomic_load(&rig->done_joins), awaited ? 1 : 0);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
}

static void all_mistakes_of_new_are_reported(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].create_error = "the path is empty";
    rig->commons[1].workers = 99;
    struct eg_error err;
    assert_int_equal(eg_pipeline_new(&rig->options, &rig->pipeline, &err), -1);
    assert_string_equal(err.message,
                        "sink 'first': the path is empty\n"
                        "sink 'second': workers is 99, but a sink of type fake takes at most 4");
    rig->pipeline = NULL;
}

static void names_are_unique_and_found(void **state)
{
    struct rig *rig = *state;
    rig_start(rig);
    size_t found = 99;
    assert_true(eg_pipeline_sink_find(rig->pipeline, EG_SPAN_LITERAL("second"), &found));
    assert_int_equal(found, 1);
    assert_false(eg_pipeline_sink_find(rig->pipeline, EG_SPAN_LITERAL("third"), &found));
    assert_int_equal(eg_pipeline_sink_count(rig->pipeline), 2);
    assert_string_equal(eg_pipeline_sink_name(rig->pipeline, 0), "first");
    rig->sinks[1].name = "first";
    struct eg_pipeline *other;
    struct eg_error err;
    assert_int_equal(eg_pipeline_new(&rig->options, &other, &err), -1);
    assert_string_equal(err.message, "sink 'first' is configured twice");
}

static void a_start_that_fails_is_undone_by_destroy(void **state)
{
    struct rig *rig = *state;
    rig->fakes[0].start_error = "disk missing";
    rig->fakes[1].start_error = "server missing";
    struct eg_error err;
    assert_int_equal(eg_pipeline_new(&rig->options, &rig->pipeline, &err), 0);
    assert_int_equal(eg_pipeline_start(rig->pipeline, &err), -1);
    assert_string_equal(err.message, "sink 'first': disk missing\nsink 'second': server missing");
    eg_pipeline_destroy(rig->pipeline);
    rig->pipeline = NULL;
    assert_int_equal(atomic_load(&rig->fakes[0].destroyed), 1);
}

static void health_comes_from_the_probe(void **state)
{
    struct rig *rig = *state;
    struct eg_error err;
    assert_int_equal(eg_timer_new("control", &rig->options.control, &err), 0);
    rig->commons[0].probe_interval_ms = 10;
    rig_start(rig);
    char text[EG_ERROR_MESSAGE_BYTES];
    assert_true(eg_pipeline_sink_health(rig->pipeline, 0, text));
    atomic_store(&rig->fakes[0].sick, true);
    int64_t until_ms = eg_clock_monotonic_ms() + 5000;
    while (eg_pipeline_sink_health(rig->pipeline, 0, text) && eg_clock_monotonic_ms() < until_ms)
        rig_pause();
    assert_string_equal(text, "feeling sick");
    atomic_store(&rig->fakes[0].sick, false);
    while (!eg_pipeline_sink_health(rig->pipeline, 0, text) && eg_clock_monotonic_ms() < until_ms)
        rig_pause();
    assert_true(eg_pipeline_sink_health(rig->pipeline, 0, text));
    eg_pipeline_destroy(rig->pipeline);
    rig->pipeline = NULL;
    eg_timer_destroy(rig->options.control);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(inline_sinks_complete_within_dispatch),
        TEST(an_event_for_no_sink_is_delivered),
        TEST(a_queued_sink_answers_through_on_done),
        TEST(answers_before_await_are_not_called_back),
        TEST(a_failing_sink_does_not_stop_another),
        TEST(an_event_that_is_only_too_large_is_known_as_such),
        TEST(another_failure_outweighs_the_size),
        TEST(a_failure_for_good_is_not_tried_again),
        TEST(retry_leaves_other_sinks_alone),
        TEST(an_inline_sink_is_retried_too),
        TEST(retries_end_with_the_sinks_message),
        TEST(no_retry_after_the_deadline),
        TEST(the_deadline_answers_and_late_answers_are_ignored),
        TEST(a_sinks_own_timeout_comes_first),
        TEST(a_full_queue_stores_nothing_anywhere),
        TEST(a_batch_refuses_only_what_does_not_fit),
        TEST(what_is_in_flight_is_bounded),
        TEST(joins_complete_in_batches),
        TEST(an_open_circuit_fails_at_once_and_closes_again),
        TEST(a_worker_that_cannot_begin_is_a_failed_attempt),
        TEST(a_join_may_be_left_alone),
        TEST(drain_answers_everything),
        TEST(drain_waits_for_what_will_be_delivered),
        TEST(all_mistakes_of_new_are_reported),
        TEST(names_are_unique_and_found),
        TEST(a_start_that_fails_is_undone_by_destroy),
        TEST(health_comes_from_the_probe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
