/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One set of AWS credentials: immutable, counted, wiped when the last reference goes. Any thread.
 */
#ifndef EG_AWS_CREDENTIALS_H
#define EG_AWS_CREDENTIALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/ref.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

#define EG_AWS_ORIGIN_BYTES 256

/* Spans are into the object itself, NUL-terminated; an empty one is not there. */
struct eg_aws_credentials {
    struct eg_ref ref;
    struct eg_span access_key_id;
    struct eg_span secret_access_key;
    struct eg_span session_token;
    struct eg_span account_id;
    int64_t expires_s;                /* since 1970; 0: never */
    char origin[EG_AWS_ORIGIN_BYTES]; /* which provider answered, for people */
    size_t text_bytes;
    char text[];
};

/* What a provider found; copied. */
struct eg_aws_credential_parts {
    struct eg_span access_key_id;
    struct eg_span secret_access_key;
    struct eg_span session_token;
    struct eg_span account_id;
    int64_t expires_s;
    const char *origin;
};

/* EG_ERR_INVALID: key or secret missing, too long, or with a character that no header may hold. */
int eg_aws_credentials_new(const struct eg_aws_credential_parts *parts,
                           struct eg_aws_credentials **ret_credentials,
                           struct eg_error *err) EG_MUST_CHECK;
struct eg_aws_credentials *eg_aws_credentials_ref(struct eg_aws_credentials *credentials);
void eg_aws_credentials_unref(struct eg_aws_credentials *credentials); /* NULL is fine */

void eg_aws_credentials_cleanup(struct eg_aws_credentials **credentials);
#define EG_AUTOCREDENTIALS EG_CLEANUP(eg_aws_credentials_cleanup)

/* Appends the key id as it may be shown: its first and last four characters. */
void eg_aws_credentials_mask(const struct eg_aws_credentials *credentials, struct eg_buffer *out);

#endif
