/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A synchronous HTTP client: one request at a time, connections kept open between them.
 *
 * A client belongs to one thread at a time; make one per thread. It blocks, so it is never used on
 * an HTTP server thread. Nothing is added to the request but Host, Content-Length and, when the
 * caller gives none, User-Agent: a signed request goes out as it was signed.
 */
#ifndef EG_NET_CLIENT_H
#define EG_NET_CLIENT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

struct eg_net_client;

struct eg_net_client_options {
    /* "true" or NULL: verify servers against the system's CAs; "false": do not verify; else the
     * path of a PEM file or of a hashed directory of CAs. Must be readable when the client is made.
     */
    const char *ca_bundle;
    bool ignore_proxy; /* do not obey http_proxy and the like: for link-local metadata services */
};

/* EG_ERR_CONFIG when the CA bundle can't be read. NULL options: the defaults. */
int eg_net_client_new(const struct eg_net_client_options *options,
                      struct eg_net_client **ret_client, struct eg_error *err) EG_MUST_CHECK;
void eg_net_client_destroy(struct eg_net_client *client); /* NULL is fine */

struct eg_net_header {
    struct eg_span name;
    struct eg_span value;
};

struct eg_net_request {
    const char *method; /* "GET", "POST", ...; NULL is GET */
    const char *url;    /* http or https, sent as it is written */
    const struct eg_net_header *headers;
    size_t header_count;
    struct eg_span body;        /* sent when len is not 0, or the method is POST or PUT */
    int64_t connect_timeout_ms; /* 0: 5 s */
    int64_t total_timeout_ms;   /* from the start to the last byte; 0: 30 s */
    size_t max_response_bytes;  /* of the body; 0: 16 MiB */
    unsigned max_redirects;     /* 0: a 3xx is an answer like any other; https never goes to http */
    const atomic_bool *cancelled; /* polled while waiting, about once a second; may be NULL */
};

/*
 * A response: of several (a redirect, 100 Continue) the last. Owned by the caller, who may use it
 * again for the next request; a zeroed struct is an empty one.
 */
struct eg_net_response {
    unsigned status;
    struct eg_buffer body;
    struct eg_buffer header_text;  /* "name: value\n" lines, as they came */
    struct eg_net_header *headers; /* into header_text; in the order they came */
    size_t header_count;
};

void eg_net_response_fini(struct eg_net_response *response);
#define EG_AUTORESPONSE EG_CLEANUP(eg_net_response_fini)

/*
 * 0: the server answered, with whatever status; `response` is what it said. -1: it did not.
 * EG_ERR_UNAVAILABLE, retriable: no connection, no answer in time, broken off, cancelled.
 * EG_ERR_TOO_LARGE: more body than max_response_bytes. EG_ERR_CONFIG: an URL we don't speak, a
 * header with a line break, or a certificate that does not verify. Messages name the URL without
 * its user, password and query.
 */
int eg_net_client_send(struct eg_net_client *client, const struct eg_net_request *request,
                       struct eg_net_response *response, struct eg_error *err) EG_MUST_CHECK;

/* The value of the first header of that name, in any case; len 0 when there is none. */
struct eg_span eg_net_response_header(const struct eg_net_response *response, const char *name);

/* Appends the URL as it may be shown: without user, password, query and fragment. */
void eg_net_url_printable(const char *url, struct eg_buffer *out);

#endif
