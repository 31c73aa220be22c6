/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a mapping to structs. Every field is set exactly once: from its node, or from default_text,
 * which goes through the same functions as if it stood in the file. A default that does not parse
 * is a bug of ours and ends the program.
 */
#include "config/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "config/substitute.h"
#include "config/value.h"

#define MAX_SECRET_BYTES 65536u

/* What the functions below need beside the field: where they stand, and who wants to know. */
struct fill {
    const char *path;   /* of the field: "server.listen" */
    const char *folder; /* NULL: a default, nothing is resolved */
    struct eg_config_problems *problems;
};

static int set_field(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                     const struct fill *fill);

static int fail_type(const struct eg_config_node *node, const char *expected,
                     const struct fill *fill)
{
    return eg_config_problem_add(fill->problems, node->place, "%s: expected %s, got %s", fill->path,
                                 expected, eg_config_node_describe(node));
}

/*
 * The text of a node that has to be a string: any scalar as it is written, so that 1.10 and false
 * need no quotes. NULL: it is none, and a problem was added.
 */
static const char *string_of(const struct eg_config_node *node, const struct fill *fill)
{
    if (node->kind != EG_CONFIG_SCALAR) {
        (void)fail_type(node, "a string", fill);
        return NULL;
    }
    return node->text.ptr;
}

static int set_string(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                      const struct fill *fill)
{
    const char *text = string_of(node, fill);
    if (!text)
        return -1;
    bool resolve = field->type == EG_FIELD_PATH && fill->folder && text[0] != '\0';
    *(char **)slot = resolve ? eg_config_path_resolve(fill->folder, text) : eg_strdup(text);
    return 0;
}

static int read_secret(const char *file, const struct eg_config_node *node, char **ret_secret,
                       const struct fill *fill)
{
    struct eg_error err;
    EG_AUTOFREE char *path = eg_config_path_resolve(fill->folder ? fill->folder : ".", file);
    EG_AUTOBUFFER struct eg_buffer buffer = EG_BUFFER_INIT;
    if (eg_config_source_read(path, MAX_SECRET_BYTES, &buffer, &err) != 0)
        return eg_config_problem_add(fill->problems, node->place, "%s: %s", fill->path,
                                     err.message);
    while (buffer.len > 0 &&
           (buffer.data[buffer.len - 1] == '\n' || buffer.data[buffer.len - 1] == '\r'))
        buffer.data[--buffer.len] = '\0';
    if (buffer.len == 0 || memchr(buffer.data, '\0', buffer.len))
        return eg_config_problem_add(fill->problems, node->place, "%s: %s holds no text",
                                     fill->path, path);
    *ret_secret = eg_buffer_take(&buffer, NULL);
    return 0;
}

static void wipe_text(char **text)
{
    if (*text)
        explicit_bzero(*text, strlen(*text));
    free(*text);
}

/* A text, or {file: PATH}. */
static int set_secret(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                      const struct fill *fill)
{
    if (node->kind != EG_CONFIG_MAP)
        return set_string(field, node, slot, fill);
    const struct eg_config_node *file = eg_config_node_get(node, "file");
    if (!file || node->count != 1)
        return eg_config_problem_add(fill->problems, node->place,
                                     "%s: expected a string or {file: PATH}", fill->path);
    const char *path = string_of(file, fill);
    return path ? read_secret(path, file, slot, fill) : -1;
}

/* Kept so that expanding it gives the secret, today's or tomorrow's. */
static int set_late_secret(const struct eg_field *field, const struct eg_config_node *node,
                           void *slot, const struct fill *fill)
{
    struct eg_buffer kept = EG_BUFFER_INIT;
    EG_CLEANUP(wipe_text) char *text = NULL;
    if (set_secret(field, node, &text, fill) != 0)
        return -1;
    if (node->late.len > 0)
        eg_buffer_append_span(&kept, node->late);
    else
        eg_config_late_keep(eg_span_text(text), &kept);
    *(char **)slot = eg_buffer_take(&kept, NULL);
    return 0;
}

static int set_number(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                      const struct fill *fill)
{
    static const char *const expected[] = {[EG_FIELD_BOOL] = "true or false",
                                           [EG_FIELD_INT] = "an integer",
                                           [EG_FIELD_DURATION] = "a duration",
                                           [EG_FIELD_SIZE] = "a size",
                                           [EG_FIELD_CHOICE] = "a word"};
    struct eg_error err;
    int64_t value = 0;
    if (node->kind != EG_CONFIG_SCALAR)
        return fail_type(node, expected[field->type], fill);
    if (eg_config_value_parse(field, node->text, &value, &err) != 0)
        return eg_config_problem_add(fill->problems, node->place, "%s: %s", fill->path,
                                     err.message);
    if (field->type == EG_FIELD_BOOL)
        *(bool *)slot = value != 0;
    else if (field->type == EG_FIELD_CHOICE)
        *(int *)slot = (int)value;
    else
        *(int64_t *)slot = value;
    return 0;
}

