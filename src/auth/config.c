/* SPDX-License-Identifier: Apache-2.0 */
/* The table of `auth:`, and the rules between its fields. */
#include "auth/config.h"

#include "base/buffer.h"
#include "base/error.h"
#include "base/span.h"

#define AT(member) offsetof(struct eg_auth_config, member)

#define MINUTE_MS INT64_C(60000)
#define DAY_MS    (24 * 60 * MINUTE_MS)

static const struct eg_field fields[] = {
    {.name = "public_keys_url",
     .type = EG_FIELD_STRING,
     .offset = AT(public_keys_url),
     .help = "http, https or file URL of the public keys: JWKS, JWK, or {\"keys\":[{\"key\":...}]} "
             "with base64 DER"},
    {.name = "public_keys_file",
     .type = EG_FIELD_PATH,
     .offset = AT(public_keys_file),
     .help = "file with the public keys instead, in the same formats or PEM"},
    {.name = "provider_url",
     .type = EG_FIELD_STRING,
     .offset = AT(provider_url),
     .help = "where GET /token redirects to"},
    {.name = "ca_bundle",
     .type = EG_FIELD_STRING,
     .offset = AT(ca_bundle),
     .default_text = "true",
     .help = "CAs that may vouch for the key server: true (the system's), false (do not check), or "
             "the path of a PEM file or folder"},
    {.name = "algorithms",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(algorithms),
     .default_text = "RS256",
     .help = "signature algorithms that are accepted: RS256, RS384, RS512, PS256, PS384, PS512, "
             "ES256, ES384, ES512, EdDSA"},
    {.name = "audience",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(audience),
     .help = "the token's aud must name one of these; unset: a token with an aud is refused"},
    {.name = "issuer",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(issuer),
     .help = "the token's iss must be one of these; unset: not checked"},
    {.name = "leeway",
     .type = EG_FIELD_DURATION,
     .offset = AT(leeway_ms),
     .default_text = "0s",
     .min = 0,
     .max = 60 * MINUTE_MS,
     .help = "how far clocks may differ when exp, nbf and iat are checked"},
    {.name = "timeout",
     .type = EG_FIELD_DURATION,
     .offset = AT(timeout_ms),
     .default_text = "5s",
     .min = 100,
     .max = 5 * MINUTE_MS,
     .help = "how long reading the keys from public_keys_url may take"},
    {.name = "refresh_interval",
     .type = EG_FIELD_DURATION,
     .offset = AT(refresh_interval_ms),
     .default_text = "28m",
     .min = 1000,
     .max = 30 * DAY_MS,
     .help = "how often the keys are read again, in the background"},
    {.name = "cache_entries",
     .type = EG_FIELD_INT,
     .offset = AT(cache_entries),
     .default_text = "10000",
     .min = 0,
     .max = 10000000,
     .help = "how many verified tokens are remembered, at about 100 bytes each; 0: none"},
};

const struct eg_field_table eg_auth_fields = {
    .name = "auth",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_auth_config),
};

static int unknown_algorithm(const char *name, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer known = EG_BUFFER_INIT;
    for (unsigned i = 0; i < EG_CRYPTO_ALG_COUNT; i++)
        eg_buffer_printf(&known, "%s%s", i ? ", " : "", eg_crypto_alg_name((enum eg_crypto_alg)i));
    return eg_error_set(err, EG_ERR_CONFIG,
                        "auth.algorithms: '%.40s' can't be accepted; the choices are %s", name,
                        known.data);
}

static int read_algorithms(const struct eg_string_list *names, eg_crypto_alg_set *ret_algs,
                           struct eg_error *err)
{
    eg_crypto_alg_set algs = 0;
    for (size_t i = 0; i < names->count; i++) {
        enum eg_crypto_alg alg = EG_CRYPTO_RS256;
        if (!eg_crypto_alg_find(eg_span_text(names->items[i]), &alg))
            return unknown_algorithm(names->items[i], err);
        algs |= EG_CRYPTO_ALG_BIT(alg);
    }
    if (!algs)
        return eg_error_set(err, EG_ERR_CONFIG, "auth.algorithms: the list is empty");
    *ret_algs = algs;
    return 0;
}

static bool is_set(const char *text)
{
    return text && text[0];
}

int eg_auth_config_policy(const struct eg_auth_config *config, struct eg_auth_policy *ret_policy,
                          struct eg_error *err)
{
    eg_crypto_alg_set algs = 0;
    if (read_algorithms(&config->algorithms, &algs, err) < 0)
        return -1;
    if (is_set(config->public_keys_url) == is_set(config->public_keys_file))
        return eg_error_set(err, EG_ERR_CONFIG,
                            is_set(config->public_keys_url)
                                ? "auth: public_keys_url and public_keys_file are both set; "
                                  "remove one"
                                : "auth: no source of public keys; set public_keys_url or "
                                  "public_keys_file");
    *ret_policy = (struct eg_auth_policy){
        .algs = algs,
        .leeway_us = config->leeway_ms * 1000,
        .audiences = config->audience,
        .issuers = config->issuer,
    };
    return 0;
}
