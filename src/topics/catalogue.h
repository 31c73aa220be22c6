/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: all that topics own, in one immutable snapshot. A reload builds a new one aside
 * and swaps it (topics/slot.h); a request pins one and keeps it until it is answered.
 *
 * Built on the control thread; read by any thread that holds a reference, without a lock.
 */
#ifndef EG_TOPICS_CATALOGUE_H
#define EG_TOPICS_CATALOGUE_H

#include <stddef.h>

#include "access/map.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "config/problem.h"
#include "eventgate/field.h"
#include "eventgate/span.h"
#include "schema/schema.h"
#include "topics/config.h"
#include "json/document.h"

#define EG_TOPICS_NO_SINKS "none" /* as the only name in `sinks` */

struct eg_topics_topic {
    struct eg_span name;                /* lower case; followed by a NUL */
    struct eg_span schema_text;         /* the bytes of the file */
    struct eg_schema *schema;           /* compiled */
    struct eg_span key_field;           /* len 0: events have no key */
    struct eg_string_list sinks;        /* names; empty: all; or EG_TOPICS_NO_SINKS */
    struct eg_topics_envelope envelope; /* strings of the catalogue */
    size_t index;                       /* 0 .. count - 1, in the order of the list */
};

struct eg_topics_catalogue;

/*
 * Reads access map, schemas and topic keys. All or nothing: 0, or -1 with every mistake added to
 * `problems`. `sink_names` are those that a topic may name; NULL: any. `notices` may be NULL.
 */
int eg_topics_catalogue_build(const struct eg_topics_config *config,
                              const struct eg_string_list *sink_names,
                              struct eg_topics_catalogue **ret_catalogue,
                              struct eg_config_problems *problems,
                              struct eg_config_notices *notices) EG_MUST_CHECK;

struct eg_topics_catalogue *eg_topics_catalogue_ref(struct eg_topics_catalogue *catalogue);
void eg_topics_catalogue_unref(struct eg_topics_catalogue *take); /* NULL is fine */

/* The topic of that name, which the caller made lower case; NULL: none. */
const struct eg_topics_topic *eg_topics_catalogue_find(const struct eg_topics_catalogue *catalogue,
                                                       struct eg_span name);

/* In a stable order: that of the file for topics it lists, then by name. */
size_t eg_topics_catalogue_count(const struct eg_topics_catalogue *catalogue);
const struct eg_topics_topic *eg_topics_catalogue_at(const struct eg_topics_catalogue *catalogue,
                                                     size_t index);

const struct eg_access_map *eg_topics_catalogue_access(const struct eg_topics_catalogue *catalogue);

/*
 * Hangs something of a room above on the catalogue, which destroys it with itself. Once, by whoever
 * built the catalogue, before any other thread sees it.
 */
void eg_topics_catalogue_attach(struct eg_topics_catalogue *catalogue, void *take,
                                void (*destroy)(void *attachment));
const void *eg_topics_catalogue_attachment(const struct eg_topics_catalogue *catalogue);

enum eg_topics_key {
    EG_TOPICS_KEY_NONE,       /* the topic has no key field */
    EG_TOPICS_KEY_FOUND,      /* *ret_key is set */
    EG_TOPICS_KEY_MISSING,    /* no such field, or null: worth a warning */
    EG_TOPICS_KEY_NOT_SCALAR, /* an object or array: worth a warning */
};

/*
 * The message key: the Python str() of the topic's key field. The key's bytes are the document's,
 * or are put into `scratch` (what it held is gone), which must live as long. *ret_key is empty
 * unless FOUND.
 */
enum eg_topics_key eg_topics_message_key(const struct eg_topics_topic *topic,
                                         const struct eg_json_document *document,
                                         eg_json_index root, struct eg_buffer *scratch,
                                         struct eg_span *ret_key);

#endif
