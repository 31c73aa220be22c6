/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signature algorithms we know, RFC 7518 section 3.1 and RFC 8037 section 3.1: one table.
 *
 * There is no row for "none" and none for HMAC: what has no row can neither be configured nor
 * verified. Any thread.
 */
#ifndef EG_CRYPTO_ALGORITHM_H
#define EG_CRYPTO_ALGORITHM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"

enum eg_crypto_alg {
    EG_CRYPTO_RS256,
    EG_CRYPTO_RS384,
    EG_CRYPTO_RS512,
    EG_CRYPTO_PS256,
    EG_CRYPTO_PS384,
    EG_CRYPTO_PS512,
    EG_CRYPTO_ES256,
    EG_CRYPTO_ES384,
    EG_CRYPTO_ES512,
    EG_CRYPTO_EDDSA,
    EG_CRYPTO_ALG_COUNT
};

enum eg_crypto_kind {
    EG_CRYPTO_RSA,
    EG_CRYPTO_P256,
    EG_CRYPTO_P384,
    EG_CRYPTO_P521,
    EG_CRYPTO_ED25519,
    EG_CRYPTO_ED448,
    EG_CRYPTO_KIND_COUNT
};

/* Sets of algorithms are masks: bit (1 << alg). */
typedef uint32_t eg_crypto_alg_set;
#define EG_CRYPTO_ALG_BIT(alg) ((eg_crypto_alg_set)1 << (alg))
#define EG_CRYPTO_ALG_ALL      (EG_CRYPTO_ALG_BIT(EG_CRYPTO_ALG_COUNT) - 1)

/* Names are case-sensitive. False: no such algorithm, *ret_alg untouched. */
bool eg_crypto_alg_find(struct eg_span name, enum eg_crypto_alg *ret_alg);
const char *eg_crypto_alg_name(enum eg_crypto_alg alg);

/* The algorithms that fit a key of that kind. */
eg_crypto_alg_set eg_crypto_kind_algs(enum eg_crypto_kind kind);

/* "RSA", "P-256", ..., "Ed25519": the JWK crv, or kty for RSA. */
const char *eg_crypto_kind_name(enum eg_crypto_kind kind);
bool eg_crypto_kind_find(struct eg_span name, enum eg_crypto_kind *ret_kind);

#endif
