/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds every sub-schema that stands where a keyword says so, and with them $id, anchors and
 * $schema. Recursion is bounded by the reader's depth limit.
 */
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/library.h"
#include "schema/metaschemas.h"
#include "schema/store_lookup.h"
#include "schema/uri.h"

#define MAX_META_CHAIN 8

int eg_schema_library_add_resource(struct eg_schema_library *library, uint32_t document,
                                   eg_json_index root, struct eg_span uri,
                                   struct eg_schema_dialect dialect, uint32_t *ret_resource,
                                   struct eg_error *err)
{
    for (uint32_t i = 0; uri.len && i < library->resource_count; i++)
        if (eg_span_is(uri, library->resources[i].uri))
            return eg_schema_library_error(library, document, root, err,
                                           "the URI '%.*s' names another schema too",
                                           EG_SPAN_ARGS(uri));
    if (library->resource_count == EG_SCHEMA_MAX_RESOURCES)
        return eg_schema_library_error(library, document, root, err,
                                       "more than %u schemas with an own URI",
                                       EG_SCHEMA_MAX_RESOURCES);
    library->resources = eg_realloc_array(library->resources, library->resource_count + 1,
                                          sizeof(*library->resources));
    library->resources[library->resource_count] = (struct eg_schema_resource){
        .document = document, .root = root, .uri = eg_span_dup(uri), .dialect = dialect};
    library->documents[document]->scanned[root] |= EG_SCHEMA_SCANNED_RESOURCE;
    *ret_resource = library->resource_count++;
    return 0;
}

static int vocabularies_of(struct eg_schema_library *library, uint32_t document,
                           eg_json_index place, const struct eg_json_document *meta,
                           unsigned *vocabularies, struct eg_error *err)
{
    eg_json_index list = eg_json_member(meta, 0, EG_SPAN_LITERAL("$vocabulary"));
    if (list == EG_JSON_NONE || eg_json_kind(meta, list) != EG_JSON_OBJECT)
        return 0;
    *vocabularies = EG_SCHEMA_VOCABULARY_CORE;
    for (eg_json_index name = list + 1; name < eg_json_next(meta, list);
         name = eg_json_next(meta, name + 1)) {
        struct eg_span uri = eg_json_string(meta, name);
        unsigned bits = eg_schema_vocabulary_of_uri(uri);
        if (!bits && eg_json_kind(meta, name + 1) == EG_JSON_TRUE)
            return eg_schema_library_error(library, document, place, err,
                                           "its meta-schema requires the vocabulary '%.*s', "
                                           "which is not known",
                                           EG_SPAN_ARGS(uri));
        *vocabularies |= bits;
    }
    return 0;
}

/* A meta-schema of somebody's own: its vocabularies, and the draft at the end of its chain. */
static int custom_dialect(struct eg_schema_library *library, uint32_t document, eg_json_index place,
                          struct eg_span uri, struct eg_schema_dialect *dialect,
                          struct eg_error *err)
{
    unsigned vocabularies = EG_SCHEMA_VOCABULARY_ALL;
    EG_AUTOBUFFER struct eg_buffer name = EG_BUFFER_INIT;
    eg_buffer_append_span(&name, uri);
    struct eg_json_document meta;
    eg_json_document_init(&meta);
    int rc = -1;
    for (int chain = 0;; chain++) {
        struct eg_span base;
        struct eg_span fragment;
        eg_schema_uri_split(eg_buffer_span(&name), &base, &fragment);
        if (eg_schema_draft_of_uri(base, &dialect->draft)) {
            rc = 0;
            break;
        }
        struct eg_span text = eg_schema_store_find(library->store, base);
        struct eg_error unused;
        if (!text.len || chain == MAX_META_CHAIN ||
            eg_json_document_parse(&meta, text, NULL, &unused) != 0 ||
            eg_json_kind(&meta, 0) != EG_JSON_OBJECT) {
            eg_schema_library_error(library, document, place, err,
                                    "the meta-schema '%.*s' is not known; known are drafts 4, 6, "
                                    "7, 2019-09 and 2020-12",
                                    EG_SPAN_ARGS(base));
            break;
        }
        if (chain == 0 && vocabularies_of(library, document, place, &meta, &vocabularies, err) != 0)
            break;
        eg_json_index next = eg_json_member(&meta, 0, EG_SPAN_LITERAL("$schema"));
        eg_buffer_clear(&name);
        if (next != EG_JSON_NONE && eg_json_kind(&meta, next) == EG_JSON_STRING)
            eg_buffer_append_span(&name, eg_json_string(&meta, next));
    }
    eg_json_document_fini(&meta);
    dialect->vocabularies = vocabularies;
    return rc;
}

