/* SPDX-License-Identifier: Apache-2.0 */
/* Metrics: values, labels, the bound, the text format (promtool judges it too), the page. */
#include "telemetry/metrics.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "telemetry/metrics_family.h"
#include "telemetry/process.h"

#define PAGE "docs/metrics.md"

static bool is_rendered(const char *text)
{
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_metrics_render(&out);
    return out.data && strstr(out.data, text) != NULL;
}

static void assert_rendered(const char *text)
{
    if (!is_rendered(text))
        fail_msg("not rendered: %s", text);
}

static void a_counter_counts(void **state)
{
    (void)state;
    struct eg_counter *counter =
        eg_metrics_counter(EG_METRIC_HTTP_REQUESTS_TOTAL, "/topics/{topic_name}", "POST", "202");
    eg_counter_add(counter, 2);
    eg_counter_add(counter, 40);
    assert_int_equal(eg_counter_value(counter), 42);
    assert_rendered("# TYPE eventgate_http_requests_total counter\n"
                    "eventgate_http_requests_total{route=\"/topics/{topic_name}\",method=\"POST\","
                    "status=\"202\"} 42\n");
}

static void the_same_labels_are_the_same_handle(void **state)
{
    (void)state;
    struct eg_counter *one = eg_metrics_counter(EG_METRIC_EVENTS_TOTAL, "same", "accepted");
    assert_ptr_equal(one, eg_metrics_counter(EG_METRIC_EVENTS_TOTAL, "same", "accepted"));
    assert_ptr_not_equal(one, eg_metrics_counter(EG_METRIC_EVENTS_TOTAL, "same", "invalid"));
}

static void a_gauge_goes_both_ways(void **state)
{
    (void)state;
    struct eg_gauge *gauge = eg_metrics_gauge(EG_METRIC_HTTP_CONNECTIONS);
    eg_gauge_add(gauge, 5);
    eg_gauge_add(gauge, -7);
    assert_int_equal(eg_gauge_value(gauge), -2);
    assert_rendered("\neventgate_http_connections -2\n");
    struct eg_gauge *set = eg_metrics_gauge(EG_METRIC_CONFIG_GENERATION);
    eg_gauge_set(set, 3);
    eg_gauge_set(set, 4);
    assert_rendered("\neventgate_config_generation 4\n");
}

static void a_histogram_is_cumulative(void **state)
{
    (void)state;
    struct eg_histogram *histogram =
        eg_metrics_histogram(EG_METRIC_SINK_DELIVERY_DURATION_SECONDS, "h");
    eg_histogram_observe_ns(histogram, -5);
    eg_histogram_observe_ns(histogram, 1000);
    eg_histogram_observe_ns(histogram, 1001);
    eg_histogram_observe_us(histogram, 3000000);
    eg_histogram_observe_us(histogram, 60000000);
    assert_rendered("# TYPE eventgate_sink_delivery_duration_seconds histogram\n");
#define NAME "\neventgate_sink_delivery_duration_seconds"
    assert_rendered(NAME "_bucket{sink=\"h\",le=\"0.000001\"} 2\n");
    assert_rendered(NAME "_bucket{sink=\"h\",le=\"0.000005\"} 3\n");
    assert_rendered(NAME "_bucket{sink=\"h\",le=\"2.5\"} 3\n");
    assert_rendered(NAME "_bucket{sink=\"h\",le=\"10\"} 4\n");
    assert_rendered(NAME "_bucket{sink=\"h\",le=\"+Inf\"} 5" NAME
                         "_sum{sink=\"h\"} 63.000002001" NAME "_count{sink=\"h\"} 5\n");
#undef NAME
}

static void buckets_are_in_order_and_written_as_they_are(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_METRICS_BUCKETS; i++) {
        double seconds = (double)eg_metric_buckets[i].bound_ns / 1e9;
        assert_true(fabs(strtod(eg_metric_buckets[i].text, NULL) - seconds) < 1e-12);
        if (i > 0)
            assert_true(eg_metric_buckets[i].bound_ns > eg_metric_buckets[i - 1].bound_ns);
    }
}

static void label_values_cannot_break_out(void **state)
{
    (void)state;
    (void)eg_metrics_counter(EG_METRIC_HTTP_REJECTED_TOTAL, "a\"b\\c\nd\xFF");
    assert_rendered("eventgate_http_rejected_total{reason=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\"} 0\n");
}

static double read_number(void *state)
{
    return *(double *)state;
}

