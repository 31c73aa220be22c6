/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All settings of the program: which sections there are, and one struct with all of them filled.
 * `serve`, `check` and a reload read their configuration here, so that they can't disagree.
 *
 * Control thread. After loading the struct is only read; what belongs to topics is read again by
 * building a catalogue from it.
 */
#ifndef EG_APP_SETTINGS_H
#define EG_APP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "app/elsewhere.h"
#include "auth/config.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "config/load.h"
#include "config/problem.h"
#include "http/config.h"
#include "pipeline/config.h"
#include "pipeline/ingest_config.h"
#include "pipeline/outbox_config.h"
#include "postgres/stats.h"
#include "rules/rule_file.h"
#include "sinks/registry.h"
#include "telemetry/config.h"
#include "topics/catalogue.h"
#include "topics/config.h"

struct eg_app_settings {
    struct eg_http_config server;
    struct eg_http_config admin;
    struct eg_auth_config auth;
    struct eg_log_config log;
    struct eg_metrics_config metrics;
    struct eg_ingest_config events;
    struct eg_pipeline_config pipeline;
    struct eg_rules_config rules;
    struct eg_outbox_config outbox;
    struct eg_postgres_stats_config stats;
    struct eg_topics_config topics;
    struct eg_app_elsewhere_config elsewhere;
    struct eg_string_list plugins; /* paths, resolved */
    /*
     * name -> common: struct eg_sink_common_config (resolved against the type), specific: the
     * type's own struct, variant->tag: const struct eg_sink_type *. At least one.
     */
    struct eg_config_entries sinks;
    struct eg_config_notices notices; /* what the edge should say once */

    struct eg_config_file *file; /* the rest borrows from it */
    struct eg_config_group sinks_group;
    struct eg_config_variant *sink_variants;
};

/* A value from the command line, laid over the file and the environment. */
struct eg_app_override {
    const char *section;
    const char *name;
    const char *text;
    const char *origin; /* "--listen" */
};

struct eg_app_settings_source {
    const char *path; /* eg_app_settings_path() */
    const struct eg_app_override *overrides;
    size_t override_count;
    bool plugins_are_loaded;            /* a reload: the registry has them already */
    struct eg_app_elsewhere *elsewhere; /* NULL: s3:// and ${secret:} are refused */
};

/*
 * Which configuration: `option` (-c) when given, else CONF_DIR, else the first that exists of
 * ./etc/eventgate.yaml, ./conf (with config.json), /etc/eventgate/eventgate.yaml; when none does,
 * the last. The caller frees it.
 */
char *eg_app_settings_path(const char *option) EG_MUST_CHECK;

/*
 * Loads everything. Plug-ins named in the file are added to `registry`, which must outlive the
 * settings. 0, or -1 with every mistake in `problems`; the caller finishes the settings in both
 * cases.
 */
int eg_app_settings_load(struct eg_app_settings *settings,
                         const struct eg_app_settings_source *source,
                         struct eg_sink_registry *registry,
                         struct eg_config_problems *problems) EG_MUST_CHECK;
void eg_app_settings_fini(struct eg_app_settings *settings);

/* The catalogue that these settings ask for; its notices join the settings' own. */
int eg_app_settings_catalogue(struct eg_app_settings *settings,
                              struct eg_topics_catalogue **ret_catalogue,
                              struct eg_config_problems *problems) EG_MUST_CHECK;

/* The rules that these settings ask for; NULL without a folder of them. */
int eg_app_settings_book(struct eg_app_settings *settings, struct eg_rules_book **ret_book,
                         struct eg_config_problems *problems) EG_MUST_CHECK;

/* Where the first sink of type postgres that names a database connects to; NULL: there is none. */
const struct eg_postgres_config *eg_app_settings_postgres(const struct eg_app_settings *settings);

/* As YAML that can be read again; secrets become "***". */
void eg_app_settings_dump(const struct eg_app_settings *settings, struct eg_buffer *buffer);

/* docs/configuration.md, from the tables. */
void eg_app_settings_document(const struct eg_sink_registry *registry, struct eg_buffer *buffer);

#endif
