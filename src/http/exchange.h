/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: a request and its answer while they are worked on, and the callbacks through
 * which the library drives them.
 *
 * Requests are pooled per HTTP thread: an idle connection holds none. A request has one owner, its
 * HTTP thread, except for `promise`, by which the resumer, the watchdog and the HTTP thread agree
 * who does what next:
 *
 *   NONE      never suspended
 *   PROMISED  a resume will come; the connection is still in the library's hands
 *   PARKED    a resume will come; the connection is suspended in the library
 *   RESUMED   the resume came: the HTTP thread calls the route's resume
 *   EXPIRED   the server answers by itself; a resume is still due
 *   SETTLED   the server answers by itself; the resume came meanwhile
 *   ORPHANED  answered and off its connection; the resume that is due will free it
 */
#ifndef EG_HTTP_EXCHANGE_H
#define EG_HTTP_EXCHANGE_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "http/connection.h"
#include "http/inflate.h"
#include "http/request.h"
#include "http/uri.h"

#define EG_HTTP_REPLY_HEADERS_MAX 8
#define EG_HTTP_CORRELATION_BYTES 128
#define EG_HTTP_MADE_ID_BYTES     32
#define EG_HTTP_KEEP_BODY_BYTES   (16 * 1024) /* a pooled request keeps a body buffer up to this */
#define EG_HTTP_DISCARD_BODY_BYTES                                 \
    (64 * 1024) /* of a refused request: read it rather than close \
                 */

enum eg_http_promise {
    EG_HTTP_PROMISE_NONE,
    EG_HTTP_PROMISE_PROMISED,
    EG_HTTP_PROMISE_PARKED,
    EG_HTTP_PROMISE_RESUMED,
    EG_HTTP_PROMISE_EXPIRED,
    EG_HTTP_PROMISE_SETTLED,
    EG_HTTP_PROMISE_ORPHANED,
};

enum eg_http_stage {
    EG_HTTP_STAGE_NEW,      /* request line read, head not complete */
    EG_HTTP_STAGE_BODY,     /* head accepted, body being read */
    EG_HTTP_STAGE_WAITING,  /* handled, answer awaited */
    EG_HTTP_STAGE_ANSWERED, /* handled, the library gets the reply in the poller's next turn */
    EG_HTTP_STAGE_QUEUED,   /* reply given to the library */
};

enum eg_http_framing { EG_HTTP_NO_BODY, EG_HTTP_SIZED_BODY, EG_HTTP_CHUNKED_BODY };

struct eg_http_reply {
    struct MHD_Response *response; /* NULL until there is one */
    bool borrowed;                 /* the response is the connection's own */
    unsigned status;
    size_t body_bytes;
    unsigned retry_after_s;
    unsigned header_count;
    struct eg_http_field headers[EG_HTTP_REPLY_HEADERS_MAX]; /* both NUL-terminated, in the arena */
};

struct eg_http_request {
    struct eg_http_connection *connection;
    struct eg_http_server *server; /* not for orphans: it may be gone */
    struct eg_http_poller *poller; /* whom a resume wakes; set by suspend */
    int64_t suspended_us;
    _Atomic int promise;
    enum eg_http_stage stage;
    enum eg_http_method method;
    enum eg_http_framing framing;
    bool counted;     /* in requests_in_flight */
    bool waiting;     /* counted by the poller: waits without being parked */
    bool parked;      /* connection->parked points here */
    bool close_after; /* head or body are not to be trusted: this is the connection's last */
    struct eg_arena arena;
    struct eg_buffer body;
    size_t counted_bytes; /* in bytes_in_flight */
    size_t wire_bytes;
    uint64_t declared_bytes; /* Content-Length */
    uintptr_t body_start;    /* where the library's buffer for the body begins */
    struct eg_http_inflater inflater;
    int64_t start_us;
    struct eg_span target; /* raw request target */
    struct eg_http_uri uri;
    const struct eg_http_route *route;
    struct eg_span params[EG_HTTP_PARAMS_MAX];
    struct eg_http_field *fields;
    size_t field_count;
    struct eg_span known[EG_HTTP_HEADER_COUNT];
    uint32_t seen; /* bit per enum eg_http_header */
    char correlation[EG_HTTP_CORRELATION_BYTES + 1];
    size_t correlation_len;
    struct eg_span cors_origin; /* len 0: no CORS headers */
    bool varies;                /* another origin would get other CORS headers */
    struct eg_span label;
    void *state;
    void (*cleanup)(void *state);
    struct eg_http_reply reply;
    struct eg_http_request *next_free;
};

/* The library's callbacks; the context is the server. */
void *eg_http_exchange_uri(void *server, const char *uri, struct MHD_Connection *raw);
enum MHD_Result eg_http_exchange_handle(void *server, struct MHD_Connection *raw, const char *url,
                                        const char *method, const char *version, const char *upload,
                                        size_t *upload_bytes, void **context);
void eg_http_exchange_completed(void *server, struct MHD_Connection *raw, void **context,
                                enum MHD_RequestTerminationCode code);

/*
 * The handler said EG_HTTP_LATER, or the library calls again because of that (suspend.c): looks
 * whether there is something to answer by now, and if not, suspends the connection.
 */
enum eg_http_wait { EG_HTTP_WAIT_MORE, EG_HTTP_WAIT_RESUMED, EG_HTTP_WAIT_EXPIRED };
enum eg_http_wait eg_http_request_wait(struct eg_http_request *request);

/* The wait has ended, with something to answer or without the client. Once for every wait. */
void eg_http_request_stop_waiting(struct eg_http_request *request);

/* Watchdog: makes a parked request answer itself. False: nothing is parked there. */
bool eg_http_connection_expire(struct eg_http_connection *connection);

/* Lets go of the reply's response (reply.c). */
void eg_http_reply_drop(struct eg_http_request *request);

/* Pool of the calling HTTP thread (pool.c). put also ends the handler's state. */
struct eg_http_request *eg_http_request_get(void);
void eg_http_request_put(struct eg_http_request *take);
void eg_http_request_free(struct eg_http_request *take); /* any thread */
void eg_http_request_make_id(struct eg_http_request *request);

#endif
