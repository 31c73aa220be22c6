/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that goes away all at once: what one request needs until it is answered.
 *
 * One thread at a time. Reset keeps the first block, so a warm arena does not allocate. A zeroed
 * struct is an empty arena. Data that crosses a thread never lives here.
 */
#ifndef EG_BASE_ARENA_H
#define EG_BASE_ARENA_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/span.h"

struct eg_arena_block;

struct eg_arena {
    struct eg_arena_block *blocks; /* newest first */
    size_t used_bytes;             /* of the newest */
};

void eg_arena_fini(struct eg_arena *arena);
void eg_arena_reset(struct eg_arena *arena);

/* Aligned for any type; not zeroed. */
void *eg_arena_alloc(struct eg_arena *arena, size_t size_bytes) EG_MUST_CHECK;

/* Copies with a NUL behind, not counted. */
struct eg_span eg_arena_copy(struct eg_arena *arena, struct eg_span span);
struct eg_span eg_arena_printf(struct eg_arena *arena, const char *format, ...) EG_PRINTF(2, 3);

#endif
