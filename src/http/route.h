/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a room above registers with a listener: a table of routes, and what happens at each.
 *
 * Life of a request, all of it on the connection's HTTP thread:
 *   begin    once the head is checked and before a byte of the body is read. Optional. May refuse
 *            by an eg_http_reply_... (then `handle` is not called).
 *   handle   once the body is complete, within its limits, and decoded. Replies and returns
 *            EG_HTTP_DONE; or calls eg_http_request_suspend, hands the request to other threads
 *            and returns EG_HTTP_LATER.
 *   resume   after somebody called eg_http_request_resume. Must reply.
 * and then the server's `answered` hook (server.h).
 */
#ifndef EG_HTTP_ROUTE_H
#define EG_HTTP_ROUTE_H

#include <stddef.h>

struct eg_http_request;

enum eg_http_method {
    EG_HTTP_GET,
    EG_HTTP_HEAD,
    EG_HTTP_POST,
    EG_HTTP_PUT,
    EG_HTTP_DELETE,
    EG_HTTP_PATCH,
    EG_HTTP_OPTIONS,
    EG_HTTP_METHOD_OTHER,
};

enum eg_http_verdict {
    EG_HTTP_DONE,  /* a reply was given */
    EG_HTTP_LATER, /* suspended: resume will reply */
};

#define EG_HTTP_PARAMS_MAX 4 /* {names} in one pattern */

/* Flags of a route. */
#define EG_HTTP_TAKES_BODY 0x1u /* without it, a request with a body is refused with 413 */
#define EG_HTTP_CORS       0x2u /* answers preflights and names allowed origins, when configured */
#define EG_HTTP_NO_QUOTA   0x4u /* not counted against the in-flight limits: health and metrics */

struct eg_http_route {
    enum eg_http_method method; /* GET also answers HEAD */
    const char *pattern;        /* lower case; "{name}" stands for one segment: "/topics/{topic}" */
    const char *name;           /* for metrics and logs: "publish" */
    unsigned flags;
    void (*begin)(struct eg_http_request *request, void *context); /* may be NULL */
    enum eg_http_verdict (*handle)(struct eg_http_request *request, void *context);
    void (*resume)(struct eg_http_request *request, void *context); /* NULL: never suspends */
};

#endif
