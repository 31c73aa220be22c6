/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Documents, and the way from a reference to a place in one. Nothing is fetched: what is neither
 * here nor in the store nor a published meta-schema does not resolve.
 *
 * Invariant: documents never move (their tapes are pointed into), resources and anchors may.
 */
#include "schema/library.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/metaschemas.h"
#include "schema/store_lookup.h"
#include "schema/uri.h"

static void document_destroy(struct eg_schema_document *document)
{
    eg_json_document_fini(&document->json);
    free(document->uri);
    free(document->text);
    free(document->scanned);
    free(document);
}

void eg_schema_library_fini(struct eg_schema_library *library)
{
    for (uint32_t i = 0; i < library->document_count; i++)
        document_destroy(library->documents[i]);
    for (uint32_t i = 0; i < library->resource_count; i++)
        free(library->resources[i].uri);
    for (uint32_t i = 0; i < library->alias_count; i++)
        free(library->aliases[i].uri);
    free(library->documents);
    free(library->resources);
    free(library->anchors);
    free(library->aliases);
    memset(library, 0, sizeof(*library));
}

static void append_pointer_token(struct eg_buffer *out, struct eg_span name)
{
    eg_buffer_append_char(out, '/');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~')
            eg_buffer_append_text(out, "~0");
        else if (name.ptr[i] == '/')
            eg_buffer_append_text(out, "~1");
        else
            eg_buffer_append_char(out, name.ptr[i]);
    }
}

void eg_schema_library_pointer(const struct eg_json_document *document, eg_json_index index,
                               struct eg_buffer *out)
{
    eg_json_index at = 0;
    while (at != index) {
        bool object = eg_json_kind(document, at) == EG_JSON_OBJECT;
        eg_json_index child = at + 1;
        for (uint32_t i = 0;; i++) {
            eg_json_index value = object ? child + 1 : child;
            eg_json_index next = eg_json_next(document, value);
            if (index < next) {
                if (object)
                    append_pointer_token(out, eg_json_string(document, child));
                else
                    eg_buffer_printf(out, "/%" PRIu32, i);
                if (index < value) /* the name itself */
                    return;
                at = value;
                break;
            }
            child = next;
        }
    }
}

int eg_schema_library_error(const struct eg_schema_library *library, uint32_t document,
                            eg_json_index index, struct eg_error *err, const char *format, ...)
{
    const struct eg_schema_document *place = library->documents[document];
    EG_AUTOBUFFER struct eg_buffer pointer = EG_BUFFER_INIT;
    eg_schema_library_pointer(&place->json, index, &pointer);
    char message[EG_ERROR_MESSAGE_BYTES];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    return eg_error_set(err, EG_ERR_CONFIG, "%s%sat \"%s\": %s", place->uri, *place->uri ? " " : "",
                        pointer.data ? pointer.data : "", message);
}

static int parse_document(struct eg_schema_document *document, struct eg_span text,
                          struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = EG_SCHEMA_MAX_TEXT_BYTES;
    limits.max_string_bytes = EG_SCHEMA_MAX_TEXT_BYTES;
    limits.max_depth = EG_SCHEMA_MAX_DEPTH;
    limits.max_members = EG_SCHEMA_MAX_TEXT_BYTES;
    struct eg_error reason;
    if (eg_json_document_parse(&document->json, text, &limits, &reason) != 0)
        return eg_error_set(err, EG_ERR_CONFIG, "%s%sschema is not readable JSON: %s",
                            document->uri, *document->uri ? " " : "", reason.message);
    enum eg_json_kind kind = eg_json_kind(&document->json, 0);
    if (kind != EG_JSON_OBJECT && kind != EG_JSON_TRUE && kind != EG_JSON_FALSE)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "%s%sat \"\": expected a schema: an object, true or false",
                            document->uri, *document->uri ? " " : "");
    return 0;
}

