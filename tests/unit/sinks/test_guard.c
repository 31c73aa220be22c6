/* SPDX-License-Identifier: Apache-2.0 */
/* A guarded sink: what it gets to see, who is answered, and that it is a sink like any other. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "eventgate/sink_suite.h"
#include "sinks/guard.h"

#define MOST 200

/* ---- the sink behind: keeps what it got, answers when it is told to ---- */

struct eg_sink {
    const struct eg_sink_host *host;
    struct eg_delivery *held[MOST];
    size_t count;
    bool hold;
};

static struct eg_sink *behind;
static bool unwell;
static char seen_payload[512];
static char seen_envelope[512];
static pthread_mutex_t seen_lock = PTHREAD_MUTEX_INITIALIZER; /* the suite has several workers */

static int behind_create(const struct eg_sink_host *host, const void *config,
                         struct eg_sink **ret_sink, struct eg_error *err)
{
    if (!config)
        return eg_error_set(err, EG_ERR_CONFIG, "no settings");
    behind = eg_calloc(1, sizeof(*behind));
    behind->host = host;
    behind->hold = *(const bool *)config;
    *ret_sink = behind;
    return 0;
}

static void show(struct eg_span text, char *out, size_t bytes)
{
    (void)snprintf(out, bytes, "%.*s", EG_SPAN_ARGS(text));
}

static void behind_submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                          size_t count)
{
    (void)worker;
    for (size_t i = 0; i < count; i++) {
        (void)pthread_mutex_lock(&seen_lock);
        show(batch[i]->event->payload, seen_payload, sizeof(seen_payload));
        show(batch[i]->event->envelope, seen_envelope, sizeof(seen_envelope));
        (void)pthread_mutex_unlock(&seen_lock);
        if (sink->hold)
            sink->held[sink->count++] = batch[i];
    }
    if (!sink->hold)
        sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
}

static int behind_probe(struct eg_sink *sink, struct eg_error *err)
{
    sink->host->log(sink->host, EG_LOG_INFO, "probed by %s", sink->host->sink_name);
    return unwell ? eg_error_set(err, EG_ERR_UNAVAILABLE, "not today") : 0;
}

static void behind_destroy(struct eg_sink *sink)
{
    free(sink);
}

static const struct eg_field_table no_settings = {.name = "behind"};

static const struct eg_sink_type behind_type = {
    .abi = EG_SINK_ABI,
    .name = "behind",
    .help = "A sink for tests.",
    .config = &no_settings,
    .default_workers = 1,
    .max_workers = 4,
    .max_batch_events = 100,
    .max_batch_bytes = 1 << 20,
    .create = behind_create,
    .submit = behind_submit,
    .probe = behind_probe,
    .destroy = behind_destroy,
};

/* ---- the pipeline before ---- */

struct answer {
    struct eg_delivery delivery; /* first */
    enum eg_outcome outcome;
    char message[200];
    int times;
};

static char logged[200];

static void host_complete(struct eg_delivery *take, enum eg_outcome outcome, const char *message)
{
    struct answer *answer = (struct answer *)(void *)take;
    answer->outcome = outcome;
    answer->times++;
    (void)snprintf(answer->message, sizeof(answer->message), "%s", message ? message : "");
}

static void host_complete_all(struct eg_delivery *const *take, size_t count,
                              enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < count; i++)
        host_complete(take[i], outcome, message);
}

static void EG_PRINTF(3, 4)
    host_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    va_list arguments;
    (void)level;
    va_start(arguments, format);
    int len = snprintf(logged, sizeof(logged), "%s: ", host->sink_name);
    (void)vsnprintf(logged + len, sizeof(logged) - (size_t)len, format, arguments);
    va_end(arguments);
}

static const struct eg_sink_host host = {
    .sink_name = "before",
    .complete = host_complete,
    .complete_all = host_complete_all,
    .log = host_log,
    .monotonic_ms = eg_clock_monotonic_ms,
    .timeout_ms = 1000,
};

struct rig {
    struct eg_sink_guard *guard;
    struct eg_sink *sink;
    bool hold;
};

static void rig_open(struct rig *rig, const char *path, bool hold)
{
    char *paths[] = {(char *)(uintptr_t)path};
    const struct eg_rules_protect_config config = {.redact = {paths, 1}};
    struct eg_error err = {.message = ""};
    rig->hold = hold;
    assert_int_equal(eg_sink_guard_new(&behind_type, &rig->hold, &config, NULL, &rig->guard, &err),
                     0);
    const struct eg_sink_type *type = eg_sink_guard_type(rig->guard);
    assert_int_equal(type->create(&host, rig->guard, &rig->sink, &err), 0);
}

static void rig_close(struct rig *rig)
{
    eg_sink_guard_type(rig->guard)->destroy(rig->sink);
    eg_sink_guard_destroy(rig->guard);
}

static struct answer send_one(struct rig *rig, const char *payload, const char *envelope)
{
    const struct eg_event event = {.id = EG_SPAN_LITERAL("e"),
                                   .payload = eg_span_text(payload),
                                   .envelope = eg_span_text(envelope)};
    struct answer answer = {.delivery = {.event = &event, .attempt = 1}};
    struct eg_delivery *batch[] = {&answer.delivery};
    seen_payload[0] = seen_envelope[0] = '\0';
    eg_sink_guard_type(rig->guard)->submit(rig->sink, NULL, batch, 1);
    assert_int_equal(answer.times, 1);
    return answer;
}

