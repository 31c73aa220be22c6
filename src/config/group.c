/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sections of named entries. An entry's `type` picks the second table; both tables and the type
 * share the entry's mapping, so each of them is one part of the same fill.
 */
#include "config/load.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define MAX_NAME_BYTES 249u

struct type_part {
    char *type;
};

static const struct eg_field type_fields[] = {
    {.name = "type",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct type_part, type),
     .required = true,
     .help = "What it is."},
};

static const struct eg_field_table type_table = {
    .name = "type",
    .fields = type_fields,
    .field_count = EG_ARRAY_COUNT(type_fields),
    .struct_bytes = sizeof(struct type_part),
};

static bool is_entry_name(struct eg_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && !strchr("._-", name.ptr[i]))
            return false;
    return name.len > 0 && name.len <= MAX_NAME_BYTES;
}

static const struct eg_config_variant *find_variant(const struct eg_config_group *group,
                                                    struct eg_span type)
{
    for (size_t i = 0; i < group->variant_count; i++)
        if (eg_span_is(type, group->variants[i].name))
            return &group->variants[i];
    return NULL;
}

static int fail_variant(const struct eg_config_group *group, const char *path,
                        const struct eg_config_node *type, struct eg_config_problems *problems)
{
    EG_AUTOBUFFER struct eg_buffer names = EG_BUFFER_INIT;
    for (size_t i = 0; i < group->variant_count; i++)
        eg_buffer_printf(&names, "%s%s", i > 0 ? ", " : "", group->variants[i].name);
    if (type->kind != EG_CONFIG_SCALAR)
        return eg_config_problem_add(problems, type->place, "%s.type: expected one of %s, got %s",
                                     path, names.data, eg_config_node_describe(type));
    return eg_config_problem_add(problems, type->place, "%s.type: expected one of %s, got '%s'",
                                 path, names.data, type->text.ptr);
}

/* The variant of an entry. -1: a problem was added. */
static int pick_variant(const struct eg_config_group *group, const char *path,
                        const struct eg_config_member *member,
                        const struct eg_config_variant **ret_variant,
                        struct eg_config_problems *problems)
{
    if (!group->variants)
        return 0;
    const struct eg_config_node *type = eg_config_node_get(member->node, "type");
    if (!type && (member->node->kind == EG_CONFIG_MAP || eg_config_node_is_null(member->node)))
        return eg_config_problem_add(problems, member->place, "%s.type: required, but not set",
                                     path);
    if (!type)
        return eg_config_problem_add(problems, member->node->place,
                                     "%s: expected a mapping, got %s", path,
                                     eg_config_node_describe(member->node));
    *ret_variant = type->kind == EG_CONFIG_SCALAR ? find_variant(group, type->text) : NULL;
    return *ret_variant ? 0 : fail_variant(group, path, type, problems);
}

static int fill_entry(const struct eg_config_file *file, const struct eg_config_group *group,
                      const char *path, const struct eg_config_member *member,
                      struct eg_config_entry *entry, struct eg_config_problems *problems)
{
    struct type_part type = {NULL};
    struct eg_config_part parts[3];
    size_t count = 0;
    entry->common = eg_calloc(1, group->common->struct_bytes);
    parts[count++] = (struct eg_config_part){group->common, entry->common};
    if (entry->variant)
        parts[count++] = (struct eg_config_part){&type_table, &type};
    if (entry->variant && entry->variant->table) {
        entry->specific = eg_calloc(1, entry->variant->table->struct_bytes);
        parts[count++] = (struct eg_config_part){entry->variant->table, entry->specific};
    }
    struct eg_config_scope scope = {path, eg_config_file_folder(file), member->place};
    int ret = eg_config_fields_fill(parts, count, member->node, &scope, problems);
    eg_config_fields_fini(&type_table, &type);
    return ret;
}

static int add_entry(const struct eg_config_file *file, const struct eg_config_group *group,
                     const struct eg_config_member *member, struct eg_config_entries *entries,
                     struct eg_config_problems *problems)
{
    EG_AUTOFREE char *path = eg_asprintf("%s.%s", group->name, member->name.ptr);
    if (!is_entry_name(member->name))
        return eg_config_problem_add(
            problems, member->place,
            "%s: a name is 1 to %u letters, digits, dots, hyphens and underscores", path,
            MAX_NAME_BYTES);
    const struct eg_config_variant *variant = NULL;
    if (pick_variant(group, path, member, &variant, problems) != 0)
        return -1;
    entries->items = eg_realloc_array(entries->items, entries->count + 1, sizeof(*entries->items));
    struct eg_config_entry *entry = &entries->items[entries->count++];
    *entry = (struct eg_config_entry){.name = eg_span_dup(member->name),
                                      .variant = variant,
                                      .node = member->node,
                                      .place = member->place};
    return fill_entry(file, group, path, member, entry, problems);
}

int eg_config_group_fill(struct eg_config_file *file, const struct eg_config_group *group,
                         struct eg_config_entries *entries, struct eg_config_problems *problems)
{
    const struct eg_config_node *map = eg_config_file_section(file, group->name);
    *entries = (struct eg_config_entries){0};
    if (!map || eg_config_node_is_null(map))
        return 0;
    if (map->kind != EG_CONFIG_MAP)
        return eg_config_problem_add(problems, map->place,
                                     "%s: expected a mapping of names to mappings, got %s",
                                     group->name, eg_config_node_describe(map));
    int ret = 0;
    for (size_t i = 0; i < map->count; i++)
        if (add_entry(file, group, &map->members[i], entries, problems) != 0)
            ret = -1;
    return ret;
}

int eg_config_entries_add_default(struct eg_config_file *file, const struct eg_config_group *group,
                                  struct eg_config_entries *entries, const char *name,
                                  const char *type, struct eg_config_problems *problems)
{
    struct eg_config_tree *tree = eg_config_file_tree(file);
    struct eg_config_place place = {tree->file, 0, 0};
    struct eg_config_node *map = eg_config_tree_map(tree, place);
    eg_config_map_set(tree, map, "type", eg_config_tree_scalar(tree, place, type));
    struct eg_config_member member = {
        .name = eg_arena_copy(&tree->arena, eg_span_text(name)), .place = place, .node = map};
    return add_entry(file, group, &member, entries, problems);
}

void eg_config_entries_fini(const struct eg_config_group *group, struct eg_config_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++) {
        struct eg_config_entry *entry = &entries->items[i];
        eg_config_fields_fini(group->common, entry->common);
        if (entry->variant && entry->specific)
            eg_config_fields_fini(entry->variant->table, entry->specific);
        free(entry->common);
        free(entry->specific);
        free(entry->name);
    }
    free(entries->items);
    *entries = (struct eg_config_entries){0};
}

void eg_config_entries_dump(const struct eg_config_group *group,
                            const struct eg_config_entries *entries, struct eg_buffer *buffer)
{
    eg_buffer_printf(buffer, "%s:%s\n", group->name, entries->count ? "" : " {}");
    for (size_t i = 0; i < entries->count; i++) {
        const struct eg_config_entry *entry = &entries->items[i];
        eg_buffer_printf(buffer, "  \"%s\":\n", entry->name);
        if (entry->variant)
            eg_buffer_printf(buffer, "    type: %s\n", entry->variant->name);
        eg_config_fields_dump(group->common, entry->common, 4, buffer);
        if (entry->variant && entry->specific)
            eg_config_fields_dump(entry->variant->table, entry->specific, 4, buffer);
    }
}
