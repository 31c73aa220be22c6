/* SPDX-License-Identifier: Apache-2.0 */
/* GET /topics and GET /topics/{topic}: which topics there are, and what fits into one. */
#include "api/api.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"
#include "json/writer.h"

enum eg_http_verdict eg_api_topics_list(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_topics_catalogue *catalogue = eg_topics_slot_acquire(api->topics);
    struct eg_buffer body = EG_BUFFER_INIT;
    eg_buffer_append_char(&body, '[');
    for (size_t i = 0; i < eg_topics_catalogue_count(catalogue); i++) {
        if (i)
            eg_buffer_append_char(&body, ',');
        eg_json_write_string(&body, eg_topics_catalogue_at(catalogue, i)->name);
    }
    eg_buffer_append_char(&body, ']');
    eg_topics_catalogue_unref(catalogue);
    size_t len;
    char *text = eg_buffer_take(&body, &len);
    eg_http_reply_take(request, 200, EG_HTTP_JSON, text, len);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_topics_schema(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    struct eg_span name = eg_http_request_param(request, 0);
    struct eg_topics_catalogue *catalogue = eg_topics_slot_acquire(api->topics);
    const struct eg_topics_topic *topic = eg_topics_catalogue_find(catalogue, name);
    if (topic) {
        eg_http_request_set_label(request, topic->name);
        eg_http_reply_copy(request, 200, EG_HTTP_JSON, topic->schema_text);
    } else {
        struct eg_error err;
        (void)eg_error_set(&err, EG_ERR_TOPIC, "Topic '%.*s' not found", EG_SPAN_ARGS(name));
        eg_http_reply_error(request, &err);
    }
    eg_topics_catalogue_unref(catalogue);
    return EG_HTTP_DONE;
}
