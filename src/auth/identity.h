/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a verified token speaks for. Shared and immutable: any thread may read one for as long as it
 * holds a reference, also after the token was evicted or the keys changed.
 */
#ifndef EG_AUTH_IDENTITY_H
#define EG_AUTH_IDENTITY_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/ref.h"
#include "eventgate/span.h"

#define EG_AUTH_NEVER_US INT64_MAX

struct eg_auth_identity {
    struct eg_ref refs;
    struct eg_span subject; /* the claim `sub`, UTF-8 without NUL; empty when there is none */
    struct eg_span issuer;  /* the claim `iss`, for logs; empty when there is none */
    int64_t expires_us;     /* `exp` as Unix time, leeway not added; EG_AUTH_NEVER_US: no exp */
    char text[];            /* what the spans point into */
};

struct eg_auth_identity *eg_auth_identity_new(struct eg_span subject, struct eg_span issuer,
                                              int64_t expires_us) EG_MUST_CHECK;
struct eg_auth_identity *eg_auth_identity_ref(struct eg_auth_identity *identity);
void eg_auth_identity_unref(struct eg_auth_identity *identity); /* NULL is fine */
void eg_auth_identity_cleanup(struct eg_auth_identity **identity);
#define EG_AUTOIDENTITY EG_CLEANUP(eg_auth_identity_cleanup)

#endif
