/* SPDX-License-Identifier: Apache-2.0 */
/*
 * POST /stats/{topic}: pages of what the postgres sink stored, read back.
 *
 * Threads: handle and resume on the connection's HTTP thread, page_done on a stats worker. Between
 * suspend and resume the job belongs to the worker; then it goes with the request.
 */
#include <stdlib.h>

#include "api/api.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "http/reply.h"
#include "postgres/stats.h"
#include "telemetry/log.h"
#include "json/document.h"
#include "json/writer.h"

static void refuse(struct eg_http_request *request, const char *message)
{
    eg_http_reply_failure(request, 400, "validation", eg_span_text(message));
}

/* --- which query */

static void refuse_topic(struct eg_http_request *request, struct eg_span topic)
{
    struct eg_error err;
    (void)eg_error_set(&err, EG_ERR_TOPIC, "Topic '%.*s' not found.", EG_SPAN_ARGS(topic));
    eg_http_reply_error(request, &err);
}

static void refuse_unsupported(struct eg_http_request *request,
                               const struct eg_postgres_stats_queries *queries)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_buffer_append_text(&text, "Stats are only supported for topics '");
    for (size_t i = 0; i < queries->count; i++)
        eg_buffer_printf(&text, "%s%s", i ? ", " : "", queries->items[i].topic);
    eg_buffer_append_text(&text, "'.");
    eg_http_reply_failure(request, 400, "validation", eg_buffer_span(&text));
}

/* NULL: refused. */
static const struct eg_postgres_stats_query *find_query(struct eg_http_request *request,
                                                        const struct eg_api *api)
{
    struct eg_span name = eg_http_request_param(request, 0);
    struct eg_topics_catalogue *catalogue = eg_topics_slot_acquire(api->topics);
    const struct eg_topics_topic *topic = eg_topics_catalogue_find(catalogue, name);
    if (topic)
        eg_http_request_set_label(request, topic->name);
    bool known = topic != NULL;
    eg_topics_catalogue_unref(catalogue);
    if (!known) {
        refuse_topic(request, name);
        return NULL;
    }
    const struct eg_postgres_stats_queries *queries = eg_postgres_stats_queries_of(api->stats);
    const struct eg_postgres_stats_query *query = eg_postgres_stats_query_find(queries, name);
    if (!query)
        refuse_unsupported(request, queries);
    return query;
}

/* --- which page */

/* An integer as the client wrote it; one that no column can hold is as good as the nearest. */
static bool read_integer(const struct eg_json_document *document, eg_json_index index,
                         int64_t *ret_value)
{
    if (eg_json_kind(document, index) != EG_JSON_NUMBER ||
        !(eg_json_node(document, index)->info & EG_JSON_INTEGER))
        return false;
    if (!eg_json_int64(document, index, ret_value))
        *ret_value = eg_json_text(document, index).ptr[0] == '-' ? INT64_MIN : INT64_MAX;
    return true;
}

struct page_field {
    const char *name;
    size_t offset; /* in a page */
    bool nullable; /* null is as good as absent */
    int64_t min;
    const char *refusal;
};

#define AT(member) offsetof(struct eg_postgres_stats_page, member)

static const struct page_field page_fields[] = {
    {"timestamp_start", AT(timestamp_start), true, INT64_MIN,
     "Field 'timestamp_start' must be an integer (epoch ms)."},
    {"timestamp_end", AT(timestamp_end), true, INT64_MIN,
     "Field 'timestamp_end' must be an integer (epoch ms)."},
    {"cursor", AT(cursor), true, INT64_MIN, "Field 'cursor' must be an integer (internal_id)."},
    {"limit", AT(limit), false, 1, "Field 'limit' must be a positive integer."},
};

/* NULL, or what is wrong. */
static const char *read_field(const struct eg_json_document *document,
                              const struct page_field *field, struct eg_postgres_stats_page *page)
{
    int64_t value;
    eg_json_index index = eg_json_member(document, 0, eg_span_text(field->name));
    if (index == EG_JSON_NONE || (field->nullable && eg_json_kind(document, index) == EG_JSON_NULL))
        return NULL;
    if (!read_integer(document, index, &value) || value < field->min)
        return field->refusal;
    *(int64_t *)(void *)((char *)page + field->offset) = value;
    return NULL;
}

