/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets of rules: who waits, what is owed, retries, dead letters, order, due times, restarts.
 *
 * The first fake is the target's sink, the second takes dead letters or what comes after.
 */
#include "support/fake_sink.h"
#include "support/scratch.h"

#define SEEN_MAX 32

/* What a recording fake has seen, and how often it refuses first. */
struct seen {
    struct eg_mutex lock;
    atomic_int count;
    int refuse; /* the first so many */
    enum eg_outcome refusal;
    char payloads[SEEN_MAX][64];
    char codes[SEEN_MAX][32];
    char conditions[SEEN_MAX][32];
    char reasons[SEEN_MAX][64];
    unsigned attempts[SEEN_MAX];
    bool dead[SEEN_MAX];
};

struct bench {
    struct rig *rig;
    char *folder;
    struct eg_outbox_config outbox;
    struct seen seen[2];
    struct eg_pipeline_target targets[3];
    struct eg_dispatch_target list[3];
};

static void copy(char *to, size_t size, struct eg_span from)
{
    (void)snprintf(to, size, "%.*s", EG_SPAN_ARGS(from));
}

static enum eg_outcome records(struct fake *fake, const struct eg_delivery *delivery)
{
    struct seen *seen = fake->user;
    eg_mutex_lock(&seen->lock);
    int at = atomic_load(&seen->count);
    assert_true(at < SEEN_MAX);
    const struct eg_event *event = delivery->event;
    copy(seen->payloads[at], sizeof(seen->payloads[at]), event->payload);
    seen->dead[at] = event->failure != NULL;
    if (event->failure) {
        copy(seen->codes[at], sizeof(seen->codes[at]), event->failure->error_code);
        copy(seen->reasons[at], sizeof(seen->reasons[at]), event->failure->error_message);
        copy(seen->conditions[at], sizeof(seen->conditions[at]),
             event->failure->exhausted_retry_condition);
        seen->attempts[at] = event->failure->retry_attempts;
    }
    atomic_store(&seen->count, at + 1);
    eg_mutex_unlock(&seen->lock);
    return at < seen->refuse ? seen->refusal : EG_DELIVERED;
}

static int setup(void **state)
{
    struct bench *bench = eg_calloc(1, sizeof(*bench));
    void *rig;
    void *folder;
    if (rig_setup(&rig) != 0 || scratch_setup(&folder) != 0)
        return -1;
    bench->rig = rig;
    bench->folder = folder;
    eg_config_fields_default(&eg_outbox_config_table, &bench->outbox);
    free(bench->outbox.path);
    bench->outbox.path = scratch_path(&folder, "outbox.db");
    bench->rig->options.outbox = &bench->outbox;
    for (size_t i = 0; i < 2; i++) {
        eg_mutex_init(&bench->seen[i].lock);
        bench->rig->fakes[i].answer = records;
        bench->rig->fakes[i].user = &bench->seen[i];
        bench->rig->fakes[i].message = "the server said no";
    }
    for (size_t i = 0; i < 3; i++)
        bench->targets[i] = (struct eg_pipeline_target){
            .rule_name = EG_SPAN_LITERAL("orders"),
            .rule_arn = EG_SPAN_LITERAL("arn:rule"),
            .id = i == 0 ? EG_SPAN_LITERAL("one") : EG_SPAN_LITERAL("two"),
            .arn = EG_SPAN_LITERAL("arn:target"),
            .sink = 0,
            .await = true,
            .dead_letter = EG_NO_SINK,
            .policy = {.max_attempts = 3,
                       .max_age_ms = 60000,
                       .backoff_ms = 5,
                       .max_backoff_ms = 20},
        };
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    void *rig = bench->rig;
    void *folder = bench->folder;
    int ret = rig_teardown(&rig);
    for (size_t i = 0; i < 2; i++)
        eg_mutex_fini(&bench->seen[i].lock);
    eg_config_fields_fini(&eg_outbox_config_table, &bench->outbox);
    free(bench);
    return scratch_teardown(&folder) | ret;
}

