/* SPDX-License-Identifier: Apache-2.0 */
/* The two tables of routes: what strangers reach, and what only operators do. */
#include "api/api.h"
#include "api/submission.h"
#include "base/compiler.h"

#define PROBE EG_HTTP_NO_QUOTA

const struct eg_http_route eg_api_public_routes[] = {
    {EG_HTTP_POST, "/topics/{topic}", "publish", EG_HTTP_TAKES_BODY | EG_HTTP_CORS,
     eg_api_publish_begin, eg_api_publish, eg_api_submit_resume},
    {EG_HTTP_POST, "/events/{topic}", "events", EG_HTTP_TAKES_BODY | EG_HTTP_CORS,
     eg_api_events_begin, eg_api_events, eg_api_submit_resume},
    {EG_HTTP_POST, "/publish", "message", EG_HTTP_TAKES_BODY | EG_HTTP_CORS, eg_api_message_begin,
     eg_api_message, eg_api_submit_resume},
    {EG_HTTP_GET, "/topics/{topic}", "topic", EG_HTTP_CORS, NULL, eg_api_topics_schema, NULL},
    {EG_HTTP_GET, "/topics", "topics", EG_HTTP_CORS, NULL, eg_api_topics_list, NULL},
    {EG_HTTP_POST, "/stats/{topic}", "stats", EG_HTTP_TAKES_BODY | EG_HTTP_CORS, NULL, eg_api_stats,
     eg_api_stats_resume},
    {EG_HTTP_GET, "/token", "token", EG_HTTP_CORS, NULL, eg_api_token, NULL},
    {EG_HTTP_GET, "/api", "api", EG_HTTP_CORS, NULL, eg_api_specification, NULL},
    {EG_HTTP_GET, "/docs", "docs", 0, NULL, eg_api_docs, NULL},
    {EG_HTTP_GET, "/docs/{file}", "docs", 0, NULL, eg_api_docs_file, NULL},
    {EG_HTTP_GET, "/health", "health", PROBE, NULL, eg_api_health, NULL},
    {EG_HTTP_GET, "/live", "live", PROBE, NULL, eg_api_live, NULL},
    {EG_HTTP_GET, "/ready", "ready", PROBE, NULL, eg_api_ready, NULL},
};
const size_t eg_api_public_route_count = EG_ARRAY_COUNT(eg_api_public_routes);

const struct eg_http_route eg_api_admin_routes[] = {
    {EG_HTTP_GET, "/metrics", "metrics", PROBE, NULL, eg_api_metrics, NULL},
    {EG_HTTP_POST, "/reload", "reload", EG_HTTP_TAKES_BODY, NULL, eg_api_reload, NULL},
    {EG_HTTP_POST, "/terminate", "terminate", EG_HTTP_TAKES_BODY, NULL, eg_api_terminate, NULL},
    {EG_HTTP_POST, "/replay", "replay", EG_HTTP_TAKES_BODY, NULL, eg_api_replay,
     eg_api_submit_resume},
    {EG_HTTP_GET, "/health", "health", PROBE, NULL, eg_api_health, NULL},
    {EG_HTTP_GET, "/live", "live", PROBE, NULL, eg_api_live, NULL},
    {EG_HTTP_GET, "/ready", "ready", PROBE, NULL, eg_api_ready, NULL},
};
const size_t eg_api_admin_route_count = EG_ARRAY_COUNT(eg_api_admin_routes);
