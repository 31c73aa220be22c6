/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds answers. Nothing is given to the library here: exchange.c queues the response when the
 * library is ready for it. On the HTTP thread.
 *
 * The 202 of an accepted event is the hot one. Making a response costs nine allocations, so each
 * connection keeps one whose X-Correlation-ID has the length of the ids we make, and only that
 * value is written anew. The library copies it into the connection's buffer when it starts the
 * reply, and a connection answers one request at a time, so nobody reads it while it changes.
 */
#include "http/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "http/exchange.h"
#include "http/service.h"
#include "json/writer.h"

#define CORRELATION_HEADER "X-Correlation-ID"

static char accepted_body[] = "{\"success\":true,\"statusCode\":202}";

void eg_http_reply_drop(struct eg_http_request *request)
{
    if (request->reply.response && !request->reply.borrowed)
        MHD_destroy_response(request->reply.response);
    request->reply.response = NULL;
}

unsigned eg_http_reply_status(const struct eg_http_request *request)
{
    return request->reply.status;
}

size_t eg_http_reply_bytes(const struct eg_http_request *request)
{
    return request->reply.body_bytes;
}

void eg_http_reply_header(struct eg_http_request *request, const char *name, struct eg_span value)
{
    struct eg_http_reply *reply = &request->reply;
    EG_ASSERT(reply->header_count < EG_HTTP_REPLY_HEADERS_MAX);
    reply->headers[reply->header_count++] = (struct eg_http_field){
        eg_arena_copy(&request->arena, eg_span_text(name)), eg_arena_copy(&request->arena, value)};
}

void eg_http_reply_retry_after(struct eg_http_request *request, unsigned seconds)
{
    request->reply.retry_after_s = seconds;
}

static void add(struct MHD_Response *response, const char *name, const char *value)
{
    /* Refused only for what can't be a header value (an empty one, a line break) or for want of
     * memory; a reply without it is better than none. */
    (void)MHD_add_response_header(response, name, value);
}

static void add_cors(const struct eg_http_request *request, struct MHD_Response *response)
{
    const struct eg_http_cors *cors = &request->server->cors;
    char origin[512];
    if (request->varies)
        add(response, "Vary", "Origin");
    if (request->cors_origin.len == 0 || request->cors_origin.len >= sizeof(origin))
        return;
    (void)snprintf(origin, sizeof(origin), "%.*s", EG_SPAN_ARGS(request->cors_origin));
    add(response, "Access-Control-Allow-Origin", origin);
    if (cors->config->allow_credentials)
        add(response, "Access-Control-Allow-Credentials", "true");
    if (cors->exposed_headers)
        add(response, "Access-Control-Expose-Headers", cors->exposed_headers);
}

static void add_retry_after(const struct eg_http_request *request, struct MHD_Response *response,
                            unsigned status)
{
    unsigned seconds = request->reply.retry_after_s;
    char text[16];
    if (seconds == 0 && (status == 429 || status == 503))
        seconds = 1;
    if (seconds == 0)
        return;
    (void)snprintf(text, sizeof(text), "%u", seconds);
    add(response, "Retry-After", text);
}

static bool must_close(const struct eg_http_request *request)
{
    return request->close_after ||
           atomic_load_explicit(&request->server->draining, memory_order_relaxed);
}

static void set_reply(struct eg_http_request *request, unsigned status,
                      struct MHD_Response *response, size_t body_bytes)
{
    EG_ASSERT(request->reply.status == 0);
    EG_ASSERT(status >= 200 && status <= 599);
    request->reply.status = status;
    request->reply.response = response; /* NULL when memory is out: the connection is closed */
    request->reply.body_bytes = body_bytes;
}

static void finish(struct eg_http_request *request, unsigned status, const char *content_type,
                   struct MHD_Response *response, size_t body_bytes)
{
    if (response) {
        if (content_type)
            add(response, "Content-Type", content_type);
        add(response, CORRELATION_HEADER, request->correlation);
        for (unsigned index = 0; index < request->reply.header_count; index++)
            add(response, request->reply.headers[index].name.ptr,
                request->reply.headers[index].value.ptr);
        add_cors(request, response);
        add_retry_after(request, response, status);
        if (must_close(request))
            add(response, "Connection", "close");
    }
    set_reply(request, status, response, body_bytes);
}

