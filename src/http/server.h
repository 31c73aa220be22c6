/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server: listeners, their threads, their limits. The only room that knows libmicrohttpd.
 *
 * A server is one section of the configuration (public or admin): all its listeners share a route
 * table, limits and counters. new, start, the stops and destroy are for the control thread; the
 * rest for any.
 *
 *   new      binds the sockets, so that a port which is taken is an error before anything runs
 *   start    accepts and answers
 *   quiesce  accepts no more; open connections are answered with Connection: close
 *   stop     waits for what is in flight until a deadline, answers the rest 503, ends the threads
 *   destroy
 */
#ifndef EG_HTTP_SERVER_H
#define EG_HTTP_SERVER_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "http/config.h"
#include "http/request.h"
#include "http/route.h"

struct eg_http_server;

/* One answered request, for metrics and the access log. Borrowed for the call. */
struct eg_http_answer {
    const char *route; /* the route's name; "none" when none matched or the head was refused */
    enum eg_http_method method;
    unsigned status; /* 499: the client went away before it was answered */
    size_t request_bytes;
    size_t reply_bytes;
    int64_t duration_us;
    const struct eg_http_request *request; /* for its path, label, remote, correlation id */
};

struct eg_http_server_options {
    const char *name;                    /* "public", "admin": names the threads */
    const struct eg_http_config *config; /* borrowed until destroy */
    const struct eg_http_route *routes;  /* borrowed until destroy */
    size_t route_count;
    void *context; /* handed to every begin, handle, resume and hook */

    /* Called once for every request whose head was complete, on an HTTP thread. May be NULL. */
    void (*answered)(const struct eg_http_answer *answer, void *context);

    /* What the server has to say about itself, one line. Any thread. May be NULL. */
    void (*log)(const char *message, void *context);
};

int eg_http_server_new(const struct eg_http_server_options *options,
                       struct eg_http_server **ret_server, struct eg_error *err) EG_MUST_CHECK;
int eg_http_server_start(struct eg_http_server *server, struct eg_error *err) EG_MUST_CHECK;
void eg_http_server_quiesce(struct eg_http_server *server);
void eg_http_server_stop(struct eg_http_server *server, int64_t drain_timeout_ms);
void eg_http_server_destroy(struct eg_http_server *server); /* NULL is fine; stops if it must */

/* The n-th listener as text, "127.0.0.1:40213" or "unix:/path", the real port in it; NULL behind
 * the last. And the port alone, 0 for a unix socket. */
const char *eg_http_server_address(const struct eg_http_server *server, size_t index);
unsigned eg_http_server_port(const struct eg_http_server *server, size_t index);

/* Counted since start, and gauges of now. */
struct eg_http_counters {
    uint64_t connections_accepted;
    uint64_t connections_refused; /* over max_connections or the address's share */
    uint64_t requests_malformed;  /* refused with 400 before a route was looked for */
    uint64_t timeouts;            /* closed by one of the deadlines */
    uint64_t connections_open;
    uint64_t requests_in_flight;
    uint64_t bytes_in_flight;
    uint64_t requests_suspended;
};

void eg_http_server_counters(struct eg_http_server *server, struct eg_http_counters *ret_counters);

#endif
