/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole configuration: one file (or one folder of the Python EventGate, config/upstream.h), seen
 * as sections that other rooms have tables for.
 *
 *     eg_config_file_load(path, ...)            read and parse
 *     eg_config_file_set(file, "log", ...)      the environment and the command line, laid over it
 *     eg_config_file_resolve(file, ...)         secrets, once it is known how to reach them
 *     eg_config_section_fill(file, section)     one for each section of the program
 *     eg_config_group_fill(file, group)         sections of named entries: sinks, topics
 *     eg_config_file_check_unknown(file)        whatever nobody asked for
 *
 * Control thread. All of them report into the same list and go on; the caller looks at its count.
 */
#ifndef EG_CONFIG_LOAD_H
#define EG_CONFIG_LOAD_H

#include <stddef.h>

#include "base/compiler.h"
#include "config/fields.h"
#include "config/problem.h"
#include "config/tree.h"

struct eg_config_file;

/*
 * Loads a YAML file, or a folder that holds config.json. 0, or -1 with problems added. Problems
 * that do not hinder reading on are added, and 0 is returned.
 */
int eg_config_file_load(const char *path, struct eg_config_file **ret_file,
                        struct eg_config_problems *problems,
                        struct eg_config_notices *notices) EG_MUST_CHECK;
void eg_config_file_destroy(struct eg_config_file *file); /* NULL is fine */

/* An empty configuration, for what is put together by hand; relative paths begin at `folder`. */
struct eg_config_file *eg_config_file_new(const char *name, const char *folder);

const char *eg_config_file_path(const struct eg_config_file *file);
const char *eg_config_file_folder(const struct eg_config_file *file);
struct eg_config_tree *eg_config_file_tree(struct eg_config_file *file);

/*
 * Puts secrets (${secret:NAME#KEY}) where they were asked for: until then such a value reads as it
 * was written. Apart from loading, because the file itself may say how secrets are reached.
 */
int eg_config_file_resolve(struct eg_config_file *file, struct eg_config_problems *problems);

/*
 * Lays a value over the file: section.name, or the top-level `name` with section NULL. `origin` is
 * named as the place ("environment LOG_LEVEL", "--listen"); it must outlive the file. With several
 * texts the value is a list. The text is taken as it is, as if it stood in quotes.
 */
void eg_config_file_set(struct eg_config_file *file, const char *section, const char *name,
                        const char *text, const char *origin);
void eg_config_file_set_list(struct eg_config_file *file, const char *section, const char *name,
                             const char *const *texts, size_t count, const char *origin);

/* The section's node, or NULL; the name counts as known from now on. */
const struct eg_config_node *eg_config_file_section(struct eg_config_file *file, const char *name);

/* One section. With name "" the table's fields are top-level names of the file. */
struct eg_config_section {
    const char *name;
    const struct eg_field_table *table;
    void *target;
};

int eg_config_section_fill(struct eg_config_file *file, const struct eg_config_section *section,
                           struct eg_config_problems *problems);

/* What an entry of a group may be: one for each value of `type`. */
struct eg_config_variant {
    const char *name;
    const char *help;                   /* one line */
    const struct eg_field_table *table; /* NULL: nothing of its own */
    const void *tag;                    /* the caller's: comes back in the entry */
};

/* A section that maps names of the user's choice to mappings. */
struct eg_config_group {
    const char *name;                         /* "sinks" */
    const struct eg_field_table *common;      /* what every entry has beside `type` */
    const struct eg_config_variant *variants; /* NULL: entries have no `type` */
    size_t variant_count;
};

struct eg_config_entry {
    char *name;
    const struct eg_config_variant *variant; /* the caller's array; NULL: the group has no types */
    void *common;                            /* a filled struct of group->common */
    void *specific;                          /* of variant->table; NULL without one */
    const struct eg_config_node *node;       /* lives as long as the file */
    struct eg_config_place place;            /* of the name */
};

struct eg_config_entries {
    struct eg_config_entry *items; /* in the order of the file */
    size_t count;
};

/* An absent section is a group without entries. Names: letters, digits, '.', '_', '-'. */
int eg_config_group_fill(struct eg_config_file *file, const struct eg_config_group *group,
                         struct eg_config_entries *entries, struct eg_config_problems *problems);

/* Adds one entry of that type with its defaults, as if the file had it. */
int eg_config_entries_add_default(struct eg_config_file *file, const struct eg_config_group *group,
                                  struct eg_config_entries *entries, const char *name,
                                  const char *type, struct eg_config_problems *problems);

void eg_config_entries_fini(const struct eg_config_group *group, struct eg_config_entries *entries);

void eg_config_entries_dump(const struct eg_config_group *group,
                            const struct eg_config_entries *entries, struct eg_buffer *buffer);

/* A problem for each top-level name that no section, group or set asked for. */
void eg_config_file_check_unknown(struct eg_config_file *file, struct eg_config_problems *problems);

#endif