static struct eg_pipeline_event *payload_event(const char *payload)
{
    struct eg_event fields = {.id = EG_SPAN_LITERAL("e1"),
                              .topic = EG_SPAN_LITERAL("topic"),
                              .payload = eg_span_text(payload),
                              .envelope = EG_SPAN_LITERAL("{}"),
                              .correlation_id = EG_SPAN_LITERAL("c"),
                              .traceparent = EG_SPAN_LITERAL("t"),
                              .received_us = 1};
    return eg_pipeline_event_new(&fields);
}

static void list_target(struct bench *bench, size_t index, size_t after, int64_t due_us)
{
    static const char *const payloads[] = {"\"a\"", "\"b\"", "\"c\""};
    bench->list[index] = (struct eg_dispatch_target){
        .target = &bench->targets[index],
        .take_event = payload_event(payloads[index]),
        .after = after,
        .due_us = due_us,
    };
}

static void count_unpin(void *pin)
{
    (*(int *)pin)++;
}

/* Posts an event to no sink but the first `count` targets, and waits for the answer. */
static struct eg_join *post(struct bench *bench, size_t count)
{
    struct rig *rig = bench->rig;
    struct eg_dispatch_item item = {
        .take_event = rig_event("e1"), .targets = bench->list, .target_count = count};
    struct eg_dispatch_options options = {.user = rig};
    struct eg_error err = {.message = ""};
    struct eg_join *join;
    int done = atomic_load(&rig->done_joins);
    if (eg_pipeline_dispatch_with(rig->pipeline, &item, 1, &options, &join, &err) != 0)
        fail_msg("%s", err.message);
    if (!eg_join_is_complete(join) && eg_join_await(join))
        rig_wait(&rig->done_joins, done + 1);
    return join;
}

static void an_awaited_target_answers_with_its_name(void **state)
{
    struct bench *bench = *state;
    bench->seen[0].refuse = 1;
    bench->seen[0].refusal = EG_REJECTED;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    struct eg_join *join = post(bench, 1);
    assert_false(eg_join_delivered(join, 0));
    struct eg_delivery_report report = eg_join_report(join, 0, 0);
    assert_string_equal(report.sink, "first");
    assert_int_equal(report.result, EG_RESULT_REJECTED);
    assert_string_equal(report.message, "target 'one' of rule 'orders': the server said no");
    assert_string_equal(bench->seen[0].payloads[0], "\"a\"");
    eg_join_unref(join);
}

static void sinks_get_the_event_and_targets_their_own(void **state)
{
    struct bench *bench = *state;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    bench->targets[0].sink = 1;
    struct eg_dispatch_item item = {.take_event = rig_event("e1"),
                                    .sinks = rig_both,
                                    .sink_count = 1,
                                    .targets = bench->list,
                                    .target_count = 1};
    int unpinned = 0;
    struct eg_dispatch_options options = {
        .user = bench->rig, .take_pin = &unpinned, .unpin = count_unpin};
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(
        eg_pipeline_dispatch_with(bench->rig->pipeline, &item, 1, &options, &join, &err), 0);
    if (eg_join_await(join))
        rig_wait(&bench->rig->done_joins, 1);
    assert_true(eg_join_delivered(join, 0));
    assert_string_equal(bench->seen[0].payloads[0], "{\"a\":1}");
    assert_string_equal(bench->seen[1].payloads[0], "\"a\"");
    assert_int_equal(unpinned, 0);
    eg_join_unref(join);
    eg_pipeline_destroy(bench->rig->pipeline);
    bench->rig->pipeline = NULL;
    assert_int_equal(unpinned, 1);
}

static void nobody_waits_for_a_target_that_is_not_awaited(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->rig->fakes[0].answer = NULL; /* holds */
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    struct eg_join *join = post(bench, 1);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
    rig_wait_held(&bench->rig->fakes[0], 1);
    fake_release(&bench->rig->fakes[0], EG_DELIVERED);
}

