/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts, one start and one stop each, and the list that orders them.
 *
 * Everything runs on the main thread but the callbacks: refresh_keys on the control thread, admit
 * and the answered hooks on HTTP threads.
 */
#include "app/parts.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/sink_entry.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "pipeline/route.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"
#include "telemetry/process.h"

static void stop_nothing(struct eg_app *app)
{
    (void)app;
}

/* --- log and metrics */

static int start_telemetry(struct eg_app *app, struct eg_error *err)
{
    const struct eg_log_config *log = &app->settings.log;
    struct eg_log_settings settings = {
        .level = (enum eg_log_level)log->level,
        .format = (enum eg_log_format)log->format,
        .output = log->output,
    };
    if (eg_log_open(&settings, err))
        return -1;
    eg_metrics_configure((size_t)app->settings.metrics.max_label_sets);
    eg_process_metrics_register();
    app->redactor = eg_redactor_new(&log->trace_redact_keys, (size_t)log->trace_max_bytes);
    return 0;
}

static void stop_telemetry(struct eg_app *app)
{
    eg_redactor_destroy(app->redactor);
    eg_log_close();
}

static int start_control(struct eg_app *app, struct eg_error *err)
{
    return eg_timer_new("eg-control", &app->control, err);
}

static void stop_control(struct eg_app *app)
{
    eg_timer_destroy(app->control);
}

/* --- tokens */

static void refresh_keys(struct eg_timer_node *node)
{
    struct eg_app *app =
        (struct eg_app *)(void *)((char *)node - offsetof(struct eg_app, refresh_node));
    struct eg_error err;
    bool forced = atomic_exchange(&app->refresh_forced, false);
    int ret = eg_auth_verifier_refresh(app->auth, forced, &err);
    if (ret)
        eg_log(EG_LOG_WARNING, EG_SPAN_EMPTY,
               "the token keys could not be read again; the old ones stay", eg_log_error(&err));
    eg_health_set(&app->health, "token_keys", ret ? err.message : NULL);
    eg_timer_add(app->control, node, eg_auth_verifier_refresh_due_us(app->auth) / 1000 + 1,
                 refresh_keys);
    /* Asked for while this one ran: what it read may be older than what was meant. */
    if (atomic_load(&app->refresh_forced) && eg_timer_cancel(app->control, node))
        eg_timer_add(app->control, node, eg_clock_monotonic_ms(), refresh_keys);
}

static int start_tokens(struct eg_app *app, struct eg_error *err)
{
    if (eg_auth_verifier_new(&app->settings.auth, NULL, &app->auth, err))
        return -1;
    eg_health_set(&app->health, "token_keys", NULL);
    eg_timer_add(app->control, &app->refresh_node,
                 eg_auth_verifier_refresh_due_us(app->auth) / 1000 + 1, refresh_keys);
    return 0;
}

/* The control thread is stopped first, so that no refresh runs on a verifier that is going away. */
static void stop_tokens(struct eg_app *app)
{
    if (app->auth)
        eg_auth_verifier_cancel(app->auth);
    eg_timer_destroy(app->control);
    app->control = NULL;
    eg_auth_verifier_destroy(app->auth);
}

void eg_app_refresh_keys(struct eg_app *app)
{
    atomic_store(&app->refresh_forced, true);
    if (eg_timer_cancel(app->control, &app->refresh_node))
        eg_timer_add(app->control, &app->refresh_node, eg_clock_monotonic_ms(), refresh_keys);
}

/* --- sinks and topics */

