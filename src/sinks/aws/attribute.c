/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function for each type, found by a table. Nested values of L and M go by their JSON type; a
 * document that was read is at most EG_JSON_MAX_DEPTH deep, and DynamoDB's 32 levels end the
 * recursion long before.
 */
#include "sinks/aws/attribute.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/base64.h"
#include "json/writer.h"

#define MAX_DIGITS   38
#define MAX_EXPONENT 125
#define MIN_EXPONENT (-130)
#define MAX_LEVELS   32u
#define LEVEL_BYTES  3u /* what a list or map counts beside its content */
#define ENTRY_BYTES  1u /* what each of its entries counts beside itself */

struct writing {
    const struct eg_json_document *document;
    struct eg_buffer *out;
    size_t *size_bytes;
    unsigned level;
};

static int write_value(const struct writing *writing, eg_json_index value,
                       enum eg_sink_attribute_type type, struct eg_error *err);

/* --- numbers */

struct number {
    size_t digits;    /* significant: without leading and trailing zeros */
    int64_t exponent; /* of the first significant digit */
    bool negative;
};

static bool all_digits(struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!isdigit((unsigned char)text.ptr[i]))
            return false;
    return text.len > 0;
}

/* Is it a number by RFC 8259's grammar? Documents only hold such, texts may be anything. */
static bool is_number(struct eg_span text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-';
    size_t whole = at;
    while (at < text.len && isdigit((unsigned char)text.ptr[at]))
        at++;
    if (at == whole || (text.ptr[whole] == '0' && at - whole > 1))
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        size_t fraction = ++at;
        while (at < text.len && isdigit((unsigned char)text.ptr[at]))
            at++;
        if (at == fraction)
            return false;
    }
    if (at == text.len)
        return true;
    if (text.ptr[at] != 'e' && text.ptr[at] != 'E')
        return false;
    at++;
    if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-'))
        at++;
    return all_digits(eg_span_of(text.ptr + at, text.len - at));
}

/* The exponent as written, cut to what no number can make up for. */
static int64_t written_exponent(struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == 'e' || text.ptr[i] == 'E') {
            int64_t value = strtoll(text.ptr + i + 1, NULL, 10);
            return value > 1000000000 ? 1000000000 : value < -1000000000 ? -1000000000 : value;
        }
    return 0;
}

/* The text is a number and NUL-terminated. */
static struct number measure(struct eg_span text)
{
    struct number number = {.negative = text.ptr[0] == '-'};
    size_t index = 0, whole = 0, first = SIZE_MAX, last = 0;
    bool fraction = false;
    for (size_t i = number.negative; i < text.len && (text.ptr[i] | 0x20) != 'e'; i++) {
        if (text.ptr[i] == '.') {
            fraction = true;
            continue;
        }
        whole += fraction ? 0 : 1;
        if (text.ptr[i] != '0') {
            first = first == SIZE_MAX ? index : first;
            last = index;
        }
        index++;
    }
    if (first == SIZE_MAX)
        return number;
    number.digits = last - first + 1;
    number.exponent = (int64_t)whole - 1 - (int64_t)first + written_exponent(text);
    return number;
}

int eg_sink_attribute_check_number(struct eg_span text, struct eg_error *err)
{
    if (!is_number(text))
        return eg_error_set(err, EG_ERR_INVALID, "not a number");
    EG_AUTOFREE char *copy = eg_span_dup(text);
    struct number number = measure(eg_span_text(copy));
    if (number.digits > MAX_DIGITS)
        return eg_error_set(err, EG_ERR_INVALID, "a number has %zu digits, DynamoDB holds %d",
                            number.digits, MAX_DIGITS);
    if (number.digits > 0 && (number.exponent > MAX_EXPONENT || number.exponent < MIN_EXPONENT))
        return eg_error_set(err, EG_ERR_INVALID,
                            "a number is out of DynamoDB's range of 1E-130 to 9.99E+125");
    return 0;
}

/* Two digits a byte, one for the exponent, one for a sign. */
static size_t number_bytes(struct eg_span text)
{
    EG_AUTOFREE char *copy = eg_span_dup(text);
    struct number number = measure(eg_span_text(copy));
    return (number.digits + 1) / 2 + 1 + (number.negative ? 1 : 0);
}

/* --- scalars: the characters of a string, the text of anything else */

static struct eg_span text_of(const struct writing *writing, eg_json_index value)
{
    if (eg_json_kind(writing->document, value) == EG_JSON_STRING)
        return eg_json_string(writing->document, value);
    return eg_json_text(writing->document, value);
}

static int put_string(const struct writing *writing, struct eg_span text, struct eg_error *err)
{
    (void)err;
    eg_json_write_string(writing->out, text);
    *writing->size_bytes += text.len;
    return 0;
}

static int put_number(const struct writing *writing, struct eg_span text, struct eg_error *err)
{
    if (eg_sink_attribute_check_number(text, err) != 0)
        return -1;
    eg_json_write_string(writing->out, text);
    *writing->size_bytes += number_bytes(text);
    return 0;
}

