/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registry: every family's label sets, under one lock that only resolving, watching and
 * rendering take. Series are added and never removed, and what a handle points to never moves; the
 * arrays of series do, which is why they stay behind the lock.
 */
#include "telemetry/metrics.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "telemetry/character.h"
#include "telemetry/metrics_family.h"
#include "json/utf8.h"

#define OTHER "other"

/* Above the bound, for "other" beside what the remaining labels can be; then all become "other". */
#define OTHER_SETS      64
#define MAX_VALUE_BYTES 256

static struct eg_mutex lock = {PTHREAD_MUTEX_INITIALIZER};
static struct eg_metric_series_list lists[EG_METRIC_COUNT];
static size_t label_set_bound = EG_METRICS_DEFAULT_LABEL_SETS;

_Thread_local unsigned eg_metrics_thread_stripe;

unsigned eg_metrics_stripe_assign(void)
{
    static atomic_uint next;
    unsigned stripe = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
    eg_metrics_thread_stripe = stripe % EG_METRICS_STRIPES + 1;
    return eg_metrics_thread_stripe - 1;
}

void eg_metrics_configure(size_t max_label_sets)
{
    eg_mutex_lock(&lock);
    label_set_bound = max_label_sets;
    eg_mutex_unlock(&lock);
}

/* Quotes as the text format says: backslash, quote and newline; the rest must be UTF-8. */
static void append_label_value(struct eg_buffer *out, const char *value)
{
    size_t len = eg_character_cut(value, strlen(value), MAX_VALUE_BYTES);
    for (size_t at = 0, taken; at < len; at += taken) {
        taken = eg_json_utf8_sequence(value + at, len - at);
        if (taken == 0) {
            taken = 1;
            eg_buffer_append_text(out, EG_CHARACTER_REPLACEMENT);
        } else if (value[at] == '\n') {
            eg_buffer_append_text(out, "\\n");
        } else {
            if (value[at] == '"' || value[at] == '\\')
                eg_buffer_append_char(out, '\\');
            eg_buffer_append(out, value + at, taken);
        }
    }
}

/* The first `other_count` labels get the value "other". */
static void append_labels(struct eg_buffer *out, enum eg_metric metric, const char *const *values,
                          size_t other_count)
{
    const char *label = eg_metric_families[metric].labels;
    size_t index = 0;
    for (; *label; index++) {
        size_t len = strcspn(label, " ");
        EG_ASSERT(values[index] != NULL);
        eg_buffer_printf(out, "%s%.*s=\"", index ? "," : "", (int)len, label);
        append_label_value(out, index < other_count ? OTHER : values[index]);
        eg_buffer_append_char(out, '"');
        label += len;
        label += strspn(label, " ");
    }
    EG_ASSERT(values[index] == NULL);
}

static struct eg_metric_series *find(const struct eg_metric_series_list *list, struct eg_span text)
{
    uint64_t hash = eg_span_hash(text);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].hash == hash && eg_span_is(text, list->items[i].labels_text))
            return &list->items[i];
    return NULL;
}

static struct eg_metric_series *add(struct eg_metric_series_list *list, struct eg_span text)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity ? list->capacity * 2 : 4;
        list->items = eg_realloc_array(list->items, list->capacity, sizeof(list->items[0]));
    }
    struct eg_metric_series *series = &list->items[list->count++];
    *series =
        (struct eg_metric_series){.hash = eg_span_hash(text), .labels_text = eg_span_dup(text)};
    return series;
}

