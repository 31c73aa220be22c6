/* SPDX-License-Identifier: Apache-2.0 */
/* A list of blocks, allocation by moving a mark. Large requests get a block of their own size. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define BLOCK_BYTES 4096

struct eg_arena_block {
    struct eg_arena_block *older;
    size_t capacity_bytes;
    alignas(max_align_t) char data[];
};

static void push_block(struct eg_arena *arena, size_t at_least)
{
    size_t capacity = at_least > BLOCK_BYTES ? at_least : BLOCK_BYTES;
    struct eg_arena_block *block = eg_malloc(sizeof(*block) + capacity);
    block->older = arena->blocks;
    block->capacity_bytes = capacity;
    arena->blocks = block;
    arena->used_bytes = 0;
}

static void pop_block(struct eg_arena *arena)
{
    struct eg_arena_block *block = arena->blocks;
    arena->blocks = block->older;
    free(block);
}

void eg_arena_fini(struct eg_arena *arena)
{
    while (arena->blocks)
        pop_block(arena);
    arena->used_bytes = 0;
}

void eg_arena_reset(struct eg_arena *arena)
{
    while (arena->blocks && arena->blocks->older)
        pop_block(arena);
    if (arena->blocks && arena->blocks->capacity_bytes > BLOCK_BYTES)
        pop_block(arena);
    arena->used_bytes = 0;
}

void *eg_arena_alloc(struct eg_arena *arena, size_t size_bytes)
{
    const size_t mask = alignof(max_align_t) - 1;
    EG_ASSERT(size_bytes <= SIZE_MAX / 2);
    size_t want = (size_bytes + mask) & ~mask;
    if (!arena->blocks || arena->blocks->capacity_bytes - arena->used_bytes < want)
        push_block(arena, want);
    void *memory = arena->blocks->data + arena->used_bytes;
    arena->used_bytes += want;
    return memory;
}

struct eg_span eg_arena_copy(struct eg_arena *arena, struct eg_span span)
{
    char *copy = eg_arena_alloc(arena, span.len + 1);
    if (span.len)
        memcpy(copy, span.ptr, span.len);
    copy[span.len] = '\0';
    return (struct eg_span){copy, span.len};
}

struct eg_span eg_arena_printf(struct eg_arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    EG_ASSERT(len >= 0);
    char *text = eg_arena_alloc(arena, (size_t)len + 1);
    (void)vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return (struct eg_span){text, (size_t)len};
}
