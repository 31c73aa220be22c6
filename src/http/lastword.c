/* SPDX-License-Identifier: Apache-2.0 */
/* One send, without a library between. Any thread that may speak on the socket. */
#include "http/lastword.h"

#include <sys/socket.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "http/reply.h"

static const char *reason_of(unsigned status)
{
    switch (status) {
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 503:
        return "Service Unavailable";
    default:
        return "Bad Request";
    }
}

void eg_http_last_word(int fd, const struct eg_error *err, struct eg_span correlation_id)
{
    EG_AUTOBUFFER struct eg_buffer body = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer message = EG_BUFFER_INIT;
    unsigned status = eg_error_http_status(err->code);
    eg_http_envelope_write(&body, status, eg_error_type(err->code), eg_span_text(err->message));
    eg_buffer_printf(&message,
                     "HTTP/1.1 %u %s\r\nConnection: close\r\nContent-Type: " EG_HTTP_JSON
                     "\r\nContent-Length: %zu\r\n",
                     status, reason_of(status), body.len);
    if (status == 503)
        eg_buffer_append_text(&message, "Retry-After: 1\r\n");
    if (correlation_id.len)
        eg_buffer_printf(&message, "X-Correlation-ID: %.*s\r\n", EG_SPAN_ARGS(correlation_id));
    eg_buffer_append_text(&message, "\r\n");
    eg_buffer_append_span(&message, eg_buffer_span(&body));
    (void)send(fd, message.data, message.len, MSG_DONTWAIT | MSG_NOSIGNAL);
}
