/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conformance suite of the sink contract: what every sink must do, checked by a program that
 * includes this header and links with the sink alone.
 *
 *     #include "eventgate/sink_suite.h"
 *     int main(void)
 *     {
 *         struct my_config config = {.path = "/tmp/out.txt"};
 *         struct eg_sink_suite suite = {.type = eventgate_sink(), .config = &config};
 *         return eg_sink_suite_run(&suite);            0, or the number of failed checks
 *     }
 *
 * Link with -lpthread. The server behind the sink must be there: every event of the suite is well
 * formed, and is expected to be delivered (any other outcome fails the check unless
 * `may_fail` is set). Failures are printed to stderr. `received`, when set, is asked after each
 * round how many events have arrived at the far end.
 *
 * One suite at a time in a process: its host has no context argument to tell two apart.
 */
#ifndef EVENTGATE_SINK_SUITE_H
#define EVENTGATE_SINK_SUITE_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "eventgate/sink.h"

struct eg_sink_suite {
    const struct eg_sink_type *type;
    const void *config; /* the filled struct of type->config */
    bool may_fail;      /* outcomes other than EG_DELIVERED are fine */
    int64_t timeout_ms; /* how long a batch may take; 0: 10 s */
    /* How many events the far end has, since the beginning of time; NULL: not asked. Called when
     * the sink was destroyed. */
    int64_t (*received)(void *context);
    void *context;
    bool quiet; /* failures are only counted */
};

#define EG_SUITE_PAYLOAD_BYTES 96
#define EG_SUITE_WORKERS_MAX   16u

/* One event with all that it points to, and the delivery made of it. */
struct eg_suite_item {
    struct eg_delivery delivery; /* first: complete() finds the item by it */
    struct eg_event event;
    struct eg_event before; /* a copy, to see that the sink changed nothing */
    struct eg_event_attribute attributes[2];
    char payload[EG_SUITE_PAYLOAD_BYTES];
    char payload_before[EG_SUITE_PAYLOAD_BYTES];
    char id[40];
    atomic_int completions;
    atomic_int outcome;
};

struct eg_suite_state {
    const struct eg_sink_suite *suite;
    const char *check; /* the check that runs */
    atomic_int failures;
    atomic_llong delivered;
    pthread_mutex_t lock; /* guards `completed` */
    pthread_cond_t changed;
    size_t completed; /* of the current check */
};

static struct eg_suite_state eg_suite_state;

__attribute__((format(printf, 1, 2))) static inline void eg_suite_fail(const char *format, ...)
{
    atomic_fetch_add(&eg_suite_state.failures, 1);
    if (eg_suite_state.suite->quiet)
        return;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "sink suite: %s: %s: ", eg_suite_state.suite->type->name, eg_suite_state.check);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

static inline int64_t eg_suite_monotonic_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline int64_t eg_suite_timeout_ms(void)
{
    return eg_suite_state.suite->timeout_ms ? eg_suite_state.suite->timeout_ms : 10000;
}

/* The fake host. */

static inline void eg_suite_complete(struct eg_delivery *take, enum eg_outcome outcome,
                                     const char *message)
{
    struct eg_suite_item *item = (struct eg_suite_item *)(void *)take;
    if (atomic_fetch_add(&item->completions, 1) != 0)
        eg_suite_fail("event %s was completed more than once", item->id);
    atomic_store(&item->outcome, (int)outcome);
    if (outcome == EG_DELIVERED)
        atomic_fetch_add(&eg_suite_state.delivered, 1);
    else if (!message || !*message)
        eg_suite_fail("event %s failed without a message", item->id);
    else if (!eg_suite_state.suite->may_fail)
        eg_suite_fail("event %s was not delivered: %s", item->id, message);
    pthread_mutex_lock(&eg_suite_state.lock);
    eg_suite_state.completed++;
    pthread_cond_broadcast(&eg_suite_state.changed);
    pthread_mutex_unlock(&eg_suite_state.lock);
}

static inline void eg_suite_complete_all(struct eg_delivery *const *take, size_t count,
                                         enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < count; i++)
        eg_suite_complete(take[i], outcome, message);
}

__attribute__((format(printf, 3, 4))) static inline void
eg_suite_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (level >= EG_LOG_WARNING) {
        fprintf(stderr, "sink suite: %s says: ", host->sink_name);
        vfprintf(stderr, format, args);
        fputc('\n', stderr);
    }
    va_end(args);
}

