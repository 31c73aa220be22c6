/* SPDX-License-Identifier: Apache-2.0 */
/* Invariant: `used` and the list of overflow blocks only shrink by a release or a reset. */
#include "schema/scratch.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIRST_BYTES 4096u
#define KEEP_BYTES  (8u << 20) /* a stack larger than this is not kept for the next run */

struct eg_schema_overflow {
    struct eg_schema_overflow *older;
    size_t bytes;
    alignas(max_align_t) char data[];
};

struct eg_schema_scratch *eg_schema_scratch_new(void)
{
    struct eg_schema_scratch *scratch = eg_calloc(1, sizeof(*scratch));
    scratch->capacity = FIRST_BYTES;
    scratch->base = eg_malloc(scratch->capacity);
    return scratch;
}

static void free_overflow(struct eg_schema_scratch *scratch, const struct eg_schema_overflow *until)
{
    while (scratch->overflow != until) {
        struct eg_schema_overflow *block = scratch->overflow;
        scratch->overflow = block->older;
        scratch->overflow_bytes -= block->bytes;
        free(block);
    }
}

void eg_schema_scratch_destroy(struct eg_schema_scratch *scratch)
{
    if (!scratch)
        return;
    free_overflow(scratch, NULL);
    free(scratch->base);
    free(scratch->scope);
    free(scratch->steps[0]);
    free(scratch->steps[1]);
    eg_buffer_fini(&scratch->text);
    free(scratch);
}

void eg_schema_scratch_reset(struct eg_schema_scratch *scratch)
{
    free_overflow(scratch, NULL);
    scratch->used = 0;
    if (scratch->peak <= scratch->capacity)
        return;
    size_t want = scratch->peak < KEEP_BYTES ? scratch->peak : KEEP_BYTES;
    scratch->peak = 0;
    if (want <= scratch->capacity)
        return;
    free(scratch->base);
    scratch->base = eg_malloc(want);
    scratch->capacity = want;
}

void *eg_schema_scratch_alloc(struct eg_schema_scratch *scratch, size_t bytes)
{
    const size_t mask = alignof(max_align_t) - 1;
    bytes = (bytes + mask) & ~mask;
    if (EG_LIKELY(scratch->capacity - scratch->used >= bytes)) {
        void *memory = scratch->base + scratch->used;
        scratch->used += bytes;
        return memory;
    }
    struct eg_schema_overflow *block = eg_malloc(sizeof(*block) + bytes);
    block->older = scratch->overflow;
    block->bytes = bytes;
    scratch->overflow = block;
    scratch->overflow_bytes += bytes;
    size_t total = scratch->used + scratch->overflow_bytes;
    if (total > scratch->peak)
        scratch->peak = total;
    return block->data;
}

uint64_t *eg_schema_scratch_bits(struct eg_schema_scratch *scratch, uint32_t bits)
{
    size_t bytes = eg_schema_bit_words(bits) * sizeof(uint64_t);
    uint64_t *words = eg_schema_scratch_alloc(scratch, bytes);
    memset(words, 0, bytes);
    return words;
}

struct eg_schema_mark eg_schema_scratch_mark(const struct eg_schema_scratch *scratch)
{
    return (struct eg_schema_mark){scratch->used, scratch->overflow};
}

void eg_schema_scratch_release(struct eg_schema_scratch *scratch, struct eg_schema_mark mark)
{
    scratch->used = mark.used;
    if (EG_UNLIKELY(scratch->overflow != mark.overflow))
        free_overflow(scratch, mark.overflow);
}

void eg_schema_scratch_scope(struct eg_schema_scratch *scratch, uint32_t at)
{
    if (at < scratch->scope_capacity)
        return;
    scratch->scope_capacity = at < 32 ? 64 : at * 2;
    scratch->scope =
        eg_realloc_array(scratch->scope, scratch->scope_capacity, sizeof(*scratch->scope));
}
