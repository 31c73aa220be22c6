/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and signing contexts as text: the file formats of the published test vectors, which
 * `eventgate sigv4` speaks too. One thread at a time; no state outside the structs.
 *
 * A request is an HTTP/1.1 message: request line, headers, and behind an empty line the body. A
 * context is a JSON object: credentials (access_key_id, secret_access_key, token), region, service,
 * timestamp (RFC 3339), and optionally expiration_in_seconds, normalize, sign_body,
 * omit_session_token.
 */
#ifndef EG_AWS_SIGV4_TEXT_H
#define EG_AWS_SIGV4_TEXT_H

#include "aws/sigv4.h"
#include "base/arena.h"

/* Views into the text, which must live as long; folded header lines stay in their value. */
struct eg_aws_request_text {
    struct eg_aws_sigv4_request request;
    struct eg_span version; /* "HTTP/1.1" */
    struct eg_net_header headers[EG_AWS_SIGV4_HEADERS_MAX];
};

/* EG_ERR_INVALID, with the line that can't be read. */
int eg_aws_request_text_parse(struct eg_span text, struct eg_aws_request_text *ret_parsed,
                              struct eg_error *err) EG_MUST_CHECK;

/* Appends the signed request: its line, its headers as "Name:value", an empty line, the body. */
void eg_aws_request_text_write(const struct eg_aws_request_text *parsed,
                               const struct eg_aws_sigv4 *state, struct eg_buffer *out);

/* The texts of the options are copied into the arena. EG_ERR_INVALID names the member. */
int eg_aws_context_parse(struct eg_span json, struct eg_arena *arena,
                         struct eg_aws_sigv4_options *ret_options,
                         struct eg_error *err) EG_MUST_CHECK;

#endif
