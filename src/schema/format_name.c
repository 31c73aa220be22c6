/* SPDX-License-Identifier: Apache-2.0 */
/* UUIDs, JSON pointers, regular expressions. Pure. */
#include "schema/format_check.h"
#include "text/regex.h"

bool eg_schema_format_uuid(struct eg_span value)
{
    static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (value.len != sizeof(shape) - 1)
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (shape[i] == '-' ? value.ptr[i] != '-' : !eg_schema_is_hex(value.ptr[i]))
            return false;
    return true;
}

bool eg_schema_format_json_pointer(struct eg_span value)
{
    if (value.len > 0 && value.ptr[0] != '/')
        return false;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] != '~')
            continue;
        if (i + 1 == value.len || (value.ptr[i + 1] != '0' && value.ptr[i + 1] != '1'))
            return false;
    }
    return true;
}

bool eg_schema_format_relative_json_pointer(struct eg_span value)
{
    size_t digits = 0;
    while (digits < value.len && eg_schema_is_digit(value.ptr[digits]))
        digits++;
    if (digits == 0 || (digits > 1 && value.ptr[0] == '0'))
        return false;
    struct eg_span rest = eg_span_of(value.ptr + digits, value.len - digits);
    return eg_span_is(rest, "#") || eg_schema_format_json_pointer(rest);
}

bool eg_schema_format_regex(struct eg_span value)
{
    struct eg_error err;
    return eg_regex_check(value, EG_REGEX_ECMA, &err) == 0;
}
