/* SPDX-License-Identifier: Apache-2.0 */
/* Counters by seeded hash of the address. Callers hold the server's lock. */
#include "http/peers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"
#include "base/memory.h"

void eg_http_peers_init(struct eg_http_peers *peers, int64_t max_connections)
{
    peers->size = 64;
    while (peers->size < (size_t)max_connections * 4)
        peers->size *= 2;
    peers->counts = eg_calloc(peers->size, sizeof(*peers->counts));
    EG_ASSERT(getrandom(&peers->seed, sizeof(peers->seed), 0) == (ssize_t)sizeof(peers->seed));
}

void eg_http_peers_fini(struct eg_http_peers *peers)
{
    free(peers->counts);
    peers->counts = NULL;
}

static uint32_t *count_of(struct eg_http_peers *peers, const struct in6_addr *address)
{
    uint64_t words[2];
    memcpy(words, address, sizeof(words));
    uint64_t hash = (words[0] ^ peers->seed) * 0x9e3779b97f4a7c15ULL;
    hash = (hash ^ (hash >> 32) ^ words[1]) * 0xbf58476d1ce4e5b9ULL;
    return &peers->counts[(size_t)(hash >> 20) & (peers->size - 1)];
}

uint32_t eg_http_peers_add(struct eg_http_peers *peers, const struct in6_addr *address)
{
    return ++*count_of(peers, address);
}

void eg_http_peers_remove(struct eg_http_peers *peers, const struct in6_addr *address)
{
    uint32_t *count = count_of(peers, address);
    EG_ASSERT(*count > 0);
    --*count;
}
