/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The key object: what may become one, and its life. Reading and writing keys is in key_format.c,
 * signatures are in signature.c. An EVP_PKEY that nobody changes may be used by any thread.
 */
#include "crypto/key.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "crypto/key_internal.h"

#define RSA_BITS_MIN          2048
#define RSA_BITS_MAX          16384
#define RSA_EXPONENT_BITS_MAX 64
#define RSA_BITS_NEW          2048

const struct eg_crypto_kind_info eg_crypto_kind_infos[EG_CRYPTO_KIND_COUNT] = {
    [EG_CRYPTO_RSA] = {"RSA", NULL, 0},          [EG_CRYPTO_P256] = {"EC", "prime256v1", 32},
    [EG_CRYPTO_P384] = {"EC", "secp384r1", 48},  [EG_CRYPTO_P521] = {"EC", "secp521r1", 66},
    [EG_CRYPTO_ED25519] = {"ED25519", NULL, 32}, [EG_CRYPTO_ED448] = {"ED448", NULL, 57},
};

int eg_crypto_fail(struct eg_error *err, enum eg_error_code code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    (void)eg_error_set(err, code, "%s%s%s", what, reason ? ": " : "", reason ? reason : "");
    ERR_clear_error();
    return -1;
}

void eg_crypto_bn_cleanup(BIGNUM **number)
{
    BN_clear_free(*number);
}

void eg_crypto_bio_cleanup(BIO **bio)
{
    BIO_free_all(*bio);
}

static bool find_kind(const EVP_PKEY *pkey, enum eg_crypto_kind *ret_kind)
{
    char group[32] = "";
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        const struct eg_crypto_kind_info *info = &eg_crypto_kind_infos[i];
        if (!EVP_PKEY_is_a(pkey, info->type))
            continue;
        if (info->group && (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
                            strcmp(group, info->group) != 0))
            continue;
        *ret_kind = (enum eg_crypto_kind)i;
        return true;
    }
    return false;
}

/* A short modulus can be factored, a long one makes every verification slow, and so does a long
 * exponent; an even one is no RSA key at all. */
static int check_rsa(const EVP_PKEY *pkey, struct eg_error *err)
{
    int bits = EVP_PKEY_get_bits(pkey);
    if (bits < RSA_BITS_MIN || bits > RSA_BITS_MAX)
        return eg_error_set(err, EG_ERR_INVALID, "an RSA key of %d bits; it must have %d to %d",
                            bits, RSA_BITS_MIN, RSA_BITS_MAX);
    EG_CLEANUP(eg_crypto_bn_cleanup) BIGNUM *e = NULL;
    if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
        return eg_crypto_fail(err, EG_ERR_INVALID, "an RSA key without exponent");
    if (!BN_is_odd(e) || BN_is_one(e) || BN_num_bits(e) > RSA_EXPONENT_BITS_MAX)
        return eg_error_set(err, EG_ERR_INVALID,
                            "the exponent of an RSA key must be odd, from 3, of up to %d bits",
                            RSA_EXPONENT_BITS_MAX);
    return 0;
}

static int check_pkey(const EVP_PKEY *pkey, enum eg_crypto_kind *ret_kind, struct eg_error *err)
{
    enum eg_crypto_kind kind;
    if (!find_kind(pkey, &kind)) {
        const char *type = EVP_PKEY_get0_type_name(pkey);
        return eg_error_set(err, EG_ERR_INVALID,
                            "a %s key; RSA, EC on P-256, P-384 or P-521, Ed25519 and Ed448 can "
                            "be used",
                            type ? type : "strange");
    }
    if (kind == EG_CRYPTO_RSA && check_rsa(pkey, err) < 0)
        return -1;
    *ret_kind = kind;
    return 0;
}

int eg_crypto_key_wrap(EVP_PKEY *take, bool is_private, struct eg_crypto_key **ret_key,
                       struct eg_error *err)
{
    enum eg_crypto_kind kind = EG_CRYPTO_RSA;
    if (check_pkey(take, &kind, err) < 0) {
        EVP_PKEY_free(take);
        ERR_clear_error();
        return -1;
    }
    struct eg_crypto_key *key = eg_calloc(1, sizeof(*key));
    key->pkey = take;
    key->kind = kind;
    key->is_private = is_private;
    *ret_key = key;
    return 0;
}

int eg_crypto_key_generate(enum eg_crypto_kind kind, struct eg_crypto_key **ret_key,
                           struct eg_error *err)
{
    EG_ASSERT((unsigned)kind < EG_CRYPTO_KIND_COUNT);
    const struct eg_crypto_kind_info *info = &eg_crypto_kind_infos[kind];
    EVP_PKEY *pkey;
    if (kind == EG_CRYPTO_RSA)
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, info->type, (size_t)RSA_BITS_NEW);
    else if (info->group)
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, info->type, info->group);
    else
        pkey = EVP_PKEY_Q_keygen(NULL, NULL, info->type);
    if (!pkey)
        return eg_crypto_fail(err, EG_ERR_INTERNAL, "making a key failed");
    return eg_crypto_key_wrap(pkey, true, ret_key, err);
}

void eg_crypto_key_destroy(struct eg_crypto_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

void eg_crypto_key_cleanup(struct eg_crypto_key **key)
{
    eg_crypto_key_destroy(*key);
}

enum eg_crypto_kind eg_crypto_key_kind(const struct eg_crypto_key *key)
{
    return key->kind;
}

bool eg_crypto_key_is_private(const struct eg_crypto_key *key)
{
    return key->is_private;
}
