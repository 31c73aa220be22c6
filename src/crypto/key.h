/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asymmetric keys: read them, make them, write them, verify and sign with them.
 *
 * A key is immutable once made: any number of threads may verify and sign with one at a time. Only
 * keys that are safe to trust can be made: RSA from 2048 to 16384 bits with an odd public exponent
 * from 3 to 2^64, points that lie on P-256, P-384 or P-521, Ed25519 and Ed448. Everything else is
 * an error that says which rule it breaks. Errors are EG_ERR_INVALID unless stated otherwise.
 */
#ifndef EG_CRYPTO_KEY_H
#define EG_CRYPTO_KEY_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "crypto/algorithm.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

struct eg_crypto_key;

void eg_crypto_key_destroy(struct eg_crypto_key *key); /* NULL is fine */
void eg_crypto_key_cleanup(struct eg_crypto_key **key);
#define EG_AUTOKEY EG_CLEANUP(eg_crypto_key_cleanup)

/* A DER SubjectPublicKeyInfo (RFC 5280 section 4.1) and not a byte more. */
int eg_crypto_key_from_der(struct eg_span der, struct eg_crypto_key **ret_key,
                           struct eg_error *err) EG_MUST_CHECK;

/*
 * The first key of a PEM text: PUBLIC KEY, or an unencrypted private one (PKCS #8, PKCS #1, SEC 1).
 * *ret_rest, when not NULL, gets what follows it.
 */
int eg_crypto_key_from_pem(struct eg_span pem, struct eg_crypto_key **ret_key,
                           struct eg_span *ret_rest, struct eg_error *err) EG_MUST_CHECK;

/*
 * What a JWK (RFC 7518 section 6, RFC 8037 section 2) is made of, as bytes. RSA: n and e. EC: x and
 * y, each of the curve's full length. Ed25519 and Ed448: x. Private keys add d. Parts that are not
 * there have len 0.
 */
struct eg_crypto_key_parts {
    enum eg_crypto_kind kind;
    struct eg_span n, e, x, y, d;
};

int eg_crypto_key_from_parts(const struct eg_crypto_key_parts *parts,
                             struct eg_crypto_key **ret_key, struct eg_error *err) EG_MUST_CHECK;

/* A new pair. Takes a second or two for RSA, which is made with 2048 bits. */
int eg_crypto_key_generate(enum eg_crypto_kind kind, struct eg_crypto_key **ret_key,
                           struct eg_error *err) EG_MUST_CHECK;

enum eg_crypto_kind eg_crypto_key_kind(const struct eg_crypto_key *key);
bool eg_crypto_key_is_private(const struct eg_crypto_key *key);

/* Append the public half to `out`: DER SubjectPublicKeyInfo, or PEM. */
int eg_crypto_key_public_der(const struct eg_crypto_key *key, struct eg_buffer *out,
                             struct eg_error *err) EG_MUST_CHECK;
int eg_crypto_key_public_pem(const struct eg_crypto_key *key, struct eg_buffer *out,
                             struct eg_error *err) EG_MUST_CHECK;

/* The public parts, pointing into bytes appended to `storage`: valid until it changes. */
int eg_crypto_key_public_parts(const struct eg_crypto_key *key, struct eg_buffer *storage,
                               struct eg_crypto_key_parts *ret_parts,
                               struct eg_error *err) EG_MUST_CHECK;

/* Append the whole key as unencrypted PKCS #8 PEM: wipe `out` when done (explicit_bzero). */
int eg_crypto_key_private_pem(const struct eg_crypto_key *key, struct eg_buffer *out,
                              struct eg_error *err) EG_MUST_CHECK;

/*
 * 0: `signature` is one of `message` by this key under `alg`. -1 with EG_ERR_UNAUTHENTICATED: it is
 * not, or the algorithm does not fit the key. ES*: r and s side by side at their exact length
 * (RFC 7518 section 3.4). PS*: the salt is as long as the hash (section 3.5).
 */
int eg_crypto_verify(const struct eg_crypto_key *key, enum eg_crypto_alg alg,
                     struct eg_span message, struct eg_span signature,
                     struct eg_error *err) EG_MUST_CHECK;

/* Appends the signature to `out`, in the form that eg_crypto_verify takes. */
int eg_crypto_sign(const struct eg_crypto_key *key, enum eg_crypto_alg alg, struct eg_span message,
                   struct eg_buffer *out, struct eg_error *err) EG_MUST_CHECK;

#endif