static int start_pipeline(struct eg_app *app, struct eg_error *err)
{
    const struct eg_config_entries *entries = &app->settings.sinks;
    app->sink_count = entries->count;
    app->sinks = eg_calloc(entries->count, sizeof(*app->sinks));
    app->guards = eg_calloc(entries->count, sizeof(struct eg_sink_guard *));
    for (size_t i = 0; i < entries->count; i++)
        if (eg_app_sink_entry(&app->settings, &entries->items[i], &app->sinks[i], &app->guards[i],
                              err) != 0)
            return -1;
    const struct eg_outbox_config *outbox =
        app->settings.rules.folder ? &app->settings.outbox : NULL;
    app->sink_observer =
        eg_app_sink_observer_new(app->sinks, app->sink_count, outbox, &app->settings.enrich);
    struct eg_pipeline_options options = {
        .config = &app->settings.pipeline,
        .sinks = app->sinks,
        .sink_count = app->sink_count,
        .outbox = outbox,
        .enrich = &app->settings.enrich,
        .control = app->control,
        .observer = eg_app_sink_observer_hooks(app->sink_observer),
        .on_done = eg_api_publish_done,
    };
    if (eg_pipeline_new(&options, &app->pipeline, err))
        return -1;
    return eg_pipeline_start(app->pipeline, err);
}

static void stop_pipeline(struct eg_app *app)
{
    eg_pipeline_destroy(app->pipeline);
    eg_app_sink_observer_destroy(app->sink_observer);
    for (size_t i = 0; app->guards && i < app->sink_count; i++)
        eg_sink_guard_destroy(app->guards[i]);
    free(app->guards);
    free(app->sinks);
}

/* Every mistake is a line of its own, so that all can be mended at once. */
static int report_problems(const struct eg_config_problems *problems, struct eg_error *err)
{
    for (size_t i = 0; i < problems->count; i++)
        eg_log(EG_LOG_ERROR, EG_SPAN_EMPTY, problems->items[i].message,
               eg_log_string("file", problems->items[i].file),
               eg_log_uint("line", problems->items[i].line),
               eg_log_uint("column", problems->items[i].column));
    return eg_config_problems_error(problems, err);
}

int eg_app_load(struct eg_app *app, struct eg_app_settings *settings, bool reload,
                struct eg_error *err)
{
    struct eg_app_settings_source source = {
        .path = app->config_path,
        .overrides = app->options->overrides,
        .override_count = app->options->override_count,
        .plugins_are_loaded = reload,
        .elsewhere = app->elsewhere,
    };
    struct eg_config_problems problems = {0};
    int ret = eg_app_settings_load(settings, &source, app->registry, &problems);
    if (ret)
        ret = report_problems(&problems, err);
    eg_config_problems_fini(&problems);
    return ret;
}

/* Topics and rules as they are written, with all that is wrong about either. */
static int read_catalogue(struct eg_app_settings *settings,
                          struct eg_topics_catalogue **ret_catalogue,
                          struct eg_rules_book **ret_book, struct eg_error *err)
{
    struct eg_config_problems problems = {0};
    int ret = eg_app_settings_catalogue(settings, ret_catalogue, &problems);
    ret |= eg_app_settings_book(settings, ret_book, &problems);
    if (ret)
        ret = report_problems(&problems, err);
    eg_config_problems_fini(&problems);
    return ret;
}

int eg_app_catalogue_build(struct eg_app *app, struct eg_app_settings *settings,
                           struct eg_topics_catalogue **ret_catalogue, struct eg_error *err)
{
    struct eg_topics_catalogue *catalogue = NULL;
    struct eg_rules_book *book = NULL;
    if (read_catalogue(settings, &catalogue, &book, err)) {
        eg_rules_book_unref(book);
    } else if (eg_pipeline_routes_attach(app->pipeline, catalogue, book, err) == 0) {
        *ret_catalogue = catalogue;
        return 0;
    }
    eg_topics_catalogue_unref(catalogue);
    return -1;
}

static int start_topics(struct eg_app *app, struct eg_error *err)
{
    struct eg_topics_catalogue *catalogue = NULL;
    int ret = eg_app_catalogue_build(app, &app->settings, &catalogue, err);
    if (ret && eg_app_use_copies(app, err))
        ret = eg_app_catalogue_build(app, &app->settings, &catalogue, err);
    if (ret)
        return -1;
    eg_app_keep_copies(app);
    eg_topics_slot_init(&app->topics, catalogue);
    app->topics_ready = true;
    app->generation = 1;
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_CONFIG_GENERATION), app->generation);
    eg_gauge_set(eg_metrics_gauge(EG_METRIC_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS),
                 eg_clock_wall_us() / 1000000);
    eg_health_set(&app->health, "configuration", NULL);
    return 0;
}