static void what_is_owed_is_tried_until_it_works(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->seen[0].refuse = 2;
    bench->seen[0].refusal = EG_RETRY;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    struct eg_join *join = post(bench, 1);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
    rig_wait(&bench->seen[0].count, 3);
    assert_false(bench->seen[0].dead[2]);
}

static void retries_that_run_out_end_in_the_dead_letter(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->targets[0].dead_letter = 1;
    bench->seen[0].refuse = SEEN_MAX;
    bench->seen[0].refusal = EG_RETRY;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    eg_join_unref(post(bench, 1));
    rig_wait(&bench->seen[1].count, 1);
    assert_int_equal(atomic_load(&bench->seen[0].count), 4); /* the first and three more */
    assert_true(bench->seen[1].dead[0]);
    assert_string_equal(bench->seen[1].codes[0], "FAILED");
    assert_string_equal(bench->seen[1].reasons[0], "the server said no");
    assert_string_equal(bench->seen[1].conditions[0], "MaximumRetryAttempts");
    assert_int_equal(bench->seen[1].attempts[0], 3);
}

static void age_ends_the_retries_too(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->targets[0].dead_letter = 1;
    bench->targets[0].policy.max_attempts = 1000;
    bench->targets[0].policy.max_age_ms = 60;
    bench->seen[0].refuse = SEEN_MAX;
    bench->seen[0].refusal = EG_FAILED;
    bench->targets[0].policy.backoff_ms = 40;
    bench->targets[0].policy.max_backoff_ms = 40;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    eg_join_unref(post(bench, 1));
    rig_wait(&bench->seen[1].count, 1);
    assert_string_equal(bench->seen[1].conditions[0], "MaximumEventAgeInSeconds");
}

static void what_is_rejected_goes_straight_to_the_dead_letter(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->targets[0].dead_letter = 1;
    bench->seen[0].refuse = SEEN_MAX;
    bench->seen[0].refusal = EG_REJECTED;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    eg_join_unref(post(bench, 1));
    rig_wait(&bench->seen[1].count, 1);
    assert_int_equal(atomic_load(&bench->seen[0].count), 1);
    assert_string_equal(bench->seen[1].codes[0], "REJECTED");
    assert_string_equal(bench->seen[1].conditions[0], "");
    assert_int_equal(bench->seen[1].attempts[0], 0);
    assert_string_equal(bench->seen[1].payloads[0], "\"a\"");
}

static void an_awaited_failure_is_told_and_kept(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].dead_letter = 1;
    bench->seen[0].refuse = SEEN_MAX;
    bench->seen[0].refusal = EG_RETRY;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    struct eg_join *join = post(bench, 1);
    struct eg_delivery_report report = eg_join_report(join, 0, 0);
    assert_string_equal(report.sink, "first");
    assert_int_equal(report.result, EG_RESULT_FAILED);
    assert_string_equal(report.message, "target 'one' of rule 'orders': the server said no; kept "
                                        "for the dead letter sink second");
    eg_join_unref(join);
    rig_wait(&bench->seen[1].count, 1);
    assert_string_equal(bench->seen[1].codes[0], "FAILED");
    assert_int_equal(bench->seen[1].attempts[0], 2); /* the sink's own three attempts */
}

static void a_late_failure_is_kept_though_nobody_waits(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].dead_letter = 1;
    bench->targets[0].deadline_ms = 30;
    bench->rig->fakes[0].answer = NULL; /* holds */
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    struct eg_join *join = post(bench, 1);
    assert_int_equal(eg_join_report(join, 0, 0).result, EG_RESULT_TIMED_OUT);
    eg_join_unref(join);
    fake_release(&bench->rig->fakes[0], EG_REJECTED);
    rig_wait(&bench->seen[1].count, 1);
    assert_string_equal(bench->seen[1].codes[0], "REJECTED");
}

