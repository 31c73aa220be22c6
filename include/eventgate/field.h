/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration as tables: every room declares its settings in one array of fields, and the parser,
 * the defaults, `eventgate check`, `eventgate check --dump` and docs/configuration.md come from it.
 *
 * A table describes one C struct. The parser fills it from a mapping of the configuration; what the
 * mapping does not name gets default_text, parsed the same way. Tables are constants; any thread.
 */
#ifndef EVENTGATE_FIELD_H
#define EVENTGATE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eg_field_type {
    EG_FIELD_STRING,      /* char *, owned by the struct; NULL when unset */
    EG_FIELD_SECRET,      /* as STRING; never printed or logged; "${ENV}" or {file: PATH} */
    EG_FIELD_BOOL,        /* bool */
    EG_FIELD_INT,         /* int64_t */
    EG_FIELD_DURATION,    /* int64_t milliseconds; written 250ms, 10s, 5m, 2h, 1d */
    EG_FIELD_SIZE,        /* int64_t bytes; written 512, 64KiB, 10MiB, 1GiB, also KB and MB */
    EG_FIELD_CHOICE,      /* int, the index in choices */
    EG_FIELD_STRING_LIST, /* struct eg_string_list; a single string is a list of one */
    EG_FIELD_STRING_MAP,  /* struct eg_string_map */
    EG_FIELD_TABLE,       /* the struct of `table`, in place */
    EG_FIELD_TABLE_LIST,  /* struct eg_table_list of the structs of `table` */
    EG_FIELD_JSON,        /* char *: the subtree as JSON text, for shapes that no table can say */
    EG_FIELD_PATH,        /* as STRING; a relative one begins at the configuration file's folder,
                             the default_text at the current directory; URIs stay as they are */
    EG_FIELD_LATE_SECRET, /* as SECRET, for the daemon's own sinks: a ${secret:NAME#KEY} in it stays
                             as it was written, to be read again when the secret was rotated */
};

struct eg_string_list {
    char **items;
    size_t count;
};

struct eg_string_map_entry {
    char *name;
    char *value;
};

struct eg_string_map {
    struct eg_string_map_entry *entries; /* in the order of the file */
    size_t count;
};

struct eg_table_list {
    void *items; /* count structs of table->struct_bytes each */
    size_t count;
};

struct eg_field {
    const char *name; /* as written in the file: lower_snake_case */
    enum eg_field_type type;
    size_t offset;              /* offsetof() in the struct */
    bool required;              /* must be in the file; default_text is not used */
    const char *default_text;   /* as written in the file; NULL: unset, 0 or false */
    int64_t min, max;           /* INT, DURATION (ms), SIZE (bytes), inclusive; both 0: no limit */
    const char *const *choices; /* CHOICE: NULL-terminated */
    const struct eg_field_table *table;
    const char *help; /* one line for the documentation */
};

struct eg_field_table {
    const char *name; /* what it configures, for messages: "server", "sink sqlite" */
    const struct eg_field *fields;
    size_t field_count;
    size_t struct_bytes;
};

#endif
