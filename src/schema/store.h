/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The documents that a $ref may reach: nothing is fetched by itself, what is not in here (and is
 * not a meta-schema of a supported draft) does not resolve.
 *
 * Filled by one thread, then read by any.
 */
#ifndef EG_SCHEMA_STORE_H
#define EG_SCHEMA_STORE_H

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

struct eg_schema_store;

struct eg_schema_store *eg_schema_store_new(void);
void eg_schema_store_destroy(struct eg_schema_store *store); /* NULL is fine */

/* Adds one document under its absolute URI. -1 with EG_ERR_CONFIG: not JSON, or there already. */
int eg_schema_store_add(struct eg_schema_store *store, const char *uri, struct eg_span text,
                        struct eg_error *err) EG_MUST_CHECK;

/* Adds every *.json below `folder` as base_uri + its path in the folder. */
int eg_schema_store_add_folder(struct eg_schema_store *store, const char *base_uri,
                               const char *folder, struct eg_error *err) EG_MUST_CHECK;

#endif
