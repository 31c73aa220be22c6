/* SPDX-License-Identifier: Apache-2.0 */
/* Builders of the keywords that hold sub-schemas. Lists of nodes go to schema->links. */
#include <string.h>

#include "base/span.h"
#include "schema/compiler.h"

static enum eg_json_kind kind_of(const struct eg_schema_compiler *compiler, eg_json_index index)
{
    return eg_json_kind(eg_schema_compiler_json(compiler), index);
}

/* a: node. */
static int build_schema(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                        struct eg_error *err)
{
    return eg_schema_node_for_child(compiler, rule->value, &rule->a, err);
}

/* a: first in schema->links; b: how many. */
static int build_list(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                      struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    if (kind_of(compiler, rule->value) != EG_JSON_ARRAY)
        return eg_schema_expected(compiler, rule->value, "an array of schemas", err);
    rule->a = compiler->schema->links.count;
    for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value);
         i = eg_json_next(json, i)) {
        uint32_t node;
        if (eg_schema_node_for_child(compiler, i, &node, err) != 0)
            return -1;
        EG_SCHEMA_PUSH(compiler->schema->links, node);
    }
    rule->b = compiler->schema->links.count - rule->a;
    return 0;
}

/*
 * properties, dependentSchemas, dependencies. a: first in schema->links, one a member in the order
 * in which they are written; b: how many. An array in dependencies has no node.
 */
static int build_map(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                     struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    if (kind_of(compiler, rule->value) != EG_JSON_OBJECT)
        return eg_schema_expected(compiler, rule->value, "an object with schemas", err);
    rule->a = compiler->schema->links.count;
    for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value);
         i = eg_json_next(json, i + 1)) {
        uint32_t node = EG_SCHEMA_NONE;
        bool names =
            rule->keyword == EG_SCHEMA_DEPENDENCIES && kind_of(compiler, i + 1) == EG_JSON_ARRAY;
        if (!names && eg_schema_node_for_child(compiler, i + 1, &node, err) != 0)
            return -1;
        for (eg_json_index each = i + 2; names && each < eg_json_next(json, i + 1); each++)
            if (kind_of(compiler, each) != EG_JSON_STRING)
                return eg_schema_expected(compiler, each, "a string", err);
        EG_SCHEMA_PUSH(compiler->schema->links, node);
    }
    rule->b = compiler->schema->links.count - rule->a;
    return 0;
}

/* a: first in schema->patterns, in the order in which they are written; b: how many. */
static int build_pattern_properties(struct eg_schema_compiler *compiler,
                                    struct eg_schema_rule *rule, struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    if (kind_of(compiler, rule->value) != EG_JSON_OBJECT)
        return eg_schema_expected(compiler, rule->value, "an object with schemas", err);
    rule->a = compiler->schema->patterns.count;
    for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value);
         i = eg_json_next(json, i + 1)) {
        struct eg_schema_pattern pattern;
        if (eg_schema_build_regex(compiler, i, &pattern.regex, err) != 0 ||
            eg_schema_node_for_child(compiler, i + 1, &pattern.node, err) != 0)
            return -1;
        EG_SCHEMA_PUSH(compiler->schema->patterns, pattern);
    }
    rule->b = compiler->schema->patterns.count - rule->a;
    return 0;
}

/* Until 2019-09 an array is what prefixItems became: list set, a and b as in build_list. */
static int build_items(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                       struct eg_error *err)
{
    if (compiler->dialect.draft < EG_SCHEMA_DRAFT_2020_12 &&
        kind_of(compiler, rule->value) == EG_JSON_ARRAY) {
        rule->list = true;
        return build_list(compiler, rule, err);
    }
    if (compiler->dialect.draft == EG_SCHEMA_DRAFT_2020_12) {
        eg_json_index prefix = eg_schema_sibling(compiler, EG_SCHEMA_PREFIX_ITEMS);
        if (prefix != EG_JSON_NONE && kind_of(compiler, prefix) == EG_JSON_ARRAY)
            rule->b = eg_json_count(eg_schema_compiler_json(compiler), prefix);
    }
    return build_schema(compiler, rule, err); /* a: node; b: the first place that it judges */
}

