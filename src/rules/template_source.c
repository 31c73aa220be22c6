/* SPDX-License-Identifier: Apache-2.0 */
/* Where values come from: the predefined variables, attributes, and paths into the envelope. */
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "crypto/random.h"
#include "rules/template_program.h"
#include "json/compact.h"

#define HOST_BYTES 256

struct eg_buffer *eg_rules_work_buffer(struct eg_rules_work *work)
{
    struct eg_buffer *buffer = &work->buffers[work->turn++ % 2];
    eg_buffer_clear(buffer);
    return buffer;
}

/* An empty text is nothing. */
static void set_text(struct eg_rules_value *value, struct eg_span text)
{
    if (text.len)
        *value = eg_rules_string(text);
}

static void set_copy(struct eg_rules_work *work, struct eg_rules_value *value, const char *text)
{
    struct eg_buffer *buffer = eg_rules_work_buffer(work);
    eg_buffer_append_text(buffer, text);
    set_text(value, eg_buffer_span(buffer));
}

static void set_time(struct eg_rules_work *work, struct eg_rules_value *value, int64_t wall_us)
{
    char text[EG_CLOCK_ISO_BYTES];
    eg_clock_format_iso(wall_us, text);
    set_copy(work, value, text);
}

/* ---- documents ---- */

static enum eg_rules_value_kind kind_of(enum eg_json_kind kind)
{
    static const enum eg_rules_value_kind kinds[] = {
        [EG_JSON_NULL] = EG_RULES_NULL,        [EG_JSON_FALSE] = EG_RULES_SCALAR,
        [EG_JSON_TRUE] = EG_RULES_SCALAR,      [EG_JSON_NUMBER] = EG_RULES_SCALAR,
        [EG_JSON_STRING] = EG_RULES_STRING,    [EG_JSON_ARRAY] = EG_RULES_CONTAINER,
        [EG_JSON_OBJECT] = EG_RULES_CONTAINER,
    };
    return kinds[kind];
}

static void set_node(struct eg_rules_work *work, const struct eg_json_document *document,
                     eg_json_index index, struct eg_rules_value *value)
{
    struct eg_span json = eg_json_text(document, index);
    *value = (struct eg_rules_value){kind_of(eg_json_kind(document, index)), json, {NULL, 0}};
    if (value->kind == EG_RULES_STRING) {
        value->text = eg_json_string(document, index);
        value->json = json;
    } else if (value->kind == EG_RULES_CONTAINER) {
        struct eg_buffer *buffer = eg_rules_work_buffer(work);
        eg_json_write_one_line(buffer, json);
        value->text = eg_buffer_span(buffer);
    }
}

struct list_writer {
    const struct eg_json_document *document;
    struct eg_buffer *out;
    bool any;
};

static bool write_element(void *context, eg_json_index index)
{
    struct list_writer *writer = context;
    if (writer->any)
        eg_buffer_append_char(writer->out, ',');
    writer->any = true;
    eg_json_write_one_line(writer->out, eg_json_text(writer->document, index));
    return true;
}

/* A path with a wildcard finds a list. */
static void get_path(struct eg_rules_work *work, const struct eg_json_path *path,
                     struct eg_rules_value *value)
{
    const struct eg_rules_template_input *input = work->input;
    if (!input->document)
        return;
    if (eg_json_path_is_single(path)) {
        eg_json_index found = eg_json_path_first(path, input->document, input->root);
        if (found != EG_JSON_NONE)
            set_node(work, input->document, found, value);
        return;
    }
    struct eg_buffer *buffer = eg_rules_work_buffer(work);
    struct list_writer writer = {input->document, buffer, false};
    eg_buffer_append_char(buffer, '[');
    (void)eg_json_path_each(path, input->document, input->root, write_element, &writer);
    eg_buffer_append_char(buffer, ']');
    *value = (struct eg_rules_value){EG_RULES_CONTAINER, eg_buffer_span(buffer), {NULL, 0}};
}

/* ---- EventBridge's variables ---- */

static void get_rule_arn(struct eg_rules_work *work, struct eg_rules_value *value)
{
    *value = eg_rules_string(work->input->rule_arn);
}