static int set_string_list(const struct eg_field *field, const struct eg_config_node *node,
                           void *slot, const struct fill *fill)
{
    (void)field;
    struct eg_string_list *list = slot;
    if (node->kind == EG_CONFIG_MAP)
        return fail_type(node, "a list of strings", fill);
    size_t count = node->kind == EG_CONFIG_LIST ? node->count : 1;
    list->items = eg_calloc(count, sizeof(*list->items));
    int ret = 0;
    for (size_t i = 0; i < count; i++) {
        const char *text = string_of(node->kind == EG_CONFIG_LIST ? node->items[i] : node, fill);
        if (text)
            list->items[list->count++] = eg_strdup(text);
        else
            ret = -1;
    }
    return ret;
}

static int set_string_map(const struct eg_field *field, const struct eg_config_node *node,
                          void *slot, const struct fill *fill)
{
    (void)field;
    struct eg_string_map *map = slot;
    if (node->kind != EG_CONFIG_MAP)
        return fail_type(node, "a mapping of names to strings", fill);
    map->entries = eg_calloc(node->count, sizeof(*map->entries));
    int ret = 0;
    for (size_t i = 0; i < node->count; i++) {
        const char *text = string_of(node->members[i].node, fill);
        if (!text) {
            ret = -1;
            continue;
        }
        map->entries[map->count++] = (struct eg_string_map_entry){
            .name = eg_span_dup(node->members[i].name),
            .value = eg_strdup(text),
        };
    }
    return ret;
}

static int set_table(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                     const struct fill *fill)
{
    struct eg_config_part part = {field->table, slot};
    struct eg_config_scope scope = {fill->path, fill->folder, node->place};
    return eg_config_fields_fill(&part, 1, node, &scope, fill->problems);
}

static int set_table_list(const struct eg_field *field, const struct eg_config_node *node,
                          void *slot, const struct fill *fill)
{
    struct eg_table_list *list = slot;
    if (node->kind != EG_CONFIG_LIST)
        return fail_type(node, "a list of mappings", fill);
    list->items = eg_calloc(node->count, field->table->struct_bytes);
    list->count = node->count;
    int ret = 0;
    for (size_t i = 0; i < node->count; i++) {
        EG_AUTOFREE char *path = eg_asprintf("%s[%zu]", fill->path, i);
        struct fill inner = {path, fill->folder, fill->problems};
        char *item = (char *)list->items + i * field->table->struct_bytes;
        if (set_table(field, node->items[i], item, &inner) != 0)
            ret = -1;
    }
    return ret;
}

static int set_json(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                    const struct fill *fill)
{
    (void)field;
    (void)fill;
    struct eg_buffer buffer = EG_BUFFER_INIT;
    eg_config_node_to_json(node, &buffer);
    *(char **)slot = eg_buffer_take(&buffer, NULL);
    return 0;
}

static int (*const setters[])(const struct eg_field *field, const struct eg_config_node *node,
                              void *slot, const struct fill *fill) = {
    [EG_FIELD_STRING] = set_string,         [EG_FIELD_SECRET] = set_secret,
    [EG_FIELD_BOOL] = set_number,           [EG_FIELD_INT] = set_number,
    [EG_FIELD_DURATION] = set_number,       [EG_FIELD_SIZE] = set_number,
    [EG_FIELD_CHOICE] = set_number,         [EG_FIELD_STRING_LIST] = set_string_list,
    [EG_FIELD_STRING_MAP] = set_string_map, [EG_FIELD_TABLE] = set_table,
    [EG_FIELD_TABLE_LIST] = set_table_list, [EG_FIELD_JSON] = set_json,
    [EG_FIELD_PATH] = set_string,           [EG_FIELD_LATE_SECRET] = set_late_secret,
};

static int set_field(const struct eg_field *field, const struct eg_config_node *node, void *slot,
                     const struct fill *fill)
{
    return setters[field->type](field, node, slot, fill);
}

static void *slot_of(const struct eg_field *field, void *target)
{
    return (char *)target + field->offset;
}

/* Lists and mappings in default_text are YAML; anything else is one value. */
static void set_default(const struct eg_field *field, void *target)
{
    if (field->type == EG_FIELD_TABLE && !field->default_text)
        eg_config_fields_default(field->table, slot_of(field, target));
    if (!field->default_text || field->required)
        return;
    struct eg_config_problems problems = {0};
    struct fill fill = {field->name, NULL, &problems};
    struct eg_config_tree *tree = NULL;
    const char *text = field->default_text;
    int ret = -1;
    if (text[0] == '[' || text[0] == '{') {
        if (eg_config_tree_parse(eg_span_text(text), field->name, EG_CONFIG_LITERAL, &tree,
                                 &problems) == 0)
            ret = set_field(field, tree->root, slot_of(field, target), &fill);
    } else {
        tree = eg_config_tree_new(field->name);
        struct eg_config_node *node = eg_config_tree_scalar(tree, tree->root->place, text);
        ret = set_field(field, node, slot_of(field, target), &fill);
    }
    eg_config_tree_destroy(tree);
    if (ret != 0) {
        eg_config_problems_print(&problems, stderr);
        eg_panic(__FILE__, __LINE__, "a field's default_text does not fit its type or range");
    }
}

