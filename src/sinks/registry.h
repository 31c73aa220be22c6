/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink types that a configuration may name: those built in (sinks.def), then those that
 * plug-ins bring. Loading on the main thread before the daemon serves; after that any thread reads.
 */
#ifndef EG_SINKS_REGISTRY_H
#define EG_SINKS_REGISTRY_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/sink.h"

struct eg_sink_registry;

struct eg_sink_registry *eg_sink_registry_new(void) EG_MUST_CHECK; /* with the built-in types */

/* Unloads the plug-ins: every sink of theirs must be gone. NULL is fine. */
void eg_sink_registry_destroy(struct eg_sink_registry *registry);

/*
 * Loads a plug-in and adds its type. EG_ERR_CONFIG when the file cannot be loaded, exports no
 * eventgate_sink, was built for another ABI, is incomplete, or brings a name that is taken.
 */
int eg_sink_registry_load(struct eg_sink_registry *registry, const char *path,
                          struct eg_error *err) EG_MUST_CHECK;

/* NULL when there is none. */
const struct eg_sink_type *eg_sink_registry_find(const struct eg_sink_registry *registry,
                                                 const char *name);

size_t eg_sink_registry_count(const struct eg_sink_registry *registry);
const struct eg_sink_type *eg_sink_registry_at(const struct eg_sink_registry *registry,
                                               size_t index);

/* What is wrong with a type as it stands (ABI, missing functions, limits): for plug-ins' authors
 * and for the tests. */
int eg_sink_type_check(const struct eg_sink_type *type, struct eg_error *err);

#endif
