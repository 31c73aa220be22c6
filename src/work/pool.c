/* SPDX-License-Identifier: Apache-2.0 */
/* pthread_create and join; the name is set by the thread itself, before it runs anything. */
#include "work/pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

#define THREAD_NAME_BYTES 16 /* Linux, the NUL included */

struct eg_pool_thread {
    pthread_t handle;
    char name[THREAD_NAME_BYTES];
    unsigned index;
    void (*run)(void *context, unsigned index);
    void *context;
};

static void *thread_main(void *argument)
{
    struct eg_pool_thread *thread = argument;
    (void)pthread_setname_np(pthread_self(), thread->name); /* only helps who looks */
    thread->run(thread->context, thread->index);
    return NULL;
}

/* "<name>-<index>", the name cut so that the index stays readable. */
static void make_name(char *text, const char *name, unsigned index, unsigned count)
{
    char suffix[THREAD_NAME_BYTES] = "";
    if (count > 1)
        (void)snprintf(suffix, sizeof(suffix), "-%u", index);
    size_t room = THREAD_NAME_BYTES - 1 - strlen(suffix);
    size_t len = strnlen(name, room);
    memcpy(text, name, len);
    memcpy(text + len, suffix, strlen(suffix) + 1);
}

static int create_blocked(struct eg_pool_thread *thread)
{
    sigset_t all;
    sigset_t before;
    EG_ASSERT(sigfillset(&all) == 0);
    EG_ASSERT(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int ret = pthread_create(&thread->handle, NULL, thread_main, thread);
    EG_ASSERT(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return ret;
}

int eg_pool_start(struct eg_pool *pool, const char *name, unsigned count,
                  void (*run)(void *context, unsigned index), void *context, struct eg_error *err)
{
    pool->threads = eg_calloc(count, sizeof(*pool->threads));
    pool->count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct eg_pool_thread *thread = &pool->threads[i];
        *thread = (struct eg_pool_thread){.index = i, .run = run, .context = context};
        make_name(thread->name, name, i, count);
        int failure = create_blocked(thread);
        if (failure != 0) {
            char text[128];
            return eg_error_set(err, EG_ERR_INTERNAL, "cannot start thread '%s': %s", thread->name,
                                eg_error_errno_text(failure, text, sizeof(text)));
        }
        pool->count++;
    }
    return 0;
}

void eg_pool_join(struct eg_pool *pool)
{
    for (unsigned i = 0; i < pool->count; i++)
        EG_ASSERT(pthread_join(pool->threads[i].handle, NULL) == 0);
    free(pool->threads);
    *pool = (struct eg_pool){NULL, 0};
}
