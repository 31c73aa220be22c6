/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The nodes themselves: building, finding, and saying what they are. Everything lives in the tree's
 * arena; arrays grow by doubling and leave their old selves there, which at most doubles the tree.
 */
#include "config/tree.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/quote.h"

struct eg_config_tree *eg_config_tree_new(const char *file)
{
    struct eg_config_tree *tree = eg_calloc(1, sizeof(*tree));
    tree->file = eg_arena_copy(&tree->arena, eg_span_text(file)).ptr;
    tree->root = eg_config_tree_map(tree, (struct eg_config_place){tree->file, 0, 0});
    return tree;
}

void eg_config_tree_destroy(struct eg_config_tree *tree)
{
    if (!tree)
        return;
    eg_arena_fini(&tree->arena);
    free(tree);
}

static struct eg_config_node *new_node(struct eg_config_tree *tree, enum eg_config_kind kind,
                                       struct eg_config_place place)
{
    struct eg_config_node *node = eg_arena_alloc(&tree->arena, sizeof(*node));
    *node = (struct eg_config_node){.kind = kind, .place = place, .text = EG_SPAN_EMPTY};
    return node;
}

struct eg_config_node *eg_config_tree_scalar(struct eg_config_tree *tree,
                                             struct eg_config_place place, const char *text)
{
    struct eg_config_node *node = new_node(tree, EG_CONFIG_SCALAR, place);
    node->quoted = true;
    node->text = eg_arena_copy(&tree->arena, eg_span_text(text));
    return node;
}

struct eg_config_node *eg_config_tree_list(struct eg_config_tree *tree,
                                           struct eg_config_place place)
{
    return new_node(tree, EG_CONFIG_LIST, place);
}

struct eg_config_node *eg_config_tree_map(struct eg_config_tree *tree, struct eg_config_place place)
{
    return new_node(tree, EG_CONFIG_MAP, place);
}

/* Room for one more: the capacity is the next power of two, so it needs no field of its own. */
static void *grow(struct eg_config_tree *tree, void *items, size_t count, size_t item_bytes)
{
    if (count != 0 && (count & (count - 1)) != 0)
        return items;
    size_t capacity = count == 0 ? 1 : count * 2;
    void *bigger = eg_arena_alloc(&tree->arena, capacity * item_bytes);
    if (count != 0)
        memcpy(bigger, items, count * item_bytes);
    return bigger;
}

void eg_config_list_add(struct eg_config_tree *tree, struct eg_config_node *list,
                        struct eg_config_node *item)
{
    EG_ASSERT(list->kind == EG_CONFIG_LIST);
    list->items = grow(tree, list->items, list->count, sizeof(struct eg_config_node *));
    list->items[list->count++] = item;
}

void eg_config_map_append(struct eg_config_tree *tree, struct eg_config_node *map,
                          struct eg_span name, struct eg_config_place place,
                          struct eg_config_node *value)
{
    EG_ASSERT(map->kind == EG_CONFIG_MAP);
    map->members = grow(tree, map->members, map->count, sizeof(*map->members));
    map->members[map->count++] = (struct eg_config_member){
        .name = eg_arena_copy(&tree->arena, name),
        .place = place,
        .node = value,
    };
}

void eg_config_map_set(struct eg_config_tree *tree, struct eg_config_node *map, const char *name,
                       struct eg_config_node *value)
{
    for (size_t i = 0; i < map->count; i++) {
        if (eg_span_is(map->members[i].name, name)) {
            map->members[i].place = value->place;
            map->members[i].node = value;
            return;
        }
    }
    eg_config_map_append(tree, map, eg_span_text(name), value->place, value);
}

const struct eg_config_member *eg_config_member_find(const struct eg_config_node *map,
                                                     const char *name)
{
    if (!map || map->kind != EG_CONFIG_MAP)
        return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (eg_span_is(map->members[i].name, name))
            return &map->members[i];
    return NULL;
}

