/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time on a command line. Main thread. */
#ifndef EG_COMMAND_WHEN_H
#define EG_COMMAND_WHEN_H

#include <stdbool.h>
#include <stdint.h>

/*
 * RFC 3339 (2026-01-31T12:00:00.5+02:00; without a zone: UTC), a date alone (its first moment in
 * UTC), or a span back from `now_us`: 90s, 10m, 2h, 7d. Microseconds since 1970. False: none of
 * these.
 */
bool eg_command_when_parse(const char *text, int64_t now_us, int64_t *ret_us);

#endif
