/* SPDX-License-Identifier: Apache-2.0 */
/* One sink driven by hand: created with a configuration text, fed event by event. */
#ifndef EG_TESTS_ONE_SINK_H
#define EG_TESTS_ONE_SINK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "sinks/registry.h"

/* What became of the last delivery. */
static enum eg_outcome one_outcome;
static char one_message[EG_ERROR_MESSAGE_BYTES];

static inline void one_complete(struct eg_delivery *take, enum eg_outcome outcome,
                                const char *message)
{
    (void)take;
    one_outcome = outcome;
    (void)snprintf(one_message, sizeof(one_message), "%s", message ? message : "");
}

static inline void one_complete_all(struct eg_delivery *const *take, size_t count,
                                    enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < count; i++)
        one_complete(take[i], outcome, message);
}

static inline void __attribute__((format(printf, 3, 4)))
one_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    (void)host;
    (void)level;
    (void)format;
}

static const struct eg_sink_host one_host = {
    .sink_name = "one",
    .complete = one_complete,
    .complete_all = one_complete_all,
    .log = one_log,
    .monotonic_ms = eg_clock_monotonic_ms,
    .timeout_ms = 10000,
};

struct one_sink {
    struct eg_sink_registry *registry;
    const struct eg_sink_type *type;
    void *config;
    struct eg_sink *sink;
};

/* The place of a setting in the configuration. */
static inline void *one_setting(struct one_sink *one, const char *name)
{
    for (size_t i = 0; i < one->type->config->field_count; i++)
        if (strcmp(one->type->config->fields[i].name, name) == 0)
            return (char *)one->config + one->type->config->fields[i].offset;
    fail_msg("sink %s has no setting %s", one->type->name, name);
    return NULL;
}

/* With defaults but for the path. */
static inline void one_sink_init(struct one_sink *one, const char *type, const char *path)
{
    one->registry = eg_sink_registry_new();
    one->type = eg_sink_registry_find(one->registry, type);
    assert_non_null(one->type);
    one->config = eg_calloc(1, one->type->config->struct_bytes);
    eg_config_fields_default(one->type->config, one->config);
    char **slot = one_setting(one, "path");
    free(*slot);
    *slot = path ? eg_strdup(path) : NULL;
    one->sink = NULL;
}

static inline void one_sink_start(struct one_sink *one)
{
    struct eg_error err = {.message = ""};
    if (one->type->create(&one_host, one->config, &one->sink, &err) != 0 ||
        one->type->start(one->sink, &err) != 0)
        fail_msg("%s", err.message);
}

static inline void one_sink_fini(struct one_sink *one)
{
    one->type->destroy(one->sink);
    eg_config_fields_fini(one->type->config, one->config);
    free(one->config);
    eg_sink_registry_destroy(one->registry);
}

static inline enum eg_outcome one_sink_submit(struct one_sink *one, const struct eg_event *event)
{
    struct eg_delivery delivery = {.event = event, .attempt = 1, .deadline_ms = INT64_MAX};
    struct eg_delivery *batch[] = {&delivery};
    one->type->submit(one->sink, NULL, batch, 1);
    return one_outcome;
}

static inline struct eg_event one_event(const char *id, const char *payload)
{
    return (struct eg_event){
        .id = eg_span_text(id),
        .topic = EG_SPAN_LITERAL("topic"),
        .payload = eg_span_text(payload),
        .subject = EG_SPAN_LITERAL("me"),
        .correlation_id = EG_SPAN_LITERAL("corr"),
        .traceparent = EG_SPAN_LITERAL("trace"),
        .received_us = 1767323045678000,
    };
}

#endif
