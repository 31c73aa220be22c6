/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: the threads that serve connections. Each has a libmicrohttpd daemon of its own
 * and decides itself when it sleeps.
 *
 * new, start, quiesce, stop and destroy: control thread. wake: any thread. here and progressed: on
 * a poller's own thread, inside the library's callbacks.
 */
#ifndef EG_HTTP_POLLER_H
#define EG_HTTP_POLLER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_http_poller;
struct eg_http_listener;
struct eg_http_server;

/*
 * new makes one for a listener, whose socket and list of pollers are borrowed; start runs its
 * thread, once all pollers of the listener are in that list.
 */
int eg_http_poller_new(struct eg_http_server *server, struct eg_http_listener *listener,
                       const char *name, struct eg_http_poller **ret_poller,
                       struct eg_error *err) EG_MUST_CHECK;
int eg_http_poller_start(struct eg_http_poller *poller, struct eg_error *err) EG_MUST_CHECK;

/* Accepts no more; what is open goes on. */
void eg_http_poller_quiesce(struct eg_http_poller *poller);

/* Closes all connections and ends the thread. No request of it may be suspended. */
void eg_http_poller_stop(struct eg_http_poller *poller);

/* After stop, when no eg_http_request_resume can be running any more. NULL is fine. */
void eg_http_poller_destroy(struct eg_http_poller *poller);

/* Has a look at the requests that wait: one of them can be answered. */
void eg_http_poller_wake(struct eg_http_poller *poller);

/* The poller of the calling thread; NULL elsewhere. */
struct eg_http_poller *eg_http_poller_here(void);

/* Monotonic time at which this turn began. */
int64_t eg_http_poller_turn_us(const struct eg_http_poller *poller);

/* The same of the calling thread's poller: a clock that costs nothing, late by a turn at most. */
int64_t eg_http_poller_now_us(void);

/* The library did something other than asking again for a reply that is not there yet. */
void eg_http_poller_progressed(void);

/* On a poller's thread: a connection of it was opened or closed. */
void eg_http_poller_count_connection(int change);

/* One more or less of the requests that wait without being suspended. */
void eg_http_poller_add_waiting(struct eg_http_poller *poller, int change);
unsigned eg_http_poller_waiting(const struct eg_http_poller *poller);

#endif
