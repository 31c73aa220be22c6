/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory of validations: a stack that one run after another uses. What did not fit goes to
 * blocks of its own, and the next run finds a stack that is large enough. One thread at a time.
 */
#ifndef EG_SCHEMA_SCRATCH_H
#define EG_SCHEMA_SCRATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "schema/schema.h"

struct eg_schema_overflow;
struct eg_schema_step;

struct eg_schema_scratch {
    char *base;
    size_t capacity;
    size_t used;
    size_t overflow_bytes;
    size_t peak;
    struct eg_schema_overflow *overflow; /* newest first */
    uint32_t *scope;                     /* resources entered, outermost first */
    uint32_t scope_capacity;
    struct eg_schema_step *steps[2]; /* the paths of an explanation under way */
    uint32_t step_capacities[2];
    struct eg_buffer text; /* one message, while it is written */
};

struct eg_schema_mark {
    size_t used;
    struct eg_schema_overflow *overflow;
};

/* All that was there is gone. */
void eg_schema_scratch_reset(struct eg_schema_scratch *scratch);

/* Aligned for any type, not zeroed; until a mark before it is released. */
void *eg_schema_scratch_alloc(struct eg_schema_scratch *scratch, size_t bytes) EG_MUST_CHECK;

/* A bitmap of that many bits, all clear. */
uint64_t *eg_schema_scratch_bits(struct eg_schema_scratch *scratch, uint32_t bits) EG_MUST_CHECK;

static inline size_t eg_schema_bit_words(uint32_t bits)
{
    return ((size_t)bits + 63) / 64;
}

static inline void eg_schema_bit_set(uint64_t *bits, uint32_t at)
{
    bits[at / 64] |= UINT64_C(1) << (at % 64);
}

static inline int eg_schema_bit_get(const uint64_t *bits, uint32_t at)
{
    return (int)(bits[at / 64] >> (at % 64) & 1u);
}

struct eg_schema_mark eg_schema_scratch_mark(const struct eg_schema_scratch *scratch);
void eg_schema_scratch_release(struct eg_schema_scratch *scratch, struct eg_schema_mark mark);

/* Room for scope[at]. */
void eg_schema_scratch_scope(struct eg_schema_scratch *scratch, uint32_t at);

#endif
