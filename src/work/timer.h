/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread that calls functions when their time has come.
 *
 * Made for deadlines: tens of thousands pending, nearly all cancelled before they are due. Adding
 * and cancelling are O(1) under one of several locks (a hashed wheel per shard), and the thread
 * sleeps until something can be due: an idle timer does not wake up. Times are exact to
 * EG_TIMER_TICK_MS and never early.
 *
 * Callbacks run on the timer's thread without a lock; they may add and cancel, the own node too.
 * Those of a timer that carries deadlines must not wait. Add and cancel: any thread.
 */
#ifndef EG_WORK_TIMER_H
#define EG_WORK_TIMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"

#define EG_TIMER_TICK_MS 16

/* Lives in the caller's struct; zeroed before its first use. The caller reads nothing in it. */
struct eg_timer_node {
    struct eg_timer_node *next;
    struct eg_timer_node **link; /* what points here; NULL while not pending */
    int64_t due_tick;
    void (*run)(struct eg_timer_node *node);
    unsigned shard; /* plus one; chosen at the first add, the same ever after */
};

struct eg_timer;

/* Makes the timer and its thread, called `name`. */
int eg_timer_new(const char *name, struct eg_timer **ret_timer, struct eg_error *err) EG_MUST_CHECK;

/*
 * Stops the thread after the callback that runs. What is pending is dropped without being called.
 * NULL is fine.
 */
void eg_timer_destroy(struct eg_timer *timer);

/* Calls run(node) once at or after `due_ms` of eg_clock_monotonic_ms. The node must not be pending.
 */
void eg_timer_add(struct eg_timer *timer, struct eg_timer_node *node, int64_t due_ms,
                  void (*run)(struct eg_timer_node *node));

/*
 * True: it was pending and will not be called. False: it was not pending, or its callback has begun
 * or is about to.
 */
bool eg_timer_cancel(struct eg_timer *timer, struct eg_timer_node *node);

/* Calls all that is pending now, whatever its time, on the timer's thread, and waits for that.
 * Not from a callback. */
void eg_timer_flush(struct eg_timer *timer);

#endif
