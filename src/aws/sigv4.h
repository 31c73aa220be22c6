/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, in the Authorization header or in the query ("Create a signed AWS API
 * request", IAM User Guide).
 *
 * A signature is a workspace: it is zeroed once, used for one request after another, and its memory
 * is kept between them. One thread at a time. What it hands out lives until the next signing and
 * borrows the request's own spans. The time comes from the caller, so a retry signs anew.
 */
#ifndef EG_AWS_SIGV4_H
#define EG_AWS_SIGV4_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "crypto/digest.h"
#include "eventgate/error.h"
#include "eventgate/span.h"
#include "net/client.h"

#define EG_AWS_SIGV4_HEADERS_MAX 64
#define EG_AWS_SIGV4_PARAMS_MAX  128
#define EG_AWS_SIGV4_EXPIRES_MAX 604800 /* seconds: a week */

/* For eg_aws_sigv4_options.payload_hash: the body is not covered. Only over TLS, only S3. */
#define EG_AWS_UNSIGNED_PAYLOAD "UNSIGNED-PAYLOAD"

struct eg_aws_sigv4_request {
    struct eg_span method;
    struct eg_span target;               /* path and query, as they go over the wire */
    const struct eg_net_header *headers; /* with Host; values may hold folded lines */
    size_t header_count;
    struct eg_span body;
};

struct eg_aws_sigv4_options {
    struct eg_span access_key_id;
    struct eg_span secret_access_key;
    struct eg_span session_token; /* empty: none */
    struct eg_span region;
    struct eg_span service;      /* "s3" has rules of its own: see eg_aws_sigv4_sign */
    int64_t wall_us;             /* the time of signing, corrected for skew by the caller */
    bool keep_path;              /* the path is not normalised */
    bool send_payload_hash;      /* adds x-amz-content-sha256 */
    bool token_unsigned;         /* the session token is sent and not covered by the signature */
    struct eg_span payload_hash; /* empty: the SHA-256 of the body */
    int64_t expires_s;           /* of a signed query: 1 to EG_AWS_SIGV4_EXPIRES_MAX */
};

struct eg_aws_sigv4 {
    struct eg_buffer canonical_request;
    struct eg_buffer string_to_sign;
    char signature[EG_CRYPTO_SHA256_HEX_BYTES];

    /* What to send. The headers: the request's, without an earlier signature's, then our own. */
    struct eg_buffer target;
    struct eg_net_header headers[EG_AWS_SIGV4_HEADERS_MAX + 4];
    size_t header_count;

    /* What the headers and the canonical request are made of. */
    char date[sizeof("20150830T123600Z")];
    char payload_hash[EG_CRYPTO_SHA256_HEX_BYTES];
    struct eg_buffer signed_names;
    struct eg_buffer scope;
    struct eg_buffer authorization;
    struct eg_buffer credential; /* what the query adds, encoded */
    struct eg_buffer scratch;
};

void eg_aws_sigv4_fini(struct eg_aws_sigv4 *state);
#define EG_AUTOSIGV4 EG_CLEANUP(eg_aws_sigv4_fini)

/*
 * Signs in the header. For the service "s3" the path is taken as it is written, and
 * x-amz-content-sha256 is always sent; for all others the path is normalised (unless keep_path) and
 * encoded once more. EG_ERR_INVALID: no Host, too many headers or parameters, a header that would
 * break the message, or a request that is no request.
 */
int eg_aws_sigv4_sign(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                      const struct eg_aws_sigv4_options *options,
                      struct eg_error *err) EG_MUST_CHECK;

/* Signs in the query: `target` is what to send. For "s3" the payload is unsigned by default. */
int eg_aws_sigv4_sign_query(struct eg_aws_sigv4 *state, const struct eg_aws_sigv4_request *request,
                            const struct eg_aws_sigv4_options *options,
                            struct eg_error *err) EG_MUST_CHECK;

#endif
