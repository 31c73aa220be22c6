/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts and logs answered requests. A counter for each (route, method, status) is resolved the
 * first time it is needed and then found by index: the table is small because the routes, methods
 * and statuses that we answer with are few and known.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/observe.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "telemetry/log.h"

static const unsigned statuses[] = {200, 202, 204, 207, 303, 304, 400, 401, 403, 404, 405,
                                    408, 413, 415, 417, 429, 431, 499, 500, 501, 503, 505};
#define STATUS_COUNT (EG_ARRAY_COUNT(statuses) + 1) /* the last: any other */
#define METHOD_COUNT (EG_HTTP_METHOD_OTHER + 1)

static const char *const method_names[METHOD_COUNT] = {
    [EG_HTTP_GET] = "GET",         [EG_HTTP_HEAD] = "HEAD",          [EG_HTTP_POST] = "POST",
    [EG_HTTP_PUT] = "PUT",         [EG_HTTP_DELETE] = "DELETE",      [EG_HTTP_PATCH] = "PATCH",
    [EG_HTTP_OPTIONS] = "OPTIONS", [EG_HTTP_METHOD_OTHER] = "other",
};

struct route_row {
    const char *name;
    struct eg_histogram *duration;
    _Atomic(struct eg_counter *) counters[METHOD_COUNT][STATUS_COUNT];
};

struct eg_app_http_observer {
    size_t count; /* of rows; the last row is for what matched no route */
    struct route_row rows[];
};

static void row_init(struct route_row *row, const char *name)
{
    row->name = name;
    row->duration = eg_metrics_histogram(EG_METRIC_HTTP_REQUEST_DURATION_SECONDS, name);
}

static struct route_row *row_find(struct eg_app_http_observer *observer, const char *name)
{
    for (size_t i = 0; i < observer->count; i++)
        if (observer->rows[i].name == name || strcmp(observer->rows[i].name, name) == 0)
            return &observer->rows[i];
    return &observer->rows[observer->count - 1];
}

struct eg_app_http_observer *eg_app_http_observer_new(const struct eg_http_route *routes,
                                                      size_t count)
{
    struct eg_app_http_observer *observer =
        eg_calloc(1, sizeof(*observer) + (count + 1) * sizeof(observer->rows[0]));
    for (size_t i = 0; i < count; i++)
        row_init(&observer->rows[i], routes[i].name);
    row_init(&observer->rows[count], "none");
    observer->count = count + 1;
    return observer;
}

void eg_app_http_observer_destroy(struct eg_app_http_observer *observer)
{
    free(observer);
}

static size_t status_index(unsigned status)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(statuses); i++)
        if (statuses[i] == status)
            return i;
    return EG_ARRAY_COUNT(statuses);
}

static struct eg_counter *counter_of(struct route_row *row, enum eg_http_method method,
                                     unsigned status)
{
    size_t index = status_index(status);
    _Atomic(struct eg_counter *) *slot = &row->counters[method][index];
    struct eg_counter *counter = atomic_load_explicit(slot, memory_order_acquire);
    if (EG_LIKELY(counter != NULL))
        return counter;
    char text[16];
    (void)snprintf(text, sizeof(text), "%u", status);
    counter = eg_metrics_counter(EG_METRIC_HTTP_REQUESTS_TOTAL, row->name, method_names[method],
                                 index < EG_ARRAY_COUNT(statuses) ? text : "other");
    atomic_store_explicit(slot, counter, memory_order_release);
    return counter;
}

/* Failures of ours are errors, refusals are worth a line, the rest only when somebody looks. */
static enum eg_log_level level_of(unsigned status)
{
    if (status >= 500)
        return EG_LOG_WARNING;
    return status >= 400 ? EG_LOG_INFO : EG_LOG_DEBUG;
}

void eg_app_http_observer_answered(struct eg_app_http_observer *observer,
                                   const struct eg_http_answer *answer)
{
    struct route_row *row = row_find(observer, answer->route);
    eg_counter_add(counter_of(row, answer->method, answer->status), 1);
    eg_histogram_observe_us(row->duration, answer->duration_us);
    eg_log(level_of(answer->status), eg_http_request_correlation_id(answer->request), "request",
           eg_log_string("method", method_names[answer->method]),
           eg_log_text("path", eg_http_request_path(answer->request)),
           eg_log_uint("status", answer->status), eg_log_int("duration_us", answer->duration_us),
           eg_log_uint("request_bytes", answer->request_bytes),
           eg_log_text("remote", eg_http_request_remote(answer->request)));
}
