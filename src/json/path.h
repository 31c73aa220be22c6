/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of JSONPath (RFC 9535) that EventBridge input paths use:
 *
 *     $                      the whole document
 *     $.detail.job-id        a member; a plain name holds letters, digits, '_', '-' and any
 *                            character beyond ASCII
 *     $['detail type']       a member, any name; in quotes of either kind, with JSON's escapes and
 * \'
 *     $.items[0]             an element, from 0
 *     $.items[*]  $.items.*  all elements, or all members' values
 *
 * No filters, slices, negative indexes, or descent. A path is compiled once and never changes; any
 * thread may evaluate it.
 */
#ifndef EG_JSON_PATH_H
#define EG_JSON_PATH_H

#include <stdbool.h>

#include "json/document.h"

#define EG_JSON_PATH_MAX_STEPS 64
#define EG_JSON_PATH_MAX_BYTES 4096

struct eg_json_path;

/* 0, or -1 with EG_ERR_INVALID and the byte offset of what is wrong. */
int eg_json_path_new(struct eg_span text, struct eg_json_path **ret_path,
                     struct eg_error *err) EG_MUST_CHECK;
void eg_json_path_destroy(struct eg_json_path *path);

/* True when the path has no wildcard: it matches at most one value. */
bool eg_json_path_is_single(const struct eg_json_path *path);

/* The first match in text order, or EG_JSON_NONE. */
eg_json_index eg_json_path_first(const struct eg_json_path *path,
                                 const struct eg_json_document *document, eg_json_index from);

/*
 * Calls `visit` for every match in text order until it returns false. Returns the number of calls.
 * An object's duplicate names (when they are allowed at all): the last counts for a named step.
 */
typedef bool (*eg_json_path_visit)(void *context, eg_json_index index);
uint32_t eg_json_path_each(const struct eg_json_path *path, const struct eg_json_document *document,
                           eg_json_index from, eg_json_path_visit visit, void *context);

/*
 * The same for a document of which only a part is at hand: `from` stands for the member `name` of
 * what the path looks into. A path that leads elsewhere matches nothing.
 */
uint32_t eg_json_path_each_inside(const struct eg_json_path *path, struct eg_span name,
                                  const struct eg_json_document *document, eg_json_index from,
                                  eg_json_path_visit visit, void *context);

#endif