/* ---- the tests ---- */

static void the_sink_sees_the_protected_event(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "$.detail.mail", false);
    struct answer answer = send_one(&rig, "{\"mail\":\"a@b.c\",\"id\":1}",
                                    "{\"source\":\"s\",\"detail\":{\"mail\":\"a@b.c\",\"id\":1}}");
    assert_int_equal(answer.outcome, EG_DELIVERED);
    assert_string_equal(seen_payload, "{\"mail\":\"***\",\"id\":1}");
    assert_string_equal(seen_envelope, "{\"source\":\"s\",\"detail\":{\"mail\":\"***\",\"id\":1}}");
    rig_close(&rig);
}

static void a_payload_that_is_an_envelope_is_seen_as_one(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "$.detail.mail", false);
    (void)send_one(&rig, "{\"detail-type\":\"t\",\"mail\":1,\"detail\":{\"mail\":\"a@b.c\"}}", "");
    assert_string_equal(seen_payload,
                        "{\"detail-type\":\"t\",\"mail\":\"***\",\"detail\":{\"mail\":\"***\"}}");
    struct answer answer =
        send_one(&rig, "{\"DetailType\":\"t\",\"Detail\":\"{\\\"mail\\\":1}\"}", "");
    assert_int_equal(answer.outcome, EG_REJECTED);
    assert_non_null(strstr(answer.message, "entry of PutEvents"));
    assert_string_equal(seen_payload, "");
    rig_close(&rig);
}

static void what_cannot_be_protected_is_rejected(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "$.detail.mail", false);
    struct answer answer = send_one(&rig, "{\"mail\":1,\"mail\":2}", "");
    assert_int_equal(answer.outcome, EG_REJECTED);
    assert_string_equal(seen_payload, "");
    answer = send_one(&rig, "{\"id\":1}", "{\"detail\":");
    assert_int_equal(answer.outcome, EG_REJECTED);
    answer = send_one(&rig, "a text of a rule's making", "");
    assert_int_equal(answer.outcome, EG_DELIVERED);
    assert_string_equal(seen_payload, "a text of a rule's making");
    rig_close(&rig);
}

static void answers_come_later_and_together(void **state)
{
    (void)state;
    static struct answer answers[MOST];
    struct eg_delivery *batch[MOST];
    struct rig rig;
    rig_open(&rig, "$.detail.mail", true);
    const struct eg_event event = {.payload = EG_SPAN_LITERAL("{\"mail\":1}")};
    for (size_t i = 0; i < MOST; i++) {
        answers[i] = (struct answer){.delivery = {.event = &event, .attempt = 1}};
        batch[i] = &answers[i].delivery;
    }
    eg_sink_guard_type(rig.guard)->submit(rig.sink, NULL, batch, MOST);
    assert_int_equal(behind->count, MOST);
    behind->host->complete(behind->held[0], EG_RETRY, "later");
    behind->host->complete_all(behind->held + 1, MOST - 1, EG_DELIVERED, NULL);
    assert_int_equal(answers[0].outcome, EG_RETRY);
    assert_string_equal(answers[0].message, "later");
    for (size_t i = 0; i < MOST; i++) {
        assert_int_equal(answers[i].times, 1);
        assert_int_equal(answers[i].outcome, i == 0 ? EG_RETRY : EG_DELIVERED);
    }
    rig_close(&rig);
}

static void the_rest_goes_through(void **state)
{
    (void)state;
    struct rig rig;
    struct eg_error err;
    rig_open(&rig, "$.detail.mail", false);
    const struct eg_sink_type *type = eg_sink_guard_type(rig.guard);
    unwell = true;
    assert_int_equal(type->probe(rig.sink, &err), -1);
    unwell = false;
    assert_string_equal(err.message, "not today");
    assert_string_equal(logged, "before: probed by before");
    assert_null(type->start);
    assert_null(type->drain);
    assert_null(type->reads_envelope);
    assert_int_equal(type->max_workers, behind_type.max_workers);
    assert_string_equal(type->name, "behind");
    rig_close(&rig);
}

static void without_paths_there_is_no_guard(void **state)
{
    (void)state;
    const struct eg_rules_protect_config nothing = {.key = NULL};
    char *paths[] = {(char *)(uintptr_t) "mail"};
    const struct eg_rules_protect_config wrong = {.drop = {paths, 1}};
    struct eg_sink_guard *guard = (void *)(uintptr_t)1;
    struct eg_error err;
    assert_int_equal(eg_sink_guard_new(&behind_type, NULL, &nothing, NULL, &guard, &err), 0);
    assert_null(guard);
    assert_int_equal(eg_sink_guard_new(&behind_type, NULL, &wrong, NULL, &guard, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
}

static void it_conforms(void **state)
{
    (void)state;
    struct rig rig;
    rig_open(&rig, "$.detail.mail", false);
    struct eg_sink_suite suite = {.type = eg_sink_guard_type(rig.guard), .config = rig.guard};
    assert_int_equal(eg_sink_suite_run(&suite), 0);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_sink_sees_the_protected_event),
        cmocka_unit_test(a_payload_that_is_an_envelope_is_seen_as_one),
        cmocka_unit_test(what_cannot_be_protected_is_rejected),
        cmocka_unit_test(answers_come_later_and_together),
        cmocka_unit_test(the_rest_goes_through),
        cmocka_unit_test(without_paths_there_is_no_guard),
        cmocka_unit_test(it_conforms),
    };
    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
