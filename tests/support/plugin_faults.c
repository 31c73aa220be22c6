/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink whose behaviour the event asks for, to test what the daemon makes of bad sinks:
 *
 *   "reject"  refused for good          "retry"  fails twice, then works
 *   "fail"    fails at every attempt    "never"  is not answered before the end
 *   "hold"    is answered when the file `release` is there; the worker waits with it
 *
 * Any other event is delivered. Built by the tests with the public headers alone.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "eventgate/sink.h"

#define KEPT_MAX 1024

struct faults_config {
    char *release;
};

static const struct eg_field fields[] = {
    {.name = "release",
     .type = EG_FIELD_PATH,
     .offset = offsetof(struct faults_config, release),
     .help = "The file that lets go of what is held."},
};

static const struct eg_field_table table = {
    .name = "sink faults",
    .fields = fields,
    .field_count = 1,
    .struct_bytes = sizeof(struct faults_config),
};

struct eg_sink {
    const struct eg_sink_host *host;
    const struct faults_config *config;
    pthread_mutex_t lock; /* guards what follows */
    struct eg_delivery *kept[KEPT_MAX];
    size_t kept_count;
};

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)err;
    struct eg_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        abort();
    sink->host = host;
    sink->config = config;
    pthread_mutex_init(&sink->lock, NULL);
    *ret_sink = sink;
    return 0;
}

static int asks_for(const struct eg_delivery *delivery, const char *word)
{
    struct eg_span payload = delivery->event->payload;
    return memmem(payload.ptr, payload.len, word, strlen(word)) != NULL;
}

static void keep(struct eg_sink *sink, struct eg_delivery *delivery)
{
    pthread_mutex_lock(&sink->lock);
    if (sink->kept_count == KEPT_MAX)
        abort();
    sink->kept[sink->kept_count++] = delivery;
    pthread_mutex_unlock(&sink->lock);
}

static void wait_for_release(const struct eg_sink *sink)
{
    while (access(sink->config->release, F_OK) != 0)
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
}

static void submit_one(struct eg_sink *sink, struct eg_delivery *delivery)
{
    const struct eg_sink_host *host = sink->host;
    if (asks_for(delivery, "\"never\"")) {
        keep(sink, delivery);
        return;
    }
    if (asks_for(delivery, "\"hold\""))
        wait_for_release(sink);
    if (asks_for(delivery, "\"reject\""))
        host->complete(delivery, EG_REJECTED, "the sink will not have it");
    else if (asks_for(delivery, "\"fail\""))
        host->complete(delivery, EG_RETRY, "the sink is not well");
    else if (asks_for(delivery, "\"retry\"") && delivery->attempt < 3)
        host->complete(delivery, EG_RETRY, "not yet");
    else
        host->complete(delivery, EG_DELIVERED, NULL);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    for (size_t i = 0; i < count; i++)
        submit_one(sink, batch[i]);
}

static void drain(struct eg_sink *sink, int64_t deadline_ms)
{
    (void)deadline_ms;
    pthread_mutex_lock(&sink->lock);
    for (size_t i = 0; i < sink->kept_count; i++)
        sink->host->complete(sink->kept[i], EG_RETRY, "the end came first");
    sink->kept_count = 0;
    pthread_mutex_unlock(&sink->lock);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    pthread_mutex_destroy(&sink->lock);
    free(sink);
}

static const struct eg_sink_type faults = {
    .abi = EG_SINK_ABI,
    .name = "faults",
    .help = "Does what the event asks for.",
    .config = &table,
    .default_workers = 1,
    .max_workers = 8,
    .max_batch_events = 16,
    .max_batch_bytes = 1 << 20,
    .create = create,
    .submit = submit,
    .drain = drain,
    .destroy = destroy,
};

const struct eg_sink_type *eventgate_sink(void);
const struct eg_sink_type *eventgate_sink(void)
{
    return &faults;
}