static void get_rule_name(struct eg_rules_work *work, struct eg_rules_value *value)
{
    *value = eg_rules_string(work->input->rule_name);
}

static void get_received(struct eg_rules_work *work, struct eg_rules_value *value)
{
    if (work->input->event)
        set_time(work, value, work->input->event->received_us);
}

static void get_ingestion_time(struct eg_rules_work *work, struct eg_rules_value *value)
{
    if (work->input->ingestion_time.len)
        *value = eg_rules_string(work->input->ingestion_time);
    else
        get_received(work, value);
}

/* The event without its detail. */
static void get_event(struct eg_rules_work *work, struct eg_rules_value *value)
{
    const struct eg_json_document *document = work->input->document;
    const eg_json_index root = work->input->root;
    if (!document || eg_json_kind(document, root) != EG_JSON_OBJECT)
        return;
    struct eg_buffer *out = eg_rules_work_buffer(work);
    eg_json_index end = eg_json_next(document, root);
    bool any = false;
    eg_buffer_append_char(out, '{');
    for (eg_json_index at = root + 1; at < end; at = eg_json_next(document, at + 1)) {
        if (eg_span_is(eg_json_string(document, at), "detail"))
            continue;
        if (any)
            eg_buffer_append_char(out, ',');
        any = true;
        eg_buffer_append_span(out, eg_json_text(document, at));
        eg_buffer_append_char(out, ':');
        eg_json_write_one_line(out, eg_json_text(document, at + 1));
    }
    eg_buffer_append_char(out, '}');
    *value = (struct eg_rules_value){EG_RULES_CONTAINER, eg_buffer_span(out), {NULL, 0}};
}

static void get_event_json(struct eg_rules_work *work, struct eg_rules_value *value)
{
    if (work->input->document)
        set_node(work, work->input->document, work->input->root, value);
}

/* ---- ours ---- */

#define EVENT_TEXT(member)                                                             \
    static void get_##member(struct eg_rules_work *work, struct eg_rules_value *value) \
    {                                                                                  \
        if (work->input->event)                                                        \
            set_text(value, work->input->event->member);                               \
    }
EVENT_TEXT(id)
EVENT_TEXT(topic)
EVENT_TEXT(key)
EVENT_TEXT(subject)
EVENT_TEXT(correlation_id)
EVENT_TEXT(traceparent)
EVENT_TEXT(tracestate)
#undef EVENT_TEXT

#define FAILURE_TEXT(member)                                                                   \
    static void get_failure_##member(struct eg_rules_work *work, struct eg_rules_value *value) \
    {                                                                                          \
        if (work->input->event && work->input->event->failure)                                 \
            set_text(value, work->input->event->failure->member);                              \
    }
FAILURE_TEXT(rule_arn)
FAILURE_TEXT(target_arn)
FAILURE_TEXT(error_code)
FAILURE_TEXT(error_message)
FAILURE_TEXT(exhausted_retry_condition)
#undef FAILURE_TEXT

static void get_failure_retry_attempts(struct eg_rules_work *work, struct eg_rules_value *value)
{
    if (!work->input->event || !work->input->event->failure)
        return;
    struct eg_buffer *buffer = eg_rules_work_buffer(work);
    eg_buffer_printf(buffer, "%u", work->input->event->failure->retry_attempts);
    *value = (struct eg_rules_value){EG_RULES_SCALAR, eg_buffer_span(buffer), {NULL, 0}};
}

/*
 * The bytes as they are for text. In JSON they are embedded when they are JSON, which is looked at:
 * what a target makes of an event need not be.
 */
static void get_payload(struct eg_rules_work *work, struct eg_rules_value *value)
{
    if (!work->input->event)
        return;
    struct eg_span payload = work->input->event->payload;
    *value = eg_rules_string(payload);
    if (!work->is_json)
        return;
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = payload.len;
    limits.max_members = EG_JSON_MAX_COUNT;
    limits.allow_duplicate_keys = true;
    struct eg_json_document document;
    struct eg_error ignored;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, payload, &limits, &ignored) == 0) {
        struct eg_buffer *buffer = eg_rules_work_buffer(work);
        enum eg_rules_value_kind kind = kind_of(eg_json_kind(&document, 0));
        if (kind == EG_RULES_STRING)
            eg_buffer_append_span(buffer, eg_json_string(&document, 0));
        else
            eg_json_write_one_line(buffer, eg_json_text(&document, 0));
        *value = (struct eg_rules_value){kind, eg_buffer_span(buffer), {NULL, 0}};
    }
    eg_json_document_fini(&document);
}

