/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate serve`: runs the daemon in the foreground until it is told to stop. */
#include <getopt.h>
#include <stdio.h>

#include "app/app.h"
#include "command/command.h"

#define MAX_OVERRIDES 16

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"listen", required_argument, NULL, 'l'},
    {"admin-listen", required_argument, NULL, 'a'},
    {NULL, 0, NULL, 0},
};

struct arguments {
    const char *config;
    struct eg_app_override overrides[MAX_OVERRIDES];
    size_t override_count;
};

static int add_listener(struct arguments *arguments, const char *section, const char *option)
{
    if (arguments->override_count == MAX_OVERRIDES)
        return eg_command_usage_error(&eg_command_serve, "more than %d listeners", MAX_OVERRIDES);
    arguments->overrides[arguments->override_count++] =
        (struct eg_app_override){section, "listen", optarg, option};
    return EG_EXIT_YES;
}

static int read_option(int option, struct arguments *arguments)
{
    switch (option) {
    case 'c':
        arguments->config = optarg;
        return EG_EXIT_YES;
    case 'l':
        return add_listener(arguments, "server", "--listen");
    case 'a':
        return add_listener(arguments, "admin", "--admin-listen");
    default:
        return eg_command_option_error(&eg_command_serve);
    }
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    int option;
    while ((option = getopt_long(argc, argv, "c:", long_options, NULL)) != -1) {
        int code = read_option(option, arguments);
        if (code != EG_EXIT_YES)
            return code;
    }
    if (optind < argc)
        return eg_command_usage_error(&eg_command_serve, "unexpected argument '%s'", argv[optind]);
    return EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    struct arguments arguments = {0};
    int code = read_arguments(argc, argv, &arguments);
    if (code != EG_EXIT_YES)
        return code;
    struct eg_app_options options = {arguments.config, arguments.overrides,
                                     arguments.override_count};
    struct eg_error err;
    if (eg_app_run(&options, &err) == 0)
        return EG_EXIT_YES;
    (void)fprintf(stderr, "eventgate serve: %s\n", err.message);
    return EG_EXIT_TROUBLE;
}

const struct eg_command eg_command_serve = {
    .name = "serve",
    .summary = "run the daemon",
    .usage =
        "usage: eventgate serve [-c FILE|DIR] [--listen HOST:PORT]... [--admin-listen "
        "HOST:PORT]...\n"
        "\n"
        "Runs the daemon in the foreground.\n"
        "\n"
        "  -c, --config FILE|DIR   the configuration: a YAML file, or a folder that holds\n"
        "                          config.json as the Python EventGate has it. Without it:\n"
        "                          $CONF_DIR, ./etc/eventgate.yaml, /etc/eventgate/eventgate.yaml\n"
        "      --listen HOST:PORT  instead of server.listen; unix:PATH is a unix socket\n"
        "      --admin-listen HOST:PORT\n"
        "                          instead of admin.listen\n"
        "\n"
        "signals: SIGHUP reads access, schemas, topic keys and token keys again;\n"
        "         SIGTERM answers what is in flight and ends; SIGUSR1 reopens the log file\n"
        "\n"
        "exit codes: 0 stopped as told, 2 usage, 3 it could not start\n"
        "\n"
        "example: eventgate serve -c etc/eventgate.yaml --listen 127.0.0.1:8080\n",
    .options = "--config --listen --admin-listen",
    .run = run,
};
