/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hashed timing wheel (Varghese and Lauck) per shard, and one thread.
 *
 * Threads: add and cancel lock the shard of the node only; a thread always adds to the same shard,
 * so that two HTTP threads rarely meet. The timer's thread locks one shard at a time to unlink what
 * is due, and calls back without a lock. `lock` guards the thread's sleep; it is taken by add only
 * when the new node is due before the thread would wake.
 *
 * Invariants: a node in a bucket has link != NULL; due_tick > swept_tick of its shard when it is
 * linked; every pending node is due at or after wake_tick, or the thread is awake and has yet to
 * look at its shard: it sets wake_tick to NEVER before it looks, so that whoever links a node
 * behind its back sees NEVER and lowers it again.
 */
#include "work/timer.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "work/pool.h"

#define SHARDS  8u
#define BUCKETS 1024u /* 16 s: the usual deadline does not go around */
#define NEVER   INT64_MAX

struct shard {
    struct eg_mutex lock;
    struct eg_timer_node *buckets[BUCKETS];
    int64_t swept_tick; /* all that was due until here has been taken out */
    char pad[64];       /* the next shard's lock is on another cache line */
};

struct eg_timer {
    struct shard shards[SHARDS];
    atomic_llong wake_tick; /* written under `lock` */
    struct eg_mutex lock;
    struct eg_cond changed;
    uint64_t flush_wanted;
    uint64_t flush_done;
    bool stop;
    struct eg_pool pool;
};

static unsigned own_shard(void)
{
    static atomic_uint next;
    static _Thread_local unsigned own = SHARDS;
    if (EG_UNLIKELY(own == SHARDS))
        own = atomic_fetch_add_explicit(&next, 1, memory_order_relaxed) % SHARDS;
    return own;
}

static struct eg_timer_node **bucket_of(struct shard *shard, int64_t tick)
{
    return &shard->buckets[(uint64_t)tick % BUCKETS];
}

static void link_node(struct shard *shard, struct eg_timer_node *node)
{
    struct eg_timer_node **bucket = bucket_of(shard, node->due_tick);
    node->next = *bucket;
    if (node->next)
        node->next->link = &node->next;
    node->link = bucket;
    *bucket = node;
}

static void unlink_node(struct eg_timer_node *node)
{
    *node->link = node->next;
    if (node->next)
        node->next->link = node->link;
    node->link = NULL;
}

static void wake_before(struct eg_timer *timer, int64_t tick)
{
    if (EG_LIKELY(atomic_load(&timer->wake_tick) <= tick))
        return;
    eg_mutex_lock(&timer->lock);
    if (atomic_load(&timer->wake_tick) > tick)
        atomic_store(&timer->wake_tick, tick);
    eg_mutex_unlock(&timer->lock);
    eg_cond_signal(&timer->changed);
}

void eg_timer_add(struct eg_timer *timer, struct eg_timer_node *node, int64_t due_ms,
                  void (*run)(struct eg_timer_node *node))
{
    int64_t due_tick = due_ms <= 0 ? 0 : (due_ms - 1) / EG_TIMER_TICK_MS + 1; /* never early */
    node->run = run;
    if (node->shard == 0)
        node->shard = own_shard() + 1;
    struct shard *shard = &timer->shards[node->shard - 1];
    eg_mutex_lock(&shard->lock);
    EG_ASSERT(!node->link);
    node->due_tick = due_tick > shard->swept_tick ? due_tick : shard->swept_tick + 1;
    due_tick = node->due_tick; /* the node may be gone once the lock is */
    link_node(shard, node);
    eg_mutex_unlock(&shard->lock);
    wake_before(timer, due_tick);
}

bool eg_timer_cancel(struct eg_timer *timer, struct eg_timer_node *node)
{
    if (node->shard == 0) /* never added */
        return false;
    struct shard *shard = &timer->shards[node->shard - 1];
    eg_mutex_lock(&shard->lock);
    bool pending = node->link != NULL;
    if (pending)
        unlink_node(node);
    eg_mutex_unlock(&shard->lock);
    return pending;
}

/* Moves what is due until `tick` from one bucket to the list. */
static void take_due(struct eg_timer_node **bucket, int64_t tick, struct eg_timer_node **list)
{
    struct eg_timer_node *node = *bucket;
    while (node) {
        struct eg_timer_node *next = node->next;
        if (node->due_tick <= tick) {
            unlink_node(node);
            node->next = *list;
            *list = node;
        }
        node = next;
    }
}

