/* SPDX-License-Identifier: Apache-2.0 */
/* One small function for each type: JSON in, PostgreSQL's text form out, or what is wrong. */
#include "postgres/value.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "json/writer.h"

#define MAX_SHOWN_BYTES 64
#define MAX_EPOCH_MS    INT64_C(253402300799999) /* the end of year 9999 */

/* What a value is bound from and to. */
struct bind {
    const struct eg_postgres_parameter *parameter;
    const struct eg_json_document *document;
    eg_json_index index;
    struct eg_arena *arena;
};

typedef int (*bind_function)(const struct bind *bind, const char **ret_text, struct eg_error *err);

static const char *place_of(const struct eg_postgres_parameter *parameter)
{
    const char *place = parameter->place;
    return place[0] == '/' && place[1] ? place + 1 : place[0] ? place : "element";
}

static int fail_type(const struct bind *bind, const char *expected, struct eg_error *err)
{
    struct eg_span text = eg_json_text(bind->document, bind->index);
    size_t shown = text.len < MAX_SHOWN_BYTES ? text.len : MAX_SHOWN_BYTES;
    while (shown > 0 && shown < text.len && ((unsigned char)text.ptr[shown] & 0xC0) == 0x80)
        shown--; /* not through a character */
    return eg_error_set(err, EG_ERR_INVALID, "'%s' is not %s: %.*s%s", place_of(bind->parameter),
                        expected, (int)shown, text.ptr, shown < text.len ? "..." : "");
}

static const char *keep(const struct bind *bind, struct eg_span text)
{
    return eg_arena_copy(bind->arena, text).ptr;
}

static bool is_kind(const struct bind *bind, enum eg_json_kind kind)
{
    return eg_json_kind(bind->document, bind->index) == kind;
}

/* Strings, and the text form of numbers, true and false. */
static int bind_text(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    if (is_kind(bind, EG_JSON_ARRAY) || is_kind(bind, EG_JSON_OBJECT))
        return fail_type(bind, "a text", err);
    struct eg_span text = is_kind(bind, EG_JSON_STRING)
                              ? eg_json_string(bind->document, bind->index)
                              : eg_json_text(bind->document, bind->index);
    if (memchr(text.ptr, '\0', text.len))
        return eg_error_set(err, EG_ERR_INVALID,
                            "'%s' holds the character U+0000, which no text of a database can",
                            place_of(bind->parameter));
    *ret_text = keep(bind, text);
    return 0;
}

static int bind_boolean(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    if (!is_kind(bind, EG_JSON_TRUE) && !is_kind(bind, EG_JSON_FALSE))
        return fail_type(bind, "true or false", err);
    *ret_text = is_kind(bind, EG_JSON_TRUE) ? "true" : "false";
    return 0;
}

/* A fraction is rounded as PostgreSQL rounds a numeric that goes into an integer column. */
static bool read_integer(const struct bind *bind, int64_t *ret_value)
{
    if (!is_kind(bind, EG_JSON_NUMBER))
        return false;
    if (eg_json_int64(bind->document, bind->index, ret_value))
        return true;
    double value = round(eg_json_double(bind->document, bind->index));
    if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0))
        return false;
    *ret_value = (int64_t)value;
    return true;
}

static int bind_bigint(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    int64_t value;
    if (!read_integer(bind, &value))
        return fail_type(bind, "an integer of 64 bits", err);
    *ret_text = eg_arena_printf(bind->arena, "%lld", (long long)value).ptr;
    return 0;
}

static int bind_integer(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    int64_t value;
    if (!read_integer(bind, &value) || value < INT32_MIN || value > INT32_MAX)
        return fail_type(bind, "an integer of 32 bits", err);
    *ret_text = eg_arena_printf(bind->arena, "%lld", (long long)value).ptr;
    return 0;
}

/* JSON's numbers are PostgreSQL's too; one that is too large for a double is the server's to say.
 */
static int bind_number(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    if (!is_kind(bind, EG_JSON_NUMBER))
        return fail_type(bind, "a number", err);
    *ret_text = keep(bind, eg_json_text(bind->document, bind->index));
    return 0;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* As the server reads one: 32 digits, a hyphen allowed after every fourth, braces around it. */
static bool is_uuid(struct eg_span text)
{
    if (text.len > 2 && text.ptr[0] == '{' && text.ptr[text.len - 1] == '}')
        text = eg_span_of(text.ptr + 1, text.len - 2);
    unsigned digits = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool hyphen = text.ptr[i] == '-' && digits > 0 && digits < 32 && digits % 4 == 0 &&
                      text.ptr[i - 1] != '-';
        if (!hyphen && !is_hex(text.ptr[i]))
            return false;
        digits += hyphen ? 0u : 1u;
    }
    return digits == 32;
}

