/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: the CORS protocol (Fetch standard, section 3.2). Compiled once at start from
 * the settings, then read-only; any thread.
 */
#ifndef EG_HTTP_CORS_H
#define EG_HTTP_CORS_H

#include <stdbool.h>

#include "base/arena.h"
#include "eventgate/span.h"
#include "http/config.h"

struct eg_http_request;

struct eg_http_cors {
    const struct eg_http_cors_config *config; /* NULL: off */
    bool any_origin;
    char *allowed_headers; /* lists as they go out; NULL: none */
    char *exposed_headers;
    char *max_age;
};

void eg_http_cors_init(struct eg_http_cors *cors, const struct eg_http_cors_config *config);
void eg_http_cors_fini(struct eg_http_cors *cors);

/* What to answer as Access-Control-Allow-Origin; empty when this origin may not read us. */
struct eg_span eg_http_cors_origin(const struct eg_http_cors *cors, struct eg_span origin);

/* Answers a preflight for a path that has `methods` (bits of enum eg_http_method). */
void eg_http_cors_preflight(const struct eg_http_cors *cors, struct eg_http_request *request,
                            unsigned methods);

#endif
