/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads CloudEvents envelopes from the tape. Attributes become text, whatever their JSON type was,
 * as the specification's type system asks; texts without escapes stay where they are in the
 * request's body.
 */
#include "pipeline/cloudevent.h"

#include "base/error.h"
#include "base/span.h"

static const char *const required_attributes[] = {"specversion", "id", "source", "type"};

/* "MUST consist of lower-case letters or digits" (section 3.1). */
static bool is_attribute_name(struct eg_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return name.len > 0 && name.len <= 64;
}

struct eg_span eg_cloudevent_attribute(const struct eg_event_attribute *attributes, size_t count,
                                       const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (eg_span_is(attributes[i].name, name))
            return attributes[i].value;
    return EG_SPAN_EMPTY;
}

static int check_one(const struct eg_event_attribute *attribute, struct eg_error *err)
{
    if (!is_attribute_name(attribute->name))
        return eg_error_set(err, EG_ERR_INVALID,
                            "CloudEvents attribute names are lower-case letters and digits, '%.*s' "
                            "is not.",
                            EG_SPAN_ARGS(attribute->name));
    if (attribute->value.len > EG_CLOUDEVENT_MAX_VALUE_BYTES)
        return eg_error_set(err, EG_ERR_INVALID,
                            "CloudEvents attribute '%.*s' is longer than %d bytes.",
                            EG_SPAN_ARGS(attribute->name), EG_CLOUDEVENT_MAX_VALUE_BYTES);
    return 0;
}

static bool is_json_media_type(struct eg_span text)
{
    const char *semicolon = memchr(text.ptr, ';', text.len);
    struct eg_span type =
        eg_span_trim(eg_span_of(text.ptr, semicolon ? (size_t)(semicolon - text.ptr) : text.len));
    return eg_span_equal_nocase(type, EG_SPAN_LITERAL("application/json")) ||
           eg_span_equal_nocase(type, EG_SPAN_LITERAL("text/json")) ||
           (type.len > 5 &&
            eg_span_equal_nocase(eg_span_of(type.ptr + type.len - 5, 5), EG_SPAN_LITERAL("+json")));
}

int eg_cloudevent_check(const struct eg_event_attribute *attributes, size_t count,
                        struct eg_error *err)
{
    if (count > EG_CLOUDEVENT_MAX_ATTRIBUTES)
        return eg_error_set(err, EG_ERR_INVALID, "A CloudEvent has at most %d attributes.",
                            EG_CLOUDEVENT_MAX_ATTRIBUTES);
    for (size_t i = 0; i < count; i++)
        if (check_one(&attributes[i], err))
            return -1;
    for (size_t i = 0; i < EG_ARRAY_COUNT(required_attributes); i++)
        if (eg_cloudevent_attribute(attributes, count, required_attributes[i]).len == 0)
            return eg_error_set(err, EG_ERR_INVALID,
                                "CloudEvents attribute '%s' is required and must not be empty.",
                                required_attributes[i]);
    if (!eg_span_is(eg_cloudevent_attribute(attributes, count, "specversion"), "1.0"))
        return eg_error_set(err, EG_ERR_INVALID,
                            "CloudEvents attribute 'specversion' must be 1.0.");
    struct eg_span content = eg_cloudevent_attribute(attributes, count, "datacontenttype");
    if (content.len && !is_json_media_type(content))
        return eg_error_set(err, EG_ERR_INVALID,
                            "CloudEvents attribute 'datacontenttype' must be a JSON media type.");
    return 0;
}

/* An attribute's value as text; a null attribute counts as absent (JSON format, section 2.2). */
static int read_attribute(const struct eg_json_document *document, struct eg_span name,
                          eg_json_index value, struct eg_cloudevent *event, struct eg_error *err)
{
    enum eg_json_kind kind = eg_json_kind(document, value);
    if (kind == EG_JSON_NULL)
        return 0;
    if (kind == EG_JSON_ARRAY || kind == EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID,
                            "CloudEvents attribute '%.*s' must be a string, a number or a boolean.",
                            EG_SPAN_ARGS(name));
    event->attributes[event->attribute_count++] =
        (struct eg_event_attribute){name, kind == EG_JSON_STRING ? eg_json_string(document, value)
                                                                 : eg_json_text(document, value)};
    return 0;
}

static int read_member(const struct eg_json_document *document, struct eg_span name,
                       eg_json_index value, struct eg_cloudevent *event, struct eg_error *err)
{
    if (eg_span_is(name, "data")) {
        event->data = value;
        return 0;
    }
    if (!eg_span_is(name, "data_base64"))
        return read_attribute(document, name, value, event, err);
    if (eg_json_kind(document, value) != EG_JSON_STRING)
        return eg_error_set(err, EG_ERR_INVALID,
                            "CloudEvents member 'data_base64' must be a string.");
    event->data_base64 = eg_json_string(document, value);
    return 0;
}

int eg_cloudevent_read(const struct eg_json_document *document, eg_json_index root,
                       struct eg_arena *arena, struct eg_cloudevent *ret_event,
                       struct eg_error *err)
{
    if (eg_json_kind(document, root) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "A CloudEvent must be a JSON object.");
    uint32_t count = eg_json_count(document, root);
    if (count > EG_CLOUDEVENT_MAX_ATTRIBUTES + 2)
        return eg_error_set(err, EG_ERR_INVALID, "A CloudEvent has at most %d attributes.",
                            EG_CLOUDEVENT_MAX_ATTRIBUTES);
    struct eg_cloudevent event = {
        .attributes = eg_arena_alloc(arena, (count + 1u) * sizeof(*event.attributes)),
        .data = EG_JSON_NONE,
        .data_base64 = EG_SPAN_EMPTY,
    };
    eg_json_index name = root + 1;
    for (uint32_t i = 0; i < count; i++, name = eg_json_next(document, name + 1))
        if (read_member(document, eg_json_string(document, name), name + 1, &event, err))
            return -1;
    if (eg_cloudevent_check(event.attributes, event.attribute_count, err))
        return -1;
    if (event.data == EG_JSON_NONE && event.data_base64.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "The CloudEvent has no data.");
    if (event.data != EG_JSON_NONE && event.data_base64.len)
        return eg_error_set(err, EG_ERR_INVALID,
                            "The CloudEvent has both 'data' and 'data_base64'.");
    *ret_event = event;
    return 0;
}
