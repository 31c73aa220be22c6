/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The value is the event's payload itself, unless it has to look as Python would have written it.
 * What templates make lies in the buffers of the writer until its next message.
 */
#include "sinks/kafka/message.h"

#include <stdint.h>

#include "base/error.h"
#include "base/span.h"
#include "text/python_json.h"

#define HEADERS_EXPECTED 8

int eg_kafka_writer_init(struct eg_kafka_writer *writer, const struct eg_kafka_config *config,
                         struct eg_error *err)
{
    *writer = (struct eg_kafka_writer){.config = config};
    eg_json_document_init(&writer->document);
    eg_json_document_init(&writer->renderer.envelope);
    return eg_kafka_templates_init(&writer->templates, config, err);
}

void eg_kafka_writer_fini(struct eg_kafka_writer *writer)
{
    eg_kafka_templates_fini(&writer->templates);
    eg_json_document_fini(&writer->renderer.envelope);
    eg_json_document_fini(&writer->document);
    eg_buffer_fini(&writer->header);
    eg_buffer_fini(&writer->name);
    eg_buffer_fini(&writer->value);
    eg_buffer_fini(&writer->key);
    eg_buffer_fini(&writer->topic);
}

bool eg_kafka_writer_gives_key(const struct eg_kafka_writer *writer, const struct eg_event *event)
{
    return writer->templates.key || event->key.len > 0;
}

int eg_kafka_writer_open(struct eg_kafka_writer *writer, const struct eg_event *event,
                         struct eg_error *err)
{
    return eg_kafka_renderer_open(&writer->renderer, &writer->templates, event, err);
}

int eg_kafka_topic_name(struct eg_kafka_writer *writer, const struct eg_event *event,
                        struct eg_span *ret_name, struct eg_error *err)
{
    const struct eg_string_map *topics = &writer->config->topics;
    for (size_t i = 0; i < topics->count; i++) {
        if (!eg_span_is(event->topic, topics->entries[i].name))
            continue;
        *ret_name = eg_span_text(topics->entries[i].value);
        return 0;
    }
    *ret_name = event->topic;
    if (!writer->templates.topic)
        return 0;
    return eg_kafka_renderer_render(&writer->renderer, writer->templates.topic, "topic",
                                    &writer->topic, ret_name, err);
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

static void add_known_headers(struct eg_kafka_writer *writer, const struct eg_event *event,
                              rd_kafka_headers_t *headers)
{
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
}

static int add_extra_headers(struct eg_kafka_writer *writer, rd_kafka_headers_t *headers,
                             struct eg_error *err)
{
    for (size_t i = 0; i < writer->templates.header_count; i++) {
        const struct eg_kafka_header *header = &writer->templates.headers[i];
        struct eg_span value;
        if (!header->value)
            continue;
        if (eg_kafka_renderer_render(&writer->renderer, header->value, header->name.ptr,
                                     &writer->header, &value, err) != 0)
            return -1;
        add_header(headers, header->name, value);
    }
    return 0;
}

/* NULL in *ret_headers: the message has none. */
static int make_headers(struct eg_kafka_writer *writer, const struct eg_event *event,
                        rd_kafka_headers_t **ret_headers, struct eg_error *err)
{
    *ret_headers = NULL;
    if (!writer->config->headers && writer->templates.header_count == 0)
        return 0;
    rd_kafka_headers_t *headers = rd_kafka_headers_new(HEADERS_EXPECTED);
    if (writer->config->headers)
        add_known_headers(writer, event, headers);
    if (add_extra_headers(writer, headers, err) != 0) {
        rd_kafka_headers_destroy(headers);
        return -1;
    }
    *ret_headers = headers;
    return 0;
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
    const bool python = writer->config->value_format == EG_KAFKA_VALUE_PYTHON_JSON;
    struct eg_kafka_message message = {.key = event->key, .value = event->payload};
    if (event->payload.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "the event is empty, which would be a tombstone");
    if (python && write_python_json(writer, event->payload, err) != 0)
        return -1;
    if (python)
        message.value = eg_buffer_span(&writer->value);
    if (writer->templates.key &&
        eg_kafka_renderer_render(&writer->renderer, writer->templates.key, "key", &writer->key,
                                 &message.key, err) != 0)
        return -1;
    if (make_headers(writer, event, &message.headers, err) != 0)
        return -1;
    *ret_message = message;
    return 0;
}
