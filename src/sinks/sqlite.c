/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The embedded default: events go into a SQLite file, one transaction for each batch, and a
 * delivery is answered after the commit, never before.
 *
 * Threads: one worker, the only writer, which also deletes what the retention no longer covers,
 * a chunk after a commit. The writer has a thread that copies its log (store/checkpointer.h). The
 * probe reads through a connection of its own on the control thread.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "sinks/registry.h"
#include "store/events.h"

#define BATCH_EVENTS      512
#define PRUNE_CHUNK       500
#define PRUNE_INTERVAL_MS 1000

struct config {
    char *path;
    int synchronous;
    int64_t busy_timeout_ms;
    int64_t checkpoint_bytes;
    int64_t cache_bytes;
    int64_t min_free_bytes;
    int64_t max_bytes;
    int64_t max_age_ms;
    int64_t max_events;
};

static const char *const synchronous_choices[] = {"normal", "full", NULL};

static const struct eg_field fields[] = {
    {.name = "path",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct config, path),
     .default_text = "eventgate.db",
     .help = "The database file; it and its folder are made when missing."},
    {.name = "synchronous",
     .type = EG_FIELD_CHOICE,
     .offset = offsetof(struct config, synchronous),
     .default_text = "full",
     .choices = synchronous_choices,
     .help = "full: what was answered 202 survives a power cut. normal: a power cut may lose the "
             "last commits; a crash of the daemon loses nothing."},
    {.name = "busy_timeout",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct config, busy_timeout_ms),
     .default_text = "2s",
     .min = 0,
     .max = 60000,
     .help = "How long to wait for another program that holds the database."},
    {.name = "checkpoint",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, checkpoint_bytes),
     .default_text = "8MiB",
     .min = 65536,
     .max = INT64_C(1) << 30,
     .help =
         "The write-ahead log is copied into the database each time it has grown by this; under "
         "a load without a pause it gets four times as long before it begins anew."},
    {.name = "cache",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, cache_bytes),
     .default_text = "4MiB",
     .min = 65536,
     .max = INT64_C(1) << 32,
     .help = "Memory for database pages."},
    {.name = "min_free_space",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, min_free_bytes),
     .default_text = "64MiB",
     .help = "With less than this free on the disk /health reports the sink."},
    {.name = "max_size",
     .type = EG_FIELD_SIZE,
     .offset = offsetof(struct config, max_bytes),
     .default_text = "0",
     .min = 0,
     .max = INT64_C(1) << 46,
     .help = "The file never grows beyond this: then events are refused as with a full disk. 0: no "
             "limit."},
    {.name = "max_age",
     .type = EG_FIELD_DURATION,
     .offset = offsetof(struct config, max_age_ms),
     .default_text = "0ms",
     .min = 0,
     .max = INT64_C(86400000) * 36500,
     .help = "Older events are deleted, by and by; 0: never."},
    {.name = "max_events",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct config, max_events),
     .default_text = "0",
     .min = 0,
     .max = INT64_MAX / 2,
     .help = "Of more events than this the oldest are deleted, by and by; 0: no limit."},
};

static const struct eg_field_table table = {
    .name = "sink sqlite",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct eg_sink {
    const struct eg_sink_host *host;
    const struct config *config;
    struct eg_event_writer *writer; /* the worker's, between start and destroy */
    struct eg_event_reader *prober; /* the control thread's */
    int64_t next_prune_ms;
    const struct eg_event *events[BATCH_EVENTS];
    enum eg_append_result results[BATCH_EVENTS];
    struct eg_delivery *committed[BATCH_EVENTS];
};

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *settings = config;
    if (!settings->path || settings->path[0] == '\0')
        return eg_error_set(err, EG_ERR_CONFIG, "path is empty: name the database file");
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    sink->config = settings;
    *ret_sink = sink;
    return 0;
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    const struct config *config = sink->config;
    struct eg_database_options options = {
        .path = config->path,
        .synchronous = config->synchronous == 0 ? EG_SYNCHRONOUS_NORMAL : EG_SYNCHRONOUS_FULL,
        .busy_timeout_ms = config->busy_timeout_ms,
        .checkpoint_bytes = config->checkpoint_bytes,
        .cache_bytes = config->cache_bytes,
    };
    if (eg_event_writer_open(&options, &sink->writer, err) != 0)
        return -1;
    if (config->max_bytes > 0 &&
        eg_event_writer_limit_bytes(sink->writer, config->max_bytes, err) != 0)
        return -1;
    return eg_event_reader_open(config->path, &sink->prober, err);
}

