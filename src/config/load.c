/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a configuration, laying values over it, and handing out its sections. The file remembers
 * which top-level names somebody asked for; what is left at the end is a mistake of the user's.
 */
#include "config/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "config/upstream.h"

struct eg_config_file {
    struct eg_config_tree *tree;
    char *path;
    char *folder;
    const char **known; /* top-level names; they live in tables and callers' literals */
    size_t known_count;
};

static struct eg_config_file *file_new(struct eg_config_tree *take, const char *path, char *folder)
{
    struct eg_config_file *file = eg_calloc(1, sizeof(*file));
    file->tree = take;
    file->path = eg_strdup(path);
    file->folder = folder;
    return file;
}

struct eg_config_file *eg_config_file_new(const char *name, const char *folder)
{
    return file_new(eg_config_tree_new(name), name, eg_strdup(folder));
}

void eg_config_file_destroy(struct eg_config_file *file)
{
    if (!file)
        return;
    eg_config_tree_destroy(file->tree);
    free(file->path);
    free(file->folder);
    free(file->known);
    free(file);
}

static bool is_upstream_file(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "config.json") == 0;
}

/* The folder's paths are resolved while it is translated, so that nothing is left to resolve. */
static int load_upstream(const char *folder, struct eg_config_file **ret_file,
                         struct eg_config_problems *problems, struct eg_config_notices *notices)
{
    struct eg_config_tree *tree = NULL;
    if (eg_config_upstream_read(folder, &tree, problems, notices) != 0)
        return -1;
    *ret_file = file_new(tree, folder, eg_strdup("."));
    return 0;
}

static int load_yaml(const char *path, struct eg_config_file **ret_file,
                     struct eg_config_problems *problems)
{
    struct eg_config_tree *tree = NULL;
    if (eg_config_tree_read(path, EG_CONFIG_SUBSTITUTE_LATER, &tree, problems) != 0)
        return -1;
    if (tree->root->kind != EG_CONFIG_MAP) {
        (void)eg_config_problem_add(problems, tree->root->place,
                                    "expected a mapping of sections, got %s",
                                    eg_config_node_describe(tree->root));
        eg_config_tree_destroy(tree);
        return -1;
    }
    *ret_file = file_new(tree, path, eg_config_path_folder(path));
    return 0;
}

static int load_folder(const char *folder, struct eg_config_file **ret_file,
                       struct eg_config_problems *problems, struct eg_config_notices *notices)
{
    EG_AUTOFREE char *json = eg_config_path_resolve(folder, "config.json");
    EG_AUTOFREE char *yaml = eg_config_path_resolve(folder, "eventgate.yaml");
    if (eg_config_path_exists(yaml))
        return load_yaml(yaml, ret_file, problems);
    if (eg_config_path_exists(json))
        return load_upstream(folder, ret_file, problems, notices);
    return eg_config_problem_add(problems, (struct eg_config_place){folder, 0, 0},
                                 "holds neither eventgate.yaml nor config.json");
}

int eg_config_file_load(const char *path, struct eg_config_file **ret_file,
                        struct eg_config_problems *problems, struct eg_config_notices *notices)
{
    if (eg_config_path_is_folder(path))
        return load_folder(path, ret_file, problems, notices);
    if (!is_upstream_file(path))
        return load_yaml(path, ret_file, problems);
    EG_AUTOFREE char *folder = eg_config_path_folder(path);
    return load_upstream(folder, ret_file, problems, notices);
}

const char *eg_config_file_path(const struct eg_config_file *file)
{
    return file->path;
}

const char *eg_config_file_folder(const struct eg_config_file *file)
{
    return file->folder;
}

struct eg_config_tree *eg_config_file_tree(struct eg_config_file *file)
{
    return file->tree;
}

int eg_config_file_resolve(struct eg_config_file *file, struct eg_config_problems *problems)
{
    return eg_config_tree_resolve(file->tree, problems);
}

static void set_node(struct eg_config_file *file, const char *section, const char *name,
                     struct eg_config_node *value)
{
    struct eg_config_tree *tree = file->tree;
    struct eg_config_node *map = tree->root;
    for (size_t i = 0; section && i < tree->root->count; i++)
        if (eg_span_is(tree->root->members[i].name, section))
            map = tree->root->members[i].node;
    if (section && (map == tree->root || eg_config_node_is_null(map))) {
        map = eg_config_tree_map(tree, value->place);
        eg_config_map_set(tree, tree->root, section, map);
    }
    /* A section of the wrong kind is reported where it is read. */
    if (map->kind == EG_CONFIG_MAP)
        eg_config_map_set(tree, map, name, value);
}

void eg_config_file_set(struct eg_config_file *file, const char *section, const char *name,
                        const char *text, const char *origin)
{
    struct eg_config_place place = {origin, 0, 0};
    set_node(file, section, name, eg_config_tree_scalar(file->tree, place, text));
}

void eg_config_file_set_list(struct eg_config_file *file, const char *section, const char *name,
                             const char *const *texts, size_t count, const char *origin)
{
    struct eg_config_place place = {origin, 0, 0};
    struct eg_config_node *list = eg_config_tree_list(file->tree, place);
    for (size_t i = 0; i < count; i++)
        eg_config_list_add(file->tree, list, eg_config_tree_scalar(file->tree, place, texts[i]));
    set_node(file, section, name, list);
}

static void remember(struct eg_config_file *file, const char *name)
{
    file->known = eg_realloc_array(file->known, file->known_count + 1, sizeof(*file->known));
    file->known[file->known_count++] = name;
}

const struct eg_config_node *eg_config_file_section(struct eg_config_file *file, const char *name)
{
    remember(file, name);
    return eg_config_node_get(file->tree->root, name);
}

int eg_config_section_fill(struct eg_config_file *file, const struct eg_config_section *section,
                           struct eg_config_problems *problems)
{
    EG_ASSERT(file->tree->root);
    const bool top = section->name[0] == '\0';
    const struct eg_config_node *map = file->tree->root;
    for (size_t i = 0; top && i < section->table->field_count; i++)
        remember(file, section->table->fields[i].name);
    if (!top)
        map = eg_config_file_section(file, section->name);
    struct eg_config_part part = {section->table, section->target};
    struct eg_config_scope scope = {section->name, file->folder,
                                    (map ? map : file->tree->root)->place};
    return eg_config_fields_fill(&part, 1, map, &scope, problems);
}

static bool is_known(const struct eg_config_file *file, struct eg_span name)
{
    for (size_t i = 0; i < file->known_count; i++)
        if (eg_span_is(name, file->known[i]))
            return true;
    return false;
}

void eg_config_file_check_unknown(struct eg_config_file *file, struct eg_config_problems *problems)
{
    const struct eg_config_node *root = file->tree->root;
    for (size_t i = 0; i < root->count; i++) {
        const struct eg_config_member *member = &root->members[i];
        if (is_known(file, member->name))
            continue;
        const char *near = eg_config_nearest(member->name.ptr, file->known, file->known_count);
        (void)eg_config_problem_add(problems, member->place, "%s: no such setting%s%s%s",
                                    member->name.ptr, near ? "; did you mean '" : "",
                                    near ? near : "", near ? "'?" : "");
    }
}