static void stop_topics(struct eg_app *app)
{
    if (app->topics_ready)
        eg_topics_slot_fini(&app->topics);
}

/* What the configuration could not do as written: said once, and kept for /health. */
static int start_notices(struct eg_app *app, struct eg_error *err)
{
    (void)err;
    const struct eg_config_notices *notices = &app->settings.notices;
    for (size_t i = 0; i < notices->count; i++) {
        const struct eg_config_notice *notice = &notices->items[i];
        eg_log(notice->kind == EG_CONFIG_NOTICE_INFO ? EG_LOG_INFO : EG_LOG_WARNING, EG_SPAN_EMPTY,
               notice->text, eg_log_string("about", notice->about));
        if (notice->kind == EG_CONFIG_NOTICE_DEGRADED)
            eg_health_set(&app->health, notice->about, notice->text);
    }
    return 0;
}

/* --- stats */

static int start_stats(struct eg_app *app, struct eg_error *err)
{
    const struct eg_postgres_stats_config *config = &app->settings.stats;
    const struct eg_postgres_config *connection = eg_postgres_config_is_set(&config->connection)
                                                      ? &config->connection
                                                      : eg_app_settings_postgres(&app->settings);
    return eg_postgres_stats_new(config, connection, &app->stats, err);
}

static void stop_stats(struct eg_app *app)
{
    eg_postgres_stats_destroy(app->stats);
}

/* --- requests */

static int admit(void *context, struct eg_span subject, size_t events, struct eg_error *err)
{
    struct eg_http_rate *rate = context;
    unsigned retry_after_s;
    (void)events;
    if (eg_http_rate_take(rate, subject, eg_clock_monotonic_us(), &retry_after_s))
        return 0;
    return eg_error_set(err, EG_ERR_RATE, "Too many requests of this subject; try again in %u s.",
                        retry_after_s);
}

/* Names in the list of hops have spaces between. */
static int name_gate(struct eg_app *app, struct eg_span *ret_gate, struct eg_error *err)
{
    if (gethostname(app->host, sizeof(app->host) - 1) != 0)
        (void)snprintf(app->host, sizeof(app->host), "localhost");
    const char *gate = app->settings.rules.gate;
    if (gate && (gate[0] == '\0' || strchr(gate, ' ')))
        return eg_error_set(err, EG_ERR_CONFIG, "rules.gate: a name without spaces is expected");
    *ret_gate = eg_span_text(gate ? gate : app->host);
    return 0;
}

static int start_ingest(struct eg_app *app, struct eg_error *err)
{
    const struct eg_app_settings *settings = &app->settings;
    struct eg_span gate;
    if (name_gate(app, &gate, err))
        return -1;
    if (settings->server.subject_rate)
        app->rate =
            eg_http_rate_new(settings->server.subject_rate, settings->server.subject_burst, 65536);
    struct eg_ingest_options options = {
        .auth = app->auth,
        .topics = &app->topics,
        .pipeline = app->pipeline,
        .redactor = app->redactor,
        .gate = gate,
        .limits = eg_ingest_json_limits(&settings->events),
        .max_batch_events = (size_t)settings->events.max_batch_events,
        .max_failures = (size_t)settings->events.max_errors,
        .admit = app->rate ? admit : NULL,
        .admit_context = app->rate,
    };
    app->ingest = eg_ingest_new(&options);
    return 0;
}

static void stop_ingest(struct eg_app *app)
{
    eg_ingest_destroy(app->ingest);
    eg_http_rate_destroy(app->rate);
}

/* Through the process's own signals: one queue, whoever asks, and none is lost. */
static void request_reload(void *context)
{
    (void)context;
    (void)kill(getpid(), SIGHUP);
}

static void request_stop(void *context)
{
    (void)context;
    (void)kill(getpid(), SIGTERM);
}

static void public_answered(const struct eg_http_answer *answer, void *context)
{
    const struct eg_api *api = context;
    const struct eg_app *app = api->app;
    eg_app_http_observer_answered(app->public_observer, answer);
}

