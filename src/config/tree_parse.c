/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml events to nodes. Only here is yaml.h known.
 *
 * Events are pulled one by one and the depth is checked before going down, so that hostile nesting
 * ends at the limit instead of filling the parser's own stacks. A mistake that leaves the structure
 * intact (an alias, a key that stands twice, an unset variable) is noted and reading goes on;
 * broken YAML ends it, because every later place would be a guess.
 */
#include "config/tree.h"

#include <string.h>

#include <jansson.h>
#include <yaml.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/index.h"
#include "config/json_escape.h"
#include "config/source.h"
#include "config/substitute.h"

struct parse {
    yaml_parser_t yaml;
    struct eg_config_tree *tree;
    enum eg_config_substitution substitution;
    struct eg_config_problems *problems;
    struct eg_span text;
    size_t node_count;
    unsigned depth;
};

static struct eg_config_node *read_node(struct parse *parse, const yaml_event_t *event);

static struct eg_config_place place_of(const struct parse *parse, yaml_mark_t mark)
{
    return (struct eg_config_place){parse->tree->file, (unsigned)mark.line + 1,
                                    (unsigned)mark.column + 1};
}

/* The reader tells a byte offset instead of a mark. */
static struct eg_config_place place_of_offset(const struct parse *parse, size_t offset)
{
    struct eg_config_place place = {parse->tree->file, 1, 1};
    for (size_t i = 0; i < offset && i < parse->text.len; i++) {
        place.column++;
        if (parse->text.ptr[i] == '\n') {
            place.line++;
            place.column = 1;
        }
    }
    return place;
}

static int report_syntax(struct parse *parse)
{
    const yaml_parser_t *yaml = &parse->yaml;
    const char *what = yaml->problem ? yaml->problem : "can't be read";
    if (yaml->error == YAML_READER_ERROR)
        return eg_config_problem_add(parse->problems, place_of_offset(parse, yaml->problem_offset),
                                     "not YAML: %s", what);
    return eg_config_problem_add(parse->problems, place_of(parse, yaml->problem_mark),
                                 "not YAML: %s%s%s", what, yaml->context ? ", " : "",
                                 yaml->context ? yaml->context : "");
}

/* The next event, which the caller deletes. -1: a problem was added. */
static int next_event(struct parse *parse, yaml_event_t *event)
{
    if (yaml_parser_parse(&parse->yaml, event))
        return 0;
    return report_syntax(parse);
}

static void refuse_anchor(struct parse *parse, const yaml_event_t *event, const yaml_char_t *anchor)
{
    if (anchor)
        (void)eg_config_problem_add(parse->problems, place_of(parse, event->start_mark),
                                    "anchors and aliases are not supported: write the value "
                                    "out where it is needed ('&%s')",
                                    (const char *)anchor);
}

static void check_tag(struct parse *parse, const yaml_event_t *event, const yaml_char_t *tag,
                      const char *allowed)
{
    const char *text = (const char *)tag;
    if (text && strcmp(text, "!") != 0 && strcmp(text, allowed) != 0)
        (void)eg_config_problem_add(parse->problems, place_of(parse, event->start_mark),
                                    "tag '%s' is not supported", text);
}

/* The node's text becomes what `text` stands for. */
static int substitute(struct eg_config_tree *tree, struct eg_config_node *node, struct eg_span text,
                      struct eg_config_problems *problems)
{
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    if (eg_config_substitute(text, &buffer, &err) != 0)
        return eg_config_problem_add(problems, node->place, "%s", err.message);
    json_t *checked = json_stringn(buffer.len ? buffer.data : "", buffer.len);
    if (!checked)
        return eg_config_problem_add(problems, node->place,
                                     "an environment variable in this value is not UTF-8");
    json_decref(checked);
    node->text = eg_arena_copy(&tree->arena, eg_buffer_span(&buffer));
    return 0;
}

static void substitute_scalar(struct parse *parse, struct eg_config_node *node)
{
    struct eg_span text = node->text;
    if (parse->substitution == EG_CONFIG_LITERAL || !memmem(text.ptr, text.len, "${", 2))
        return;
    if (eg_config_substitute_wants_secret(text))
        node->late = text;
    if (node->late.len == 0 || parse->substitution != EG_CONFIG_SUBSTITUTE_LATER)
        (void)substitute(parse->tree, node, text, parse->problems);
}

/* As deep as the file was nested, which is bounded. */
static int resolve(struct eg_config_tree *tree, struct eg_config_node *node,
                   struct eg_config_problems *problems)
{
    int ret = 0;
    if (node->kind == EG_CONFIG_SCALAR)
        return node->late.len > 0 ? substitute(tree, node, node->late, problems) : 0;
    for (size_t i = 0; i < node->count; i++)
        if (resolve(tree, node->kind == EG_CONFIG_MAP ? node->members[i].node : node->items[i],
                    problems) != 0)
            ret = -1;
    return ret;
}