static void a_watched_value_is_read_when_rendered(void **state)
{
    (void)state;
    double depth = 17;
    eg_metrics_watch(EG_METRIC_SINK_QUEUE_DEPTH, read_number, &depth, "watched");
    assert_rendered("eventgate_sink_queue_depth{sink=\"watched\"} 17\n");
    depth = 0.5;
    assert_rendered("eventgate_sink_queue_depth{sink=\"watched\"} 0.5\n");
    depth = (double)NAN;
    assert_rendered("eventgate_sink_queue_depth{sink=\"watched\"} NaN\n");
    depth = -(double)INFINITY;
    assert_rendered("eventgate_sink_queue_depth{sink=\"watched\"} -Inf\n");
    eg_metrics_unwatch(EG_METRIC_SINK_QUEUE_DEPTH, "watched");
    assert_false(is_rendered("eventgate_sink_queue_depth"));
}

static void what_comes_above_the_bound_is_other(void **state)
{
    (void)state;
    char topic[16];
    eg_metrics_configure(EG_METRICS_DEFAULT_LABEL_SETS);
    for (int i = 0; i < EG_METRICS_DEFAULT_LABEL_SETS; i++) {
        (void)snprintf(topic, sizeof(topic), "t%d", i);
        (void)eg_metrics_counter(EG_METRIC_SINK_RETRIES_TOTAL, topic);
    }
    struct eg_counter *above = eg_metrics_counter(EG_METRIC_SINK_RETRIES_TOTAL, "one more");
    assert_ptr_equal(above, eg_metrics_counter(EG_METRIC_SINK_RETRIES_TOTAL, "another"));
    eg_counter_add(above, 9);
    assert_rendered("eventgate_sink_retries_total{sink=\"other\"} 9\n");
    assert_ptr_not_equal(above, eg_metrics_counter(EG_METRIC_SINK_RETRIES_TOTAL, "t7"));
}

static void other_keeps_the_small_labels_while_it_can(void **state)
{
    (void)state;
    char outcome[16];
    eg_metrics_configure(2);
    struct eg_counter *first = eg_metrics_counter(EG_METRIC_SINK_DELIVERIES_TOTAL, "a", "x");
    (void)eg_metrics_counter(EG_METRIC_SINK_DELIVERIES_TOTAL, "b", "x");
    (void)eg_metrics_counter(EG_METRIC_SINK_DELIVERIES_TOTAL, "c", "x");
    assert_rendered("eventgate_sink_deliveries_total{sink=\"other\",outcome=\"x\"} 0\n");
    for (int i = 0; i < 100; i++) {
        (void)snprintf(outcome, sizeof(outcome), "o%d", i);
        (void)eg_metrics_counter(EG_METRIC_SINK_DELIVERIES_TOTAL, "d", outcome);
    }
    assert_rendered("eventgate_sink_deliveries_total{sink=\"other\",outcome=\"other\"} 0\n");
    assert_false(is_rendered("outcome=\"o99\""));
    assert_ptr_equal(first, eg_metrics_counter(EG_METRIC_SINK_DELIVERIES_TOTAL, "a", "x"));
    eg_metrics_configure(EG_METRICS_DEFAULT_LABEL_SETS);
}

enum { THREADS = 12, ROUNDS = 5000 };

static void *count_a_lot(void *arg)
{
    (void)arg;
    struct eg_counter *counter = eg_metrics_counter(EG_METRIC_TOKEN_CACHE_HITS_TOTAL);
    struct eg_gauge *gauge = eg_metrics_gauge(EG_METRIC_HTTP_IN_FLIGHT_REQUESTS);
    struct eg_histogram *histogram =
        eg_metrics_histogram(EG_METRIC_INGEST_STAGE_DURATION_SECONDS, "parse");
    for (int i = 0; i < ROUNDS; i++) {
        eg_gauge_add(gauge, 1);
        eg_counter_add(counter, 1);
        eg_histogram_observe_ns(histogram, i);
        eg_gauge_add(gauge, -1);
    }
    return NULL;
}

static void threads_lose_nothing(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_a_lot, NULL), 0);
    for (int i = 0; i < 20; i++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        eg_metrics_render(&out);
    }
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(eg_counter_value(eg_metrics_counter(EG_METRIC_TOKEN_CACHE_HITS_TOTAL)),
                     THREADS * ROUNDS);
    assert_int_equal(eg_gauge_value(eg_metrics_gauge(EG_METRIC_HTTP_IN_FLIGHT_REQUESTS)), 0);
    assert_rendered("eventgate_ingest_stage_duration_seconds_count{stage=\"parse\"} 60000\n");
}

