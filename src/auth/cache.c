/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table with a list in order of use, per shard. All memory is there from the start, in one
 * zeroed array that the system backs only as far as it is used; entries are named by index + 1, so
 * that zero is "none" and fresh memory is an empty table.
 *
 * A shard's mutex guards all of the shard and is a leaf: references are dropped outside of it. The
 * digest is SHA-256 of what a stranger sent, so its bits are as good as random and no stranger can
 * make two tokens meet; the shard and the bucket are taken from different bits of it.
 */
#include "auth/cache.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"

#define SHARDS_MAX        16
#define SHARD_ENTRIES_MIN 64 /* fewer, and shards would fill unevenly */
#define CACHE_LINE        64

struct entry {
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    struct eg_auth_identity *identity;
    uint64_t generation;
    int64_t valid_until_us;
    uint32_t next_in_bucket; /* also links the free entries */
    uint32_t newer;
    uint32_t older;
};

struct shard {
    struct eg_mutex mutex;
    struct entry *entries; /* [1 .. capacity]; entry 0's links are the ends of the list */
    uint32_t *buckets;
    uint32_t bucket_mask;
    uint32_t capacity;
    uint32_t touched; /* entries that were ever used */
    uint32_t free;
    uint32_t count;
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions;
} __attribute__((aligned(CACHE_LINE)));

struct eg_auth_cache {
    unsigned shard_count; /* a power of two; 0: remembers nothing */
    struct shard shards[SHARDS_MAX];
};

static uint32_t round_up_to_power(uint32_t value)
{
    uint32_t power = 1;
    while (power < value)
        power *= 2;
    return power;
}

static unsigned choose_shard_count(size_t max_entries)
{
    unsigned count = max_entries ? 1 : 0;
    while (count && count < SHARDS_MAX && max_entries / (count * 2) >= SHARD_ENTRIES_MIN)
        count *= 2;
    return count;
}

static void shard_init(struct shard *shard, uint32_t capacity)
{
    uint32_t buckets = round_up_to_power(capacity);
    eg_mutex_init(&shard->mutex);
    shard->capacity = capacity;
    shard->bucket_mask = buckets - 1;
    shard->buckets = eg_calloc(buckets, sizeof(*shard->buckets));
    shard->entries = eg_calloc((size_t)capacity + 1, sizeof(*shard->entries));
}

struct eg_auth_cache *eg_auth_cache_new(size_t max_entries)
{
    EG_ASSERT(max_entries <= UINT32_MAX / 2);
    struct eg_auth_cache *cache = aligned_alloc(CACHE_LINE, sizeof(*cache));
    EG_ASSERT(cache);
    memset(cache, 0, sizeof(*cache));
    cache->shard_count = choose_shard_count(max_entries);
    for (unsigned i = 0; i < cache->shard_count; i++) {
        /* The first ones take what does not divide evenly. */
        size_t share = max_entries / cache->shard_count + (i < max_entries % cache->shard_count);
        shard_init(&cache->shards[i], (uint32_t)share);
    }
    return cache;
}

static struct shard *find_shard(struct eg_auth_cache *cache, const uint8_t *digest)
{
    return &cache->shards[digest[0] & (cache->shard_count - 1)];
}

static uint32_t *find_bucket(const struct shard *shard, const uint8_t *digest)
{
    uint32_t bits;
    memcpy(&bits, digest + 4, sizeof(bits));
    return &shard->buckets[bits & shard->bucket_mask];
}

static void list_remove(struct shard *shard, uint32_t index)
{
    struct entry *entry = &shard->entries[index];
    shard->entries[entry->newer].older = entry->older;
    shard->entries[entry->older].newer = entry->newer;
}

/* Entry 0 is newer than the newest and older than the oldest. */
static void list_add_newest(struct shard *shard, uint32_t index)
{
    struct entry *entry = &shard->entries[index];
    struct entry *ends = &shard->entries[0];
    entry->newer = 0;
    entry->older = ends->older;
    shard->entries[ends->older].newer = index;
    ends->older = index;
}

static uint32_t lookup(const struct shard *shard, const uint8_t *digest)
{
    uint32_t index = *find_bucket(shard, digest);
    while (index && memcmp(shard->entries[index].digest, digest, EG_CRYPTO_SHA256_BYTES) != 0)
        index = shard->entries[index].next_in_bucket;
    return index;
}

/* Takes an entry out; returns the reference that it held. */
static struct eg_auth_identity *drop(struct shard *shard, uint32_t index)
{
    struct entry *entry = &shard->entries[index];
    uint32_t *link = find_bucket(shard, entry->digest);
    while (*link != index)
        link = &shard->entries[*link].next_in_bucket;
    *link = entry->next_in_bucket;
    list_remove(shard, index);
    entry->next_in_bucket = shard->free;
    shard->free = index;
    shard->count--;
    struct eg_auth_identity *identity = entry->identity;
    entry->identity = NULL;
    return identity;
}

