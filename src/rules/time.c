/* SPDX-License-Identifier: Apache-2.0 */
/* See time.h and eg_rules_time_parse in template.h. Years 0 to 9999; no state. */
#include "rules/time.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/span.h"
#include "rules/template.h"

#define US             INT64_C(1000000)
#define FIRST_SECOND   INT64_C(-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_SECOND    INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define SECONDS_BELOW  1e11                  /* larger numbers are milliseconds... */
#define MILLIS_BELOW   1e14                  /* ...or microseconds */
#define MAX_TIME_BYTES 64

/* ---- reading ---- */

static bool take_digits(struct eg_span *rest, size_t count, int low, int high, int *ret_number)
{
    int number = 0;
    if (rest->len < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->ptr[i] < '0' || rest->ptr[i] > '9')
            return false;
        number = number * 10 + (rest->ptr[i] - '0');
    }
    *rest = eg_span_of(rest->ptr + count, rest->len - count);
    *ret_number = number;
    return number >= low && number <= high;
}

static bool take_one_of(struct eg_span *rest, const char *characters)
{
    if (rest->len == 0 || rest->ptr[0] == '\0' || !strchr(characters, rest->ptr[0]))
        return false;
    *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
    return true;
}

static int days_of(int year, int month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* RFC 3339 section 5.6: "." 1*DIGIT; what is below a microsecond is dropped. */
static bool take_fraction(struct eg_span *rest, int64_t *ret_us)
{
    int64_t us = 0;
    int64_t unit = US / 10;
    *ret_us = 0;
    if (!take_one_of(rest, "."))
        return true;
    size_t before = rest->len;
    for (; rest->len && rest->ptr[0] >= '0' && rest->ptr[0] <= '9'; unit /= 10) {
        us += (rest->ptr[0] - '0') * unit;
        *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
    }
    *ret_us = us;
    return rest->len < before;
}

static bool take_offset(struct eg_span *rest, int64_t *ret_seconds)
{
    int hours;
    int minutes;
    *ret_seconds = 0;
    if (take_one_of(rest, "Zz"))
        return true;
    bool behind = rest->len && rest->ptr[0] == '-';
    if (!take_one_of(rest, "+-") || !take_digits(rest, 2, 0, 23, &hours) ||
        !take_one_of(rest, ":") || !take_digits(rest, 2, 0, 59, &minutes))
        return false;
    int64_t seconds = (int64_t)hours * 3600 + minutes * 60;
    *ret_seconds = behind ? -seconds : seconds;
    return true;
}

static bool parse_rfc3339(struct eg_span text, int64_t *ret_wall_us)
{
    struct tm tm = {0};
    int year;
    int64_t fraction_us;
    int64_t offset;
    if (!take_digits(&text, 4, 0, 9999, &year) || !take_one_of(&text, "-") ||
        !take_digits(&text, 2, 1, 12, &tm.tm_mon) || !take_one_of(&text, "-") ||
        !take_digits(&text, 2, 1, days_of(year, tm.tm_mon), &tm.tm_mday) ||
        !take_one_of(&text, "Tt ") || !take_digits(&text, 2, 0, 23, &tm.tm_hour) ||
        !take_one_of(&text, ":") || !take_digits(&text, 2, 0, 59, &tm.tm_min) ||
        !take_one_of(&text, ":") || !take_digits(&text, 2, 0, 60, &tm.tm_sec) ||
        !take_fraction(&text, &fraction_us) || !take_offset(&text, &offset) || text.len)
        return false;
    tm.tm_year = year - 1900;
    tm.tm_mon--;
    int64_t seconds = (int64_t)timegm(&tm) - offset;
    if (seconds < FIRST_SECOND || seconds > LAST_SECOND)
        return false;
    *ret_wall_us = seconds * US + fraction_us;
    return true;
}

static bool parse_number(struct eg_span text, int64_t *ret_wall_us)
{
    char copy[MAX_TIME_BYTES];
    if (text.len == 0 || text.len >= sizeof(copy))
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    if (strspn(copy, "0123456789+-.eE") != text.len)
        return false;
    char *end;
    double number = strtod(copy, &end);
    if (end == copy || *end)
        return false;
    double size = fabs(number);
    double us = size < SECONDS_BELOW ? number * 1e6 : size < MILLIS_BELOW ? number * 1e3 : number;
    if (!(us >= (double)FIRST_SECOND * 1e6 && us <= (double)LAST_SECOND * 1e6))
        return false;
    *ret_wall_us = llround(us);
    return true;
}

bool eg_rules_time_parse(struct eg_span text, int64_t *ret_wall_us)
{
    return parse_rfc3339(text, ret_wall_us) || parse_number(text, ret_wall_us);
}

/* ---- writing ---- */

struct parts {
    struct tm tm;
    int64_t seconds;
    int milliseconds;
};

static int year_of(const struct parts *p)
{
    return p->tm.tm_year + 1900;
}

static int month_of(const struct parts *p)
{
    return p->tm.tm_mon + 1;
}

static int day_of(const struct parts *p)
{
    return p->tm.tm_mday;
}

static int yearday_of(const struct parts *p)
{
    return p->tm.tm_yday + 1;
}

static int hour_of(const struct parts *p)
{
    return p->tm.tm_hour;
}

static int minute_of(const struct parts *p)
{
    return p->tm.tm_min;
}

static int second_of(const struct parts *p)
{
    return p->tm.tm_sec;
}

static int millisecond_of(const struct parts *p)
{
    return p->milliseconds;
}

/* A conversion is a number of some width, or stands for other conversions. */
static const struct conversion {
    char letter;
    int width;
    int (*number)(const struct parts *parts);
    const char *stands_for;
} conversions[] = {
    {'Y', 4, year_of, NULL},    {'m', 2, month_of, NULL},       {'d', 2, day_of, NULL},
    {'j', 3, yearday_of, NULL}, {'H', 2, hour_of, NULL},        {'M', 2, minute_of, NULL},
    {'S', 2, second_of, NULL},  {'L', 3, millisecond_of, NULL}, {'F', 0, NULL, "%Y-%m-%d"},
    {'T', 0, NULL, "%H:%M:%S"}, {'s', 0, NULL, NULL},           {'%', 0, NULL, NULL},
};

static const struct conversion *find_conversion(char letter)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(conversions); i++)
        if (conversions[i].letter == letter)
            return &conversions[i];
    return NULL;
}

