/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The holder of the current catalogue. Requests acquire, a reload swaps; who acquired before the
 * swap finishes on what it has. Any thread.
 */
#ifndef EG_TOPICS_SLOT_H
#define EG_TOPICS_SLOT_H

#include "base/compiler.h"
#include "base/mutex.h"
#include "topics/catalogue.h"

struct eg_topics_slot {
    struct eg_mutex mutex; /* guards `current`; held for a pointer copy; nothing is locked inside */
    struct eg_topics_catalogue *current;
};

void eg_topics_slot_init(struct eg_topics_slot *slot, struct eg_topics_catalogue *take);
void eg_topics_slot_fini(struct eg_topics_slot *slot);

/* A reference of the caller's own: eg_topics_catalogue_unref when the request was answered. */
struct eg_topics_catalogue *eg_topics_slot_acquire(struct eg_topics_slot *slot) EG_MUST_CHECK;

/* Puts another one in; the old one goes away with its last user. */
void eg_topics_slot_swap(struct eg_topics_slot *slot, struct eg_topics_catalogue *take);

#endif
