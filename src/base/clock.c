/* SPDX-License-Identifier: Apache-2.0 */
/* clock_gettime for the two clocks; formatting without locale or time zone. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/error.h"

static int64_t read_us(clockid_t id)
{
    struct timespec now;
    EG_ASSERT(clock_gettime(id, &now) == 0);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t eg_clock_monotonic_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t eg_clock_monotonic_ms(void)
{
    return eg_clock_monotonic_us() / 1000;
}

int64_t eg_clock_thread_cpu_us(void)
{
    return read_us(CLOCK_THREAD_CPUTIME_ID);
}

int64_t eg_clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

static int64_t system_wall_us(void *state)
{
    (void)state;
    return eg_clock_wall_us();
}

static int64_t system_monotonic_us(void *state)
{
    (void)state;
    return eg_clock_monotonic_us();
}

const struct eg_clock eg_clock_system = {system_wall_us, system_monotonic_us, NULL};

void eg_clock_format_iso(int64_t wall_us, char *text)
{
    time_t seconds = (time_t)(wall_us / 1000000);
    int64_t rest_us = wall_us % 1000000;
    if (rest_us < 0) {
        rest_us += 1000000;
        seconds--;
    }
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || parts.tm_year < -1900 || parts.tm_year > 8099) {
        seconds = 0;
        rest_us = 0;
        EG_ASSERT(gmtime_r(&seconds, &parts) != NULL);
    }
    (void)snprintf(text, EG_CLOCK_ISO_BYTES, "%04u-%02u-%02uT%02u:%02u:%02u.%03uZ",
                   (unsigned)(parts.tm_year + 1900) % 10000u, (unsigned)(parts.tm_mon + 1) % 100u,
                   (unsigned)parts.tm_mday % 100u, (unsigned)parts.tm_hour % 100u,
                   (unsigned)parts.tm_min % 100u, (unsigned)parts.tm_sec % 100u,
                   (unsigned)(rest_us / 1000) % 1000u);
}
