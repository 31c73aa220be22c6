/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a filled struct back to YAML that reads the same. Strings are written as JSON strings, which
 * YAML's double quotes understand; "${" is escaped, so that it is not taken for a variable.
 */
#include "config/fields.h"

#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/quote.h"
#include "config/source.h"
#include "config/value.h"

struct line {
    const struct eg_field *field;
    unsigned indent;
    struct eg_buffer *buffer;
};

static void begin_line(const struct line *line)
{
    eg_buffer_printf(line->buffer, "%*s%s:", (int)line->indent, "", line->field->name);
}

static bool is_secret(const struct eg_field *field)
{
    return field->type == EG_FIELD_SECRET || field->type == EG_FIELD_LATE_SECRET;
}

static void dump_string(const struct line *line, const void *slot)
{
    const char *text = *(char *const *)slot;
    if (!text)
        return;
    begin_line(line);
    eg_buffer_append_char(line->buffer, ' ');
    eg_config_quote(is_secret(line->field) ? "***" : text, line->buffer);
    eg_buffer_append_char(line->buffer, '\n');
}

/* Absolute, because the dump may be read from another folder than the file was. */
static void dump_path(const struct line *line, const void *slot)
{
    const char *text = *(char *const *)slot;
    if (!text)
        return;
    EG_AUTOFREE char *here = get_current_dir_name();
    EG_AUTOFREE char *path = eg_config_path_resolve(here ? here : ".", text);
    begin_line(line);
    eg_buffer_append_char(line->buffer, ' ');
    eg_config_quote(path, line->buffer);
    eg_buffer_append_char(line->buffer, '\n');
}

static void dump_json(const struct line *line, const void *slot)
{
    const char *text = *(char *const *)slot;
    if (!text)
        return;
    begin_line(line);
    eg_buffer_append_char(line->buffer, ' ');
    eg_config_escape_dollars(text, line->buffer);
    eg_buffer_append_char(line->buffer, '\n');
}

static int64_t number_of(const struct eg_field *field, const void *slot)
{
    if (field->type == EG_FIELD_BOOL)
        return *(const bool *)slot;
    if (field->type == EG_FIELD_CHOICE)
        return *(const int *)slot;
    return *(const int64_t *)slot;
}

static void dump_number(const struct line *line, const void *slot)
{
    begin_line(line);
    eg_buffer_append_char(line->buffer, ' ');
    eg_config_value_format(line->field, number_of(line->field, slot), line->buffer);
    eg_buffer_append_char(line->buffer, '\n');
}

static void dump_string_list(const struct line *line, const void *slot)
{
    const struct eg_string_list *list = slot;
    begin_line(line);
    eg_buffer_append_text(line->buffer, " [");
    for (size_t i = 0; i < list->count; i++) {
        eg_buffer_append_text(line->buffer, i > 0 ? ", " : "");
        eg_config_quote(list->items[i], line->buffer);
    }
    eg_buffer_append_text(line->buffer, "]\n");
}

/* A map has no types: what a name calls a secret is one (sasl.password, client.secret, key.pem). */
static bool names_a_secret(const char *name)
{
    static const char *const words[] = {"password", "secret", "token", "authorization", ".pem"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(words); i++)
        if (strcasestr(name, words[i]))
            return true;
    return false;
}

static void dump_string_map(const struct line *line, const void *slot)
{
    const struct eg_string_map *map = slot;
    begin_line(line);
    eg_buffer_append_text(line->buffer, " {");
    for (size_t i = 0; i < map->count; i++) {
        eg_buffer_append_text(line->buffer, i > 0 ? ", " : "");
        eg_config_quote_name(map->entries[i].name, line->buffer);
        eg_buffer_append_text(line->buffer, ": ");
        eg_config_quote(names_a_secret(map->entries[i].name) ? "***" : map->entries[i].value,
                        line->buffer);
    }
    eg_buffer_append_text(line->buffer, "}\n");
}

static void dump_table(const struct line *line, const void *slot)
{
    begin_line(line);
    eg_buffer_append_char(line->buffer, '\n');
    eg_config_fields_dump(line->field->table, slot, line->indent + 2, line->buffer);
}

static void dump_table_list(const struct line *line, const void *slot)
{
    const struct eg_table_list *list = slot;
    begin_line(line);
    eg_buffer_append_text(line->buffer, list->count ? "\n" : " []\n");
    for (size_t i = 0; i < list->count; i++) {
        eg_buffer_printf(line->buffer, "%*s-\n", (int)line->indent + 2, "");
        eg_config_fields_dump(line->field->table,
                              (const char *)list->items + i * line->field->table->struct_bytes,
                              line->indent + 4, line->buffer);
    }
}

static void (*const dumpers[])(const struct line *line, const void *slot) = {
    [EG_FIELD_STRING] = dump_string,
    [EG_FIELD_SECRET] = dump_string,
    [EG_FIELD_LATE_SECRET] = dump_string,
    [EG_FIELD_BOOL] = dump_number,
    [EG_FIELD_INT] = dump_number,
    [EG_FIELD_DURATION] = dump_number,
    [EG_FIELD_SIZE] = dump_number,
    [EG_FIELD_CHOICE] = dump_number,
    [EG_FIELD_STRING_LIST] = dump_string_list,
    [EG_FIELD_STRING_MAP] = dump_string_map,
    [EG_FIELD_TABLE] = dump_table,
    [EG_FIELD_TABLE_LIST] = dump_table_list,
    [EG_FIELD_JSON] = dump_json,
    [EG_FIELD_PATH] = dump_path,
};

void eg_config_fields_dump(const struct eg_field_table *table, const void *target, unsigned indent,
                           struct eg_buffer *buffer)
{
    for (size_t i = 0; i < table->field_count; i++) {
        struct line line = {&table->fields[i], indent, buffer};
        dumpers[line.field->type](&line, (const char *)target + line.field->offset);
    }
}
