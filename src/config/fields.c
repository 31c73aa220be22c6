/* SPDX-License-Identifier: Apache-2.0 */
/* What a filled struct owns, and how it is given back. */
#include "config/fields.h"

#include <stdlib.h>
#include <string.h>

static void free_string(const struct eg_field *field, void *slot)
{
    char *text = *(char **)slot;
    if (text && (field->type == EG_FIELD_SECRET || field->type == EG_FIELD_LATE_SECRET))
        explicit_bzero(text, strlen(text));
    free(text);
}

static void free_string_list(const struct eg_field *field, void *slot)
{
    (void)field;
    struct eg_string_list *list = slot;
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
}

static void free_string_map(const struct eg_field *field, void *slot)
{
    (void)field;
    struct eg_string_map *map = slot;
    for (size_t i = 0; i < map->count; i++) {
        free(map->entries[i].name);
        free(map->entries[i].value);
    }
    free(map->entries);
}

static void free_table(const struct eg_field *field, void *slot)
{
    eg_config_fields_fini(field->table, slot);
}

static void free_table_list(const struct eg_field *field, void *slot)
{
    struct eg_table_list *list = slot;
    for (size_t i = 0; i < list->count; i++)
        eg_config_fields_fini(field->table, (char *)list->items + i * field->table->struct_bytes);
    free(list->items);
}

/* NULL: the type owns nothing. */
static void (*const releases[])(const struct eg_field *field, void *slot) = {
    [EG_FIELD_STRING] = free_string,         [EG_FIELD_SECRET] = free_string,
    [EG_FIELD_LATE_SECRET] = free_string,    [EG_FIELD_STRING_LIST] = free_string_list,
    [EG_FIELD_STRING_MAP] = free_string_map, [EG_FIELD_TABLE] = free_table,
    [EG_FIELD_TABLE_LIST] = free_table_list, [EG_FIELD_JSON] = free_string,
    [EG_FIELD_PATH] = free_string,
};

void eg_config_fields_fini(const struct eg_field_table *table, void *target)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const struct eg_field *field = &table->fields[i];
        if (releases[field->type])
            releases[field->type](field, (char *)target + field->offset);
    }
    memset(target, 0, table->struct_bytes);
}