/* One event at a time, when their results differ or the group failed for one of them. */
static void complete_mixed(struct eg_sink *sink, struct eg_delivery *const *batch, size_t count,
                           const struct eg_error *err)
{
    size_t committed = 0;
    for (size_t i = 0; i < count; i++) {
        if (sink->results[i] == EG_APPEND_COMMITTED)
            sink->committed[committed++] = batch[i];
        else
            sink->host->complete(batch[i], EG_REJECTED, err->message);
    }
    sink->host->complete_all(sink->committed, committed, EG_DELIVERED, NULL);
}

static void prune(struct eg_sink *sink)
{
    const struct config *config = sink->config;
    int64_t now_ms = sink->host->monotonic_ms();
    if ((config->max_age_ms == 0 && config->max_events == 0) || now_ms < sink->next_prune_ms)
        return;
    struct eg_retention retention = {.max_age_ms = config->max_age_ms,
                                     .max_events = config->max_events};
    size_t deleted = 0;
    struct eg_error err;
    if (eg_event_writer_prune(sink->writer, &retention, eg_clock_wall_us(), PRUNE_CHUNK, &deleted,
                              &err) != 0)
        sink->host->log(sink->host, EG_LOG_WARNING, "retention: %s", err.message);
    /* A full chunk means that there is more: go on after the next commit. */
    sink->next_prune_ms = deleted == PRUNE_CHUNK ? now_ms : now_ms + PRUNE_INTERVAL_MS;
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    EG_ASSERT(count <= BATCH_EVENTS);
    for (size_t i = 0; i < count; i++)
        sink->events[i] = batch[i]->event;
    struct eg_error err = {.message = ""};
    if (eg_event_writer_append(sink->writer, sink->events, count, sink->results, &err) != 0) {
        sink->host->log(sink->host, EG_LOG_ERROR, "%s", err.message);
        sink->host->complete_all(batch, count, err.retriable ? EG_RETRY : EG_REJECTED, err.message);
        return;
    }
    if (err.message[0] == '\0')
        sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
    else
        complete_mixed(sink, batch, count, &err);
    prune(sink);
}

static int check_free_space(struct eg_sink *sink, struct eg_error *err)
{
    struct statvfs disk;
    if (statvfs(sink->config->path, &disk) != 0) {
        char text[128];
        return eg_error_set(err, EG_ERR_IO, "cannot look at the disk: %s",
                            eg_error_errno_text(errno, text, sizeof(text)));
    }
    uint64_t free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
    if (free_bytes >= (uint64_t)sink->config->min_free_bytes)
        return 0;
    return eg_error_set(err, EG_ERR_IO, "the disk has %llu MiB left",
                        (unsigned long long)(free_bytes >> 20));
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    if (check_free_space(sink, err) != 0)
        return -1;
    return eg_event_reader_check(sink->prober, err);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_event_reader_close(sink->prober);
    eg_event_writer_close(sink->writer);
    free(sink);
}

const struct eg_sink_type eg_sink_sqlite = {
    .abi = EG_SINK_ABI,
    .name = "sqlite",
    .help = "Stores events in an embedded SQLite database; answers after the commit.",
    .config = &table,
    .default_workers = 1,
    .max_workers = 1,
    .max_batch_events = BATCH_EVENTS,
    .max_batch_bytes = 8u << 20,
    .create = create,
    .start = start,
    .submit = submit,
    .probe = probe,
    .destroy = destroy,
};
