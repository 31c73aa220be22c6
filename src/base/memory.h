/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Own small allocations: they abort when memory is out, so nobody checks them. Anything whose size
 * comes from input is bounded by its room before it gets here. Any thread.
 */
#ifndef EG_BASE_MEMORY_H
#define EG_BASE_MEMORY_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/span.h"

void *eg_malloc(size_t size_bytes) EG_MUST_CHECK;
void *eg_calloc(size_t count, size_t item_bytes) EG_MUST_CHECK;
void *eg_realloc(void *take, size_t size_bytes) EG_MUST_CHECK;
void *eg_realloc_array(void *take, size_t count, size_t item_bytes) EG_MUST_CHECK;
char *eg_strdup(const char *text) EG_MUST_CHECK;
char *eg_span_dup(struct eg_span span) EG_MUST_CHECK; /* NUL-terminated copy */
char *eg_asprintf(const char *format, ...) EG_PRINTF(1, 2) EG_MUST_CHECK;

/* For EG_CLEANUP on a `char *` or any pointer local. */
void eg_free_cleanup(void *pointer_to_pointer);
#define EG_AUTOFREE EG_CLEANUP(eg_free_cleanup)

#endif
