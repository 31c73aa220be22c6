/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: everything that is checked about a request's head before anybody acts on it.
 *
 * libmicrohttpd 0.9.75 reads a head leniently: it ends lines at a bare LF, joins folded lines, cuts
 * values at a NUL, skips spaces and lines. What it hands over looks clean. But it parses in place:
 * method, target, version, names and values all lie in the connection's buffer where they were
 * received, with only the delimiters overwritten. So a head is as it should be exactly when the
 * parts lie as close together as the grammar (RFC 9112) says, and the whole is as long as the
 * library says (MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE). eg_http_head_layout_works tries once at
 * the start whether the library at hand works that way.
 */
#ifndef EG_HTTP_HEAD_H
#define EG_HTTP_HEAD_H

#include <microhttpd.h>
#include <stdbool.h>

#include "eventgate/error.h"
#include "http/config.h"
#include "http/exchange.h"

/* What the library's handler callback got. */
struct eg_http_raw_head {
    struct MHD_Connection *raw;
    const char *url;
    const char *method;
    const char *version;
    bool check_layout;
};

/*
 * Fills the request's fields, known headers, method, framing and correlation id. EG_ERR_REQUEST for
 * whatever is malformed or ambiguous, EG_ERR_HEADERS for too much of it.
 */
int eg_http_head_read(struct eg_http_request *request, const struct eg_http_raw_head *head,
                      const struct eg_http_limits *limits, struct eg_error *err);

/*
 * What lies before a piece of a chunked body in the library's buffer is the chunk's size line, when
 * it came in the same read: its end must be CRLF and its extension sane (RFC 9112 section 7.1).
 * EG_ERR_REQUEST when it is not. `start` is where the buffer begins.
 */
int eg_http_head_check_chunk(uintptr_t start, const char *piece, struct eg_error *err);

/* False: this libmicrohttpd lays heads out in another way, so only what it hands over is checked.
 */
bool eg_http_head_layout_works(void);

#endif
