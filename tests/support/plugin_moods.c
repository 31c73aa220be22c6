/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink for the end-to-end tests, built as a plug-in against the public headers: it treats each
 * delivery as its mood says. Its one worker does nothing else.
 */
#include <stdlib.h>
#include <time.h>

#include "eventgate/sink.h"

enum mood { DELIVER, REJECT, RETRY_ONCE, RETRY_ALWAYS, SILENT, SLOW };

struct config {
    int mood;
};

struct eg_sink {
    const struct eg_sink_host *host;
    enum mood mood;
    struct eg_delivery *kept[1024]; /* SILENT: until drain */
    size_t kept_count;
};

static const char *const moods[] = {"deliver", "reject", "retry_once", "retry_always",
                                    "silent",  "slow",   NULL};

static const struct eg_field fields[] = {
    {.name = "mood",
     .type = EG_FIELD_CHOICE,
     .offset = offsetof(struct config, mood),
     .required = true,
     .choices = moods,
     .help = "how deliveries are treated"},
};

static const struct eg_field_table table = {"sink moods", fields, 1, sizeof(struct config)};

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)err;
    struct eg_sink *sink = calloc(1, sizeof(*sink));
    if (!sink)
        abort();
    sink->host = host;
    sink->mood = (enum mood)((const struct config *)config)->mood;
    *ret_sink = sink;
    return 0;
}

static void treat(struct eg_sink *sink, struct eg_delivery *delivery)
{
    const struct timespec while_busy = {.tv_sec = 0, .tv_nsec = 300000000};
    switch (sink->mood) {
    case REJECT:
        sink->host->complete(delivery, EG_REJECTED, "the mood is bad");
        return;
    case RETRY_ALWAYS:
        sink->host->complete(delivery, EG_RETRY, "not yet");
        return;
    case RETRY_ONCE:
        sink->host->complete(delivery, delivery->attempt == 1 ? EG_RETRY : EG_DELIVERED, "not yet");
        return;
    case SILENT:
        if (sink->kept_count < sizeof(sink->kept) / sizeof(sink->kept[0]))
            sink->kept[sink->kept_count++] = delivery;
        else
            sink->host->complete(delivery, EG_REJECTED, "too many");
        return;
    case SLOW:
        (void)nanosleep(&while_busy, NULL);
        break;
    case DELIVER:
        break;
    }
    sink->host->complete(delivery, EG_DELIVERED, NULL);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    for (size_t i = 0; i < count; i++)
        treat(sink, batch[i]);
}

static void drain(struct eg_sink *sink, int64_t deadline_ms)
{
    (void)deadline_ms;
    while (sink->kept_count)
        sink->host->complete(sink->kept[--sink->kept_count], EG_RETRY, "the sink is closed");
}

static void destroy(struct eg_sink *sink)
{
    free(sink);
}

static const struct eg_sink_type type = {
    .abi = EG_SINK_ABI,
    .name = "moods",
    .help = "treats deliveries as its mood says",
    .config = &table,
    .default_workers = 1,
    .max_workers = 1,
    .max_batch_events = 1,
    .max_batch_bytes = 1 << 20,
    .create = create,
    .submit = submit,
    .drain = drain,
    .destroy = destroy,
};

const struct eg_sink_type *eventgate_sink(void);
const struct eg_sink_type *eventgate_sink(void)
{
    return &type;
}
