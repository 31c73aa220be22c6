/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of the one binary: each has a file of its own in this room and a line in
 * commands.def. A command reads its arguments with getopt_long, prints its answer to stdout and its
 * complaints to stderr. argv[0] is what getopt's own complaints begin with. Main thread.
 */
#ifndef EG_COMMAND_COMMAND_H
#define EG_COMMAND_COMMAND_H

enum eg_exit {
    EG_EXIT_YES = 0,     /* done; valid; found */
    EG_EXIT_NO = 1,      /* the answer is no: invalid, refused, nothing found */
    EG_EXIT_USAGE = 2,   /* the command line is wrong */
    EG_EXIT_TROUBLE = 3, /* a file, a server or the system failed */
};

struct eg_command {
    const char *name;
    const char *summary; /* one line for `eventgate help` */
    const char *usage;   /* the whole --help text: usage, options, exit codes, an example */
    const char *options; /* the long options, space-separated, for shell completion */
    int (*run)(int argc, char **argv); /* returns an eg_exit */
};

#define EG_COMMAND(name) extern const struct eg_command eg_command_##name;
#include "command/commands.def"
#undef EG_COMMAND

/* NULL-terminated, in the order of commands.def. */
extern const struct eg_command *const eg_commands[];

/* The command of that name, or NULL. */
const struct eg_command *eg_command_find(const char *name);

/* After getopt has said which option it stumbled over: where to find help; EG_EXIT_USAGE. */
int eg_command_option_error(const struct eg_command *command);

/* Prints "eventgate NAME: <message>" and where to find help to stderr; returns EG_EXIT_USAGE. */
int eg_command_usage_error(const struct eg_command *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
