/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the HTTP side: the `server` section (what strangers reach) and the `admin`
 * section (what operators reach), as field tables. Read-only once filled; any thread.
 */
#ifndef EG_HTTP_CONFIG_H
#define EG_HTTP_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "eventgate/error.h"
#include "eventgate/field.h"

/* Cross-origin requests (Fetch standard, "CORS protocol"). Off while allowed_origins is empty. */
struct eg_http_cors_config {
    struct eg_string_list allowed_origins; /* "https://app.example", or "*" */
    struct eg_string_list allowed_headers;
    struct eg_string_list exposed_headers;
    int64_t max_age_ms;
    bool allow_credentials; /* refused together with "*" */
};

/* What a listener lets strangers do. Times in milliseconds, sizes in bytes; 0 is never "no limit".
 */
struct eg_http_limits {
    int64_t max_connections;             /* of this listener; more are refused with 503 */
    int64_t max_connections_per_address; /* more are refused with 503; not for unix sockets */
    int64_t max_header_bytes;            /* request line, headers, 64 for each line: 431 */
    int64_t max_header_count;            /* 431 */
    int64_t max_body_bytes;              /* on the wire: 413 */
    int64_t max_inflated_bytes;          /* after Content-Encoding is undone: 413 */
    int64_t max_in_flight_requests;      /* with a body being read or an answer awaited: 503 */
    int64_t max_in_flight_bytes;         /* of bodies held for them: 503 */
    int64_t first_byte_timeout_ms;       /* from accept: closed */
    int64_t header_timeout_ms;           /* from the first byte to the blank line: closed */
    int64_t body_timeout_ms;             /* from the blank line to the last byte: closed */
    int64_t min_body_rate;               /* bytes a second that a body must keep up: closed */
    int64_t idle_timeout_ms;             /* between two requests: closed */
    int64_t reply_timeout_ms;            /* for the client to take the reply: closed */
    int64_t request_timeout_ms;          /* a suspended request that nobody resumes: 503 */
};

/* The `server` section. */
struct eg_http_config {
    struct eg_string_list listen; /* "127.0.0.1:8080", "[::]:8080", "unix:/path", "fd:3" */
    int64_t threads;              /* of each listener; 0: as cores suggest */
    int64_t unix_mode;            /* permissions of a unix socket, as an octal number: 660 */
    int64_t drain_delay_ms;       /* between "not ready" and the end of accepting */
    int64_t drain_timeout_ms;     /* for what is in flight when accepting has ended */
    int64_t subject_rate;         /* requests a second of one subject; 0: not limited */
    int64_t subject_burst;        /* at once above that rate */
    struct eg_http_limits limits;
    struct eg_http_cors_config cors;
};

extern const struct eg_field_table eg_http_server_fields; /* fills struct eg_http_config */
extern const struct eg_field_table eg_http_admin_fields;  /* the same struct, other defaults */

/* What a table can't say: addresses that can be parsed, bounds that fit each other. */
int eg_http_config_check(const struct eg_http_config *config, struct eg_error *err);

#endif
