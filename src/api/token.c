/* SPDX-License-Identifier: Apache-2.0 */
/* GET /token: where a client gets a token. */
#include "api/api.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"

enum eg_http_verdict eg_api_token(struct eg_http_request *request, void *context)
{
    const struct eg_api *api = context;
    if (!api->provider_url) {
        struct eg_error err;
        (void)eg_error_set(&err, EG_ERR_ROUTE, "No token provider is configured.");
        eg_http_reply_error(request, &err);
        return EG_HTTP_DONE;
    }
    eg_http_reply_header(request, "Location", eg_span_text(api->provider_url));
    eg_http_reply_empty(request, 303);
    return EG_HTTP_DONE;
}
