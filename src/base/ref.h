/* SPDX-License-Identifier: Apache-2.0 */
/* The count inside every shared, immutable object. Any thread. */
#ifndef EG_BASE_REF_H
#define EG_BASE_REF_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/error.h"

struct eg_ref {
    atomic_uint count;
};

static inline void eg_ref_init(struct eg_ref *ref)
{
    atomic_init(&ref->count, 1);
}

static inline void eg_ref_get(struct eg_ref *ref)
{
    unsigned before = atomic_fetch_add_explicit(&ref->count, 1, memory_order_relaxed);
    EG_ASSERT(before != 0);
}

/* True when this was the last reference: the caller destroys the object. */
static inline bool eg_ref_put(struct eg_ref *ref)
{
    unsigned before = atomic_fetch_sub_explicit(&ref->count, 1, memory_order_acq_rel);
    EG_ASSERT(before != 0);
    return before == 1;
}

#endif
