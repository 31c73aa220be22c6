/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GET /api, the OpenAPI document, and GET /docs, the page that shows it. Everything comes out of
 * the binary (assets.h); nothing is loaded from anywhere else.
 */
#include "api/api.h"
#include "api/assets.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"

/* The page may run its own scripts and reach its own origin, nothing else. */
#define DOCS_POLICY                                                                   \
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "       \
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; " \
    "frame-ancestors 'none'"

static void reply_asset(struct eg_http_request *request, const struct eg_api_asset *asset)
{
    if (asset->gzip)
        eg_http_reply_header(request, "Content-Encoding", EG_SPAN_LITERAL("gzip"));
    eg_http_reply_header(request, "X-Content-Type-Options", EG_SPAN_LITERAL("nosniff"));
    eg_http_reply_static(request, 200, asset->media_type, asset->bytes);
}

enum eg_http_verdict eg_api_specification(struct eg_http_request *request, void *context)
{
    (void)context;
    const struct eg_api_asset *asset = eg_api_asset_find(EG_SPAN_LITERAL("api"));
    EG_ASSERT(asset && !asset->gzip);
    reply_asset(request, asset);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_docs(struct eg_http_request *request, void *context)
{
    (void)context;
    const struct eg_api_asset *asset = eg_api_asset_find(EG_SPAN_LITERAL("docs"));
    EG_ASSERT(asset);
    eg_http_reply_header(request, "Content-Security-Policy", EG_SPAN_LITERAL(DOCS_POLICY));
    reply_asset(request, asset);
    return EG_HTTP_DONE;
}

enum eg_http_verdict eg_api_docs_file(struct eg_http_request *request, void *context)
{
    (void)context;
    const struct eg_api_asset *asset = eg_api_asset_find(eg_http_request_param(request, 0));
    if (asset) {
        reply_asset(request, asset);
        return EG_HTTP_DONE;
    }
    struct eg_error err;
    (void)eg_error_set(&err, EG_ERR_ROUTE, "Resource not found.");
    eg_http_reply_error(request, &err);
    return EG_HTTP_DONE;
}
