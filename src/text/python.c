/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks a value on the tape once, writing as it goes; nesting is bounded by the reader's depth
 * limit. Which characters print is Unicode's business: the class is asked of PCRE2's tables, once
 * compiled for the process, and only for characters that are not ASCII.
 */
#include "text/python.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "text/regex.h"
#include "text/utf8.h"

static pthread_once_t unprintable_once = PTHREAD_ONCE_INIT;
static struct eg_regex *unprintable; /* lives as long as the process */

static void unprintable_compile(void)
{
    struct eg_error err;
    int rc = eg_regex_compile(EG_SPAN_LITERAL("[\\p{C}\\p{Z}]"), EG_REGEX_ECMA, &unprintable, &err);
    EG_ASSERT(rc == 0);
}

/* str.isprintable() of one character that is not ASCII. */
static bool is_printable(struct eg_span character)
{
    (void)pthread_once(&unprintable_once, unprintable_compile);
    return eg_regex_match(unprintable, character) == EG_REGEX_NO_MATCH;
}

static void write_escape(struct eg_buffer *out, uint32_t code)
{
    if (code == '\n')
        eg_buffer_append_text(out, "\\n");
    else if (code == '\r')
        eg_buffer_append_text(out, "\\r");
    else if (code == '\t')
        eg_buffer_append_text(out, "\\t");
    else if (code < 0x100)
        eg_buffer_printf(out, "\\x%02x", (unsigned)code);
    else if (code < 0x10000)
        eg_buffer_printf(out, "\\u%04x", (unsigned)code);
    else
        eg_buffer_printf(out, "\\U%08x", (unsigned)code);
}

static void write_character(struct eg_buffer *out, struct eg_span character, uint32_t code,
                            char quote)
{
    bool ascii = code < 0x80;
    if (code == '\\' || code == (uint32_t)quote)
        eg_buffer_append_char(out, '\\');
    if (ascii ? code >= ' ' && code != 0x7f : is_printable(character))
        eg_buffer_append_span(out, character);
    else
        write_escape(out, code);
}

/* How many bytes at the front print as they are, whatever the quote. */
static size_t plain_bytes(struct eg_span string)
{
    size_t i = 0;
    for (; i < string.len; i++) {
        unsigned char byte = (unsigned char)string.ptr[i];
        if (byte < ' ' || byte >= 0x7f || byte == '\\' || byte == '\'' || byte == '"')
            break;
    }
    return i;
}

void eg_python_repr_string(struct eg_buffer *out, struct eg_span string)
{
    bool has_single = string.len && memchr(string.ptr, '\'', string.len);
    bool has_double = string.len && memchr(string.ptr, '"', string.len);
    char quote = has_single && !has_double ? '"' : '\'';
    eg_buffer_append_char(out, quote);
    while (string.len > 0) {
        size_t plain = plain_bytes(string);
        eg_buffer_append(out, string.ptr, plain);
        struct eg_span rest = eg_span_of(string.ptr + plain, string.len - plain);
        struct eg_span before = rest;
        uint32_t code;
        if (eg_utf8_next(&rest, &code)) {
            write_character(out, eg_span_of(before.ptr, before.len - rest.len), code, quote);
        } else if (rest.len > 0) { /* not UTF-8: as Python's surrogateescape shows it */
            eg_buffer_printf(out, "\\udc%02x", (unsigned)(unsigned char)rest.ptr[0]);
            rest = eg_span_of(rest.ptr + 1, rest.len - 1);
        }
        string = rest;
    }
    eg_buffer_append_char(out, quote);
}

/* A finite number's decimal digits: 0.DIGITS times 10 to the `point`. */
struct decimal {
    char digits[24];
    int count;
    int point;
};

static struct decimal decimal_round(double magnitude, int digits)
{
    char text[40];
    (void)snprintf(text, sizeof(text), "%.*e", digits - 1, magnitude);
    struct decimal decimal = {.count = 0};
    char *c = text;
    for (; *c && *c != 'e'; c++)
        if (*c != '.')
            decimal.digits[decimal.count++] = *c;
    decimal.point = (int)strtol(c + 1, NULL, 10) + 1;
    return decimal;
}

static double decimal_value(const struct decimal *decimal)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "0.%.*se%d", decimal->count, decimal->digits,
                   decimal->point);
    return strtod(text, NULL);
}

/* The next greater decimal of as many digits. */
static struct decimal decimal_above(struct decimal decimal)
{
    for (int i = decimal.count - 1; i >= 0; i--) {
        if (decimal.digits[i]++ < '9')
            return decimal;
        decimal.digits[i] = '0';
    }
    decimal.digits[0] = '1';
    decimal.point++;
    return decimal;
}

/*
 * The fewest digits that read back the same. Of a normal double 15 digits do if any fewer do; below
 * that precision fades, so there every count is tried. The nearest decimal of 16 digits may not do
 * when the one above does: below a power of two doubles lie closer.
 */
static struct decimal decimal_shortest(double magnitude)
{
    int digits = magnitude < DBL_MIN ? 1 : 15;
    struct decimal decimal = decimal_round(magnitude, digits);
    while (decimal_value(&decimal) != magnitude && digits < 16)
        decimal = decimal_round(magnitude, ++digits);
    if (decimal_value(&decimal) != magnitude)
        decimal = decimal_above(decimal);
    if (decimal_value(&decimal) != magnitude)
        decimal = decimal_round(magnitude, 17);
    while (decimal.count > 1 && decimal.digits[decimal.count - 1] == '0')
        decimal.count--;
    return decimal;
}

