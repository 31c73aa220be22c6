/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses in their one textual form each: no shorthands, no zones, no leading zeros. Pure. */
#include "schema/format_check.h"

/* A decimal octet, 0 to 255. */
static bool take_octet(struct eg_span *rest)
{
    unsigned number = 0;
    size_t digits = 0;
    while (digits < rest->len && digits < 3 && eg_schema_is_digit(rest->ptr[digits]))
        number = number * 10 + (unsigned)(rest->ptr[digits++] - '0');
    if (digits == 0 || number > 255 || (digits > 1 && rest->ptr[0] == '0'))
        return false;
    *rest = eg_span_of(rest->ptr + digits, rest->len - digits);
    return true;
}

bool eg_schema_format_ipv4(struct eg_span value)
{
    for (unsigned i = 0; i < 4; i++)
        if ((i > 0 && !eg_schema_take(&value, '.')) || !take_octet(&value))
            return false;
    return value.len == 0;
}

/* One to four hex digits. */
static bool take_group(struct eg_span *rest)
{
    size_t digits = 0;
    while (digits < rest->len && digits < 4 && eg_schema_is_hex(rest->ptr[digits]))
        digits++;
    *rest = eg_span_of(rest->ptr + digits, rest->len - digits);
    return digits > 0;
}

static bool take_gap(struct eg_span *rest)
{
    if (rest->len < 2 || rest->ptr[0] != ':' || rest->ptr[1] != ':')
        return false;
    *rest = eg_span_of(rest->ptr + 2, rest->len - 2);
    return true;
}

bool eg_schema_format_ipv6(struct eg_span value)
{
    unsigned groups = 0;
    bool gap = take_gap(&value);
    bool after_separator = true; /* a group may stand here */
    while (value.len > 0) {
        if (!after_separator) {
            bool second_gap = take_gap(&value);
            if (second_gap ? gap : !eg_schema_take(&value, ':'))
                return false;
            gap |= second_gap;
            if (second_gap && value.len == 0)
                break;
        }
        if (eg_schema_format_ipv4(value)) {
            groups += 2;
            break;
        }
        if (++groups > 8 || !take_group(&value))
            return false;
        after_separator = false;
    }
    return gap ? groups < 8 : groups == 8;
}
