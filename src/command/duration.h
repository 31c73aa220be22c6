/* SPDX-License-Identifier: Apache-2.0 */
/* Durations on the command line: 250ms, 30s, 15m, 1h, 7d. */
#ifndef EG_COMMAND_DURATION_H
#define EG_COMMAND_DURATION_H

#include <stdbool.h>
#include <stdint.h>

/* False: not a duration; *ret_ms untouched. Never negative. */
bool eg_command_duration_ms(const char *text, int64_t *ret_ms);

#endif
