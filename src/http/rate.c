/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Token buckets in a set-associative table: a key's hash picks a set of WAYS buckets, and only that
 * set is searched, so a lookup costs the same however many keys there are. Each shard has one lock
 * (rank: leaf; nothing is called under it).
 *
 * Keys are kept as two hashes, one of them seeded at start, so that nobody can choose keys which
 * share a bucket. Tokens are counted in millionths.
 */
#include "http/rate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"

#define SHARDS      16
#define WAYS        8
#define ONE_TOKEN   1000000LL
#define MAX_RATE    1000000LL
#define US_A_SECOND 1000000LL

struct bucket {
    uint64_t key[2]; /* both 0: unused */
    int64_t tokens;  /* millionths */
    int64_t used_us;
};

struct shard {
    struct eg_mutex lock;
    struct bucket *buckets; /* sets * WAYS */
};

struct eg_http_rate {
    int64_t per_second; /* also: millionths a microsecond */
    int64_t burst;      /* millionths */
    size_t sets;        /* of one shard; a power of two */
    uint64_t seed[2];
    struct shard shards[SHARDS];
};

static uint64_t mix(uint64_t hash)
{
    hash ^= hash >> 30;
    hash *= 0xbf58476d1ce4e5b9ULL;
    hash ^= hash >> 27;
    hash *= 0x94d049bb133111ebULL;
    return hash ^ hash >> 31;
}

static uint64_t seeded_hash(struct eg_span key, uint64_t seed)
{
    uint64_t hash = mix(seed ^ key.len);
    for (size_t at = 0; at < key.len; at++)
        hash = (hash ^ (unsigned char)key.ptr[at]) * 0x100000001b3ULL + (hash >> 47);
    return mix(hash ^ seed);
}

struct eg_http_rate *eg_http_rate_new(int64_t per_second, int64_t burst, unsigned max_keys)
{
    struct eg_http_rate *rate = eg_calloc(1, sizeof(*rate));
    EG_ASSERT(per_second >= 1 && burst >= 1);
    rate->per_second = per_second > MAX_RATE ? MAX_RATE : per_second;
    rate->burst = (burst > MAX_RATE ? MAX_RATE : burst) * ONE_TOKEN;
    rate->sets = 1;
    while (rate->sets * WAYS * SHARDS < max_keys)
        rate->sets *= 2;
    EG_ASSERT(getrandom(rate->seed, sizeof(rate->seed), 0) == (ssize_t)sizeof(rate->seed));
    for (unsigned index = 0; index < SHARDS; index++) {
        eg_mutex_init(&rate->shards[index].lock);
        rate->shards[index].buckets = eg_calloc(rate->sets * WAYS, sizeof(struct bucket));
    }
    return rate;
}

void eg_http_rate_destroy(struct eg_http_rate *rate)
{
    if (!rate)
        return;
    for (unsigned index = 0; index < SHARDS; index++) {
        eg_mutex_fini(&rate->shards[index].lock);
        free(rate->shards[index].buckets);
    }
    free(rate);
}

/* The key's bucket, or the longest unused one of its set made the key's, full. */
static struct bucket *find_bucket(struct bucket *set, const uint64_t key[2], int64_t burst,
                                  int64_t now_us)
{
    struct bucket *oldest = set;
    for (unsigned way = 0; way < WAYS; way++) {
        if (set[way].key[0] == key[0] && set[way].key[1] == key[1])
            return &set[way];
        if (set[way].used_us < oldest->used_us)
            oldest = &set[way];
    }
    *oldest = (struct bucket){{key[0], key[1]}, burst, now_us};
    return oldest;
}

static void refill(struct bucket *bucket, const struct eg_http_rate *rate, int64_t now_us)
{
    int64_t elapsed_us = now_us - bucket->used_us;
    if (elapsed_us <= 0)
        return;
    if (elapsed_us > (rate->burst - bucket->tokens) / rate->per_second)
        bucket->tokens = rate->burst;
    else
        bucket->tokens += elapsed_us * rate->per_second;
    bucket->used_us = now_us;
}

static unsigned seconds_until_token(const struct bucket *bucket, const struct eg_http_rate *rate)
{
    int64_t missing = ONE_TOKEN - bucket->tokens;
    int64_t a_second = rate->per_second * US_A_SECOND;
    return (unsigned)((missing + a_second - 1) / a_second);
}

bool eg_http_rate_take(struct eg_http_rate *rate, struct eg_span key, int64_t monotonic_us,
                       unsigned *ret_retry_after_s)
{
    if (!rate)
        return true;
    uint64_t hashes[2] = {seeded_hash(key, rate->seed[0]), seeded_hash(key, rate->seed[1]) | 1};
    struct shard *shard = &rate->shards[hashes[0] % SHARDS];
    size_t set = (size_t)(hashes[0] / SHARDS) & (rate->sets - 1);

    eg_mutex_lock(&shard->lock);
    struct bucket *bucket =
        find_bucket(shard->buckets + set * WAYS, hashes, rate->burst, monotonic_us);
    refill(bucket, rate, monotonic_us);
    bool granted = bucket->tokens >= ONE_TOKEN;
    if (granted)
        bucket->tokens -= ONE_TOKEN;
    else
        *ret_retry_after_s = seconds_until_token(bucket, rate);
    eg_mutex_unlock(&shard->lock);
    return granted;
}
