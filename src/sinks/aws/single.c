/* SPDX-License-Identifier: Apache-2.0 */
/* One event after the other: opened, done, completed. */
#include "sinks/aws/single.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

#define KEEP_BYTES ((size_t)4 << 20)

int eg_sink_single_worker_new(struct eg_sink_single *single,
                              struct eg_sink_single_worker **ret_worker, struct eg_error *err)
{
    struct eg_sink_single_worker *worker = eg_calloc(1, sizeof(*worker));
    worker->single = single;
    eg_json_document_init(&worker->document);
    eg_sink_renderer_init(&worker->renderer, &single->texts);
    if (single->client && eg_aws_caller_new(single->client, &worker->caller, err) != 0) {
        eg_sink_single_worker_destroy(worker);
        return -1;
    }
    *ret_worker = worker;
    return 0;
}

void eg_sink_single_worker_destroy(struct eg_sink_single_worker *worker)
{
    if (!worker)
        return;
    eg_aws_caller_destroy(worker->caller);
    eg_sink_renderer_fini(&worker->renderer);
    eg_json_document_fini(&worker->document);
    eg_buffer_fini(&worker->target);
    eg_buffer_fini(&worker->body);
    eg_buffer_fini(&worker->piece);
    free(worker);
}

void eg_sink_single_fini(struct eg_sink_single *single)
{
    eg_aws_client_destroy(single->client);
    eg_sink_texts_fini(&single->texts);
}

enum eg_outcome eg_sink_single_outcome(const struct eg_error *err)
{
    if (err->code == EG_ERR_TOO_LARGE)
        return EG_TOO_LARGE;
    return err->retriable ? EG_RETRY : EG_REJECTED;
}

static enum eg_outcome deliver(struct eg_sink_single_worker *worker, struct eg_delivery *delivery,
                               struct eg_error *err)
{
    eg_buffer_clear(&worker->target);
    eg_buffer_clear(&worker->body);
    eg_buffer_clear(&worker->piece);
    if (eg_sink_renderer_open(&worker->renderer, delivery->event, err) != 0)
        return eg_sink_single_outcome(err);
    return worker->single->deliver(worker, delivery, err);
}

void eg_sink_single_submit(struct eg_sink_single_worker *worker, struct eg_delivery *const *batch,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_error err = {.message = ""};
        enum eg_outcome outcome = deliver(worker, batch[i], &err);
        if (outcome != EG_DELIVERED)
            (void)eg_error_prefix(&err, "%s", worker->single->name);
        worker->single->host->complete(batch[i], outcome, err.message);
    }
    if (worker->body.capacity > KEEP_BYTES)
        eg_buffer_fini(&worker->body);
}