static const struct eg_sink_host eg_suite_host = {
    .sink_name = "suite",
    .complete = eg_suite_complete,
    .complete_all = eg_suite_complete_all,
    .log = eg_suite_log,
    .monotonic_ms = eg_suite_monotonic_ms,
    .timeout_ms = 10000,
};

/* Events. */

#define EG_SUITE_SPAN(text) ((struct eg_span){(text), sizeof(text) - 1})

static atomic_uint eg_suite_next_event;

static inline void eg_suite_item_init(struct eg_suite_item *item)
{
    unsigned number = atomic_fetch_add(&eg_suite_next_event, 1);
    memset(item, 0, sizeof(*item));
    snprintf(item->id, sizeof(item->id), "suite-%ld-%u", (long)time(NULL), number);
    snprintf(item->payload, sizeof(item->payload),
             "{\"number\":%u,\n\t\"text\":\"\\\"\\n \xC3\xA9 \\u0000\"}", number);
    memcpy(item->payload_before, item->payload, sizeof(item->payload));
    item->attributes[0] =
        (struct eg_event_attribute){EG_SUITE_SPAN("source"), EG_SUITE_SPAN("/suite?a=\"b\"&c='d'")};
    item->attributes[1] =
        (struct eg_event_attribute){EG_SUITE_SPAN("type"), EG_SUITE_SPAN("line\x0A"
                                                                         "break")};
    item->event = (struct eg_event){
        .id = {item->id, strlen(item->id)},
        .topic = EG_SUITE_SPAN("suite.events"),
        .key = number % 2 ? EG_SUITE_SPAN("key \xC3\xA9\\\"';--") : (struct eg_span){"", 0},
        .payload = {item->payload, strlen(item->payload)},
        .subject = EG_SUITE_SPAN("sub\x01ject\x7F, \"quoted\""),
        .correlation_id = EG_SUITE_SPAN("c0ffee"),
        .traceparent = EG_SUITE_SPAN("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        .tracestate = number % 3 ? EG_SUITE_SPAN("vendor=1") : (struct eg_span){"", 0},
        .attributes = number % 2 ? item->attributes : NULL,
        .attribute_count = number % 2 ? 2 : 0,
        .received_us = (int64_t)time(NULL) * 1000000,
    };
    item->before = item->event;
    item->delivery.event = &item->event;
    item->delivery.attempt = 1;
    item->delivery.deadline_ms = eg_suite_monotonic_ms() + eg_suite_timeout_ms();
}

static inline struct eg_suite_item *eg_suite_items_new(size_t count)
{
    struct eg_suite_item *items = calloc(count, sizeof(*items));
    if (!items)
        abort();
    for (size_t i = 0; i < count; i++)
        eg_suite_item_init(&items[i]);
    return items;
}

static inline void eg_suite_check_unchanged(struct eg_suite_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&items[i].before, &items[i].event, sizeof(items[i].before)) != 0)
            eg_suite_fail("the event view of %s was changed", items[i].id);
        if (memcmp(items[i].payload_before, items[i].payload, sizeof(items[i].payload)) != 0)
            eg_suite_fail("the payload of %s was changed", items[i].id);
    }
}

/* Rounds: submit, wait until each was completed, look at what became of it. */

static inline void eg_suite_begin(const char *check)
{
    eg_suite_state.check = check;
    pthread_mutex_lock(&eg_suite_state.lock);
    eg_suite_state.completed = 0;
    pthread_mutex_unlock(&eg_suite_state.lock);
}

/* False: some are missing; then the items must stay, the sink may still use them. */
static inline bool eg_suite_await(size_t count)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(eg_suite_timeout_ms() / 1000) + 1;
    pthread_mutex_lock(&eg_suite_state.lock);
    int failure = 0;
    while (eg_suite_state.completed < count && failure == 0)
        failure = pthread_cond_timedwait(&eg_suite_state.changed, &eg_suite_state.lock, &until);
    size_t completed = eg_suite_state.completed;
    pthread_mutex_unlock(&eg_suite_state.lock);
    if (completed < count)
        eg_suite_fail("%zu of %zu deliveries were not completed in time", count - completed, count);
    return completed >= count;
}

static inline void eg_suite_submit(struct eg_sink *sink, void *worker, struct eg_suite_item *items,
                                   size_t count)
{
    struct eg_delivery **batch = calloc(count, sizeof(struct eg_delivery *));
    if (!batch)
        abort();
    for (size_t i = 0; i < count; i++)
        batch[i] = &items[i].delivery;
    eg_suite_state.suite->type->submit(sink, worker, batch, count);
    free(batch); /* the array is the host's: it may be gone when submit has returned */
}