static void admin_answered(const struct eg_http_answer *answer, void *context)
{
    const struct eg_api *api = context;
    const struct eg_app *app = api->app;
    eg_app_http_observer_answered(app->admin_observer, answer);
}

static void server_said(const char *message, void *context)
{
    (void)context;
    eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, message);
}

static int open_public(struct eg_app *app, struct eg_error *err)
{
    app->public_observer =
        eg_app_http_observer_new(eg_api_public_routes, eg_api_public_route_count);
    struct eg_http_server_options options = {
        .name = "public",
        .config = &app->settings.server,
        .routes = eg_api_public_routes,
        .route_count = eg_api_public_route_count,
        .context = &app->api,
        .answered = public_answered,
        .log = server_said,
    };
    return eg_http_server_new(&options, &app->public_server, err);
}

static int open_admin(struct eg_app *app, struct eg_error *err)
{
    app->admin_observer = eg_app_http_observer_new(eg_api_admin_routes, eg_api_admin_route_count);
    struct eg_http_server_options options = {
        .name = "admin",
        .config = &app->settings.admin,
        .routes = eg_api_admin_routes,
        .route_count = eg_api_admin_route_count,
        .context = &app->api,
        .answered = admin_answered,
        .log = server_said,
    };
    return eg_http_server_new(&options, &app->admin_server, err);
}

static int start_http(struct eg_app *app, struct eg_error *err)
{
    app->api = (struct eg_api){
        .ingest = app->ingest,
        .pipeline = app->pipeline,
        .topics = &app->topics,
        .health = &app->health,
        .stats = app->stats,
        .provider_url = app->settings.auth.provider_url,
        .passed_headers = &app->settings.events.passed_headers,
        .publish = &app->settings.publish,
        .keys = &app->settings.event_keys,
        .request_reload = request_reload,
        .request_stop = request_stop,
        .app = app,
    };
    if (open_public(app, err) || open_admin(app, err))
        return -1;
    app->gauges = (struct eg_app_gauges){app->public_server, app->pipeline, app->auth, NULL};
    eg_app_gauges_watch(&app->gauges);
    app->gauges_watched = true;
    if (eg_http_server_start(app->public_server, err) ||
        eg_http_server_start(app->admin_server, err))
        return -1;
    eg_health_set_ready(&app->health, true);
    return 0;
}

static void stop_http(struct eg_app *app)
{
    if (app->gauges_watched)
        eg_app_gauges_unwatch(&app->gauges);
    eg_http_server_destroy(app->public_server);
    eg_http_server_destroy(app->admin_server);
    eg_app_http_observer_destroy(app->public_observer);
    eg_app_http_observer_destroy(app->admin_observer);
}

static void log_addresses(const struct eg_http_server *server, const char *what)
{
    const char *address;
    for (size_t i = 0; (address = eg_http_server_address(server, i)) != NULL; i++)
        eg_log(EG_LOG_INFO, EG_SPAN_EMPTY, "listening", eg_log_string("listener", what),
               eg_log_string("address", address));
}

static int start_announcement(struct eg_app *app, struct eg_error *err)
{
    (void)err;
    log_addresses(app->public_server, "public");
    log_addresses(app->admin_server, "admin");
    return 0;
}

const struct eg_app_part eg_app_parts[] = {
    {"log", start_telemetry, stop_telemetry},
    {"control thread", start_control, stop_control},
    {"token keys", start_tokens, stop_tokens},
    {"sinks", start_pipeline, stop_pipeline},
    {"topics", start_topics, stop_topics},
    {"copies", eg_app_start_polling, eg_app_stop_polling},
    {"notices", start_notices, stop_nothing},
    {"ingest", start_ingest, stop_ingest},
    {"stats", start_stats, stop_stats},
    {"http", start_http, stop_http},
    {"sources", eg_app_start_sources, eg_app_stop_sources},
    {"announcement", start_announcement, stop_nothing},
};
const size_t eg_app_part_count = EG_ARRAY_COUNT(eg_app_parts);
