/* SPDX-License-Identifier: Apache-2.0 */
/* Shell completion, asked of the shells themselves where they are installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "command/command.h"

static char script[] = "/tmp/eg_completion_XXXXXX";

/* Runs the command with its standard output in the script file. */
static int complete_into_file(const char *shell)
{
    char name[] = "completion";
    char argument[16];
    (void)snprintf(argument, sizeof(argument), "%s", shell);
    char *argv[] = {name, argument, NULL};
    (void)fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    FILE *file = freopen(script, "w", stdout);
    assert_non_null(file);
    int code = eg_command_completion.run(2, argv);
    (void)fflush(stdout);
    assert_int_equal(dup2(saved, STDOUT_FILENO), STDOUT_FILENO);
    (void)close(saved);
    return code;
}

static char *output_of(const char *command)
{
    static char text[65536];
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    size_t len = fread(text, 1, sizeof(text) - 1, pipe);
    text[len] = '\0';
    assert_int_equal(pclose(pipe), 0);
    return text;
}

static void skip_without(const char *shell)
{
    char command[64];
    (void)snprintf(command, sizeof(command), "command -v %s >/dev/null 2>&1", shell);
    if (system(command) == 0)
        return;
    print_message("%s is not installed\n", shell);
    skip();
}

/* What bash offers for the words, the last of which is being typed. */
static const char *bash_offers(const char *words, int index)
{
    char command[512];
    (void)snprintf(command, sizeof(command),
                   "bash -c '. %s; COMP_WORDS=(%s); COMP_CWORD=%d; _eventgate; "
                   "echo \" ${COMPREPLY[*]} \"'",
                   script, words, index);
    return output_of(command);
}

static void bash_completes_commands_and_options(void **state)
{
    (void)state;
    skip_without("bash");
    assert_int_equal(complete_into_file("bash"), EG_EXIT_YES);
    const char *all = bash_offers("eventgate \"\"", 1);
    for (size_t i = 0; eg_commands[i]; i++) {
        char name[64];
        (void)snprintf(name, sizeof(name), " %s ", eg_commands[i]->name);
        assert_non_null(strstr(all, name));
    }
    assert_string_equal(bash_offers("eventgate versi", 1), " version \n");
    assert_string_equal(bash_offers("eventgate completion z", 2), " zsh \n");
    assert_string_equal(bash_offers("eventgate help versi", 2), " version \n");
    assert_string_equal(bash_offers("eventgate version --h", 2), " --help \n");
    assert_string_equal(bash_offers("eventgate version /etc/hostn", 2), " /etc/hostname \n");
    for (size_t i = 0; eg_commands[i]; i++) {
        char words[128];
        (void)snprintf(words, sizeof(words), "eventgate %s --", eg_commands[i]->name);
        const char *offered = bash_offers(words, 2);
        if (strcmp(eg_commands[i]->name, "help") == 0 ||
            strcmp(eg_commands[i]->name, "completion") == 0)
            continue;
        for (const char *option = strstr(eg_commands[i]->options, "--"); option;
             option = strstr(option + 2, "--")) {
            char one[64];
            (void)snprintf(one, sizeof(one), "%.*s", (int)strcspn(option, " "), option);
            assert_non_null(strstr(offered, one));
        }
    }
}

static void zsh_can_read_it(void **state)
{
    (void)state;
    skip_without("zsh");
    assert_int_equal(complete_into_file("zsh"), EG_EXIT_YES);
    char command[64];
    (void)snprintf(command, sizeof(command), "zsh -n %s 2>&1", script);
    assert_string_equal(output_of(command), "");
}

static void fish_can_read_it(void **state)
{
    (void)state;
    skip_without("fish");
    assert_int_equal(complete_into_file("fish"), EG_EXIT_YES);
    char command[64];
    (void)snprintf(command, sizeof(command), "fish -n %s 2>&1", script);
    assert_string_equal(output_of(command), "");
}

static void every_shell_is_told_every_command(void **state)
{
    (void)state;
    static const char *const shells[] = {"bash", "zsh", "fish"};
    char command[64];
    (void)snprintf(command, sizeof(command), "cat %s", script);
    for (size_t s = 0; s < 3; s++) {
        assert_int_equal(complete_into_file(shells[s]), EG_EXIT_YES);
        const char *text = output_of(command);
        for (size_t i = 0; eg_commands[i]; i++)
            assert_non_null(strstr(text, eg_commands[i]->name));
    }
}

static void another_shell_is_a_usage_error(void **state)
{
    (void)state;
    assert_int_equal(complete_into_file("tcsh"), EG_EXIT_USAGE);
    char name[] = "completion";
    char *argv[] = {name, NULL};
    assert_int_equal(eg_command_completion.run(1, argv), EG_EXIT_USAGE);
}

int main(void)
{
    int fd = mkstemp(script);
    if (fd < 0)
        return 1;
    (void)close(fd);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bash_completes_commands_and_options),
        cmocka_unit_test(zsh_can_read_it),
        cmocka_unit_test(fish_can_read_it),
        cmocka_unit_test(every_shell_is_told_every_command),
        cmocka_unit_test(another_shell_is_a_usage_error),
    };
    int failed = cmocka_run_group_tests_name("command/completion", tests, NULL, NULL);
    (void)unlink(script);
    return failed;
}
