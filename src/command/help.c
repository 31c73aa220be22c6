/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate help [COMMAND]`: the list of commands, or one command's page. */
#include <stdio.h>

#include "command/command.h"

static int list_commands(void)
{
    (void)printf("usage: eventgate COMMAND [OPTION...]\n\ncommands:\n");
    for (size_t i = 0; eg_commands[i]; i++)
        (void)printf("  %-12s %s\n", eg_commands[i]->name, eg_commands[i]->summary);
    (void)printf("\nexit codes: 0 yes, 1 no, 2 usage, 3 trouble\n"
                 "'eventgate COMMAND --help' tells more.\n");
    return EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    if (argc < 2)
        return list_commands();
    const struct eg_command *command = eg_command_find(argv[1]);
    if (!command)
        return eg_command_usage_error(&eg_command_help, "no command '%s'", argv[1]);
    if (argc > 2)
        return eg_command_usage_error(&eg_command_help, "unexpected argument '%s'", argv[2]);
    (void)printf("%s", command->usage);
    return EG_EXIT_YES;
}

const struct eg_command eg_command_help = {
    .name = "help",
    .summary = "list the commands, or tell about one",
    .usage = "usage: eventgate help [COMMAND]\n"
             "\n"
             "Lists the commands, or prints what 'eventgate COMMAND --help' does.\n"
             "\n"
             "exit codes: 0 printed, 2 there is no such command\n",
    .options = "",
    .run = run,
};
