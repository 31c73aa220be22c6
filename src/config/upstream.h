/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The conf/ folder of the Python EventGate, read unchanged: config.json, access.json,
 * topic_keys.json, topic_schemas/.
 *
 * It is translated into the tree that our own YAML would have given, each value with its place in
 * config.json, so that everything after it knows only one kind of configuration. What this version
 * has no use for becomes a notice by name.
 */
#ifndef EG_CONFIG_UPSTREAM_H
#define EG_CONFIG_UPSTREAM_H

#include "base/compiler.h"
#include "config/problem.h"
#include "config/tree.h"

/* `folder` holds config.json. 0, or -1 with problems added. */
int eg_config_upstream_read(const char *folder, struct eg_config_tree **ret_tree,
                            struct eg_config_problems *problems,
                            struct eg_config_notices *notices) EG_MUST_CHECK;

/*
 * Where a path of config.json leads: as it stands from the current directory, else from the folder
 * that conf/ is in, else its rest from conf/ itself ("conf/topic_keys.json" ->
 * CONF/topic_keys.json). When none exists, the second. The caller frees it.
 */
char *eg_config_upstream_resolve(const char *conf_folder, const char *path) EG_MUST_CHECK;

#endif
