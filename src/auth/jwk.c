/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWK (RFC 7517 section 4) to key. What a JWK says about its own use is law: `use`, `key_ops` and
 * `alg` narrow what the key may verify, down to nothing. Pure computation; any thread.
 */
#include "auth/jwk.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/base64.h"

#define JWK_TEXT_BYTES_MAX 16384

/* Every number of a JWK, decoded into one buffer; a secret one among them is wiped at the end. */
enum part { PART_N, PART_E, PART_X, PART_Y, PART_D, PART_COUNT };

static const char *const part_names[PART_COUNT] = {"n", "e", "x", "y", "d"};

struct parts {
    struct eg_buffer bytes[PART_COUNT];
};

static void parts_fini(struct parts *parts)
{
    struct eg_buffer *secret = &parts->bytes[PART_D];
    if (secret->data)
        explicit_bzero(secret->data, secret->capacity);
    for (unsigned i = 0; i < PART_COUNT; i++)
        eg_buffer_fini(&parts->bytes[i]);
}

/* A member's text; false when it is there but no string. Missing: *ret_text is NULL. */
static bool text_member(const json_t *jwk, const char *name, const char **ret_text)
{
    const json_t *value = json_object_get(jwk, name);
    if (value && !json_is_string(value))
        return false;
    *ret_text = json_string_value(value);
    return true;
}

static int decode_parts(const json_t *jwk, struct parts *parts, struct eg_error *err)
{
    for (unsigned i = 0; i < PART_COUNT; i++) {
        const char *text;
        if (!text_member(jwk, part_names[i], &text) ||
            (text && (strlen(text) > JWK_TEXT_BYTES_MAX ||
                      !eg_crypto_base64url_decode(eg_span_text(text), &parts->bytes[i]))))
            return eg_error_set(err, EG_ERR_INVALID, "'%s' is not a base64url string",
                                part_names[i]);
    }
    return 0;
}

/* Which of our kinds this is: by `crv` where there is one, else by `kty`. */
static int find_kind(const json_t *jwk, enum eg_crypto_kind *ret_kind, struct eg_error *err)
{
    const char *kty = NULL;
    const char *crv = NULL;
    if (!text_member(jwk, "kty", &kty) || !kty)
        return eg_error_set(err, EG_ERR_INVALID, "'kty' is not a string");
    if (!text_member(jwk, "crv", &crv))
        return eg_error_set(err, EG_ERR_INVALID, "'crv' is not a string");
    bool is_ec = strcmp(kty, "EC") == 0;
    bool is_okp = strcmp(kty, "OKP") == 0;
    if (strcmp(kty, "RSA") == 0) {
        *ret_kind = EG_CRYPTO_RSA;
        return 0;
    }
    if (!is_ec && !is_okp)
        return eg_error_set(err, EG_ERR_CONFIG, "its kty is '%.40s', not RSA, EC or OKP", kty);
    enum eg_crypto_kind kind;
    if (!eg_crypto_kind_find(eg_span_text(crv), &kind) || kind == EG_CRYPTO_RSA ||
        is_okp != (kind == EG_CRYPTO_ED25519 || kind == EG_CRYPTO_ED448))
        return eg_error_set(err, EG_ERR_CONFIG, "its crv is '%.40s', which is no %s curve we know",
                            crv ? crv : "", kty);
    *ret_kind = kind;
    return 0;
}

