/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mutex around a linked list, and two atomic counters for the room.
 *
 * Invariants: waiting <= used_items; `last` points at the `next` that ends the list. `sleepers` is
 * counted down by whoever wakes, so that a burst of pushes wakes each sleeper once; a wake-up that
 * nobody sent leaves it one too high, which costs one signal that nobody hears.
 */
#include "work/queue.h"

#include <time.h>

#include "base/error.h"

void eg_queue_init(struct eg_queue *queue, const struct eg_queue_limits *limits)
{
    queue->limits = *limits;
    atomic_init(&queue->used_items, 0);
    atomic_init(&queue->used_bytes, 0);
    eg_mutex_init(&queue->lock);
    eg_cond_init(&queue->filled);
    queue->first = NULL;
    queue->last = &queue->first;
    queue->waiting = 0;
    queue->sleepers = 0;
    queue->closed = false;
}

void eg_queue_fini(struct eg_queue *queue)
{
    EG_ASSERT(queue->waiting == 0);
    eg_cond_fini(&queue->filled);
    eg_mutex_fini(&queue->lock);
}

bool eg_queue_reserve(struct eg_queue *queue, size_t bytes)
{
    size_t items_before = atomic_fetch_add_explicit(&queue->used_items, 1, memory_order_relaxed);
    size_t bytes_before =
        atomic_fetch_add_explicit(&queue->used_bytes, bytes, memory_order_relaxed);
    bool fits = items_before < queue->limits.max_items &&
                (items_before == 0 || bytes_before + bytes <= queue->limits.max_bytes);
    if (EG_LIKELY(fits))
        return true;
    eg_queue_release(queue, bytes);
    return false;
}

void eg_queue_release(struct eg_queue *queue, size_t bytes)
{
    (void)atomic_fetch_sub_explicit(&queue->used_bytes, bytes, memory_order_relaxed);
    /* Release: who reads zero (acquire) also sees what the last holder did. */
    size_t before = atomic_fetch_sub_explicit(&queue->used_items, 1, memory_order_release);
    EG_ASSERT(before > 0);
}

bool eg_queue_push(struct eg_queue *queue, struct eg_queue_item *item)
{
    item->next = NULL;
    eg_mutex_lock(&queue->lock);
    bool open = !queue->closed;
    bool wake = false;
    if (open) {
        *queue->last = item;
        queue->last = &item->next;
        queue->waiting++;
        wake = queue->sleepers > 0;
        if (wake)
            queue->sleepers--;
    }
    eg_mutex_unlock(&queue->lock);
    if (wake)
        eg_cond_signal(&queue->filled);
    return open;
}

static void wait_for_item(struct eg_queue *queue)
{
    while (!queue->first && !queue->closed) {
        queue->sleepers++;
        eg_cond_wait(&queue->filled, &queue->lock);
    }
}

/* Gives the lock away for a moment so that a batch can fill up. */
static void gather(struct eg_queue *queue, int64_t gather_us)
{
    struct timespec pause = {.tv_sec = (time_t)(gather_us / 1000000),
                             .tv_nsec = (long)(gather_us % 1000000) * 1000};
    eg_mutex_unlock(&queue->lock);
    (void)nanosleep(&pause, NULL); /* a shorter pause only means a smaller batch */
    eg_mutex_lock(&queue->lock);
}

static size_t take_batch(struct eg_queue *queue, const struct eg_queue_batch *batch,
                         struct eg_queue_item **items)
{
    size_t count = 0;
    size_t bytes = 0;
    struct eg_queue_item *item = queue->first;
    while (item && count < batch->max_items &&
           (count == 0 || bytes + item->bytes <= batch->max_bytes)) {
        items[count++] = item;
        bytes += item->bytes;
        item = item->next;
    }
    queue->first = item;
    if (!item)
        queue->last = &queue->first;
    queue->waiting -= count;
    return count;
}

size_t eg_queue_pop(struct eg_queue *queue, const struct eg_queue_batch *batch,
                    struct eg_queue_item **items)
{
    EG_ASSERT(batch->max_items > 0);
    eg_mutex_lock(&queue->lock);
    wait_for_item(queue);
    if (batch->gather_us > 0 && queue->waiting < batch->max_items && !queue->closed) {
        gather(queue, batch->gather_us);
        wait_for_item(queue); /* another worker may have taken it all */
    }
    size_t count = take_batch(queue, batch, items);
    eg_mutex_unlock(&queue->lock);
    return count;
}

void eg_queue_close(struct eg_queue *queue)
{
    eg_mutex_lock(&queue->lock);
    queue->closed = true;
    queue->sleepers = 0;
    eg_mutex_unlock(&queue->lock);
    eg_cond_broadcast(&queue->filled);
}

size_t eg_queue_used_items(const struct eg_queue *queue)
{
    return atomic_load_explicit(&queue->used_items, memory_order_acquire);
}

size_t eg_queue_used_bytes(const struct eg_queue *queue)
{
    return atomic_load_explicit(&queue->used_bytes, memory_order_acquire);
}

size_t eg_queue_waiting(struct eg_queue *queue)
{
    eg_mutex_lock(&queue->lock);
    size_t waiting = queue->waiting;
    eg_mutex_unlock(&queue->lock);
    return waiting;
}
