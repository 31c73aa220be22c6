/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may post what: topic -> subjects -> rules about fields. Immutable once built; any number of
 * threads check at once. A lookup costs the same for ten subjects and for a million.
 *
 * Two forms, topic by topic: a list of subjects, or subject -> {field: [regular expression, ...]}.
 * Subjects match as Python's str.casefold() compares them, topics in lower case.
 */
#ifndef EG_ACCESS_MAP_H
#define EG_ACCESS_MAP_H

#include <stddef.h>

#include "base/compiler.h"
#include "config/problem.h"
#include "config/tree.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "json/document.h"

struct eg_access_map;
struct eg_access_builder;

/* Building: control thread. Each source adds to what the ones before it gave. */
struct eg_access_builder *eg_access_builder_new(void);
void eg_access_builder_destroy(struct eg_access_builder *builder); /* NULL is fine */

/*
 * Adds all topics of an access file's root mapping, or one topic's rules (the list or mapping under
 * a topic's name). Every mistake is added to `problems` with topic, subject and field named. A
 * topic that has rules already: a problem.
 */
void eg_access_builder_add(struct eg_access_builder *builder, const struct eg_config_node *root,
                           struct eg_config_problems *problems);
void eg_access_builder_add_topic(struct eg_access_builder *builder, struct eg_span topic,
                                 const struct eg_config_node *rules,
                                 struct eg_config_problems *problems);

/* The map; the builder is gone after. An empty map authorizes nobody. */
struct eg_access_map *eg_access_builder_finish(struct eg_access_builder *take);
void eg_access_map_destroy(struct eg_access_map *map); /* NULL is fine */

size_t eg_access_map_topic_count(const struct eg_access_map *map);
struct eg_span eg_access_map_topic_name(const struct eg_access_map *map, size_t index);
size_t eg_access_map_subject_count(const struct eg_access_map *map, struct eg_span topic);

/*
 * May `subject` post this document to `topic` (lower case)? 0, or -1: EG_ERR_FORBIDDEN "User 'u' is
 * not authorized for topic 't'"; EG_ERR_PERMISSION for the first field rule, in the order of the
 * file, that fails: "Required field 'f' missing from message" or "Field 'f' value not permitted for
 * user 'U'". A rule must be matched in full by the Python str() of the field's value.
 *
 * `subject` is UTF-8; an empty one is nobody. `map` may be NULL: nobody is authorized. Allocates
 * only to spell a container or an unusual number. Any thread.
 */
int eg_access_check(const struct eg_access_map *map, struct eg_span topic, struct eg_span subject,
                    const struct eg_json_document *document, eg_json_index root,
                    struct eg_error *err) EG_MUST_CHECK;

#endif