static void the_second_starts_when_the_first_was_delivered(void **state)
{
    struct bench *bench = *state;
    bench->targets[1].sink = 1;
    bench->rig->fakes[0].answer = NULL; /* holds */
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, 0, 0);
    struct eg_dispatch_item item = {
        .take_event = rig_event("e1"), .targets = bench->list, .target_count = 2};
    struct eg_dispatch_options options = {.user = bench->rig};
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(
        eg_pipeline_dispatch_with(bench->rig->pipeline, &item, 1, &options, &join, &err), 0);
    assert_true(eg_join_await(join));
    rig_wait_held(&bench->rig->fakes[0], 1);
    for (int i = 0; i < 20; i++)
        rig_pause();
    assert_int_equal(atomic_load(&bench->seen[1].count), 0);
    fake_release(&bench->rig->fakes[0], EG_DELIVERED);
    rig_wait(&bench->rig->done_joins, 1);
    assert_int_equal(atomic_load(&bench->seen[1].count), 1);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
}

static void the_second_does_not_start_when_the_first_failed(void **state)
{
    struct bench *bench = *state;
    bench->targets[1].sink = 1;
    bench->targets[2].sink = 1;
    bench->seen[0].refuse = SEEN_MAX;
    bench->seen[0].refusal = EG_REJECTED;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, 0, 0);
    list_target(bench, 2, 1, 0);
    struct eg_join *join = post(bench, 3);
    assert_int_equal(eg_join_delivery_count(join, 0), 3);
    assert_string_equal(eg_join_report(join, 0, 1).message,
                        "target 'two' of rule 'orders': not started, because target 'one' failed");
    assert_string_equal(eg_join_report(join, 0, 2).message,
                        "target 'two' of rule 'orders': not started, because target 'two' failed");
    assert_int_equal(atomic_load(&bench->seen[1].count), 0);
    eg_join_unref(join);
}

static void order_holds_in_the_outbox(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->targets[1].sink = 1; /* awaited, but it comes after one that is not */
    bench->seen[0].refuse = 2;
    bench->seen[0].refusal = EG_RETRY;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, 0, 0);
    struct eg_join *join = post(bench, 2);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
    rig_wait(&bench->seen[1].count, 1);
    assert_int_equal(atomic_load(&bench->seen[0].count), 3);
    assert_string_equal(bench->seen[1].payloads[0], "\"b\"");
}

static void an_owed_target_may_follow_an_awaited_one(void **state)
{
    struct bench *bench = *state;
    bench->targets[1].sink = 1;
    bench->targets[1].await = false;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, 0, 0);
    struct eg_join *join = post(bench, 2);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
    rig_wait(&bench->seen[1].count, 1);
}

static void a_scheduled_delivery_waits_for_its_time(void **state)
{
    struct bench *bench = *state;
    rig_start(bench->rig);
    int64_t due_us = eg_clock_wall_us() + 200000;
    list_target(bench, 0, EG_NO_TARGET, due_us);
    struct eg_join *join = post(bench, 1);
    assert_true(eg_join_delivered(join, 0));
    eg_join_unref(join);
    assert_int_equal(atomic_load(&bench->seen[0].count), 0);
    rig_wait(&bench->seen[0].count, 1);
    assert_true(eg_clock_wall_us() >= due_us);
}

static void what_is_owed_survives_a_restart(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->rig->fakes[0].answer = NULL; /* holds: taken from the outbox, never delivered */
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, EG_NO_TARGET, eg_clock_wall_us() + 300000);
    eg_join_unref(post(bench, 2));
    rig_wait_held(&bench->rig->fakes[0], 1);
    eg_pipeline_destroy(bench->rig->pipeline);
    bench->rig->fakes[0].answer = records;
    rig_start(bench->rig);
    rig_wait(&bench->seen[0].count, 2);
    assert_string_equal(bench->seen[0].payloads[0], "\"a\"");
    assert_string_equal(bench->seen[0].payloads[1], "\"b\"");
}

static void the_end_is_no_failed_attempt(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].await = false;
    bench->targets[0].policy.max_attempts = 0;
    bench->rig->fakes[0].answer = NULL;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    eg_join_unref(post(bench, 1));
    rig_wait_held(&bench->rig->fakes[0], 1);
    eg_pipeline_destroy(bench->rig->pipeline); /* the drain answers EG_RETRY */
    bench->rig->fakes[0].answer = records;
    rig_start(bench->rig);
    rig_wait(&bench->seen[0].count, 1);
}

