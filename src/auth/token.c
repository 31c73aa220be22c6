/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outer part of a token: three base64url pieces, the header, the signature. Everything here
 * comes from strangers. Sizes are bounded first; the header is read with duplicate names refused,
 * so that no two readers can disagree about what it says. One thread per token.
 */
#include "auth/token.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/base64.h"

#define REFUSE EG_ERR_UNAUTHENTICATED

static void json_cleanup(json_t **json)
{
    json_decref(*json);
}

/* The compact form's three pieces, still encoded. */
struct pieces {
    struct eg_span header;
    struct eg_span payload;
    struct eg_span signature;
    struct eg_span signed_text;
};

static int split(struct eg_span text, struct pieces *ret_pieces, struct eg_error *err)
{
    if (text.len == 0)
        return eg_error_set(err, REFUSE, "the token is empty");
    if (text.len > EG_AUTH_TOKEN_BYTES_MAX)
        return eg_error_set(err, REFUSE, "the token is longer than %d bytes",
                            EG_AUTH_TOKEN_BYTES_MAX);
    const char *end = text.ptr + text.len;
    const char *first = memchr(text.ptr, '.', text.len);
    const char *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (!second || memchr(second + 1, '.', (size_t)(end - second - 1)))
        return eg_error_set(err, REFUSE, "the token is not three parts with dots between");
    ret_pieces->header = eg_span_of(text.ptr, (size_t)(first - text.ptr));
    ret_pieces->payload = eg_span_of(first + 1, (size_t)(second - first - 1));
    ret_pieces->signature = eg_span_of(second + 1, (size_t)(end - second - 1));
    ret_pieces->signed_text = eg_span_of(text.ptr, (size_t)(second - text.ptr));
    return 0;
}

/* RFC 7515 section 4.1.1, against the algorithms that are allowed. */
static int read_alg(const json_t *header, eg_crypto_alg_set algs, enum eg_crypto_alg *ret_alg,
                    struct eg_error *err)
{
    const char *name = json_string_value(json_object_get(header, "alg"));
    if (!name)
        return eg_error_set(err, REFUSE, "the header's alg is missing or not a string");
    enum eg_crypto_alg alg = EG_CRYPTO_RS256;
    /* An unknown name is a stranger's text: it does not go into a log. */
    if (!eg_crypto_alg_find(eg_span_text(name), &alg))
        return eg_error_set(err, REFUSE, "the header's alg is not one we know");
    if (!(algs & EG_CRYPTO_ALG_BIT(alg)))
        return eg_error_set(err, REFUSE, "the header's alg %s is not allowed",
                            eg_crypto_alg_name(alg));
    *ret_alg = alg;
    return 0;
}

/* No extension is implemented here, so every one that must be understood is refused (RFC 7515
 * section 4.1.11). An unencoded payload (RFC 7797) has to be named in crit, but need not be by
 * everyone who sends it. */
static int check_extensions(const json_t *header, struct eg_error *err)
{
    if (json_object_get(header, "crit"))
        return eg_error_set(err, REFUSE, "the header's crit names extensions we don't know");
    const json_t *b64 = json_object_get(header, "b64");
    if (b64 && !json_is_true(b64))
        return eg_error_set(err, REFUSE, "the header's b64 is not true");
    return 0;
}

static int read_header(struct eg_span encoded, eg_crypto_alg_set algs, struct eg_auth_token *token,
                       struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!eg_crypto_base64url_decode(encoded, &text))
        return eg_error_set(err, REFUSE, "the header is not base64url");
    json_error_t json_error;
    EG_CLEANUP(json_cleanup)
    json_t *header = json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, &json_error);
    if (!json_is_object(header))
        return eg_error_set(err, REFUSE, "the header is not a JSON object without repeated names");
    if (read_alg(header, algs, &token->alg, err) < 0 || check_extensions(header, err) < 0)
        return -1;
    const json_t *kid = json_object_get(header, "kid");
    if (kid && !json_is_string(kid))
        return eg_error_set(err, REFUSE, "the header's kid is not a string");
    token->kid = kid ? eg_strdup(json_string_value(kid)) : NULL;
    return 0;
}

int eg_auth_token_parse(struct eg_span text, eg_crypto_alg_set algs,
                        struct eg_auth_token *ret_token, struct eg_error *err)
{
    EG_AUTOTOKEN struct eg_auth_token token = {0};
    struct pieces pieces;
    if (split(text, &pieces, err) < 0 || read_header(pieces.header, algs, &token, err) < 0)
        return -1;
    if (!eg_crypto_base64url_decode(pieces.payload, &token.payload))
        return eg_error_set(err, REFUSE, "the payload is not base64url");
    if (!eg_crypto_base64url_decode(pieces.signature, &token.signature))
        return eg_error_set(err, REFUSE, "the signature is not base64url");
    if (token.signature.len == 0)
        return eg_error_set(err, REFUSE, "the signature is missing");
    token.signed_text = pieces.signed_text;
    *ret_token = token;
    token = (struct eg_auth_token){0};
    return 0;
}

void eg_auth_token_fini(struct eg_auth_token *token)
{
    free(token->kid);
    eg_buffer_fini(&token->payload);
    eg_buffer_fini(&token->signature);
    *token = (struct eg_auth_token){0};
}

static bool has_kid(const struct eg_auth_key *key, const struct eg_auth_token *token)
{
    return token->kid && key->kid && strcmp(key->kid, token->kid) == 0;
}

/* Tries the keys whose kid matches, or those whose does not. True: one of them signed it. */
static bool try_keys(const struct eg_auth_token *token, const struct eg_auth_key_set *keys,
                     bool matching, struct eg_error *why)
{
    for (size_t i = 0; i < keys->count; i++) {
        const struct eg_auth_key *key = &keys->keys[i];
        if (has_kid(key, token) != matching || !(key->algs & EG_CRYPTO_ALG_BIT(token->alg)))
            continue;
        if (eg_crypto_verify(key->key, token->alg, token->signed_text,
                             eg_buffer_span(&token->signature), why) == 0)
            return true;
    }
    return false;
}

int eg_auth_token_check_signature(const struct eg_auth_token *token,
                                  const struct eg_auth_key_set *keys, struct eg_error *err)
{
    struct eg_error why = {.message = ""};
    if (try_keys(token, keys, true, &why) || try_keys(token, keys, false, &why))
        return 0;
    if (!why.message[0])
        return eg_error_set(err, REFUSE, "no key is for %s", eg_crypto_alg_name(token->alg));
    if (keys->count == 1)
        return eg_error_set(err, REFUSE, "%s", why.message);
    return eg_error_set(err, REFUSE, "none of the %zu keys has signed it", keys->count);
}

int eg_auth_token_verify(struct eg_span text, const struct eg_auth_key_set *keys,
                         const struct eg_auth_policy *policy, int64_t now_us,
                         struct eg_auth_identity **ret_identity, struct eg_error *err)
{
    EG_AUTOTOKEN struct eg_auth_token token = {0};
    if (eg_auth_token_parse(text, policy->algs, &token, err) < 0 ||
        eg_auth_token_check_signature(&token, keys, err) < 0)
        return -1;
    return eg_auth_token_check_claims(&token, policy, now_us, ret_identity, err);
}