static int bind_uuid(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    if (!is_kind(bind, EG_JSON_STRING) || !is_uuid(eg_json_string(bind->document, bind->index)))
        return fail_type(bind, "a UUID", err);
    *ret_text = keep(bind, eg_json_string(bind->document, bind->index));
    return 0;
}

/* JSON has it, jsonb has not. */
static bool has_escaped_nul(struct eg_span text)
{
    const char *end = text.ptr + text.len;
    for (const char *at = text.ptr; (at = memchr(at, '\\', (size_t)(end - at))) != NULL; at += 2)
        if (end - at >= 6 && memcmp(at + 1, "u0000", 5) == 0)
            return true;
    return false;
}

static int bind_jsonb(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    struct eg_span text = eg_json_text(bind->document, bind->index);
    if (has_escaped_nul(text))
        return eg_error_set(err, EG_ERR_INVALID,
                            "'%s' holds the character U+0000, which jsonb can't",
                            place_of(bind->parameter));
    *ret_text = keep(bind, text);
    return 0;
}

static const char *format_epoch_ms(struct eg_arena *arena, int64_t epoch_ms)
{
    time_t seconds = (time_t)(epoch_ms / 1000);
    struct tm utc;
    (void)gmtime_r(&seconds, &utc);
    return eg_arena_printf(arena, "%04d-%02d-%02d %02d:%02d:%02d.%03d+00", utc.tm_year + 1900,
                           utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                           (int)(epoch_ms % 1000))
        .ptr;
}

static int bind_epoch_ms(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    int64_t epoch_ms;
    if (!read_integer(bind, &epoch_ms) || epoch_ms < 0 || epoch_ms > MAX_EPOCH_MS)
        return fail_type(bind, "a time in milliseconds since 1970", err);
    *ret_text = format_epoch_ms(bind->arena, epoch_ms);
    return 0;
}

static int bind_timestamp(const struct bind *bind, const char **ret_text, struct eg_error *err)
{
    if (!is_kind(bind, EG_JSON_STRING))
        return fail_type(bind, "a time as text", err);
    return bind_text(bind, ret_text, err);
}

static const struct {
    const char *name;
    unsigned oid;
} types[EG_POSTGRES_TYPE_COUNT] = {
#define X(code, name_, oid_) [EG_POSTGRES_##code] = {.name = (name_), .oid = (oid_)},
    EG_POSTGRES_TYPES(X)
#undef X
};

static const bind_function binders[EG_POSTGRES_TYPE_COUNT] = {
    [EG_POSTGRES_TEXT] = bind_text,           [EG_POSTGRES_BOOLEAN] = bind_boolean,
    [EG_POSTGRES_INTEGER] = bind_integer,     [EG_POSTGRES_BIGINT] = bind_bigint,
    [EG_POSTGRES_DOUBLE] = bind_number,       [EG_POSTGRES_NUMERIC] = bind_number,
    [EG_POSTGRES_UUID] = bind_uuid,           [EG_POSTGRES_JSONB] = bind_jsonb,
    [EG_POSTGRES_TIMESTAMP] = bind_timestamp, [EG_POSTGRES_EPOCH_MS] = bind_epoch_ms,
};

unsigned eg_postgres_type_oid(enum eg_postgres_type type)
{
    return types[type].oid;
}

/* --- the event's own */

struct event_value {
    const char *name;
    size_t offset; /* of a span in struct eg_event */
};

static const struct event_value event_values[] = {
    {"id", offsetof(struct eg_event, id)},
    {"topic", offsetof(struct eg_event, topic)},
    {"key", offsetof(struct eg_event, key)},
    {"subject", offsetof(struct eg_event, subject)},
    {"correlation_id", offsetof(struct eg_event, correlation_id)},
    {"traceparent", offsetof(struct eg_event, traceparent)},
    {"payload", offsetof(struct eg_event, payload)},
};

#define RECEIVED "received"

static const struct event_value *find_event_value(const char *name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(event_values); i++)
        if (strcmp(event_values[i].name, name) == 0)
            return &event_values[i];
    return NULL;
}

