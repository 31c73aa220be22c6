/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that have been verified, by the SHA-256 of their bytes, so that the next request with the
 * same token costs a digest instead of a signature.
 *
 * Bounded: a full cache drops what was not asked for longest. An entry is good for one generation
 * of keys and until its token expires. Any thread; shards by digest keep threads out of each
 * other's way, each under a mutex that is held for a few dozen instructions. A lookup allocates
 * nothing.
 */
#ifndef EG_AUTH_CACHE_H
#define EG_AUTH_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "auth/identity.h"
#include "base/compiler.h"
#include "crypto/digest.h"

struct eg_auth_cache;

/* `max_entries` 0: remembers nothing. */
struct eg_auth_cache *eg_auth_cache_new(size_t max_entries) EG_MUST_CHECK;
void eg_auth_cache_destroy(struct eg_auth_cache *cache); /* NULL is fine */

/* A reference, or NULL. `now_us` is wall time. */
struct eg_auth_identity *eg_auth_cache_find(struct eg_auth_cache *cache,
                                            const uint8_t digest[EG_CRYPTO_SHA256_BYTES],
                                            uint64_t generation, int64_t now_us);

/* Takes a reference of its own. `valid_until_us` is the last moment plus one, EG_AUTH_NEVER_US: no
 * end. */
void eg_auth_cache_put(struct eg_auth_cache *cache, const uint8_t digest[EG_CRYPTO_SHA256_BYTES],
                       uint64_t generation, int64_t valid_until_us,
                       struct eg_auth_identity *identity);

/* Drops everything; for when the keys changed. */
void eg_auth_cache_clear(struct eg_auth_cache *cache);

struct eg_auth_cache_stats {
    uint64_t hits;
    uint64_t misses;
    uint64_t evictions; /* good entries dropped for want of room */
    uint64_t entries;
    uint64_t max_entries;
};

void eg_auth_cache_stats(struct eg_auth_cache *cache, struct eg_auth_cache_stats *ret_stats);

#endif