static uint32_t take_free(struct shard *shard)
{
    uint32_t index = shard->free;
    if (index)
        shard->free = shard->entries[index].next_in_bucket;
    else if (shard->touched < shard->capacity)
        index = ++shard->touched;
    return index;
}

struct eg_auth_identity *eg_auth_cache_find(struct eg_auth_cache *cache,
                                            const uint8_t digest[EG_CRYPTO_SHA256_BYTES],
                                            uint64_t generation, int64_t now_us)
{
    if (cache->shard_count == 0)
        return NULL;
    struct shard *shard = find_shard(cache, digest);
    struct eg_auth_identity *found = NULL;
    struct eg_auth_identity *stale = NULL;
    eg_mutex_lock(&shard->mutex);
    uint32_t index = lookup(shard, digest);
    const struct entry *entry = &shard->entries[index];
    if (index && entry->generation == generation && now_us < entry->valid_until_us) {
        found = eg_auth_identity_ref(entry->identity);
        list_remove(shard, index);
        list_add_newest(shard, index);
        shard->hits++;
    } else {
        if (index)
            stale = drop(shard, index);
        shard->misses++;
    }
    eg_mutex_unlock(&shard->mutex);
    eg_auth_identity_unref(stale);
    return found;
}

/* A free entry; *ret_dropped gets the reference of the one that had to go for it, if any. */
static uint32_t make_room(struct shard *shard, const uint8_t *digest,
                          struct eg_auth_identity **ret_dropped)
{
    uint32_t same = lookup(shard, digest);
    if (same) {
        *ret_dropped = drop(shard, same);
    } else if (shard->count == shard->capacity) {
        *ret_dropped = drop(shard, shard->entries[0].newer);
        shard->evictions++;
    }
    return take_free(shard);
}

void eg_auth_cache_put(struct eg_auth_cache *cache, const uint8_t digest[EG_CRYPTO_SHA256_BYTES],
                       uint64_t generation, int64_t valid_until_us,
                       struct eg_auth_identity *identity)
{
    if (cache->shard_count == 0)
        return;
    struct shard *shard = find_shard(cache, digest);
    struct eg_auth_identity *dropped = NULL;
    eg_mutex_lock(&shard->mutex);
    uint32_t index = make_room(shard, digest, &dropped);
    EG_ASSERT(index != 0);
    struct entry *entry = &shard->entries[index];
    uint32_t *bucket = find_bucket(shard, digest);
    memcpy(entry->digest, digest, sizeof(entry->digest));
    entry->identity = eg_auth_identity_ref(identity);
    entry->generation = generation;
    entry->valid_until_us = valid_until_us;
    entry->next_in_bucket = *bucket;
    *bucket = index;
    list_add_newest(shard, index);
    shard->count++;
    eg_mutex_unlock(&shard->mutex);
    eg_auth_identity_unref(dropped);
}

/* One at a time, so that no request waits for more than one of them. */
void eg_auth_cache_clear(struct eg_auth_cache *cache)
{
    for (unsigned i = 0; i < cache->shard_count; i++) {
        struct shard *shard = &cache->shards[i];
        struct eg_auth_identity *dropped;
        do {
            eg_mutex_lock(&shard->mutex);
            dropped = shard->count ? drop(shard, shard->entries[0].newer) : NULL;
            eg_mutex_unlock(&shard->mutex);
            eg_auth_identity_unref(dropped);
        } while (dropped);
    }
}

void eg_auth_cache_destroy(struct eg_auth_cache *cache)
{
    if (!cache)
        return;
    eg_auth_cache_clear(cache);
    for (unsigned i = 0; i < cache->shard_count; i++) {
        eg_mutex_fini(&cache->shards[i].mutex);
        free(cache->shards[i].buckets);
        free(cache->shards[i].entries);
    }
    free(cache);
}

void eg_auth_cache_stats(struct eg_auth_cache *cache, struct eg_auth_cache_stats *ret_stats)
{
    struct eg_auth_cache_stats stats = {0};
    for (unsigned i = 0; i < cache->shard_count; i++) {
        struct shard *shard = &cache->shards[i];
        eg_mutex_lock(&shard->mutex);
        stats.hits += shard->hits;
        stats.misses += shard->misses;
        stats.evictions += shard->evictions;
        stats.entries += shard->count;
        stats.max_entries += shard->capacity;
        eg_mutex_unlock(&shard->mutex);
    }
    *ret_stats = stats;
}
