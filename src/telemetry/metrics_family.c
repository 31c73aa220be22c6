/* SPDX-License-Identifier: Apache-2.0 */
/* What metrics.def says, as a table, as Prometheus text and as documentation. */
#include "telemetry/metrics_family.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

const struct eg_metric_family eg_metric_families[EG_METRIC_COUNT] = {
#define EG_METRIC(id, type, name, labels, unit, help) \
    [EG_METRIC_##id] = {EG_METRIC_TYPE_##type, name, labels, unit, help},
#include "telemetry/metrics.def"
#undef EG_METRIC
};

static const char *const type_names[] = {
    [EG_METRIC_TYPE_COUNTER] = "counter",
    [EG_METRIC_TYPE_GAUGE] = "gauge",
    [EG_METRIC_TYPE_HISTOGRAM] = "histogram",
};

const struct eg_metric_bucket eg_metric_buckets[EG_METRICS_BUCKETS] = {
    {1000, "0.000001"},  {5000, "0.000005"}, {25000, "0.000025"}, {100000, "0.0001"},
    {250000, "0.00025"}, {500000, "0.0005"}, {1000000, "0.001"},  {2500000, "0.0025"},
    {5000000, "0.005"},  {10000000, "0.01"}, {25000000, "0.025"}, {50000000, "0.05"},
    {100000000, "0.1"},  {500000000, "0.5"}, {2500000000, "2.5"}, {10000000000, "10"},
};

static void append_number(struct eg_buffer *out, double value)
{
    if (isnan(value))
        eg_buffer_append_text(out, "NaN");
    else if (isinf(value))
        eg_buffer_append_text(out, value > 0 ? "+Inf" : "-Inf");
    else
        eg_buffer_printf(out, "%.16g", value);
}

/* `name_suffix{labels,le="..."} `: everything before the value. */
static void append_sample_name(struct eg_buffer *out, const char *name, const char *suffix,
                               const char *labels_text, const char *le)
{
    eg_buffer_append_text(out, name);
    eg_buffer_append_text(out, suffix);
    if (*labels_text || le) {
        eg_buffer_append_char(out, '{');
        eg_buffer_append_text(out, labels_text);
        if (le)
            eg_buffer_printf(out, "%sle=\"%s\"", *labels_text ? "," : "", le);
        eg_buffer_append_char(out, '}');
    }
    eg_buffer_append_char(out, ' ');
}

struct histogram_sums {
    uint64_t counts[EG_METRICS_BUCKETS + 1];
    uint64_t sum_ns;
};

static struct histogram_sums sum_stripes(const struct eg_histogram *histogram)
{
    struct histogram_sums sums = {.sum_ns = 0};
    for (size_t s = 0; s < EG_METRICS_STRIPES; s++) {
        const struct eg_histogram_stripe *stripe = &histogram->stripes[s];
        for (size_t b = 0; b <= EG_METRICS_BUCKETS; b++)
            sums.counts[b] += atomic_load_explicit(&stripe->counts[b], memory_order_relaxed);
        sums.sum_ns += atomic_load_explicit(&stripe->sum_ns, memory_order_relaxed);
    }
    return sums;
}

/* The count is the last bucket's, so that the two always agree. */
static void render_histogram(struct eg_buffer *out, const char *name,
                             const struct eg_metric_series *series)
{
    struct histogram_sums sums = sum_stripes(series->value.histogram);
    uint64_t below = 0;
    for (size_t b = 0; b <= EG_METRICS_BUCKETS; b++) {
        below += sums.counts[b];
        append_sample_name(out, name, "_bucket", series->labels_text,
                           b < EG_METRICS_BUCKETS ? eg_metric_buckets[b].text : "+Inf");
        eg_buffer_printf(out, "%" PRIu64 "\n", below);
    }
    append_sample_name(out, name, "_sum", series->labels_text, NULL);
    append_number(out, (double)sums.sum_ns / 1e9);
    eg_buffer_append_char(out, '\n');
    append_sample_name(out, name, "_count", series->labels_text, NULL);
    eg_buffer_printf(out, "%" PRIu64 "\n", below);
}

static void render_value(struct eg_buffer *out, const struct eg_metric_family *family,
                         const struct eg_metric_series *series)
{
    append_sample_name(out, family->name, "", series->labels_text, NULL);
    if (series->read)
        append_number(out, series->read(series->read_state));
    else if (family->type == EG_METRIC_TYPE_COUNTER)
        eg_buffer_printf(out, "%" PRIu64, eg_counter_value(series->value.counter));
    else
        eg_buffer_printf(out, "%" PRId64, eg_gauge_value(series->value.gauge));
    eg_buffer_append_char(out, '\n');
}

/* A series that was watched and is not any more has nothing to show. */
static bool is_shown(const struct eg_metric_series *series)
{
    return series->read || series->value.any;
}

void eg_metric_family_render(const struct eg_metric_family *family,
                             const struct eg_metric_series_list *list, struct eg_buffer *out)
{
    bool begun = false;
    for (size_t i = 0; i < list->count; i++) {
        const struct eg_metric_series *series = &list->items[i];
        if (!is_shown(series))
            continue;
        if (!begun)
            eg_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help,
                             family->name, type_names[family->type]);
        begun = true;
        if (family->type == EG_METRIC_TYPE_HISTOGRAM)
            render_histogram(out, family->name, series);
        else
            render_value(out, family, series);
    }
}

static void document_family(const struct eg_metric_family *family, struct eg_buffer *out)
{
    eg_buffer_printf(out, "| `%s` | %s | ", family->name, type_names[family->type]);
    for (const char *label = family->labels; *label;) {
        size_t len = strcspn(label, " ");
        eg_buffer_printf(out, "`%.*s`", (int)len, label);
        label += len;
        label += strspn(label, " ");
        eg_buffer_append_text(out, *label ? ", " : "");
    }
    eg_buffer_printf(out, " | %s | %s |\n", family->unit, family->help);
}

void eg_metrics_document(struct eg_buffer *out)
{
    eg_buffer_append_text(
        out,
        "# Metrics\n\n"
        "<!-- Generated from src/telemetry/metrics.def; the test command fails when it has "
        "drifted. -->\n\n"
        "`GET /metrics` on the admin listener answers in the Prometheus text format 0.0.4.\n\n"
        "Label values are bounded: a metric has at most `metrics.max_label_sets` label sets. When "
        "it is full, the\nfirst label of a new set becomes `other`.\n\n"
        "| Metric | Type | Labels | Unit | Meaning |\n|---|---|---|---|---|\n");
    for (size_t i = 0; i < EG_METRIC_COUNT; i++)
        document_family(&eg_metric_families[i], out);
    eg_buffer_append_text(out, "\nUpper bounds of every histogram's buckets, in seconds:");
    for (size_t b = 0; b < EG_METRICS_BUCKETS; b++)
        eg_buffer_printf(out, " %s%s", eg_metric_buckets[b].text,
                         b + 1 < EG_METRICS_BUCKETS ? "," : ".\n");
}
