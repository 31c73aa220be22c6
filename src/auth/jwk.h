/* SPDX-License-Identifier: Apache-2.0 */
/* One JWK as a key: what key_set.c needs of jwk.c. Any thread. */
#ifndef EG_AUTH_JWK_H
#define EG_AUTH_JWK_H

#include <jansson.h>

#include "auth/key_set.h"

/*
 * EG_ERR_CONFIG: a sound JWK that verifies no signature (its kty, use, key_ops or alg).
 * EG_ERR_INVALID: anything else that is wrong with it.
 */
int eg_auth_jwk_to_key(const json_t *jwk, struct eg_auth_key *ret_key,
                       struct eg_error *err) EG_MUST_CHECK;

#endif
