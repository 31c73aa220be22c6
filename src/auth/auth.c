/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: the thread's memo, then digest and cache, and only on a miss of both the signature
 * and the claims.
 *
 * A verification reads generation and keys together. When the keys change while it runs, what it
 * puts into the cache carries the old generation and is never found. The memo's generation is read
 * before anything else, so that it is never newer than the keys.
 */
#include "auth/auth.h"

#include <stdlib.h>

#include "auth/memo.h"
#include "auth/token.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/digest.h"

struct eg_auth_verifier {
    struct eg_auth_policy policy;
    struct eg_clock clock;
    struct eg_auth_key_source *source;
    struct eg_auth_cache *cache;
    struct eg_auth_memo_set *memos; /* NULL: nothing is to be remembered */
};

static int make_source(const struct eg_auth_config *config, const struct eg_clock *clock,
                       struct eg_auth_key_source **ret_source, struct eg_error *err)
{
    bool has_url = config->public_keys_url && config->public_keys_url[0];
    struct eg_auth_key_source_options options = {
        .url = has_url ? config->public_keys_url : NULL,
        .file = has_url ? NULL : config->public_keys_file,
        .ca_bundle = config->ca_bundle,
        .timeout_ms = config->timeout_ms,
        .refresh_interval_ms = config->refresh_interval_ms,
        .clock = clock,
    };
    return eg_auth_key_source_new(&options, ret_source, err);
}

int eg_auth_verifier_new(const struct eg_auth_config *config, const struct eg_clock *clock,
                         struct eg_auth_verifier **ret_verifier, struct eg_error *err)
{
    struct eg_auth_policy policy;
    if (eg_auth_config_policy(config, &policy, err) < 0)
        return -1;
    struct eg_auth_verifier *verifier = eg_calloc(1, sizeof(*verifier));
    verifier->policy = policy;
    verifier->clock = clock ? *clock : eg_clock_system;
    if (make_source(config, clock, &verifier->source, err) < 0 ||
        eg_auth_key_source_refresh(verifier->source, err) < 0) {
        (void)eg_error_prefix(err, "the public keys for tokens can't be loaded");
        eg_auth_verifier_destroy(verifier);
        return -1;
    }
    verifier->cache = eg_auth_cache_new((size_t)config->cache_entries);
    if (config->cache_entries > 0)
        verifier->memos = eg_auth_memo_set_new();
    *ret_verifier = verifier;
    return 0;
}

void eg_auth_verifier_destroy(struct eg_auth_verifier *verifier)
{
    if (!verifier)
        return;
    eg_auth_memo_set_destroy(verifier->memos);
    eg_auth_cache_destroy(verifier->cache);
    eg_auth_key_source_destroy(verifier->source);
    free(verifier);
}

/* The last moment at which the token is good, plus one; the leeway counts. */
static int64_t valid_until(const struct eg_auth_verifier *verifier,
                           const struct eg_auth_identity *identity)
{
    int64_t until_us;
    if (__builtin_add_overflow(identity->expires_us, verifier->policy.leeway_us, &until_us))
        return EG_AUTH_NEVER_US;
    return until_us;
}

/* The whole way, for a token that is not in the cache. */
static int verify_and_remember(struct eg_auth_verifier *verifier, struct eg_span token,
                               const uint8_t *digest, int64_t now_us,
                               struct eg_auth_identity **ret_identity, struct eg_error *reason)
{
    uint64_t generation;
    EG_AUTOKEYSET struct eg_auth_key_set *keys =
        eg_auth_key_source_current(verifier->source, &generation);
    struct eg_auth_identity *identity = NULL;
    if (eg_auth_token_verify(token, keys, &verifier->policy, now_us, &identity, reason) < 0)
        return -1;
    eg_auth_cache_put(verifier->cache, digest, generation, valid_until(verifier, identity),
                      identity);
    *ret_identity = identity;
    return 0;
}

