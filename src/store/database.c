/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQLite connections without SQLite's own mutexes: a connection has one thread at a time.
 *
 * Page size 8 KiB: with events of 1 KB a group of 64 writes a third fewer pages than with 4 KiB,
 * and a single event does not write much more.
 */
#include "store/database.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/memory.h"
#include "store/log_file.h"

#define PAGE_BYTES 8192

int(eg_database_error)(struct eg_database *database, const char *doing, struct eg_error *err)
{
    int code = sqlite3_extended_errcode(database->handle);
    const char *reason = sqlite3_errmsg(database->handle);
    switch (code & 0xFF) {
    case SQLITE_FULL:
        return eg_error_set_retriable(err, EG_ERR_IO, "%s: the disk is full", doing);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return eg_error_set(err, EG_ERR_IO, "%s: the database is damaged (%s)", doing, reason);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_CANTOPEN:
        return eg_error_set_retriable(err, EG_ERR_IO, "%s: %s", doing, reason);
    default:
        return eg_error_set(err, EG_ERR_IO, "%s: %s", doing, reason);
    }
}

/* Makes the folder that will hold the file, when only that last step is missing. */
static int make_parent(const char *path, struct eg_error *err)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return 0;
    char *folder EG_AUTOFREE = eg_span_dup((struct eg_span){path, (size_t)(slash - path)});
    if (mkdir(folder, 0750) == 0 || errno == EEXIST)
        return 0;
    char text[128];
    return eg_error_set(err, EG_ERR_IO, "cannot create folder '%s': %s", folder,
                        eg_error_errno_text(errno, text, sizeof(text)));
}

static int open_handle(struct eg_database *database, const struct eg_database_options *options,
                       struct eg_error *err)
{
    int flags =
        options->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    bool syncs = !options->read_only && options->synchronous == EG_SYNCHRONOUS_FULL;
    const char *vfs = syncs ? eg_log_file_vfs() : NULL;
    if (sqlite3_open_v2(options->path, &database->handle, flags | SQLITE_OPEN_NOMUTEX, vfs) ==
        SQLITE_OK)
        return 0;
    return eg_error_set(err, EG_ERR_IO, "cannot open database '%s': %s", options->path,
                        database->handle ? sqlite3_errmsg(database->handle) : "out of memory");
}

static int set_up(struct eg_database *database, const struct eg_database_options *options,
                  struct eg_error *err)
{
    (void)sqlite3_extended_result_codes(database->handle, 1);
    (void)sqlite3_busy_timeout(database->handle, (int)options->busy_timeout_ms);
    char sql[512];
    (void)sqlite3_snprintf(sizeof(sql), sql, "PRAGMA cache_size=-%lld; PRAGMA temp_store=memory;",
                           (long long)(options->cache_bytes / 1024));
    if (options->cache_bytes > 0 && eg_database_exec(database, sql, err) != 0)
        return -1;
    if (options->read_only)
        return eg_database_exec(database, "PRAGMA query_only=1", err);
    /* The page size holds for a new file only, and before WAL; log_file.h needs `synchronous`
     * before the first write to the log. */
    (void)sqlite3_snprintf(sizeof(sql), sql,
                           "PRAGMA synchronous=%s; PRAGMA page_size=%d; PRAGMA journal_mode=WAL;"
                           "PRAGMA wal_autocheckpoint=%lld; PRAGMA journal_size_limit=%lld;",
                           options->synchronous == EG_SYNCHRONOUS_FULL ? "FULL" : "NORMAL",
                           PAGE_BYTES, (long long)(options->checkpoint_bytes / PAGE_BYTES) + 1,
                           (long long)options->checkpoint_bytes * 4);
    return eg_database_exec(database, sql, err);
}

int eg_database_open(struct eg_database *database, const struct eg_database_options *options,
                     struct eg_error *err)
{
    *database = (struct eg_database){.path = eg_strdup(options->path)};
    if ((options->read_only || make_parent(options->path, err) == 0) &&
        open_handle(database, options, err) == 0) {
        if (set_up(database, options, err) == 0)
            return 0;
        (void)eg_error_prefix(err, "database '%s'", options->path);
    }
    eg_database_close(database);
    return -1;
}

void eg_database_close(struct eg_database *database)
{
    /* v2 waits for statements that are not finalized yet, and takes NULL. */
    (void)sqlite3_close_v2(database->handle);
    free(database->path);
    *database = (struct eg_database){.handle = NULL};
}

int eg_database_exec(struct eg_database *database, const char *sql, struct eg_error *err)
{
    if (sqlite3_exec(database->handle, sql, NULL, NULL, NULL) == SQLITE_OK)
        return 0;
    return eg_database_error(database, "cannot run a statement", err);
}

int eg_database_prepare(struct eg_database *database, const char *sql,
                        struct sqlite3_stmt **ret_statement, struct eg_error *err)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v3(database->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement,
                           NULL) != SQLITE_OK)
        return eg_database_error(database, "cannot prepare a statement", err);
    *ret_statement = statement;
    return 0;
}

int eg_database_query_int64(struct eg_database *database, const char *sql, int64_t *ret_value,
                            struct eg_error *err)
{
    sqlite3_stmt *statement;
    if (eg_database_prepare(database, sql, &statement, err) != 0)
        return -1;
    int ret = 0;
    int step = sqlite3_step(statement);
    if (step == SQLITE_ROW)
        *ret_value = sqlite3_column_int64(statement, 0);
    else if (step == SQLITE_DONE)
        ret = eg_error_set(err, EG_ERR_NOT_FOUND, "no row");
    else
        ret = eg_database_error(database, "cannot read", err);
    (void)sqlite3_finalize(statement);
    return ret;
}

static int migrate_one(struct eg_database *database, const char *sql, size_t version,
                       struct eg_error *err)
{
    char *whole =
        sqlite3_mprintf("BEGIN IMMEDIATE; %s; PRAGMA user_version=%d; COMMIT;", sql, (int)version);
    if (!whole)
        return eg_error_set(err, EG_ERR_INTERNAL, "out of memory");
    int ret = eg_database_exec(database, whole, err);
    sqlite3_free(whole);
    if (ret == 0)
        return 0;
    (void)sqlite3_exec(database->handle, "ROLLBACK", NULL, NULL, NULL); /* if it got that far */
    return eg_error_prefix(err, "database '%s': migration to version %zu", database->path, version);
}

int eg_database_migrate(struct eg_database *database, const char *const *migrations, size_t count,
                        struct eg_error *err)
{
    int64_t version;
    if (eg_database_query_int64(database, "PRAGMA user_version", &version, err) != 0)
        return eg_error_prefix(err, "database '%s'", database->path);
    if (version < 0 || (uint64_t)version > count)
        return eg_error_set(err, EG_ERR_IO,
                            "database '%s' has version %lld, this program knows %zu: use a newer "
                            "program, or another path",
                            database->path, (long long)version, count);
    for (size_t i = (size_t)version; i < count; i++)
        if (migrate_one(database, migrations[i], i + 1, err) != 0)
            return -1;
    return 0;
}
