/* SPDX-License-Identifier: Apache-2.0 */
/* The event owns all that it shows; common settings meet a type's limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "config/fields.h"
#include "pipeline/config.h"
#include "pipeline/event.h"

static void everything_is_copied(void **state)
{
    (void)state;
    char bytes[] = "id|topic|key|{\"a\":\"\0x\"}|subject|corr";
    char name[] = "name";
    char value[] = "value";
    struct eg_event_attribute attributes[] = {{{name, 4}, {value, 5}}, {{name, 4}, {NULL, 0}}};
    struct eg_event fields = {
        .id = {bytes, 2},
        .topic = {bytes + 3, 5},
        .payload = {bytes + 13, 10},
        .correlation_id = {bytes + 32, 4},
        .attributes = attributes,
        .attribute_count = 2,
        .received_us = 7,
    };
    struct eg_pipeline_event *event = eg_pipeline_event_new(&fields);
    memset(bytes, 'x', sizeof(bytes));
    memset(name, 'x', sizeof(name));
    memset(value, 'x', sizeof(value));
    memset(attributes, 0, sizeof(attributes));
    assert_true(eg_span_is(event->view.id, "id"));
    assert_true(eg_span_is(event->view.topic, "topic"));
    assert_int_equal(event->view.key.len, 0);
    assert_int_equal(event->view.payload.len, 10);
    assert_memory_equal(event->view.payload.ptr, "{\"a\":\"\0x\"}", 10);
    assert_int_equal(event->view.attribute_count, 2);
    assert_true(eg_span_is(event->view.correlation_id, "corr"));
    assert_true(eg_span_is(event->view.attributes[0].name, "name"));
    assert_true(eg_span_is(event->view.attributes[0].value, "value"));
    assert_int_equal(event->view.attributes[1].value.len, 0);
    assert_int_equal(event->view.received_us, 7);
    assert_true(event->block_bytes > sizeof(*event));
    assert_ptr_equal(eg_pipeline_event_ref(event), event);
    eg_pipeline_event_unref(event);
    assert_true(eg_span_is(event->view.id, "id"));
    eg_pipeline_event_unref(event);
    eg_pipeline_event_unref(NULL);
}

static void a_types_limits_fill_in_and_bind(void **state)
{
    (void)state;
    const struct eg_sink_type type = {.name = "t",
                                      .default_workers = 2,
                                      .max_workers = 4,
                                      .max_batch_events = 10,
                                      .max_batch_bytes = 1000};
    struct eg_sink_common_config config;
    struct eg_error err;
    eg_config_fields_default(&eg_sink_common_table, &config);
    assert_int_equal(config.retry.attempts, 3);
    assert_int_equal(config.breaker.open_ms, 5000);
    assert_int_equal(eg_sink_common_resolve(&config, "s", &type, &err), 0);
    assert_int_equal(config.workers, 2);
    assert_int_equal(config.batch_events, 10);
    assert_int_equal(config.batch_bytes, 1000);
    config.batch_events = 11;
    assert_int_equal(eg_sink_common_resolve(&config, "s", &type, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_string_equal(err.message,
                        "sink 's': batch_events is 11, but a sink of type t takes at most 10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_copied),
        cmocka_unit_test(a_types_limits_fill_in_and_bind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