int eg_config_tree_resolve(struct eg_config_tree *tree, struct eg_config_problems *problems)
{
    return resolve(tree, tree->root, problems);
}

static struct eg_config_node *read_scalar(struct parse *parse, const yaml_event_t *event)
{
    struct eg_config_place place = place_of(parse, event->start_mark);
    struct eg_span text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    refuse_anchor(parse, event, event->data.scalar.anchor);
    check_tag(parse, event, event->data.scalar.tag, YAML_STR_TAG);
    struct eg_config_node *node = eg_config_tree_scalar(parse->tree, place, "");
    node->quoted =
        event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE || event->data.scalar.tag != NULL;
    if (memchr(text.ptr, '\0', text.len))
        (void)eg_config_problem_add(parse->problems, place, "a text must not hold a NUL");
    node->text = eg_arena_copy(&parse->tree->arena, text);
    substitute_scalar(parse, node);
    return node;
}

/* An alias gives a null in its place, so that what is around it is still looked at. */
static struct eg_config_node *read_alias(struct parse *parse, const yaml_event_t *event)
{
    struct eg_config_place place = place_of(parse, event->start_mark);
    (void)eg_config_problem_add(parse->problems, place,
                                "anchors and aliases are not supported: write the value out "
                                "where it is needed ('*%s')",
                                (const char *)event->data.alias.anchor);
    struct eg_config_node *node = eg_config_tree_scalar(parse->tree, place, "");
    node->quoted = false;
    return node;
}

static struct eg_config_node *read_list(struct parse *parse, const yaml_event_t *event)
{
    refuse_anchor(parse, event, event->data.sequence_start.anchor);
    check_tag(parse, event, event->data.sequence_start.tag, YAML_SEQ_TAG);
    struct eg_config_node *list =
        eg_config_tree_list(parse->tree, place_of(parse, event->start_mark));
    for (;;) {
        yaml_event_t item;
        if (next_event(parse, &item) != 0)
            return NULL;
        bool ended = item.type == YAML_SEQUENCE_END_EVENT;
        struct eg_config_node *node = ended ? NULL : read_node(parse, &item);
        yaml_event_delete(&item);
        if (ended)
            return list;
        if (!node)
            return NULL;
        eg_config_list_add(parse->tree, list, node);
    }
}

/* The key of a member; NULL: broken off. *ret_usable is false for a key that can't be one. */
static struct eg_config_node *read_key(struct parse *parse, const yaml_event_t *event,
                                       bool *ret_usable)
{
    /* ${...} is for values: a key from the environment would be a surprise. */
    enum eg_config_substitution before = parse->substitution;
    parse->substitution = EG_CONFIG_LITERAL;
    struct eg_config_node *key = read_node(parse, event);
    parse->substitution = before;
    if (!key)
        return NULL;
    *ret_usable = false;
    if (key->kind != EG_CONFIG_SCALAR)
        (void)eg_config_problem_add(parse->problems, key->place, "a name must be a text, not %s",
                                    eg_config_node_describe(key));
    else if (!key->quoted && eg_span_is(key->text, "<<"))
        (void)eg_config_problem_add(parse->problems, key->place,
                                    "merge keys ('<<') are not supported");
    else
        *ret_usable = true;
    return key;
}

static int read_member(struct parse *parse, struct eg_config_node *map, const yaml_event_t *event)
{
    bool usable = false;
    struct eg_config_node *key = read_key(parse, event, &usable);
    if (!key)
        return -1;
    yaml_event_t value_event;
    if (next_event(parse, &value_event) != 0)
        return -1;
    struct eg_config_node *value = read_node(parse, &value_event);
    yaml_event_delete(&value_event);
    if (!value)
        return -1;
    if (usable)
        eg_config_map_append(parse->tree, map, key->text, key->place, value);
    return 0;
}

static void refuse_duplicates(struct parse *parse, const struct eg_config_node *map)
{
    struct eg_config_index index = {0};
    for (size_t i = 0; i < map->count; i++) {
        const struct eg_config_member *member = &map->members[i];
        size_t first = eg_config_index_add(&index, member->name, i);
        if (first != EG_CONFIG_INDEX_NONE)
            (void)eg_config_problem_add(parse->problems, member->place,
                                        "'%.*s' stands here twice: the first is in line %u",
                                        EG_SPAN_ARGS(member->name), map->members[first].place.line);
    }
    eg_config_index_fini(&index);
}

static struct eg_config_node *read_map(struct parse *parse, const yaml_event_t *event)
{
    refuse_anchor(parse, event, event->data.mapping_start.anchor);
    check_tag(parse, event, event->data.mapping_start.tag, YAML_MAP_TAG);
    struct eg_config_node *map =
        eg_config_tree_map(parse->tree, place_of(parse, event->start_mark));
    for (;;) {
        yaml_event_t key;
        if (next_event(parse, &key) != 0)
            return NULL;
        bool ended = key.type == YAML_MAPPING_END_EVENT;
        int ret = ended ? 0 : read_member(parse, map, &key);
        yaml_event_delete(&key);
        if (ret != 0)
            return NULL;
        if (ended)
            break;
    }
    refuse_duplicates(parse, map);
    return map;
}