const struct eg_config_node *eg_config_node_get(const struct eg_config_node *map, const char *name)
{
    const struct eg_config_member *member = eg_config_member_find(map, name);
    return member ? member->node : NULL;
}

static bool is_one_of(struct eg_span text, const char *const *words)
{
    for (; *words; words++)
        if (eg_span_is(text, *words))
            return true;
    return false;
}

/* YAML 1.2.2, 10.3.2: tag resolution of the core schema. */
static bool looks_null(struct eg_span text)
{
    return is_one_of(text, (const char *const[]){"", "~", "null", "Null", "NULL", NULL});
}

static bool looks_true(struct eg_span text)
{
    return is_one_of(text, (const char *const[]){"true", "True", "TRUE", NULL});
}

static bool looks_false(struct eg_span text)
{
    return is_one_of(text, (const char *const[]){"false", "False", "FALSE", NULL});
}

static size_t skip_digits(struct eg_span text, size_t at)
{
    while (at < text.len && isdigit((unsigned char)text.ptr[at]))
        at++;
    return at;
}

/* A number as JSON writes it (RFC 8259, section 6); YAML's other spellings stay strings. */
static bool looks_number(struct eg_span text)
{
    size_t at = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    size_t end = skip_digits(text, at);
    if (end == at || (text.ptr[at] == '0' && end - at > 1))
        return false;
    if (end < text.len && text.ptr[end] == '.') {
        at = end + 1;
        end = skip_digits(text, at);
        if (end == at)
            return false;
    }
    if (end < text.len && (text.ptr[end] == 'e' || text.ptr[end] == 'E')) {
        at = end + 1;
        if (at < text.len && (text.ptr[at] == '+' || text.ptr[at] == '-'))
            at++;
        end = skip_digits(text, at);
        if (end == at)
            return false;
    }
    return end == text.len;
}

bool eg_config_node_is_null(const struct eg_config_node *node)
{
    return node->kind == EG_CONFIG_SCALAR && !node->quoted && looks_null(node->text);
}

const char *eg_config_node_describe(const struct eg_config_node *node)
{
    if (node->kind == EG_CONFIG_LIST)
        return "a list";
    if (node->kind == EG_CONFIG_MAP)
        return "a mapping";
    if (node->quoted)
        return "a string";
    if (looks_null(node->text))
        return "null";
    if (looks_true(node->text) || looks_false(node->text))
        return "true or false";
    return looks_number(node->text) ? "a number" : "a string";
}

static void scalar_to_json(const struct eg_config_node *node, struct eg_buffer *buffer)
{
    const bool plain = !node->quoted;
    if (plain && looks_null(node->text))
        eg_buffer_append_text(buffer, "null");
    else if (plain && looks_true(node->text))
        eg_buffer_append_text(buffer, "true");
    else if (plain && looks_false(node->text))
        eg_buffer_append_text(buffer, "false");
    else if (plain && looks_number(node->text))
        eg_buffer_append_span(buffer, node->text);
    else
        eg_config_quote_json(node->text, buffer);
}

void eg_config_node_to_json(const struct eg_config_node *node, struct eg_buffer *buffer)
{
    if (node->kind == EG_CONFIG_SCALAR) {
        scalar_to_json(node, buffer);
        return;
    }
    const bool is_map = node->kind == EG_CONFIG_MAP;
    eg_buffer_append_char(buffer, is_map ? '{' : '[');
    for (size_t i = 0; i < node->count; i++) {
        if (i > 0)
            eg_buffer_append_text(buffer, ", ");
        if (is_map) {
            eg_config_quote_json(node->members[i].name, buffer);
            eg_buffer_append_text(buffer, ": ");
        }
        eg_config_node_to_json(is_map ? node->members[i].node : node->items[i], buffer);
    }
    eg_buffer_append_char(buffer, is_map ? '}' : ']');
}
