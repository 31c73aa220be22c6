/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and invariants: `in_flight` counts deliveries between send and the end of their complete;
 * librdkafka reports every message exactly once, so it comes to zero. `lock` guards `progress` and
 * is a leaf. The list of topics belongs to the thread that sends.
 */
#include "sinks/kafka/producer.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "config/index.h"
#include "sinks/kafka/outcome.h"
#include "work/pool.h"

#define REPORTS        256  /* looked at together */
#define IDLE_MS        1000 /* the longest sleep: only a stop that was not heard waits for it */
#define GIVE_UP_MS     2000 /* how long reports may take after everything was given up */
#define REASON_BYTES   256
#define SYSLOG_ERROR   3
#define SYSLOG_WARNING 4
#define SYSLOG_INFO    6

struct topic {
    char *name;
    rd_kafka_topic_t *handle;
};

struct eg_kafka_producer {
    const struct eg_sink_host *host;
    rd_kafka_t *handle;
    rd_kafka_queue_t *events;
    struct eg_pool poller;
    atomic_bool stopping;
    atomic_bool broken;
    atomic_int last_error; /* rd_kafka_resp_err_t of a connection; none since the last delivery */
    atomic_size_t in_flight;
    struct eg_mutex lock;
    struct eg_cond progressed;
    uint64_t progress;
    struct topic *topics;
    size_t topic_count;
    struct eg_config_index topic_index; /* name to place */
};

static void note_progress(struct eg_kafka_producer *producer)
{
    eg_mutex_lock(&producer->lock);
    producer->progress++;
    eg_cond_broadcast(&producer->progressed);
    eg_mutex_unlock(&producer->lock);
}

static void complete_failed(struct eg_kafka_producer *producer, const rd_kafka_message_t *report)
{
    char text[EG_ERROR_MESSAGE_BYTES];
    eg_kafka_outcome_describe(report->err, eg_kafka_producer_last_error(producer),
                              rd_kafka_message_status(report), text);
    producer->host->complete(report->_private, eg_kafka_outcome(report->err), text);
}

