/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The running program as one struct, for the files of this room alone. Each part is started after
 * what it needs and stopped before it. Main thread, unless a field says otherwise.
 */
#ifndef EG_APP_PARTS_H
#define EG_APP_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/api.h"
#include "app/app.h"
#include "app/observe.h"
#include "app/settings.h"
#include "auth/auth.h"
#include "http/rate.h"
#include "http/server.h"
#include "pipeline/ingest.h"
#include "pipeline/pipeline.h"
#include "telemetry/redact.h"
#include "topics/slot.h"
#include "work/timer.h"

struct eg_app {
    const struct eg_app_options *options;
    char *config_path;
    struct eg_sink_registry *registry;
    struct eg_app_settings settings;
    struct eg_health health;
    struct eg_redactor *redactor;

    struct eg_timer *control; /* probes and key refreshes: both may wait */
    struct eg_auth_verifier *auth;
    struct eg_timer_node refresh_node;
    struct eg_app_elsewhere *elsewhere;
    struct eg_timer_node poll_node;
    atomic_bool refresh_forced;

    struct eg_pipeline_sink *sinks;
    struct eg_sink_guard **guards; /* of sinks that must not see all; NULL for others */
    size_t sink_count;
    struct eg_app_sink_observer *sink_observer;
    struct eg_pipeline *pipeline;

    struct eg_topics_slot topics;
    bool topics_ready;
    int64_t generation; /* of the catalogue in force */

    struct eg_postgres_stats *stats;
    struct eg_http_rate *rate;
    char host[256]; /* its name, for events that are sent on */
    struct eg_ingest *ingest;
    struct eg_sources *sources;
    struct eg_api api;
    struct eg_app_http_observer *public_observer;
    struct eg_app_http_observer *admin_observer;
    struct eg_http_server *public_server;
    struct eg_http_server *admin_server;
    struct eg_app_gauges gauges;
    bool gauges_watched;
};

/* A part: start may fail; stop also cleans up a start that failed half-way, and is called for it.
 */
struct eg_app_part {
    const char *name;
    int (*start)(struct eg_app *app, struct eg_error *err);
    void (*stop)(struct eg_app *app);
};

extern const struct eg_app_part eg_app_parts[];
extern const size_t eg_app_part_count;

/*
 * Reads the configuration into `settings`, which the caller finishes in both cases. Every mistake
 * goes to the log; the first one to `err`.
 */
int eg_app_load(struct eg_app *app, struct eg_app_settings *settings, bool reload,
                struct eg_error *err) EG_MUST_CHECK;

/* Builds a catalogue from settings, with its routes; used at start and by a reload. */
int eg_app_catalogue_build(struct eg_app *app, struct eg_app_settings *settings,
                           struct eg_topics_catalogue **ret_catalogue,
                           struct eg_error *err) EG_MUST_CHECK;

/*
 * What was loaded is good: what it read elsewhere is the last good copy from now on. /health says
 * when a copy is used that could not be compared with what is there.
 */
void eg_app_keep_copies(struct eg_app *app);

/* After a load that failed: true when it can be tried again with the last good copies. */
bool eg_app_use_copies(struct eg_app *app, const struct eg_error *err);

/* The part that looks from time to time whether something changed elsewhere. */
/* fetch.c: the part that fetches events. */
int eg_app_start_sources(struct eg_app *app, struct eg_error *err) EG_MUST_CHECK;
void eg_app_stop_sources(struct eg_app *app);

int eg_app_start_polling(struct eg_app *app, struct eg_error *err);
void eg_app_stop_polling(struct eg_app *app);

/* SIGHUP: reads the configuration again; a bad one changes nothing and is reported. */
void eg_app_reload(struct eg_app *app);

/* Makes the control thread read the token keys now. */
void eg_app_refresh_keys(struct eg_app *app);

/* The orderly end, from "not ready" to the last reply; the parts are stopped after it. */
void eg_app_drain(struct eg_app *app);

#endif
