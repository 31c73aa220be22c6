/* SPDX-License-Identifier: Apache-2.0 */
/* The list of plain sections, shared by settings.c and settings_text.c. */
#ifndef EG_APP_SECTIONS_H
#define EG_APP_SECTIONS_H

#include <stddef.h>

#include "eventgate/field.h"

struct eg_app_section {
    const char *name; /* "": top-level names */
    const struct eg_field_table *table;
    size_t offset;    /* in struct eg_app_settings */
    const char *help; /* a sentence for the page */
};

extern const struct eg_app_section eg_app_sections[];
extern const size_t eg_app_section_count;

struct eg_string_list;

/* Environment variables that are settings: for the page, and laid over the file. */
struct eg_app_variable {
    const char *name;
    const char *section;
    const char *setting;
    const char *help;
    void (*split)(const char *text, struct eg_string_list *list); /* NULL: one value */
};

/* POSTGRES_SECRET_NAME and POSTGRES_SECRET_REGION, laid over the file as a sink. */
struct eg_config_file;
void eg_app_apply_secret_sink(struct eg_config_file *file);

extern const struct eg_app_variable eg_app_variables[];
extern const size_t eg_app_variable_count;

#endif