/* The library takes a plain pointer for all three kinds of memory, and writes to none. */
static void *writable(const char *bytes)
{
    union {
        const char *in;
        void *out;
    } pointer = {.in = bytes};
    return pointer.out;
}

void eg_http_reply_static(struct eg_http_request *request, unsigned status,
                          const char *content_type, struct eg_span forever)
{
    finish(
        request, status, content_type,
        MHD_create_response_from_buffer(forever.len, writable(forever.ptr), MHD_RESPMEM_PERSISTENT),
        forever.len);
}

void eg_http_reply_copy(struct eg_http_request *request, unsigned status, const char *content_type,
                        struct eg_span body)
{
    finish(request, status, content_type,
           MHD_create_response_from_buffer(body.len, writable(body.ptr), MHD_RESPMEM_MUST_COPY),
           body.len);
}

void eg_http_reply_take(struct eg_http_request *request, unsigned status, const char *content_type,
                        char *take, size_t len)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(len, take, MHD_RESPMEM_MUST_FREE);
    if (!response)
        free(take);
    finish(request, status, content_type, response, len);
}

void eg_http_reply_empty(struct eg_http_request *request, unsigned status)
{
    eg_http_reply_static(request, status, NULL, EG_SPAN_EMPTY);
}

static bool make_accepted(struct eg_http_connection *connection)
{
    static const char blank[] = "00000000000000000000000000000000";
    struct MHD_Response *response = MHD_create_response_from_buffer(
        sizeof(accepted_body) - 1, accepted_body, MHD_RESPMEM_PERSISTENT);
    if (!response)
        return false;
    add(response, "Content-Type", EG_HTTP_JSON);
    add(response, CORRELATION_HEADER, blank);
    const char *value = MHD_get_response_header(response, CORRELATION_HEADER);
    if (!value || strlen(value) != EG_HTTP_MADE_ID_BYTES) {
        MHD_destroy_response(response);
        return false;
    }
    connection->accepted = response;
    connection->accepted_id = writable(value);
    return true;
}

static bool use_prebuilt(struct eg_http_request *request)
{
    struct eg_http_connection *connection = request->connection;
    if (request->correlation_len != EG_HTTP_MADE_ID_BYTES || request->cors_origin.len > 0 ||
        request->reply.header_count > 0 || request->reply.retry_after_s > 0 || must_close(request))
        return false;
    return connection->accepted || make_accepted(connection);
}

void eg_http_reply_accepted(struct eg_http_request *request)
{
    if (!use_prebuilt(request)) {
        eg_http_reply_static(request, 202, EG_HTTP_JSON, EG_SPAN_LITERAL(accepted_body));
        return;
    }
    memcpy(request->connection->accepted_id, request->correlation, EG_HTTP_MADE_ID_BYTES);
    request->reply.borrowed = true;
    set_reply(request, 202, request->connection->accepted, sizeof(accepted_body) - 1);
}

void eg_http_reply_failure(struct eg_http_request *request, unsigned status, const char *type,
                           struct eg_span message)
{
    struct eg_buffer body = EG_BUFFER_INIT;
    size_t len;
    eg_http_envelope_write(&body, status, type, message);
    char *text = eg_buffer_take(&body, &len);
    eg_http_reply_take(request, status, EG_HTTP_JSON, text, len);
}

void eg_http_reply_error(struct eg_http_request *request, const struct eg_error *err)
{
    eg_http_reply_failure(request, eg_error_http_status(err->code), eg_error_type(err->code),
                          eg_span_text(err->message));
}

void eg_http_envelope_write(struct eg_buffer *buffer, unsigned status, const char *type,
                            struct eg_span message)
{
    eg_buffer_printf(buffer, "{\"success\":false,\"statusCode\":%u,\"errors\":[{\"type\":", status);
    eg_json_write_text(buffer, type);
    eg_buffer_append_text(buffer, ",\"message\":");
    eg_json_write_string(buffer, message);
    eg_buffer_append_text(buffer, "}]}");
}
