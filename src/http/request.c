/* SPDX-License-Identifier: Apache-2.0 */
/* What handlers read of a request, and what they attach to it. On the HTTP thread. */
#include "http/request.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "http/exchange.h"

enum eg_http_method eg_http_request_method(const struct eg_http_request *request)
{
    return request->method;
}

const struct eg_http_route *eg_http_request_route(const struct eg_http_request *request)
{
    return request->route;
}

struct eg_span eg_http_request_path(const struct eg_http_request *request)
{
    return request->uri.path;
}

struct eg_span eg_http_request_param(const struct eg_http_request *request, unsigned index)
{
    EG_ASSERT(index < EG_HTTP_PARAMS_MAX && request->params[index].len > 0);
    return request->params[index];
}

struct eg_span eg_http_request_header(const struct eg_http_request *request,
                                      enum eg_http_header header)
{
    EG_ASSERT(header < EG_HTTP_HEADER_COUNT);
    return request->known[header];
}

struct eg_span eg_http_request_header_named(const struct eg_http_request *request, const char *name)
{
    struct eg_span wanted = eg_span_text(name);
    for (size_t index = 0; index < request->field_count; index++)
        if (eg_span_equal_nocase(request->fields[index].name, wanted))
            return request->fields[index].value;
    return EG_SPAN_EMPTY;
}

const struct eg_http_field *eg_http_request_headers(const struct eg_http_request *request,
                                                    size_t *ret_count)
{
    *ret_count = request->field_count;
    return request->fields;
}

bool eg_http_request_argument(struct eg_http_request *request, const char *name,
                              struct eg_span *ret_value)
{
    return eg_http_uri_argument(request->uri.query, eg_span_text(name), &request->arena, ret_value);
}

struct eg_span eg_http_request_body(const struct eg_http_request *request)
{
    return request->body.len ? eg_buffer_span(&request->body) : EG_SPAN_EMPTY;
}

struct eg_span eg_http_request_media_type(const struct eg_http_request *request)
{
    struct eg_span type = request->known[EG_HTTP_CONTENT_TYPE];
    const char *semicolon = type.len ? memchr(type.ptr, ';', type.len) : NULL;
    if (semicolon)
        type.len = (size_t)(semicolon - type.ptr);
    return eg_span_trim(type);
}

struct eg_span eg_http_request_remote(const struct eg_http_request *request)
{
    return eg_span_of(request->connection->remote, request->connection->remote_len);
}

struct eg_span eg_http_request_correlation_id(const struct eg_http_request *request)
{
    return eg_span_of(request->correlation, request->correlation_len);
}

int64_t eg_http_request_start_us(const struct eg_http_request *request)
{
    return request->start_us;
}

size_t eg_http_request_wire_bytes(const struct eg_http_request *request)
{
    return request->wire_bytes;
}

struct eg_arena *eg_http_request_arena(struct eg_http_request *request)
{
    return &request->arena;
}

void eg_http_request_set_state(struct eg_http_request *request, void *state,
                               void (*cleanup)(void *state))
{
    request->state = state;
    request->cleanup = cleanup;
}

void *eg_http_request_state(const struct eg_http_request *request)
{
    return request->state;
}

void eg_http_request_set_label(struct eg_http_request *request, struct eg_span label)
{
    request->label = eg_arena_copy(&request->arena, label);
}

struct eg_span eg_http_request_label(const struct eg_http_request *request)
{
    return request->label.len ? request->label : EG_SPAN_EMPTY;
}
