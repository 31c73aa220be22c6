/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue: many threads put items in, the workers of one sink take them out in batches.
 *
 * Putting in never waits. Room is taken first (reserve), the item is put in later (push), and the
 * room is given back when the item is done with for good (release), not when it is popped: what is
 * being worked on, or waits for another attempt, still counts, so that the bound is a bound on
 * memory. Items are intrusive and belong to the caller. A sleeping worker is woken, a busy one is
 * not.
 *
 * Any thread, except where a function says otherwise.
 */
#ifndef EG_WORK_QUEUE_H
#define EG_WORK_QUEUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mutex.h"

struct eg_queue_item {
    struct eg_queue_item *next;
    size_t bytes; /* what it counts for; set before reserve, the same until release */
};

struct eg_queue_limits {
    size_t max_items;
    size_t max_bytes;
};

struct eg_queue {
    struct eg_queue_limits limits;
    atomic_size_t used_items; /* reserved and not released */
    atomic_size_t used_bytes;
    struct eg_mutex lock; /* guards all below */
    struct eg_cond filled;
    struct eg_queue_item *first;
    struct eg_queue_item **last; /* the `next` to write */
    size_t waiting;              /* items in the list */
    unsigned sleepers;
    bool closed;
};

void eg_queue_init(struct eg_queue *queue, const struct eg_queue_limits *limits);
void eg_queue_fini(struct eg_queue *queue); /* must hold no items */

/* Takes room for one item of `bytes`. False: full, nothing taken. An item larger than max_bytes
 * passes when the queue is empty. */
bool eg_queue_reserve(struct eg_queue *queue, size_t bytes) EG_MUST_CHECK;
void eg_queue_release(struct eg_queue *queue, size_t bytes);

/* Puts in an item whose room is reserved. False: the queue is closed, the item stays the caller's.
 */
bool eg_queue_push(struct eg_queue *queue, struct eg_queue_item *item) EG_MUST_CHECK;

struct eg_queue_batch {
    size_t max_items;  /* at most so many in one pop */
    size_t max_bytes;  /* and so many bytes, except for a single item */
    int64_t gather_us; /* once something is there, how long to wait for a full batch; 0: not */
};

/*
 * Waits for at least one item and takes what is there, oldest first, into items[batch->max_items].
 * Returns how many; 0 means closed and empty: the worker ends.
 */
size_t eg_queue_pop(struct eg_queue *queue, const struct eg_queue_batch *batch,
                    struct eg_queue_item **items);

/* No more pushes; pop hands out what is left, then 0. Wakes every sleeper. */
void eg_queue_close(struct eg_queue *queue);

/* Reserved and not yet released: waiting, being worked on, or between attempts. */
size_t eg_queue_used_items(const struct eg_queue *queue);
size_t eg_queue_used_bytes(const struct eg_queue *queue);
size_t eg_queue_waiting(struct eg_queue *queue);

#endif
