/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process's metrics: the families of metrics.def, rendered as Prometheus text.
 *
 * A family has label sets, each with its own value. A handle to one is resolved once (at start, at
 * load) and lives as long as the process; changing it is a relaxed atomic add to the calling
 * thread's own cache line. Handles may be used by any thread, at any time, before
 * eg_metrics_configure too.
 *
 *     requests = eg_metrics_counter(EG_METRIC_EVENTS_TOTAL, "public.cps.za.runs", "accepted");
 *     eg_counter_add(requests, 1);
 *
 * Label sets are bounded: when a family is full, the first label of a new set becomes "other", so
 * that a stranger's input can never grow the process or the monitoring behind it.
 */
#ifndef EG_TELEMETRY_METRICS_H
#define EG_TELEMETRY_METRICS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/span.h"

enum eg_metric {
#define EG_METRIC(id, type, name, labels, unit, help) EG_METRIC_##id,
#include "telemetry/metrics.def"
#undef EG_METRIC
    EG_METRIC_COUNT
};

#define EG_METRICS_MAX_LABELS         3
#define EG_METRICS_DEFAULT_LABEL_SETS 1000
#define EG_METRICS_STRIPES            8 /* more threads than this share lines, correctly */
#define EG_METRICS_BUCKETS            16

/* The most label sets of one family from now on; those that exist stay. */
void eg_metrics_configure(size_t max_label_sets);

/* One cache line, so that threads that count do not fight. */
struct eg_metrics_stripe {
    _Alignas(64) _Atomic uint64_t value;
};

struct eg_counter {
    struct eg_metrics_stripe stripes[EG_METRICS_STRIPES];
};

/* A gauge is moved by add, or set, never both: a set gauge lives in its first stripe. */
struct eg_gauge {
    struct eg_metrics_stripe stripes[EG_METRICS_STRIPES];
};

struct eg_histogram_stripe {
    _Alignas(64) _Atomic uint64_t counts[EG_METRICS_BUCKETS + 1]; /* the last: above all bounds */
    _Atomic uint64_t sum_ns;
};

/* Durations, in buckets from 1 us to 10 s. */
struct eg_histogram {
    struct eg_histogram_stripe stripes[EG_METRICS_STRIPES];
};

/*
 * Resolving: the label values in the family's order, as `const char *`. The same values give the
 * same handle. The family's type and number of labels are the caller's to know (asserted). Takes a
 * lock: not on the way of a request.
 */
#define eg_metrics_counter(metric, ...) \
    eg_metrics_counter_of(metric, EG_METRICS_VALUES(__VA_ARGS__))
#define eg_metrics_gauge(metric, ...) eg_metrics_gauge_of(metric, EG_METRICS_VALUES(__VA_ARGS__))
#define eg_metrics_histogram(metric, ...) \
    eg_metrics_histogram_of(metric, EG_METRICS_VALUES(__VA_ARGS__))
#define EG_METRICS_VALUES(...) ((const char *const[]){__VA_ARGS__ __VA_OPT__(, ) NULL})

struct eg_counter *eg_metrics_counter_of(enum eg_metric metric, const char *const *values);
struct eg_gauge *eg_metrics_gauge_of(enum eg_metric metric, const char *const *values);
struct eg_histogram *eg_metrics_histogram_of(enum eg_metric metric, const char *const *values);

/*
 * A counter or gauge whose value is read when it is rendered. `read` is called on the rendering
 * thread, under the registry's lock: it must neither resolve metrics nor wait. Watching the same
 * labels again replaces the function. Unwatch before `state` goes away: then it is not rendered any
 * more, and no call is running when unwatch returns.
 */
typedef double (*eg_metrics_read)(void *state);
#define eg_metrics_watch(metric, read, state, ...) \
    eg_metrics_watch_of(metric, read, state, EG_METRICS_VALUES(__VA_ARGS__))
#define eg_metrics_unwatch(metric, ...) \
    eg_metrics_unwatch_of(metric, EG_METRICS_VALUES(__VA_ARGS__))
void eg_metrics_watch_of(enum eg_metric metric, eg_metrics_read read, void *state,
                         const char *const *values);
void eg_metrics_unwatch_of(enum eg_metric metric, const char *const *values);

/* Appends all families, in the order of the table: Prometheus text format 0.0.4. */
#define EG_METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"
void eg_metrics_render(struct eg_buffer *out);

/* Appends docs/metrics.md. */
void eg_metrics_document(struct eg_buffer *out);

/* The value now, for tests and for /health. */
uint64_t eg_counter_value(const struct eg_counter *counter);
int64_t eg_gauge_value(const struct eg_gauge *gauge);

/* Monotonic nanoseconds, for what is too short for the microseconds of base/clock.h. */
int64_t eg_metrics_now_ns(void);

/* The calling thread's stripe plus 1; 0 until it counts for the first time. */
extern _Thread_local unsigned eg_metrics_thread_stripe;
unsigned eg_metrics_stripe_assign(void);

static inline unsigned eg_metrics_stripe_here(void)
{
    unsigned stripe = eg_metrics_thread_stripe;
    return EG_LIKELY(stripe != 0) ? stripe - 1 : eg_metrics_stripe_assign();
}

static inline void eg_counter_add(struct eg_counter *counter, uint64_t count)
{
    atomic_fetch_add_explicit(&counter->stripes[eg_metrics_stripe_here()].value, count,
                              memory_order_relaxed);
}

static inline void eg_gauge_add(struct eg_gauge *gauge, int64_t change)
{
    atomic_fetch_add_explicit(&gauge->stripes[eg_metrics_stripe_here()].value, (uint64_t)change,
                              memory_order_relaxed);
}

static inline void eg_gauge_set(struct eg_gauge *gauge, int64_t value)
{
    atomic_store_explicit(&gauge->stripes[0].value, (uint64_t)value, memory_order_relaxed);
}

/* A negative duration counts as 0. */
void eg_histogram_observe_ns(struct eg_histogram *histogram, int64_t duration_ns);

static inline void eg_histogram_observe_us(struct eg_histogram *histogram, int64_t duration_us)
{
    eg_histogram_observe_ns(histogram, duration_us * 1000);
}

#endif
