/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event to a Kafka message: topic, key, value, headers.
 *
 * Headers of a CloudEvent are those of the Kafka protocol binding's binary mode
 * (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md).
 * A writer belongs to one thread: the sink's worker.
 */
#ifndef EG_SINKS_KAFKA_MESSAGE_H
#define EG_SINKS_KAFKA_MESSAGE_H

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/event.h"
#include "sinks/kafka/config.h"
#include "sinks/kafka/producer.h"
#include "sinks/kafka/templates.h"
#include "json/document.h"

/* What is used again from message to message. */
struct eg_kafka_writer {
    const struct eg_kafka_config *config;
    struct eg_kafka_templates templates;
    struct eg_kafka_renderer renderer;
    struct eg_json_document document; /* of a value that is written anew */
    struct eg_buffer topic;
    struct eg_buffer key;
    struct eg_buffer value;
    struct eg_buffer name;
    struct eg_buffer header;
};

/* EG_ERR_CONFIG for a template that is none; finish it in both cases. */
int eg_kafka_writer_init(struct eg_kafka_writer *writer, const struct eg_kafka_config *config,
                         struct eg_error *err) EG_MUST_CHECK;
void eg_kafka_writer_fini(struct eg_kafka_writer *writer);

/* Might the event's message have a key? Then its place among others matters. */
bool eg_kafka_writer_gives_key(const struct eg_kafka_writer *writer, const struct eg_event *event);

/* Before the two below. -1 with EG_ERR_INVALID: this event can't be rendered. */
int eg_kafka_writer_open(struct eg_kafka_writer *writer, const struct eg_event *event,
                         struct eg_error *err) EG_MUST_CHECK;

/* The name of the Kafka topic: of the settings or of the event. It lives as the message does. */
int eg_kafka_topic_name(struct eg_kafka_writer *writer, const struct eg_event *event,
                        struct eg_span *ret_name, struct eg_error *err) EG_MUST_CHECK;

/*
 * Fills all but the topic. The spans live until the next message of this writer or the end of the
 * event; the headers are the caller's until they are sent. -1 with EG_ERR_INVALID when a template
 * can't be rendered, or there is nothing to send: an empty value would delete the key in a
 * compacted topic.
 */
int eg_kafka_message_write(struct eg_kafka_writer *writer, const struct eg_event *event,
                           struct eg_kafka_message *ret_message,
                           struct eg_error *err) EG_MUST_CHECK;

#endif
