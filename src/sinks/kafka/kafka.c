/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events into Apache Kafka: answered when every in-sync replica has them.
 *
 * Threads: one worker hands messages to the producer, in the order in which they came, and replaces
 * a producer that has failed for good; the producer's own thread completes what was handed over;
 * the probe runs on the control thread. `lock` guards `producer` between probe and worker, and is
 * held while a broker is asked.
 *
 * Order: events with the same key reach their partition in the order of the queue. librdkafka keeps
 * it through its retries (idempotence), and nothing that it has taken is ever tried again here; see
 * outcome.h for what it has not taken.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "sinks/kafka/config.h"
#include "sinks/kafka/message.h"
#include "sinks/kafka/outcome.h"
#include "sinks/kafka/producer.h"
#include "sinks/registry.h"

#define BATCH_EVENTS     1000
#define ROOM_WAIT_MS     1000 /* how long librdkafka's full queue may stand still */
#define REPLACE_WAIT_MS  1000 /* how long a failed producer's messages may take to end */
#define REPLACE_PAUSE_MS 1000 /* between one replacement and the next */
#define PROBE_MS         2000

struct eg_sink {
    const struct eg_sink_host *host;
    rd_kafka_conf_t *conf;
    struct eg_mutex lock;
    struct eg_kafka_producer *producer; /* NULL: before start, or it could not be replaced */
    int64_t next_replacement_ms;
    struct eg_kafka_writer writer; /* the worker's */
};

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_kafka_producer_destroy(sink->producer);
    if (sink->conf)
        rd_kafka_conf_destroy(sink->conf);
    eg_kafka_writer_fini(&sink->writer);
    eg_mutex_fini(&sink->lock);
    free(sink);
}

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    eg_mutex_init(&sink->lock);
    if (eg_kafka_writer_init(&sink->writer, config, err) != 0 ||
        eg_kafka_config_build(config, host->timeout_ms, &sink->conf, err) != 0) {
        destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

static bool reads_envelope(const struct eg_sink *sink)
{
    return sink->writer.templates.reads_envelope;
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    return eg_kafka_producer_new(sink->host, sink->conf, &sink->producer, err);
}

static void reject(struct eg_sink *sink, struct eg_delivery *delivery, enum eg_outcome outcome,
                   const char *reason)
{
    struct eg_error err;
    (void)eg_error_set(&err, EG_ERR_UNAVAILABLE, EG_KAFKA_FAILURE "%s", reason); /* cuts well */
    sink->host->complete(delivery, outcome, err.message);
}

static enum eg_outcome outcome_refused(const struct eg_sink *sink,
                                       const struct eg_delivery *delivery)
{
    return eg_kafka_outcome_refused(eg_kafka_writer_gives_key(&sink->writer, delivery->event));
}

/* What librdkafka has not taken, for a reason that passes. */
static void refuse_all(struct eg_sink *sink, struct eg_delivery *const *batch, size_t count,
                       const char *reason)
{
    for (size_t i = 0; i < count; i++)
        reject(sink, batch[i], outcome_refused(sink, batch[i]), reason);
}

/* After a fatal error librdkafka takes nothing more. What it still holds ends first, so that no
 * event overtakes an earlier one. */
static int replace_producer(struct eg_sink *sink, struct eg_error *err)
{
    int64_t now_ms = sink->host->monotonic_ms();
    if (now_ms < sink->next_replacement_ms)
        return eg_error_set_retriable(
            err, EG_ERR_UNAVAILABLE, "%s",
            rd_kafka_err2str(sink->producer ? eg_kafka_producer_last_error(sink->producer)
                                            : RD_KAFKA_RESP_ERR__FATAL));
    sink->next_replacement_ms = now_ms + REPLACE_PAUSE_MS;
    if (sink->producer)
        eg_kafka_producer_settle(sink->producer, now_ms + REPLACE_WAIT_MS);
    eg_mutex_lock(&sink->lock);
    eg_kafka_producer_destroy(sink->producer);
    sink->producer = NULL;
    int ret = eg_kafka_producer_new(sink->host, sink->conf, &sink->producer, err);
    eg_mutex_unlock(&sink->lock);
    sink->host->log(
        sink->host, ret == 0 ? EG_LOG_WARNING : EG_LOG_ERROR, "%s%s",
        ret == 0 ? "the producer was replaced" : "no new producer: ", ret == 0 ? "" : err->message);
    return ret;
}

static int ensure_producer(struct eg_sink *sink, struct eg_error *err)
{
    if (sink->producer && !eg_kafka_producer_is_broken(sink->producer))
        return 0;
    return replace_producer(sink, err);
}

/* Sends. Waits while librdkafka's queue is full, as long as it moves: `stalled` says that it did
 * not, and then the rest of the batch does not wait either. */
static rd_kafka_resp_err_t send_patiently(struct eg_sink *sink,
                                          const struct eg_kafka_message *message,
                                          struct eg_delivery *delivery, bool *stalled)
{
    for (;;) {
        uint64_t progress = eg_kafka_producer_progress(sink->producer);
        rd_kafka_resp_err_t code = eg_kafka_producer_send(sink->producer, message, delivery);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || *stalled)
            return code;
        int64_t until_ms = sink->host->monotonic_ms() + ROOM_WAIT_MS;
        if (until_ms > delivery->deadline_ms)
            until_ms = delivery->deadline_ms;
        *stalled = !eg_kafka_producer_await_room(sink->producer, progress, until_ms);
    }
}

