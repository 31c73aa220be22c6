/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys from and to the numbers that a JWK is made of (RFC 7518 section 6, RFC 8037 section 2).
 * Numbers are big-endian bytes; their sizes are bounded before OpenSSL sees them.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/error.h"
#include "crypto/key_internal.h"

#define NUMBER_BYTES_MAX     2056 /* 16384 bits, and leading zeros that some write */
#define COORDINATE_BYTES_MAX 66

static void builder_cleanup(OSSL_PARAM_BLD **builder)
{
    OSSL_PARAM_BLD_free(*builder);
}

static void context_cleanup(EVP_PKEY_CTX **context)
{
    EVP_PKEY_CTX_free(*context);
}

static void params_cleanup(OSSL_PARAM **params)
{
    OSSL_PARAM_free(*params);
}

static BIGNUM *to_number(struct eg_span bytes)
{
    BIGNUM *number = BN_bin2bn((const unsigned char *)bytes.ptr, (int)bytes.len, NULL);
    EG_ASSERT(number);
    return number;
}

static EVP_PKEY *build(OSSL_PARAM_BLD *builder, const char *type, bool is_private)
{
    EG_CLEANUP(params_cleanup) OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EG_CLEANUP(context_cleanup)
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *pkey = NULL;
    int selection = is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;
    if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, selection, params) != 1)
        return NULL;
    return pkey;
}

static int check_part(struct eg_span part, const char *name, size_t min, size_t max,
                      struct eg_error *err)
{
    if (part.len >= min && part.len <= max)
        return 0;
    if (part.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "'%s' is missing", name);
    if (min == max)
        return eg_error_set(err, EG_ERR_INVALID, "'%s' has %zu bytes, not %zu", name, part.len,
                            min);
    return eg_error_set(err, EG_ERR_INVALID, "'%s' has %zu bytes, more than %zu", name, part.len,
                        max);
}

static int rsa_from_parts(const struct eg_crypto_key_parts *parts, EVP_PKEY **ret_pkey,
                          struct eg_error *err)
{
    if (check_part(parts->n, "n", 1, NUMBER_BYTES_MAX, err) < 0 ||
        check_part(parts->e, "e", 1, NUMBER_BYTES_MAX, err) < 0 ||
        check_part(parts->d, "d", 0, NUMBER_BYTES_MAX, err) < 0)
        return -1;
    EG_CLEANUP(builder_cleanup) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EG_CLEANUP(eg_crypto_bn_cleanup) BIGNUM *n = to_number(parts->n);
    EG_CLEANUP(eg_crypto_bn_cleanup) BIGNUM *e = to_number(parts->e);
    EG_CLEANUP(eg_crypto_bn_cleanup) BIGNUM *d = to_number(parts->d);
    bool is_private = parts->d.len != 0;
    int pushed = OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
                 OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e) &&
                 (!is_private || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_D, d));
    EG_ASSERT(pushed);
    *ret_pkey = build(builder, "RSA", is_private);
    return *ret_pkey ? 0 : eg_crypto_fail(err, EG_ERR_INVALID, "not an RSA key");
}

/* EVP_PKEY_fromdata refuses a point that is not on the curve. */
static int ec_from_parts(const struct eg_crypto_key_parts *parts, EVP_PKEY **ret_pkey,
                         struct eg_error *err)
{
    const struct eg_crypto_kind_info *info = &eg_crypto_kind_infos[parts->kind];
    size_t len = info->field_bytes;
    if (check_part(parts->x, "x", len, len, err) < 0 ||
        check_part(parts->y, "y", len, len, err) < 0 ||
        (parts->d.len && check_part(parts->d, "d", len, len, err) < 0))
        return -1;
    unsigned char point[1 + 2 * COORDINATE_BYTES_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(point + 1, parts->x.ptr, len);
    memcpy(point + 1 + len, parts->y.ptr, len);
    EG_CLEANUP(builder_cleanup) OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    EG_CLEANUP(eg_crypto_bn_cleanup) BIGNUM *d = to_number(parts->d);
    bool is_private = parts->d.len != 0;
    int pushed =
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, info->group, 0) &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * len) &&
        (!is_private || OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d));
    EG_ASSERT(pushed);
    *ret_pkey = build(builder, "EC", is_private);
    return *ret_pkey ? 0
                     : eg_crypto_fail(err, EG_ERR_INVALID, "'x' and 'y' are no point on the curve");
}

static int ed_from_parts(const struct eg_crypto_key_parts *parts, EVP_PKEY **ret_pkey,
                         struct eg_error *err)
{
    const struct eg_crypto_kind_info *info = &eg_crypto_kind_infos[parts->kind];
    if (check_part(parts->x, "x", info->field_bytes, info->field_bytes, err) < 0 ||
        (parts->d.len && check_part(parts->d, "d", info->field_bytes, info->field_bytes, err) < 0))
        return -1;
    if (parts->d.len)
        *ret_pkey = EVP_PKEY_new_raw_private_key_ex(
            NULL, info->type, NULL, (const unsigned char *)parts->d.ptr, parts->d.len);
    else
        *ret_pkey = EVP_PKEY_new_raw_public_key_ex(
            NULL, info->type, NULL, (const unsigned char *)parts->x.ptr, parts->x.len);
    return *ret_pkey ? 0 : eg_crypto_fail(err, EG_ERR_INVALID, "not an Edwards curve key");
}

