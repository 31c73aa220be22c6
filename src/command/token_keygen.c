/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `eventgate token keygen`: a key pair into two files. Neither file may exist: a private key is
 * never overwritten by accident, and nobody else can have prepared the file with wider permissions.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/span.h"
#include "command/command.h"
#include "command/token.h"
#include "crypto/base64.h"
#include "crypto/key.h"

struct keygen_options;

struct format {
    const char *name;
    int (*write)(const struct eg_crypto_key *key, const struct keygen_options *options,
                 struct eg_buffer *out, struct eg_error *err);
};

struct keygen_options {
    const char *private_path;
    const char *public_path;
    const char *kid;
    const struct format *format;
    enum eg_crypto_kind kind;
};

enum option_code { OPTION_OUT = 256, OPTION_PUBLIC_OUT, OPTION_FORMAT, OPTION_TYPE, OPTION_KID };

static const struct option long_options[] = {
    {"out", required_argument, NULL, OPTION_OUT},
    {"public-out", required_argument, NULL, OPTION_PUBLIC_OUT},
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"type", required_argument, NULL, OPTION_TYPE},
    {"kid", required_argument, NULL, OPTION_KID},
    {0},
};

static int write_keys(const struct eg_crypto_key *key, const struct keygen_options *options,
                      struct eg_buffer *out, struct eg_error *err)
{
    (void)options;
    EG_AUTOBUFFER struct eg_buffer der = EG_BUFFER_INIT;
    if (eg_crypto_key_public_der(key, &der, err) < 0)
        return -1;
    eg_buffer_append_text(out, "{\"keys\":[{\"key\":\"");
    eg_crypto_base64_encode(eg_buffer_span(&der), out);
    eg_buffer_append_text(out, "\"}]}\n");
    return 0;
}

static int write_pem(const struct eg_crypto_key *key, const struct keygen_options *options,
                     struct eg_buffer *out, struct eg_error *err)
{
    (void)options;
    return eg_crypto_key_public_pem(key, out, err);
}

static void set_number(json_t *jwk, const char *name, struct eg_span bytes)
{
    if (bytes.len == 0)
        return;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_crypto_base64url_encode(bytes, &text);
    EG_ASSERT(json_object_set_new(jwk, name, json_string(text.data)) == 0);
}

/* RFC 7518 section 6, RFC 8037 section 2. */
static json_t *make_jwk(const struct eg_crypto_key_parts *parts, const char *kid)
{
    const char *curve = parts->kind == EG_CRYPTO_RSA ? NULL : eg_crypto_kind_name(parts->kind);
    const char *kty = !curve ? "RSA" : parts->y.len ? "EC" : "OKP";
    json_t *jwk =
        json_pack("{s:s, s:s, s:s*, s:s*}", "kty", kty, "use", "sig", "kid", kid, "crv", curve);
    if (!jwk)
        return NULL;
    set_number(jwk, "n", parts->n);
    set_number(jwk, "e", parts->e);
    set_number(jwk, "x", parts->x);
    set_number(jwk, "y", parts->y);
    return jwk;
}

static int write_jwks(const struct eg_crypto_key *key, const struct keygen_options *options,
                      struct eg_buffer *out, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer storage = EG_BUFFER_INIT;
    struct eg_crypto_key_parts parts;
    if (eg_crypto_key_public_parts(key, &storage, &parts, err) < 0)
        return -1;
    json_t *set = json_pack("{s:[o]}", "keys", make_jwk(&parts, options->kid));
    char *text = set ? json_dumps(set, JSON_COMPACT) : NULL;
    json_decref(set);
    if (!text)
        return eg_error_set(err, EG_ERR_INVALID, "--kid is not UTF-8");
    eg_buffer_append_text(out, text);
    eg_buffer_append_char(out, '\n');
    free(text);
    return 0;
}

static const struct format formats[] = {
    {"keys", write_keys},
    {"jwks", write_jwks},
    {"pem", write_pem},
};

