/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate version`: the program's version, for people and for scripts. */
#include <stdio.h>

#include "command/command.h"
#include "eventgate/version.h"

static int run(int argc, char **argv)
{
    if (argc > 1)
        return eg_command_usage_error(&eg_command_version, "unexpected argument '%s'", argv[1]);
    (void)printf("eventgate %s\n", EVENTGATE_VERSION);
    return EG_EXIT_YES;
}

const struct eg_command eg_command_version = {
    .name = "version",
    .summary = "print the version",
    .usage = "usage: eventgate version\n"
             "\n"
             "exit codes: 0 printed, 2 usage\n",
    .options = "",
    .run = run,
};