/* By the cache, which all threads share, or by the signature. */
static int find_or_verify(struct eg_auth_verifier *verifier, struct eg_span token,
                          uint64_t generation, int64_t now_us,
                          struct eg_auth_identity **ret_identity, struct eg_error *reason)
{
    uint8_t digest[EG_CRYPTO_SHA256_BYTES];
    eg_crypto_sha256(token, digest);
    struct eg_auth_identity *known =
        eg_auth_cache_find(verifier->cache, digest, generation, now_us);
    if (!known)
        return verify_and_remember(verifier, token, digest, now_us, ret_identity, reason);
    *ret_identity = known;
    return 0;
}

static int recall_or_verify(struct eg_auth_verifier *verifier, struct eg_span token,
                            struct eg_auth_identity **ret_identity, struct eg_error *reason)
{
    uint64_t generation = eg_auth_key_source_generation(verifier->source);
    int64_t now_us = verifier->clock.wall_us(verifier->clock.state);
    if (!verifier->memos)
        return find_or_verify(verifier, token, generation, now_us, ret_identity, reason);
    struct eg_auth_memo *memo = eg_auth_memo_of_thread(verifier->memos);
    struct eg_auth_identity *known = eg_auth_memo_find(memo, token, generation, now_us);
    if (EG_LIKELY(known != NULL)) {
        *ret_identity = known;
        return 0;
    }
    if (find_or_verify(verifier, token, generation, now_us, ret_identity, reason) < 0)
        return -1;
    eg_auth_memo_put(memo, token, generation, valid_until(verifier, *ret_identity), *ret_identity);
    return 0;
}

int eg_auth_verify(struct eg_auth_verifier *verifier, struct eg_span token,
                   struct eg_auth_identity **ret_identity, struct eg_error *reason,
                   struct eg_error *err)
{
    int ret = -1;
    if (token.len == 0 || token.len > EG_AUTH_TOKEN_BYTES_MAX)
        (void)eg_error_set(reason, EG_ERR_UNAUTHENTICATED,
                           token.len ? "the token is too long" : "there is no token");
    else
        ret = recall_or_verify(verifier, token, ret_identity, reason);
    return ret == 0 ? 0 : eg_error_set(err, EG_ERR_UNAUTHENTICATED, "Invalid or missing token");
}

struct eg_span eg_auth_token_from_headers(struct eg_span bearer, struct eg_span authorization)
{
    bearer = eg_span_trim(bearer);
    if (bearer.len)
        return bearer;
    authorization = eg_span_trim(authorization);
    if (!eg_span_starts_nocase(authorization, "bearer "))
        return EG_SPAN_EMPTY;
    return eg_span_trim(eg_span_of(authorization.ptr + 7, authorization.len - 7));
}

int eg_auth_verifier_refresh(struct eg_auth_verifier *verifier, bool force, struct eg_error *err)
{
    int64_t now_us = verifier->clock.monotonic_us(verifier->clock.state);
    if (!force && !eg_auth_key_source_refresh_due(verifier->source, now_us))
        return 0;
    uint64_t before = eg_auth_key_source_generation(verifier->source);
    if (eg_auth_key_source_refresh(verifier->source, err) < 0)
        return -1;
    if (eg_auth_key_source_generation(verifier->source) != before)
        eg_auth_cache_clear(verifier->cache);
    return 0;
}

int64_t eg_auth_verifier_refresh_due_us(const struct eg_auth_verifier *verifier)
{
    return eg_auth_key_source_due_us(verifier->source);
}

void eg_auth_verifier_cancel(struct eg_auth_verifier *verifier)
{
    eg_auth_key_source_cancel(verifier->source);
}

void eg_auth_verifier_status(struct eg_auth_verifier *verifier,
                             struct eg_auth_key_source_status *ret_keys,
                             struct eg_auth_cache_stats *ret_cache)
{
    if (ret_keys)
        eg_auth_key_source_status(verifier->source, ret_keys);
    if (ret_cache) {
        eg_auth_cache_stats(verifier->cache, ret_cache);
        if (verifier->memos)
            ret_cache->hits += eg_auth_memo_set_hits(verifier->memos);
    }
}
