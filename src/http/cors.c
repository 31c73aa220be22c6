/* SPDX-License-Identifier: Apache-2.0 */
/* Origins are compared as text: a browser always sends them in one form (RFC 6454 section 6.2). */
#include "http/cors.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/span.h"
#include "http/reply.h"
#include "http/router.h"

static char *join(const struct eg_string_list *list)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    size_t len;
    if (list->count == 0)
        return NULL;
    for (size_t index = 0; index < list->count; index++)
        eg_buffer_printf(&text, "%s%s", index ? ", " : "", list->items[index]);
    return eg_buffer_take(&text, &len);
}

void eg_http_cors_init(struct eg_http_cors *cors, const struct eg_http_cors_config *config)
{
    *cors = (struct eg_http_cors){.config = NULL};
    if (config->allowed_origins.count == 0)
        return;
    cors->config = config;
    for (size_t index = 0; index < config->allowed_origins.count; index++)
        cors->any_origin |= eg_span_is(eg_span_text(config->allowed_origins.items[index]), "*");
    cors->allowed_headers = join(&config->allowed_headers);
    cors->exposed_headers = join(&config->exposed_headers);
    cors->max_age = eg_asprintf("%" PRId64, config->max_age_ms / 1000);
}

void eg_http_cors_fini(struct eg_http_cors *cors)
{
    free(cors->allowed_headers);
    free(cors->exposed_headers);
    free(cors->max_age);
    *cors = (struct eg_http_cors){.config = NULL};
}

struct eg_span eg_http_cors_origin(const struct eg_http_cors *cors, struct eg_span origin)
{
    if (!cors->config || origin.len == 0)
        return EG_SPAN_EMPTY;
    if (cors->any_origin)
        return EG_SPAN_LITERAL("*");
    for (size_t index = 0; index < cors->config->allowed_origins.count; index++)
        if (eg_span_is(origin, cors->config->allowed_origins.items[index]))
            return origin;
    return EG_SPAN_EMPTY;
}

void eg_http_cors_preflight(const struct eg_http_cors *cors, struct eg_http_request *request,
                            unsigned methods)
{
    char allow[EG_HTTP_ALLOW_BYTES];
    eg_http_router_allow(methods, false, allow);
    eg_http_reply_header(request, "Access-Control-Allow-Methods", eg_span_text(allow));
    if (cors->allowed_headers)
        eg_http_reply_header(request, "Access-Control-Allow-Headers",
                             eg_span_text(cors->allowed_headers));
    eg_http_reply_header(request, "Access-Control-Max-Age", eg_span_text(cors->max_age));
    eg_http_reply_empty(request, 204);
}
