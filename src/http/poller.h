/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: a share of a listener's connections, in a libmicrohttpd daemon of its own. One
 * thread at a time runs it; which one is loop.c's business, and may change between two turns.
 *
 * new, stop and destroy: control thread. wake and connections: any thread. here, now_us, progressed
 * and count_connection: inside the library's callbacks, on the thread that runs the poller. The
 * rest: that thread.
 */
#ifndef EG_HTTP_POLLER_H
#define EG_HTTP_POLLER_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_http_poller;
struct eg_http_server;
struct eg_http_waker;

int eg_http_poller_new(struct eg_http_server *server, struct eg_http_poller **ret_poller,
                       struct eg_error *err) EG_MUST_CHECK;

/* Closes all connections; no thread runs it any more, and no request of it may be suspended. */
void eg_http_poller_stop(struct eg_http_poller *poller);

/* When no eg_http_request_resume can be running any more. Stops if it must; NULL is fine. */
void eg_http_poller_destroy(struct eg_http_poller *poller);

/* From now on the calling thread runs it, which `waker` wakes. */
void eg_http_poller_move(struct eg_http_poller *poller, struct eg_http_waker *waker);

/* What to sleep on before the next turn, and how long at most: milliseconds; -1: for ever. */
int eg_http_poller_watch(const struct eg_http_poller *poller, struct pollfd *ret_event);

/* Somebody woke it since its last turn. */
bool eg_http_poller_is_woken(const struct eg_http_poller *poller);

/* A turn of the library over all that is ready, now. */
void eg_http_poller_turn(struct eg_http_poller *poller, int64_t now_us);

/* Takes the socket, and closes it when it can't be served. */
void eg_http_poller_add(struct eg_http_poller *poller, int take_fd, const struct sockaddr *address,
                        socklen_t len);

/* Open connections. */
int eg_http_poller_connections(const struct eg_http_poller *poller);

/* Has a look at the requests that wait: one of them can be answered. */
void eg_http_poller_wake(struct eg_http_poller *poller);

/* The poller that the calling thread runs now; NULL elsewhere. */
struct eg_http_poller *eg_http_poller_here(void);

/* Monotonic time at which this turn began. */
int64_t eg_http_poller_turn_us(const struct eg_http_poller *poller);

/* The same of the poller here: a clock that costs nothing, late by a turn at most. */
int64_t eg_http_poller_now_us(void);

/* The library did something other than asking again for a reply that is not there yet. */
void eg_http_poller_progressed(void);

/* A connection of the poller here was opened or closed. */
void eg_http_poller_count_connection(int change);

/* One more or less of the requests that wait without being suspended. */
void eg_http_poller_add_waiting(struct eg_http_poller *poller, int change);
unsigned eg_http_poller_waiting(const struct eg_http_poller *poller);

#endif
