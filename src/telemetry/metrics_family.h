/* SPDX-License-Identifier: Apache-2.0 */
/* The table of families and their label sets; of this room alone. The registry's lock is held. */
#ifndef EG_TELEMETRY_METRICS_FAMILY_H
#define EG_TELEMETRY_METRICS_FAMILY_H

#include <stddef.h>
#include <stdint.h>

#include "telemetry/metrics.h"

enum eg_metric_type {
    EG_METRIC_TYPE_COUNTER,
    EG_METRIC_TYPE_GAUGE,
    EG_METRIC_TYPE_HISTOGRAM,
};

struct eg_metric_family {
    enum eg_metric_type type;
    const char *name;
    const char *labels; /* space-separated names */
    const char *unit;
    const char *help;
};

/* One label set with its value. */
struct eg_metric_series {
    uint64_t hash;     /* of labels_text */
    char *labels_text; /* as rendered between the braces; owned; "" when there are none */
    union {
        struct eg_counter *counter;
        struct eg_gauge *gauge;
        struct eg_histogram *histogram;
        void *any;
    } value; /* NULL for a series that is only watched */
    eg_metrics_read read;
    void *read_state;
};

struct eg_metric_series_list {
    struct eg_metric_series *items;
    size_t count;
    size_t capacity;
};

extern const struct eg_metric_family eg_metric_families[EG_METRIC_COUNT];

/* Upper bounds of a histogram's buckets, in order, and how they are written. */
struct eg_metric_bucket {
    int64_t bound_ns;
    const char *text;
};
extern const struct eg_metric_bucket eg_metric_buckets[EG_METRICS_BUCKETS];

/* Appends one family: HELP, TYPE and every series; nothing when it has no series to show. */
void eg_metric_family_render(const struct eg_metric_family *family,
                             const struct eg_metric_series_list *list, struct eg_buffer *out);

#endif