static void what_cannot_be_made_is_told_or_kept(void **state)
{
    struct bench *bench = *state;
    bench->targets[1].dead_letter = 1;
    bench->targets[1].await = false;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, EG_NO_TARGET, 0);
    bench->list[0].failure = "no time in it";
    bench->list[1].failure = "an object inside quotes";
    struct eg_join *join = post(bench, 2);
    assert_int_equal(eg_join_report(join, 0, 0).result, EG_RESULT_REJECTED);
    assert_string_equal(eg_join_report(join, 0, 0).message,
                        "target 'one' of rule 'orders': no time in it");
    assert_int_equal(eg_join_report(join, 0, 1).result, EG_RESULT_DELIVERED);
    eg_join_unref(join);
    rig_wait(&bench->seen[1].count, 1);
    assert_string_equal(bench->seen[1].reasons[0], "an object inside quotes");
    assert_int_equal(atomic_load(&bench->seen[0].count), 0);
}

static void a_full_queue_refuses_the_whole_event(void **state)
{
    struct bench *bench = *state;
    bench->outbox.queue_events = 1;
    bench->targets[0].await = false;
    bench->targets[1].await = false;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, 0);
    list_target(bench, 1, EG_NO_TARGET, 0);
    struct eg_dispatch_item item = {
        .take_event = rig_event("e1"), .targets = bench->list, .target_count = 2};
    int unpinned = 0;
    struct eg_dispatch_options options = {.take_pin = &unpinned, .unpin = count_unpin};
    struct eg_error err;
    struct eg_join *join;
    assert_int_equal(
        eg_pipeline_dispatch_with(bench->rig->pipeline, &item, 1, &options, &join, &err), -1);
    assert_int_equal(err.code, EG_ERR_OVERLOADED);
    assert_int_equal(unpinned, 1);
    struct eg_pipeline_stats stats;
    eg_pipeline_stats(bench->rig->pipeline, &stats);
    assert_int_equal(stats.in_flight_bytes, 0);
    assert_int_equal(stats.in_flight_events, 0);
}

static void a_sink_that_is_gone_is_a_dead_letter(void **state)
{
    struct bench *bench = *state;
    bench->targets[0].dead_letter = 1;
    rig_start(bench->rig);
    list_target(bench, 0, EG_NO_TARGET, eg_clock_wall_us() + 200000);
    eg_join_unref(post(bench, 1));
    eg_pipeline_destroy(bench->rig->pipeline);
    bench->rig->sinks[0].name = "renamed";
    rig_start(bench->rig);
    rig_wait(&bench->seen[1].count, 1);
    assert_string_equal(bench->seen[1].codes[0], "NO_RESOURCE");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_awaited_target_answers_with_its_name),
        TEST(sinks_get_the_event_and_targets_their_own),
        TEST(nobody_waits_for_a_target_that_is_not_awaited),
        TEST(what_is_owed_is_tried_until_it_works),
        TEST(retries_that_run_out_end_in_the_dead_letter),
        TEST(age_ends_the_retries_too),
        TEST(what_is_rejected_goes_straight_to_the_dead_letter),
        TEST(an_awaited_failure_is_told_and_kept),
        TEST(a_late_failure_is_kept_though_nobody_waits),
        TEST(the_second_starts_when_the_first_was_delivered),
        TEST(the_second_does_not_start_when_the_first_failed),
        TEST(order_holds_in_the_outbox),
        TEST(an_owed_target_may_follow_an_awaited_one),
        TEST(a_scheduled_delivery_waits_for_its_time),
        TEST(what_is_owed_survives_a_restart),
        TEST(the_end_is_no_failed_attempt),
        TEST(what_cannot_be_made_is_told_or_kept),
        TEST(a_full_queue_refuses_the_whole_event),
        TEST(a_sink_that_is_gone_is_a_dead_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
