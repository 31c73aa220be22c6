/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers. Each request gets exactly one; a second call for the same request is a bug and asserts.
 *
 * On the connection's HTTP thread, inside begin, handle or resume. Every reply carries
 * X-Correlation-ID, and the CORS headers where they apply.
 */
#ifndef EG_HTTP_REPLY_H
#define EG_HTTP_REPLY_H

#include <stddef.h>

#include "base/buffer.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "http/request.h"

#define EG_HTTP_JSON "application/json"

/* One more header for the reply that follows; name and value are copied. At most 8. */
void eg_http_reply_header(struct eg_http_request *request, const char *name, struct eg_span value);

/* Seconds for Retry-After of the reply that follows. 429 and 503 without it get 1. */
void eg_http_reply_retry_after(struct eg_http_request *request, unsigned seconds);

/* `content_type` may be NULL for an empty body. */
void eg_http_reply_static(struct eg_http_request *request, unsigned status,
                          const char *content_type, struct eg_span forever);
void eg_http_reply_copy(struct eg_http_request *request, unsigned status, const char *content_type,
                        struct eg_span body);
void eg_http_reply_take(struct eg_http_request *request, unsigned status, const char *content_type,
                        char *take, size_t len); /* freed after it was sent */
void eg_http_reply_empty(struct eg_http_request *request, unsigned status);

/* 202 {"success":true,"statusCode":202} */
void eg_http_reply_accepted(struct eg_http_request *request);

/* The error envelope with one error. The message must be fit for a stranger's eyes. */
void eg_http_reply_error(struct eg_http_request *request, const struct eg_error *err) EG_COLD;
void eg_http_reply_failure(struct eg_http_request *request, unsigned status, const char *type,
                           struct eg_span message) EG_COLD;

/* The envelope's text alone, for replies that are put together elsewhere. Any thread. */
void eg_http_envelope_write(struct eg_buffer *buffer, unsigned status, const char *type,
                            struct eg_span message);

/* 0 until a reply was given, then its status and the length of its body. */
unsigned eg_http_reply_status(const struct eg_http_request *request);
size_t eg_http_reply_bytes(const struct eg_http_request *request);

#endif
