/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events into PostgreSQL tables, by mappings that are configuration (postgres/mapping.h).
 *
 * Threads: each worker owns a connection (postgres_worker.c); the probe has one of its own on the
 * control thread. Without a database the sink takes every event and does nothing with it, as the
 * Python EventGate did, and /health says that it is not configured.
 */
#include "sinks/postgres.h"

#include <stdlib.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "config/problem.h"
#include "postgres/config.h"
#include "sinks/postgres_templates.h"
#include "sinks/postgres_worker.h"
#include "sinks/registry.h"

#define PROBE_TIMEOUT_MS 5000
#define ANSWER_GRACE_MS  5000 /* for the way there and back, beyond the server's own timeout */

struct config {
    struct eg_postgres_config connection;
    char *mappings;
    int64_t statement_timeout_ms;
    int64_t lock_timeout_ms;
};

static const struct eg_field fields[] = {
    EG_POSTGRES_CONNECTION_FIELDS(struct config, connection),
    {.name = "mappings",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct config, mappings),
     .help = "Folder of the mappings, <topic>.yaml each; unset: etc/postgres/mappings here, or "
             "where the program was installed."},
    {.name = "statement_timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct config, statement_timeout_ms),
     .default_text = "10s",
     .min = 10,
     .max = 600000,
     .help = "When the server gives up a statement."},
    {.name = "lock_timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct config, lock_timeout_ms),
     .default_text = "3s",
     .min = 10,
     .max = 600000,
     .help = "When the server gives up waiting for a lock; the events behind wait as long."},
};

static const struct eg_field_table table = {
    .name = "sink postgres",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

const struct eg_postgres_config *eg_sink_postgres_connection(const void *config)
{
    return &((const struct config *)config)->connection;
}

struct eg_sink {
    struct eg_postgres_shared shared;
    const struct eg_postgres_config *connection;
    bool configured;
    struct eg_postgres_connection *prober; /* the control thread's */
};

static int read_mappings(const struct config *config, struct eg_postgres_mapping_set *ret_set,
                         struct eg_config_problems *problems)
{
    EG_AUTOFREE char *folder = eg_postgres_folder(config->mappings, "mappings");
    return eg_postgres_mapping_set_load(folder, &eg_sink_postgres_templates, ret_set, problems);
}

int eg_sink_postgres_check(const void *config, struct eg_config_problems *problems)
{
    struct eg_postgres_mapping_set mappings = {0};
    if (!eg_postgres_config_is_set(eg_sink_postgres_connection(config)))
        return 0;
    int ret = read_mappings(config, &mappings, problems);
    eg_postgres_mapping_set_fini(&mappings);
    return ret;
}

static int load_mappings(const struct config *config, struct eg_postgres_mapping_set *ret_set,
                         struct eg_error *err)
{
    struct eg_config_problems problems = {0};
    int ret = read_mappings(config, ret_set, &problems);
    if (ret != 0)
        ret = eg_config_problems_error(&problems, err);
    eg_config_problems_fini(&problems);
    return ret;
}

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    struct eg_postgres_mapping_set mappings = {0};
    bool configured = eg_postgres_config_is_set(&config->connection);
    if (configured && load_mappings(config, &mappings, err) != 0)
        return -1;
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->configured = configured;
    sink->connection = &config->connection;
    sink->shared = (struct eg_postgres_shared){
        .host = host,
        .provider = eg_postgres_config_provider(&config->connection),
        .session = {.application_name = "eventgate",
                    .statement_timeout_ms = config->statement_timeout_ms,
                    .lock_timeout_ms = config->lock_timeout_ms},
        .mappings = mappings,
        .answer_timeout_ms = config->statement_timeout_ms + ANSWER_GRACE_MS,
    };
    *ret_sink = sink;
    return 0;
}

static bool reads_envelope(const struct eg_sink *sink)
{
    return sink->shared.mappings.reads_envelope;
}

/* A secret without a database is upstream's way to say that there is none. */
static int start(struct eg_sink *sink, struct eg_error *err)
{
    (void)err;
    sink->configured = sink->configured && eg_postgres_config_names_database(sink->connection);
    return 0;
}

static int worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                        struct eg_error *err)
{
    (void)index;
    (void)err;
    *ret_worker = eg_postgres_worker_new(&sink->shared);
    return 0;
}

static void worker_end(struct eg_sink *sink, void *worker)
{
    (void)sink;
    eg_postgres_worker_destroy(worker);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    if (sink->configured)
        eg_postgres_worker_submit(worker, batch, count);
    else
        sink->shared.host->complete_all(batch, count, EG_DELIVERED, NULL);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    const struct eg_postgres_shared *shared = &sink->shared;
    if (!sink->configured)
        return EG_PROBE_NOT_CONFIGURED;
    if (!eg_postgres_connection_is_usable(sink->prober)) {
        eg_postgres_connection_close(sink->prober);
        sink->prober = NULL;
        if (eg_postgres_connection_open(&shared->provider, &shared->session, &sink->prober, err))
            return -1;
    }
    return eg_postgres_query(sink->prober, "SELECT 1", NULL, PROBE_TIMEOUT_MS, NULL, err);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_postgres_connection_close(sink->prober);
    eg_postgres_mapping_set_fini(&sink->shared.mappings);
    free(sink);
}

const struct eg_sink_type eg_sink_postgres = {
    .abi = EG_SINK_ABI,
    .name = "postgres",
    .help = "Writes events into the tables of a PostgreSQL database; answers after the commit.",
    .config = &table,
    .default_workers = 4,
    .max_workers = 64,
    .max_batch_events = EG_POSTGRES_BATCH_EVENTS,
    .max_batch_bytes = 4u << 20,
    .create = create,
    .reads_envelope = reads_envelope,
    .start = start,
    .worker_begin = worker_begin,
    .worker_end = worker_end,
    .submit = submit,
    .probe = probe,
    .destroy = destroy,
};
