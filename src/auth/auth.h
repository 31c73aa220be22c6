/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verifier: a bearer token in, an identity out. Ties together policy, keys and cache.
 *
 * eg_auth_verify may be called by any number of threads; it never waits for the network. The keys
 * are refreshed by the control thread alone, with the two calls at the end.
 */
#ifndef EG_AUTH_AUTH_H
#define EG_AUTH_AUTH_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/cache.h"
#include "auth/config.h"
#include "auth/identity.h"
#include "auth/key_source.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

struct eg_auth_verifier;

/*
 * Loads the keys, waiting up to the configured timeout: not loadable is an error that names the URL
 * or file. `config` is borrowed and must outlive the verifier; clock NULL: the system's.
 */
int eg_auth_verifier_new(const struct eg_auth_config *config, const struct eg_clock *clock,
                         struct eg_auth_verifier **ret_verifier,
                         struct eg_error *err) EG_MUST_CHECK;
void eg_auth_verifier_destroy(struct eg_auth_verifier *verifier); /* NULL is fine */

/*
 * 0 and a reference to the token's identity (eg_auth_identity_unref). -1: `err` is always
 * EG_ERR_UNAUTHENTICATED, `Invalid or missing token`, fit for the client; `reason`, when not NULL,
 * then says why, for the log. An empty token is a missing one.
 */
int eg_auth_verify(struct eg_auth_verifier *verifier, struct eg_span token,
                   struct eg_auth_identity **ret_identity, struct eg_error *reason,
                   struct eg_error *err) EG_MUST_CHECK;

/*
 * The token in a request's headers, trimmed, or an empty span. `bearer: <raw>` wins, unless it is
 * empty, over `Authorization: Bearer <token>` with the scheme in any case. Header values that are
 * not there are empty spans.
 */
struct eg_span eg_auth_token_from_headers(struct eg_span bearer, struct eg_span authorization);

/* Reads the keys again when that is due (or `force`, for a reload). 0 also when nothing was due. */
int eg_auth_verifier_refresh(struct eg_auth_verifier *verifier, bool force,
                             struct eg_error *err) EG_MUST_CHECK;
/* Monotonic time at which eg_auth_verifier_refresh has something to do. */
int64_t eg_auth_verifier_refresh_due_us(const struct eg_auth_verifier *verifier);
/* Makes a refresh that is under way give up soon: for shutdown, from any thread. */
void eg_auth_verifier_cancel(struct eg_auth_verifier *verifier);

/* For health and metrics; any thread. Either may be NULL. */
void eg_auth_verifier_status(struct eg_auth_verifier *verifier,
                             struct eg_auth_key_source_status *ret_keys,
                             struct eg_auth_cache_stats *ret_cache);

#endif
