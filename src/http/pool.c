/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests are reused within the HTTP thread that they were answered on, last in first out, so that
 * the one in use is warm; each keeps its arena's first block and a body buffer of modest size.
 * Freed when the thread ends. Also here: the thread's random numbers for correlation ids, which
 * must be unique but not secret (splitmix64 over a seed from the kernel).
 */
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/memory.h"
#include "http/exchange.h"

#define POOL_MAX 512

struct pool {
    struct eg_http_request *free;
    unsigned count;
    uint64_t random[2];
};

static pthread_once_t key_once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static __thread struct pool *current;

static void destroy_pool(void *value)
{
    struct pool *pool = value;
    while (pool->free) {
        struct eg_http_request *request = pool->free;
        pool->free = request->next_free;
        eg_http_request_free(request);
    }
    free(pool);
}

static void make_key(void)
{
    EG_ASSERT(pthread_key_create(&key, destroy_pool) == 0);
}

static struct pool *make_pool(void)
{
    struct pool *pool = eg_calloc(1, sizeof(*pool));
    EG_ASSERT(pthread_once(&key_once, make_key) == 0);
    EG_ASSERT(pthread_setspecific(key, pool) == 0);
    EG_ASSERT(getrandom(pool->random, sizeof(pool->random), 0) == (ssize_t)sizeof(pool->random));
    current = pool;
    return pool;
}

static struct pool *this_pool(void)
{
    return EG_LIKELY(current != NULL) ? current : make_pool();
}

struct eg_http_request *eg_http_request_get(void)
{
    struct pool *pool = this_pool();
    struct eg_http_request *request = pool->free;
    if (!request)
        return eg_calloc(1, sizeof(*request));
    pool->free = request->next_free;
    pool->count--;
    return request;
}

static void end_state(struct eg_http_request *request)
{
    void (*cleanup)(void *) = request->cleanup;
    request->cleanup = NULL;
    if (cleanup)
        cleanup(request->state);
}

void eg_http_request_free(struct eg_http_request *take)
{
    end_state(take);
    eg_http_reply_drop(take);
    eg_http_inflater_fini(&take->inflater);
    eg_buffer_fini(&take->body);
    eg_arena_fini(&take->arena);
    free(take);
}

/* Back to zero, except for the memory that is worth keeping. */
static void clear(struct eg_http_request *request)
{
    struct eg_arena arena = request->arena;
    struct eg_buffer body = request->body;
    eg_arena_reset(&arena);
    eg_buffer_clear(&body);
    if (body.capacity > EG_HTTP_KEEP_BODY_BYTES)
        eg_buffer_fini(&body);
    *request = (struct eg_http_request){.arena = arena, .body = body};
}

void eg_http_request_put(struct eg_http_request *take)
{
    struct pool *pool = this_pool();
    if (pool->count == POOL_MAX) {
        eg_http_request_free(take);
        return;
    }
    end_state(take);
    eg_http_reply_drop(take);
    eg_http_inflater_fini(&take->inflater);
    clear(take);
    take->next_free = pool->free;
    pool->free = take;
    pool->count++;
}

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    return z ^ z >> 31;
}

void eg_http_request_make_id(struct eg_http_request *request)
{
    static const char digits[] = "0123456789abcdef";
    struct pool *pool = this_pool();
    for (unsigned half = 0; half < 2; half++) {
        uint64_t bits = next_random(&pool->random[half]);
        for (unsigned at = 0; at < 16; at++, bits >>= 4)
            request->correlation[half * 16 + at] = digits[bits & 15];
    }
    request->correlation[EG_HTTP_MADE_ID_BYTES] = '\0';
    request->correlation_len = EG_HTTP_MADE_ID_BYTES;
}