static const char *read_fields(const struct eg_json_document *document,
                               struct eg_postgres_stats_page *page)
{
    if (eg_json_kind(document, 0) != EG_JSON_OBJECT)
        return "Request body must be a JSON object.";
    for (size_t i = 0; i < EG_ARRAY_COUNT(page_fields); i++) {
        const char *refusal = read_field(document, &page_fields[i], page);
        if (refusal)
            return refusal;
    }
    return NULL;
}

/* NULL, or what is wrong with the body. No body at all is the first page of the default window. */
static const char *read_page(struct eg_span body, const struct eg_postgres_stats_query *query,
                             struct eg_postgres_stats_page *page)
{
    int64_t now_ms = eg_clock_wall_us() / 1000;
    *page = (struct eg_postgres_stats_page){
        .timestamp_start = now_ms - query->window_ms,
        .timestamp_end = now_ms,
        .cursor = INT64_MAX,
        .limit = query->default_limit,
    };
    if (body.len == 0)
        return NULL;
    struct eg_error err;
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    struct eg_json_document document;
    eg_json_document_init(&document);
    const char *refusal = eg_json_document_parse(&document, body, &limits, &err) != 0
                              ? "Request body must be valid JSON."
                              : read_fields(&document, page);
    eg_json_document_fini(&document);
    if (page->limit > query->max_limit)
        page->limit = query->max_limit;
    return refusal;
}

/* --- the job's way */

static void job_cleanup(void *state)
{
    struct eg_postgres_stats_job *job = state;
    eg_buffer_fini(&job->data);
    free(job);
}

static void page_done(struct eg_postgres_stats_job *job)
{
    eg_http_request_resume(job->user);
}

static void reply_overloaded(struct eg_http_request *request)
{
    struct eg_error err;
    (void)eg_error_set(&err, EG_ERR_OVERLOADED, "Too many stats queries wait; try again.");
    eg_http_reply_error(request, &err);
}

enum eg_http_verdict eg_api_stats(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_postgres_stats_page page;
    const struct eg_postgres_stats_query *query = find_query(request, api);
    if (!query)
        return EG_HTTP_DONE;
    const char *refusal = read_page(eg_http_request_body(request), query, &page);
    if (refusal) {
        refuse(request, refusal);
        return EG_HTTP_DONE;
    }
    struct eg_postgres_stats_job *job = eg_calloc(1, sizeof(*job));
    *job = (struct eg_postgres_stats_job){
        .query = query, .page = page, .done = page_done, .user = request};
    eg_http_request_set_state(request, job, job_cleanup);
    eg_http_request_suspend(request);
    if (!eg_postgres_stats_submit(api->stats, job)) {
        job->query = NULL; /* never ran */
        eg_http_request_resume(request);
    }
    return EG_HTTP_LATER;
}

static void write_pagination(struct eg_buffer *body, const struct eg_postgres_stats_job *job)
{
    eg_buffer_append_text(body, ",\"pagination\":{\"cursor\":");
    if (job->has_more)
        eg_json_write_int64(body, job->cursor);
    else
        eg_json_write_null(body);
    eg_buffer_printf(body, ",\"has_more\":%s,\"limit\":%lld}}", job->has_more ? "true" : "false",
                     (long long)job->page.limit);
}

void eg_api_stats_resume(struct eg_http_request *request, void *context)
{
    (void)context;
    const struct eg_postgres_stats_job *job = eg_http_request_state(request);
    if (!job->query) {
        reply_overloaded(request);
        return;
    }
    if (job->failed) {
        eg_log(EG_LOG_ERROR, eg_http_request_correlation_id(request), "stats query failed",
               eg_log_string("topic", job->query->topic), eg_log_error(&job->err));
        eg_http_reply_failure(request, 500, "database", EG_SPAN_LITERAL("Stats query failed."));
        return;
    }
    struct eg_buffer body = EG_BUFFER_INIT;
    eg_buffer_append_text(&body, "{\"success\":true,\"statusCode\":200,\"data\":");
    eg_buffer_append_span(&body, eg_buffer_span(&job->data));
    write_pagination(&body, job);
    size_t len;
    char *text = eg_buffer_take(&body, &len);
    eg_http_reply_take(request, 200, EG_HTTP_JSON, text, len);
}
