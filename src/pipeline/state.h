/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline's struct, for pipeline.c and dispatch.c only. */
#ifndef EG_PIPELINE_STATE_H
#define EG_PIPELINE_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "pipeline/join.h"
#include "pipeline/runner.h"

struct eg_outbox;

struct eg_pipeline {
    struct eg_join_context context;
    const struct eg_pipeline_config *config;
    struct eg_timer *control;   /* borrowed */
    struct eg_runner **runners; /* behind the last: the outbox's, if there is one */
    size_t runner_count;        /* without it */
    struct eg_outbox *outbox;   /* NULL: there is none */
    bool started;
    bool drained;
    atomic_bool accepting;
    atomic_uint dispatching; /* threads between the look at `accepting` and the last offer */
    atomic_ullong refused;
};

#endif
