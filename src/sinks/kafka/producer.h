/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One idempotent librdkafka producer and the thread that hears its reports.
 *
 * The thread sleeps in librdkafka's event queue and wakes with the report itself, so that the time
 * of a delivery is the broker's and not a polling interval. It completes deliveries; send() hands
 * them over, and from then on each is completed by its report and by nothing else.
 *
 * Threads: new, settle and destroy on one thread at a time while nobody sends; send, topic and
 * await_room on the sink's worker; check on the control thread; the rest on any.
 */
#ifndef EG_SINKS_KAFKA_PRODUCER_H
#define EG_SINKS_KAFKA_PRODUCER_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "eventgate/span.h"

struct eg_kafka_producer;

/* A message on its way; borrowed by send, which copies what it needs. */
struct eg_kafka_message {
    rd_kafka_topic_t *topic;
    struct eg_span key; /* len 0: none */
    struct eg_span value;
    rd_kafka_headers_t *headers; /* send takes them when it succeeds; NULL: none */
};

/* Begins to connect in the background. `conf` is copied. EG_ERR_CONFIG when the properties do not
 * go together, or a key or certificate cannot be read. */
int eg_kafka_producer_new(const struct eg_sink_host *host, const rd_kafka_conf_t *conf,
                          struct eg_kafka_producer **ret_producer,
                          struct eg_error *err) EG_MUST_CHECK;

/* Whoever has not settled it before loses nothing: it does. NULL is fine. */
void eg_kafka_producer_destroy(struct eg_kafka_producer *producer);

#define EG_KAFKA_MAX_TOPICS 5000u /* of one producer: names may come from events */

/* The handle of a topic; lives as long as the producer. NULL: no topic can have this name, or the
 * producer knows EG_KAFKA_MAX_TOPICS others. */
rd_kafka_topic_t *eg_kafka_producer_topic(struct eg_kafka_producer *producer, struct eg_span name);

/*
 * Hands a message over. NO_ERROR: the delivery will be completed by its report. Otherwise nothing
 * happened, and the delivery and the headers stay with the caller.
 */
rd_kafka_resp_err_t eg_kafka_producer_send(struct eg_kafka_producer *producer,
                                           const struct eg_kafka_message *message,
                                           struct eg_delivery *delivery) EG_MUST_CHECK;

/* How many times reports have come. Read it before a send that may find the queue full. */
uint64_t eg_kafka_producer_progress(struct eg_kafka_producer *producer);

/* Waits until there is more progress than `seen`. False: the time was up. */
bool eg_kafka_producer_await_room(struct eg_kafka_producer *producer, uint64_t seen,
                                  int64_t until_ms);

/* Why the last connection, or the producer itself, failed; none since the last delivery. */
rd_kafka_resp_err_t eg_kafka_producer_last_error(const struct eg_kafka_producer *producer);

/* True when the producer can only be replaced (rd_kafka_fatal_error). */
bool eg_kafka_producer_is_broken(const struct eg_kafka_producer *producer);

/* Waits until every delivery is completed, at most until the time; then gives the rest up, which
 * completes them as failed. */
void eg_kafka_producer_settle(struct eg_kafka_producer *producer, int64_t until_ms);

/* Asks any broker for its metadata, which also makes known what topics were created meanwhile. */
int eg_kafka_producer_check(struct eg_kafka_producer *producer, int timeout_ms,
                            struct eg_error *err);

rd_kafka_t *eg_kafka_producer_handle(struct eg_kafka_producer *producer); /* for tests */

#endif
