/* SPDX-License-Identifier: Apache-2.0 */
/* See when.h. strptime reads the fixed part; the fraction and the zone are read here. */
#include "command/when.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SECOND_US INT64_C(1000000)

static bool parse_span(const char *text, int64_t now_us, int64_t *ret_us)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (!isdigit((unsigned char)text[0]) || errno != 0 || number > 1000000000 || *end == '\0' ||
        end[1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (*end != units[i].unit)
            continue;
        *ret_us = now_us - number * units[i].seconds * SECOND_US;
        return true;
    }
    return false;
}

/* ".123456" to microseconds; further digits are cut. */
static const char *parse_fraction(const char *text, int64_t *ret_us)
{
    int64_t scale = SECOND_US / 10;
    *ret_us = 0;
    if (*text != '.' || !isdigit((unsigned char)text[1]))
        return text;
    for (text++; isdigit((unsigned char)*text); text++, scale /= 10)
        *ret_us += (*text - '0') * scale;
    return text;
}

/* "", "Z" or "+hh:mm", and nothing behind. */
static bool parse_zone(const char *text, int64_t *ret_seconds)
{
    *ret_seconds = 0;
    if (*text == '\0' || strcmp(text, "Z") == 0 || strcmp(text, "z") == 0)
        return true;
    if (strlen(text) != 6 || (*text != '+' && *text != '-') || text[3] != ':')
        return false;
    for (size_t i = 1; i < 6; i++)
        if (i != 3 && !isdigit((unsigned char)text[i]))
            return false;
    int64_t hours = (text[1] - '0') * 10 + (text[2] - '0');
    int64_t minutes = (text[4] - '0') * 10 + (text[5] - '0');
    *ret_seconds = (hours * 3600 + minutes * 60) * (*text == '-' ? -1 : 1);
    return hours < 24 && minutes < 60;
}

bool eg_command_when_parse(const char *text, int64_t now_us, int64_t *ret_us)
{
    if (parse_span(text, now_us, ret_us))
        return true;
    struct tm parts = {0};
    const char *rest = strptime(text, "%Y-%m-%d", &parts);
    int64_t fraction_us = 0;
    int64_t zone_seconds = 0;
    if (rest && (*rest == 'T' || *rest == 't' || *rest == ' ')) {
        rest = strptime(rest + 1, "%H:%M:%S", &parts);
        if (rest)
            rest = parse_fraction(rest, &fraction_us);
        if (!rest || !parse_zone(rest, &zone_seconds))
            return false;
    } else if (!rest || *rest != '\0') {
        return false;
    }
    struct tm given = parts;
    time_t seconds = timegm(&parts);
    if (parts.tm_mday != given.tm_mday) /* a 31st of February became a day in March */
        return false;
    *ret_us = ((int64_t)seconds - zone_seconds) * SECOND_US + fraction_us;
    return true;
}
