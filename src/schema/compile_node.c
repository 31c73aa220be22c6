/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nodes: one for each place that is reached, and one for places of one resource that read the same.
 * New nodes go to the end of the list and are compiled in turn, so that nothing here recurses.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "schema/compiler.h"

static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ (hash >> 32);
}

static bool is_container(enum eg_json_kind kind)
{
    return kind == EG_JSON_ARRAY || kind == EG_JSON_OBJECT;
}

/* Of the subtree's tokens, white space aside; 0: it holds another resource, don't share. */
static uint64_t shape_hash(const struct eg_schema_document *document, eg_json_index index,
                           uint32_t resource)
{
    const struct eg_json_document *json = &document->json;
    uint64_t hash = mix(0, resource + 1u);
    for (eg_json_index i = index; i < eg_json_next(json, index); i++) {
        if (document->scanned[i] & EG_SCHEMA_SCANNED_RESOURCE)
            return 0;
        enum eg_json_kind kind = eg_json_kind(json, i);
        hash = mix(hash, kind);
        hash = mix(hash, is_container(kind) ? eg_json_count(json, i)
                                            : eg_span_hash(eg_json_text(json, i)));
    }
    return hash ? hash : 1;
}

static bool same_shape(const struct eg_json_document *a, eg_json_index a_index,
                       const struct eg_json_document *b, eg_json_index b_index)
{
    uint32_t size = eg_json_next(a, a_index) - a_index;
    if (size != eg_json_next(b, b_index) - b_index)
        return false;
    for (uint32_t i = 0; i < size; i++) {
        enum eg_json_kind kind = eg_json_kind(a, a_index + i);
        if (kind != eg_json_kind(b, b_index + i))
            return false;
        bool same = is_container(kind)
                        ? eg_json_count(a, a_index + i) == eg_json_count(b, b_index + i)
                        : eg_span_equal(eg_json_text(a, a_index + i), eg_json_text(b, b_index + i));
        if (!same)
            return false;
    }
    return true;
}

static uint32_t *shared_slot(struct eg_schema_compiler *compiler, uint64_t hash,
                             struct eg_schema_location location)
{
    const struct eg_schema *schema = compiler->schema;
    uint32_t mask = compiler->shared_capacity - 1;
    for (uint32_t i = (uint32_t)hash & mask;; i = (i + 1) & mask) {
        struct eg_schema_shared *slot = &compiler->shared[i];
        if (slot->hash == 0) {
            *slot = (struct eg_schema_shared){hash, EG_SCHEMA_NONE};
            compiler->shared_count++;
            return &slot->node;
        }
        if (slot->hash != hash)
            continue;
        const struct eg_schema_node *node = &schema->nodes.items[slot->node];
        if (node->resource == location.resource &&
            same_shape(eg_schema_json(schema, node->document), node->index,
                       eg_schema_json(schema, location.document), location.index))
            return &slot->node;
    }
}

static void shared_grow(struct eg_schema_compiler *compiler)
{
    if (compiler->shared_count * 2 < compiler->shared_capacity)
        return;
    struct eg_schema_shared *old = compiler->shared;
    uint32_t old_capacity = compiler->shared_capacity;
    compiler->shared_capacity = old_capacity ? old_capacity * 2 : 64;
    compiler->shared = eg_calloc(compiler->shared_capacity, sizeof(*compiler->shared));
    uint32_t mask = compiler->shared_capacity - 1;
    for (uint32_t i = 0; i < old_capacity; i++) {
        if (old[i].hash == 0)
            continue;
        uint32_t at = (uint32_t)old[i].hash & mask;
        while (compiler->shared[at].hash)
            at = (at + 1) & mask;
        compiler->shared[at] = old[i];
    }
    free(old);
}

/* One entry a tape index of each document that is known by now. */
static uint32_t *node_slot(struct eg_schema_compiler *compiler, struct eg_schema_location location)
{
    const struct eg_schema_library *library = &compiler->schema->library;
    while (compiler->node_of_count < library->document_count) {
        uint32_t i = compiler->node_of_count++;
        uint32_t nodes = library->documents[i]->json.node_count;
        compiler->node_of = eg_realloc_array(compiler->node_of, i + 1u, sizeof(*compiler->node_of));
        compiler->node_of[i] = eg_malloc(nodes * sizeof(**compiler->node_of));
        memset(compiler->node_of[i], 0xff, nodes * sizeof(**compiler->node_of));
    }
    return &compiler->node_of[location.document][location.index];
}