static int pkey_from_parts(const struct eg_crypto_key_parts *parts, EVP_PKEY **ret_pkey,
                           struct eg_error *err)
{
    if (parts->kind == EG_CRYPTO_RSA)
        return rsa_from_parts(parts, ret_pkey, err);
    if (eg_crypto_kind_infos[parts->kind].group)
        return ec_from_parts(parts, ret_pkey, err);
    return ed_from_parts(parts, ret_pkey, err);
}

/* A private half that belongs to another public half would sign what nobody can verify. */
static int check_pair(const struct eg_crypto_key *key, const struct eg_crypto_key_parts *parts,
                      struct eg_error *err)
{
    struct eg_crypto_key_parts public_parts = *parts;
    public_parts.d.len = 0;
    EG_AUTOKEY struct eg_crypto_key *public_key = NULL;
    EG_AUTOBUFFER struct eg_buffer signature = EG_BUFFER_INIT;
    struct eg_span probe = {"pair", 4};
    enum eg_crypto_alg alg = (enum eg_crypto_alg)__builtin_ctz(eg_crypto_kind_algs(key->kind));
    if (eg_crypto_key_from_parts(&public_parts, &public_key, err) < 0)
        return -1;
    if (eg_crypto_sign(key, alg, probe, &signature, err) < 0 ||
        eg_crypto_verify(public_key, alg, probe, eg_buffer_span(&signature), err) < 0)
        return eg_error_set(err, EG_ERR_INVALID, "'d' does not belong to the public key");
    return 0;
}

int eg_crypto_key_from_parts(const struct eg_crypto_key_parts *parts,
                             struct eg_crypto_key **ret_key, struct eg_error *err)
{
    EG_ASSERT((unsigned)parts->kind < EG_CRYPTO_KIND_COUNT);
    EVP_PKEY *pkey = NULL;
    EG_AUTOKEY struct eg_crypto_key *key = NULL;
    bool is_private = parts->d.len != 0;
    if (pkey_from_parts(parts, &pkey, err) < 0 ||
        eg_crypto_key_wrap(pkey, is_private, &key, err) < 0)
        return -1;
    if (is_private && check_pair(key, parts, err) < 0)
        return -1;
    *ret_key = key;
    key = NULL;
    return 0;
}

/* Appends a number, `len` bytes long (0: as long as it is); the room is reserved already. */
static bool append_number(const EVP_PKEY *pkey, const char *name, size_t len,
                          struct eg_buffer *storage, struct eg_span *ret_span)
{
    EG_CLEANUP(eg_crypto_bn_cleanup) BIGNUM *number = NULL;
    if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
        return false;
    if (len == 0)
        len = (size_t)BN_num_bytes(number);
    char *to = eg_buffer_reserve(storage, len);
    if (BN_bn2binpad(number, (unsigned char *)to, (int)len) < 0)
        return false;
    storage->len += len;
    *ret_span = (struct eg_span){to, len};
    return true;
}

static bool append_raw(const EVP_PKEY *pkey, size_t len, struct eg_buffer *storage,
                       struct eg_span *ret_span)
{
    char *to = eg_buffer_reserve(storage, len);
    if (EVP_PKEY_get_raw_public_key(pkey, (unsigned char *)to, &len) != 1)
        return false;
    storage->len += len;
    *ret_span = (struct eg_span){to, len};
    return true;
}

int eg_crypto_key_public_parts(const struct eg_crypto_key *key, struct eg_buffer *storage,
                               struct eg_crypto_key_parts *ret_parts, struct eg_error *err)
{
    struct eg_crypto_key_parts parts = {.kind = key->kind};
    const struct eg_crypto_kind_info *info = &eg_crypto_kind_infos[key->kind];
    /* All of it at once: the spans must not move. */
    (void)eg_buffer_reserve(storage, 2 * NUMBER_BYTES_MAX);
    bool done;
    if (key->kind == EG_CRYPTO_RSA)
        done = append_number(key->pkey, OSSL_PKEY_PARAM_RSA_N, 0, storage, &parts.n) &&
               append_number(key->pkey, OSSL_PKEY_PARAM_RSA_E, 0, storage, &parts.e);
    else if (info->group)
        done = append_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_X, info->field_bytes, storage,
                             &parts.x) &&
               append_number(key->pkey, OSSL_PKEY_PARAM_EC_PUB_Y, info->field_bytes, storage,
                             &parts.y);
    else
        done = append_raw(key->pkey, info->field_bytes, storage, &parts.x);
    if (!done)
        return eg_crypto_fail(err, EG_ERR_INTERNAL, "reading a key's numbers failed");
    *ret_parts = parts;
    return 0;
}
