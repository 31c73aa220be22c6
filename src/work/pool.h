/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named threads that are started together and joined together. They block every signal, so that
 * signals reach the thread that waits for them. Start and join on one thread.
 */
#ifndef EG_WORK_POOL_H
#define EG_WORK_POOL_H

#include <pthread.h>
#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_pool_thread;

struct eg_pool {
    struct eg_pool_thread *threads;
    unsigned count;
};

/*
 * Runs `run(context, index)` on `count` threads called "<name>-<index>" (or just <name> when there
 * is one), cut to the 15 bytes that Linux allows. Fails with EG_ERR_INTERNAL when the system has no
 * more threads; those already started then run on: make `run` return, and join.
 */
int eg_pool_start(struct eg_pool *pool, const char *name, unsigned count,
                  void (*run)(void *context, unsigned index), void *context,
                  struct eg_error *err) EG_MUST_CHECK;

/* Waits for all. A zeroed pool has none. */
void eg_pool_join(struct eg_pool *pool);

#endif
