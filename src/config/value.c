/* SPDX-License-Identifier: Apache-2.0 */
/* Units are two tables, largest first; parsing and printing both walk them. */
#include "config/value.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

struct unit {
    const char *name;
    int64_t factor;
    bool print; /* false: only understood */
};

static const struct unit duration_units[] = {
    {"d", 86400000, true}, {"h", 3600000, true}, {"m", 60000, true},
    {"s", 1000, true},     {"ms", 1, true},      {NULL, 0, false},
};

static const struct unit size_units[] = {
    {"GiB", INT64_C(1) << 30, true},
    {"MiB", INT64_C(1) << 20, true},
    {"KiB", INT64_C(1) << 10, true},
    {"GB", INT64_C(1000000000), false},
    {"MB", INT64_C(1000000), false},
    {"KB", INT64_C(1000), false},
    {"kB", INT64_C(1000), false},
    {"B", 1, false},
    {NULL, 0, false},
};

static int fail(const char *expected, struct eg_span text, struct eg_error *err)
{
    struct eg_span shown = eg_span_of(text.ptr, text.len < 80 ? text.len : 80);
    return eg_error_set(err, EG_ERR_CONFIG, "expected %s, got '%.*s'", expected,
                        EG_SPAN_ARGS(shown));
}

/* Splits "10s" into 10 and "s". False: no number in front, or one out of range. */
static bool split_number(struct eg_span text, int64_t *ret_number, struct eg_span *ret_rest)
{
    size_t digits = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    while (digits < text.len && isdigit((unsigned char)text.ptr[digits]))
        digits++;
    if (!eg_span_to_int64(eg_span_of(text.ptr, digits), ret_number))
        return false;
    *ret_rest = eg_span_of(text.ptr + digits, text.len - digits);
    return true;
}

static bool parse_with_units(struct eg_span text, const struct unit *units, bool bare_is_fine,
                             int64_t *ret_value)
{
    int64_t number = 0;
    struct eg_span rest;
    if (!split_number(text, &number, &rest))
        return false;
    if (rest.len == 0) {
        *ret_value = number;
        return bare_is_fine || number == 0;
    }
    rest = eg_span_trim(rest);
    for (; units->name; units++)
        if (eg_span_is(rest, units->name))
            return !__builtin_mul_overflow(number, units->factor, ret_value);
    return false;
}

static int parse_bool(struct eg_span text, int64_t *ret_value, struct eg_error *err)
{
    if (eg_span_equal_nocase(text, EG_SPAN_LITERAL("true")))
        *ret_value = 1;
    else if (eg_span_equal_nocase(text, EG_SPAN_LITERAL("false")))
        *ret_value = 0;
    else
        return fail("true or false", text, err);
    return 0;
}

static int parse_choice(const struct eg_field *field, struct eg_span text, int64_t *ret_value,
                        struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer names = EG_BUFFER_INIT;
    eg_buffer_append_text(&names, "one of ");
    for (int64_t i = 0; field->choices[i]; i++) {
        if (eg_span_equal_nocase(text, eg_span_text(field->choices[i]))) {
            *ret_value = i;
            return 0;
        }
        eg_buffer_printf(&names, "%s%s", i > 0 ? ", " : "", field->choices[i]);
    }
    return fail(names.data, text, err);
}

static int check_range(const struct eg_field *field, int64_t value, struct eg_span text,
                       struct eg_error *err)
{
    if ((field->min == 0 && field->max == 0) || (value >= field->min && value <= field->max))
        return 0;
    EG_AUTOBUFFER struct eg_buffer range = EG_BUFFER_INIT;
    if (field->max == INT64_MAX)
        eg_buffer_append_text(&range, "at least ");
    eg_config_value_format(field, field->min, &range);
    if (field->max != INT64_MAX) {
        eg_buffer_append_text(&range, " to ");
        eg_config_value_format(field, field->max, &range);
    }
    return eg_error_set(err, EG_ERR_CONFIG, "%.*s is out of range: %s", EG_SPAN_ARGS(text),
                        range.data);
}

int eg_config_value_parse(const struct eg_field *field, struct eg_span text, int64_t *ret_value,
                          struct eg_error *err)
{
    int64_t value = 0;
    if (field->type == EG_FIELD_BOOL)
        return parse_bool(text, ret_value, err);
    if (field->type == EG_FIELD_CHOICE)
        return parse_choice(field, text, ret_value, err);
    if (field->type == EG_FIELD_INT && !eg_span_to_int64(text, &value))
        return fail("an integer", text, err);
    if (field->type == EG_FIELD_DURATION && !parse_with_units(text, duration_units, false, &value))
        return fail("a duration such as 250ms, 10s, 5m, 2h or 1d", text, err);
    if (field->type == EG_FIELD_SIZE && !parse_with_units(text, size_units, true, &value))
        return fail("a size such as 512, 64KiB, 10MiB or 1GiB", text, err);
    if (check_range(field, value, text, err) != 0)
        return -1;
    *ret_value = value;
    return 0;
}

static void format_units(int64_t value, const struct unit *units, struct eg_buffer *buffer)
{
    for (; units->name && value != 0; units++) {
        if (units->print && value % units->factor == 0) {
            eg_buffer_printf(buffer, "%lld%s", (long long)(value / units->factor), units->name);
            return;
        }
    }
    eg_buffer_printf(buffer, "%lld", (long long)value);
}

void eg_config_value_format(const struct eg_field *field, int64_t value, struct eg_buffer *buffer)
{
    switch (field->type) {
    case EG_FIELD_BOOL:
        eg_buffer_append_text(buffer, value ? "true" : "false");
        break;
    case EG_FIELD_CHOICE:
        eg_buffer_append_text(buffer, field->choices[value]);
        break;
    case EG_FIELD_DURATION:
        format_units(value, duration_units, buffer);
        break;
    case EG_FIELD_SIZE:
        format_units(value, size_units, buffer);
        break;
    default:
        eg_buffer_printf(buffer, "%lld", (long long)value);
        break;
    }
}
