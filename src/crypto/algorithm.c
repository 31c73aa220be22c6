/* SPDX-License-Identifier: Apache-2.0 */
/* Two constant tables: algorithms and kinds of keys. Any thread. */
#include "crypto/algorithm.h"

#include "base/compiler.h"
#include "base/error.h"
#include "base/span.h"

static const char *const alg_names[EG_CRYPTO_ALG_COUNT] = {
    [EG_CRYPTO_RS256] = "RS256", [EG_CRYPTO_RS384] = "RS384", [EG_CRYPTO_RS512] = "RS512",
    [EG_CRYPTO_PS256] = "PS256", [EG_CRYPTO_PS384] = "PS384", [EG_CRYPTO_PS512] = "PS512",
    [EG_CRYPTO_ES256] = "ES256", [EG_CRYPTO_ES384] = "ES384", [EG_CRYPTO_ES512] = "ES512",
    [EG_CRYPTO_EDDSA] = "EdDSA",
};

struct kind_row {
    const char *name;
    eg_crypto_alg_set algs;
};

#define RSA_ALGS                                                               \
    (EG_CRYPTO_ALG_BIT(EG_CRYPTO_RS256) | EG_CRYPTO_ALG_BIT(EG_CRYPTO_RS384) | \
     EG_CRYPTO_ALG_BIT(EG_CRYPTO_RS512) | EG_CRYPTO_ALG_BIT(EG_CRYPTO_PS256) | \
     EG_CRYPTO_ALG_BIT(EG_CRYPTO_PS384) | EG_CRYPTO_ALG_BIT(EG_CRYPTO_PS512))

static const struct kind_row kind_rows[EG_CRYPTO_KIND_COUNT] = {
    [EG_CRYPTO_RSA] = {"RSA", RSA_ALGS},
    [EG_CRYPTO_P256] = {"P-256", EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES256)},
    [EG_CRYPTO_P384] = {"P-384", EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES384)},
    [EG_CRYPTO_P521] = {"P-521", EG_CRYPTO_ALG_BIT(EG_CRYPTO_ES512)},
    [EG_CRYPTO_ED25519] = {"Ed25519", EG_CRYPTO_ALG_BIT(EG_CRYPTO_EDDSA)},
    [EG_CRYPTO_ED448] = {"Ed448", EG_CRYPTO_ALG_BIT(EG_CRYPTO_EDDSA)},
};

bool eg_crypto_alg_find(struct eg_span name, enum eg_crypto_alg *ret_alg)
{
    for (unsigned i = 0; i < EG_CRYPTO_ALG_COUNT; i++) {
        if (eg_span_is(name, alg_names[i])) {
            *ret_alg = (enum eg_crypto_alg)i;
            return true;
        }
    }
    return false;
}

const char *eg_crypto_alg_name(enum eg_crypto_alg alg)
{
    EG_ASSERT((unsigned)alg < EG_CRYPTO_ALG_COUNT);
    return alg_names[alg];
}

eg_crypto_alg_set eg_crypto_kind_algs(enum eg_crypto_kind kind)
{
    EG_ASSERT((unsigned)kind < EG_CRYPTO_KIND_COUNT);
    return kind_rows[kind].algs;
}

const char *eg_crypto_kind_name(enum eg_crypto_kind kind)
{
    EG_ASSERT((unsigned)kind < EG_CRYPTO_KIND_COUNT);
    return kind_rows[kind].name;
}

bool eg_crypto_kind_find(struct eg_span name, enum eg_crypto_kind *ret_kind)
{
    for (unsigned i = 0; i < EG_CRYPTO_KIND_COUNT; i++) {
        if (eg_span_is(name, kind_rows[i].name)) {
            *ret_kind = (enum eg_crypto_kind)i;
            return true;
        }
    }
    return false;
}