static void complete_reported(struct eg_kafka_producer *producer,
                              const rd_kafka_message_t **reports, size_t count)
{
    struct eg_delivery *delivered[REPORTS];
    size_t delivered_count = 0;
    for (size_t i = 0; i < count; i++)
        if (reports[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            delivered[delivered_count++] = reports[i]->_private;
        else
            complete_failed(producer, reports[i]);
    if (delivered_count > 0)
        atomic_store_explicit(&producer->last_error, 0, memory_order_relaxed);
    producer->host->complete_all(delivered, delivered_count, EG_DELIVERED, NULL);
    (void)atomic_fetch_sub(&producer->in_flight, count);
}

static void on_reports(struct eg_kafka_producer *producer, rd_kafka_event_t *event)
{
    const rd_kafka_message_t *reports[REPORTS];
    size_t count;
    while ((count = rd_kafka_event_message_array(event, reports, REPORTS)) > 0)
        complete_reported(producer, reports, count);
}

static void on_error(struct eg_kafka_producer *producer, rd_kafka_event_t *event)
{
    rd_kafka_resp_err_t code = rd_kafka_event_error(event);
    if (rd_kafka_event_error_is_fatal(event)) {
        char reason[REASON_BYTES] = "";
        code = rd_kafka_fatal_error(producer->handle, reason, sizeof(reason));
        atomic_store(&producer->last_error, (int)code);
        producer->host->log(producer->host, EG_LOG_ERROR,
                            "the producer has failed and will be replaced: %s", reason);
        atomic_store(&producer->broken, true);
        return;
    }
    /* That all are down says less than why one is. */
    if (code != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || atomic_load(&producer->last_error) == 0)
        atomic_store(&producer->last_error, (int)code);
}

static void on_log(struct eg_kafka_producer *producer, rd_kafka_event_t *event)
{
    const char *facility = "";
    const char *text = "";
    int syslog_level = SYSLOG_INFO;
    if (rd_kafka_event_log(event, &facility, &text, &syslog_level) != 0)
        return;
    enum eg_log_level level = EG_LOG_DEBUG;
    if (syslog_level <= SYSLOG_WARNING)
        level = EG_LOG_WARNING; /* an error of librdkafka's is one connection's, and tried again */
    else if (syslog_level <= SYSLOG_INFO)
        level = EG_LOG_INFO;
    producer->host->log(producer->host, level, "%s: %s", facility, text);
}

static void on_event(struct eg_kafka_producer *producer, rd_kafka_event_t *event)
{
    switch (rd_kafka_event_type(event)) {
    case RD_KAFKA_EVENT_DR:
        on_reports(producer, event);
        break;
    case RD_KAFKA_EVENT_ERROR:
        on_error(producer, event);
        break;
    case RD_KAFKA_EVENT_LOG:
        on_log(producer, event);
        break;
    default: /* nothing else was asked for */
        break;
    }
}

static void poll_events(void *context, unsigned index)
{
    struct eg_kafka_producer *producer = context;
    (void)index;
    while (!atomic_load(&producer->stopping)) {
        rd_kafka_event_t *event = rd_kafka_queue_poll(producer->events, IDLE_MS);
        if (!event)
            continue;
        bool reports = rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR;
        on_event(producer, event);
        rd_kafka_event_destroy(event);
        if (reports)
            note_progress(producer); /* only now is there room for what was reported */
    }
}

static int open_handle(struct eg_kafka_producer *producer, const rd_kafka_conf_t *conf,
                       struct eg_error *err)
{
    char reason[REASON_BYTES] = "";
    rd_kafka_conf_t *copy = rd_kafka_conf_dup(conf);
    producer->handle = rd_kafka_new(RD_KAFKA_PRODUCER, copy, reason, sizeof(reason));
    if (!producer->handle) {
        rd_kafka_conf_destroy(copy); /* it is taken only on success */
        return eg_error_set(err, EG_ERR_CONFIG, "%s", reason);
    }
    producer->events = rd_kafka_queue_get_main(producer->handle);
    (void)rd_kafka_set_log_queue(producer->handle, NULL); /* to the main queue; cannot fail there */
    /* Only does something with OAUTHBEARER, and then cannot fail. */
    rd_kafka_error_destroy(rd_kafka_sasl_background_callbacks_enable(producer->handle));
    return 0;
}

int eg_kafka_producer_new(const struct eg_sink_host *host, const rd_kafka_conf_t *conf,
                          struct eg_kafka_producer **ret_producer, struct eg_error *err)
{
    struct eg_kafka_producer *producer = eg_calloc(1, sizeof(*producer));
    producer->host = host;
    eg_mutex_init(&producer->lock);
    eg_cond_init(&producer->progressed);
    if (open_handle(producer, conf, err) != 0 ||
        eg_pool_start(&producer->poller, "kafka-reports", 1, poll_events, producer, err) != 0) {
        eg_kafka_producer_destroy(producer);
        return -1;
    }
    *ret_producer = producer;
    return 0;
}

static void stop_poller(struct eg_kafka_producer *producer)
{
    atomic_store(&producer->stopping, true);
    if (producer->events)
        rd_kafka_queue_yield(producer->events);
    eg_pool_join(&producer->poller);
}

void eg_kafka_producer_destroy(struct eg_kafka_producer *producer)
{
    if (!producer)
        return;
    if (atomic_load(&producer->in_flight) > 0)
        eg_kafka_producer_settle(producer, 0);
    stop_poller(producer);
    for (size_t i = 0; i < producer->topic_count; i++) {
        rd_kafka_topic_destroy(producer->topics[i].handle);
        free(producer->topics[i].name);
    }
    free(producer->topics);
    eg_config_index_fini(&producer->topic_index);
    if (producer->events)
        rd_kafka_queue_destroy(producer->events);
    if (producer->handle)
        rd_kafka_destroy(producer->handle);
    eg_cond_fini(&producer->progressed);
    eg_mutex_fini(&producer->lock);
    free(producer);
}

static rd_kafka_topic_t *add_topic(struct eg_kafka_producer *producer, struct eg_span name)
{
    if (producer->topic_count == EG_KAFKA_MAX_TOPICS || memchr(name.ptr, '\0', name.len))
        return NULL;
    EG_AUTOFREE char *text = eg_span_dup(name);
    rd_kafka_topic_t *handle = rd_kafka_topic_new(producer->handle, text, NULL);
    if (!handle)
        return NULL;
    producer->topics =
        eg_realloc_array(producer->topics, producer->topic_count + 1, sizeof(producer->topics[0]));
    (void)eg_config_index_add(&producer->topic_index, eg_span_of(text, name.len),
                              producer->topic_count);
    producer->topics[producer->topic_count++] = (struct topic){text, handle};
    text = NULL;
    return handle;
}

rd_kafka_topic_t *eg_kafka_producer_topic(struct eg_kafka_producer *producer, struct eg_span name)
{
    size_t at = eg_config_index_find(&producer->topic_index, name);
    if (at != EG_CONFIG_INDEX_NONE)
        return producer->topics[at].handle;
    return add_topic(producer, name);
}

rd_kafka_resp_err_t eg_kafka_producer_send(struct eg_kafka_producer *producer,
                                           const struct eg_kafka_message *message,
                                           struct eg_delivery *delivery)
{
    const struct eg_span *value = &message->value;
    const struct eg_span *key = &message->key;
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_RKT, .u.rkt = message->topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = delivery},
        /* librdkafka reads only: its pointers are void * for callers that give memory away */
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)(uintptr_t)value->ptr, value->len}},
        {.vtype = RD_KAFKA_VTYPE_KEY,
         .u.mem = {key->len ? (void *)(uintptr_t)key->ptr : NULL, key->len}},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = message->headers},
    };
    size_t count = EG_ARRAY_COUNT(parts) - (message->headers ? 0 : 1);
    (void)atomic_fetch_add(&producer->in_flight, 1); /* before: the report may be faster */
    rd_kafka_error_t *error = rd_kafka_produceva(producer->handle, parts, count);
    if (!error)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    (void)atomic_fetch_sub(&producer->in_flight, 1);
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    if (code == RD_KAFKA_RESP_ERR__FATAL)
        atomic_store(&producer->broken, true);
    return code;
}

