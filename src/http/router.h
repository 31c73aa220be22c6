/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: which route a path and method lead to. Built once, then read-only; any thread.
 */
#ifndef EG_HTTP_ROUTER_H
#define EG_HTTP_ROUTER_H

#include "base/compiler.h"
#include "eventgate/error.h"
#include "http/route.h"
#include "http/uri.h"

struct eg_http_router;

struct eg_http_match {
    const struct eg_http_route *route; /* NULL: no route for this method */
    bool path_known;                   /* some method has a route here */
    unsigned methods;                  /* bit per enum eg_http_method of this path */
    unsigned flags;                    /* of all routes of this path, or-ed */
    struct eg_span params[EG_HTTP_PARAMS_MAX];
};

/* EG_ERR_INTERNAL for a pattern that can't be: not lower case, too many segments or params. */
int eg_http_router_new(const struct eg_http_route *routes, size_t count,
                       struct eg_http_router **ret_router, struct eg_error *err) EG_MUST_CHECK;
void eg_http_router_destroy(struct eg_http_router *router);

/* Routes without {names} win over routes with them; HEAD is served by GET. */
void eg_http_router_match(const struct eg_http_router *router, enum eg_http_method method,
                          const struct eg_http_uri *uri, struct eg_http_match *ret_match);

/* "GET, HEAD, POST" for Allow; `text` has EG_HTTP_ALLOW_BYTES. */
#define EG_HTTP_ALLOW_BYTES 64
void eg_http_router_allow(unsigned methods, bool options, char *text);

#endif
