/* SPDX-License-Identifier: Apache-2.0 */
/* The part that fetches events: starts and ends the sources of the configuration. Main thread. */
#include "app/parts.h"
#include "base/error.h"
#include "base/span.h"
#include "sources/config.h"

static void source_is(void *context, const char *source, const char *trouble)
{
    struct eg_app *app = context;
    eg_health_set(&app->health, source, trouble);
}

/* A topic may go with a reload; one that was never there is a mistake. */
static int check_source_topics(struct eg_app *app, struct eg_error *err)
{
    const struct eg_config_entries *entries = &app->settings.sources;
    struct eg_topics_catalogue *catalogue = eg_topics_slot_acquire(&app->topics);
    int ret = 0;
    for (size_t i = 0; ret == 0 && i < entries->count; i++) {
        const struct eg_source_config *config = entries->items[i].common;
        if (!eg_topics_catalogue_find(catalogue, eg_span_text(config->topic)))
            ret = eg_error_set(err, EG_ERR_CONFIG, "sources.%s.topic: there is no topic '%s'",
                               entries->items[i].name, config->topic);
    }
    eg_topics_catalogue_unref(catalogue);
    return ret;
}

int eg_app_start_sources(struct eg_app *app, struct eg_error *err)
{
    struct eg_sources_options options = {
        .entries = &app->settings.sources,
        .ingest = app->ingest,
        .report = source_is,
        .context = app,
    };
    if (options.entries->count == 0)
        return 0;
    if (check_source_topics(app, err) != 0 || eg_sources_new(&options, &app->sources, err) != 0)
        return -1;
    return eg_sources_start(app->sources, err);
}

void eg_app_stop_sources(struct eg_app *app)
{
    eg_sources_stop(app->sources);
    eg_sources_destroy(app->sources);
}
