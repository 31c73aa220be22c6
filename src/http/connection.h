/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: one accepted connection, and the clock that runs against it.
 *
 * A connection belongs to one HTTP thread from accept to close. The watchdog (watchdog.h) looks at
 * it from another thread, under the server's lock, and only at `clock`, `fd`, `body_bytes`,
 * `parked` and what is marked as its own. `clock` is one word, phase and start time, so that the
 * watchdog never takes the time of one phase for another's, and whoever changes it first has
 * decided who speaks on the socket.
 */
#ifndef EG_HTTP_CONNECTION_H
#define EG_HTTP_CONNECTION_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"
#include "http/request.h"

struct eg_http_server;

enum eg_http_phase {
    EG_HTTP_PHASE_FRESH,   /* accepted, no request line yet */
    EG_HTTP_PHASE_IDLE,    /* answered at least once, no request line yet */
    EG_HTTP_PHASE_HEAD,    /* request line read */
    EG_HTTP_PHASE_BODY,    /* head read */
    EG_HTTP_PHASE_WORK,    /* in a handler, or suspended */
    EG_HTTP_PHASE_REPLY,   /* reply queued */
    EG_HTTP_PHASE_EXPIRED, /* the watchdog has closed the socket: nobody writes any more */
};

struct eg_http_connection {
    struct eg_http_server *server;
    struct MHD_Connection *raw;
    int fd;
    bool is_unix;
    bool over_limit; /* accepted only to hear 503 */
    bool linger;     /* answered before all was read: close gently */
    _Atomic uint64_t clock;
    _Atomic uint64_t body_bytes; /* of the current body, on the wire */

    struct eg_mutex lock;           /* rank: below the server's */
    struct eg_http_request *parked; /* lock; the suspended request, while it is */
    uintptr_t pool_base;            /* where the library puts request lines; 0: none yet */
    struct MHD_Response *accepted;  /* the prebuilt 202 of this connection */
    char *accepted_id;              /* the value of its X-Correlation-ID, in place */

    struct in6_addr address; /* as counted: IPv6 by its /64 */
    char remote[INET6_ADDRSTRLEN];
    uint8_t remote_len;

    struct eg_http_connection *previous, *next; /* server's list, under its lock */
    uint64_t watched_bytes;                     /* watchdog: received when the pause began */
    uint64_t watched_clock;                     /* watchdog: the pause that this belongs to */
    int64_t watched_start_ms;                   /* watchdog: when bytes were first seen; 0: not */
    bool half_closed;                           /* watchdog: the client will send no more */
};

static inline uint64_t eg_http_clock_word(enum eg_http_phase phase, int64_t now_ms)
{
    return ((uint64_t)now_ms << 3) | (uint64_t)phase;
}

static inline enum eg_http_phase eg_http_clock_phase(uint64_t word)
{
    return (enum eg_http_phase)(word & 7);
}

static inline int64_t eg_http_clock_start_ms(uint64_t word)
{
    return (int64_t)(word >> 3);
}

/* HTTP thread: the next phase begins now. False: the watchdog has closed the connection. */
bool eg_http_connection_enter(struct eg_http_connection *connection, enum eg_http_phase phase,
                              int64_t now_us);

/* The library's MHD_OPTION_NOTIFY_CONNECTION; its context is the server. */
void eg_http_connection_notify(void *server, struct MHD_Connection *raw, void **socket_context,
                               enum MHD_ConnectionNotificationCode code);

struct eg_http_connection *eg_http_connection_of(struct MHD_Connection *raw);

#endif
