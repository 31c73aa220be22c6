/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `eventgate completion SHELL`: the shell code that completes commands and their options, made from
 * the table of commands. An option's argument, and a command's, completes to files.
 */
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"
#include "command/command.h"

#define SHELLS "bash zsh fish"

static void print_command_names(const char *separator)
{
    for (size_t i = 0; eg_commands[i]; i++)
        (void)printf("%s%s", i ? separator : "", eg_commands[i]->name);
}

/* Between apostrophes, with one inside written as '\''. */
static void print_quoted(const char *text)
{
    (void)putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            (void)printf("'\\''");
        else
            (void)putchar(*text);
    }
    (void)putchar('\'');
}

static void print_bash(void)
{
    (void)printf("# eval \"$(eventgate completion bash)\"\n"
                 "_eventgate() {\n"
                 "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
                 "    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
                 "        words='");
    print_command_names(" ");
    (void)printf("'\n"
                 "    else\n"
                 "        case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; eg_commands[i]; i++)
        (void)printf("        %s) words='%s' ;;\n", eg_commands[i]->name, eg_commands[i]->options);
    (void)printf("        esac\n"
                 "        case ${COMP_WORDS[1]}/$word in\n"
                 "        completion/*) words='" SHELLS "' ;;\n"
                 "        help/*) words='");
    print_command_names(" ");
    (void)printf("' ;;\n"
                 "        */-*) words=\"$words --help\" ;;\n"
                 "        *) COMPREPLY=($(compgen -f -- \"$word\")); return ;;\n"
                 "        esac\n"
                 "    fi\n"
                 "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
                 "}\n"
                 "complete -o filenames -F _eventgate eventgate\n");
}

static void print_zsh(void)
{
    (void)printf("#compdef eventgate\n"
                 "# eval \"$(eventgate completion zsh)\"\n"
                 "_eventgate() {\n"
                 "    local -a commands\n"
                 "    commands=(\n");
    for (size_t i = 0; eg_commands[i]; i++) {
        char entry[256];
        (void)snprintf(entry, sizeof(entry), "%s:%s", eg_commands[i]->name,
                       eg_commands[i]->summary);
        (void)printf("        ");
        print_quoted(entry);
        (void)printf("\n");
    }
    (void)printf("    )\n"
                 "    if (( CURRENT == 2 )); then\n"
                 "        _describe command commands\n"
                 "        return\n"
                 "    fi\n"
                 "    case $words[2]/$words[CURRENT] in\n"
                 "    completion/*) compadd " SHELLS " ;;\n"
                 "    help/*) _describe command commands ;;\n");
    for (size_t i = 0; eg_commands[i]; i++)
        (void)printf("    %s/-*) compadd -- %s --help ;;\n", eg_commands[i]->name,
                     eg_commands[i]->options);
    (void)printf("    *) _files ;;\n"
                 "    esac\n"
                 "}\n"
                 "if [ \"$funcstack[1]\" = _eventgate ]; then\n"
                 "    _eventgate \"$@\"\n"
                 "else\n"
                 "    compdef _eventgate eventgate\n"
                 "fi\n");
}

static void print_fish_options(const struct eg_command *command)
{
    for (const char *option = command->options; *option;) {
        size_t len = strcspn(option, " ");
        if (len > 2 && option[0] == '-' && option[1] == '-')
            (void)printf("complete -c eventgate -n '__fish_seen_subcommand_from %s' -l %.*s\n",
                         command->name, (int)len - 2, option + 2);
        option += len;
        option += strspn(option, " ");
    }
}

static void print_fish(void)
{
    (void)printf("# eventgate completion fish | source\n"
                 "complete -c eventgate -l help -d 'tell about the command'\n");
    for (size_t i = 0; eg_commands[i]; i++) {
        (void)printf("complete -c eventgate -n __fish_use_subcommand -f -a %s -d ",
                     eg_commands[i]->name);
        print_quoted(eg_commands[i]->summary);
        (void)printf("\n");
        print_fish_options(eg_commands[i]);
    }
    (void)printf("complete -c eventgate -n '__fish_seen_subcommand_from completion' -f -a "
                 "'" SHELLS "'\n");
    (void)printf("complete -c eventgate -n '__fish_seen_subcommand_from help' -f -a '");
    print_command_names(" ");
    (void)printf("'\n");
}

static int run(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    if (argc != 2)
        return eg_command_usage_error(&eg_command_completion, "name one shell: " SHELLS);
    for (size_t i = 0; i < EG_ARRAY_COUNT(shells); i++) {
        if (strcmp(argv[1], shells[i].name) == 0) {
            shells[i].print();
            return EG_EXIT_YES;
        }
    }
    return eg_command_usage_error(&eg_command_completion,
                                  "no completion for '%s', only for " SHELLS, argv[1]);
}

const struct eg_command eg_command_completion = {
    .name = "completion",
    .summary = "print shell code that completes commands and options",
    .usage = "usage: eventgate completion bash|zsh|fish\n"
             "\n"
             "Prints code for the shell to read:\n"
             "\n"
             "  bash  eval \"$(eventgate completion bash)\"     in ~/.bashrc\n"
             "  zsh   eval \"$(eventgate completion zsh)\"      in ~/.zshrc, after compinit\n"
             "  fish  eventgate completion fish | source      in ~/.config/fish/config.fish\n"
             "\n"
             "exit codes: 0 printed, 2 usage\n",
    .options = "",
    .run = run,
};
