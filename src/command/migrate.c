/* SPDX-License-Identifier: Apache-2.0 */
/* `eventgate migrate`: the tables, roles and indexes that the postgres sink and stats need. */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "app/settings.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "base/span.h"
#include "command/command.h"
#include "config/substitute.h"
#include "postgres/migrate.h"

struct options {
    const char *config;
    const char *dsn;
    const char *folder;
};

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'},
    {"dsn", required_argument, NULL, 'D'},
    {"dir", required_argument, NULL, 'd'},
    {NULL, 0, NULL, 0},
};

static bool read_options(int argc, char **argv, struct options *options)
{
    optind = 1;
    for (int c = getopt_long(argc, argv, "c:", long_options, NULL); c != -1;
         c = getopt_long(argc, argv, "c:", long_options, NULL)) {
        if (c == 'c')
            options->config = optarg;
        else if (c == 'D')
            options->dsn = optarg;
        else if (c == 'd')
            options->folder = optarg;
        else
            return false;
    }
    return true;
}

static void said(void *context, const char *name, bool now)
{
    size_t *applied = context;
    *applied += now ? 1u : 0u;
    (void)printf("%s  %s\n", now ? "applied" : "was there", name);
}

static int migrate(const struct eg_postgres_config *connection, const struct options *options)
{
    struct eg_error err;
    size_t applied = 0;
    EG_AUTOFREE char *folder = eg_postgres_folder(options->folder, "migrations");
    struct eg_postgres_migrate_options migration = {
        .provider = eg_postgres_config_provider(connection),
        .folder = folder,
        .said = said,
        .context = &applied,
    };
    if (eg_postgres_migrate(&migration, &err) != 0) {
        (void)fflush(stdout);
        (void)fprintf(stderr, "eventgate migrate: %s\n", err.message);
        return err.code == EG_ERR_CONFIG ? EG_EXIT_NO : EG_EXIT_TROUBLE;
    }
    (void)printf("%zu applied; the database is up to date\n", applied);
    return EG_EXIT_YES;
}

static int migrate_configured(struct eg_app_settings *settings, const struct options *options,
                              struct eg_sink_registry *registry,
                              struct eg_config_problems *problems)
{
    EG_AUTOFREE char *path = eg_app_settings_path(options->config);
    EG_AUTOELSEWHERE struct eg_app_elsewhere *elsewhere = eg_app_elsewhere_new();
    struct eg_app_settings_source source = {.path = path, .elsewhere = elsewhere};
    if (eg_app_settings_load(settings, &source, registry, problems) != 0) {
        eg_config_problems_print(problems, stderr);
        return EG_EXIT_TROUBLE;
    }
    const struct eg_postgres_config *connection = eg_app_settings_postgres(settings);
    if (connection)
        return migrate(connection, options);
    (void)fprintf(stderr,
                  "eventgate migrate: %s has no sink of type postgres with a database; name one "
                  "with --dsn\n",
                  path);
    return EG_EXIT_TROUBLE;
}

static int migrate_by_config(const struct options *options)
{
    struct eg_app_settings settings = {0};
    struct eg_config_problems problems = {0};
    struct eg_sink_registry *registry = eg_sink_registry_new();
    int ret = migrate_configured(&settings, options, registry, &problems);
    eg_app_settings_fini(&settings);
    eg_sink_registry_destroy(registry);
    eg_config_problems_fini(&problems);
    return ret;
}

static int run(int argc, char **argv)
{
    struct options options = {0};
    if (!read_options(argc, argv, &options))
        return eg_command_option_error(&eg_command_migrate);
    if (optind < argc)
        return eg_command_usage_error(&eg_command_migrate, "unexpected argument '%s'",
                                      argv[optind]);
    if (!options.dsn)
        return migrate_by_config(&options);
    EG_AUTOBUFFER struct eg_buffer dsn = EG_BUFFER_INIT;
    eg_config_late_keep(eg_span_text(options.dsn), &dsn);
    struct eg_postgres_config connection = {.dsn = dsn.data, .connect_timeout_ms = 5000};
    return migrate(&connection, &options);
}

const struct eg_command eg_command_migrate = {
    .name = "migrate",
    .summary = "bring a PostgreSQL database to the state that events and stats need",
    .usage =
        "usage: eventgate migrate [-c FILE|DIR] [--dsn DSN] [--dir DIR]\n"
        "\n"
        "Applies the .sql files of a folder in the order of their names, each once and in a\n"
        "transaction of its own; eventgate_migrations in the database keeps which and their\n"
        "checksums. Again: does nothing. A file that changed after it was applied is refused.\n"
        "\n"
        "      --dsn DSN          libpq connection string or URI; \"\" for PGHOST, PGUSER, ...\n"
        "  -c, --config FILE|DIR  without --dsn: the first sink of type postgres in there\n"
        "      --dir DIR          the folder; without it etc/postgres/migrations here, in\n"
        "                         /etc/eventgate/postgres, or where the program was installed\n"
        "\n"
        "It creates the roles eventgate_owner, eventgate_writer and eventgate_reader, so log in\n"
        "as one who may. Their passwords: EVENTGATE_OWNER_PASSWORD, EVENTGATE_WRITER_PASSWORD,\n"
        "EVENTGATE_READER_PASSWORD.\n"
        "\n"
        "exit codes: 0 up to date, 1 refused, 2 usage, 3 trouble\n"
        "\n"
        "example: eventgate migrate --dsn postgresql://postgres@db.example.org/events\n",
    .options = "--config --dsn --dir --help",
    .run = run,
};
