/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Kafka cluster inside the test: librdkafka's mock brokers, and a Kafka sink that talks to them
 * with every delivery's outcome kept.
 */
#ifndef EG_TESTS_KAFKA_MOCK_H
#define EG_TESTS_KAFKA_MOCK_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "config/fields.h"
#include "sinks/kafka/config.h"
#include "sinks/registry.h"

/* Kafka's numbers of requests. */
#define API_PRODUCE          0
#define API_INIT_PRODUCER_ID 22

extern const struct eg_sink_type eg_sink_kafka;

struct mock_delivery {
    struct eg_delivery delivery; /* first: complete finds the rest by it */
    struct eg_event event;
    atomic_int completions;
    enum eg_outcome outcome;
    char message[EG_ERROR_MESSAGE_BYTES];
};

struct kafka_mock {
    rd_kafka_t *owner;
    rd_kafka_mock_cluster_t *cluster;
    struct eg_kafka_config config;
    struct eg_sink *sink;
};

static inline void mock_complete(struct eg_delivery *take, enum eg_outcome outcome,
                                 const char *message)
{
    struct mock_delivery *done = (struct mock_delivery *)(void *)take;
    done->outcome = outcome;
    (void)snprintf(done->message, sizeof(done->message), "%s", message ? message : "");
    (void)atomic_fetch_add(&done->completions, 1);
}

static inline void mock_complete_all(struct eg_delivery *const *take, size_t count,
                                     enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < count; i++)
        mock_complete(take[i], outcome, message);
}

static inline void __attribute__((format(printf, 3, 4)))
mock_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    (void)host;
    (void)level;
    (void)format;
}

/* Short, so that a test of what times out does not take the time of a request. */
static const struct eg_sink_host mock_host = {
    .sink_name = "kafka",
    .complete = mock_complete,
    .complete_all = mock_complete_all,
    .log = mock_log,
    .monotonic_ms = eg_clock_monotonic_ms,
    .timeout_ms = 5000,
};

static inline void mock_property(struct kafka_mock *mock, const char *name, const char *value)
{
    struct eg_string_map *map = &mock->config.properties;
    map->entries = eg_realloc_array(map->entries, map->count + 1, sizeof(*map->entries));
    map->entries[map->count++] = (struct eg_string_map_entry){eg_strdup(name), eg_strdup(value)};
}

static inline int mock_setup(void **state)
{
    struct kafka_mock *mock = eg_calloc(1, sizeof(*mock));
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "log_level", "3", reason, sizeof(reason));
    mock->owner = rd_kafka_new(RD_KAFKA_PRODUCER, conf, reason, sizeof(reason));
    mock->cluster = rd_kafka_mock_cluster_new(mock->owner, 3);
    eg_config_fields_default(eg_sink_kafka.config, &mock->config);
    struct eg_string_list *servers = &mock->config.bootstrap_servers;
    servers->items = eg_calloc(1, sizeof(*servers->items));
    servers->items[servers->count++] = eg_strdup(rd_kafka_mock_cluster_bootstraps(mock->cluster));
    *state = mock;
    return 0;
}

static inline int mock_teardown(void **state)
{
    struct kafka_mock *mock = *state;
    eg_sink_kafka.destroy(mock->sink);
    eg_config_fields_fini(eg_sink_kafka.config, &mock->config);
    rd_kafka_mock_cluster_destroy(mock->cluster);
    rd_kafka_destroy(mock->owner);
    free(mock);
    return 0;
}

static inline void mock_start(struct kafka_mock *mock)
{
    struct eg_error err = {.message = ""};
    if (eg_sink_kafka.create(&mock_host, &mock->config, &mock->sink, &err) != 0 ||
        eg_sink_kafka.start(mock->sink, &err) != 0)
        fail_msg("%s", err.message);
}

static inline struct mock_delivery mock_event(const char *key, const char *payload)
{
    struct mock_delivery made = {
        .event = {.id = EG_SPAN_LITERAL("id-1"),
                  .topic = EG_SPAN_LITERAL("things"),
                  .key = eg_span_text(key),
                  .payload = eg_span_text(payload),
                  .subject = EG_SPAN_LITERAL("me"),
                  .correlation_id = EG_SPAN_LITERAL("corr"),
                  .traceparent = EG_SPAN_LITERAL("00-trace-01")},
        .delivery = {.attempt = 1, .deadline_ms = eg_clock_monotonic_ms() + 5000},
    };
    return made;
}

static inline void mock_submit(struct kafka_mock *mock, struct mock_delivery *made, size_t count)
{
    struct eg_delivery **batch = eg_calloc(count, sizeof(struct eg_delivery *));
    for (size_t i = 0; i < count; i++) {
        made[i].delivery.event = &made[i].event;
        batch[i] = &made[i].delivery;
    }
    eg_sink_kafka.submit(mock->sink, NULL, batch, count);
    free(batch);
}

static inline void mock_await(struct mock_delivery *made, size_t count)
{
    int64_t until_ms = eg_clock_monotonic_ms() + 20000;
    for (size_t i = 0; i < count; i++) {
        while (atomic_load(&made[i].completions) == 0 && eg_clock_monotonic_ms() < until_ms)
            (void)nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
        assert_int_equal(atomic_load(&made[i].completions), 1);
    }
}

static inline enum eg_outcome mock_send(struct kafka_mock *mock, struct mock_delivery *made)
{
    mock_submit(mock, made, 1);
    mock_await(made, 1);
    return made->outcome;
}

#endif
