/* SPDX-License-Identifier: Apache-2.0 */
/* One log line as bytes; of this room alone. No state; any thread. */
#ifndef EG_TELEMETRY_LOG_LINE_H
#define EG_TELEMETRY_LOG_LINE_H

#include "telemetry/log.h"

#define EG_LOG_LINE_MIN_BYTES 256

struct eg_log_record {
    int64_t wall_us;
    enum eg_log_level level;
    struct eg_span correlation_id;
    const char *message;
    const struct eg_log_field *fields;
};

/*
 * Writes the line with its newline into `line` of at least EG_LOG_LINE_MIN_BYTES and returns its
 * length. What does not fit is cut, then fields are left out; the line stays well-formed.
 */
size_t eg_log_line_format(char *line, size_t line_bytes, enum eg_log_format format,
                          const struct eg_log_record *record);

#endif
