/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One compact JWS (RFC 7515 section 7.1) with JWT claims (RFC 7519): parse, check the signature,
 * check the claims. PyJWT is the reference where the RFCs leave a choice; docs/tokens.md lists what
 * is stricter here. A parsed token belongs to one thread and borrows the text it was parsed from.
 *
 * All errors are EG_ERR_UNAUTHENTICATED with the reason as their message. The reason is for logs,
 * not for the client; it never holds the token.
 */
#ifndef EG_AUTH_TOKEN_H
#define EG_AUTH_TOKEN_H

#include <stdint.h>

#include "auth/identity.h"
#include "auth/key_set.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "crypto/algorithm.h"
#include "eventgate/error.h"
#include "eventgate/field.h"
#include "eventgate/span.h"

#define EG_AUTH_TOKEN_BYTES_MAX 65536

/* What a token must fulfil. The lists are borrowed; count 0: not configured. */
struct eg_auth_policy {
    eg_crypto_alg_set algs;
    int64_t leeway_us; /* for exp, nbf and iat */
    struct eg_string_list audiences;
    struct eg_string_list issuers;
};

struct eg_auth_token {
    struct eg_span signed_text; /* header and payload, encoded, with the dot between */
    enum eg_crypto_alg alg;
    char *kid;                  /* NULL: none */
    struct eg_buffer payload;   /* decoded */
    struct eg_buffer signature; /* decoded */
};

/*
 * Splits, decodes strictly and reads the header: `alg` must be in `algs`; `crit` and `b64` false
 * are refused, as are repeated names. *ret_token is owned by the caller: eg_auth_token_fini.
 */
int eg_auth_token_parse(struct eg_span text, eg_crypto_alg_set algs,
                        struct eg_auth_token *ret_token, struct eg_error *err) EG_MUST_CHECK;
void eg_auth_token_fini(struct eg_auth_token *token);
#define EG_AUTOTOKEN EG_CLEANUP(eg_auth_token_fini)

/* Tries the keys that have the token's `kid` first, then the others in order. */
int eg_auth_token_check_signature(const struct eg_auth_token *token,
                                  const struct eg_auth_key_set *keys,
                                  struct eg_error *err) EG_MUST_CHECK;

/* Reads the payload as claims and holds them against the policy at the time `now_us`. */
int eg_auth_token_check_claims(const struct eg_auth_token *token,
                               const struct eg_auth_policy *policy, int64_t now_us,
                               struct eg_auth_identity **ret_identity,
                               struct eg_error *err) EG_MUST_CHECK;

/* All three, in that order. */
int eg_auth_token_verify(struct eg_span text, const struct eg_auth_key_set *keys,
                         const struct eg_auth_policy *policy, int64_t now_us,
                         struct eg_auth_identity **ret_identity,
                         struct eg_error *err) EG_MUST_CHECK;

#endif
