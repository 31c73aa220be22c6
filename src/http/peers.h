/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to http/: how many connections each address has. Guarded by the server's lock. A table of
 * counters without keys: several addresses may share one, which at worst is a little strict; with
 * four counters for every connection allowed that is rare, and memory is fixed.
 */
#ifndef EG_HTTP_PEERS_H
#define EG_HTTP_PEERS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

struct eg_http_peers {
    uint32_t *counts;
    size_t size; /* a power of two */
    uint64_t seed;
};

void eg_http_peers_init(struct eg_http_peers *peers, int64_t max_connections);
void eg_http_peers_fini(struct eg_http_peers *peers);

/* Counts one more; returns how many there are now. */
uint32_t eg_http_peers_add(struct eg_http_peers *peers, const struct in6_addr *address);
void eg_http_peers_remove(struct eg_http_peers *peers, const struct in6_addr *address);

#endif
