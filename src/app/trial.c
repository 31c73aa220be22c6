/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each sink is created in a pipeline of its own that never starts: exactly what `serve` would do
 * first, and one sink's mistake does not hide the next one's.
 */
#include "app/trial.h"

#include <string.h>

#include "auth/auth.h"
#include "base/error.h"
#include "pipeline/pipeline.h"
#include "sinks/postgres.h"

static void try_sink(const struct eg_app_settings *settings, const struct eg_config_entry *entry,
                     struct eg_config_problems *problems)
{
    struct eg_error err;
    struct eg_pipeline *pipeline = NULL;
    const struct eg_pipeline_sink sink = {
        .name = entry->name,
        .type = entry->variant->tag,
        .common = entry->common,
        .config = entry->specific,
    };
    const struct eg_pipeline_options options = {
        .config = &settings->pipeline,
        .sinks = &sink,
        .sink_count = 1,
    };
    if (eg_pipeline_new(&options, &pipeline, &err) != 0)
        (void)eg_config_problem_add(problems, entry->place, "%s", err.message);
    eg_pipeline_destroy(pipeline);
}

static void try_sinks(const struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    for (size_t i = 0; i < settings->sinks.count; i++) {
        const struct eg_config_entry *entry = &settings->sinks.items[i];
        const bool has_mappings = strcmp(entry->variant->name, "postgres") == 0;
        if (has_mappings && eg_sink_postgres_check(entry->specific, problems) != 0)
            continue; /* with the place of every mistake, where the sink would name the first */
        try_sink(settings, entry, problems);
    }
}

/* A URL is not asked: what it answers today says nothing about the start. */
static void try_keys(const struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    struct eg_error err;
    struct eg_auth_verifier *verifier = NULL;
    const char *file = settings->auth.public_keys_file;
    if (!file || !file[0])
        return;
    const struct eg_config_node *auth = eg_config_file_section(settings->file, "auth");
    const struct eg_config_node *setting =
        auth ? eg_config_node_get(auth, "public_keys_file") : NULL;
    if (eg_auth_verifier_new(&settings->auth, NULL, &verifier, &err) != 0)
        (void)eg_config_problem_add(problems,
                                    setting ? setting->place : (struct eg_config_place){0},
                                    "auth.public_keys_file: %s", err.message);
    eg_auth_verifier_destroy(verifier);
}

void eg_app_trial(const struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    try_keys(settings, problems);
    try_sinks(settings, problems);
    (void)!eg_postgres_stats_check(&settings->stats, problems);
}
