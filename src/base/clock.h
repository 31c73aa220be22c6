/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time, in the two kinds that must not be mixed: monotonic for deadlines and latencies, wall for
 * timestamps and token expiry. Rooms whose tests need to set the time take a `struct eg_clock`.
 * Any thread.
 */
#ifndef EG_BASE_CLOCK_H
#define EG_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t eg_clock_monotonic_ms(void);
int64_t eg_clock_monotonic_us(void);
int64_t eg_clock_thread_cpu_us(void); /* that the calling thread has had */
int64_t eg_clock_wall_us(void);       /* since 1970-01-01T00:00:00Z */

struct eg_clock {
    int64_t (*wall_us)(void *state);
    int64_t (*monotonic_us)(void *state);
    void *state;
};

extern const struct eg_clock eg_clock_system;

#define EG_CLOCK_ISO_BYTES sizeof("2026-01-02T03:04:05.678Z")

/* RFC 3339 in UTC with milliseconds. `text` has EG_CLOCK_ISO_BYTES. */
void eg_clock_format_iso(int64_t wall_us, char *text);

#endif
