/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lock is held for a pointer copy and an increment. The old catalogue is let go outside of it:
 * freeing thousands of schemas must not keep requests waiting.
 */
#include "topics/slot.h"

#include "base/error.h"

void eg_topics_slot_init(struct eg_topics_slot *slot, struct eg_topics_catalogue *take)
{
    EG_ASSERT(take);
    eg_mutex_init(&slot->mutex);
    slot->current = take;
}

void eg_topics_slot_fini(struct eg_topics_slot *slot)
{
    eg_topics_catalogue_unref(slot->current);
    slot->current = NULL;
    eg_mutex_fini(&slot->mutex);
}

struct eg_topics_catalogue *eg_topics_slot_acquire(struct eg_topics_slot *slot)
{
    eg_mutex_lock(&slot->mutex);
    struct eg_topics_catalogue *catalogue = eg_topics_catalogue_ref(slot->current);
    eg_mutex_unlock(&slot->mutex);
    return catalogue;
}

void eg_topics_slot_swap(struct eg_topics_slot *slot, struct eg_topics_catalogue *take)
{
    EG_ASSERT(take);
    eg_mutex_lock(&slot->mutex);
    struct eg_topics_catalogue *old = slot->current;
    slot->current = take;
    eg_mutex_unlock(&slot->mutex);
    eg_topics_catalogue_unref(old);
}
