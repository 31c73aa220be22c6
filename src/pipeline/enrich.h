/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrichment: a call whose answer joins the event before a target's transform. Inside this room
 * only.
 *
 * A stage that deliveries of targets with `enrich` go through before they go to their sink or into
 * the outbox. To its runner it is a sink with workers, so that queue, retry and bounds are those of
 * all others.
 */
#ifndef EG_PIPELINE_ENRICH_H
#define EG_PIPELINE_ENRICH_H

#include "aws/client.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"
#include "pipeline/enrich_config.h"
#include "pipeline/event.h"
#include "rules/book.h"
#include "json/document.h"

/* Its configuration is a `const struct eg_enrich_config *`. */
extern const struct eg_sink_type eg_enrich_sink_type;

/* --- enrich_call.c: the call. One worker's; it blocks. */

struct eg_enrich_clients; /* of Lambda, by region; shared by the workers */

struct eg_enrich_clients *
eg_enrich_clients_new(const struct eg_enrich_config *config) EG_MUST_CHECK;
void eg_enrich_clients_destroy(struct eg_enrich_clients *clients); /* NULL is fine */
int eg_enrich_clients_tend(struct eg_enrich_clients *clients, struct eg_error *err) EG_MUST_CHECK;

struct eg_enrich_caller;

int eg_enrich_caller_new(struct eg_enrich_clients *clients, const struct eg_enrich_config *config,
                         struct eg_enrich_caller **ret_caller, struct eg_error *err) EG_MUST_CHECK;
void eg_enrich_caller_destroy(struct eg_enrich_caller *caller); /* NULL is fine */

/*
 * Calls with `body` and leaves the answer in *ret_answer, valid until the next call. -1: it failed;
 * err->retriable says whether it may work later.
 */
int eg_enrich_caller_call(struct eg_enrich_caller *caller, const struct eg_rules_enrich *enrich,
                          const struct eg_event *event, struct eg_span body,
                          struct eg_span *ret_answer, struct eg_error *err) EG_MUST_CHECK;

/* --- enrich_join.c: the answer in the envelope. Any thread. */

/*
 * Appends `envelope`, whose document is given, with `answer` as the member `into` of its detail.
 * EG_ERR_INVALID: the answer is no JSON, or the detail no object.
 */
int eg_enrich_join(const struct eg_json_document *document, eg_json_index root,
                   struct eg_span envelope, struct eg_span into, struct eg_span answer,
                   struct eg_buffer *out, struct eg_error *err) EG_MUST_CHECK;

#endif