static int put_binary(const struct writing *writing, struct eg_span text, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer bytes = EG_BUFFER_INIT;
    if (!eg_crypto_base64_decode(text, &bytes))
        return eg_error_set(err, EG_ERR_INVALID, "a binary value is not base64");
    eg_json_write_string(writing->out, text);
    *writing->size_bytes += bytes.len;
    return 0;
}

static int put_bool(const struct writing *writing, struct eg_span text, struct eg_error *err)
{
    bool yes = eg_span_is(text, "true");
    if (!yes && !eg_span_is(text, "false"))
        return eg_error_set(err, EG_ERR_INVALID, "a boolean is neither true nor false");
    eg_json_write_bool(writing->out, yes);
    *writing->size_bytes += 1;
    return 0;
}

static int put_null(const struct writing *writing, struct eg_span text, struct eg_error *err)
{
    (void)text;
    (void)err;
    eg_json_write_bool(writing->out, true);
    *writing->size_bytes += 1;
    return 0;
}

/* --- sets */

static int compare_spans(const void *a, const void *b)
{
    return eg_span_compare(*(const struct eg_span *)a, *(const struct eg_span *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    return eg_json_number_compare(*(const struct eg_span *)a, *(const struct eg_span *)b);
}

static int refuse_twice(struct eg_span *members, size_t count,
                        int (*compare)(const void *, const void *), struct eg_error *err)
{
    qsort(members, count, sizeof(*members), compare);
    for (size_t i = 1; i < count; i++)
        if (compare(&members[i - 1], &members[i]) == 0)
            return eg_error_set(err, EG_ERR_INVALID, "a set holds a member twice");
    return 0;
}

typedef int (*put_text)(const struct writing *writing, struct eg_span text, struct eg_error *err);

static int put_set(const struct writing *writing, eg_json_index array, put_text put,
                   int (*compare)(const void *, const void *), struct eg_error *err)
{
    const struct eg_json_document *document = writing->document;
    if (eg_json_kind(document, array) != EG_JSON_ARRAY || eg_json_count(document, array) == 0)
        return eg_error_set(err, EG_ERR_INVALID, "a set must be a list with one member or more");
    uint32_t count = eg_json_count(document, array);
    EG_AUTOFREE struct eg_span *members = eg_calloc(count, sizeof(*members));
    eg_json_index at = array + 1;
    eg_buffer_append_char(writing->out, '[');
    for (uint32_t i = 0; i < count; i++, at = eg_json_next(document, at)) {
        if (eg_json_kind(document, at) > EG_JSON_STRING ||
            eg_json_kind(document, at) == EG_JSON_NULL)
            return eg_error_set(err, EG_ERR_INVALID, "a set holds a list, an object or null");
        members[i] = text_of(writing, at);
        if (i > 0)
            eg_buffer_append_char(writing->out, ',');
        if (put(writing, members[i], err) != 0)
            return -1;
    }
    eg_buffer_append_char(writing->out, ']');
    return refuse_twice(members, count, compare, err);
}

/* --- lists and maps */

static int put_list(const struct writing *writing, eg_json_index array, struct eg_error *err)
{
    const struct eg_json_document *document = writing->document;
    if (eg_json_kind(document, array) != EG_JSON_ARRAY)
        return eg_error_set(err, EG_ERR_INVALID, "a list was expected");
    struct writing inner = *writing;
    inner.level++;
    eg_json_index at = array + 1;
    eg_buffer_append_char(writing->out, '[');
    for (uint32_t i = 0; i < eg_json_count(document, array); i++, at = eg_json_next(document, at)) {
        if (i > 0)
            eg_buffer_append_char(writing->out, ',');
        if (write_value(&inner, at, EG_SINK_ATTRIBUTE_AUTO, err) != 0)
            return eg_error_prefix(err, "[%u]", i);
        *writing->size_bytes += ENTRY_BYTES;
    }
    eg_buffer_append_char(writing->out, ']');
    *writing->size_bytes += LEVEL_BYTES;
    return 0;
}

static int put_members(const struct writing *writing, eg_json_index object, size_t entry_bytes,
                       struct eg_error *err)
{
    const struct eg_json_document *document = writing->document;
    if (eg_json_kind(document, object) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "an object was expected");
    struct writing inner = *writing;
    inner.level++;
    eg_json_index name = object + 1;
    eg_buffer_append_char(writing->out, '{');
    for (uint32_t i = 0; i < eg_json_count(document, object); i++) {
        struct eg_span text = eg_json_string(document, name);
        if (i > 0)
            eg_buffer_append_char(writing->out, ',');
        eg_json_write_string(writing->out, text);
        eg_buffer_append_char(writing->out, ':');
        if (write_value(&inner, name + 1, EG_SINK_ATTRIBUTE_AUTO, err) != 0)
            return eg_error_prefix(err, "%.*s", EG_SPAN_ARGS(text));
        *writing->size_bytes += text.len + entry_bytes;
        name = eg_json_next(document, name + 1);
    }
    eg_buffer_append_char(writing->out, '}');
    return 0;
}

static int put_map(const struct writing *writing, eg_json_index object, struct eg_error *err)
{
    *writing->size_bytes += LEVEL_BYTES;
    return put_members(writing, object, ENTRY_BYTES, err);
}

static int put_string_set(const struct writing *writing, eg_json_index array, struct eg_error *err)
{
    return put_set(writing, array, put_string, compare_spans, err);
}

static int put_number_set(const struct writing *writing, eg_json_index array, struct eg_error *err)
{
    return put_set(writing, array, put_number, compare_numbers, err);
}

static int put_binary_set(const struct writing *writing, eg_json_index array, struct eg_error *err)
{
    return put_set(writing, array, put_binary, compare_spans, err);
}

/* --- the table */

static const struct type {
    const char *name;
    put_text text; /* of a scalar */
    int (*container)(const struct writing *writing, eg_json_index value, struct eg_error *err);
} types[] = {
    [EG_SINK_ATTRIBUTE_AUTO] = {"AUTO", NULL, NULL},
    [EG_SINK_ATTRIBUTE_S] = {"S", put_string, NULL},
    [EG_SINK_ATTRIBUTE_N] = {"N", put_number, NULL},
    [EG_SINK_ATTRIBUTE_B] = {"B", put_binary, NULL},
    [EG_SINK_ATTRIBUTE_BOOL] = {"BOOL", put_bool, NULL},
    [EG_SINK_ATTRIBUTE_NULL] = {"NULL", put_null, NULL},
    [EG_SINK_ATTRIBUTE_SS] = {"SS", NULL, put_string_set},
    [EG_SINK_ATTRIBUTE_NS] = {"NS", NULL, put_number_set},
    [EG_SINK_ATTRIBUTE_BS] = {"BS", NULL, put_binary_set},
    [EG_SINK_ATTRIBUTE_L] = {"L", NULL, put_list},
    [EG_SINK_ATTRIBUTE_M] = {"M", NULL, put_map},
};

static const enum eg_sink_attribute_type automatic[] = {
    [EG_JSON_NULL] = EG_SINK_ATTRIBUTE_NULL, [EG_JSON_FALSE] = EG_SINK_ATTRIBUTE_BOOL,
    [EG_JSON_TRUE] = EG_SINK_ATTRIBUTE_BOOL, [EG_JSON_NUMBER] = EG_SINK_ATTRIBUTE_N,
    [EG_JSON_STRING] = EG_SINK_ATTRIBUTE_S,  [EG_JSON_ARRAY] = EG_SINK_ATTRIBUTE_L,
    [EG_JSON_OBJECT] = EG_SINK_ATTRIBUTE_M,
};

bool eg_sink_attribute_type_find(struct eg_span name, enum eg_sink_attribute_type *ret_type)
{
    for (size_t i = EG_SINK_ATTRIBUTE_S; i < EG_ARRAY_COUNT(types); i++)
        if (eg_span_is(name, types[i].name)) {
            *ret_type = (enum eg_sink_attribute_type)i;
            return true;
        }
    return false;
}

const char *eg_sink_attribute_type_name(enum eg_sink_attribute_type type)
{
    return types[type].name;
}

static int write_value(const struct writing *writing, eg_json_index value,
                       enum eg_sink_attribute_type type, struct eg_error *err)
{
    enum eg_json_kind kind = eg_json_kind(writing->document, value);
    if (type == EG_SINK_ATTRIBUTE_AUTO)
        type = automatic[kind];
    const struct type *as = &types[type];
    if (writing->level > MAX_LEVELS)
        return eg_error_set(err, EG_ERR_INVALID, "nested more than DynamoDB's %u levels",
                            MAX_LEVELS);
    if (as->text && kind >= EG_JSON_ARRAY)
        return eg_error_set(err, EG_ERR_INVALID, "%s can't be made of a list or an object",
                            as->name);
    eg_buffer_printf(writing->out, "{\"%s\":", as->name);
    int ret = as->text ? as->text(writing, text_of(writing, value), err)
                       : as->container(writing, value, err);
    eg_buffer_append_char(writing->out, '}');
    return ret;
}

int eg_sink_attribute_write(const struct eg_json_document *document, eg_json_index value,
                            enum eg_sink_attribute_type type, struct eg_buffer *out,
                            size_t *size_bytes, struct eg_error *err)
{
    struct writing writing = {document, out, size_bytes, 1};
    return write_value(&writing, value, type, err);
}

int eg_sink_attribute_write_item(const struct eg_json_document *document, eg_json_index object,
                                 struct eg_buffer *out, size_t *size_bytes, struct eg_error *err)
{
    struct writing writing = {document, out, size_bytes, 0};
    return put_members(&writing, object, 0, err);
}
