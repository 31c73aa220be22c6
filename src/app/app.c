/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start, wait for signals, drain, stop. The main thread does nothing else while the daemon runs;
 * SIGHUP and SIGTERM are blocked everywhere and taken here one at a time, so that a second SIGHUP
 * during a reload stays pending and is served after it.
 */
#include "app/app.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "app/notify.h"
#include "app/parts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "work/schedule.h"

static void block_signals(sigset_t *set)
{
    EG_ASSERT(sigemptyset(set) == 0);
    EG_ASSERT(sigaddset(set, SIGHUP) == 0);
    EG_ASSERT(sigaddset(set, SIGTERM) == 0);
    EG_ASSERT(sigaddset(set, SIGINT) == 0);
    EG_ASSERT(sigaddset(set, SIGUSR1) == 0);
    EG_ASSERT(pthread_sigmask(SIG_BLOCK, set, NULL) == 0);
}

static void stop_parts(struct eg_app *app, size_t count)
{
    while (count--)
        eg_app_parts[count].stop(app);
}

static int start_parts(struct eg_app *app, struct eg_error *err)
{
    for (size_t i = 0; i < eg_app_part_count; i++) {
        if (eg_app_parts[i].start(app, err) == 0)
            continue;
        stop_parts(app, i + 1);
        return -1;
    }
    return 0;
}

static void report_reload(struct eg_app *app, const struct eg_error *err)
{
    eg_counter_add(eg_metrics_counter(EG_METRIC_CONFIG_RELOAD_TOTAL, err ? "failure" : "success"),
                   1);
    if (err) {
        eg_log(EG_LOG_ERROR, EG_SPAN_EMPTY, "reload refused; nothing has changed",
               eg_log_error(err));
        eg_health_set(&app->health, "configuration", err->message);
        return;
    }
    app->generation++;
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_CONFIG_GENERATION), app->generation);
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS),
                 eg_clock_wall_us() / 1000000);
    eg_health_set(&app->health, "configuration", NULL);
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "reloaded", eg_log_int("generation", app->generation));
}

/* Reads everything aside; only a configuration without a mistake takes the old one's place. */
static int reload(struct eg_app *app, struct eg_error *err)
{
    struct eg_app_settings settings = {0};
    struct eg_topics_catalogue *catalogue;
    struct eg_config_mirror *mirror = eg_app_elsewhere_mirror(app->elsewhere);
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_ASK);
    int ret = eg_app_load(app, &settings, true, err);
    if (ret == 0)
        ret = eg_app_catalogue_build(app, &settings, &catalogue, err);
    eg_app_settings_fini(&settings);
    if (ret) {
        (void)eg_config_mirror_abort(mirror);
        return -1;
    }
    eg_app_keep_copies(app);
    eg_topics_slot_swap(&app->topics, catalogue);
    return 0;
}

void eg_app_reload(struct eg_app *app)
{
    struct eg_error err;
    eg_app_notify_reloading();
    int ret = reload(app, &err);
    report_reload(app, ret ? &err : NULL);
    if (ret == 0)
        eg_app_refresh_keys(app);
    eg_app_notify_ready();
}

static void reopen_log(void)
{
    struct eg_error err;
    if (eg_log_reopen(&err))
        eg_log(EG_LOG_ERROR, EG_SPAN_EMPTY, "the log file could not be opened again",
               eg_log_error(&err));
}

/* Returns when it is time to end. */
static void serve_signals(struct eg_app *app, const sigset_t *set)
{
    for (;;) {
        int signal_number = sigwaitinfo(set, NULL);
        if (signal_number == SIGTERM || signal_number == SIGINT)
            return;
        if (signal_number == SIGHUP || signal_number == SIGUSR1)
            reopen_log();
        if (signal_number == SIGHUP)
            eg_app_reload(app);
    }
}

/* Gives the load balancer time to see /ready say no; a second SIGTERM cuts it short. */
static void wait_for_balancer(const struct eg_app *app, const sigset_t *set)
{
    int64_t delay_ms = app->settings.server.drain_delay_ms;
    struct timespec delay = {.tv_sec = (time_t)(delay_ms / 1000),
                             .tv_nsec = (long)(delay_ms % 1000) * 1000000};
    int64_t until_ms = eg_clock_monotonic_ms() + delay_ms;
    while (delay_ms > 0) {
        int signal_number = sigtimedwait(set, NULL, &delay);
        if (signal_number == SIGTERM || signal_number == SIGINT || errno == EAGAIN)
            return;
        delay_ms = until_ms - eg_clock_monotonic_ms();
        delay = (struct timespec){.tv_sec = (time_t)(delay_ms / 1000),
                                  .tv_nsec = (long)(delay_ms % 1000) * 1000000};
    }
}

static void drain(struct eg_app *app, const sigset_t *set)
{
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "stopping");
    eg_app_notify_stopping();
    eg_health_set_ready(&app->health, false);
    wait_for_balancer(app, set);
    eg_http_server_quiesce(app->public_server);
    eg_sources_stop(app->sources);
    eg_pipeline_drain(app->pipeline, eg_clock_monotonic_ms() + app->settings.pipeline.drain_ms);
    eg_http_server_stop(app->public_server, app->settings.server.drain_timeout_ms);
    eg_http_server_stop(app->admin_server, app->settings.admin.drain_timeout_ms);
}

static int load_first(struct eg_app *app, struct eg_error *err)
{
    eg_config_mirror_begin(eg_app_elsewhere_mirror(app->elsewhere), EG_CONFIG_MIRROR_ASK);
    int ret = eg_app_load(app, &app->settings, false, err);
    if (ret == 0 || !eg_app_use_copies(app, err))
        return ret;
    eg_app_settings_fini(&app->settings);
    return eg_app_load(app, &app->settings, true, err); /* the plug-ins are loaded */
}

static int run(struct eg_app *app, const sigset_t *set, struct eg_error *err)
{
    if (load_first(app, err) || start_parts(app, err))
        return -1;
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "ready",
           eg_log_int("started_in_ms", (eg_clock_monotonic_us() - app->health.started_us) / 1000));
    eg_app_notify_ready();
    serve_signals(app, set);
    drain(app, set);
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "stopped");
    stop_parts(app, eg_app_part_count);
    return 0;
}

int eg_app_run(const struct eg_app_options *options, struct eg_error *err)
{
    sigset_t set;
    block_signals(&set);
    eg_schedule_in_batches();
    struct eg_app *app = eg_calloc(1, sizeof(*app));
    app->options = options;
    app->config_path = eg_app_settings_path(options->config);
    app->registry = eg_sink_registry_new();
    app->elsewhere = eg_app_elsewhere_new();
    eg_health_init(&app->health);
    int ret = run(app, &set, err);
    eg_app_settings_fini(&app->settings);
    eg_app_elsewhere_destroy(app->elsewhere);
    eg_sink_registry_destroy(app->registry);
    free(app->config_path);
    eg_health_fini(&app->health);
    free(app);
    return ret;
}