/* a: node; b: the first place. Means nothing without an array in items. */
static int build_additional_items(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                                  struct eg_error *err)
{
    eg_json_index items = eg_schema_sibling(compiler, EG_SCHEMA_ITEMS);
    if (items == EG_JSON_NONE || kind_of(compiler, items) != EG_JSON_ARRAY) {
        rule->keyword = EG_SCHEMA_KEYWORDS;
        return 0;
    }
    rule->b = eg_json_count(eg_schema_compiler_json(compiler), items);
    return build_schema(compiler, rule, err);
}

static int sibling_count(struct eg_schema_compiler *compiler, enum eg_schema_keyword keyword,
                         uint32_t *count, struct eg_error *err)
{
    const struct eg_schema_keyword_info *info = &eg_schema_keyword_infos[keyword];
    if (compiler->dialect.draft < info->first_draft ||
        !(compiler->dialect.vocabularies & info->vocabulary))
        return 0;
    eg_json_index value = eg_schema_sibling(compiler, keyword);
    return value == EG_JSON_NONE ? 0 : eg_schema_build_count(compiler, value, count, err);
}

/* a: node; b: minContains; c: maxContains. */
static int build_contains(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                          struct eg_error *err)
{
    rule->b = 1;
    rule->c = UINT32_MAX;
    if (sibling_count(compiler, EG_SCHEMA_MIN_CONTAINS, &rule->b, err) != 0 ||
        sibling_count(compiler, EG_SCHEMA_MAX_CONTAINS, &rule->c, err) != 0)
        return -1;
    return build_schema(compiler, rule, err);
}

static int sibling_schema(struct eg_schema_compiler *compiler, enum eg_schema_keyword keyword,
                          uint32_t *node, struct eg_error *err)
{
    eg_json_index value = eg_schema_sibling(compiler, keyword);
    *node = EG_SCHEMA_NONE;
    return value == EG_JSON_NONE ? 0 : eg_schema_node_for_child(compiler, value, node, err);
}

/* a: node; b: of then; c: of else; either may be EG_SCHEMA_NONE. */
static int build_if(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                    struct eg_error *err)
{
    if (sibling_schema(compiler, EG_SCHEMA_THEN, &rule->b, err) != 0 ||
        sibling_schema(compiler, EG_SCHEMA_ELSE, &rule->c, err) != 0)
        return -1;
    return build_schema(compiler, rule, err);
}

static int build_unevaluated(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                             struct eg_error *err)
{
    compiler->tracks_evaluated = true;
    compiler->schema->nodes.items[compiler->node].flags |=
        rule->keyword == EG_SCHEMA_UNEVALUATED_ITEMS ? EG_SCHEMA_NODE_UNEVALUATED_ITEMS
                                                     : EG_SCHEMA_NODE_UNEVALUATED_PROPERTIES;
    return build_schema(compiler, rule, err);
}

eg_schema_build *const eg_schema_apply_builders[EG_SCHEMA_KEYWORDS] = {
    [EG_SCHEMA_PREFIX_ITEMS] = build_list,
    [EG_SCHEMA_ITEMS] = build_items,
    [EG_SCHEMA_ADDITIONAL_ITEMS] = build_additional_items,
    [EG_SCHEMA_CONTAINS] = build_contains,
    [EG_SCHEMA_PROPERTIES] = build_map,
    [EG_SCHEMA_PATTERN_PROPERTIES] = build_pattern_properties,
    [EG_SCHEMA_ADDITIONAL_PROPERTIES] = build_schema,
    [EG_SCHEMA_PROPERTY_NAMES] = build_schema,
    [EG_SCHEMA_DEPENDENCIES] = build_map,
    [EG_SCHEMA_DEPENDENT_SCHEMAS] = build_map,
    [EG_SCHEMA_ALL_OF] = build_list,
    [EG_SCHEMA_ANY_OF] = build_list,
    [EG_SCHEMA_ONE_OF] = build_list,
    [EG_SCHEMA_NOT] = build_schema,
    [EG_SCHEMA_IF] = build_if,
    [EG_SCHEMA_UNEVALUATED_ITEMS] = build_unevaluated,
    [EG_SCHEMA_UNEVALUATED_PROPERTIES] = build_unevaluated,
};
