/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that are part of the binary: the API's specification and the page at /docs. Read-only
 * memory of the process, paged in when somebody asks for them. Any thread.
 */
#ifndef EG_API_ASSETS_H
#define EG_API_ASSETS_H

#include <stdbool.h>

#include "eventgate/span.h"

struct eg_api_asset {
    const char *name; /* the last segment of its path: "swagger-ui.css" */
    const char *media_type;
    bool gzip; /* stored compressed: send it with Content-Encoding: gzip, or inflate it */
    struct eg_span bytes;
};

/* The asset of that name, or NULL. Swagger UI's files are there when the build had them. */
const struct eg_api_asset *eg_api_asset_find(struct eg_span name);

#endif
