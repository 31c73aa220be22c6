/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate token VERB`: the table of verbs, and the little that they share. */
#include "command/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "command/command.h"

#define KEY_FILE_BYTES_MAX ((size_t)1024 * 1024)
#define CHUNK_BYTES        16384

struct verb {
    const char *name;
    int (*run)(int argc, char **argv);
};

static const struct verb verbs[] = {
    {"issue", eg_token_issue},
    {"verify", eg_token_verify},
    {"keygen", eg_token_keygen},
};

int eg_token_trouble(const struct eg_error *err)
{
    (void)fprintf(stderr, "eventgate token: %s\n", err->message);
    return EG_EXIT_TROUBLE;
}

int eg_token_read_fd(int fd, const char *name, size_t max, struct eg_buffer *out,
                     struct eg_error *err)
{
    char text[128];
    for (;;) {
        char *to = eg_buffer_reserve(out, CHUNK_BYTES);
        ssize_t got = read(fd, to, CHUNK_BYTES);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return eg_error_set(err, EG_ERR_IO, "%s: %s", name,
                                eg_error_errno_text(errno, text, sizeof(text)));
        if (got > 0)
            out->len += (size_t)got;
        if (out->len > max)
            return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: longer than %zu bytes", name, max);
    }
}

int eg_token_read_file(const char *path, struct eg_buffer *out, struct eg_error *err)
{
    char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eg_error_set(err, EG_ERR_NOT_FOUND, "%s: %s", path,
                            eg_error_errno_text(errno, text, sizeof(text)));
    int ret = eg_token_read_fd(fd, path, KEY_FILE_BYTES_MAX, out, err);
    (void)close(fd);
    return ret;
}

void eg_token_secret_cleanup(struct eg_buffer *buffer)
{
    if (buffer->data)
        explicit_bzero(buffer->data, buffer->capacity);
    eg_buffer_fini(buffer);
}

/* The verb's complaints begin as all of this command's do. */
static int run_verb(const struct verb *verb, int argc, char **argv)
{
    char *name = argv[0];
    argv[0] = argv[-1];
    int code = verb->run(argc, argv);
    argv[0] = name;
    return code;
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return eg_command_usage_error(&eg_command_token, "issue, verify or keygen?");
    char *verb = argv[1];
    for (size_t i = 0; i < EG_ARRAY_COUNT(verbs); i++)
        if (strcmp(verb, verbs[i].name) == 0)
            return run_verb(&verbs[i], argc - 1, argv + 1);
    return eg_command_usage_error(&eg_command_token, "no verb '%s'", verb);
}

static const char usage[] =
    "usage: eventgate token issue --key FILE --sub USER [OPTION...]\n"
    "       eventgate token verify (--key|--jwk|--keys FILE | --keys-url URL) [OPTION...] "
    "[TOKEN|-]\n"
    "       eventgate token keygen --out FILE --public-out FILE [OPTION...]\n"
    "\n"
    "issue: print a signed token\n"
    "  --key FILE          the private key, PEM or JWK\n"
    "  --sub USER          the subject\n"
    "  --alg ALG           default: RS256 for an RSA key, else the one that fits\n"
    "  --kid ID            name the key in the header; default: the JWK's kid\n"
    "  --expires TIME      30s, 15m, 1h, 7d or never; default: 1h\n"
    "  --claim NAME=VALUE  a further claim, any number; VALUE is JSON, or else a string\n"
    "\n"
    "verify: print 'valid' and the claims, or 'invalid: <reason>'\n"
    "  --key FILE          public or private PEM\n"
    "  --jwk FILE          a JWK or JWKS\n"
    "  --keys FILE         any format that the daemon reads\n"
    "  --keys-url URL      where the daemon would read them from\n"
    "  --ca-bundle CA      for --keys-url: true, false or a path; default: true\n"
    "  --alg LIST          algorithms to accept, with commas; default: RS256\n"
    "  --audience A        the aud to expect; any number of times\n"
    "  --issuer I          the iss to expect; any number of times\n"
    "  --leeway TIME       for exp, nbf and iat; default: 0s\n"
    "  --signature-only    look at the signature alone, whatever the payload is; --alg then\n"
    "                      defaults to all that fit the key and that its JWK allows\n"
    "  TOKEN               without it, or with -, the token is read from standard input\n"
    "\n"
    "keygen: make a key pair; existing files are not overwritten\n"
    "  --out FILE          the private key as PEM, readable by its owner alone\n"
    "  --public-out FILE   the public key\n"
    "  --format FORMAT     of the public key: keys ({\"keys\":[{\"key\":\"<base64 DER>\"}]}), "
    "jwks\n"
    "                      or pem; default: keys\n"
    "  --type TYPE         RSA (2048 bits), P-256, P-384, P-521, Ed25519 or Ed448; default: RSA\n"
    "  --kid ID            for jwks\n"
    "\n"
    "exit codes: 0 done or valid, 1 invalid, 2 usage, 3 trouble\n"
    "\n"
    "example:\n"
    "  eventgate token keygen --out key.pem --public-out keys.json\n"
    "  eventgate token issue --key key.pem --sub alice | eventgate token verify --keys keys.json\n";

const struct eg_command eg_command_token = {
    .name = "token",
    .summary = "issue and verify tokens, make a key pair",
    .usage = usage,
    .options = "--key --sub --alg --kid --expires --claim --jwk --keys --keys-url --ca-bundle "
               "--audience --issuer --leeway --signature-only --out --public-out --format --type",
    .run = run,
};
