/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that one schema is made of: itself and all that its references reach. Knows where
 * in them schemas stand, which URIs and anchors name them, and how a $ref is followed.
 *
 * Belongs to one compiled schema: filled by the thread that compiles, read-only after that.
 */
#ifndef EG_SCHEMA_LIBRARY_H
#define EG_SCHEMA_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "schema/dialect.h"
#include "schema/store.h"
#include "json/document.h"

#define EG_SCHEMA_NONE UINT32_MAX

/* Bounds of what one schema may reach; docs/schema.md tells them. */
#define EG_SCHEMA_MAX_TEXT_BYTES (16u << 20) /* of all documents together */
#define EG_SCHEMA_MAX_DEPTH      128u
#define EG_SCHEMA_MAX_DOCUMENTS  256u
#define EG_SCHEMA_MAX_RESOURCES  4096u
#define EG_SCHEMA_MAX_ANCHORS    16384u

#define EG_SCHEMA_SCANNED          1u /* a schema was looked for here */
#define EG_SCHEMA_SCANNED_RESOURCE 2u /* a resource begins here */

struct eg_schema_document {
    char *uri;  /* where it was found; "" for the schema itself without a base URI */
    char *text; /* owned; the tape points into it */
    struct eg_json_document json;
    uint8_t *scanned; /* EG_SCHEMA_SCANNED... of each tape node */
};

/* A (sub-)schema with an own URI. */
struct eg_schema_resource {
    uint32_t document;
    eg_json_index root;
    char *uri; /* absolute where anything was, without a fragment */
    struct eg_schema_dialect dialect;
    bool recursive_anchor; /* "$recursiveAnchor": true at its root */
};

struct eg_schema_anchor {
    uint32_t resource;
    eg_json_index index;
    struct eg_span name; /* in the document */
    bool dynamic;
};

/* A second name of a resource: where its document was found. */
struct eg_schema_alias {
    uint32_t resource;
    char *uri;
};

struct eg_schema_library {
    const struct eg_schema_store *store; /* only while compiling */
    struct eg_schema_document **documents;
    uint32_t document_count;
    struct eg_schema_resource *resources;
    uint32_t resource_count;
    struct eg_schema_anchor *anchors;
    uint32_t anchor_count;
    struct eg_schema_alias *aliases;
    uint32_t alias_count;
    size_t text_bytes;
};

/* A place where a schema stands. */
struct eg_schema_location {
    uint32_t document;
    eg_json_index index;
    uint32_t resource; /* the innermost around it */
};

void eg_schema_library_fini(struct eg_schema_library *library);

/*
 * Reads a document and finds the schemas in it. `dialect` where it names none. -1 with
 * EG_ERR_CONFIG: not JSON, too large, an unknown $schema or vocabulary, a URI taken twice.
 */
int eg_schema_library_add(struct eg_schema_library *library, struct eg_span uri,
                          struct eg_span text, struct eg_schema_dialect dialect,
                          struct eg_schema_location *ret_root, struct eg_error *err) EG_MUST_CHECK;

/* Follows `reference` as it stands in a schema of `resource`. -1 with EG_ERR_CONFIG. */
int eg_schema_library_follow(struct eg_schema_library *library, uint32_t resource,
                             struct eg_span reference, struct eg_schema_location *ret_location,
                             struct eg_error *err) EG_MUST_CHECK;

/* The anchor of that name in the resource, or NULL. */
const struct eg_schema_anchor *eg_schema_library_anchor(const struct eg_schema_library *library,
                                                        uint32_t resource, struct eg_span name);

/* The innermost resource that holds the node. */
uint32_t eg_schema_library_resource_at(const struct eg_schema_library *library, uint32_t document,
                                       eg_json_index index);

/* Appends the JSON pointer from the document's root to the node. */
void eg_schema_library_pointer(const struct eg_json_document *document, eg_json_index index,
                               struct eg_buffer *out);

/* Sets a EG_ERR_CONFIG error at a place: "<uri> at <pointer>: <message>". Returns -1. */
int eg_schema_library_error(const struct eg_schema_library *library, uint32_t document,
                            eg_json_index index, struct eg_error *err, const char *format, ...)
    EG_PRINTF(5, 6);

/* library_scan.c: marks the schemas in the sub-schema at `location`, its resources and anchors. */
int eg_schema_library_scan(struct eg_schema_library *library, struct eg_schema_location location,
                           struct eg_error *err) EG_MUST_CHECK;

/* library_scan.c: what the "$schema" at `index` asks for; `dialect` without one. */
int eg_schema_library_dialect(struct eg_schema_library *library, uint32_t document,
                              eg_json_index index, struct eg_schema_dialect dialect,
                              struct eg_schema_dialect *ret_dialect,
                              struct eg_error *err) EG_MUST_CHECK;

/* library_scan.c: `uri` becomes a resource with this root; its number in *ret_resource. */
int eg_schema_library_add_resource(struct eg_schema_library *library, uint32_t document,
                                   eg_json_index root, struct eg_span uri,
                                   struct eg_schema_dialect dialect, uint32_t *ret_resource,
                                   struct eg_error *err) EG_MUST_CHECK;

#endif