static void complete_unsent(struct eg_sink *sink, struct eg_delivery *delivery,
                            rd_kafka_resp_err_t code)
{
    char text[EG_ERROR_MESSAGE_BYTES];
    bool passes = code == RD_KAFKA_RESP_ERR__QUEUE_FULL || code == RD_KAFKA_RESP_ERR__FATAL;
    eg_kafka_outcome_describe(code, RD_KAFKA_RESP_ERR_NO_ERROR, RD_KAFKA_MSG_STATUS_NOT_PERSISTED,
                              text);
    sink->host->complete(delivery,
                         passes ? outcome_refused(sink, delivery) : eg_kafka_outcome(code), text);
}

static void send_one(struct eg_sink *sink, struct eg_delivery *delivery, bool *stalled)
{
    struct eg_error err;
    struct eg_kafka_message message;
    struct eg_span name;
    if (eg_kafka_writer_open(&sink->writer, delivery->event, &err) != 0 ||
        eg_kafka_topic_name(&sink->writer, delivery->event, &name, &err) != 0) {
        reject(sink, delivery, EG_REJECTED, err.message);
        return;
    }
    rd_kafka_topic_t *topic = eg_kafka_producer_topic(sink->producer, name);
    if (!topic) {
        reject(sink, delivery, EG_REJECTED, "Kafka cannot have a topic of this name");
        return;
    }
    if (eg_kafka_message_write(&sink->writer, delivery->event, &message, &err) != 0) {
        reject(sink, delivery, EG_REJECTED, err.message);
        return;
    }
    message.topic = topic;
    rd_kafka_resp_err_t code = send_patiently(sink, &message, delivery, stalled);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return;
    if (message.headers)
        rd_kafka_headers_destroy(message.headers);
    complete_unsent(sink, delivery, code);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    struct eg_error err;
    (void)worker;
    if (ensure_producer(sink, &err) != 0) {
        refuse_all(sink, batch, count, err.message);
        return;
    }
    bool stalled = false;
    for (size_t i = 0; i < count; i++)
        send_one(sink, batch[i], &stalled);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    eg_mutex_lock(&sink->lock);
    int ret = sink->producer
                  ? eg_kafka_producer_check(sink->producer, PROBE_MS, err)
                  : eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "there is no producer");
    eg_mutex_unlock(&sink->lock);
    return ret;
}

static void drain(struct eg_sink *sink, int64_t deadline_ms)
{
    if (sink->producer)
        eg_kafka_producer_settle(sink->producer, deadline_ms);
}

const struct eg_sink_type eg_sink_kafka = {
    .abi = EG_SINK_ABI,
    .name = "kafka",
    .help = "Sends events to Apache Kafka; answers when every in-sync replica has them.",
    .config = &eg_kafka_config_table,
    .default_workers = 1,
    .max_workers = 1, /* a second one would break the order of keys, and is not needed */
    .max_batch_events = BATCH_EVENTS,
    .max_batch_bytes = 8u << 20,
    .create = create,
    .reads_envelope = reads_envelope,
    .start = start,
    .submit = submit,
    .probe = probe,
    .drain = drain,
    .destroy = destroy,
};
