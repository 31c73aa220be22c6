/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node is in the control timer, or its callback runs, or the probe has ended. Nothing is called
 * under the lock but the timer's add and cancel.
 */
#include "pipeline/probe.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

void eg_probe_init(struct eg_probe *probe)
{
    *probe = (struct eg_probe){.healthy = true};
    eg_mutex_init(&probe->lock);
    eg_cond_init(&probe->changed);
}

void eg_probe_fini(struct eg_probe *probe)
{
    eg_cond_fini(&probe->changed);
    eg_mutex_fini(&probe->lock);
}

/* True: this is news. */
static bool note(struct eg_probe *probe, bool healthy, const char *message)
{
    eg_mutex_lock(&probe->lock);
    bool changed = healthy != probe->healthy;
    probe->healthy = healthy;
    probe->has_looked = true;
    (void)snprintf(probe->text, sizeof(probe->text), "%s", message);
    eg_cond_broadcast(&probe->changed);
    eg_mutex_unlock(&probe->lock);
    return changed;
}

static void probe_due(struct eg_timer_node *node);

static void go_on_or_end(struct eg_probe *probe)
{
    eg_mutex_lock(&probe->lock);
    probe->has_ended = probe->stop;
    if (probe->has_ended)
        eg_cond_broadcast(&probe->changed);
    else
        eg_timer_add(probe->control, &probe->node, eg_clock_monotonic_ms() + probe->interval_ms,
                     probe_due);
    eg_mutex_unlock(&probe->lock); /* the last touch: who waits for the end goes on */
}

static void probe_due(struct eg_timer_node *node)
{
    struct eg_probe *probe =
        (struct eg_probe *)(void *)((char *)node - offsetof(struct eg_probe, node));
    struct eg_error err = {.message = ""};
    int verdict = probe->type->probe(probe->sink, &err);
    bool healthy = verdict >= 0;
    const char *text = verdict == EG_PROBE_NOT_CONFIGURED ? "not configured" : "";
    if (note(probe, healthy, healthy ? text : err.message))
        probe->host->log(probe->host, healthy ? EG_LOG_INFO : EG_LOG_WARNING, "%s",
                         healthy ? "healthy again" : err.message);
    go_on_or_end(probe);
}

void eg_probe_start(struct eg_probe *probe, const struct eg_sink_host *host,
                    const struct eg_sink_type *type, struct eg_sink *sink, int64_t interval_ms,
                    struct eg_timer *control)
{
    if (!control || !type->probe)
        return;
    probe->host = host;
    probe->type = type;
    probe->sink = sink;
    probe->interval_ms = interval_ms;
    probe->control = control;
    /* In the tick that runs, not in the next one. */
    eg_timer_add(control, &probe->node, eg_clock_monotonic_ms() - EG_TIMER_TICK_MS, probe_due);
}

void eg_probe_await_first(struct eg_probe *probe, int64_t until_us)
{
    if (!probe->control)
        return;
    eg_mutex_lock(&probe->lock);
    while (!probe->has_looked && eg_cond_wait_until(&probe->changed, &probe->lock, until_us))
        continue;
    eg_mutex_unlock(&probe->lock);
}

void eg_probe_stop(struct eg_probe *probe)
{
    if (!probe->control)
        return;
    eg_mutex_lock(&probe->lock);
    probe->stop = true;
    if (eg_timer_cancel(probe->control, &probe->node))
        probe->has_ended = true;
    while (!probe->has_ended)
        eg_cond_wait(&probe->changed, &probe->lock);
    eg_mutex_unlock(&probe->lock);
    probe->control = NULL;
}

bool eg_probe_health(struct eg_probe *probe, char *text)
{
    eg_mutex_lock(&probe->lock);
    bool healthy = probe->healthy;
    memcpy(text, probe->text, sizeof(probe->text));
    eg_mutex_unlock(&probe->lock);
    return healthy;
}
