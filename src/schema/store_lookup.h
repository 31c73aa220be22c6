/* SPDX-License-Identifier: Apache-2.0 */
/* The compiler's way into a store. The store must not change meanwhile; any thread. */
#ifndef EG_SCHEMA_STORE_LOOKUP_H
#define EG_SCHEMA_STORE_LOOKUP_H

#include "eventgate/span.h"
#include "schema/store.h"

/* The text under that URI, or an empty span. The store may be NULL. */
struct eg_span eg_schema_store_find(const struct eg_schema_store *store, struct eg_span uri);

#endif
