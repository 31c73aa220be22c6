/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing and verifying, one row of a table per algorithm. Nothing is kept between calls; any
 * thread may use any key.
 */
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "base/error.h"
#include "crypto/key_internal.h"

/* The longest DER ECDSA signature: two integers of 67 bytes, three headers of at most three. */
#define ECDSA_DER_BYTES_MAX 144

struct alg_row {
    const char *digest; /* NULL: the algorithm has its own */
    bool pss;
};

static const struct alg_row alg_rows[EG_CRYPTO_ALG_COUNT] = {
    [EG_CRYPTO_RS256] = {"SHA256", false}, [EG_CRYPTO_RS384] = {"SHA384", false},
    [EG_CRYPTO_RS512] = {"SHA512", false}, [EG_CRYPTO_PS256] = {"SHA256", true},
    [EG_CRYPTO_PS384] = {"SHA384", true},  [EG_CRYPTO_PS512] = {"SHA512", true},
    [EG_CRYPTO_ES256] = {"SHA256", false}, [EG_CRYPTO_ES384] = {"SHA384", false},
    [EG_CRYPTO_ES512] = {"SHA512", false}, [EG_CRYPTO_EDDSA] = {NULL, false},
};

static void context_cleanup(EVP_MD_CTX **context)
{
    EVP_MD_CTX_free(*context);
}

static void ecdsa_cleanup(ECDSA_SIG **signature)
{
    ECDSA_SIG_free(*signature);
}

static bool alg_fits(const struct eg_crypto_key *key, enum eg_crypto_alg alg)
{
    return (eg_crypto_kind_algs(key->kind) & EG_CRYPTO_ALG_BIT(alg)) != 0;
}

static bool is_ec(const struct eg_crypto_key *key)
{
    return eg_crypto_kind_infos[key->kind].group != NULL;
}

/* PS*: MGF1 with the same hash is the default; the salt's length is not (RFC 7518 section 3.5). */
static bool set_padding(EVP_PKEY_CTX *context, enum eg_crypto_alg alg)
{
    return !alg_rows[alg].pss ||
           (EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1);
}

/* r and s of equal, exact length to the DER that OpenSSL takes. Returns its length, 0: refused. */
static size_t ecdsa_to_der(const struct eg_crypto_key *key, struct eg_span signature,
                           unsigned char der[ECDSA_DER_BYTES_MAX])
{
    size_t len = eg_crypto_kind_infos[key->kind].field_bytes;
    if (signature.len != 2 * len)
        return 0;
    EG_CLEANUP(ecdsa_cleanup) ECDSA_SIG *pair = ECDSA_SIG_new();
    const unsigned char *bytes = (const unsigned char *)signature.ptr;
    BIGNUM *r = BN_bin2bn(bytes, (int)len, NULL);
    BIGNUM *s = BN_bin2bn(bytes + len, (int)len, NULL);
    EG_ASSERT(pair && r && s && ECDSA_SIG_set0(pair, r, s) == 1);
    int der_len = i2d_ECDSA_SIG(pair, NULL);
    if (der_len <= 0 || der_len > ECDSA_DER_BYTES_MAX)
        return 0;
    unsigned char *to = der;
    return (size_t)i2d_ECDSA_SIG(pair, &to);
}

static bool verify(const struct eg_crypto_key *key, enum eg_crypto_alg alg, struct eg_span message,
                   struct eg_span signature)
{
    EG_CLEANUP(context_cleanup) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    EG_ASSERT(context);
    return EVP_DigestVerifyInit_ex(context, &key_context, alg_rows[alg].digest, NULL, NULL,
                                   key->pkey, NULL) == 1 &&
           set_padding(key_context, alg) &&
           EVP_DigestVerify(context, (const unsigned char *)signature.ptr, signature.len,
                            (const unsigned char *)message.ptr, message.len) == 1;
}

int eg_crypto_verify(const struct eg_crypto_key *key, enum eg_crypto_alg alg,
                     struct eg_span message, struct eg_span signature, struct eg_error *err)
{
    EG_ASSERT((unsigned)alg < EG_CRYPTO_ALG_COUNT);
    if (!alg_fits(key, alg))
        return eg_error_set(err, EG_ERR_UNAUTHENTICATED, "%s does not fit a key of kind %s",
                            eg_crypto_alg_name(alg), eg_crypto_kind_name(key->kind));
    unsigned char der[ECDSA_DER_BYTES_MAX];
    bool has_length = true;
    if (is_ec(key)) {
        size_t der_len = ecdsa_to_der(key, signature, der);
        signature = (struct eg_span){(const char *)der, der_len};
        has_length = der_len != 0;
    } else {
        has_length = signature.len == (size_t)EVP_PKEY_get_size(key->pkey);
    }
    if (has_length && verify(key, alg, message, signature))
        return 0;
    ERR_clear_error();
    return eg_error_set(err, EG_ERR_UNAUTHENTICATED,
                        has_length ? "the signature does not match"
                                   : "the signature has the wrong length");
}

/* The DER of an ECDSA signature to r and s side by side, appended to `out`. */
static bool append_ecdsa(const struct eg_crypto_key *key, const unsigned char *der, size_t der_len,
                         struct eg_buffer *out)
{
    size_t len = eg_crypto_kind_infos[key->kind].field_bytes;
    EG_CLEANUP(ecdsa_cleanup) ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
    if (!pair)
        return false;
    unsigned char *to = (unsigned char *)eg_buffer_reserve(out, 2 * len);
    if (BN_bn2binpad(ECDSA_SIG_get0_r(pair), to, (int)len) < 0 ||
        BN_bn2binpad(ECDSA_SIG_get0_s(pair), to + len, (int)len) < 0)
        return false;
    out->len += 2 * len;
    out->data[out->len] = '\0';
    return true;
}

static bool sign(const struct eg_crypto_key *key, enum eg_crypto_alg alg, struct eg_span message,
                 struct eg_buffer *out)
{
    EG_CLEANUP(context_cleanup) EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    size_t len = 0;
    const unsigned char *bytes = (const unsigned char *)message.ptr;
    EG_ASSERT(context);
    if (EVP_DigestSignInit_ex(context, &key_context, alg_rows[alg].digest, NULL, NULL, key->pkey,
                              NULL) != 1 ||
        !set_padding(key_context, alg) ||
        EVP_DigestSign(context, NULL, &len, bytes, message.len) != 1)
        return false;
    EG_AUTOBUFFER struct eg_buffer signature = EG_BUFFER_INIT;
    unsigned char *to = (unsigned char *)eg_buffer_reserve(&signature, len);
    if (EVP_DigestSign(context, to, &len, bytes, message.len) != 1)
        return false;
    if (is_ec(key))
        return append_ecdsa(key, to, len, out);
    eg_buffer_append(out, to, len);
    return true;
}

int eg_crypto_sign(const struct eg_crypto_key *key, enum eg_crypto_alg alg, struct eg_span message,
                   struct eg_buffer *out, struct eg_error *err)
{
    EG_ASSERT((unsigned)alg < EG_CRYPTO_ALG_COUNT);
    if (!alg_fits(key, alg))
        return eg_error_set(err, EG_ERR_INVALID, "%s does not fit a key of kind %s",
                            eg_crypto_alg_name(alg), eg_crypto_kind_name(key->kind));
    if (!key->is_private)
        return eg_error_set(err, EG_ERR_INVALID,
                            "signing needs a private key, this is a public one");
    if (!sign(key, alg, message, out))
        return eg_crypto_fail(err, EG_ERR_INTERNAL, "signing failed");
    return 0;
}
