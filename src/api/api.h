/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resources of the REST API: one file each, listed in routes.c. Handlers run on HTTP threads,
 * several at once; all they need is in `struct eg_api`, which the app fills before the first
 * request and never changes.
 */
#ifndef EG_API_API_H
#define EG_API_API_H

#include <stddef.h>

#include "api/config.h"
#include "api/health.h"
#include "auth/auth.h"
#include "http/rate.h"
#include "http/request.h"
#include "http/route.h"
#include "pipeline/ingest.h"
#include "pipeline/pipeline.h"
#include "postgres/stats.h"
#include "topics/slot.h"

struct eg_api {
    struct eg_ingest *ingest;
    struct eg_pipeline *pipeline;
    struct eg_topics_slot *topics;
    struct eg_health *health;
    struct eg_postgres_stats *stats;
    const char *provider_url; /* GET /token sends people there; NULL: nobody was named */
    const struct eg_string_list *passed_headers; /* request headers that become attributes */
    const struct eg_api_publish_config *publish;
    const struct eg_api_keys_config *keys;

    /* Asked for by the admin listener; must not wait. */
    void (*request_reload)(void *app);
    void (*request_stop)(void *app);
    void *app;
};

/* Both tables have a `struct eg_api *` as their context. */
extern const struct eg_http_route eg_api_public_routes[];
extern const size_t eg_api_public_route_count;
extern const struct eg_http_route eg_api_admin_routes[];
extern const size_t eg_api_admin_route_count;

/* eg_join_done of the pipeline: resumes the requests whose events were delivered. Any thread. */
void eg_api_publish_done(void *context, struct eg_join *const *joins, size_t count);

/* The handlers, for the tables. */
enum eg_http_verdict eg_api_topics_list(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_topics_schema(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_publish(struct eg_http_request *request, void *context);
void eg_api_publish_begin(struct eg_http_request *request, void *context);
void eg_api_events_begin(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_events(struct eg_http_request *request, void *context);
void eg_api_message_begin(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_message(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_stats(struct eg_http_request *request, void *context);
void eg_api_stats_resume(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_token(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_health(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_live(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_ready(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_specification(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_docs(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_docs_file(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_metrics(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_reload(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_replay(struct eg_http_request *request, void *context);
enum eg_http_verdict eg_api_terminate(struct eg_http_request *request, void *context);

#endif
