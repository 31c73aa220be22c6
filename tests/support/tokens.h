/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens and key sets for unit tests, made on the spot: no key lies in the repository. */
#ifndef EG_TESTS_SUPPORT_TOKENS_H
#define EG_TESTS_SUPPORT_TOKENS_H

#include <stdlib.h>
#include <string.h>

#include "auth/key_set.h"
#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"
#include "crypto/base64.h"
#include "crypto/key.h"

static inline struct eg_crypto_key *tokens_new_key(enum eg_crypto_kind kind)
{
    struct eg_crypto_key *key = NULL;
    struct eg_error err;
    EG_ASSERT(eg_crypto_key_generate(kind, &key, &err) == 0);
    return key;
}

/* header.payload.signature of any bytes; the caller frees. */
static inline char *tokens_sign(const struct eg_crypto_key *key, enum eg_crypto_alg alg,
                                const char *header, const char *payload)
{
    struct eg_buffer token = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer signature = EG_BUFFER_INIT;
    struct eg_error err;
    eg_crypto_base64url_encode(eg_span_text(header), &token);
    eg_buffer_append_char(&token, '.');
    eg_crypto_base64url_encode(eg_span_text(payload), &token);
    EG_ASSERT(eg_crypto_sign(key, alg, eg_buffer_span(&token), &signature, &err) == 0);
    eg_buffer_append_char(&token, '.');
    eg_crypto_base64url_encode(eg_buffer_span(&signature), &token);
    return eg_buffer_take(&token, NULL);
}

/* {"keys":[{"key":"<base64 DER>"}, ...]}; the caller frees. */
static inline char *tokens_keys_json(struct eg_crypto_key *const *keys, size_t count)
{
    struct eg_buffer text = EG_BUFFER_INIT;
    eg_buffer_append_text(&text, "{\"keys\":[");
    for (size_t i = 0; i < count; i++) {
        EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
        struct eg_error err;
        EG_ASSERT(eg_crypto_key_public_der(keys[i], &der, &err) == 0);
        eg_buffer_append_text(&text, i ? ",{\"key\":\"" : "{\"key\":\"");
        eg_crypto_base64_encode(eg_buffer_span(&der), &text);
        eg_buffer_append_text(&text, "\"}");
    }
    eg_buffer_append_text(&text, "]}");
    return eg_buffer_take(&text, NULL);
}

static inline void tokens_append_number(struct eg_buffer *text, const char *name,
                                        struct eg_span bytes)
{
    if (bytes.len == 0)
        return;
    eg_buffer_printf(text, ",\"%s\":\"", name);
    eg_crypto_base64url_encode(bytes, text);
    eg_buffer_append_char(text, '"');
}

/* The public half as a JWK; `more` is put in as it is, such as ",\"use\":\"sig\"". */
static inline char *tokens_jwk(const struct eg_crypto_key *key, const char *more)
{
    struct eg_buffer text = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer storage = EG_BUFFER_INIT;
    struct eg_crypto_key_parts parts;
    struct eg_error err;
    EG_ASSERT(eg_crypto_key_public_parts(key, &storage, &parts, &err) == 0);
    eg_buffer_printf(&text, "{\"kty\":\"%s\"", parts.n.len ? "RSA" : parts.y.len ? "EC" : "OKP");
    if (!parts.n.len)
        eg_buffer_printf(&text, ",\"crv\":\"%s\"", eg_crypto_kind_name(parts.kind));
    tokens_append_number(&text, "n", parts.n);
    tokens_append_number(&text, "e", parts.e);
    tokens_append_number(&text, "x", parts.x);
    tokens_append_number(&text, "y", parts.y);
    eg_buffer_printf(&text, "%s}", more);
    return eg_buffer_take(&text, NULL);
}

#endif