static double rendered_value(const char *name)
{
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_metrics_render(&out);
    const char *at = strstr(out.data, name);
    assert_non_null(at);
    return strtod(at + strlen(name), NULL);
}

static void the_process_describes_itself(void **state)
{
    (void)state;
    eg_process_metrics_register();
    assert_true(rendered_value("\nprocess_resident_memory_bytes ") > 100e3);
    assert_true(rendered_value("\nprocess_virtual_memory_bytes ") > 100e3);
    assert_true(rendered_value("\nprocess_cpu_seconds_total ") > 0);
    assert_true(rendered_value("\nprocess_open_fds ") >= 3);
    assert_true(rendered_value("\nprocess_max_fds ") >= 3);
    assert_true(rendered_value("\nprocess_threads ") >= 1);
    assert_true(rendered_value("\nprocess_start_time_seconds ") > 1.6e9);
    assert_rendered("\neventgate_log_lines_dropped_total 0\n");
    assert_rendered("\neventgate_build_info{version=\"");
}

/* One series of every family, so that promtool sees them all. */
static void resolve_every_family(void)
{
    static const char *const values[] = {"v", "v", "v"};
    for (size_t i = 0; i < EG_METRIC_COUNT; i++) {
        const struct eg_metric_family *family = &eg_metric_families[i];
        const char *own[EG_METRICS_MAX_LABELS + 1] = {NULL};
        size_t count = *family->labels ? 1 : 0;
        for (const char *blank = strchr(family->labels, ' '); blank; blank = strchr(blank + 1, ' '))
            count++;
        memcpy(own, values, count * sizeof(own[0]));
        if (family->type == EG_METRIC_TYPE_COUNTER)
            (void)eg_metrics_counter_of((enum eg_metric)i, own);
        else if (family->type == EG_METRIC_TYPE_GAUGE)
            (void)eg_metrics_gauge_of((enum eg_metric)i, own);
        else
            eg_histogram_observe_ns(eg_metrics_histogram_of((enum eg_metric)i, own), 7);
    }
}

static void promtool_finds_nothing_to_say(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null 2>&1") != 0) {
        print_message("promtool is not installed (Debian package prometheus)\n");
        skip();
    }
    resolve_every_family();
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_metrics_render(&out);
    FILE *promtool = popen("promtool check metrics", "w");
    assert_non_null(promtool);
    assert_int_equal(fwrite(out.data, 1, out.len, promtool), out.len);
    assert_int_equal(pclose(promtool), 0);
}

static void write_page(const struct eg_buffer *page)
{
    FILE *file = fopen(PAGE, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(page->data, 1, page->len, file), page->len);
    assert_int_equal(fclose(file), 0);
}

static void the_page_is_what_the_table_says(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer page = EG_BUFFER_INIT;
    eg_metrics_document(&page);
    if (getenv("UPDATE_DOCS"))
        write_page(&page);
    FILE *file = fopen(PAGE, "r");
    if (!file)
        fail_msg("there is no " PAGE ": run this test with UPDATE_DOCS=1");
    EG_AUTOBUFFER struct eg_buffer have = EG_BUFFER_INIT;
    char *room = eg_buffer_reserve(&have, page.len + 1);
    have.len = fread(room, 1, page.len + 1, file);
    (void)fclose(file);
    if (have.len != page.len || memcmp(have.data, page.data, page.len) != 0)
        fail_msg(PAGE " has drifted from metrics.def: run this test with UPDATE_DOCS=1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_counts),
        cmocka_unit_test(the_same_labels_are_the_same_handle),
        cmocka_unit_test(a_gauge_goes_both_ways),
        cmocka_unit_test(a_histogram_is_cumulative),
        cmocka_unit_test(buckets_are_in_order_and_written_as_they_are),
        cmocka_unit_test(label_values_cannot_break_out),
        cmocka_unit_test(a_watched_value_is_read_when_rendered),
        cmocka_unit_test(what_comes_above_the_bound_is_other),
        cmocka_unit_test(other_keeps_the_small_labels_while_it_can),
        cmocka_unit_test(threads_lose_nothing),
        cmocka_unit_test(the_process_describes_itself),
        cmocka_unit_test(promtool_finds_nothing_to_say),
        cmocka_unit_test(the_page_is_what_the_table_says),
    };
    return cmocka_run_group_tests_name("telemetry/metrics", tests, NULL, NULL);
}
