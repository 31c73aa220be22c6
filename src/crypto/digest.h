/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4), HMAC-SHA-256 (RFC 2104) and comparing secrets. Any thread; an incremental
 * state belongs to one.
 */
#ifndef EG_CRYPTO_DIGEST_H
#define EG_CRYPTO_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"

#define EG_CRYPTO_SHA256_BYTES     32
#define EG_CRYPTO_SHA256_HEX_BYTES 65 /* with the NUL */

/* One shot. Allocates only on a thread's first call. */
void eg_crypto_sha256(struct eg_span bytes, uint8_t digest[EG_CRYPTO_SHA256_BYTES]);

/* One shot, as lower-case hex with a NUL. */
void eg_crypto_sha256_hex(struct eg_span bytes, char text[EG_CRYPTO_SHA256_HEX_BYTES]);

/* SHA-1, as lower-case hex with a NUL: for names that others made so, never for security. */
#define EG_CRYPTO_SHA1_HEX_BYTES 41
void eg_crypto_sha1_hex(struct eg_span bytes, char text[EG_CRYPTO_SHA1_HEX_BYTES]);

/* In pieces: init, update any number of times, final once; fini frees, also without final. */
struct eg_crypto_sha256_state {
    void *context;
};

void eg_crypto_sha256_init(struct eg_crypto_sha256_state *state);
void eg_crypto_sha256_update(struct eg_crypto_sha256_state *state, struct eg_span bytes);
void eg_crypto_sha256_final(struct eg_crypto_sha256_state *state,
                            uint8_t digest[EG_CRYPTO_SHA256_BYTES]);
void eg_crypto_sha256_fini(struct eg_crypto_sha256_state *state);

void eg_crypto_hmac_sha256(struct eg_span key, struct eg_span bytes,
                           uint8_t mac[EG_CRYPTO_SHA256_BYTES]);

/* Lower-case hex of `len` bytes and a NUL: `text` has 2 * len + 1 bytes. */
void eg_crypto_hex(const uint8_t *bytes, size_t len, char *text);

/* In a time that does not depend on where they differ; the lengths are no secret. */
bool eg_crypto_equal(struct eg_span a, struct eg_span b);

#endif