static int check_limits(struct parse *parse, const yaml_event_t *event)
{
    if (parse->depth > EG_CONFIG_MAX_DEPTH)
        return eg_config_problem_add(parse->problems, place_of(parse, event->start_mark),
                                     "nested more than %u deep", EG_CONFIG_MAX_DEPTH);
    if (++parse->node_count > EG_CONFIG_MAX_NODES)
        return eg_config_problem_add(parse->problems, place_of(parse, event->start_mark),
                                     "more than %u values", EG_CONFIG_MAX_NODES);
    return 0;
}

/* The node that begins with this event. NULL: a problem was added and reading can't go on. */
static struct eg_config_node *read_node(struct parse *parse, const yaml_event_t *event)
{
    if (check_limits(parse, event) != 0)
        return NULL;
    struct eg_config_node *node = NULL;
    parse->depth++;
    if (event->type == YAML_SCALAR_EVENT)
        node = read_scalar(parse, event);
    else if (event->type == YAML_SEQUENCE_START_EVENT)
        node = read_list(parse, event);
    else if (event->type == YAML_MAPPING_START_EVENT)
        node = read_map(parse, event);
    else if (event->type == YAML_ALIAS_EVENT)
        node = read_alias(parse, event);
    else
        eg_panic(__FILE__, __LINE__, "the parser gave an event that can't begin a value");
    parse->depth--;
    return node;
}

/* One event of the stream; sets the root when it is the document's. 1: the stream has ended. */
static int read_top(struct parse *parse, bool *seen_root)
{
    yaml_event_t event;
    if (next_event(parse, &event) != 0)
        return -1;
    int ret = event.type == YAML_STREAM_END_EVENT ? 1 : 0;
    if (event.type == YAML_DOCUMENT_START_EVENT && *seen_root)
        ret = eg_config_problem_add(parse->problems, place_of(parse, event.start_mark),
                                    "only one document a file");
    bool is_value = event.type == YAML_SCALAR_EVENT || event.type == YAML_MAPPING_START_EVENT ||
                    event.type == YAML_SEQUENCE_START_EVENT || event.type == YAML_ALIAS_EVENT;
    if (ret == 0 && is_value) {
        struct eg_config_node *node = read_node(parse, &event);
        ret = node ? 0 : -1;
        if (node && !eg_config_node_is_null(node))
            parse->tree->root = node;
        *seen_root = true;
    }
    yaml_event_delete(&event);
    return ret;
}

static int read_stream(struct parse *parse)
{
    bool seen_root = false;
    int ret = 0;
    while (ret == 0)
        ret = read_top(parse, &seen_root);
    return ret < 0 ? -1 : 0;
}

static int parse_text(struct eg_span text, const char *file, enum eg_config_substitution how,
                      struct eg_config_tree **ret_tree, struct eg_config_problems *problems)
{
    size_t before = problems->count + problems->dropped;
    struct parse parse = {
        .tree = eg_config_tree_new(file), .substitution = how, .problems = problems, .text = text};
    EG_ASSERT(yaml_parser_initialize(&parse.yaml));
    yaml_parser_set_input_string(&parse.yaml, (const unsigned char *)text.ptr, text.len);
    (void)read_stream(&parse);
    yaml_parser_delete(&parse.yaml);
    if (problems->count + problems->dropped != before) {
        eg_config_tree_destroy(parse.tree);
        return -1;
    }
    *ret_tree = parse.tree;
    return 0;
}

int eg_config_tree_parse(struct eg_span text, const char *file, enum eg_config_substitution how,
                         struct eg_config_tree **ret_tree, struct eg_config_problems *problems)
{
    struct eg_config_place whole = {file, 0, 0};
    if (text.len > EG_CONFIG_MAX_FILE_BYTES)
        return eg_config_problem_add(problems, whole, "more than %u bytes",
                                     EG_CONFIG_MAX_FILE_BYTES);
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    if (eg_config_json_join_surrogates(text, &buffer))
        text = eg_buffer_span(&buffer);
    return parse_text(text, file, how, ret_tree, problems);
}

int eg_config_tree_read(const char *path, enum eg_config_substitution how,
                        struct eg_config_tree **ret_tree, struct eg_config_problems *problems)
{
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    if (eg_config_source_read(path, EG_CONFIG_MAX_FILE_BYTES, &buffer, &err) != 0)
        return eg_config_problem_add(problems, (struct eg_config_place){path, 0, 0}, "%s",
                                     eg_config_source_reason(path, &err));
    return eg_config_tree_parse(eg_buffer_span(&buffer), path, how, ret_tree, problems);
}
