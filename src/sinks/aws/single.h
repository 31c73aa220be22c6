/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sinks that make calls of their own for each event have in common (s3, aws_call, tagger):
 * a worker with a way to AWS, the event's templates, and what a failed call means for a delivery.
 *
 * Made on the control thread, constant while workers run; each worker is one thread's.
 */
#ifndef EG_SINKS_AWS_SINGLE_H
#define EG_SINKS_AWS_SINGLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/client.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "sinks/aws/texts.h"
#include "json/document.h"

struct eg_sink_single_worker;

struct eg_sink_single {
    const struct eg_sink_host *host;
    const char *name; /* begins every failure: "S3" */
    struct eg_sink_texts texts;
    struct eg_aws_client *client; /* of the sink's one service; NULL: the sink has its own way */

    /* Does one event: the renderer is open. The message for all but EG_DELIVERED is in err. */
    enum eg_outcome (*deliver)(struct eg_sink_single_worker *worker, struct eg_delivery *delivery,
                               struct eg_error *err);
    void *sink; /* whose it is */
};

struct eg_sink_single_worker {
    struct eg_sink_single *single;
    struct eg_aws_caller *caller; /* NULL without a client */
    struct eg_sink_renderer renderer;
    struct eg_buffer target; /* scratch, kept from one event to the next */
    struct eg_buffer body;
    struct eg_buffer piece;
    struct eg_json_document document;
};

int eg_sink_single_worker_new(struct eg_sink_single *single,
                              struct eg_sink_single_worker **ret_worker,
                              struct eg_error *err) EG_MUST_CHECK;
void eg_sink_single_worker_destroy(struct eg_sink_single_worker *worker); /* NULL is fine */

void eg_sink_single_submit(struct eg_sink_single_worker *worker, struct eg_delivery *const *batch,
                           size_t count);
void eg_sink_single_fini(struct eg_sink_single *single);

/* How a failure ends a delivery: EG_TOO_LARGE, EG_RETRY or EG_REJECTED. */
enum eg_outcome eg_sink_single_outcome(const struct eg_error *err);

#endif
