/* SPDX-License-Identifier: Apache-2.0 */
/* argv -> command. `--help` and `-h` work before every command's own options are read. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command/command.h"

static const char *resolve_name(const char *word)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return "help";
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0)
        return "version";
    return word;
}

static int asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0)
            return 0;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    }
    return 0;
}

/* What was printed into a closed pipe or on a full disk is not an answer. */
static int flushed(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("eventgate: writing to standard output");
    return EG_EXIT_TROUBLE;
}

int main(int argc, char **argv)
{
    /* A reader that went away is an error of that write, not a reason to die. */
    (void)signal(SIGPIPE, SIG_IGN);
    const struct eg_command *command = eg_command_find(argc > 1 ? resolve_name(argv[1]) : "help");
    if (!command) {
        (void)fprintf(stderr, "eventgate: no command '%s'\nTry 'eventgate help'.\n", argv[1]);
        return EG_EXIT_USAGE;
    }
    if (argc > 1 && asks_for_help(argc - 1, argv + 1)) {
        (void)printf("%s", command->usage);
        return flushed(EG_EXIT_YES);
    }
    char name[64]; /* getopt's complaints begin with argv[0], as all others do */
    (void)snprintf(name, sizeof(name), "eventgate %s", command->name);
    argv += argc > 1;
    argv[0] = name;
    return flushed(command->run(argc > 1 ? argc - 1 : 1, argv));
}
