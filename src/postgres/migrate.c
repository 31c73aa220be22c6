/* SPDX-License-Identifier: Apache-2.0 */
/* All files are read and compared before the first is applied: a refusal leaves nothing half done.
 */
#include "postgres/migrate.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "crypto/digest.h"
#include "postgres/connection.h"

#define MAX_FILES       10000u
#define MAX_FILE_BYTES  (16u << 20)
#define STEP_TIMEOUT_MS INT64_C(86400000) /* an index on a large table takes its time */

struct file {
    char *name; /* without .sql */
    struct eg_buffer sql;
    char checksum[EG_CRYPTO_SHA256_HEX_BYTES];
    bool applied;
};

struct migration {
    const struct eg_postgres_migrate_options *options;
    struct eg_postgres_connection *connection;
    struct file *files;
    size_t count;
};

static const char create_table[] = "CREATE TABLE IF NOT EXISTS public.eventgate_migrations ("
                                   " name text PRIMARY KEY,"
                                   " checksum text NOT NULL,"
                                   " applied_at timestamptz NOT NULL DEFAULT now(),"
                                   " applied_by text NOT NULL DEFAULT current_user)";

/* --- files */

static int read_files(struct migration *migration, struct eg_error *err)
{
    struct eg_string_list names = {0};
    const char *folder = migration->options->folder;
    if (eg_config_folder_list(folder, ".sql", MAX_FILES, &names, err) != 0)
        return -1;
    int ret = names.count ? 0 : eg_error_set(err, EG_ERR_CONFIG, "%s holds no .sql file", folder);
    migration->files = eg_calloc(names.count + 1, sizeof(*migration->files));
    for (size_t i = 0; i < names.count && ret == 0; i++) {
        struct file *file = &migration->files[migration->count++];
        EG_AUTOFREE char *path = eg_asprintf("%s/%s.sql", folder, names.items[i]);
        file->name = eg_strdup(names.items[i]);
        ret = eg_config_source_read(path, MAX_FILE_BYTES, &file->sql, err);
        if (ret == 0)
            eg_crypto_sha256_hex(eg_buffer_span(&file->sql), file->checksum);
    }
    eg_config_string_list_fini(&names);
    return ret;
}

static void free_files(struct migration *migration)
{
    for (size_t i = 0; i < migration->count; i++) {
        free(migration->files[i].name);
        eg_buffer_fini(&migration->files[i].sql);
    }
    free(migration->files);
}

/* --- the database */

static int run(struct migration *migration, const char *sql, const char *first, const char *second,
               struct eg_postgres_rows *ret_rows, struct eg_error *err)
{
    const char *texts[] = {first, second};
    struct eg_postgres_values values = {texts, NULL, (first ? 1u : 0u) + (second ? 1u : 0u)};
    return eg_postgres_query(migration->connection, sql, values.count ? &values : NULL,
                             STEP_TIMEOUT_MS, ret_rows, err);
}

static int set_passwords(struct migration *migration, struct eg_error *err)
{
    static const struct {
        const char *variable;
        const char *setting;
    } passwords[] = {
        {"EVENTGATE_OWNER_PASSWORD", "eventgate.owner_password"},
        {"EVENTGATE_WRITER_PASSWORD", "eventgate.writer_password"},
        {"EVENTGATE_READER_PASSWORD", "eventgate.reader_password"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(passwords); i++) {
        const char *text = getenv(passwords[i].variable);
        if (text && run(migration, "SELECT set_config($1, $2, false)", passwords[i].setting, text,
                        NULL, err) != 0)
            return -1;
    }
    return 0;
}

/* A lock of the session: it goes with the connection. */
static int open_session(struct migration *migration, struct eg_error *err)
{
    struct eg_postgres_session session = {.application_name = "eventgate migrate"};
    if (eg_postgres_connection_open(&migration->options->provider, &session, &migration->connection,
                                    err) != 0)
        return -1;
    if (run(migration, "SELECT pg_advisory_lock(hashtext('eventgate_migrations'))", NULL, NULL,
            NULL, err) != 0 ||
        run(migration, create_table, NULL, NULL, NULL, err) != 0)
        return -1;
    return set_passwords(migration, err);
}

static struct file *find_file(struct migration *migration, struct eg_span name)
{
    for (size_t i = 0; i < migration->count; i++)
        if (eg_span_is(name, migration->files[i].name))
            return &migration->files[i];
    return NULL;
}

/* A file that is gone is nobody's fault: an older program meets a newer database. */
static int compare(struct migration *migration, const struct eg_postgres_rows *rows,
                   struct eg_error *err)
{
    for (size_t row = 0; row < rows->row_count; row++) {
        struct file *file = find_file(migration, eg_postgres_rows_value(rows, row, 0));
        if (!file)
            continue;
        file->applied = true;
        if (!eg_span_is(eg_postgres_rows_value(rows, row, 1), file->checksum))
            return eg_error_set(err, EG_ERR_CONFIG,
                                "%s.sql is not what was applied to this database: put the old file "
                                "back, and what is new into a new file",
                                file->name);
    }
    return 0;
}

static int find_applied(struct migration *migration, struct eg_error *err)
{
    struct eg_postgres_rows rows;
    if (run(migration, "SELECT name, checksum FROM public.eventgate_migrations", NULL, NULL, &rows,
            err) != 0)
        return -1;
    int ret = compare(migration, &rows, err);
    eg_postgres_rows_fini(&rows);
    return ret;
}

/* An error leaves the transaction open; it ends with the connection. */
static int apply(struct migration *migration, const struct file *file, struct eg_error *err)
{
    if (run(migration, "BEGIN", NULL, NULL, NULL, err) != 0 ||
        run(migration, file->sql.data, NULL, NULL, NULL, err) != 0 ||
        run(migration, "INSERT INTO public.eventgate_migrations (name, checksum) VALUES ($1, $2)",
            file->name, file->checksum, NULL, err) != 0 ||
        run(migration, "COMMIT", NULL, NULL, NULL, err) != 0)
        return eg_error_prefix(err, "%s.sql", file->name);
    return 0;
}

static int apply_all(struct migration *migration, struct eg_error *err)
{
    const struct eg_postgres_migrate_options *options = migration->options;
    for (size_t i = 0; i < migration->count; i++) {
        const struct file *file = &migration->files[i];
        if (!file->applied && apply(migration, file, err) != 0)
            return -1;
        options->said(options->context, file->name, !file->applied);
    }
    return 0;
}

int eg_postgres_migrate(const struct eg_postgres_migrate_options *options, struct eg_error *err)
{
    struct migration migration = {.options = options};
    int ret = read_files(&migration, err);
    if (ret == 0)
        ret = open_session(&migration, err);
    if (ret == 0)
        ret = find_applied(&migration, err);
    if (ret == 0)
        ret = apply_all(&migration, err);
    eg_postgres_connection_close(migration.connection);
    free_files(&migration);
    return ret;
}