/* The series of the values, or of "other" when the family is full. */
static struct eg_metric_series *resolve(enum eg_metric metric, const char *const *values)
{
    EG_ASSERT((unsigned)metric < EG_METRIC_COUNT);
    struct eg_metric_series_list *list = &lists[metric];
    const size_t bounds[] = {label_set_bound, label_set_bound + OTHER_SETS, SIZE_MAX};
    const size_t other_counts[] = {0, 1, EG_METRICS_MAX_LABELS};
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_metric_series *series = NULL;
    for (size_t step = 0; !series && step < EG_ARRAY_COUNT(bounds); step++) {
        eg_buffer_clear(&text);
        append_labels(&text, metric, values, other_counts[step]);
        series = find(list, eg_buffer_span(&text));
        if (!series && list->count < bounds[step])
            series = add(list, eg_buffer_span(&text));
    }
    EG_ASSERT(series != NULL); /* the last bound is none */
    return series;
}

static void *resolve_value(enum eg_metric metric, enum eg_metric_type type, size_t value_bytes,
                           const char *const *values)
{
    EG_ASSERT(eg_metric_families[metric].type == type);
    eg_mutex_lock(&lock);
    struct eg_metric_series *series = resolve(metric, values);
    if (!series->value.any) {
        series->value.any = aligned_alloc(sizeof(struct eg_metrics_stripe), value_bytes);
        EG_ASSERT(series->value.any != NULL);
        memset(series->value.any, 0, value_bytes);
    }
    void *value = series->value.any;
    eg_mutex_unlock(&lock);
    return value;
}

struct eg_counter *eg_metrics_counter_of(enum eg_metric metric, const char *const *values)
{
    return resolve_value(metric, EG_METRIC_TYPE_COUNTER, sizeof(struct eg_counter), values);
}

struct eg_gauge *eg_metrics_gauge_of(enum eg_metric metric, const char *const *values)
{
    return resolve_value(metric, EG_METRIC_TYPE_GAUGE, sizeof(struct eg_gauge), values);
}

struct eg_histogram *eg_metrics_histogram_of(enum eg_metric metric, const char *const *values)
{
    return resolve_value(metric, EG_METRIC_TYPE_HISTOGRAM, sizeof(struct eg_histogram), values);
}

void eg_metrics_watch_of(enum eg_metric metric, eg_metrics_read read, void *state,
                         const char *const *values)
{
    EG_ASSERT(eg_metric_families[metric].type != EG_METRIC_TYPE_HISTOGRAM);
    eg_mutex_lock(&lock);
    struct eg_metric_series *series = resolve(metric, values);
    series->read = read;
    series->read_state = state;
    eg_mutex_unlock(&lock);
}

void eg_metrics_unwatch_of(enum eg_metric metric, const char *const *values)
{
    eg_metrics_watch_of(metric, NULL, NULL, values);
}

void eg_metrics_render(struct eg_buffer *out)
{
    eg_mutex_lock(&lock);
    for (size_t i = 0; i < EG_METRIC_COUNT; i++)
        eg_metric_family_render(&eg_metric_families[i], &lists[i], out);
    eg_mutex_unlock(&lock);
}

static uint64_t sum_stripes(const struct eg_metrics_stripe *stripes)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < EG_METRICS_STRIPES; i++)
        sum += atomic_load_explicit(&stripes[i].value, memory_order_relaxed);
    return sum;
}

uint64_t eg_counter_value(const struct eg_counter *counter)
{
    return sum_stripes(counter->stripes);
}

int64_t eg_gauge_value(const struct eg_gauge *gauge)
{
    return (int64_t)sum_stripes(gauge->stripes);
}

int64_t eg_metrics_now_ns(void)
{
    struct timespec now;
    EG_ASSERT(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void eg_histogram_observe_ns(struct eg_histogram *histogram, int64_t duration_ns)
{
    if (duration_ns < 0)
        duration_ns = 0;
    size_t bucket = 0;
    while (bucket < EG_METRICS_BUCKETS && duration_ns > eg_metric_buckets[bucket].bound_ns)
        bucket++;
    struct eg_histogram_stripe *stripe = &histogram->stripes[eg_metrics_stripe_here()];
    atomic_fetch_add_explicit(&stripe->counts[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&stripe->sum_ns, (uint64_t)duration_ns, memory_order_relaxed);
}
