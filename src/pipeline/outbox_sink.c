/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way into the outbox: a sink whose server is a table. One worker, one transaction for each
 * batch; a delivery is answered after the commit, never before. So who was answered 202 is owed
 * what the table says.
 *
 * Threads: one worker. In rows the order of a batch is kept: a row comes before the one it waits
 * for.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "pipeline/join.h"
#include "pipeline/outbox_private.h"
#include "pipeline/runner.h"

#define BATCH_EVENTS 512
#define BATCH_BYTES  (8u << 20)

struct eg_sink {
    const struct eg_sink_host *host;
    struct eg_outbox *outbox;
    struct eg_outbox_row rows[BATCH_EVENTS];
    struct eg_event_failure failures[BATCH_EVENTS];
};

static const char *const code_names[EG_RESULT_COUNT] = {
    [EG_RESULT_DELIVERED] = "",        [EG_RESULT_FAILED] = "FAILED",
    [EG_RESULT_REJECTED] = "REJECTED", [EG_RESULT_TOO_LARGE] = "TOO_LARGE",
    [EG_RESULT_TIMED_OUT] = "TIMEOUT",
};

const char *eg_outbox_code(enum eg_delivery_result result)
{
    return code_names[result];
}

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)err;
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    sink->outbox = *(struct eg_outbox *const *)config;
    *ret_sink = sink;
    return 0;
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    return eg_outbox_open(sink->outbox, true, &sink->outbox->writer, err);
}

static struct eg_span name_of(const struct eg_outbox *outbox, size_t sink)
{
    return sink == EG_NO_SINK ? EG_SPAN_EMPTY
                              : eg_span_text(eg_pipeline_sink_name(outbox->pipeline, sink));
}

/* A dead letter goes to its sink alone, with the reason beside the event. */
static void make_dead(struct eg_outbox *outbox, const struct eg_join_route *route, int64_t now_us,
                      struct eg_event_failure *failure, struct eg_outbox_row *row)
{
    const struct eg_pipeline_target *target = route->target;
    *failure = (struct eg_event_failure){
        .rule_arn = target->rule_arn,
        .target_arn = target->arn,
        .error_code = eg_span_text(eg_outbox_code(route->dead_result)),
        .error_message = eg_span_text(route->dead_reason),
        .retry_attempts = route->dead_attempts > 0 ? route->dead_attempts - 1 : 0,
    };
    row->sink = name_of(outbox, target->dead_letter);
    row->dead_letter = EG_SPAN_EMPTY;
    row->after = 0;
    row->due_us = now_us;
    row->start_us = now_us;
    row->event.failure = failure;
}

static void make_row(struct eg_sink *sink, struct eg_delivery *handed, size_t index, int64_t now_us)
{
    const struct eg_join_delivery *delivery =
        EG_CONTAINER_OF(handed, struct eg_join_delivery, handed);
    const struct eg_join_route *route = delivery->route;
    const struct eg_pipeline_target *target = route->target;
    struct eg_outbox_row *row = &sink->rows[index];
    *row = (struct eg_outbox_row){
        .id = route->row,
        .after = route->after_row,
        .due_us = route->due_us > now_us ? route->due_us : now_us,
        .policy = target->policy,
        .sink = name_of(sink->outbox, target->sink),
        .dead_letter = name_of(sink->outbox, target->dead_letter),
        .rule_arn = target->rule_arn,
        .target_arn = target->arn,
        .event = *handed->event,
    };
    row->start_us = row->due_us;
    if (route->way == EG_WAY_DEAD)
        make_dead(sink->outbox, route, now_us, &sink->failures[index], row);
}

static int add(struct eg_sink *sink, size_t first, size_t count, struct eg_error *err)
{
    struct eg_outbox *outbox = sink->outbox;
    eg_mutex_lock(&outbox->writing);
    int ret = eg_outbox_store_add(outbox->writer, sink->rows + first, count, err);
    eg_mutex_unlock(&outbox->writing);
    return ret;
}

/* The group failed, perhaps for one of its rows: each alone. */
static void add_one_by_one(struct eg_sink *sink, struct eg_delivery *const *batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_error err;
        if (add(sink, i, 1, &err) == 0)
            sink->host->complete(batch[i], EG_DELIVERED, NULL);
        else
            sink->host->complete(batch[i], err.retriable ? EG_RETRY : EG_REJECTED, err.message);
    }
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)worker;
    EG_ASSERT(count <= BATCH_EVENTS);
    int64_t now_us = eg_clock_wall_us();
    struct eg_error err;
    for (size_t i = 0; i < count; i++)
        make_row(sink, batch[i], i, now_us);
    if (add(sink, 0, count, &err) == 0) {
        sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
    } else {
        sink->host->log(sink->host, EG_LOG_ERROR, "%s", err.message);
        if (err.retriable)
            sink->host->complete_all(batch, count, EG_RETRY, err.message);
        else
            add_one_by_one(sink, batch, count);
    }
    eg_outbox_wake(sink->outbox);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_outbox_store_close(sink->outbox->writer);
    sink->outbox->writer = NULL;
    free(sink);
}

const struct eg_sink_type eg_outbox_sink_type = {
    .abi = EG_SINK_ABI,
    .name = "outbox",
    .help = "What is owed.",
    .default_workers = 1,
    .max_workers = 1,
    .max_batch_events = BATCH_EVENTS,
    .max_batch_bytes = BATCH_BYTES,
    .create = create,
    .start = start,
    .submit = submit,
    .destroy = destroy,
};
