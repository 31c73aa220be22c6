/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few slots per thread, chosen by the token's last bytes: those of the signature, as good as
 * random. Tokens are compared as secrets are.
 *
 * The list of memos is guarded by the set's mutex, which a thread takes once. A memo's slots are
 * its thread's alone; its count of hits is written by that thread and read by any.
 */
#include "auth/memo.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "crypto/digest.h"

#define SLOT_BITS       6
#define SLOTS           (1u << SLOT_BITS)
#define TOKEN_BYTES_MAX 2048 /* 128 KiB of tokens per thread at most */

struct slot {
    char *token; /* owned; NULL: empty */
    size_t len;
    struct eg_auth_identity *identity;
    uint64_t generation;
    int64_t valid_until_us;
};

struct eg_auth_memo {
    struct eg_auth_memo *next;
    pthread_t owner;
    atomic_ullong hits;
    struct slot slots[SLOTS];
};

struct eg_auth_memo_set {
    uint64_t number; /* never used twice: an address may be */
    struct eg_mutex mutex;
    struct eg_auth_memo *first;
};

/* Where the thread was last, so that it need not look for its memo each time. */
static __thread struct {
    uint64_t set;
    struct eg_auth_memo *memo;
} latest;

struct eg_auth_memo_set *eg_auth_memo_set_new(void)
{
    static atomic_ullong last_number;
    struct eg_auth_memo_set *set = eg_calloc(1, sizeof(*set));
    set->number = atomic_fetch_add_explicit(&last_number, 1, memory_order_relaxed) + 1;
    eg_mutex_init(&set->mutex);
    return set;
}

static void slot_clear(struct slot *slot)
{
    eg_auth_identity_unref(slot->identity);
    free(slot->token);
    memset(slot, 0, sizeof(*slot));
}

void eg_auth_memo_set_destroy(struct eg_auth_memo_set *set)
{
    if (!set)
        return;
    for (struct eg_auth_memo *memo = set->first, *next; memo; memo = next) {
        next = memo->next;
        for (unsigned i = 0; i < SLOTS; i++)
            slot_clear(&memo->slots[i]);
        free(memo);
    }
    eg_mutex_fini(&set->mutex);
    free(set);
}

/* With the set's mutex held. */
static struct eg_auth_memo *find_or_make(struct eg_auth_memo_set *set)
{
    struct eg_auth_memo *memo = set->first;
    while (memo && !pthread_equal(memo->owner, pthread_self()))
        memo = memo->next;
    if (!memo) {
        memo = eg_calloc(1, sizeof(*memo));
        memo->owner = pthread_self();
        memo->next = set->first;
        set->first = memo;
    }
    return memo;
}

struct eg_auth_memo *eg_auth_memo_of_thread(struct eg_auth_memo_set *set)
{
    if (EG_LIKELY(latest.set == set->number))
        return latest.memo;
    eg_mutex_lock(&set->mutex);
    latest.memo = find_or_make(set);
    eg_mutex_unlock(&set->mutex);
    latest.set = set->number;
    return latest.memo;
}

/* NULL: the token is not one to remember here. */
static struct slot *slot_of(struct eg_auth_memo *memo, struct eg_span token)
{
    uint64_t tail;
    if (token.len < sizeof(tail) || token.len > TOKEN_BYTES_MAX)
        return NULL;
    memcpy(&tail, token.ptr + token.len - sizeof(tail), sizeof(tail));
    return &memo->slots[(tail * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SLOT_BITS)];
}

struct eg_auth_identity *eg_auth_memo_find(struct eg_auth_memo *memo, struct eg_span token,
                                           uint64_t generation, int64_t now_us)
{
    struct slot *slot = slot_of(memo, token);
    if (!slot || !slot->token || !eg_crypto_equal(token, eg_span_of(slot->token, slot->len)))
        return NULL;
    if (slot->generation != generation || now_us >= slot->valid_until_us) {
        slot_clear(slot);
        return NULL;
    }
    atomic_store_explicit(&memo->hits, atomic_load_explicit(&memo->hits, memory_order_relaxed) + 1,
                          memory_order_relaxed);
    return eg_auth_identity_ref(slot->identity);
}

void eg_auth_memo_put(struct eg_auth_memo *memo, struct eg_span token, uint64_t generation,
                      int64_t valid_until_us, struct eg_auth_identity *identity)
{
    struct slot *slot = slot_of(memo, token);
    if (!slot)
        return;
    slot_clear(slot);
    slot->token = eg_malloc(token.len);
    memcpy(slot->token, token.ptr, token.len);
    slot->len = token.len;
    slot->identity = eg_auth_identity_ref(identity);
    slot->generation = generation;
    slot->valid_until_us = valid_until_us;
}

uint64_t eg_auth_memo_set_hits(struct eg_auth_memo_set *set)
{
    uint64_t hits = 0;
    eg_mutex_lock(&set->mutex);
    for (struct eg_auth_memo *memo = set->first; memo; memo = memo->next)
        hits += atomic_load_explicit(&memo->hits, memory_order_relaxed);
    eg_mutex_unlock(&set->mutex);
    return hits;
}