static void append_zeros(struct eg_buffer *out, int count)
{
    for (int i = 0; i < count; i++)
        eg_buffer_append_char(out, '0');
}

static void write_fixed(struct eg_buffer *out, const struct decimal *decimal)
{
    int whole = decimal->point < 0 ? 0 : decimal->point;
    int known = whole < decimal->count ? whole : decimal->count;
    if (whole == 0)
        eg_buffer_append_char(out, '0');
    eg_buffer_append(out, decimal->digits, (size_t)known);
    append_zeros(out, whole - known);
    eg_buffer_append_char(out, '.');
    append_zeros(out, decimal->point < 0 ? -decimal->point : 0);
    eg_buffer_append(out, decimal->digits + known, (size_t)(decimal->count - known));
    if (known == decimal->count)
        eg_buffer_append_char(out, '0');
}

static void write_scientific(struct eg_buffer *out, const struct decimal *decimal)
{
    eg_buffer_append_char(out, decimal->digits[0]);
    if (decimal->count > 1) {
        eg_buffer_append_char(out, '.');
        eg_buffer_append(out, decimal->digits + 1, (size_t)decimal->count - 1);
    }
    eg_buffer_printf(out, "e%+03d", decimal->point - 1);
}

void eg_python_repr_double(struct eg_buffer *out, double value)
{
    if (isnan(value)) {
        eg_buffer_append_text(out, "nan");
        return;
    }
    if (signbit(value))
        eg_buffer_append_char(out, '-');
    if (isinf(value)) {
        eg_buffer_append_text(out, "inf");
        return;
    }
    struct decimal decimal = decimal_shortest(fabs(value));
    if (value != 0 && (decimal.point > 16 || decimal.point < -3))
        write_scientific(out, &decimal);
    else
        write_fixed(out, &decimal);
}

static bool is_integer_text(struct eg_span number)
{
    for (size_t i = 0; i < number.len; i++)
        if (number.ptr[i] == '.' || number.ptr[i] == 'e' || number.ptr[i] == 'E')
            return false;
    return true;
}

static double double_of(struct eg_span number)
{
    char small[64];
    if (number.len < sizeof(small)) {
        memcpy(small, number.ptr, number.len);
        small[number.len] = '\0';
        return strtod(small, NULL);
    }
    EG_AUTOFREE char *text = eg_span_dup(number);
    return strtod(text, NULL);
}

void eg_python_repr_number(struct eg_buffer *out, struct eg_span number)
{
    if (!is_integer_text(number))
        eg_python_repr_double(out, double_of(number));
    else if (eg_span_is(number, "-0")) /* an int has no sign of zero */
        eg_buffer_append_char(out, '0');
    else
        eg_buffer_append_span(out, number);
}

static void repr_array(struct eg_buffer *out, const struct eg_json_document *document,
                       eg_json_index index)
{
    eg_json_index element = index + 1;
    eg_buffer_append_char(out, '[');
    for (uint32_t i = eg_json_count(document, index); i > 0; i--) {
        eg_python_repr(out, document, element);
        element = eg_json_next(document, element);
        if (i > 1)
            eg_buffer_append_text(out, ", ");
    }
    eg_buffer_append_char(out, ']');
}

static void repr_object(struct eg_buffer *out, const struct eg_json_document *document,
                        eg_json_index index)
{
    eg_json_index name = index + 1;
    eg_buffer_append_char(out, '{');
    for (uint32_t i = eg_json_count(document, index); i > 0; i--) {
        eg_python_repr_string(out, eg_json_string(document, name));
        eg_buffer_append_text(out, ": ");
        eg_python_repr(out, document, name + 1);
        name = eg_json_next(document, name + 1);
        if (i > 1)
            eg_buffer_append_text(out, ", ");
    }
    eg_buffer_append_char(out, '}');
}

void eg_python_repr(struct eg_buffer *out, const struct eg_json_document *document,
                    eg_json_index index)
{
    switch (eg_json_kind(document, index)) {
    case EG_JSON_NULL:
        eg_buffer_append_text(out, "None");
        break;
    case EG_JSON_FALSE:
        eg_buffer_append_text(out, "False");
        break;
    case EG_JSON_TRUE:
        eg_buffer_append_text(out, "True");
        break;
    case EG_JSON_NUMBER:
        eg_python_repr_number(out, eg_json_text(document, index));
        break;
    case EG_JSON_STRING:
        eg_python_repr_string(out, eg_json_string(document, index));
        break;
    case EG_JSON_ARRAY:
        repr_array(out, document, index);
        break;
    case EG_JSON_OBJECT:
        repr_object(out, document, index);
        break;
    }
}

void eg_python_str(struct eg_buffer *out, const struct eg_json_document *document,
                   eg_json_index index)
{
    if (eg_json_kind(document, index) == EG_JSON_STRING)
        eg_buffer_append_span(out, eg_json_string(document, index));
    else
        eg_python_repr(out, document, index);
}
