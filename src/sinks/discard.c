/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink that keeps nothing: for measuring, and for topics whose events are only validated.
 * Inline: runs on HTTP threads and has no state that changes.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "sinks/registry.h"

struct eg_sink {
    const struct eg_sink_host *host;
};

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)config;
    (void)err;
    struct eg_sink *sink = eg_malloc(sizeof(*sink));
    sink->host = host;
    *ret_sink = sink;
    return 0;
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
}

static void destroy(struct eg_sink *sink)
{
    free(sink);
}

static const struct eg_field_table table = {.name = "sink discard"};

const struct eg_sink_type eg_sink_discard = {
    .abi = EG_SINK_ABI,
    .flags = EG_SINK_INLINE,
    .name = "discard",
    .help = "Discards every event; for measuring, and for topics that are only validated.",
    .config = &table,
    .max_batch_events = 1000,
    .max_batch_bytes = SIZE_MAX / 2,
    .create = create,
    .submit = submit,
    .destroy = destroy,
};