static inline void eg_suite_round(struct eg_sink *sink, void *worker, size_t count)
{
    struct eg_suite_item *items = eg_suite_items_new(count);
    eg_suite_submit(sink, worker, items, count);
    if (!eg_suite_await(count))
        return;
    eg_suite_check_unchanged(items, count);
    free(items);
}

static inline struct eg_sink *eg_suite_create(void)
{
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    if (eg_suite_state.suite->type->create(&eg_suite_host, eg_suite_state.suite->config, &sink,
                                           &err) == 0)
        return sink;
    eg_suite_fail("create: %s", err.message);
    return NULL;
}

static inline struct eg_sink *eg_suite_started(void)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    struct eg_error err = {.message = ""};
    struct eg_sink *sink = eg_suite_create();
    if (!sink || !type->start || type->start(sink, &err) == 0)
        return sink;
    eg_suite_fail("start: %s", err.message);
    type->destroy(sink);
    return NULL;
}

static inline bool eg_suite_worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    struct eg_error err = {.message = ""};
    *ret_worker = NULL;
    if (!type->worker_begin || (type->flags & EG_SINK_INLINE) ||
        type->worker_begin(sink, index, ret_worker, &err) == 0)
        return true;
    eg_suite_fail("worker_begin: %s", err.message);
    return false;
}

static inline void eg_suite_worker_end(struct eg_sink *sink, void *worker)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    if (type->worker_end && !(type->flags & EG_SINK_INLINE))
        type->worker_end(sink, worker);
}

static inline void eg_suite_finish(struct eg_sink *sink)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    if (type->drain)
        type->drain(sink, eg_suite_monotonic_ms() + eg_suite_timeout_ms());
    type->destroy(sink);
}

/* The checks. */

static inline void eg_suite_check_type(void)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    eg_suite_begin("type");
    if (type->abi != EG_SINK_ABI)
        eg_suite_fail("abi is %u, the headers say %u", (unsigned)type->abi, EG_SINK_ABI);
    if (!type->name || !*type->name || !type->help || !*type->help)
        eg_suite_fail("name and help must be set");
    if (!type->config || !type->create || !type->submit || !type->destroy)
        eg_suite_fail("config, create, submit and destroy must be set");
    if (type->max_batch_events == 0 || type->max_batch_bytes == 0)
        eg_suite_fail("the batch limits must not be 0");
    if (!(type->flags & EG_SINK_INLINE) &&
        (type->default_workers == 0 || type->default_workers > type->max_workers))
        eg_suite_fail("default_workers must be between 1 and max_workers");
}

static inline void eg_suite_check_destroy(void)
{
    eg_suite_begin("destroy NULL");
    eg_suite_state.suite->type->destroy(NULL);
    eg_suite_begin("destroy before start");
    struct eg_sink *sink = eg_suite_create();
    if (sink)
        eg_suite_state.suite->type->destroy(sink);
    eg_suite_begin("destroy after start");
    sink = eg_suite_started();
    if (sink)
        eg_suite_finish(sink);
}

static inline void eg_suite_check_batches(void)
{
    eg_suite_begin("batches");
    struct eg_sink *sink = eg_suite_started();
    void *worker;
    if (!sink)
        return;
    if (eg_suite_worker_begin(sink, 0, &worker)) {
        size_t most = eg_suite_state.suite->type->max_batch_events;
        size_t largest = most < 1000 ? most : 1000;
        const char *const names[] = {"a batch of one", "a small batch", "the largest batch",
                                     "one more after the largest"};
        const size_t sizes[] = {1, largest < 7 ? largest : 7, largest, 1};
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            eg_suite_begin(names[i]);
            eg_suite_round(sink, worker, sizes[i]);
        }
        eg_suite_worker_end(sink, worker);
    }
    eg_suite_finish(sink);
}

static inline void eg_suite_check_probe(void)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    eg_suite_begin("probe");
    struct eg_sink *sink = type->probe ? eg_suite_started() : NULL;
    if (!sink)
        return;
    struct eg_error err = {.message = ""};
    if (type->probe(sink, &err) != 0 && !eg_suite_state.suite->may_fail)
        eg_suite_fail("the server is there, but: %s", err.message);
    eg_suite_finish(sink);
}

