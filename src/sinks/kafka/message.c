/* SPDX-License-Identifier: Apache-2.0 */
/* The value is the event's payload itself, unless it has to look as Python would have written it.
 */
#include "sinks/kafka/message.h"

#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "text/python_json.h"

#define HEADERS_EXPECTED 8

void eg_kafka_writer_init(struct eg_kafka_writer *writer, const struct eg_kafka_config *config)
{
    writer->config = config;
    writer->value = EG_BUFFER_INIT;
    writer->name = EG_BUFFER_INIT;
    eg_json_document_init(&writer->document);
}

void eg_kafka_writer_fini(struct eg_kafka_writer *writer)
{
    eg_json_document_fini(&writer->document);
    eg_buffer_fini(&writer->name);
    eg_buffer_fini(&writer->value);
}

struct eg_span eg_kafka_topic_name(const struct eg_kafka_config *config,
                                   const struct eg_event *event)
{
    for (size_t i = 0; i < config->topics.count; i++)
        if (eg_span_is(event->topic, config->topics.entries[i].name))
            return eg_span_text(config->topics.entries[i].value);
    return config->topic ? eg_span_text(config->topic) : event->topic;
}

static void add_header(rd_kafka_headers_t *headers, struct eg_span name, struct eg_span value)
{
    if (value.len > 0) /* fails only without a list */
        (void)rd_kafka_header_add(headers, name.ptr, (ssize_t)name.len, value.ptr,
                                  (ssize_t)value.len);
}

static struct eg_span attribute(const struct eg_event *event, const char *name)
{
    for (size_t i = 0; i < event->attribute_count; i++)
        if (eg_span_is(event->attributes[i].name, name))
            return event->attributes[i].value;
    return EG_SPAN_EMPTY;
}

/* CloudEvents 1.0.2, section 3: a name is lower-case letters and digits. */
static bool is_cloudevent_name(struct eg_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return name.len > 0;
}

static void add_attributes(struct eg_kafka_writer *writer, const struct eg_event *event,
                           bool cloudevent, rd_kafka_headers_t *headers)
{
    for (size_t i = 0; i < event->attribute_count; i++) {
        struct eg_span name = event->attributes[i].name;
        if (cloudevent && eg_span_is(name, "datacontenttype"))
            continue; /* it is the content type */
        eg_buffer_clear(&writer->name);
        eg_buffer_append_text(&writer->name, cloudevent && is_cloudevent_name(name) ? "ce_" : "");
        eg_buffer_append_span(&writer->name, name);
        add_header(headers, eg_buffer_span(&writer->name), event->attributes[i].value);
    }
}

static rd_kafka_headers_t *make_headers(struct eg_kafka_writer *writer,
                                        const struct eg_event *event)
{
    rd_kafka_headers_t *headers = rd_kafka_headers_new(HEADERS_EXPECTED);
    bool cloudevent = attribute(event, "specversion").len > 0;
    struct eg_span content_type = cloudevent ? attribute(event, "datacontenttype") : EG_SPAN_EMPTY;
    if (content_type.len == 0)
        content_type = EG_SPAN_LITERAL("application/json");
    add_header(headers, EG_SPAN_LITERAL("event-id"), event->id);
    add_header(headers, EG_SPAN_LITERAL("correlation-id"), event->correlation_id);
    add_header(headers, EG_SPAN_LITERAL("traceparent"), event->traceparent);
    add_header(headers, EG_SPAN_LITERAL("tracestate"), event->tracestate);
    add_header(headers, EG_SPAN_LITERAL("content-type"), content_type);
    add_attributes(writer, event, cloudevent, headers);
    return headers;
}

/* The event was read within its limits when it came in: here only the format counts. */
static int write_python_json(struct eg_kafka_writer *writer, struct eg_span payload,
                             struct eg_error *err)
{
    static const struct eg_json_limits limits = {
        .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
        .max_depth = EG_JSON_MAX_DEPTH,
        .max_members = EG_JSON_MAX_COUNT,
        .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
        .allow_duplicate_keys = true,
    };
    if (eg_json_document_parse(&writer->document, payload, &limits, err) != 0)
        return -1;
    eg_buffer_clear(&writer->value);
    eg_python_json_dumps(&writer->value, &writer->document, 0);
    return 0;
}

int eg_kafka_message_write(struct eg_kafka_writer *writer, const struct eg_event *event,
                           struct eg_kafka_message *ret_message, struct eg_error *err)
{
    bool python = writer->config->value_format == EG_KAFKA_VALUE_PYTHON_JSON;
    if (event->payload.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "the event is empty, which would be a tombstone");
    if (python && write_python_json(writer, event->payload, err) != 0)
        return -1;
    *ret_message = (struct eg_kafka_message){
        .key = event->key,
        .value = python ? eg_buffer_span(&writer->value) : event->payload,
        .headers = writer->config->headers ? make_headers(writer, event) : NULL,
    };
    return 0;
}
