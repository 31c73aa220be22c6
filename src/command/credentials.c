/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate credentials`: which AWS credentials the daemon would use, or why there are none. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>

#include "aws/chain.h"
#include "aws/host.h"
#include "base/clock.h"
#include "base/error.h"
#include "command/command.h"

static const char usage[] =
    "Usage: eventgate credentials [--profile NAME] [--ca-bundle BUNDLE]\n"
    "\n"
    "Asks the providers of AWS credentials in the daemon's order: environment variables, profile,\n"
    "web identity, container, instance metadata. Says which one answered and until when, with the\n"
    "key masked, and why the others did not.\n"
    "\n"
    "  --profile NAME      a profile of ~/.aws; it comes before the environment variables\n"
    "  --ca-bundle BUNDLE  true, false, or a path, as ssl_ca_bundle in the configuration\n"
    "\n"
    "Exit codes: 0 found, 1 no provider is set up, 2 usage, 3 a provider is set up and failed.\n"
    "\n"
    "  AWS_PROFILE=ingest eventgate credentials\n";

enum option_code { OPTION_PROFILE = 256, OPTION_CA };

static const struct option long_options[] = {
    {"profile", required_argument, NULL, OPTION_PROFILE},
    {"ca-bundle", required_argument, NULL, OPTION_CA},
    {0},
};

struct credentials_arguments {
    const char *profile;
    const char *ca_bundle;
};

static int read_arguments(int argc, char **argv, struct credentials_arguments *arguments)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        if (option != OPTION_PROFILE && option != OPTION_CA)
            return eg_command_option_error(&eg_command_credentials);
        *(option == OPTION_PROFILE ? &arguments->profile : &arguments->ca_bundle) = optarg;
    }
    if (optind < argc)
        return eg_command_usage_error(&eg_command_credentials, "'%s' is one argument too many",
                                      argv[optind]);
    return EG_EXIT_YES;
}

static void print_expiry(int64_t expires_s)
{
    char text[EG_CLOCK_ISO_BYTES];
    if (!expires_s) {
        (void)printf("expires   never\n");
        return;
    }
    int64_t left_s = expires_s - eg_clock_wall_us() / 1000000;
    eg_clock_format_iso(expires_s * 1000000, text);
    if (left_s <= 0)
        (void)printf("expires   %s (expired)\n", text);
    else
        (void)printf("expires   %s (in %" PRId64 " min)\n", text, left_s / 60);
}

static void print_found(const struct eg_aws_environment *environment,
                        const struct eg_aws_credentials *credentials)
{
    EG_AUTOBUFFER struct eg_buffer key = EG_BUFFER_INIT;
    eg_aws_credentials_mask(credentials, &key);
    (void)printf("provider  %s\nkey       %s%s\n", credentials->origin, key.data,
                 credentials->session_token.len ? " with a session token" : "");
    if (credentials->account_id.len)
        (void)printf("account   %s\n", credentials->account_id.ptr);
    print_expiry(credentials->expires_s);
    if (environment->region[0])
        (void)printf("region    %s (%s)\n", environment->region, environment->region_from);
    else
        (void)printf("region    none: set AWS_REGION\n");
}

static void print_attempts(const struct eg_aws_report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->attempts[i].err.code != EG_ERR_NONE)
            (void)printf("%s: %s\n", report->attempts[i].provider, report->attempts[i].err.message);
}

static int trouble(const struct eg_error *err)
{
    (void)fprintf(stderr, "eventgate credentials: %s\n", err->message);
    return EG_EXIT_TROUBLE;
}

static int ask(const struct eg_aws_host *host, const char *profile)
{
    EG_AUTOAWSENVIRONMENT struct eg_aws_environment environment = {0};
    EG_AUTOCREDENTIALS struct eg_aws_credentials *credentials = NULL;
    struct eg_aws_report report = {0};
    struct eg_error err;
    if (eg_aws_environment_init(&environment, host, profile, NULL, &err) < 0)
        return trouble(&err);
    int ret = eg_aws_chain_find(&environment, &report, &credentials, &err);
    if (ret == 0)
        print_found(&environment, credentials);
    print_attempts(&report);
    if (ret < 0 && err.code == EG_ERR_NOT_FOUND)
        return EG_EXIT_NO;
    return ret < 0 ? trouble(&err) : EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    struct credentials_arguments arguments = {0};
    struct eg_aws_host *host = NULL;
    struct eg_error err;
    int code = read_arguments(argc, argv, &arguments);
    if (code != EG_EXIT_YES)
        return code;
    if (eg_aws_host_new(arguments.ca_bundle, &host, &err) < 0)
        return trouble(&err);
    code = ask(host, arguments.profile);
    eg_aws_host_destroy(host);
    return code;
}

const struct eg_command eg_command_credentials = {
    .name = "credentials",
    .summary = "say which AWS credentials are found, or why none",
    .usage = usage,
    .options = "--profile --ca-bundle",
    .run = run,
};
