/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One worker of a postgres sink: its connection, and what it does with a batch. For postgres.c
 * alone; new and destroy as worker_begin and worker_end, all of it on the worker's thread.
 */
#ifndef EG_SINKS_POSTGRES_WORKER_H
#define EG_SINKS_POSTGRES_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "eventgate/sink.h"
#include "postgres/connection.h"
#include "postgres/mapping.h"

#define EG_POSTGRES_BATCH_EVENTS 64u

/* How every error of this sink begins, as upstream's clients know it. */
#define EG_POSTGRES_FAILURE "The Postgres writer failed with unknown error"

/* What the workers of a sink share: immutable while they run. */
struct eg_postgres_shared {
    const struct eg_sink_host *host;
    struct eg_postgres_provider provider;
    struct eg_postgres_session session;
    struct eg_postgres_mapping_set mappings;
    int64_t answer_timeout_ms; /* for one transaction, once those before it have an outcome */
};

struct eg_postgres_worker;

struct eg_postgres_worker *eg_postgres_worker_new(const struct eg_postgres_shared *shared);
void eg_postgres_worker_destroy(struct eg_postgres_worker *worker); /* NULL is fine */

/* Completes every delivery before it returns. At most EG_POSTGRES_BATCH_EVENTS. */
void eg_postgres_worker_submit(struct eg_postgres_worker *worker, struct eg_delivery *const *batch,
                               size_t count);

#endif
