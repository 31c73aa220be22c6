/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base64 (RFC 4648 section 4, with padding) and base64url (section 5, without, as RFC 7515 wants).
 *
 * Decoding is strict: a character outside the alphabet, white space, wrong or missing padding and
 * left-over bits that are not zero are refused, so that every value has exactly one spelling. Any
 * thread.
 */
#ifndef EG_CRYPTO_BASE64_H
#define EG_CRYPTO_BASE64_H

#include <stdbool.h>

#include "base/buffer.h"
#include "eventgate/span.h"

/* Append to `out`. */
void eg_crypto_base64_encode(struct eg_span bytes, struct eg_buffer *out);
void eg_crypto_base64url_encode(struct eg_span bytes, struct eg_buffer *out);

/* Append to `out`. False: not that encoding, and `out` is as it was. */
bool eg_crypto_base64_decode(struct eg_span text, struct eg_buffer *out) EG_MUST_CHECK;
bool eg_crypto_base64url_decode(struct eg_span text, struct eg_buffer *out) EG_MUST_CHECK;

#endif
