/* SPDX-License-Identifier: Apache-2.0 */
/* A field table as a Markdown table; nested tables become rows with dotted names. */
#include "config/fields.h"

#include <string.h>

#include "base/memory.h"
#include "config/value.h"

static const char *const type_names[] = {
    [EG_FIELD_STRING] = "string",
    [EG_FIELD_SECRET] = "secret",
    [EG_FIELD_LATE_SECRET] = "secret",
    [EG_FIELD_BOOL] = "true or false",
    [EG_FIELD_INT] = "integer",
    [EG_FIELD_DURATION] = "duration",
    [EG_FIELD_SIZE] = "size",
    [EG_FIELD_CHOICE] = "one of ",
    [EG_FIELD_STRING_LIST] = "list of strings",
    [EG_FIELD_STRING_MAP] = "names to strings",
    [EG_FIELD_TABLE] = "mapping",
    [EG_FIELD_TABLE_LIST] = "list of mappings",
    [EG_FIELD_JSON] = "any",
    [EG_FIELD_PATH] = "path",
};

/* '|' would end the cell. */
static void append_cell(const char *text, struct eg_buffer *buffer)
{
    for (; *text; text++) {
        if (*text == '|')
            eg_buffer_append_char(buffer, '\\');
        eg_buffer_append_char(buffer, *text);
    }
}

static void append_type(const struct eg_field *field, struct eg_buffer *buffer)
{
    eg_buffer_append_text(buffer, type_names[field->type]);
    for (size_t i = 0; field->type == EG_FIELD_CHOICE && field->choices[i]; i++)
        eg_buffer_printf(buffer, "%s`%s`", i > 0 ? ", " : "", field->choices[i]);
    if (field->min == 0 && field->max == 0)
        return;
    eg_buffer_append_text(buffer, field->max == INT64_MAX ? ", at least " : ", ");
    eg_config_value_format(field, field->min, buffer);
    if (field->max != INT64_MAX) {
        eg_buffer_append_text(buffer, " to ");
        eg_config_value_format(field, field->max, buffer);
    }
}

static void append_default(const struct eg_field *field, struct eg_buffer *buffer)
{
    if (field->required)
        eg_buffer_append_text(buffer, "**required**");
    else if (field->default_text && field->default_text[0]) {
        eg_buffer_append_char(buffer, '`');
        append_cell(field->default_text, buffer);
        eg_buffer_append_char(buffer, '`');
    } else if (field->type == EG_FIELD_BOOL)
        eg_buffer_append_text(buffer, "`false`");
}

static void append_rows(const struct eg_field_table *table, const char *prefix,
                        struct eg_buffer *buffer)
{
    for (size_t i = 0; i < table->field_count; i++) {
        const struct eg_field *field = &table->fields[i];
        bool nested = field->type == EG_FIELD_TABLE || field->type == EG_FIELD_TABLE_LIST;
        const char *mark = field->type == EG_FIELD_TABLE_LIST ? "[]" : "";
        eg_buffer_printf(buffer, "| `%s%s` | ", prefix, field->name);
        append_type(field, buffer);
        eg_buffer_append_text(buffer, " | ");
        append_default(field, buffer);
        eg_buffer_append_text(buffer, " | ");
        append_cell(field->help ? field->help : "", buffer);
        eg_buffer_append_text(buffer, " |\n");
        if (nested) {
            EG_AUTOFREE char *inner = eg_asprintf("%s%s%s.", prefix, field->name, mark);
            append_rows(field->table, inner, buffer);
        }
    }
}

void eg_config_fields_document(const struct eg_field_table *table, struct eg_buffer *buffer)
{
    eg_buffer_append_text(buffer,
                          "| Setting | Type | Default | What it does |\n|---|---|---|---|\n");
    append_rows(table, "", buffer);
}
