/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /api, GET /docs and the files of that page: from memory, never from elsewhere. The page may
 * load nothing but what we serve; Swagger UI sets styles from its script and has pictures as data.
 */
#include "api/api.h"
#include "api/assets.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"

#define PAGE_POLICY                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "       \
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " \
    "frame-ancestors 'none'"

/* Compressed assets are sent so to everyone: the page is for browsers, and all of them inflate. */
static enum eg_http_verdict reply_asset(struct eg_http_request *request, struct eg_span name)
{
    const struct eg_api_asset *asset = eg_api_asset_find(name);
    if (!asset) {
        struct eg_error err;
        (void)eg_error_set(&err, EG_ERR_ROUTE, "Resource not found.");
        eg_http_reply_error(request, &err);
        return EG_HTTP_DONE;
    }
    if (asset->gzip)
        eg_http_reply_header(request, "Content-Encoding", EG_SPAN_LITERAL("gzip"));
    eg_http_reply_header(request, "X-Content-Type-Options", EG_SPAN_LITERAL("nosniff"));
    eg_http_reply_static(request, 200, asset->media_type, asset->bytes);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_specification(struct eg_http_request *request, void *context)
{
    (void)context;
    return reply_asset(request, EG_SPAN_LITERAL("api"));
}

enum eg_http_verdict eg_api_docs(struct eg_http_request *request, void *context)
{
    (void)context;
    eg_http_reply_header(request, "Content-Security-Policy", EG_SPAN_LITERAL(PAGE_POLICY));
    return reply_asset(request, EG_SPAN_LITERAL("docs"));
}

enum eg_http_verdict eg_api_docs_file(struct eg_http_request *request, void *context)
{
    (void)context;
    return reply_asset(request, eg_http_request_param(request, 0));
}
