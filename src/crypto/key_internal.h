/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of key.h share. Not for other rooms. */
#ifndef EG_CRYPTO_KEY_INTERNAL_H
#define EG_CRYPTO_KEY_INTERNAL_H

#include <openssl/evp.h>
#include <openssl/types.h>

#include "base/compiler.h"
#include "crypto/key.h"

struct eg_crypto_key {
    EVP_PKEY *pkey;
    enum eg_crypto_kind kind;
    bool is_private;
};

/* How OpenSSL names things, and how long a coordinate (EC) or a raw key (Ed) is in bytes. */
struct eg_crypto_kind_info {
    const char *type;  /* for EVP_PKEY_CTX_new_from_name and EVP_PKEY_is_a */
    const char *group; /* EC: the curve */
    size_t field_bytes;
};

extern const struct eg_crypto_kind_info eg_crypto_kind_infos[EG_CRYPTO_KIND_COUNT];

/*
 * Wraps a key after checking that it is of a kind we know and strong enough. Takes `pkey` in every
 * case.
 */
int eg_crypto_key_wrap(EVP_PKEY *take, bool is_private, struct eg_crypto_key **ret_key,
                       struct eg_error *err) EG_MUST_CHECK;

/*
 * Fails with "<what>: <OpenSSL's last reason>" and empties OpenSSL's queue of errors, which would
 * otherwise be read by the next call that fails on this thread. Returns -1.
 */
int eg_crypto_fail(struct eg_error *err, enum eg_error_code code, const char *what);

/* For EG_CLEANUP. */
void eg_crypto_bn_cleanup(BIGNUM **number);
void eg_crypto_bio_cleanup(BIO **bio);

#endif
