/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection to one SQLite file and what every user of it needs: opening with the right pragmas,
 * errors that say which file and whether trying again helps, prepared statements, migrations.
 *
 * One thread at a time per connection; open one more for another thread. WAL: readers and the one
 * writer do not hinder each other.
 */
#ifndef EG_STORE_DATABASE_H
#define EG_STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

enum eg_synchronous {
    EG_SYNCHRONOUS_NORMAL, /* a power cut may lose the last commits, never the database */
    EG_SYNCHRONOUS_FULL,   /* a commit that returned survives a power cut */
};

struct eg_database_options {
    const char *path;
    bool read_only; /* the file must exist */
    enum eg_synchronous synchronous;
    int64_t busy_timeout_ms;  /* wait for another process's lock */
    int64_t checkpoint_bytes; /* WAL size at which a commit copies it into the database, unless
                                 somebody else does (checkpointer.h) */
    int64_t cache_bytes;
};

struct sqlite3;
struct sqlite3_stmt;

struct eg_database {
    struct sqlite3 *handle;
    char *path;
};

/*
 * Opens, and makes file and parent folder (0750, one level) when they are missing and the
 * connection writes. Fails with EG_ERR_IO; the database is untouched or closed then.
 */
int eg_database_open(struct eg_database *database, const struct eg_database_options *options,
                     struct eg_error *err) EG_MUST_CHECK;
void eg_database_close(struct eg_database *database); /* a zeroed one is fine */

/* Runs statements without results. */
int eg_database_exec(struct eg_database *database, const char *sql, struct eg_error *err);

int eg_database_prepare(struct eg_database *database, const char *sql,
                        struct sqlite3_stmt **ret_statement, struct eg_error *err) EG_MUST_CHECK;

/* The first column of the first row. EG_ERR_NOT_FOUND without a row. */
int eg_database_query_int64(struct eg_database *database, const char *sql, int64_t *ret_value,
                            struct eg_error *err) EG_MUST_CHECK;

/*
 * Brings the schema to version `count`: runs migrations[user_version] and those after it, each in a
 * transaction. A database from a newer program is refused.
 */
int eg_database_migrate(struct eg_database *database, const char *const *migrations, size_t count,
                        struct eg_error *err) EG_MUST_CHECK;

/*
 * Writes what SQLite said last into `err`: "<doing>: <reason>", without the path (clients see it).
 * Retriable: busy, full, I/O and memory trouble. Returns -1.
 */
int eg_database_error(struct eg_database *database, const char *doing, struct eg_error *err);

#ifdef __clang_analyzer__ /* base/error.h says why */
#define eg_database_error(...) (eg_database_error(__VA_ARGS__), -1)
#endif

#endif
