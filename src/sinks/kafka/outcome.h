/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What librdkafka's error codes mean for a delivery. No state; any thread.
 *
 * librdkafka retries by itself, in order, until message.timeout.ms; what it reports is final.
 * Another attempt of the pipeline would come after later events of the same key, and may repeat an
 * event that was written after all: so a report never becomes EG_RETRY. Only an event that
 * librdkafka has not taken may be tried again, and only when it has no key.
 */
#ifndef EG_SINKS_KAFKA_OUTCOME_H
#define EG_SINKS_KAFKA_OUTCOME_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#include "eventgate/sink.h"

#define EG_KAFKA_FAILURE "Kafka writer failed: "

/* Of a message that librdkafka had taken, or that it will never take. */
enum eg_outcome eg_kafka_outcome(rd_kafka_resp_err_t code);

/* Of an event that librdkafka has not taken, for a reason that passes. */
enum eg_outcome eg_kafka_outcome_refused(bool has_key);

/*
 * "Kafka writer failed: Local: Message timed out (Local: Broker transport failure)". `cause` is the
 * last error of a connection, or none. `text` has EG_ERROR_MESSAGE_BYTES.
 */
void eg_kafka_outcome_describe(rd_kafka_resp_err_t code, rd_kafka_resp_err_t cause,
                               rd_kafka_msg_status_t status, char *text);

#endif