static int read_format(const char *name, const struct format **ret_format)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(formats); i++) {
        if (strcmp(formats[i].name, name) == 0) {
            *ret_format = &formats[i];
            return EG_EXIT_YES;
        }
    }
    return eg_command_usage_error(&eg_command_token, "--format '%s' is not keys, jwks or pem",
                                  name);
}

static int read_option(int option, struct keygen_options *options)
{
    switch (option) {
    case OPTION_OUT:
        options->private_path = optarg;
        return EG_EXIT_YES;
    case OPTION_PUBLIC_OUT:
        options->public_path = optarg;
        return EG_EXIT_YES;
    case OPTION_KID:
        options->kid = optarg;
        return EG_EXIT_YES;
    case OPTION_FORMAT:
        return read_format(optarg, &options->format);
    case OPTION_TYPE:
        if (eg_crypto_kind_find(eg_span_text(optarg), &options->kind))
            return EG_EXIT_YES;
        return eg_command_usage_error(
            &eg_command_token, "--type '%s' is not RSA, P-256, P-384, P-521, Ed25519 or Ed448",
            optarg);
    default:
        return eg_command_option_error(&eg_command_token);
    }
}

static int read_options(int argc, char **argv, struct keygen_options *options)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int code = read_option(option, options);
        if (code != EG_EXIT_YES)
            return code;
    }
    if (optind < argc)
        return eg_command_usage_error(&eg_command_token, "keygen: unexpected argument '%s'",
                                      argv[optind]);
    if (!options->private_path || !options->public_path)
        return eg_command_usage_error(&eg_command_token,
                                      "keygen: --out and --public-out are needed");
    return EG_EXIT_YES;
}

static int write_all(int fd, const char *path, struct eg_span bytes, struct eg_error *err)
{
    char text[128];
    while (bytes.len) {
        ssize_t done = write(fd, bytes.ptr, bytes.len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return eg_error_set(err, EG_ERR_IO, "%s: %s", path,
                                eg_error_errno_text(errno, text, sizeof(text)));
        bytes = eg_span_of(bytes.ptr + done, bytes.len - (size_t)done);
    }
    return 0;
}

/* A file that could not be written to its end is taken away again. */
static int write_new_file(const char *path, mode_t mode, struct eg_span bytes, struct eg_error *err)
{
    char text[128];
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0)
        return eg_error_set(err, EG_ERR_IO, "%s: %s", path,
                            eg_error_errno_text(errno, text, sizeof(text)));
    int ret = write_all(fd, path, bytes, err);
    if (ret == 0 && fsync(fd) < 0 && errno != EINVAL)
        ret = eg_error_set(err, EG_ERR_IO, "%s: %s", path,
                           eg_error_errno_text(errno, text, sizeof(text)));
    (void)close(fd);
    if (ret < 0)
        (void)unlink(path);
    return ret;
}

static int write_pair(const struct eg_crypto_key *key, const struct keygen_options *options,
                      struct eg_error *err)
{
    EG_AUTOSECRET struct eg_buffer private_text = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer public_text = EG_BUFFER_INIT;
    if (eg_crypto_key_private_pem(key, &private_text, err) < 0 ||
        options->format->write(key, options, &public_text, err) < 0 ||
        write_new_file(options->private_path, 0600, eg_buffer_span(&private_text), err) < 0)
        return -1;
    if (write_new_file(options->public_path, 0644, eg_buffer_span(&public_text), err) < 0) {
        (void)unlink(options->private_path);
        return -1;
    }
    return 0;
}

int eg_token_keygen(int argc, char **argv)
{
    struct keygen_options options = {.format = &formats[0], .kind = EG_CRYPTO_RSA};
    struct eg_error err;
    int code = read_options(argc, argv, &options);
    if (code != EG_EXIT_YES)
        return code;
    EG_AUTOKEY struct eg_crypto_key *key = NULL;
    if (eg_crypto_key_generate(options.kind, &key, &err) < 0 || write_pair(key, &options, &err) < 0)
        return eg_token_trouble(&err);
    return EG_EXIT_YES;
}
