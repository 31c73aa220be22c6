/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's one log: a line an event of the program's life, as JSON or, on a terminal, logfmt.
 *
 *     eg_log(EG_LOG_WARNING, correlation_id, "sink is slow", eg_log_text("sink", name),
 *            eg_log_int("waited_ms", waited_ms));
 *
 * writes
 *
 *     {"time":"2026-01-02T03:04:05.678Z","level":"WARNING","message":"sink is slow",
 *      "correlation_id":"...","sink":"kafka","waited_ms":120}
 *
 * in one line and one write(2). A level that is off costs one relaxed load; its fields are not
 * evaluated. Any thread may log at any time, before eg_log_open too (INFO and above, to stderr).
 *
 * Logging never holds the program up: a pipe or socket that nobody reads makes lines drop, and the
 * drops are counted. Only a regular file's write can wait, for the disk. Not for signal handlers.
 */
#ifndef EG_TELEMETRY_LOG_H
#define EG_TELEMETRY_LOG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/span.h"
#include "eventgate/error.h"
#include "eventgate/sink.h" /* enum eg_log_level */

/* A longer line is cut: the value that does not fit ends on a character boundary with "...". */
#define EG_LOG_LINE_BYTES 32768

enum eg_log_format {
    EG_LOG_FORMAT_AUTO, /* logfmt on a terminal, else JSON */
    EG_LOG_FORMAT_JSON,
    EG_LOG_FORMAT_LOGFMT,
};

struct eg_log_settings {
    enum eg_log_level level; /* the lowest that is written */
    enum eg_log_format format;
    const char *output; /* "stderr", "stdout", or the path of a file to append to; copied */
};

/*
 * Takes the settings; may be called again to change them, from one thread at a time. -1 with
 * EG_ERR_IO when the file can't be opened: then nothing changed.
 */
int eg_log_open(const struct eg_log_settings *settings, struct eg_error *err) EG_MUST_CHECK;

/* After rotation: opens the file anew. Nothing to do for stderr and stdout. On -1 the old one
 * stays. */
int eg_log_reopen(struct eg_error *err) EG_MUST_CHECK;

/* Back to the state before the first eg_log_open. */
void eg_log_close(void);

void eg_log_level_set(enum eg_log_level level);
enum eg_log_level eg_log_level(void);

/* "TRACE" ... "CRITICAL". */
const char *eg_log_level_name(enum eg_log_level level);

/* The level of that name in any case; also Python's WARN and FATAL. False: no such level. */
bool eg_log_level_parse(struct eg_span name, enum eg_log_level *ret_level);

/* Lines that were not written, or not whole, since the start. */
uint64_t eg_log_dropped(void);

extern atomic_int eg_log_lowest_level; /* only for the inline below */

static inline bool eg_log_enabled(enum eg_log_level level)
{
    return EG_UNLIKELY((int)level >=
                       atomic_load_explicit(&eg_log_lowest_level, memory_order_relaxed));
}

enum eg_log_kind {
    EG_LOG_KIND_OMIT, /* writes nothing */
    EG_LOG_KIND_TEXT,
    EG_LOG_KIND_INT,
    EG_LOG_KIND_UINT,
    EG_LOG_KIND_DOUBLE,
    EG_LOG_KIND_BOOL,
};

/* One key and value of a line. Names are constants of ours: [a-z0-9_]+, not escaped. */
struct eg_log_field {
    const char *name; /* NULL ends the array */
    enum eg_log_kind kind;
    union {
        struct eg_span text; /* any bytes: control characters are escaped, invalid UTF-8 replaced */
        int64_t integer;
        uint64_t natural;
        double real;
        bool truth;
    } value;
};

static inline struct eg_log_field eg_log_text(const char *name, struct eg_span text)
{
    return (struct eg_log_field){name, EG_LOG_KIND_TEXT, {.text = text}};
}

/* NULL is the empty text. */
static inline struct eg_log_field eg_log_string(const char *name, const char *text)
{
    return eg_log_text(name, eg_span_text(text));
}

static inline struct eg_log_field eg_log_int(const char *name, int64_t value)
{
    return (struct eg_log_field){name, EG_LOG_KIND_INT, {.integer = value}};
}

static inline struct eg_log_field eg_log_uint(const char *name, uint64_t value)
{
    return (struct eg_log_field){name, EG_LOG_KIND_UINT, {.natural = value}};
}

static inline struct eg_log_field eg_log_double(const char *name, double value)
{
    return (struct eg_log_field){name, EG_LOG_KIND_DOUBLE, {.real = value}};
}

static inline struct eg_log_field eg_log_bool(const char *name, bool value)
{
    return (struct eg_log_field){name, EG_LOG_KIND_BOOL, {.truth = value}};
}

/* The message of an error, as "error". */
static inline struct eg_log_field eg_log_error(const struct eg_error *err)
{
    return eg_log_string("error", err->message);
}

/* Writes whatever the level says; use the macros. `fields` ends with a NULL name. */
void eg_log_write(enum eg_log_level level, struct eg_span correlation_id, const char *message,
                  const struct eg_log_field *fields) EG_COLD;

/* eg_log(level, correlation_id, message, field...). EG_SPAN_EMPTY: no correlation id. */
#define eg_log(level, correlation_id, message, ...)                                                \
    do {                                                                                           \
        if (eg_log_enabled(level))                                                                 \
            eg_log_write((level), (correlation_id), (message),                                     \
                         (const struct eg_log_field[]){                                            \
                             __VA_ARGS__ __VA_OPT__(, ){NULL, EG_LOG_KIND_OMIT, {.natural = 0}}}); \
    } while (0)

/* What one call site may say: EG_LOG_BURST lines in a window, then silence until it is over. */
struct eg_log_limit {
    _Atomic int64_t window_end_ms;
    atomic_uint passed;
    _Atomic uint64_t suppressed;
};

#define EG_LOG_BURST     5
#define EG_LOG_WINDOW_MS 10000

/* True: log it, and say that *ret_suppressed lines before it were not. */
bool eg_log_limit_pass(struct eg_log_limit *limit, int64_t now_ms, uint64_t *ret_suppressed);
bool eg_log_limit_pass_now(struct eg_log_limit *limit, uint64_t *ret_suppressed);

static inline struct eg_log_field eg_log_suppressed(uint64_t count)
{
    return (struct eg_log_field){
        "suppressed", count ? EG_LOG_KIND_UINT : EG_LOG_KIND_OMIT, {.natural = count}};
}

/* As eg_log, for what can happen on every request: limited per call site; "suppressed" counts. */
#define eg_log_limited(level, correlation_id, message, ...)                                        \
    do {                                                                                           \
        static struct eg_log_limit eg_log_limit_here;                                              \
        uint64_t eg_log_suppressed_here;                                                           \
        if (eg_log_enabled(level) &&                                                               \
            eg_log_limit_pass_now(&eg_log_limit_here, &eg_log_suppressed_here))                    \
            eg_log_write((level), (correlation_id), (message),                                     \
                         (const struct eg_log_field[]){                                            \
                             __VA_ARGS__ __VA_OPT__(, ) eg_log_suppressed(eg_log_suppressed_here), \
                             {NULL, EG_LOG_KIND_OMIT, {.natural = 0}}});                           \
    } while (0)

#endif
