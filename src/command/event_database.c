/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the section `sinks` with the tables of the built-in types, and nothing else of the file. */
#include "command/event_database.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "config/load.h"
#include "pipeline/config.h"
#include "sinks/registry.h"

#define TYPES_MAX 32

static size_t list_variants(const struct eg_sink_registry *registry,
                            struct eg_config_variant *variants)
{
    size_t count = eg_sink_registry_count(registry);
    EG_ASSERT(count <= TYPES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct eg_sink_type *type = eg_sink_registry_at(registry, i);
        variants[i] = (struct eg_config_variant){type->name, type->help, type->config, type};
    }
    return count;
}

/* The setting `path` of a filled struct. */
static const char *path_of(const struct eg_config_entry *entry)
{
    const struct eg_field_table *table = entry->variant->table;
    for (size_t i = 0; i < table->field_count; i++) {
        if (strcmp(table->fields[i].name, "path") != 0)
            continue;
        char *const *slot =
            (char *const *)(const void *)((const char *)entry->specific + table->fields[i].offset);
        return *slot;
    }
    return NULL;
}

static int find_in(const struct eg_config_entries *entries, char **ret_path, struct eg_error *err)
{
    for (size_t i = 0; i < entries->count; i++) {
        const struct eg_config_entry *entry = &entries->items[i];
        if (!entry->variant || strcmp(entry->variant->name, "sqlite") != 0 || !path_of(entry))
            continue;
        *ret_path = eg_strdup(path_of(entry));
        return 0;
    }
    return eg_error_set(err, EG_ERR_CONFIG,
                        "the configuration has no sink of type sqlite: name a database with --db");
}

static int find(struct eg_config_file *file, const struct eg_sink_registry *registry,
                char **ret_path, struct eg_error *err)
{
    struct eg_config_variant variants[TYPES_MAX];
    struct eg_config_group group = {.name = "sinks",
                                    .common = &eg_sink_common_table,
                                    .variants = variants,
                                    .variant_count = list_variants(registry, variants)};
    struct eg_config_problems problems = {0};
    struct eg_config_entries entries = {0};
    (void)eg_config_group_fill(file, &group, &entries, &problems); /* see the header */
    if (entries.count == 0)
        (void)eg_config_entries_add_default(file, &group, &entries, "sqlite", "sqlite", &problems);
    int ret = find_in(&entries, ret_path, err);
    eg_config_entries_fini(&group, &entries);
    eg_config_problems_fini(&problems);
    return ret;
}

int eg_command_event_database_find(const char *config, char **ret_path, struct eg_error *err)
{
    struct eg_config_problems problems = {0};
    struct eg_config_notices notices = {0};
    struct eg_config_file *file = NULL;
    int ret = 0;
    if (!config)
        file = eg_config_file_new("defaults", ".");
    else if (eg_config_file_load(config, &file, &problems, &notices) != 0)
        ret = eg_config_problems_error(&problems, err);
    if (ret == 0) {
        struct eg_sink_registry *registry = eg_sink_registry_new();
        ret = find(file, registry, ret_path, err);
        eg_sink_registry_destroy(registry);
    }
    eg_config_file_destroy(file);
    eg_config_notices_fini(&notices);
    eg_config_problems_fini(&problems);
    return ret;
}
