/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a catalogue's topics need from the pipeline, looked up once when the catalogue is loaded:
 * the numbers of their sinks, and their counters. Hangs on the catalogue and goes with it.
 */
#ifndef EG_PIPELINE_ROUTE_H
#define EG_PIPELINE_ROUTE_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "pipeline/pipeline.h"
#include "telemetry/metrics.h"
#include "topics/catalogue.h"

enum eg_topic_result {
    EG_TOPIC_ACCEPTED,   /* every sink has it */
    EG_TOPIC_FAILED,     /* a sink failed */
    EG_TOPIC_INVALID,    /* not JSON, or against the schema */
    EG_TOPIC_FORBIDDEN,  /* against the field rules */
    EG_TOPIC_OVERLOADED, /* a queue was full */
    EG_TOPIC_RESULT_COUNT
};

struct eg_pipeline_route {
    size_t *sinks;
    size_t sink_count;
    struct eg_counter *results[EG_TOPIC_RESULT_COUNT];
};

/*
 * Resolves all topics of the catalogue, which then owns the routes. Before the catalogue goes into
 * the slot; control thread. EG_ERR_CONFIG: a topic names a sink that there is not.
 */
int eg_pipeline_routes_attach(const struct eg_pipeline *pipeline,
                              struct eg_topics_catalogue *catalogue,
                              struct eg_error *err) EG_MUST_CHECK;

/* The topic's route; valid as long as the catalogue. Any thread. */
const struct eg_pipeline_route *eg_pipeline_route_of(const struct eg_topics_catalogue *catalogue,
                                                     const struct eg_topics_topic *topic);

#endif
