/* SPDX-License-Identifier: Apache-2.0 */
/* Times in templates: a strftime of our own, in UTC, without locale. Internal to rules/. */
#ifndef EG_RULES_TIME_H
#define EG_RULES_TIME_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

/*
 * %Y year, %m month, %d day, %j day of the year, %H hour, %M minute, %S second, %L milliseconds,
 * %s Unix seconds, %F is %Y-%m-%d, %T is %H:%M:%S, %% is %. -1 with EG_ERR_INVALID for another.
 */
int eg_rules_time_check_format(struct eg_span format, struct eg_error *err) EG_MUST_CHECK;

/* Appends the time in a checked format. */
void eg_rules_time_format(int64_t wall_us, struct eg_span format, struct eg_buffer *out);

#endif
