/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a value on the tape once, writing as it goes; nesting is bounded by the reader's depth
 * limit. Objects are sorted by name only when the reader was told to let duplicates pass.
 */
#include "text/python_json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "text/python.h"
#include "text/utf8.h"

static void write_escape(struct eg_buffer *out, uint32_t code)
{
    static const char *const short_escapes[0x80] = {
        ['"'] = "\\\"", ['\\'] = "\\\\", ['\b'] = "\\b", ['\f'] = "\\f",
        ['\n'] = "\\n", ['\r'] = "\\r",  ['\t'] = "\\t",
    };
    if (code < 0x80 && short_escapes[code]) {
        eg_buffer_append_text(out, short_escapes[code]);
    } else if (code < 0x10000) {
        eg_buffer_printf(out, "\\u%04x", (unsigned)code);
    } else {
        unsigned high = 0xd800 + (unsigned)((code - 0x10000) >> 10);
        unsigned low = 0xdc00 + (unsigned)((code - 0x10000) & 0x3ff);
        eg_buffer_printf(out, "\\u%04x\\u%04x", high, low);
    }
}

/* How many bytes at the front need no escape. */
static size_t plain_bytes(struct eg_span string)
{
    size_t i = 0;
    for (; i < string.len; i++) {
        unsigned char byte = (unsigned char)string.ptr[i];
        if (byte < ' ' || byte > '~' || byte == '\\' || byte == '"')
            break;
    }
    return i;
}

static void write_string(struct eg_buffer *out, struct eg_span string)
{
    eg_buffer_append_char(out, '"');
    for (;;) {
        size_t plain = plain_bytes(string);
        eg_buffer_append(out, string.ptr, plain);
        string = eg_span_of(string.ptr + plain, string.len - plain);
        uint32_t code;
        if (!eg_utf8_next(&string, &code))
            break; /* the end: the reader let only UTF-8 pass */
        write_escape(out, code);
    }
    eg_buffer_append_char(out, '"');
}

static void write_number(struct eg_buffer *out, const struct eg_json_document *document,
                         eg_json_index index)
{
    bool integer = eg_json_node(document, index)->info & EG_JSON_INTEGER;
    double value = integer ? 0 : eg_json_double(document, index);
    if (isinf(value))
        eg_buffer_append_text(out, value < 0 ? "-Infinity" : "Infinity");
    else
        eg_python_repr_number(out, eg_json_text(document, index));
}

static void write_array(struct eg_buffer *out, const struct eg_json_document *document,
                        eg_json_index index)
{
    eg_json_index element = index + 1;
    eg_buffer_append_char(out, '[');
    for (uint32_t i = 0; i < eg_json_count(document, index); i++) {
        eg_buffer_append_text(out, i > 0 ? ", " : "");
        eg_python_json_dumps(out, document, element);
        element = eg_json_next(document, element);
    }
    eg_buffer_append_char(out, ']');
}

static void write_member(struct eg_buffer *out, const struct eg_json_document *document,
                         eg_json_index name, eg_json_index value, bool first)
{
    eg_buffer_append_text(out, first ? "" : ", ");
    write_string(out, eg_json_string(document, name));
    eg_buffer_append_text(out, ": ");
    eg_python_json_dumps(out, document, value);
}

struct member {
    struct eg_span name;
    eg_json_index index; /* of the name */
    eg_json_index value; /* of the last with this name; EG_JSON_NONE: not the first of them */
};

static int by_name(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    int order = eg_span_compare(left->name, right->name);
    return order ? order : (left->index > right->index) - (left->index < right->index);
}

static int by_place(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    return (left->index > right->index) - (left->index < right->index);
}

/* What a dict keeps of the members: the place of a name's first, the value of its last. */
static void merge_duplicates(struct member *members, uint32_t count)
{
    qsort(members, count, sizeof(*members), by_name);
    for (uint32_t i = 1, first = 0; i < count; i++) {
        if (!eg_span_equal(members[i].name, members[first].name)) {
            first = i;
            continue;
        }
        members[first].value = members[i].value;
        members[i].value = EG_JSON_NONE;
    }
    qsort(members, count, sizeof(*members), by_place);
}

static void write_members_once(struct eg_buffer *out, const struct eg_json_document *document,
                               eg_json_index index)
{
    uint32_t count = eg_json_count(document, index);
    EG_AUTOFREE struct member *members = eg_calloc(count, sizeof(*members));
    eg_json_index name = index + 1;
    for (uint32_t i = 0; i < count; i++) {
        members[i] = (struct member){eg_json_string(document, name), name, name + 1};
        name = eg_json_next(document, name + 1);
    }
    merge_duplicates(members, count);
    bool first = true;
    for (uint32_t i = 0; i < count; i++) {
        if (members[i].value == EG_JSON_NONE)
            continue;
        write_member(out, document, members[i].index, members[i].value, first);
        first = false;
    }
}

static void write_members(struct eg_buffer *out, const struct eg_json_document *document,
                          eg_json_index index)
{
    eg_json_index name = index + 1;
    for (uint32_t i = 0; i < eg_json_count(document, index); i++) {
        write_member(out, document, name, name + 1, i == 0);
        name = eg_json_next(document, name + 1);
    }
}

static void write_object(struct eg_buffer *out, const struct eg_json_document *document,
                         eg_json_index index)
{
    eg_buffer_append_char(out, '{');
    if (document->may_have_duplicates && eg_json_count(document, index) > 1)
        write_members_once(out, document, index);
    else
        write_members(out, document, index);
    eg_buffer_append_char(out, '}');
}

void eg_python_json_dumps(struct eg_buffer *out, const struct eg_json_document *document,
                          eg_json_index index)
{
    switch (eg_json_kind(document, index)) {
    case EG_JSON_NULL:
    case EG_JSON_FALSE:
    case EG_JSON_TRUE:
        eg_buffer_append_span(out, eg_json_text(document, index));
        break;
    case EG_JSON_NUMBER:
        write_number(out, document, index);
        break;
    case EG_JSON_STRING:
        write_string(out, eg_json_string(document, index));
        break;
    case EG_JSON_ARRAY:
        write_array(out, document, index);
        break;
    case EG_JSON_OBJECT:
        write_object(out, document, index);
        break;
    }
}