int eg_schema_library_dialect(struct eg_schema_library *library, uint32_t document,
                              eg_json_index index, struct eg_schema_dialect dialect,
                              struct eg_schema_dialect *ret_dialect, struct eg_error *err)
{
    const struct eg_json_document *json = &library->documents[document]->json;
    if (eg_json_kind(json, index) == EG_JSON_OBJECT) {
        eg_json_index meta = eg_json_member(json, index, EG_SPAN_LITERAL("$schema"));
        if (meta != EG_JSON_NONE) {
            if (eg_json_kind(json, meta) != EG_JSON_STRING)
                return eg_schema_library_error(library, document, meta, err, "expected a string");
            struct eg_span uri = eg_json_string(json, meta);
            if (eg_schema_draft_of_uri(uri, &dialect.draft))
                dialect = eg_schema_dialect_of(dialect.draft);
            else if (custom_dialect(library, document, meta, uri, &dialect, err) != 0)
                return -1;
        }
    }
    *ret_dialect = dialect;
    return 0;
}

static struct eg_schema_anchor *find_anchor(struct eg_schema_library *library, uint32_t resource,
                                            struct eg_span name)
{
    const struct eg_schema_anchor *known = eg_schema_library_anchor(library, resource, name);
    return known ? &library->anchors[known - library->anchors] : NULL;
}

static int push_anchor(struct eg_schema_library *library, struct eg_schema_location location,
                       struct eg_span name, bool dynamic, struct eg_error *err)
{
    struct eg_schema_anchor *known = find_anchor(library, location.resource, name);
    if (known && known->index != location.index)
        return eg_schema_library_error(library, location.document, location.index, err,
                                       "the anchor '%.*s' names another schema too",
                                       EG_SPAN_ARGS(name));
    if (known) {
        known->dynamic |= dynamic;
        return 0;
    }
    if (library->anchor_count == EG_SCHEMA_MAX_ANCHORS)
        return eg_schema_library_error(library, location.document, location.index, err,
                                       "more than %u anchors", EG_SCHEMA_MAX_ANCHORS);
    library->anchors =
        eg_realloc_array(library->anchors, library->anchor_count + 1, sizeof(*library->anchors));
    library->anchors[library->anchor_count++] =
        (struct eg_schema_anchor){location.resource, location.index, name, dynamic};
    return 0;
}

static eg_json_index text_member(const struct eg_json_document *json, eg_json_index object,
                                 struct eg_span name)
{
    eg_json_index value = eg_json_member(json, object, name);
    if (value == EG_JSON_NONE || eg_json_kind(json, value) != EG_JSON_STRING)
        return EG_JSON_NONE;
    return value;
}

/* $id: the schema becomes a resource of its own; until draft 7 "#name" is an anchor instead. */
static int scan_id(struct eg_schema_library *library, struct eg_schema_location *location,
                   struct eg_error *err)
{
    const struct eg_json_document *json = &library->documents[location->document]->json;
    struct eg_schema_dialect dialect = library->resources[location->resource].dialect;
    eg_json_index id = text_member(json, location->index, eg_schema_id_keyword(dialect.draft));
    if (id == EG_JSON_NONE)
        return 0;
    struct eg_span base;
    struct eg_span fragment;
    eg_schema_uri_split(eg_json_string(json, id), &base, &fragment);
    if (base.len && location->index != library->resources[location->resource].root) {
        EG_AUTOBUFFER struct eg_buffer uri = EG_BUFFER_INIT;
        eg_schema_uri_resolve(eg_span_text(library->resources[location->resource].uri), base, &uri);
        if (eg_schema_library_dialect(library, location->document, location->index, dialect,
                                      &dialect, err) != 0 ||
            eg_schema_library_add_resource(library, location->document, location->index,
                                           eg_buffer_span(&uri), dialect, &location->resource,
                                           err) != 0)
            return -1;
    }
    if (fragment.len && eg_schema_ref_stands_alone(dialect.draft))
        return push_anchor(library, *location, fragment, false, err);
    return 0;
}