static const char *bind_event_value(const struct eg_postgres_parameter *parameter,
                                    const struct eg_event *event, struct eg_arena *arena)
{
    if (strcmp(parameter->place, RECEIVED) == 0)
        return format_epoch_ms(arena, event->received_us / 1000);
    const struct event_value *value = find_event_value(parameter->place);
    EG_ASSERT(value);
    const struct eg_span *span = (const void *)((const char *)event + value->offset);
    return span->len ? eg_arena_copy(arena, *span).ptr : NULL;
}

/* --- binding */

static eg_json_index find_place(const struct eg_postgres_parameter *parameter,
                                const struct eg_postgres_subject *subject)
{
    eg_json_index from = parameter->from == EG_POSTGRES_FROM_ELEMENT ? subject->element : 0;
    eg_json_index index = eg_json_pointer(subject->document, from, eg_span_text(parameter->place));
    bool is_null = index != EG_JSON_NONE && eg_json_kind(subject->document, index) == EG_JSON_NULL;
    return is_null ? EG_JSON_NONE : index;
}

/* What the type wants to see as a JSON string. */
static bool is_string_type(enum eg_postgres_type type)
{
    return type == EG_POSTGRES_TEXT || type == EG_POSTGRES_UUID || type == EG_POSTGRES_TIMESTAMP;
}

/* What a template made, read as if it stood in the event; what is no JSON is a string. */
static int parse_made(enum eg_postgres_type type, struct eg_span made, struct eg_buffer *json,
                      struct eg_json_document *document, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = EG_JSON_MAX_TEXT_BYTES;
    limits.max_members = EG_JSON_MAX_COUNT;
    limits.allow_duplicate_keys = true;
    if (!is_string_type(type) && eg_json_document_parse(document, made, &limits, err) == 0)
        return 0;
    eg_json_write_string(json, made);
    return eg_json_document_parse(document, eg_buffer_span(json), &limits, err);
}

static int bind_template(const struct eg_postgres_parameter *parameter,
                         const struct eg_postgres_subject *subject, struct eg_arena *arena,
                         const char **ret_text, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer made = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer json = EG_BUFFER_INIT;
    if (parameter->templates->render(parameter->template, subject->template_context, &made, err))
        return -1;
    if (made.len == 0)
        return 0;
    struct eg_json_document document;
    eg_json_document_init(&document);
    const struct bind bind = {parameter, &document, 0, arena};
    int rc = parse_made(parameter->type, eg_buffer_span(&made), &json, &document, err);
    if (rc == 0 && eg_json_kind(&document, 0) != EG_JSON_NULL)
        rc = binders[parameter->type](&bind, ret_text, err);
    eg_json_document_fini(&document);
    return rc;
}

static int bind_place(const struct eg_postgres_parameter *parameter,
                      const struct eg_postgres_subject *subject, struct eg_arena *arena,
                      const char **ret_text, struct eg_error *err)
{
    const struct bind bind = {parameter, subject->document, find_place(parameter, subject), arena};
    return bind.index == EG_JSON_NONE ? 0 : binders[parameter->type](&bind, ret_text, err);
}

int eg_postgres_parameter_bind(const struct eg_postgres_parameter *parameter,
                               const struct eg_postgres_subject *subject, struct eg_arena *arena,
                               const char **ret_text, struct eg_error *err)
{
    const char *text = NULL;
    int rc = 0;
    if (parameter->from == EG_POSTGRES_FROM_EVENT)
        text = bind_event_value(parameter, subject->event, arena);
    else if (parameter->from == EG_POSTGRES_FROM_TEMPLATE)
        rc = bind_template(parameter, subject, arena, &text, err);
    else
        rc = bind_place(parameter, subject, arena, &text, err);
    if (rc != 0)
        return -1;
    if (!text)
        text = parameter->default_text;
    if (!text && parameter->required)
        return eg_error_set(err, EG_ERR_INVALID, "'%s' is missing, and the table needs it",
                            place_of(parameter));
    *ret_text = text;
    return 0;
}

/* --- parsing */

static struct eg_span next_word(const char **at)
{
    *at += strspn(*at, " \t");
    size_t len = strcspn(*at, " \t");
    struct eg_span word = eg_span_of(*at, len);
    *at += len;
    return word;
}

static int parse_type(struct eg_span word, enum eg_postgres_type *ret_type, struct eg_error *err)
{
    for (unsigned i = 0; i < EG_POSTGRES_TYPE_COUNT; i++)
        if (eg_span_is(word, types[i].name)) {
            *ret_type = (enum eg_postgres_type)i;
            return 0;
        }
    return eg_error_set(err, EG_ERR_CONFIG,
                        "'%.*s' is no type: text, boolean, integer, bigint, double, numeric, uuid, "
                        "jsonb, timestamptz or epoch_ms",
                        EG_SPAN_ARGS(word));
}

