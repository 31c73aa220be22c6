/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Field tables (include/eventgate/field.h) put to work: mapping to struct, and struct to text.
 *
 * Control thread. A filled struct owns its strings, lists and nested tables; eg_config_fields_fini
 * frees them and leaves zeroes. Filling never stops at the first mistake.
 */
#ifndef EG_CONFIG_FIELDS_H
#define EG_CONFIG_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "config/problem.h"
#include "config/tree.h"
#include "eventgate/field.h"

/* One struct that takes part in a mapping. Several parts share one mapping: what a sink has in
   common with the others, and what is its own. */
struct eg_config_part {
    const struct eg_field_table *table;
    void *target; /* table->struct_bytes; need not be initialised */
};

/* Where a mapping stands, for messages and for relative paths. */
struct eg_config_scope {
    const char *path;             /* "server", "sinks.events"; "": the file's top */
    const char *folder;           /* relative EG_FIELD_PATH and {file: PATH} begin here */
    struct eg_config_place place; /* of the mapping, or of what should have held it */
};

/*
 * Fills every part from `map`; NULL (or a null) is a mapping with nothing in it. Reports unknown
 * names with the nearest known one, wrong types, values out of range, what is required and missing.
 * 0, or -1 with problems added; the structs are whole in both cases, and the caller frees them.
 */
int eg_config_fields_fill(const struct eg_config_part *parts, size_t part_count,
                          const struct eg_config_node *map, const struct eg_config_scope *scope,
                          struct eg_config_problems *problems);

/* Every field its default_text (required ones too, so they stay zero). */
void eg_config_fields_default(const struct eg_field_table *table, void *target);

void eg_config_fields_fini(const struct eg_field_table *table, void *target);

/*
 * The struct as YAML, `indent` spaces deep; secrets become "***". What is unset is left out, so
 * that the text can be read again; paths stand as the daemon uses them, from the current directory.
 */
void eg_config_fields_dump(const struct eg_field_table *table, const void *target, unsigned indent,
                           struct eg_buffer *buffer);

/* The table as a Markdown table: name, type, default, range, help; nested tables as `a.b` rows. */
void eg_config_fields_document(const struct eg_field_table *table, struct eg_buffer *buffer);

/* The candidate nearest to `word` when it is near enough to be meant, else NULL. */
const char *eg_config_nearest(const char *word, const char *const *candidates, size_t count);

#endif
