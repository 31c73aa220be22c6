/* SPDX-License-Identifier: Apache-2.0 */
/* One allocation per identity: the struct, then the bytes of its texts, each with a NUL behind. */
#include "auth/identity.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static char *put(struct eg_span span, char *to, struct eg_span *ret_copy)
{
    if (span.len)
        memcpy(to, span.ptr, span.len);
    to[span.len] = '\0';
    *ret_copy = (struct eg_span){to, span.len};
    return to + span.len + 1;
}

struct eg_auth_identity *eg_auth_identity_new(struct eg_span subject, struct eg_span issuer,
                                              int64_t expires_us)
{
    struct eg_auth_identity *identity =
        eg_malloc(sizeof(*identity) + subject.len + 1 + issuer.len + 1);
    eg_ref_init(&identity->refs);
    identity->expires_us = expires_us;
    char *to = put(subject, identity->text, &identity->subject);
    (void)put(issuer, to, &identity->issuer);
    return identity;
}

struct eg_auth_identity *eg_auth_identity_ref(struct eg_auth_identity *identity)
{
    eg_ref_get(&identity->refs);
    return identity;
}

void eg_auth_identity_unref(struct eg_auth_identity *identity)
{
    if (identity && eg_ref_put(&identity->refs))
        free(identity);
}

void eg_auth_identity_cleanup(struct eg_auth_identity **identity)
{
    eg_auth_identity_unref(*identity);
}
