/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what happens in http/ and pipeline/ to metrics and log lines: the hooks of both rooms, with
 * every counter resolved before the first request. The hooks run on any thread and never wait.
 */
#ifndef EG_APP_OBSERVE_H
#define EG_APP_OBSERVE_H

#include <stddef.h>

#include "auth/auth.h"
#include "base/compiler.h"
#include "http/server.h"
#include "pipeline/pipeline.h"
#include "telemetry/metrics.h"

struct eg_app_http_observer;

/* For one server's routes; the table is borrowed. */
struct eg_app_http_observer *eg_app_http_observer_new(const struct eg_http_route *routes,
                                                      size_t count) EG_MUST_CHECK;
void eg_app_http_observer_destroy(struct eg_app_http_observer *observer); /* NULL is fine */
void eg_app_http_observer_answered(struct eg_app_http_observer *observer,
                                   const struct eg_http_answer *answer);

struct eg_app_sink_observer;

/* For the sinks of those names, in the pipeline's order, and its outbox (NULL: there is none). */
struct eg_app_sink_observer *
eg_app_sink_observer_new(const struct eg_pipeline_sink *sinks, size_t count,
                         const struct eg_outbox_config *outbox) EG_MUST_CHECK;
void eg_app_sink_observer_destroy(struct eg_app_sink_observer *observer); /* NULL is fine */
struct eg_pipeline_observer eg_app_sink_observer_hooks(struct eg_app_sink_observer *observer);

/*
 * The gauges that are read when metrics are rendered. Unwatch before any of the three goes away.
 * Main thread.
 */
struct eg_app_sink_watch;

struct eg_app_gauges {
    struct eg_http_server *public_server;
    struct eg_pipeline *pipeline;
    struct eg_auth_verifier *auth;
    struct eg_app_sink_watch *sinks; /* filled by watch, freed by unwatch */
};

void eg_app_gauges_watch(struct eg_app_gauges *gauges);
void eg_app_gauges_unwatch(struct eg_app_gauges *gauges);

#endif