uint64_t eg_kafka_producer_progress(struct eg_kafka_producer *producer)
{
    eg_mutex_lock(&producer->lock);
    uint64_t progress = producer->progress;
    eg_mutex_unlock(&producer->lock);
    return progress;
}

bool eg_kafka_producer_await_room(struct eg_kafka_producer *producer, uint64_t seen,
                                  int64_t until_ms)
{
    bool in_time = true;
    eg_mutex_lock(&producer->lock);
    while (producer->progress == seen && in_time)
        in_time = eg_cond_wait_until(&producer->progressed, &producer->lock, until_ms * 1000);
    bool progressed = producer->progress != seen;
    eg_mutex_unlock(&producer->lock);
    return progressed;
}

rd_kafka_resp_err_t eg_kafka_producer_last_error(const struct eg_kafka_producer *producer)
{
    return (rd_kafka_resp_err_t)atomic_load(&producer->last_error);
}

bool eg_kafka_producer_is_broken(const struct eg_kafka_producer *producer)
{
    return atomic_load(&producer->broken);
}

/* False: the time was up. */
static bool await_reports(struct eg_kafka_producer *producer, int64_t until_ms)
{
    bool in_time = true;
    eg_mutex_lock(&producer->lock);
    while (atomic_load(&producer->in_flight) > 0 && in_time)
        in_time = eg_cond_wait_until(&producer->progressed, &producer->lock, until_ms * 1000);
    eg_mutex_unlock(&producer->lock);
    return atomic_load(&producer->in_flight) == 0;
}

void eg_kafka_producer_settle(struct eg_kafka_producer *producer, int64_t until_ms)
{
    if (await_reports(producer, until_ms))
        return;
    (void)rd_kafka_purge(producer->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    if (!await_reports(producer, eg_clock_monotonic_ms() + GIVE_UP_MS))
        producer->host->log(producer->host, EG_LOG_ERROR, "%zu messages were never reported on",
                            atomic_load(&producer->in_flight));
}

int eg_kafka_producer_check(struct eg_kafka_producer *producer, int timeout_ms,
                            struct eg_error *err)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(producer->handle, 0, NULL, &metadata, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_metadata_destroy(metadata);
        return 0;
    }
    int cause = atomic_load(&producer->last_error);
    return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "no broker answers: %s",
                                  rd_kafka_err2str(cause ? (rd_kafka_resp_err_t)cause : code));
}

rd_kafka_t *eg_kafka_producer_handle(struct eg_kafka_producer *producer)
{
    return producer->handle;
}