static void sweep_shard(struct shard *shard, int64_t now_tick, int64_t due_until,
                        struct eg_timer_node **list)
{
    eg_mutex_lock(&shard->lock);
    int64_t first = shard->swept_tick + 1;
    if (due_until == NEVER || now_tick - first >= (int64_t)BUCKETS)
        first = now_tick - (int64_t)BUCKETS + 1;
    for (int64_t tick = first; tick <= now_tick; tick++)
        take_due(bucket_of(shard, tick), due_until, list);
    if (shard->swept_tick < now_tick)
        shard->swept_tick = now_tick;
    eg_mutex_unlock(&shard->lock);
}

/* The first tick of a bucket that is not empty: nothing in the shard is due before. */
static int64_t next_tick(struct shard *shard)
{
    int64_t found = NEVER;
    eg_mutex_lock(&shard->lock);
    for (int64_t i = 1; i <= (int64_t)BUCKETS && found == NEVER; i++)
        if (*bucket_of(shard, shard->swept_tick + i))
            found = shard->swept_tick + i;
    eg_mutex_unlock(&shard->lock);
    return found;
}

static void run_list(struct eg_timer_node *list)
{
    while (list) {
        struct eg_timer_node *node = list;
        list = node->next;
        node->run(node); /* may free it, or add it again */
    }
}

/* Runs what is due, or everything when flushing; returns when to look again. */
static int64_t run_due(struct eg_timer *timer, bool everything)
{
    int64_t now_tick = eg_clock_monotonic_ms() / EG_TIMER_TICK_MS;
    struct eg_timer_node *list = NULL;
    for (unsigned i = 0; i < SHARDS; i++)
        sweep_shard(&timer->shards[i], now_tick, everything ? NEVER : now_tick, &list);
    run_list(list);
    int64_t next = NEVER;
    for (unsigned i = 0; i < SHARDS; i++) {
        int64_t tick = next_tick(&timer->shards[i]);
        if (tick < next)
            next = tick;
    }
    return next;
}

/* Holds timer->lock. */
static void sleep_until(struct eg_timer *timer, int64_t next)
{
    if (next < atomic_load(&timer->wake_tick))
        atomic_store(&timer->wake_tick, next);
    while (!timer->stop && timer->flush_wanted == timer->flush_done) {
        int64_t tick = atomic_load(&timer->wake_tick);
        if (tick == NEVER)
            eg_cond_wait(&timer->changed, &timer->lock);
        else if (!eg_cond_wait_until(&timer->changed, &timer->lock, tick * EG_TIMER_TICK_MS * 1000))
            return;
    }
}

static void timer_main(void *context, unsigned index)
{
    (void)index;
    struct eg_timer *timer = context;
    eg_mutex_lock(&timer->lock);
    while (!timer->stop) {
        uint64_t flush = timer->flush_wanted;
        bool everything = flush != timer->flush_done;
        atomic_store(&timer->wake_tick, NEVER);
        eg_mutex_unlock(&timer->lock);
        int64_t next = run_due(timer, everything);
        eg_mutex_lock(&timer->lock);
        timer->flush_done = flush;
        if (everything)
            eg_cond_broadcast(&timer->changed);
        sleep_until(timer, next);
    }
    timer->flush_done = timer->flush_wanted;
    eg_cond_broadcast(&timer->changed);
    eg_mutex_unlock(&timer->lock);
}

int eg_timer_new(const char *name, struct eg_timer **ret_timer, struct eg_error *err)
{
    struct eg_timer *timer = eg_calloc(1, sizeof(*timer));
    int64_t now_tick = eg_clock_monotonic_ms() / EG_TIMER_TICK_MS;
    for (unsigned i = 0; i < SHARDS; i++) {
        eg_mutex_init(&timer->shards[i].lock);
        timer->shards[i].swept_tick = now_tick;
    }
    atomic_init(&timer->wake_tick, NEVER);
    eg_mutex_init(&timer->lock);
    eg_cond_init(&timer->changed);
    if (eg_pool_start(&timer->pool, name, 1, timer_main, timer, err) != 0) {
        eg_timer_destroy(timer);
        return -1;
    }
    *ret_timer = timer;
    return 0;
}

void eg_timer_destroy(struct eg_timer *timer)
{
    if (!timer)
        return;
    eg_mutex_lock(&timer->lock);
    timer->stop = true;
    eg_mutex_unlock(&timer->lock);
    eg_cond_broadcast(&timer->changed);
    eg_pool_join(&timer->pool);
    eg_cond_fini(&timer->changed);
    eg_mutex_fini(&timer->lock);
    for (unsigned i = 0; i < SHARDS; i++)
        eg_mutex_fini(&timer->shards[i].lock);
    free(timer);
}

void eg_timer_flush(struct eg_timer *timer)
{
    eg_mutex_lock(&timer->lock);
    uint64_t flush = ++timer->flush_wanted;
    eg_cond_broadcast(&timer->changed);
    while (timer->flush_done < flush && !timer->stop)
        eg_cond_wait(&timer->changed, &timer->lock);
    eg_mutex_unlock(&timer->lock);
}
