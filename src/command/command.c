/* SPDX-License-Identifier: Apache-2.0 */
/* The table of commands and what all of them share. */
#include "command/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct eg_command *const eg_commands[] = {
#define EG_COMMAND(name) &eg_command_##name,
#include "command/commands.def"
#undef EG_COMMAND
    NULL,
};

const struct eg_command *eg_command_find(const char *name)
{
    for (size_t i = 0; eg_commands[i]; i++)
        if (strcmp(eg_commands[i]->name, name) == 0)
            return eg_commands[i];
    return NULL;
}

int eg_command_option_error(const struct eg_command *command)
{
    (void)fprintf(stderr, "Try 'eventgate %s --help'.\n", command->name);
    return EG_EXIT_USAGE;
}

int eg_command_usage_error(const struct eg_command *command, const char *format, ...)
{
    (void)fprintf(stderr, "eventgate %s: ", command->name);
    va_list args;
    va_start(args, format);
    (void)vfprintf(stderr, format, args);
    va_end(args);
    (void)fputc('\n', stderr);
    return eg_command_option_error(command);
}