void eg_config_fields_default(const struct eg_field_table *table, void *target)
{
    memset(target, 0, table->struct_bytes);
    for (size_t i = 0; i < table->field_count; i++)
        set_default(&table->fields[i], target);
}

static char *join_path(const char *path, const char *name)
{
    return path[0] == '\0' ? eg_strdup(name) : eg_asprintf("%s.%s", path, name);
}

static int fill_field(const struct eg_field *field, const struct eg_config_node *map, void *target,
                      const struct eg_config_scope *scope, struct eg_config_problems *problems)
{
    EG_AUTOFREE char *path = join_path(scope->path, field->name);
    struct fill fill = {path, scope->folder, problems};
    const struct eg_config_node *node = eg_config_node_get(map, field->name);
    if (node && !eg_config_node_is_null(node))
        return set_field(field, node, slot_of(field, target), &fill);
    if (field->required)
        return eg_config_problem_add(problems, node ? node->place : scope->place,
                                     "%s: required, but not set", path);
    if (field->type == EG_FIELD_TABLE && !field->default_text) {
        struct eg_config_part part = {field->table, slot_of(field, target)};
        struct eg_config_scope inner = {path, scope->folder, node ? node->place : scope->place};
        return eg_config_fields_fill(&part, 1, NULL, &inner, problems);
    }
    set_default(field, target);
    return 0;
}

static size_t count_fields(const struct eg_config_part *parts, size_t part_count)
{
    size_t count = 0;
    for (size_t i = 0; i < part_count; i++)
        count += parts[i].table->field_count;
    return count;
}

/* All names that the parts know. The caller frees the array. */
static const char **list_names(const struct eg_config_part *parts, size_t part_count)
{
    const char **names = eg_calloc(count_fields(parts, part_count) + 1, sizeof(*names));
    size_t n = 0;
    for (size_t i = 0; i < part_count; i++)
        for (size_t j = 0; j < parts[i].table->field_count; j++)
            names[n++] = parts[i].table->fields[j].name;
    return names;
}

static bool knows(const char *const *names, size_t count, struct eg_span name)
{
    for (size_t i = 0; i < count; i++)
        if (eg_span_is(name, names[i]))
            return true;
    return false;
}

static int refuse_unknown(const struct eg_config_part *parts, size_t part_count,
                          const struct eg_config_node *map, const struct eg_config_scope *scope,
                          struct eg_config_problems *problems)
{
    EG_AUTOFREE const char **names = list_names(parts, part_count);
    size_t count = count_fields(parts, part_count);
    int ret = 0;
    for (size_t i = 0; i < map->count; i++) {
        const struct eg_config_member *member = &map->members[i];
        if (knows(names, count, member->name))
            continue;
        EG_AUTOFREE char *path = join_path(scope->path, member->name.ptr);
        const char *near = eg_config_nearest(member->name.ptr, names, count);
        ret = eg_config_problem_add(problems, member->place, "%s: no such setting%s%s%s", path,
                                    near ? "; did you mean '" : "", near ? near : "",
                                    near ? "'?" : "");
    }
    return ret;
}

int eg_config_fields_fill(const struct eg_config_part *parts, size_t part_count,
                          const struct eg_config_node *map, const struct eg_config_scope *scope,
                          struct eg_config_problems *problems)
{
    int ret = 0;
    if (map && eg_config_node_is_null(map))
        map = NULL;
    if (map && map->kind != EG_CONFIG_MAP) {
        ret = eg_config_problem_add(problems, map->place, "%s: expected a mapping, got %s",
                                    scope->path, eg_config_node_describe(map));
        for (size_t i = 0; i < part_count; i++)
            eg_config_fields_default(parts[i].table, parts[i].target);
        return ret;
    }
    /* The top of a file has sections beside the fields: they are looked at in load.c. */
    if (map && scope->path[0] != '\0')
        ret = refuse_unknown(parts, part_count, map, scope, problems);
    for (size_t i = 0; i < part_count; i++) {
        memset(parts[i].target, 0, parts[i].table->struct_bytes);
        for (size_t j = 0; j < parts[i].table->field_count; j++)
            if (fill_field(&parts[i].table->fields[j], map, parts[i].target, scope, problems) != 0)
                ret = -1;
    }
    return ret;
}