int eg_schema_node_for(struct eg_schema_compiler *compiler, struct eg_schema_location location,
                       uint32_t *ret_node, struct eg_error *err)
{
    struct eg_schema *schema = compiler->schema;
    uint32_t *known = node_slot(compiler, location);
    if (*known == EG_SCHEMA_NONE) {
        const struct eg_schema_document *document = schema->library.documents[location.document];
        uint64_t hash = shape_hash(document, location.index, location.resource);
        shared_grow(compiler);
        uint32_t *shared = hash ? shared_slot(compiler, hash, location) : known;
        if (*shared == EG_SCHEMA_NONE) {
            if (schema->nodes.count == EG_SCHEMA_MAX_NODES)
                return eg_schema_library_error(&schema->library, location.document, location.index,
                                               err, "more than %u sub-schemas",
                                               EG_SCHEMA_MAX_NODES);
            *shared = schema->nodes.count;
            EG_SCHEMA_PUSH(schema->nodes, (struct eg_schema_node){.types = EG_SCHEMA_TYPE_ANY,
                                                                  .resource = location.resource,
                                                                  .document = location.document,
                                                                  .index = location.index});
        }
        *known = *shared;
    }
    *ret_node = *known;
    return 0;
}

int eg_schema_node_for_child(struct eg_schema_compiler *compiler, eg_json_index index,
                             uint32_t *ret_node, struct eg_error *err)
{
    const struct eg_schema_library *library = &compiler->schema->library;
    struct eg_schema_location location = {compiler->at.document, index, compiler->at.resource};
    if (library->documents[location.document]->scanned[index] & EG_SCHEMA_SCANNED_RESOURCE)
        location.resource = eg_schema_library_resource_at(library, location.document, index);
    return eg_schema_node_for(compiler, location, ret_node, err);
}

static eg_schema_build *find_builder(enum eg_schema_keyword keyword)
{
    if (eg_schema_value_builders[keyword])
        return eg_schema_value_builders[keyword];
    if (eg_schema_apply_builders[keyword])
        return eg_schema_apply_builders[keyword];
    return eg_schema_ref_builders[keyword];
}

static int compile_member(struct eg_schema_compiler *compiler, eg_json_index name,
                          struct eg_error *err)
{
    enum eg_schema_keyword keyword = eg_schema_keyword_find(
        compiler->dialect, eg_json_string(eg_schema_compiler_json(compiler), name));
    eg_schema_build *build = keyword == EG_SCHEMA_KEYWORDS ? NULL : find_builder(keyword);
    if (!build)
        return 0;
    struct eg_schema_rule rule = {.keyword = (uint8_t)keyword, .value = name + 1};
    if (build(compiler, &rule, err) != 0)
        return -1;
    if (rule.keyword != EG_SCHEMA_KEYWORDS)
        EG_SCHEMA_PUSH(compiler->schema->rules, rule);
    return 0;
}

static int compile_object(struct eg_schema_compiler *compiler, struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    eg_json_index index = compiler->at.index;
    eg_json_index ref = eg_schema_sibling(compiler, EG_SCHEMA_REF);
    if (ref != EG_JSON_NONE && eg_schema_ref_stands_alone(compiler->dialect.draft))
        return compile_member(compiler, ref - 1, err);
    for (eg_json_index name = index + 1; name < eg_json_next(json, index);
         name = eg_json_next(json, name + 1))
        if (compile_member(compiler, name, err) != 0)
            return -1;
    return 0;
}

static int compile_node(struct eg_schema_compiler *compiler, uint32_t id, struct eg_error *err)
{
    struct eg_schema *schema = compiler->schema;
    struct eg_schema_node *node = &schema->nodes.items[id];
    compiler->node = id;
    compiler->at = (struct eg_schema_location){node->document, node->index, node->resource};
    compiler->dialect = schema->library.resources[node->resource].dialect;
    if (compiler->dialect.draft == EG_SCHEMA_DRAFT_4)
        node->flags |= EG_SCHEMA_NODE_WRITTEN_INTEGER;
    node->rules.first = schema->rules.count;
    enum eg_json_kind kind = eg_json_kind(eg_schema_compiler_json(compiler), node->index);
    if (kind == EG_JSON_TRUE || kind == EG_JSON_FALSE) {
        node->flags |= EG_SCHEMA_NODE_BOOLEAN;
        node->types = kind == EG_JSON_TRUE ? EG_SCHEMA_TYPE_ANY : 0;
        return 0;
    }
    if (kind != EG_JSON_OBJECT)
        return eg_schema_expected(compiler, node->index, "a schema: an object, true or false", err);
    if (compile_object(compiler, err) != 0)
        return -1;
    node = &schema->nodes.items[id];
    node->rules.count = schema->rules.count - node->rules.first;
    return 0;
}

int eg_schema_compile_nodes(struct eg_schema_compiler *compiler, uint32_t *cursor,
                            struct eg_error *err)
{
    while (*cursor < compiler->schema->nodes.count)
        if (compile_node(compiler, (*cursor)++, err) != 0)
            return -1;
    return 0;
}
