/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Python EventGate's way to a database: POSTGRES_SECRET_NAME and POSTGRES_SECRET_REGION in the
 * environment. They are laid over the configuration as a sink of type postgres, unless it has one
 * that knows where its database is.
 */
#include <stdlib.h>
#include <string.h>

#include "app/sections.h"
#include "app/settings.h"
#include "base/span.h"

#define NAME_VARIABLE   "POSTGRES_SECRET_NAME"
#define REGION_VARIABLE "POSTGRES_SECRET_REGION"
#define SINK_NAME       "postgres"

static bool has(const struct eg_config_node *sink, const char *name)
{
    const struct eg_config_node *value = eg_config_node_get(sink, name);
    return value && !eg_config_node_is_null(value) && value->text.len > 0;
}

static bool is_postgres(const struct eg_config_node *sink)
{
    const struct eg_config_node *type = eg_config_node_get(sink, "type");
    return type && type->kind == EG_CONFIG_SCALAR && eg_span_is(type->text, "postgres");
}

static void set_text(struct eg_config_tree *tree, struct eg_config_node *map, const char *name,
                     const char *text, const char *origin)
{
    struct eg_config_place place = {origin, 0, 0};
    eg_config_map_set(tree, map, name, eg_config_tree_scalar(tree, place, text));
}

/* The sink that the secret is for: the first of type postgres, or a new one. NULL: it needs none.
 */
static struct eg_config_node *find_sink(struct eg_config_tree *tree)
{
    struct eg_config_place place = {NAME_VARIABLE, 0, 0};
    const struct eg_config_member *member = eg_config_member_find(tree->root, "sinks");
    struct eg_config_node *sinks = member ? member->node : NULL;
    if (!sinks || eg_config_node_is_null(sinks)) {
        sinks = eg_config_tree_map(tree, place);
        eg_config_map_set(tree, tree->root, "sinks", sinks);
    }
    for (size_t i = 0; sinks->kind == EG_CONFIG_MAP && i < sinks->count; i++) {
        struct eg_config_node *sink = sinks->members[i].node;
        if (!is_postgres(sink))
            continue;
        bool knows = has(sink, "dsn") || has(sink, "database") || has(sink, "secret");
        return knows ? NULL : sink;
    }
    /* What is not a mapping, or a sink of another type with our name, is reported elsewhere. */
    if (sinks->kind != EG_CONFIG_MAP || eg_config_member_find(sinks, SINK_NAME))
        return NULL;
    struct eg_config_node *sink = eg_config_tree_map(tree, place);
    eg_config_map_set(tree, sinks, SINK_NAME, sink);
    set_text(tree, sink, "type", "postgres", NAME_VARIABLE);
    return sink;
}

void eg_app_apply_secret_sink(struct eg_config_file *file)
{
    const char *name = getenv(NAME_VARIABLE);
    const char *region = getenv(REGION_VARIABLE);
    if (!name || !name[0] || !region || !region[0])
        return;
    struct eg_config_tree *tree = eg_config_file_tree(file);
    struct eg_config_node *sink = find_sink(tree);
    if (!sink)
        return;
    set_text(tree, sink, "secret", name, NAME_VARIABLE);
    set_text(tree, sink, "secret_region", region, REGION_VARIABLE);
}
