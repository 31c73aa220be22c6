/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: what one server is made of.
 *
 * Everything but the atomics and what `lock` guards is written before start and read-only after.
 * Lock rank: below all of the program's other locks; nothing is called under it.
 */
#ifndef EG_HTTP_SERVICE_H
#define EG_HTTP_SERVICE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/mutex.h"
#include "http/connection.h"
#include "http/cors.h"
#include "http/listen.h"
#include "http/loop.h"
#include "http/peers.h"
#include "http/poller.h"
#include "http/router.h"
#include "http/server.h"

#define EG_HTTP_LISTENERS_MAX 16
#define EG_HTTP_LINGER_MAX    256

struct eg_http_listener {
    struct eg_http_socket socket;
    struct eg_http_poller **pollers; /* owned; kept until the server is destroyed */
    unsigned poller_count;
    struct eg_http_loop **loops; /* owned */
    unsigned loop_count;
    struct eg_http_loop *helper; /* the last of them; NULL where the number of threads is set */
};

/* A socket that hears no more from us but may still be talked to, so that what we said last is not
 * lost in a reset. */
struct eg_http_lingerer {
    int fd;
    int64_t until_ms;
};

struct eg_http_server {
    struct eg_http_server_options options;
    const struct eg_http_limits *limits;
    struct eg_http_router *router;
    struct eg_http_cors cors;
    bool check_layout;
    struct eg_http_listener listeners[EG_HTTP_LISTENERS_MAX];
    size_t listener_count;

    atomic_bool draining;
    atomic_uint_fast64_t accepted, refused, malformed, timeouts;
    atomic_int_fast64_t in_flight, in_flight_bytes, suspended;

    struct eg_mutex lock;
    struct eg_http_connection *connections;                /* lock */
    size_t connection_count;                               /* lock */
    struct eg_http_peers peers;                            /* lock */
    struct eg_http_lingerer lingerers[EG_HTTP_LINGER_MAX]; /* lock */
    size_t lingerer_count;                                 /* lock */
    struct eg_cond wake;                                   /* watchdog sleeps on it, with lock */
    bool watchdog_stop;                                    /* lock */
    bool watchdog_runs;
    pthread_t watchdog;
};

/* One line to the owner's log. */
void eg_http_server_log(const struct eg_http_server *server, const char *format, ...)
    EG_PRINTF(2, 3);

/* What the library is told of our limits. */
unsigned eg_http_server_library_connections(const struct eg_http_server *server);
size_t eg_http_server_connection_memory(const struct eg_http_server *server);

#endif
