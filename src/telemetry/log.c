/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log's state: level, format and output behind one lock, which also holds the line that is
 * being made, so that a thread that logs needs no 32 KiB of its own. The lock is a leaf: nothing is
 * called under it that takes another one.
 */
#include "telemetry/log.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mutex.h"
#include "telemetry/log_line.h"
#include "telemetry/log_output.h"

atomic_int eg_log_lowest_level = EG_LOG_INFO;

static struct eg_mutex lock = {PTHREAD_MUTEX_INITIALIZER};
static enum eg_log_format wanted_format = EG_LOG_FORMAT_AUTO;
static struct eg_log_output output = {.fd = -1};
static char line[EG_LOG_LINE_BYTES];
static _Atomic uint64_t dropped;

static const char *const level_names[] = {
    [EG_LOG_TRACE] = "TRACE",     [EG_LOG_DEBUG] = "DEBUG", [EG_LOG_INFO] = "INFO",
    [EG_LOG_WARNING] = "WARNING", [EG_LOG_ERROR] = "ERROR", [EG_LOG_CRITICAL] = "CRITICAL",
};

const char *eg_log_level_name(enum eg_log_level level)
{
    EG_ASSERT((size_t)level < EG_ARRAY_COUNT(level_names));
    return level_names[level];
}

bool eg_log_level_parse(struct eg_span name, enum eg_log_level *ret_level)
{
    static const struct {
        const char *name;
        enum eg_log_level level;
    } aliases[] = {{"WARN", EG_LOG_WARNING}, {"FATAL", EG_LOG_CRITICAL}};
    for (size_t i = 0; i < EG_ARRAY_COUNT(level_names); i++) {
        if (eg_span_equal_nocase(name, eg_span_text(level_names[i]))) {
            *ret_level = (enum eg_log_level)i;
            return true;
        }
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(aliases); i++) {
        if (eg_span_equal_nocase(name, eg_span_text(aliases[i].name))) {
            *ret_level = aliases[i].level;
            return true;
        }
    }
    return false;
}

void eg_log_level_set(enum eg_log_level level)
{
    atomic_store_explicit(&eg_log_lowest_level, (int)level, memory_order_relaxed);
}

enum eg_log_level eg_log_level(void)
{
    return (enum eg_log_level)atomic_load_explicit(&eg_log_lowest_level, memory_order_relaxed);
}

int eg_log_open(const struct eg_log_settings *settings, struct eg_error *err)
{
    struct eg_log_output opened;
    if (eg_log_output_open(settings->output, &opened, err) < 0)
        return -1;
    eg_mutex_lock(&lock);
    struct eg_log_output old = output;
    output = opened;
    wanted_format = settings->format;
    eg_mutex_unlock(&lock);
    eg_log_output_close(&old);
    eg_log_level_set(settings->level);
    return 0;
}

int eg_log_reopen(struct eg_error *err)
{
    /* Only eg_log_open and this function change the path, and one thread at a time calls them. */
    if (!output.path)
        return 0;
    struct eg_log_output opened;
    if (eg_log_output_open(output.path, &opened, err) < 0)
        return -1;
    eg_mutex_lock(&lock);
    struct eg_log_output old = output;
    output = opened;
    eg_mutex_unlock(&lock);
    eg_log_output_close(&old);
    return 0;
}

void eg_log_close(void)
{
    eg_mutex_lock(&lock);
    eg_log_output_close(&output);
    wanted_format = EG_LOG_FORMAT_AUTO;
    eg_mutex_unlock(&lock);
    eg_log_level_set(EG_LOG_INFO);
}

static enum eg_log_format resolve_format(void)
{
    if (wanted_format != EG_LOG_FORMAT_AUTO)
        return wanted_format;
    return output.terminal ? EG_LOG_FORMAT_LOGFMT : EG_LOG_FORMAT_JSON;
}

void eg_log_write(enum eg_log_level level, struct eg_span correlation_id, const char *message,
                  const struct eg_log_field *fields)
{
    eg_mutex_lock(&lock);
    if (output.fd < 0)
        EG_ASSERT(eg_log_output_open("stderr", &output, NULL) == 0);
    struct eg_log_record record = {eg_clock_wall_us(), level, correlation_id, message, fields};
    size_t len = eg_log_line_format(line, sizeof(line), resolve_format(), &record);
    bool written = eg_log_output_write(&output, line, len);
    eg_mutex_unlock(&lock);
    if (!written)
        atomic_fetch_add_explicit(&dropped, 1, memory_order_relaxed);
}

uint64_t eg_log_dropped(void)
{
    return atomic_load_explicit(&dropped, memory_order_relaxed);
}

bool eg_log_limit_pass(struct eg_log_limit *limit, int64_t now_ms, uint64_t *ret_suppressed)
{
    int64_t end_ms = atomic_load_explicit(&limit->window_end_ms, memory_order_relaxed);
    /* Whoever moves the window's end begins the new window; the others count in it. */
    if (now_ms >= end_ms && atomic_compare_exchange_strong_explicit(
                                &limit->window_end_ms, &end_ms, now_ms + EG_LOG_WINDOW_MS,
                                memory_order_relaxed, memory_order_relaxed))
        atomic_store_explicit(&limit->passed, 0, memory_order_relaxed);
    if (atomic_fetch_add_explicit(&limit->passed, 1, memory_order_relaxed) >= EG_LOG_BURST) {
        atomic_fetch_add_explicit(&limit->suppressed, 1, memory_order_relaxed);
        return false;
    }
    *ret_suppressed = atomic_exchange_explicit(&limit->suppressed, 0, memory_order_relaxed);
    return true;
}

bool eg_log_limit_pass_now(struct eg_log_limit *limit, uint64_t *ret_suppressed)
{
    return eg_log_limit_pass(limit, eg_clock_monotonic_ms(), ret_suppressed);
}
