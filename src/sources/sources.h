/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events that are fetched instead of posted: the group `sources` of the configuration.
 *
 * A source of type `sqs` polls a queue and hands each message's body to the pipeline as a post of
 * its topic. A message is deleted when every sink and awaited target of its event delivered (at
 * least once); one that did not get there stays in the queue, comes again after its visibility
 * timeout, and goes to the queue's own dead-letter queue when its redrive policy says so.
 *
 * Life: new, start, stop, destroy, on the main thread. Each worker of a source is a thread of its
 * own that waits in long polls.
 */
#ifndef EG_SOURCES_SOURCES_H
#define EG_SOURCES_SOURCES_H

#include "base/compiler.h"
#include "config/load.h"
#include "eventgate/error.h"
#include "pipeline/ingest.h"

/* The entries: common is a struct of this room, specific one of the source's type. */
extern const struct eg_config_group eg_sources_group;

struct eg_sources;

struct eg_sources_options {
    const struct eg_config_entries *entries; /* of eg_sources_group; borrowed until destroy */
    struct eg_ingest *ingest;                /* borrowed until stop returned */

    /* How a source is: NULL for well, else why not. Of a source's thread; may be NULL. */
    void (*report)(void *context, const char *source, const char *trouble);
    void *context;
};

/* EG_ERR_CONFIG: a source can't be reached as it is configured. No connection yet. */
int eg_sources_new(const struct eg_sources_options *options, struct eg_sources **ret_sources,
                   struct eg_error *err) EG_MUST_CHECK;

/* Begins to poll. */
int eg_sources_start(struct eg_sources *sources, struct eg_error *err) EG_MUST_CHECK;

/* Fetches nothing more, and returns when what was fetched is delivered or given back; bounded by
 * the pipeline's deadline. NULL is fine, and so is a second call. */
void eg_sources_stop(struct eg_sources *sources);

void eg_sources_destroy(struct eg_sources *sources); /* after stop; NULL is fine */

#endif