static void get_now(struct eg_rules_work *work, struct eg_rules_value *value)
{
    set_time(work, value, work->input->now_us ? work->input->now_us : eg_clock_wall_us());
}

static void get_uuid(struct eg_rules_work *work, struct eg_rules_value *value)
{
    char text[EG_CRYPTO_UUID_BYTES];
    eg_crypto_uuid_v4(text);
    set_copy(work, value, text);
}

static void get_hostname(struct eg_rules_work *work, struct eg_rules_value *value)
{
    char name[HOST_BYTES];
    if (gethostname(name, sizeof(name)) != 0)
        return;
    name[sizeof(name) - 1] = '\0';
    set_copy(work, value, name);
}

static const struct eg_rules_variable variables[] = {
    {"aws.events.rule-arn", false, false, get_rule_arn},
    {"aws.events.rule-name", false, false, get_rule_name},
    {"aws.events.event.ingestion-time", false, false, get_ingestion_time},
    {"aws.events.event", true, true, get_event},
    {"aws.events.event.json", true, true, get_event_json},
    {"eventgate.id", false, false, get_id},
    {"eventgate.topic", false, false, get_topic},
    {"eventgate.key", false, false, get_key},
    {"eventgate.subject", false, false, get_subject},
    {"eventgate.correlation-id", false, false, get_correlation_id},
    {"eventgate.traceparent", false, false, get_traceparent},
    {"eventgate.tracestate", false, false, get_tracestate},
    {"eventgate.payload", false, false, get_payload},
    {"eventgate.received", false, false, get_received},
    {"eventgate.now", false, false, get_now},
    {"eventgate.uuid", false, false, get_uuid},
    {"eventgate.hostname", false, false, get_hostname},
    {"eventgate.failure.rule-arn", false, false, get_failure_rule_arn},
    {"eventgate.failure.target-arn", false, false, get_failure_target_arn},
    {"eventgate.failure.error-code", false, false, get_failure_error_code},
    {"eventgate.failure.error-message", false, false, get_failure_error_message},
    {"eventgate.failure.exhausted-retry-condition", false, false,
     get_failure_exhausted_retry_condition},
    {"eventgate.failure.retry-attempts", false, false, get_failure_retry_attempts},
};

const struct eg_rules_variable *eg_rules_variable_find(struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(variables); i++)
        if (eg_span_is(name, variables[i].name))
            return &variables[i];
    return NULL;
}

const char *eg_rules_variable_near(struct eg_span name)
{
    const char *names[EG_ARRAY_COUNT(variables)];
    for (size_t i = 0; i < EG_ARRAY_COUNT(variables); i++)
        names[i] = variables[i].name;
    EG_AUTOFREE char *word = eg_span_dup(name);
    return eg_config_nearest(word, names, EG_ARRAY_COUNT(names));
}

static void get_attribute(const struct eg_event *event, struct eg_span name,
                          struct eg_rules_value *value)
{
    for (size_t i = 0; event && i < event->attribute_count; i++) {
        if (!eg_span_equal_nocase(event->attributes[i].name, name))
            continue;
        *value = eg_rules_string(event->attributes[i].value);
        return;
    }
}

void eg_rules_source_get(const struct eg_rules_source *source, struct eg_rules_work *work,
                         struct eg_rules_value *ret_value)
{
    *ret_value = (struct eg_rules_value){EG_RULES_NOTHING, EG_SPAN_EMPTY, {NULL, 0}};
    switch (source->kind) {
    case EG_RULES_SOURCE_LITERAL:
        *ret_value = source->literal;
        break;
    case EG_RULES_SOURCE_PATH:
        get_path(work, source->path, ret_value);
        break;
    case EG_RULES_SOURCE_VARIABLE:
        source->variable->get(work, ret_value);
        break;
    case EG_RULES_SOURCE_ATTRIBUTE:
        get_attribute(work->input->event, source->attribute, ret_value);
        break;
    }
}
