/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate rules`: reads a folder of rules, lists them, and runs the cases beside them. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "command/rules_case.h"
#include "config/fields.h"
#include "rules/rule_file.h"

/* So that what cases say of hashes is the same everywhere. */
#define TEST_KEY "eventgate-rules-test"

static const char usage[] =
    "usage: eventgate rules check [OPTION...] DIR\n"
    "       eventgate rules test [OPTION...] DIR\n"
    "\n"
    "check reads the rules of a folder and lists them: name, enabled or disabled, the topics, the\n"
    "sinks. test also runs the cases that stand beside them (DIR/*.test.yaml, DIR/tests/*.yaml):\n"
    "an event in, the expected targets and payloads out. Nothing is sent anywhere.\n"
    "\n"
    "  --arn ARN=SINK  which sink stands for a target's ARN in AWS's JSON; repeatable. Without it\n"
    "                  the sink named as the last segment of the ARN\n"
    "\n"
    "Values that a rule hashes without a key of its own are hashed under the key\n"
    "'" TEST_KEY "'.\n"
    "\n"
    "exit codes: 0 all is well, 1 a case failed or there is none, 2 the rules or the cases are "
    "not\n"
    "understood (or the usage is wrong)\n"
    "\n"
    "example: eventgate rules test etc/rules\n";

static int take_arn(struct eg_rules_config *config, const char *text)
{
    const char *equals = strrchr(text, '=');
    struct eg_string_map *arns = &config->arns;
    if (!equals || equals == text || !equals[1])
        return eg_command_usage_error(&eg_command_rules, "'%s' is not ARN=SINK", text);
    arns->entries = eg_realloc_array(arns->entries, arns->count + 1, sizeof(*arns->entries));
    arns->entries[arns->count++] = (struct eg_string_map_entry){
        .name = eg_span_dup(eg_span_of(text, (size_t)(equals - text))),
        .value = eg_strdup(equals + 1),
    };
    return EG_EXIT_YES;
}

static int read_options(struct eg_rules_config *config, int argc, char **argv)
{
    static const struct option options[] = {
        {"arn", required_argument, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        int rc = option == 'a' ? take_arn(config, optarg)
                               : eg_command_usage_error(&eg_command_rules, "unknown option");
        if (rc != EG_EXIT_YES)
            return rc;
    }
    if (optind + 2 != argc)
        return eg_command_usage_error(&eg_command_rules, "give check or test, and a folder");
    config->folder = eg_strdup(argv[optind + 1]);
    config->protect_key = eg_strdup(TEST_KEY);
    return EG_EXIT_YES;
}

static void print_rule(const struct eg_rules_rule *rule)
{
    (void)printf("%s %s", rule->enabled ? "enabled " : "disabled", rule->name.ptr);
    for (size_t i = 0; i < rule->topics.count; i++)
        (void)printf("%s%s", i ? ", " : " of ", rule->topics.items[i]);
    for (size_t i = 0; i < rule->target_count; i++)
        (void)printf("%s%s", i ? ", " : " > ", rule->targets[i].sink.ptr);
    (void)printf("\n");
}

static int check(const struct eg_rules_book *book)
{
    for (size_t i = 0; i < eg_rules_book_count(book); i++)
        print_rule(eg_rules_book_at(book, i));
    return EG_EXIT_YES;
}

static int test(const struct eg_rules_config *config, const struct eg_rules_book *book)
{
    struct eg_config_problems problems = {0};
    struct eg_command_case_count count;
    int rc = eg_command_cases_run(config->folder, book, &count, &problems);
    (void)fflush(stdout);
    eg_config_problems_print(&problems, stderr);
    eg_config_problems_fini(&problems);
    if (rc != 0)
        return EG_EXIT_USAGE;
    if (count.passed + count.failed == 0)
        (void)fprintf(stderr, "eventgate rules: there are no cases in %s\n", config->folder);
    else
        (void)printf("%zu passed, %zu failed\n", count.passed, count.failed);
    return count.passed == 0 || count.failed ? EG_EXIT_NO : EG_EXIT_YES;
}

static int run_verb(const struct eg_rules_config *config, const char *verb)
{
    struct eg_config_problems problems = {0};
    struct eg_config_notices notices = {0};
    struct eg_rules_book *book = NULL;
    int rc = EG_EXIT_USAGE;
    if (eg_rules_book_load(config, NULL, &book, &problems, &notices) == 0)
        rc = strcmp(verb, "check") == 0 ? check(book) : test(config, book);
    eg_config_problems_print(&problems, stderr);
    for (size_t i = 0; i < notices.count; i++)
        (void)fprintf(stderr, "%s: %s\n", eg_config_notice_kind_name(notices.items[i].kind),
                      notices.items[i].text);
    eg_rules_book_unref(book);
    eg_config_notices_fini(&notices);
    eg_config_problems_fini(&problems);
    return rc;
}

static int run(int argc, char **argv)
{
    struct eg_rules_config config = {.folder = NULL};
    int rc = read_options(&config, argc, argv);
    const char *verb = rc == EG_EXIT_YES ? argv[optind] : "";
    if (rc == EG_EXIT_YES && strcmp(verb, "check") != 0 && strcmp(verb, "test") != 0)
        rc = eg_command_usage_error(&eg_command_rules, "'%s' is neither check nor test", verb);
    if (rc == EG_EXIT_YES)
        rc = run_verb(&config, verb);
    eg_config_fields_fini(&eg_rules_config_table, &config);
    return rc;
}

const struct eg_command eg_command_rules = {
    .name = "rules",
    .summary = "list the rules of a folder, or test them",
    .usage = usage,
    .options = "--arn",
    .run = run,
};
