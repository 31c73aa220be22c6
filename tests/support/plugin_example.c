/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink as somebody else would write it: built with the installed headers alone, linked with
 * nothing of the daemon. Writes one line for each event, "<topic> <id> <payload bytes>", to a file.
 *
 *     cc -std=gnu17 -fPIC -shared -I<prefix>/include -o lines.so plugin_example.c
 *
 * Several workers share one file under one mutex, to show that submit runs on all of them at once.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "eventgate/sink.h"

struct lines_config {
    char *path;
};

static const struct eg_field fields[] = {
    {.name = "path",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct lines_config, path),
     .required = true,
     .help = "The file to append to."},
};

static const struct eg_field_table table = {
    .name = "sink lines",
    .fields = fields,
    .field_count = 1,
    .struct_bytes = sizeof(struct lines_config),
};

struct eg_sink {
    const struct eg_sink_host *host;
    const struct lines_config *config;
    pthread_mutex_t lock; /* guards `file` */
    FILE *file;
};

static int fail(struct eg_error *err, const char *what)
{
    err->code = EG_ERR_IO;
    err->retriable = true;
    snprintf(err->message, sizeof(err->message), "%s: %s", what, strerror(errno));
    return -1;
}

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    struct eg_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        return fail(err, "cannot create the sink");
    sink->host = host;
    sink->config = config;
    pthread_mutex_init(&sink->lock, NULL);
    *ret_sink = sink;
    return 0;
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    sink->file = fopen(sink->config->path, "a");
    return sink->file ? 0 : fail(err, "cannot open the file");
}

static void write_line(FILE *file, const struct eg_event *event)
{
    fwrite(event->topic.ptr, 1, event->topic.len, file);
    fputc(' ', file);
    fwrite(event->id.ptr, 1, event->id.len, file);
    fprintf(file, " %zu\n", event->payload.len);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    pthread_mutex_lock(&sink->lock);
    for (size_t i = 0; i < count; i++)
        write_line(sink->file, batch[i]->event);
    int failed = fflush(sink->file) != 0 || ferror(sink->file);
    clearerr(sink->file);
    pthread_mutex_unlock(&sink->lock);
    sink->host->complete_all(batch, count, failed ? EG_RETRY : EG_DELIVERED,
                             failed ? "cannot write the lines" : NULL);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    if (sink->file)
        fclose(sink->file);
    pthread_mutex_destroy(&sink->lock);
    free(sink);
}

static const struct eg_sink_type lines = {
    .abi = EG_SINK_ABI,
    .name = "lines",
    .help = "Writes a line for each event to a file.",
    .config = &table,
    .default_workers = 2,
    .max_workers = 8,
    .max_batch_events = 100,
    .max_batch_bytes = 1 << 20,
    .create = create,
    .start = start,
    .submit = submit,
    .destroy = destroy,
};

const struct eg_sink_type *eventgate_sink(void);
const struct eg_sink_type *eventgate_sink(void)
{
    return &lines;
}
