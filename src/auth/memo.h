/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a thread remembers of the tokens it saw last, so that a client that posts again and again
 * with one token costs neither a digest nor a lock.
 *
 * In front of the cache (cache.h), with the same rules: an entry is good for one generation of keys
 * and until its token expires. Small and bounded; a token that is too long, or that meets another
 * one in its place, goes to the cache as ever.
 *
 * Each thread has a memo of its own, which it alone reads and writes. They belong to the set, and
 * go with it: no thread may use the set any more then.
 */
#ifndef EG_AUTH_MEMO_H
#define EG_AUTH_MEMO_H

#include <stdint.h>

#include "auth/identity.h"
#include "base/compiler.h"

struct eg_auth_memo_set;
struct eg_auth_memo;

struct eg_auth_memo_set *eg_auth_memo_set_new(void) EG_MUST_CHECK;
void eg_auth_memo_set_destroy(struct eg_auth_memo_set *set); /* NULL is fine */

/* The calling thread's own; made on its first call. */
struct eg_auth_memo *eg_auth_memo_of_thread(struct eg_auth_memo_set *set);

/* A reference, or NULL. `now_us` is wall time. */
struct eg_auth_identity *eg_auth_memo_find(struct eg_auth_memo *memo, struct eg_span token,
                                           uint64_t generation, int64_t now_us);

/* Copies the token and takes a reference. `valid_until_us` is the last moment plus one. */
void eg_auth_memo_put(struct eg_auth_memo *memo, struct eg_span token, uint64_t generation,
                      int64_t valid_until_us, struct eg_auth_identity *identity);

/* How often all threads' memos knew the answer; any thread. */
uint64_t eg_auth_memo_set_hits(struct eg_auth_memo_set *set);

#endif
