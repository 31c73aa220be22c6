/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate check`: reads everything that `serve` would read, and says all that is wrong. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/settings.h"
#include "app/trial.h"
#include "base/memory.h"
#include "command/command.h"
#include "config/source.h"

struct options {
    const char *config;
    bool dump;
    bool docs;
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"dump", no_argument, NULL, 'd'},
    {"docs", no_argument, NULL, 'D'},
    {NULL, 0, NULL, 0},
};

/* False: getopt has said what is wrong. */
static bool read_options(int argc, char **argv, struct options *options)
{
    optind = 1;
    for (int c = getopt_long(argc, argv, "c:", long_options, NULL); c != -1;
         c = getopt_long(argc, argv, "c:", long_options, NULL)) {
        if (c == 'c')
            options->config = optarg;
        else if (c == 'd')
            options->dump = true;
        else if (c == 'D')
            options->docs = true;
        else
            return false;
    }
    return true;
}

static int print_docs(void)
{
    struct eg_sink_registry *registry = eg_sink_registry_new();
    EG_AUTOBUFFER struct eg_buffer page = EG_BUFFER_INIT;
    eg_app_settings_document(registry, &page);
    eg_sink_registry_destroy(registry);
    (void)fputs(page.data, stdout);
    return EG_EXIT_YES;
}

static void print_notices(const struct eg_config_notices *notices)
{
    for (size_t i = 0; i < notices->count; i++)
        (void)fprintf(stderr, "%s: %s\n", eg_config_notice_kind_name(notices->items[i].kind),
                      notices->items[i].text);
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

static void print_answer(const struct eg_app_settings *settings, size_t topics)
{
    (void)printf("configuration ok: %zu topic%s, %zu sink%s (", topics, plural(topics),
                 settings->sinks.count, plural(settings->sinks.count));
    for (size_t i = 0; i < settings->sinks.count; i++)
        (void)printf("%s%s: %s", i > 0 ? ", " : "", settings->sinks.items[i].name,
                     settings->sinks.items[i].variant->name);
    (void)printf(")\n");
}

static void print_dump(const struct eg_app_settings *settings)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    eg_app_settings_dump(settings, &text);
    (void)fputs(text.data, stdout);
}

static int check(struct eg_app_settings *settings, const struct options *options,
                 struct eg_sink_registry *registry, struct eg_config_problems *problems)
{
    EG_AUTOFREE char *path = eg_app_settings_path(options->config);
    if (!eg_config_path_exists(path)) {
        (void)fprintf(stderr, "%s: there is no such file or folder\n", path);
        return EG_EXIT_TROUBLE;
    }
    EG_AUTOELSEWHERE struct eg_app_elsewhere *elsewhere = eg_app_elsewhere_new();
    struct eg_app_settings_source source = {.path = path, .elsewhere = elsewhere};
    struct eg_topics_catalogue *catalogue = NULL;
    struct eg_rules_book *book = NULL;
    size_t topics = 0;
    (void)!eg_app_settings_load(settings, &source, registry, problems);
    if (settings->file && eg_app_settings_catalogue(settings, &catalogue, problems) == 0)
        topics = eg_topics_catalogue_count(catalogue);
    if (settings->file)
        (void)!eg_app_settings_book(settings, &book, problems);
    if (problems->count == 0)
        eg_app_trial(settings, problems);
    eg_topics_catalogue_unref(catalogue);
    eg_rules_book_unref(book);
    print_notices(&settings->notices);
    eg_config_problems_print(problems, stderr);
    if (problems->count > 0)
        return EG_EXIT_NO;
    if (options->dump)
        print_dump(settings);
    else
        print_answer(settings, topics);
    return EG_EXIT_YES;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    if (!read_options(argc, argv, &options))
        return eg_command_option_error(&eg_command_check);
    if (optind < argc)
        return eg_command_usage_error(&eg_command_check, "unexpected argument '%s'", argv[optind]);
    if (options.docs)
        return print_docs();
    struct eg_app_settings settings = {0};
    struct eg_config_problems problems = {0};
    struct eg_sink_registry *registry = eg_sink_registry_new();
    int ret = check(&settings, &options, registry, &problems);
    eg_app_settings_fini(&settings);
    eg_sink_registry_destroy(registry);
    eg_config_problems_fini(&problems);
    return ret;
}

const struct eg_command eg_command_check = {
    .name = "check",
    .summary = "read the configuration and say all that is wrong with it",
    .usage =
        "usage: eventgate check [-c FILE|DIR] [--dump | --docs]\n"
        "\n"
        "Reads the configuration with its schemas, access map, topic keys, mappings and queries\n"
        "as 'serve' does, without opening a port or asking a server, and prints every mistake as\n"
        "FILE:LINE:COLUMN: SETTING: what is wrong.\n"
        "\n"
        "  -c, --config FILE|DIR  a YAML file, a folder with eventgate.yaml, or the conf/ folder\n"
        "                         of the Python EventGate; without it CONF_DIR, else\n"
        "                         ./etc/eventgate.yaml, ./conf, /etc/eventgate/eventgate.yaml\n"
        "      --dump             print what is in force as YAML, defaults included\n"
        "      --docs             print the page about all settings (docs/configuration.md)\n"
        "\n"
        "exit codes: 0 it can be served, 1 it can't, 2 usage, 3 trouble\n"
        "\n"
        "example: eventgate check -c conf/\n",
    .options = "--config --dump --docs --help",
    .run = run,
};
