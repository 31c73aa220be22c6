/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of configuration that was read elsewhere: kept when the load was good, asked for
 * again from time to time, and said in the log and in /health when it is only a copy.
 */
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "app/parts.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "telemetry/log.h"

#define CONDITION "configuration_copies"

static void report_stale(struct eg_app *app)
{
    struct eg_config_mirror *mirror = eg_app_elsewhere_mirror(app->elsewhere);
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!eg_config_mirror_is_used(mirror))
        return;
    bool stale = eg_config_mirror_stale(mirror, &text);
    if (stale)
        eg_log(EG_LOG_WARNING, EG_SPAN_EMPTY, text.data, eg_log_string("about", CONDITION));
    eg_health_set(&app->health, CONDITION, stale ? text.data : NULL);
}

void eg_app_keep_copies(struct eg_app *app)
{
    struct eg_error err;
    if (eg_config_mirror_commit(eg_app_elsewhere_mirror(app->elsewhere), &err) != 0)
        eg_log(EG_LOG_ERROR, EG_SPAN_EMPTY,
               "a copy of the configuration could not be kept: the next start needs S3",
               eg_log_error(&err));
    report_stale(app);
}

bool eg_app_use_copies(struct eg_app *app, const struct eg_error *err)
{
    struct eg_config_mirror *mirror = eg_app_elsewhere_mirror(app->elsewhere);
    if (!eg_config_mirror_abort(mirror))
        return false;
    eg_log(EG_LOG_ERROR, EG_SPAN_EMPTY,
           "the configuration on S3 can't be used; trying the last good copies", eg_log_error(err));
    eg_config_mirror_begin(mirror, EG_CONFIG_MIRROR_COPIES);
    return true;
}

/* On the control thread: it may wait. What is new is loaded by the main thread, as on a SIGHUP. */
static void poll_elsewhere(struct eg_timer_node *node)
{
    struct eg_app *app =
        (struct eg_app *)(void *)((char *)node - offsetof(struct eg_app, poll_node));
    if (eg_config_mirror_poll(eg_app_elsewhere_mirror(app->elsewhere)))
        (void)kill(getpid(), SIGHUP);
    else
        report_stale(app);
    eg_timer_add(app->control, node, eg_clock_monotonic_ms() + app->settings.elsewhere.poll_ms,
                 poll_elsewhere);
}

int eg_app_start_polling(struct eg_app *app, struct eg_error *err)
{
    (void)err;
    if (app->settings.elsewhere.poll_ms > 0)
        eg_timer_add(app->control, &app->poll_node,
                     eg_clock_monotonic_ms() + app->settings.elsewhere.poll_ms, poll_elsewhere);
    return 0;
}

void eg_app_stop_polling(struct eg_app *app)
{
    eg_app_elsewhere_cancel(app->elsewhere);
    if (app->control)
        (void)eg_timer_cancel(app->control, &app->poll_node);
}