/* From the first '<' to the last '>'. */
static int parse_template(const char **at, const struct eg_postgres_templates *templates,
                          struct eg_postgres_parameter *parameter, struct eg_error *err)
{
    const char *end = strrchr(*at, '>');
    struct eg_error why;
    if (!end || !templates)
        return eg_error_set(err, EG_ERR_CONFIG, "'%s' is no template", *at);
    struct eg_span text = eg_span_of(*at, (size_t)(end + 1 - *at));
    *at = end + 1;
    parameter->from = EG_POSTGRES_FROM_TEMPLATE;
    parameter->place = eg_span_dup(text);
    if (templates->compile(text, parameter->type == EG_POSTGRES_JSONB, &parameter->template,
                           &why) != 0)
        return eg_error_set(err, EG_ERR_CONFIG, "%s", why.message);
    parameter->templates = templates;
    return 0;
}

static int parse_place(struct eg_span word, struct eg_postgres_parameter *parameter,
                       struct eg_error *err)
{
    char first = word.len ? word.ptr[0] : '\0';
    if (first == '/') {
        parameter->from = EG_POSTGRES_FROM_ROOT;
        parameter->place = eg_span_dup(word);
        return 0;
    }
    if (first == '.' && (word.len == 1 || word.ptr[1] == '/')) {
        parameter->from = EG_POSTGRES_FROM_ELEMENT;
        parameter->place = eg_span_dup(eg_span_of(word.ptr + 1, word.len - 1));
        return 0;
    }
    if (first != '@')
        return eg_error_set(err, EG_ERR_CONFIG,
                            "'%.*s' is no place: /pointer, ./pointer, @name or <template>",
                            EG_SPAN_ARGS(word));
    parameter->from = EG_POSTGRES_FROM_EVENT;
    parameter->place = eg_span_dup(eg_span_of(word.ptr + 1, word.len - 1));
    if (find_event_value(parameter->place) || strcmp(parameter->place, RECEIVED) == 0)
        return 0;
    return eg_error_set(err, EG_ERR_CONFIG, "an event has no @%s", parameter->place);
}

static char *unquote(const char *text)
{
    struct eg_span value = eg_span_trim(eg_span_text(text));
    if (value.len >= 2 && value.ptr[0] == '\'' && value.ptr[value.len - 1] == '\'')
        value = eg_span_of(value.ptr + 1, value.len - 2);
    return eg_span_dup(value);
}

static int parse_rest(const char *at, struct eg_postgres_parameter *parameter, struct eg_error *err)
{
    struct eg_span word = next_word(&at);
    if (eg_span_is(word, "default")) {
        parameter->default_text = unquote(at);
        return 0;
    }
    parameter->required = eg_span_is(word, "required");
    bool more = at[strspn(at, " \t")] != '\0';
    if ((word.len && !parameter->required) || more)
        return eg_error_set(err, EG_ERR_CONFIG, "expected 'required' or 'default VALUE', got '%s'",
                            word.ptr);
    return 0;
}

static int parse_source(const char **at, const struct eg_postgres_templates *templates,
                        struct eg_postgres_parameter *parameter, struct eg_error *err)
{
    *at += strspn(*at, " \t");
    if (**at == '<')
        return parse_template(at, templates, parameter, err);
    return parse_place(next_word(at), parameter, err);
}

int eg_postgres_parameter_parse(const char *text, const struct eg_postgres_templates *templates,
                                struct eg_postgres_parameter *ret_parameter, struct eg_error *err)
{
    struct eg_postgres_parameter parameter = {0};
    const char *at = text;
    if (parse_type(next_word(&at), &parameter.type, err) != 0 ||
        parse_source(&at, templates, &parameter, err) != 0 ||
        parse_rest(at, &parameter, err) != 0) {
        eg_postgres_parameter_fini(&parameter);
        return -1;
    }
    *ret_parameter = parameter;
    return 0;
}

void eg_postgres_parameter_fini(struct eg_postgres_parameter *parameter)
{
    if (parameter->template)
        parameter->templates->destroy(parameter->template);
    free(parameter->place);
    free(parameter->default_text);
    *parameter = (struct eg_postgres_parameter){0};
}
