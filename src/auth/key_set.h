/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The public keys that tokens may be signed with: immutable and counted, so that a refresh builds a
 * new set aside while verifications finish on the old one. Any thread.
 *
 * Texts that can be read:
 *   {"keys":[{"key":"<base64 DER>"}, ...]}  {"key":"<base64 DER>"}   the Python EventGate's formats
 *   {"keys":[{"kty":...}, ...]}             {"kty":...}              JWKS and JWK, RFC 7517
 *   -----BEGIN PUBLIC KEY-----                                       PEM, one or more
 */
#ifndef EG_AUTH_KEY_SET_H
#define EG_AUTH_KEY_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/ref.h"
#include "crypto/digest.h"
#include "crypto/key.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

#define EG_AUTH_KEYS_MAX           128
#define EG_AUTH_KEY_SET_TEXT_BYTES (1024 * 1024)

struct eg_auth_key {
    struct eg_crypto_key *key;
    char *kid;              /* NULL: none */
    eg_crypto_alg_set algs; /* what fits the key and, for a JWK, what its `alg` allows */
};

struct eg_auth_key_set {
    struct eg_ref refs;
    size_t count; /* at least 1 */
    size_t
        skipped_count; /* JWKs that are not for verifying signatures, or of a kind we don't know */
    uint8_t fingerprint[EG_CRYPTO_SHA256_BYTES]; /* equal sets have equal ones */
    struct eg_auth_key keys[];
};

/*
 * EG_ERR_INVALID: not one of the formats, or a key that can't be read; the message says which
 * (`keys[1].key: ...`). EG_ERR_CONFIG: well-formed, but no key in it may verify a signature; the
 * message says why. In a JWKS what can't be used is skipped (RFC 7517 section 5); an entry with
 * neither `key` nor `kty` is skipped as well.
 */
int eg_auth_key_set_parse(struct eg_span text, struct eg_auth_key_set **ret_set,
                          struct eg_error *err) EG_MUST_CHECK;

struct eg_auth_key_set *eg_auth_key_set_ref(struct eg_auth_key_set *set);
void eg_auth_key_set_unref(struct eg_auth_key_set *set); /* NULL is fine */
void eg_auth_key_set_cleanup(struct eg_auth_key_set **set);
#define EG_AUTOKEYSET EG_CLEANUP(eg_auth_key_set_cleanup)

/*
 * One JWK (RFC 7517 section 4) as a key, public or private; for `eventgate token`. `use`, `key_ops`
 * and `alg` are honoured: see ret_key->algs. The caller frees with eg_auth_key_fini.
 */
int eg_auth_key_parse_jwk(struct eg_span text, struct eg_auth_key *ret_key,
                          struct eg_error *err) EG_MUST_CHECK;
void eg_auth_key_fini(struct eg_auth_key *key);

#endif