static int push_document(struct eg_schema_library *library, struct eg_span uri, struct eg_span text,
                         struct eg_error *err)
{
    if (library->document_count == EG_SCHEMA_MAX_DOCUMENTS ||
        text.len > EG_SCHEMA_MAX_TEXT_BYTES - library->text_bytes)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "schema is too large: at most %u documents with %u bytes together",
                            EG_SCHEMA_MAX_DOCUMENTS, EG_SCHEMA_MAX_TEXT_BYTES);
    struct eg_schema_document *document = eg_calloc(1, sizeof(*document));
    document->uri = eg_span_dup(uri);
    document->text = eg_span_dup(text);
    eg_json_document_init(&document->json);
    if (parse_document(document, eg_span_of(document->text, text.len), err) != 0) {
        document_destroy(document);
        return -1;
    }
    document->scanned = eg_calloc(document->json.node_count, 1);
    library->documents = eg_realloc_array(library->documents, library->document_count + 1,
                                          sizeof(*library->documents));
    library->documents[library->document_count++] = document;
    library->text_bytes += text.len;
    return 0;
}

static void push_alias(struct eg_schema_library *library, uint32_t resource, struct eg_span uri)
{
    library->aliases =
        eg_realloc_array(library->aliases, library->alias_count + 1, sizeof(*library->aliases));
    library->aliases[library->alias_count++] = (struct eg_schema_alias){resource, eg_span_dup(uri)};
}

/* The URI that the document gives itself, resolved against where it was found. */
static void own_uri(const struct eg_json_document *json, struct eg_schema_dialect dialect,
                    struct eg_span found_at, struct eg_buffer *out)
{
    eg_json_index id = EG_JSON_NONE;
    if (eg_json_kind(json, 0) == EG_JSON_OBJECT) {
        bool alone = eg_schema_ref_stands_alone(dialect.draft) &&
                     eg_json_member(json, 0, EG_SPAN_LITERAL("$ref")) != EG_JSON_NONE;
        if (!alone)
            id = eg_json_member(json, 0, eg_schema_id_keyword(dialect.draft));
    }
    if (id == EG_JSON_NONE || eg_json_kind(json, id) != EG_JSON_STRING)
        eg_buffer_append_span(out, found_at);
    else
        eg_schema_uri_resolve(found_at, eg_json_string(json, id), out);
}

int eg_schema_library_add(struct eg_schema_library *library, struct eg_span uri,
                          struct eg_span text, struct eg_schema_dialect dialect,
                          struct eg_schema_location *ret_root, struct eg_error *err)
{
    if (push_document(library, uri, text, err) != 0)
        return -1;
    struct eg_schema_location root = {library->document_count - 1, 0, 0};
    const struct eg_json_document *json = &library->documents[root.document]->json;
    if (eg_schema_library_dialect(library, root.document, 0, dialect, &dialect, err) != 0)
        return -1;
    EG_AUTOBUFFER struct eg_buffer own = EG_BUFFER_INIT;
    own_uri(json, dialect, uri, &own);
    struct eg_span name = eg_buffer_span(&own);
    if (eg_schema_library_add_resource(library, root.document, 0, name, dialect, &root.resource,
                                       err) != 0)
        return -1;
    if (!eg_span_equal(name, uri))
        push_alias(library, root.resource, uri);
    if (eg_schema_library_scan(library, root, err) != 0)
        return -1;
    *ret_root = root;
    return 0;
}

const struct eg_schema_anchor *eg_schema_library_anchor(const struct eg_schema_library *library,
                                                        uint32_t resource, struct eg_span name)
{
    for (uint32_t i = 0; i < library->anchor_count; i++) {
        const struct eg_schema_anchor *anchor = &library->anchors[i];
        if (anchor->resource == resource && eg_span_equal(anchor->name, name))
            return anchor;
    }
    return NULL;
}

uint32_t eg_schema_library_resource_at(const struct eg_schema_library *library, uint32_t document,
                                       eg_json_index index)
{
    const struct eg_json_document *json = &library->documents[document]->json;
    uint32_t innermost = EG_SCHEMA_NONE;
    for (uint32_t i = 0; i < library->resource_count; i++) {
        const struct eg_schema_resource *resource = &library->resources[i];
        if (resource->document != document || index < resource->root ||
            index >= eg_json_next(json, resource->root))
            continue;
        if (innermost == EG_SCHEMA_NONE || resource->root > library->resources[innermost].root)
            innermost = i;
    }
    EG_ASSERT(innermost != EG_SCHEMA_NONE);
    return innermost;
}

