/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a catalogue's topics need from the pipeline, looked up once when the catalogue is loaded:
 * the numbers of their sinks, their envelopes and counters, and the rules with their targets. Hangs
 * on the catalogue and goes with it.
 */
#ifndef EG_PIPELINE_ROUTE_H
#define EG_PIPELINE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "pipeline/pipeline.h"
#include "pipeline/target.h"
#include "rules/book.h"
#include "rules/envelope.h"
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
    struct eg_rules_envelope *envelope; /* NULL: nobody looks at its events' envelopes */
    bool sinks_read_envelope;
    bool has_rules; /* a rule may match its events */
    struct eg_counter *results[EG_TOPIC_RESULT_COUNT];
};

/* The rules of a catalogue, with their targets as the pipeline sees them. */
struct eg_pipeline_rules {
    struct eg_rules_book *book;
    struct eg_pipeline_target *targets; /* those of rule `i` begin at first[i] */
    size_t *first;
};

/*
 * Resolves all topics of the catalogue, and the rules of the book (NULL: none), which is taken in
 * every case; the catalogue owns them then. Before the catalogue goes into the slot; control
 * thread. EG_ERR_CONFIG: a topic or a target names a sink that there is not, or a target needs the
 * outbox and there is none.
 */
int eg_pipeline_routes_attach(const struct eg_pipeline *pipeline,
                              struct eg_topics_catalogue *catalogue,
                              struct eg_rules_book *take_book, struct eg_error *err) EG_MUST_CHECK;

/* The catalogue's rules; NULL: it has none. Valid as long as the catalogue. Any thread. */
const struct eg_pipeline_rules *eg_pipeline_rules_of(const struct eg_topics_catalogue *catalogue);

/* The topic's route; valid as long as the catalogue. Any thread. */
const struct eg_pipeline_route *eg_pipeline_route_of(const struct eg_topics_catalogue *catalogue,
                                                     const struct eg_topics_topic *topic);

#endif
