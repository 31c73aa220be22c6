/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate token verify`: what the daemon would say to a token, and why. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/key_source.h"
#include "auth/token.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "command/duration.h"
#include "command/token.h"

#define FETCH_TIMEOUT_MS 5000

struct verify_options {
    const char *path;
    const char *url;
    const char *ca_bundle;
    bool signature_only;
    struct eg_auth_policy policy; /* its lists own their arrays, not the texts */
};

enum option_code {
    OPTION_FILE = 256,
    OPTION_URL,
    OPTION_CA,
    OPTION_ALG,
    OPTION_AUDIENCE,
    OPTION_ISSUER,
    OPTION_LEEWAY,
    OPTION_SIGNATURE_ONLY
};

static const struct option long_options[] = {
    {"key", required_argument, NULL, OPTION_FILE},
    {"jwk", required_argument, NULL, OPTION_FILE},
    {"keys", required_argument, NULL, OPTION_FILE},
    {"keys-url", required_argument, NULL, OPTION_URL},
    {"ca-bundle", required_argument, NULL, OPTION_CA},
    {"alg", required_argument, NULL, OPTION_ALG},
    {"audience", required_argument, NULL, OPTION_AUDIENCE},
    {"issuer", required_argument, NULL, OPTION_ISSUER},
    {"leeway", required_argument, NULL, OPTION_LEEWAY},
    {"signature-only", no_argument, NULL, OPTION_SIGNATURE_ONLY},
    {0},
};

static void options_fini(struct verify_options *options)
{
    free(options->policy.audiences.items);
    free(options->policy.issuers.items);
}

static void add_text(struct eg_string_list *list, char *text)
{
    list->items = eg_realloc_array(list->items, list->count + 1, sizeof(*list->items));
    list->items[list->count++] = text;
}

static int read_algs(const char *text, eg_crypto_alg_set *ret_algs)
{
    eg_crypto_alg_set algs = 0;
    for (;;) {
        size_t len = strcspn(text, ",");
        enum eg_crypto_alg alg = EG_CRYPTO_RS256;
        if (!eg_crypto_alg_find(eg_span_of(text, len), &alg))
            return eg_command_usage_error(&eg_command_token, "--alg '%.*s' is not one we accept",
                                          (int)len, text);
        algs |= EG_CRYPTO_ALG_BIT(alg);
        if (!text[len])
            break;
        text += len + 1;
    }
    *ret_algs = algs;
    return EG_EXIT_YES;
}

static int read_leeway(const char *text, int64_t *ret_us)
{
    int64_t ms;
    int64_t us;
    if (!eg_command_duration_ms(text, &ms) || __builtin_mul_overflow(ms, 1000, &us))
        return eg_command_usage_error(&eg_command_token, "--leeway '%s' is not like 30s or 2m",
                                      text);
    *ret_us = us;
    return EG_EXIT_YES;
}

static int read_option(int option, struct verify_options *options)
{
    switch (option) {
    case OPTION_FILE:
    case OPTION_URL:
        if (options->path || options->url)
            return eg_command_usage_error(&eg_command_token, "verify: the keys are given twice");
        *(option == OPTION_URL ? &options->url : &options->path) = optarg;
        return EG_EXIT_YES;
    case OPTION_CA:
        options->ca_bundle = optarg;
        return EG_EXIT_YES;
    case OPTION_ALG:
        return read_algs(optarg, &options->policy.algs);
    case OPTION_AUDIENCE:
        add_text(&options->policy.audiences, optarg);
        return EG_EXIT_YES;
    case OPTION_ISSUER:
        add_text(&options->policy.issuers, optarg);
        return EG_EXIT_YES;
    case OPTION_LEEWAY:
        return read_leeway(optarg, &options->policy.leeway_us);
    case OPTION_SIGNATURE_ONLY:
        options->signature_only = true;
        return EG_EXIT_YES;
    default:
        return eg_command_option_error(&eg_command_token);
    }
}

static int read_options(int argc, char **argv, struct verify_options *options)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int code = read_option(option, options);
        if (code != EG_EXIT_YES)
            return code;
    }
    if (argc - optind > 1)
        return eg_command_usage_error(&eg_command_token, "verify: more than one token");
    if (!options->path && !options->url)
        return eg_command_usage_error(&eg_command_token,
                                      "verify: --key, --jwk, --keys or --keys-url is needed");
    if (!options->policy.algs)
        options->policy.algs =
            options->signature_only ? EG_CRYPTO_ALG_ALL : EG_CRYPTO_ALG_BIT(EG_CRYPTO_RS256);
    return EG_EXIT_YES;
}

static int load_keys(const struct verify_options *options, struct eg_auth_key_set **ret_keys,
                     struct eg_error *err)
{
    struct eg_auth_key_source_options source_options = {
        .url = options->url,
        .file = options->path,
        .ca_bundle = options->ca_bundle,
        .timeout_ms = FETCH_TIMEOUT_MS,
    };
    struct eg_auth_key_source *source = NULL;
    if (eg_auth_key_source_new(&source_options, &source, err) < 0)
        return -1;
    int ret = eg_auth_key_source_refresh(source, err);
    if (ret == 0)
        *ret_keys = eg_auth_key_source_current(source, NULL);
    eg_auth_key_source_destroy(source);
    return ret;
}

/* The argument as it is, or standard input without white space around it. */
static int read_token(const char *argument, struct eg_buffer *out, struct eg_span *ret_token,
                      struct eg_error *err)
{
    if (argument && strcmp(argument, "-") != 0) {
        *ret_token = eg_span_text(argument);
        return 0;
    }
    if (eg_token_read_fd(STDIN_FILENO, "standard input", (size_t)16 * EG_AUTH_TOKEN_BYTES_MAX, out,
                         err) < 0)
        return -1;
    *ret_token = eg_span_trim(eg_buffer_span(out));
    return 0;
}

static int judge(const struct verify_options *options, const struct eg_auth_key_set *keys,
                 struct eg_span text, struct eg_auth_token *ret_token, struct eg_error *err)
{
    EG_AUTOIDENTITY struct eg_auth_identity *identity = NULL;
    if (eg_auth_token_parse(text, options->policy.algs, ret_token, err) < 0 ||
        eg_auth_token_check_signature(ret_token, keys, err) < 0)
        return -1;
    if (options->signature_only)
        return 0;
    return eg_auth_token_check_claims(ret_token, &options->policy, eg_clock_wall_us(), &identity,
                                      err);
}

/* The claims are JSON by now, in which a control character can only be white space. */
static void print_claims(struct eg_buffer *payload)
{
    for (size_t i = 0; i < payload->len; i++)
        if ((unsigned char)payload->data[i] < ' ')
            payload->data[i] = ' ';
    (void)printf("%.*s\n", EG_SPAN_ARGS(eg_buffer_span(payload)));
}

static int invalid(const struct eg_error *reason)
{
    (void)printf("invalid: %s\n", reason->message);
    return EG_EXIT_NO;
}

int eg_token_verify(int argc, char **argv)
{
    EG_CLEANUP(options_fini) struct verify_options options = {0};
    EG_AUTOKEYSET struct eg_auth_key_set *keys = NULL;
    EG_AUTOBUFFER struct eg_buffer input = EG_BUFFER_INIT;
    EG_AUTOTOKEN struct eg_auth_token token = {0};
    struct eg_span text;
    struct eg_error err;
    int code = read_options(argc, argv, &options);
    if (code != EG_EXIT_YES)
        return code;
    if (read_token(optind < argc ? argv[optind] : NULL, &input, &text, &err) < 0)
        return eg_token_trouble(&err);
    if (load_keys(&options, &keys, &err) < 0) {
        /* The file is sound, but none of its keys may have signed anything. */
        bool no_key_fits = options.path && err.code == EG_ERR_CONFIG;
        return no_key_fits ? invalid(&err) : eg_token_trouble(&err);
    }
    if (judge(&options, keys, text, &token, &err) < 0)
        return invalid(&err);
    (void)printf("valid\n");
    if (!options.signature_only)
        print_claims(&token.payload);
    return EG_EXIT_YES;
}
