/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builders of the references, and the table of places where dynamic ones may end: an entry for each
 * name in use and each resource that is part of the program and has that dynamic anchor.
 */
#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"
#include "schema/compiler.h"
#include "schema/uri.h"

static int follow(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                  struct eg_schema_location *location, struct eg_error *err)
{
    struct eg_schema_library *library = &compiler->schema->library;
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    if (eg_json_kind(json, rule->value) != EG_JSON_STRING)
        return eg_schema_expected(compiler, rule->value, "a URI reference in a string", err);
    struct eg_span reference = eg_json_string(json, rule->value);
    struct eg_error reason;
    if (eg_schema_library_follow(library, compiler->at.resource, reference, location, &reason) != 0)
        return eg_schema_library_error(library, compiler->at.document, rule->value, err,
                                       "'%.*s' leads nowhere: %s", EG_SPAN_ARGS(reference),
                                       reason.message);
    return 0;
}

/* a: node. */
static int build_ref(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                     struct eg_error *err)
{
    struct eg_schema_location location = {0};
    if (follow(compiler, rule, &location, err) != 0)
        return -1;
    return eg_schema_node_for(compiler, location, &rule->a, err);
}

static uint32_t dynamic_name(struct eg_schema_compiler *compiler, struct eg_span name)
{
    for (uint32_t i = 1; i < compiler->dynamic_names.count; i++)
        if (eg_span_equal(compiler->dynamic_names.items[i], name))
            return i;
    EG_SCHEMA_PUSH(compiler->dynamic_names, name);
    return compiler->dynamic_names.count - 1;
}

/* a: the node where it ends by itself; b: the dynamic name, or EG_SCHEMA_NONE: an ordinary $ref. */
static int build_dynamic_ref(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                             struct eg_error *err)
{
    struct eg_schema_library *library = &compiler->schema->library;
    struct eg_schema_location location = {0};
    if (follow(compiler, rule, &location, err) != 0)
        return -1;
    struct eg_span base;
    struct eg_span fragment;
    eg_schema_uri_split(eg_json_string(eg_schema_compiler_json(compiler), rule->value), &base,
                        &fragment);
    const struct eg_schema_anchor *anchor =
        fragment.len ? eg_schema_library_anchor(library, location.resource, fragment) : NULL;
    rule->b = EG_SCHEMA_NONE;
    if (anchor && anchor->dynamic) {
        rule->b = dynamic_name(compiler, anchor->name);
        compiler->schema->tracks_scope = true;
    }
    return eg_schema_node_for(compiler, location, &rule->a, err);
}

static int build_recursive_ref(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                               struct eg_error *err)
{
    struct eg_schema_location location = {0};
    if (follow(compiler, rule, &location, err) != 0)
        return -1;
    const struct eg_schema_resource *resource =
        &compiler->schema->library.resources[location.resource];
    rule->b = EG_SCHEMA_NONE;
    if (resource->recursive_anchor && resource->root == location.index) {
        rule->b = 0;
        compiler->schema->tracks_scope = true;
    }
    return eg_schema_node_for(compiler, location, &rule->a, err);
}

/* Where `name` ends in that resource; EG_JSON_NONE: it has no such anchor. */
static eg_json_index dynamic_end(const struct eg_schema_compiler *compiler, uint32_t name,
                                 uint32_t resource)
{
    const struct eg_schema_library *library = &compiler->schema->library;
    if (name == 0)
        return library->resources[resource].recursive_anchor ? library->resources[resource].root
                                                             : EG_JSON_NONE;
    const struct eg_schema_anchor *anchor =
        eg_schema_library_anchor(library, resource, compiler->dynamic_names.items[name]);
    return anchor && anchor->dynamic ? anchor->index : EG_JSON_NONE;
}

static bool is_linked(const struct eg_schema *schema, uint32_t name, uint32_t resource)
{
    for (uint32_t i = 0; i < schema->dynamics.count; i++)
        if (schema->dynamics.items[i].name == name &&
            schema->dynamics.items[i].resource == resource)
            return true;
    return false;
}

static int link_resource(struct eg_schema_compiler *compiler, uint32_t resource,
                         struct eg_error *err)
{
    struct eg_schema *schema = compiler->schema;
    for (uint32_t name = 0; name < compiler->dynamic_names.count; name++) {
        eg_json_index end = dynamic_end(compiler, name, resource);
        if (end == EG_JSON_NONE || is_linked(schema, name, resource))
            continue;
        struct eg_schema_location location = {schema->library.resources[resource].document, end,
                                              resource};
        uint32_t node;
        if (eg_schema_node_for(compiler, location, &node, err) != 0)
            return -1;
        EG_SCHEMA_PUSH(schema->dynamics, (struct eg_schema_dynamic){name, resource, node});
    }
    return 0;
}

/* Which resources the program may enter: those that have a node. */
static uint8_t *entered_resources(const struct eg_schema *schema)
{
    uint8_t *entered = eg_calloc(schema->library.resource_count, 1);
    for (uint32_t i = 0; i < schema->nodes.count; i++)
        entered[schema->nodes.items[i].resource] = 1;
    return entered;
}

int eg_schema_link_dynamics(struct eg_schema_compiler *compiler, uint32_t *cursor,
                            struct eg_error *err)
{
    struct eg_schema *schema = compiler->schema;
    while (schema->tracks_scope) {
        uint32_t before = schema->nodes.count;
        uint32_t names_before = compiler->dynamic_names.count;
        EG_AUTOFREE uint8_t *entered = entered_resources(schema);
        uint32_t resources = schema->library.resource_count;
        for (uint32_t i = 0; i < resources; i++)
            if (entered[i] && link_resource(compiler, i, err) != 0)
                return -1;
        if (eg_schema_compile_nodes(compiler, cursor, err) != 0)
            return -1;
        if (schema->nodes.count == before && compiler->dynamic_names.count == names_before)
            break;
    }
    return 0;
}

eg_schema_build *const eg_schema_ref_builders[EG_SCHEMA_KEYWORDS] = {
    [EG_SCHEMA_REF] = build_ref,
    [EG_SCHEMA_DYNAMIC_REF] = build_dynamic_ref,
    [EG_SCHEMA_RECURSIVE_REF] = build_recursive_ref,
};
