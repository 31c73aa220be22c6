/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate sigv4`: every step of a signature, to hold beside what AWS says in a 403. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/sigv4_text.h"
#include "base/error.h"
#include "base/span.h"
#include "command/command.h"
#include "command/token.h"

#define MAX_REQUEST_BYTES ((size_t)16 << 20)

static const char usage[] =
    "Usage: eventgate sigv4 --context FILE --request FILE [--print STEP] [--query]\n"
    "\n"
    "Signs a request with AWS Signature Version 4 and prints one step of it.\n"
    "\n"
    "  --context FILE   JSON: credentials {access_key_id, secret_access_key, token}, region,\n"
    "                   service, timestamp, and optionally normalize, sign_body,\n"
    "                   omit_session_token, expiration_in_seconds; '-' is standard input\n"
    "  --request FILE   an HTTP/1.1 request: its line, its headers, an empty line, its body\n"
    "  --print STEP     creq (canonical request), sts (string to sign), signature, or request "
    "(the\n"
    "                   signed request, the default)\n"
    "  --in PLACE       header (the default) or query: where the signature goes\n"
    "  --query          the same as --in query\n"
    "\n"
    "Exit codes: 0 signed, 1 the request or the context can't be signed, 2 usage, 3 trouble.\n"
    "\n"
    "  eventgate sigv4 --context context.json --request request.txt --print creq\n";

enum option_code { OPTION_CONTEXT = 256, OPTION_REQUEST, OPTION_PRINT, OPTION_IN, OPTION_QUERY };

static const struct option long_options[] = {
    {"context", required_argument, NULL, OPTION_CONTEXT},
    {"request", required_argument, NULL, OPTION_REQUEST},
    {"print", required_argument, NULL, OPTION_PRINT},
    {"in", required_argument, NULL, OPTION_IN},
    {"query", no_argument, NULL, OPTION_QUERY},
    {0},
};

enum step { STEP_CREQ, STEP_STS, STEP_SIGNATURE, STEP_REQUEST, STEP_COUNT };

static const char *const step_names[STEP_COUNT] = {"creq", "sts", "signature", "request"};

struct sigv4_arguments {
    const char *context;
    const char *request;
    enum step step;
    bool in_query;
};

static int read_step(const char *text, enum step *ret_step)
{
    for (size_t i = 0; i < STEP_COUNT; i++)
        if (strcmp(text, step_names[i]) == 0) {
            *ret_step = (enum step)i;
            return EG_EXIT_YES;
        }
    return eg_command_usage_error(&eg_command_sigv4,
                                  "--print '%s' is none of creq, sts, signature, request", text);
}

static int read_place(const char *text, bool *ret_in_query)
{
    *ret_in_query = strcmp(text, "query") == 0;
    if (*ret_in_query || strcmp(text, "header") == 0)
        return EG_EXIT_YES;
    return eg_command_usage_error(&eg_command_sigv4, "--in '%s' is neither header nor query", text);
}

static int read_option(int option, struct sigv4_arguments *arguments)
{
    switch (option) {
    case OPTION_CONTEXT:
        arguments->context = optarg;
        return EG_EXIT_YES;
    case OPTION_REQUEST:
        arguments->request = optarg;
        return EG_EXIT_YES;
    case OPTION_PRINT:
        return read_step(optarg, &arguments->step);
    case OPTION_IN:
        return read_place(optarg, &arguments->in_query);
    case OPTION_QUERY:
        arguments->in_query = true;
        return EG_EXIT_YES;
    default:
        return eg_command_option_error(&eg_command_sigv4);
    }
}

static int read_arguments(int argc, char **argv, struct sigv4_arguments *arguments)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        int code = read_option(option, arguments);
        if (code != EG_EXIT_YES)
            return code;
    }
    if (optind < argc)
        return eg_command_usage_error(&eg_command_sigv4, "'%s' is one argument too many",
                                      argv[optind]);
    if (!arguments->context || !arguments->request)
        return eg_command_usage_error(&eg_command_sigv4, "--context and --request are needed");
    if (strcmp(arguments->context, "-") == 0 && strcmp(arguments->request, "-") == 0)
        return eg_command_usage_error(&eg_command_sigv4,
                                      "only one of the two can be standard input");
    return EG_EXIT_YES;
}

static int complain(const char *what, const struct eg_error *err, int code)
{
    (void)fprintf(stderr, "eventgate sigv4: %s%s%s\n", what ? what : "", what ? ": " : "",
                  err->message);
    return code;
}

static int read_file(const char *path, struct eg_buffer *out, struct eg_error *err)
{
    EG_ASSERT(path);
    bool standard = strcmp(path, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    char text[128];
    if (fd < 0)
        return eg_error_set(err, EG_ERR_IO, "%s: %s", path,
                            eg_error_errno_text(errno, text, sizeof(text)));
    int ret = eg_token_read_fd(fd, standard ? "standard input" : path, MAX_REQUEST_BYTES, out, err);
    if (!standard)
        (void)close(fd);
    return ret;
}

static void print_step(enum step step, const struct eg_aws_sigv4 *state,
                       const struct eg_aws_request_text *parsed)
{
    EG_AUTOBUFFER struct eg_buffer whole = EG_BUFFER_INIT;
    struct eg_span text = eg_span_text(state->signature);
    if (step == STEP_CREQ)
        text = eg_buffer_span(&state->canonical_request);
    if (step == STEP_STS)
        text = eg_buffer_span(&state->string_to_sign);
    if (step == STEP_REQUEST) {
        eg_aws_request_text_write(parsed, state, &whole);
        text = eg_buffer_span(&whole);
    }
    (void)fwrite(text.ptr, 1, text.len, stdout);
}

static int sign(const struct sigv4_arguments *arguments, struct eg_span context,
                struct eg_span request, struct eg_arena *arena)
{
    EG_AUTOSIGV4 struct eg_aws_sigv4 state = {0};
    struct eg_aws_request_text parsed;
    struct eg_aws_sigv4_options options;
    struct eg_error err;
    if (eg_aws_context_parse(context, arena, &options, &err) < 0)
        return complain(arguments->context, &err, EG_EXIT_NO);
    if (eg_aws_request_text_parse(request, &parsed, &err) < 0)
        return complain(arguments->request, &err, EG_EXIT_NO);
    int ret = arguments->in_query ? eg_aws_sigv4_sign_query(&state, &parsed.request, &options, &err)
                                  : eg_aws_sigv4_sign(&state, &parsed.request, &options, &err);
    if (ret < 0)
        return complain(arguments->request, &err, EG_EXIT_NO);
    print_step(arguments->step, &state, &parsed);
    return EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    EG_AUTOSECRET struct eg_buffer context = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    EG_CLEANUP(eg_arena_fini) struct eg_arena arena = {0};
    struct sigv4_arguments arguments = {.step = STEP_REQUEST};
    struct eg_error err;
    int code = read_arguments(argc, argv, &arguments);
    if (code != EG_EXIT_YES)
        return code;
    if (read_file(arguments.context, &context, &err) < 0 ||
        read_file(arguments.request, &request, &err) < 0)
        return complain(NULL, &err, EG_EXIT_TROUBLE);
    return sign(&arguments, eg_buffer_span(&context), eg_buffer_span(&request), &arena);
}

const struct eg_command eg_command_sigv4 = {
    .name = "sigv4",
    .summary = "sign a request for AWS and show each step",
    .usage = usage,
    .options = "--context --request --print --in --query",
    .run = run,
};
