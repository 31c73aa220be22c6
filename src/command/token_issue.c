/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate token issue`: header, claims and signature, as RFC 7515 section 7.1 joins them. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/key_set.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "command/duration.h"
#include "command/token.h"
#include "crypto/base64.h"

struct issue_options {
    const char *key_path;
    const char *subject;
    const char *alg;
    const char *kid;
    int64_t expires_ms; /* -1: never */
    json_t *claims;     /* from --claim; owned */
};

enum option_code {
    OPTION_KEY = 256,
    OPTION_SUB,
    OPTION_ALG,
    OPTION_KID,
    OPTION_EXPIRES,
    OPTION_CLAIM
};

static const struct option long_options[] = {
    {"key", required_argument, NULL, OPTION_KEY},
    {"sub", required_argument, NULL, OPTION_SUB},
    {"alg", required_argument, NULL, OPTION_ALG},
    {"kid", required_argument, NULL, OPTION_KID},
    {"expires", required_argument, NULL, OPTION_EXPIRES},
    {"claim", required_argument, NULL, OPTION_CLAIM},
    {0},
};

static void options_fini(struct issue_options *options)
{
    json_decref(options->claims);
}

static int add_claim(json_t *claims, const char *text)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text)
        return eg_command_usage_error(&eg_command_token, "--claim '%s' is not NAME=VALUE", text);
    EG_AUTOFREE char *name = eg_span_dup(eg_span_of(text, (size_t)(equals - text)));
    json_t *value = json_loads(equals + 1, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!value)
        value = json_string(equals + 1);
    if (json_object_set_new(claims, name, value) < 0)
        return eg_command_usage_error(&eg_command_token, "--claim '%s' is not UTF-8", text);
    return EG_EXIT_YES;
}

static int read_expires(const char *text, int64_t *ret_ms)
{
    if (strcmp(text, "never") == 0) {
        *ret_ms = -1;
        return EG_EXIT_YES;
    }
    if (eg_command_duration_ms(text, ret_ms))
        return EG_EXIT_YES;
    return eg_command_usage_error(&eg_command_token, "--expires '%s' is not like 30s, 15m, 1h, 7d",
                                  text);
}

static int read_option(int option, struct issue_options *options)
{
    switch (option) {
    case OPTION_KEY:
        options->key_path = optarg;
        return EG_EXIT_YES;
    case OPTION_SUB:
        options->subject = optarg;
        return EG_EXIT_YES;
    case OPTION_ALG:
        options->alg = optarg;
        return EG_EXIT_YES;
    case OPTION_KID:
        options->kid = optarg;
        return EG_EXIT_YES;
    case OPTION_EXPIRES:
        return read_expires(optarg, &options->expires_ms);
    case OPTION_CLAIM:
        return add_claim(options->claims, optarg);
    default:
        return eg_command_option_error(&eg_command_token);
    }
}

static int read_options(int argc, char **argv, struct issue_options *options)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int code = read_option(option, options);
        if (code != EG_EXIT_YES)
            return code;
    }
    if (optind < argc)
        return eg_command_usage_error(&eg_command_token, "issue: unexpected argument '%s'",
                                      argv[optind]);
    if (!options->key_path || !options->subject)
        return eg_command_usage_error(&eg_command_token, "issue: --key and --sub are needed");
    return EG_EXIT_YES;
}

/* PEM or JWK. */
static int read_key(const char *path, struct eg_auth_key *ret_key, struct eg_error *err)
{
    EG_AUTOSECRET struct eg_buffer text = EG_BUFFER_INIT;
    if (eg_token_read_file(path, &text, err) < 0)
        return -1;
    struct eg_span span = eg_span_trim(eg_buffer_span(&text));
    if (span.len && span.ptr[0] == '{') {
        if (eg_auth_key_parse_jwk(span, ret_key, err) < 0)
            return eg_error_prefix(err, "%s", path);
        return 0;
    }
    struct eg_auth_key key = {0};
    if (eg_crypto_key_from_pem(span, &key.key, NULL, err) < 0)
        return eg_error_prefix(err, "%s", path);
    key.algs = eg_crypto_kind_algs(eg_crypto_key_kind(key.key));
    *ret_key = key;
    return 0;
}

static int choose_alg(const struct issue_options *options, const struct eg_auth_key *key,
                      enum eg_crypto_alg *ret_alg)
{
    if (!options->alg) {
        *ret_alg = (enum eg_crypto_alg)__builtin_ctz(key->algs);
        return EG_EXIT_YES;
    }
    enum eg_crypto_alg alg = EG_CRYPTO_RS256;
    if (!eg_crypto_alg_find(eg_span_text(options->alg), &alg) ||
        !(key->algs & EG_CRYPTO_ALG_BIT(alg)))
        return eg_command_usage_error(&eg_command_token, "--alg '%s' does not fit the key",
                                      options->alg);
    *ret_alg = alg;
    return EG_EXIT_YES;
}

/* Appends the object as base64url and drops it. */
static int append_json(json_t *take, struct eg_buffer *out, struct eg_error *err)
{
    char *text = take ? json_dumps(take, JSON_COMPACT) : NULL;
    json_decref(take);
    if (!text)
        return eg_error_set(err, EG_ERR_INVALID, "the subject or the kid is not UTF-8");
    eg_crypto_base64url_encode(eg_span_text(text), out);
    free(text);
    return 0;
}

static json_t *make_header(const struct issue_options *options, const struct eg_auth_key *key,
                           enum eg_crypto_alg alg)
{
    const char *kid = options->kid ? options->kid : key->kid;
    return json_pack("{s:s, s:s, s:s*}", "alg", eg_crypto_alg_name(alg), "typ", "JWT", "kid", kid);
}

static json_t *make_claims(const struct issue_options *options)
{
    int64_t now_s = eg_clock_wall_us() / 1000000;
    json_t *claims = json_pack("{s:s, s:I}", "sub", options->subject, "iat", (json_int_t)now_s);
    if (!claims)
        return NULL;
    int ret = 0;
    int64_t expires_s;
    if (options->expires_ms >= 0 &&
        !__builtin_add_overflow(now_s, options->expires_ms / 1000, &expires_s))
        ret = json_object_set_new(claims, "exp", json_integer(expires_s));
    if (ret == 0)
        ret = json_object_update(claims, options->claims);
    EG_ASSERT(ret == 0);
    return claims;
}

static int make_token(const struct issue_options *options, const struct eg_auth_key *key,
                      enum eg_crypto_alg alg, struct eg_buffer *out, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer signature = EG_BUFFER_INIT;
    if (append_json(make_header(options, key, alg), out, err) < 0)
        return -1;
    eg_buffer_append_char(out, '.');
    if (append_json(make_claims(options), out, err) < 0 ||
        eg_crypto_sign(key->key, alg, eg_buffer_span(out), &signature, err) < 0)
        return -1;
    eg_buffer_append_char(out, '.');
    eg_crypto_base64url_encode(eg_buffer_span(&signature), out);
    return 0;
}

int eg_token_issue(int argc, char **argv)
{
    EG_CLEANUP(options_fini)
    struct issue_options options = {.expires_ms = 3600000, .claims = json_object()};
    EG_CLEANUP(eg_auth_key_fini) struct eg_auth_key key = {0};
    EG_AUTOBUFFER struct eg_buffer token = EG_BUFFER_INIT;
    enum eg_crypto_alg alg = EG_CRYPTO_RS256;
    struct eg_error err;
    int code = read_options(argc, argv, &options);
    if (code != EG_EXIT_YES)
        return code;
    if (read_key(options.key_path, &key, &err) < 0)
        return eg_token_trouble(&err);
    code = choose_alg(&options, &key, &alg);
    if (code != EG_EXIT_YES)
        return code;
    if (make_token(&options, &key, alg, &token, &err) < 0)
        return eg_token_trouble(&err);
    (void)printf("%s\n", token.data);
    return EG_EXIT_YES;
}
