/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One delivery after another: the call's input from the envelope as the target may see it, the
 * call, the answer into the envelope, and what the target receives from that. The new event takes
 * the place of the old one in the delivery's route; then the delivery goes on (targets.c).
 *
 * Threads: workers. While a worker has a delivery nobody else touches its route.
 */
#include "pipeline/enrich.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "pipeline/join.h"
#include "rules/transform.h"

struct eg_sink {
    const struct eg_sink_host *host;
    const struct eg_enrich_config *config;
    struct eg_enrich_clients *clients;
};

struct worker {
    struct eg_enrich_caller *caller;
    struct eg_json_document document; /* of the envelope */
    struct eg_json_document joined;   /* of the envelope with the answer */
    struct eg_buffer input;
    struct eg_buffer envelope;
    struct eg_buffer payload;
};

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    (void)err;
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    sink->config = *(const struct eg_enrich_config *const *)config;
    sink->clients = eg_enrich_clients_new(sink->config);
    *ret_sink = sink;
    return 0;
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_enrich_clients_destroy(sink->clients);
    free(sink);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    return eg_enrich_clients_tend(sink->clients, err);
}

static int worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                        struct eg_error *err)
{
    (void)index;
    struct worker *worker = eg_calloc(1, sizeof(*worker));
    if (eg_enrich_caller_new(sink->clients, sink->config, &worker->caller, err) != 0) {
        free(worker);
        return -1;
    }
    eg_json_document_init(&worker->document);
    eg_json_document_init(&worker->joined);
    *ret_worker = worker;
    return 0;
}

static void worker_end(struct eg_sink *sink, void *state)
{
    (void)sink;
    struct worker *worker = state;
    eg_enrich_caller_destroy(worker->caller);
    eg_json_document_fini(&worker->document);
    eg_json_document_fini(&worker->joined);
    eg_buffer_fini(&worker->input);
    eg_buffer_fini(&worker->envelope);
    eg_buffer_fini(&worker->payload);
    free(worker);
}

/* What a transform makes of an envelope; without one, the envelope. */
static int render(const struct eg_rules_transform *transform, const struct eg_join_route *route,
                  struct eg_json_document *document, struct eg_span envelope, struct eg_buffer *out,
                  struct eg_error *err)
{
    struct eg_event event = route->event->view;
    struct eg_rules_template_input input;
    event.envelope = envelope;
    eg_buffer_clear(out);
    if (eg_rules_envelope_open(document, &event, &input, err) != 0)
        return -1;
    input.event = &route->event->view;
    input.rule_arn = route->target->rule_arn;
    input.rule_name = route->target->rule_name;
    if (transform)
        return eg_rules_transform_render(transform, &input, out, err);
    eg_buffer_append_span(out, envelope);
    return 0;
}

/* The call and its answer in worker->envelope. */
static int call(struct worker *worker, const struct eg_join_route *route, struct eg_error *err)
{
    const struct eg_rules_enrich *enrich = route->target->rules_target->enrich;
    struct eg_span envelope = route->event->view.envelope;
    struct eg_span answer;
    eg_buffer_clear(&worker->envelope);
    if (render(enrich->input, route, &worker->document, envelope, &worker->input, err) != 0 ||
        eg_enrich_caller_call(worker->caller, enrich, &route->event->view,
                              eg_buffer_span(&worker->input), &answer, err) != 0)
        return -1;
    return eg_enrich_join(&worker->document, 0, envelope, enrich->into, answer, &worker->envelope,
                          err);
}

static void replace_event(struct eg_join_delivery *delivery, const struct eg_event *fields)
{
    struct eg_join_route *route = delivery->route;
    struct eg_join_context *context = delivery->join->context;
    struct eg_pipeline_event *event = eg_pipeline_event_new(fields);
    (void)atomic_fetch_add_explicit(&context->in_flight_bytes,
                                    event->block_bytes - route->event->block_bytes,
                                    memory_order_relaxed);
    eg_pipeline_event_unref(route->event);
    route->event = event;
}

static int enrich(struct worker *worker, struct eg_join_delivery *delivery, struct eg_error *err)
{
    const struct eg_join_route *route = delivery->route;
    const struct eg_rules_target *target = route->target->rules_target;
    struct eg_event fields = route->event->view;
    if (call(worker, route, err) == 0)
        fields.envelope = eg_buffer_span(&worker->envelope);
    else if (target->enrich->required)
        return eg_error_prefix(err, "enrich");
    if (render(target->transform, route, &worker->joined, fields.envelope, &worker->payload, err) !=
        0)
        return -1;
    fields.payload = eg_buffer_span(&worker->payload);
    if (!route->keeps_envelope)
        fields.envelope = EG_SPAN_EMPTY;
    replace_event(delivery, &fields);
    return 0;
}

static void submit(struct eg_sink *sink, void *state, struct eg_delivery *const *batch,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_error err = {.message = ""};
        if (enrich(state, EG_CONTAINER_OF(batch[i], struct eg_join_delivery, handed), &err) == 0)
            sink->host->complete(batch[i], EG_DELIVERED, NULL);
        else
            sink->host->complete(batch[i], err.retriable ? EG_RETRY : EG_REJECTED, err.message);
    }
}

const struct eg_sink_type eg_enrich_sink_type = {
    .abi = EG_SINK_ABI,
    .name = "enrich",
    .help = "Calls whose answers join events.",
    .default_workers = 4,
    .max_workers = 256,
    .max_batch_events = 1,
    .max_batch_bytes = 1,
    .create = create,
    .worker_begin = worker_begin,
    .worker_end = worker_end,
    .submit = submit,
    .probe = probe,
    .destroy = destroy,
};