static uint32_t find_resource(const struct eg_schema_library *library, struct eg_span uri)
{
    for (uint32_t i = 0; i < library->resource_count; i++)
        if (eg_span_is(uri, library->resources[i].uri))
            return i;
    for (uint32_t i = 0; i < library->alias_count; i++)
        if (eg_span_is(uri, library->aliases[i].uri))
            return library->aliases[i].resource;
    return EG_SCHEMA_NONE;
}

/* The resource under an absolute URI, read from the store or the meta-schemas if need be. */
static int load_resource(struct eg_schema_library *library, struct eg_span uri,
                         struct eg_schema_dialect dialect, uint32_t *ret_resource,
                         struct eg_error *err)
{
    uint32_t found = find_resource(library, uri);
    if (found == EG_SCHEMA_NONE) {
        struct eg_span text = eg_schema_store_find(library->store, uri);
        if (!text.len)
            text = eg_schema_metaschema(uri);
        if (!text.len)
            return eg_error_set(err, EG_ERR_CONFIG,
                                "no schema is known as '%.*s'; nothing is fetched: add the "
                                "document to the allowed sources",
                                EG_SPAN_ARGS(uri));
        struct eg_schema_location root;
        if (eg_schema_library_add(library, uri, text, dialect, &root, err) != 0)
            return -1;
        found = root.resource;
    }
    *ret_resource = found;
    return 0;
}

/* A pointer may lead to where no schema was expected: then it is one from here on. */
static int follow_pointer(struct eg_schema_library *library, struct eg_schema_location *location,
                          struct eg_span pointer, struct eg_error *err)
{
    const struct eg_json_document *json = &library->documents[location->document]->json;
    eg_json_index index = eg_json_pointer(json, location->index, pointer);
    if (index == EG_JSON_NONE)
        return eg_error_set(err, EG_ERR_CONFIG, "nothing stands at '%.*s'", EG_SPAN_ARGS(pointer));
    location->index = index;
    location->resource = eg_schema_library_resource_at(library, location->document, index);
    if (eg_schema_library_scan(library, *location, err) != 0)
        return -1;
    location->resource = eg_schema_library_resource_at(library, location->document, index);
    return 0;
}

static int follow_fragment(struct eg_schema_library *library, struct eg_schema_location *location,
                           struct eg_span fragment, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer decoded = EG_BUFFER_INIT;
    if (!eg_schema_uri_decode(fragment, &decoded))
        return eg_error_set(err, EG_ERR_CONFIG, "'%.*s' has a '%%' without two digits",
                            EG_SPAN_ARGS(fragment));
    struct eg_span name = eg_buffer_span(&decoded);
    if (!name.len)
        return 0;
    if (name.ptr[0] == '/')
        return follow_pointer(library, location, name, err);
    const struct eg_schema_anchor *anchor =
        eg_schema_library_anchor(library, location->resource, name);
    if (!anchor)
        return eg_error_set(err, EG_ERR_CONFIG, "'%s' has no anchor '%.*s'",
                            library->resources[location->resource].uri, EG_SPAN_ARGS(name));
    location->index = anchor->index;
    return 0;
}

int eg_schema_library_follow(struct eg_schema_library *library, uint32_t resource,
                             struct eg_span reference, struct eg_schema_location *ret_location,
                             struct eg_error *err)
{
    struct eg_span base;
    struct eg_span fragment;
    eg_schema_uri_split(reference, &base, &fragment);
    if (base.len) {
        EG_AUTOBUFFER struct eg_buffer uri = EG_BUFFER_INIT;
        eg_schema_uri_resolve(eg_span_text(library->resources[resource].uri), base, &uri);
        struct eg_schema_dialect dialect = library->resources[resource].dialect;
        if (load_resource(library, eg_buffer_span(&uri), dialect, &resource, err) != 0)
            return -1;
    }
    struct eg_schema_location location = {library->resources[resource].document,
                                          library->resources[resource].root, resource};
    if (follow_fragment(library, &location, fragment, err) != 0)
        return -1;
    *ret_location = location;
    return 0;
}