static int scan_anchors(struct eg_schema_library *library, struct eg_schema_location location,
                        struct eg_error *err)
{
    const struct eg_json_document *json = &library->documents[location.document]->json;
    struct eg_schema_resource *resource = &library->resources[location.resource];
    enum eg_schema_draft draft = resource->dialect.draft;
    if (draft < EG_SCHEMA_DRAFT_2019_09)
        return 0;
    if (draft == EG_SCHEMA_DRAFT_2019_09 && resource->root == location.index) {
        eg_json_index flag =
            eg_json_member(json, location.index, EG_SPAN_LITERAL("$recursiveAnchor"));
        resource->recursive_anchor =
            flag != EG_JSON_NONE && eg_json_kind(json, flag) == EG_JSON_TRUE;
    }
    eg_json_index anchor = text_member(json, location.index, EG_SPAN_LITERAL("$anchor"));
    if (anchor != EG_JSON_NONE &&
        push_anchor(library, location, eg_json_string(json, anchor), false, err) != 0)
        return -1;
    if (draft < EG_SCHEMA_DRAFT_2020_12)
        return 0;
    anchor = text_member(json, location.index, EG_SPAN_LITERAL("$dynamicAnchor"));
    if (anchor == EG_JSON_NONE)
        return 0;
    return push_anchor(library, location, eg_json_string(json, anchor), true, err);
}

static int scan_child(struct eg_schema_library *library, struct eg_schema_location location,
                      eg_json_index index, struct eg_error *err)
{
    location.index = index;
    return eg_schema_library_scan(library, location, err);
}

/* The sub-schemas in one keyword's value. */
static int scan_value(struct eg_schema_library *library, struct eg_schema_location location,
                      enum eg_schema_place place, eg_json_index value, struct eg_error *err)
{
    const struct eg_json_document *json = &library->documents[location.document]->json;
    enum eg_json_kind kind = eg_json_kind(json, value);
    eg_json_index end = eg_json_next(json, value);
    int rc = 0;
    if (place == EG_SCHEMA_PLACE_MAP && kind == EG_JSON_OBJECT) {
        for (eg_json_index i = value + 1; i < end && rc == 0; i = eg_json_next(json, i + 1))
            rc = scan_child(library, location, i + 1, err);
    } else if (kind == EG_JSON_ARRAY &&
               (place == EG_SCHEMA_PLACE_LIST || place == EG_SCHEMA_PLACE_SCHEMA_OR_LIST)) {
        for (eg_json_index i = value + 1; i < end && rc == 0; i = eg_json_next(json, i))
            rc = scan_child(library, location, i, err);
    } else if (place == EG_SCHEMA_PLACE_SCHEMA || place == EG_SCHEMA_PLACE_SCHEMA_OR_LIST) {
        rc = scan_child(library, location, value, err);
    }
    return rc;
}

int eg_schema_library_scan(struct eg_schema_library *library, struct eg_schema_location location,
                           struct eg_error *err)
{
    struct eg_schema_document *document = library->documents[location.document];
    const struct eg_json_document *json = &document->json;
    if ((document->scanned[location.index] & EG_SCHEMA_SCANNED) ||
        eg_json_kind(json, location.index) != EG_JSON_OBJECT)
        return 0;
    document->scanned[location.index] |= EG_SCHEMA_SCANNED;
    struct eg_schema_dialect dialect = library->resources[location.resource].dialect;
    bool alone = eg_schema_ref_stands_alone(dialect.draft) &&
                 text_member(json, location.index, EG_SPAN_LITERAL("$ref")) != EG_JSON_NONE;
    if (!alone && (scan_id(library, &location, err) != 0 || scan_anchors(library, location, err)))
        return -1;
    dialect = library->resources[location.resource].dialect;
    for (eg_json_index name = location.index + 1; name < eg_json_next(json, location.index);
         name = eg_json_next(json, name + 1)) {
        enum eg_schema_keyword keyword =
            eg_schema_keyword_find(dialect, eg_json_string(json, name));
        if (keyword == EG_SCHEMA_KEYWORDS)
            continue;
        enum eg_schema_place place = eg_schema_keyword_infos[keyword].place;
        if (scan_value(library, location, place, name + 1, err) != 0)
            return -1;
    }
    return 0;
}