/* What drain leaves behind must be completed, without anybody waiting before it. */
static inline void eg_suite_check_drain(void)
{
    eg_suite_begin("drain");
    struct eg_sink *sink = eg_suite_started();
    void *worker;
    if (!sink)
        return;
    size_t most = eg_suite_state.suite->type->max_batch_events;
    size_t count = most < 20 ? most : 20;
    struct eg_suite_item *items = eg_suite_items_new(count);
    if (eg_suite_worker_begin(sink, 0, &worker)) {
        eg_suite_submit(sink, worker, items, count);
        eg_suite_worker_end(sink, worker);
        eg_suite_finish(sink);
        pthread_mutex_lock(&eg_suite_state.lock);
        size_t completed = eg_suite_state.completed;
        pthread_mutex_unlock(&eg_suite_state.lock);
        if (completed != count)
            eg_suite_fail("%zu of %zu deliveries were left open", count - completed, count);
    } else {
        eg_suite_finish(sink);
    }
    free(items);
}

struct eg_suite_worker {
    struct eg_sink *sink;
    unsigned index;
    struct eg_suite_item *items;
    size_t count;
};

static inline void *eg_suite_worker_main(void *argument)
{
    struct eg_suite_worker *self = argument;
    void *worker;
    if (!eg_suite_worker_begin(self->sink, self->index, &worker))
        return NULL;
    size_t most = eg_suite_state.suite->type->max_batch_events;
    size_t step = most < 5 ? most : 5;
    for (size_t i = 0; i < self->count; i += step)
        eg_suite_submit(self->sink, worker, &self->items[i],
                        self->count - i < step ? self->count - i : step);
    eg_suite_worker_end(self->sink, worker);
    return NULL;
}

static inline void eg_suite_check_workers(void)
{
    const struct eg_sink_type *type = eg_suite_state.suite->type;
    eg_suite_begin("several workers");
    struct eg_sink *sink = eg_suite_started();
    if (!sink)
        return;
    unsigned most = (type->flags & EG_SINK_INLINE) ? 4 : type->max_workers;
    unsigned count = most < EG_SUITE_WORKERS_MAX ? most : EG_SUITE_WORKERS_MAX;
    struct eg_suite_worker workers[EG_SUITE_WORKERS_MAX];
    pthread_t threads[EG_SUITE_WORKERS_MAX];
    for (unsigned i = 0; i < count; i++)
        workers[i] = (struct eg_suite_worker){sink, i, eg_suite_items_new(23), 23};
    for (unsigned i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, eg_suite_worker_main, &workers[i]) != 0)
            abort();
    for (unsigned i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    bool complete = eg_suite_await((size_t)count * 23);
    eg_suite_finish(sink);
    for (unsigned i = 0; complete && i < count; i++) {
        eg_suite_check_unchanged(workers[i].items, workers[i].count);
        free(workers[i].items);
    }
}

static inline void eg_suite_check_received(int64_t before)
{
    const struct eg_sink_suite *suite = eg_suite_state.suite;
    eg_suite_begin("what arrived");
    if (!suite->received)
        return;
    int64_t arrived = suite->received(suite->context) - before;
    int64_t delivered = (int64_t)atomic_load(&eg_suite_state.delivered);
    if (arrived != delivered)
        eg_suite_fail("%lld events were called delivered, %lld arrived", (long long)delivered,
                      (long long)arrived);
}

/* Runs every check; returns the number of failures. */
static inline int eg_sink_suite_run(const struct eg_sink_suite *suite)
{
    eg_suite_state.suite = suite;
    atomic_store(&eg_suite_state.failures, 0);
    atomic_store(&eg_suite_state.delivered, 0);
    pthread_mutex_init(&eg_suite_state.lock, NULL);
    pthread_cond_init(&eg_suite_state.changed, NULL);
    eg_suite_check_type();
    if (atomic_load(&eg_suite_state.failures) == 0) {
        eg_suite_check_destroy();
        int64_t before = suite->received ? suite->received(suite->context) : 0;
        eg_suite_check_batches();
        eg_suite_check_probe();
        eg_suite_check_drain();
        eg_suite_check_workers();
        eg_suite_check_received(before);
    }
    pthread_cond_destroy(&eg_suite_state.changed);
    pthread_mutex_destroy(&eg_suite_state.lock);
    return atomic_load(&eg_suite_state.failures);
}

#endif
