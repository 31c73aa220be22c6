/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /health, /live and /ready.
 *
 * /health names everything the daemon depends on; nothing is asked while the client waits, the
 * answers are those of the probes in the background. /ready says whether this daemon wants new
 * requests (a load balancer's question), /live whether the process answers at all (a supervisor's).
 */
#include "api/health.h"

#include <stdio.h>
#include <string.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"
#include "json/writer.h"

/* What upstream's clients look for among the dependencies, configured or not. */
static const char *const upstream_sinks[] = {"kafka", "eventbridge", "postgres"};

void eg_health_init(struct eg_health *health)
{
    memset(health, 0, sizeof(*health));
    health->started_us = eg_clock_monotonic_us();
    atomic_init(&health->ready, false);
    eg_mutex_init(&health->mutex);
}

void eg_health_fini(struct eg_health *health)
{
    eg_mutex_fini(&health->mutex);
}

void eg_health_set_ready(struct eg_health *health, bool ready)
{
    atomic_store(&health->ready, ready);
}

bool eg_health_is_ready(const struct eg_health *health)
{
    return atomic_load(&health->ready);
}

static struct eg_health_condition *find_or_add(struct eg_health *health, const char *name)
{
    for (size_t i = 0; i < health->condition_count; i++)
        if (strcmp(health->conditions[i].name, name) == 0)
            return &health->conditions[i];
    EG_ASSERT(health->condition_count < EG_HEALTH_MAX_CONDITIONS);
    struct eg_health_condition *condition = &health->conditions[health->condition_count++];
    condition->name = name;
    return condition;
}

void eg_health_set(struct eg_health *health, const char *name, const char *text)
{
    eg_mutex_lock(&health->mutex);
    struct eg_health_condition *condition = find_or_add(health, name);
    (void)snprintf(condition->text, sizeof(condition->text), "%s", text ? text : "");
    eg_mutex_unlock(&health->mutex);
}

void eg_health_walk(struct eg_health *health,
                    void (*each)(void *context, const char *name, const char *text), void *context)
{
    eg_mutex_lock(&health->mutex);
    for (size_t i = 0; i < health->condition_count; i++)
        each(context, health->conditions[i].name, health->conditions[i].text);
    eg_mutex_unlock(&health->mutex);
}

/* The two objects of the reply, filled in one walk. */
struct report {
    struct eg_buffer failures;
    struct eg_buffer dependencies;
};

/* The length of the path that begins at `text`, without slashes at its end. */
static size_t path_len(const char *text)
{
    size_t len = strcspn(text, " \t\n\"'(),;:");
    while (len > 1 && text[len - 1] == '/')
        len--;
    return len;
}

/* Anybody may ask for the health, so of an absolute path only the last name is told; the log has
 * it whole. */
static void hide_folders(const char *text, struct eg_buffer *out)
{
    bool begins = true;
    while (*text) {
        size_t len = *text == '/' && begins ? path_len(text) : 0;
        const char *last = len ? memrchr(text, '/', len) : NULL;
        if (last && last > text) {
            eg_buffer_append(out, last + 1, (size_t)(text + len - last - 1));
            text += len;
        } else {
            eg_buffer_append_char(out, *text++);
        }
        begins = strchr(" \t\n\"'(,;=", text[-1]) != NULL;
    }
}

static void add_member(struct eg_buffer *object, const char *name, const char *text)
{
    if (object->len)
        eg_buffer_append_char(object, ',');
    eg_json_write_name(object, name);
    eg_json_write_text(object, text);
}

static void add_condition(void *context, const char *name, const char *text)
{
    struct report *report = context;
    struct eg_buffer shown EG_AUTOBUFFER = EG_BUFFER_INIT;
    if (!*text) {
        add_member(&report->dependencies, name, "ok");
        return;
    }
    hide_folders(text, &shown);
    add_member(&report->dependencies, name, shown.data);
    add_member(&report->failures, name, shown.data);
}

static bool has_sink(const struct eg_pipeline *pipeline, const char *name)
{
    size_t ignored;
    return eg_pipeline_sink_find(pipeline, eg_span_text(name), &ignored);
}

static void add_sinks(struct report *report, struct eg_pipeline *pipeline)
{
    char text[EG_ERROR_MESSAGE_BYTES];
    for (size_t i = 0; i < eg_pipeline_sink_count(pipeline); i++) {
        const char *name = eg_pipeline_sink_name(pipeline, i);
        if (!eg_pipeline_sink_health(pipeline, i, text))
            add_condition(report, name, text);
        else
            add_member(&report->dependencies, name, *text ? text : "ok");
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(upstream_sinks); i++)
        if (!has_sink(pipeline, upstream_sinks[i]))
            add_member(&report->dependencies, upstream_sinks[i], "not configured");
}

enum eg_http_verdict eg_api_health(struct eg_http_request *request, void *context)
{
    struct eg_api *api = context;
    struct report report = {EG_BUFFER_INIT, EG_BUFFER_INIT};
    add_sinks(&report, api->pipeline);
    eg_health_walk(api->health, add_condition, &report);
    struct eg_buffer body = EG_BUFFER_INIT;
    bool ok = report.failures.len == 0;
    if (ok)
        eg_buffer_printf(
            &body, "{\"status\":\"ok\",\"uptime_seconds\":%lld,",
            (long long)((eg_clock_monotonic_us() - api->health->started_us) / 1000000));
    else
        eg_buffer_printf(&body, "{\"status\":\"degraded\",\"failures\":{%s},",
                         report.failures.data);
    eg_buffer_append_text(&body, "\"dependencies\":{");
    eg_buffer_append_span(&body, eg_buffer_span(&report.dependencies));
    eg_buffer_append_text(&body, "}}");
    size_t len;
    char *text = eg_buffer_take(&body, &len);
    eg_http_reply_take(request, ok ? 200 : 503, EG_HTTP_JSON, text, len);
    eg_buffer_fini(&report.failures);
    eg_buffer_fini(&report.dependencies);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_live(struct eg_http_request *request, void *context)
{
    (void)context;
    eg_http_reply_static(request, 200, EG_HTTP_JSON, EG_SPAN_LITERAL("{\"status\":\"live\"}"));
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_ready(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    if (eg_health_is_ready(api->health))
        eg_http_reply_static(request, 200, EG_HTTP_JSON, EG_SPAN_LITERAL("{\"status\":\"ready\"}"));
    else
        eg_http_reply_static(request, 503, EG_HTTP_JSON,
                             EG_SPAN_LITERAL("{\"status\":\"stopping\"}"));
    return EG_HTTP_DONE;
}