static bool array_has(const json_t *array, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(array, i, item) if (json_is_string(item) &&
                                           strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

/* RFC 7517 sections 4.2 and 4.3. A private key may say "sign" instead. */
static int check_use(const json_t *jwk, struct eg_error *err)
{
    const char *use = NULL;
    if (!text_member(jwk, "use", &use))
        return eg_error_set(err, EG_ERR_INVALID, "'use' is not a string");
    if (use && strcmp(use, "sig") != 0)
        return eg_error_set(err, EG_ERR_CONFIG, "its use is '%.40s', not 'sig'", use);
    const json_t *operations = json_object_get(jwk, "key_ops");
    if (!operations)
        return 0;
    if (!json_is_array(operations))
        return eg_error_set(err, EG_ERR_INVALID, "'key_ops' is not an array");
    if (!array_has(operations, "verify") && !array_has(operations, "sign"))
        return eg_error_set(err, EG_ERR_CONFIG, "its key_ops do not include 'verify'");
    return 0;
}

/* "ES521" is a widespread slip for ES512 (the curve's number for the hash's); on a P-521 key it can
 * mean nothing else. */
static int narrow_algs(const json_t *jwk, enum eg_crypto_kind kind, eg_crypto_alg_set *ret_algs,
                       struct eg_error *err)
{
    const char *name = NULL;
    if (!text_member(jwk, "alg", &name))
        return eg_error_set(err, EG_ERR_INVALID, "'alg' is not a string");
    eg_crypto_alg_set algs = eg_crypto_kind_algs(kind);
    if (name && !(kind == EG_CRYPTO_P521 && strcmp(name, "ES521") == 0)) {
        enum eg_crypto_alg alg;
        if (!eg_crypto_alg_find(eg_span_text(name), &alg) || !(algs & EG_CRYPTO_ALG_BIT(alg)))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "its alg is '%.40s', which is no signature algorithm for %s keys",
                                name, eg_crypto_kind_name(kind));
        algs = EG_CRYPTO_ALG_BIT(alg);
    }
    *ret_algs = algs;
    return 0;
}

static int make_key(const json_t *jwk, enum eg_crypto_kind kind, struct eg_crypto_key **ret_key,
                    struct eg_error *err)
{
    EG_CLEANUP(parts_fini) struct parts parts = {0};
    if (decode_parts(jwk, &parts, err) < 0)
        return -1;
    struct eg_crypto_key_parts numbers = {
        .kind = kind,
        .n = eg_buffer_span(&parts.bytes[PART_N]),
        .e = eg_buffer_span(&parts.bytes[PART_E]),
        .x = eg_buffer_span(&parts.bytes[PART_X]),
        .y = eg_buffer_span(&parts.bytes[PART_Y]),
        .d = eg_buffer_span(&parts.bytes[PART_D]),
    };
    return eg_crypto_key_from_parts(&numbers, ret_key, err);
}

int eg_auth_jwk_to_key(const json_t *jwk, struct eg_auth_key *ret_key, struct eg_error *err)
{
    enum eg_crypto_kind kind = EG_CRYPTO_RSA;
    struct eg_auth_key key = {0};
    const char *kid = NULL;
    if (!json_is_object(jwk))
        return eg_error_set(err, EG_ERR_INVALID, "not a JSON object");
    if (!text_member(jwk, "kid", &kid))
        return eg_error_set(err, EG_ERR_INVALID, "'kid' is not a string");
    if (find_kind(jwk, &kind, err) < 0 || check_use(jwk, err) < 0 ||
        narrow_algs(jwk, kind, &key.algs, err) < 0 || make_key(jwk, kind, &key.key, err) < 0)
        return -1;
    key.kid = kid ? eg_strdup(kid) : NULL;
    *ret_key = key;
    return 0;
}

int eg_auth_key_parse_jwk(struct eg_span text, struct eg_auth_key *ret_key, struct eg_error *err)
{
    json_error_t json_error;
    json_t *jwk = json_loadb(text.ptr, text.len, JSON_REJECT_DUPLICATES, &json_error);
    if (!jwk)
        return eg_error_set(err, EG_ERR_INVALID, "not JSON: line %d: %s", json_error.line,
                            json_error.text);
    int ret = eg_auth_jwk_to_key(jwk, ret_key, err);
    json_decref(jwk);
    return ret;
}

void eg_auth_key_fini(struct eg_auth_key *key)
{
    eg_crypto_key_destroy(key->key);
    free(key->kid);
    *key = (struct eg_auth_key){0};
}
