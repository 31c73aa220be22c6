/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What operators ask for on the admin listener: GET /metrics, POST /reload, POST /terminate. The
 * last two only say that it will happen: both take longer than a request should.
 */
#include "api/api.h"
#include "base/span.h"
#include "http/reply.h"
#include "telemetry/metrics.h"

enum eg_http_verdict eg_api_metrics(struct eg_http_request *request, void *context)
{
    (void)context;
    struct eg_buffer body = EG_BUFFER_INIT;
    eg_metrics_render(&body);
    size_t len;
    char *text = eg_buffer_take(&body, &len);
    eg_http_reply_take(request, 200, EG_METRICS_CONTENT_TYPE, text, len);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_reload(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    api->request_reload(api->app);
    eg_http_reply_accepted(request);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_terminate(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    api->request_stop(api->app);
    eg_http_reply_accepted(request);
    return EG_HTTP_DONE;
}