int eg_rules_time_check_format(struct eg_span format, struct eg_error *err)
{
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%')
            continue;
        if (++i == format.len)
            return eg_error_set(err, EG_ERR_INVALID, "the format ends with a lone %%");
        if (!find_conversion(format.ptr[i]))
            return eg_error_set(
                err, EG_ERR_INVALID,
                "the format has %%%c; known are %%Y %%m %%d %%j %%H %%M %%S %%L %%s "
                "%%F %%T %%%%",
                format.ptr[i]);
    }
    return 0;
}

static void write_parts(const struct parts *parts, struct eg_span format, struct eg_buffer *out)
{
    for (size_t i = 0; i < format.len; i++) {
        if (format.ptr[i] != '%') {
            eg_buffer_append_char(out, format.ptr[i]);
            continue;
        }
        const struct conversion *conversion = find_conversion(format.ptr[++i]);
        if (conversion->stands_for)
            write_parts(parts, eg_span_text(conversion->stands_for), out);
        else if (conversion->number)
            eg_buffer_printf(out, "%0*d", conversion->width, conversion->number(parts));
        else if (conversion->letter == 's')
            eg_buffer_printf(out, "%lld", (long long)parts->seconds);
        else
            eg_buffer_append_char(out, '%');
    }
}

void eg_rules_time_format(int64_t wall_us, struct eg_span format, struct eg_buffer *out)
{
    struct parts parts = {.seconds = wall_us / US};
    int64_t rest_us = wall_us % US;
    if (rest_us < 0) {
        rest_us += US;
        parts.seconds--;
    }
    parts.milliseconds = (int)(rest_us / 1000);
    time_t seconds = (time_t)parts.seconds;
    EG_ASSERT(gmtime_r(&seconds, &parts.tm) != NULL);
    write_parts(&parts, format, out);
}
