/* SPDX-License-Identifier: Apache-2.0 */
/* Strict readers of RFC 3339 and HTTP times. */
#include "aws/time.h"

#include <string.h>
#include <time.h>

#include "base/span.h"

/* Two or four digits at the front of *text, and what must follow them. */
static bool take_number(struct eg_span *text, size_t digits, char follows, int min, int max,
                        int *ret_number)
{
    int number = 0;
    if (text->len < digits + (follows ? 1 : 0))
        return false;
    for (size_t i = 0; i < digits; i++) {
        if (text->ptr[i] < '0' || text->ptr[i] > '9')
            return false;
        number = number * 10 + (text->ptr[i] - '0');
    }
    if (number < min || number > max || (follows && text->ptr[digits] != follows))
        return false;
    text->ptr += digits + (follows ? 1 : 0);
    text->len -= digits + (follows ? 1 : 0);
    *ret_number = number;
    return true;
}

static bool take_fraction(struct eg_span *text)
{
    size_t len = 1;
    if (!text->len || text->ptr[0] != '.')
        return true;
    while (len < text->len && text->ptr[len] >= '0' && text->ptr[len] <= '9')
        len++;
    text->ptr += len;
    text->len -= len;
    return len > 1;
}

static bool take_offset(struct eg_span *text, int *ret_offset_s)
{
    int hours;
    int minutes;
    if (text->len == 1 && (text->ptr[0] == 'Z' || text->ptr[0] == 'z')) {
        *ret_offset_s = 0;
        return true;
    }
    if (text->len != 6 || !strchr("+-", text->ptr[0]))
        return false;
    int sign = text->ptr[0] == '-' ? -1 : 1;
    text->ptr++;
    text->len--;
    if (!take_number(text, 2, ':', 0, 23, &hours) || !take_number(text, 2, '\0', 0, 59, &minutes))
        return false;
    *ret_offset_s = sign * (hours * 3600 + minutes * 60);
    return true;
}

static bool take_date(struct eg_span *text, struct tm *parts)
{
    int year;
    int month;
    if (!take_number(text, 4, '-', 1970, 9999, &year) ||
        !take_number(text, 2, '-', 1, 12, &month) ||
        !take_number(text, 2, 'T', 1, 31, &parts->tm_mday))
        return false;
    parts->tm_year = year - 1900;
    parts->tm_mon = month - 1;
    return true;
}

/* Not the 31st of a shorter month. */
static bool is_in_month(const struct tm *parts)
{
    struct tm day = {.tm_year = parts->tm_year, .tm_mon = parts->tm_mon, .tm_mday = parts->tm_mday};
    (void)timegm(&day);
    return day.tm_mon == parts->tm_mon;
}

bool eg_aws_time_parse(struct eg_span text, int64_t *ret_seconds)
{
    struct tm parts = {0};
    int offset_s;
    if (!take_date(&text, &parts) || !take_number(&text, 2, ':', 0, 23, &parts.tm_hour) ||
        !take_number(&text, 2, ':', 0, 59, &parts.tm_min) ||
        !take_number(&text, 2, '\0', 0, 60, &parts.tm_sec) || !take_fraction(&text) ||
        !take_offset(&text, &offset_s))
        return false;
    if (!is_in_month(&parts))
        return false;
    *ret_seconds = (int64_t)timegm(&parts) - offset_s;
    return true;
}

/* Three letters and a blank: the number of the month from 0, or -1. */
static int take_month(struct eg_span *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int month = 0; month < 12 && text->len > 3 && text->ptr[3] == ' '; month++)
        if (memcmp(text->ptr, months + 3 * month, 3) == 0) {
            text->ptr += 4;
            text->len -= 4;
            return month;
        }
    return -1;
}

bool eg_aws_time_parse_http(struct eg_span text, int64_t *ret_seconds)
{
    struct tm parts = {0};
    int year;
    if (text.len != sizeof("Sun, 06 Nov 1994 08:49:37 GMT") - 1 ||
        memcmp(text.ptr + 3, ", ", 2) != 0)
        return false;
    text.ptr += 5; /* the day of the week says nothing new */
    text.len -= 5;
    if (!take_number(&text, 2, ' ', 1, 31, &parts.tm_mday) ||
        (parts.tm_mon = take_month(&text)) < 0 || !take_number(&text, 4, ' ', 1970, 9999, &year) ||
        !take_number(&text, 2, ':', 0, 23, &parts.tm_hour) ||
        !take_number(&text, 2, ':', 0, 59, &parts.tm_min) ||
        !take_number(&text, 2, ' ', 0, 60, &parts.tm_sec) || !eg_span_is(text, "GMT"))
        return false;
    parts.tm_year = year - 1900;
    if (!is_in_month(&parts))
        return false;
    *ret_seconds = (int64_t)timegm(&parts);
    return true;
}
