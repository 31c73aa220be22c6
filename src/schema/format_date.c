/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3339: dates, times, both, and durations (appendix A). Pure. */
#include "schema/format_check.h"

/* Exactly `digits` digits, as a number within the range. */
static bool take_number(struct eg_span *rest, unsigned digits, unsigned low, unsigned high,
                        unsigned *ret_number)
{
    unsigned number = 0;
    if (rest->len < digits)
        return false;
    for (unsigned i = 0; i < digits; i++) {
        if (!eg_schema_is_digit(rest->ptr[i]))
            return false;
        number = number * 10 + (unsigned)(rest->ptr[i] - '0');
    }
    *rest = eg_span_of(rest->ptr + digits, rest->len - digits);
    *ret_number = number;
    return number >= low && number <= high;
}

static unsigned days_of(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static bool take_date(struct eg_span *rest)
{
    unsigned year;
    unsigned month;
    unsigned day;
    return take_number(rest, 4, 0, 9999, &year) && eg_schema_take(rest, '-') &&
           take_number(rest, 2, 1, 12, &month) && eg_schema_take(rest, '-') &&
           take_number(rest, 2, 1, days_of(year, month), &day);
}

/* Minutes that UTC is behind the local time. */
static bool take_offset(struct eg_span *rest, int *ret_minutes)
{
    *ret_minutes = 0;
    if (eg_schema_take(rest, 'Z') || eg_schema_take(rest, 'z'))
        return true;
    bool ahead = eg_schema_take(rest, '+');
    unsigned hours;
    unsigned minutes;
    if ((!ahead && !eg_schema_take(rest, '-')) || !take_number(rest, 2, 0, 23, &hours) ||
        !eg_schema_take(rest, ':') || !take_number(rest, 2, 0, 59, &minutes))
        return false;
    int offset = (int)(hours * 60 + minutes);
    *ret_minutes = ahead ? offset : -offset;
    return true;
}

static bool take_fraction(struct eg_span *rest)
{
    if (!eg_schema_take(rest, '.'))
        return true;
    size_t before = rest->len;
    while (rest->len > 0 && eg_schema_is_digit(rest->ptr[0]))
        *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
    return rest->len < before;
}

static bool take_time(struct eg_span *rest)
{
    unsigned hour;
    unsigned minute;
    unsigned second;
    int offset;
    if (!take_number(rest, 2, 0, 23, &hour) || !eg_schema_take(rest, ':') ||
        !take_number(rest, 2, 0, 59, &minute) || !eg_schema_take(rest, ':') ||
        !take_number(rest, 2, 0, 60, &second) || !take_fraction(rest) ||
        !take_offset(rest, &offset))
        return false;
    const int day = 24 * 60;
    int utc = ((int)(hour * 60 + minute) - offset + day) % day;
    return second < 60 || utc == day - 1; /* a leap second is the last of a UTC day */
}

bool eg_schema_format_date(struct eg_span value)
{
    return take_date(&value) && value.len == 0;
}

bool eg_schema_format_time(struct eg_span value)
{
    return take_time(&value) && value.len == 0;
}

bool eg_schema_format_date_time(struct eg_span value)
{
    return take_date(&value) && (eg_schema_take(&value, 'T') || eg_schema_take(&value, 't')) &&
           take_time(&value) && value.len == 0;
}

/*
 * Numbers, each followed by one of `units`; the units come in that order and none is left out
 * between two. False: none at all, or a number with another unit.
 */
static bool take_units(struct eg_span *rest, const char *units)
{
    const char *next = NULL;
    while (rest->len > 0 && eg_schema_is_digit(rest->ptr[0])) {
        while (rest->len > 0 && eg_schema_is_digit(rest->ptr[0]))
            *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
        if (rest->len == 0 || rest->ptr[0] == '\0')
            return false;
        const char *unit = strchr(units, rest->ptr[0]);
        if (!unit || (next && unit != next))
            return false;
        next = unit + 1;
        *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
    }
    return next != NULL;
}

bool eg_schema_format_duration(struct eg_span value)
{
    if (!eg_schema_take(&value, 'P'))
        return false;
    struct eg_span weeks = value;
    if (take_units(&weeks, "W"))
        return weeks.len == 0;
    bool has_time_only = value.len > 0 && value.ptr[0] == 'T';
    if (!has_time_only && !take_units(&value, "YMD"))
        return false;
    if (eg_schema_take(&value, 'T') && !take_units(&value, "HMS"))
        return false;
    return value.len == 0;
}
