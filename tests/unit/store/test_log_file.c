/* SPDX-License-Identifier: Apache-2.0 */
/* What goes to the write-ahead log goes there in a few large pieces, before the sync, or not at
 * all. SQLite's own calls of pwrite are watched, and made to fail. */
#include <errno.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "store/database.h"
#include "support/descriptor.h"
#include "support/scratch.h"

#define PAGE_BYTES  8192
#define PIECE_BYTES 65536
#define ROWS        100
#define ROW_BYTES   4000

static unsigned log_writes;
static int64_t log_bytes;
static int64_t log_room; /* so many more bytes fit on the "disk"; -1: all */
static bool log_was_full;
static int64_t log_bytes_at_sync;

static bool is_log(int fd)
{
    return descriptor_ends_with(fd, "-wal");
}

static ssize_t watched_pwrite(int fd, const void *data, size_t len, off_t at)
{
    if (is_log(fd)) {
        log_writes++;
        if (log_room >= 0 && (int64_t)len > log_room) {
            log_was_full = true;
            errno = ENOSPC;
            return -1;
        }
        if (log_room >= 0)
            log_room -= (int64_t)len;
        log_bytes += (int64_t)len;
    }
    return pwrite(fd, data, len, at);
}

int fdatasync(int fd)
{
    if (is_log(fd))
        log_bytes_at_sync = log_bytes;
    return (int)syscall(SYS_fdatasync, fd);
}

static int watch(void **state)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    (void)state;
    return vfs->xSetSystemCall(vfs, "pwrite", (sqlite3_syscall_ptr)watched_pwrite) == SQLITE_OK &&
                   vfs->xSetSystemCall(vfs, "pwrite64", (sqlite3_syscall_ptr)watched_pwrite) ==
                       SQLITE_OK
               ? 0
               : -1;
}

static int setup(void **state)
{
    log_room = -1;
    return scratch_setup(state);
}

static void run(struct eg_database *database, const char *sql)
{
    struct eg_error err = {.message = ""};
    if (eg_database_exec(database, sql, &err) != 0)
        fail_msg("%s", err.message);
}

static void open_database(struct eg_database *database, const char *path,
                          enum eg_synchronous synchronous, int64_t cache_bytes)
{
    struct eg_database_options options = {.path = path,
                                          .synchronous = synchronous,
                                          .busy_timeout_ms = 1000,
                                          .checkpoint_bytes = 16 << 20,
                                          .cache_bytes = cache_bytes};
    struct eg_error err = {.message = ""};
    if (eg_database_open(database, &options, &err) != 0)
        fail_msg("%s", err.message);
    run(database, "CREATE TABLE IF NOT EXISTS rows(number INTEGER PRIMARY KEY, data BLOB)");
    log_writes = 0;
    log_bytes = log_bytes_at_sync = 0;
}

static int try_to_add(struct eg_database *database, int first, struct eg_error *err)
{
    char sql[512];
    (void)snprintf(sql, sizeof(sql),
                   "WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n LIMIT %d) "
                   "INSERT INTO rows SELECT i, randomblob(%d) FROM n",
                   first, ROWS, ROW_BYTES);
    return eg_database_exec(database, sql, err);
}

static void add(struct eg_database *database, int first)
{
    struct eg_error err = {.message = ""};
    if (try_to_add(database, first, &err) != 0)
        fail_msg("%s", err.message);
}

static int64_t ask(struct eg_database *database, const char *sql)
{
    struct eg_error err = {.message = ""};
    int64_t value = -1;
    if (eg_database_query_int64(database, sql, &value, &err) != 0)
        fail_msg("%s", err.message);
    return value;
}

static void assert_sound(const char *path, int rows)
{
    struct eg_database database;
    open_database(&database, path, EG_SYNCHRONOUS_NORMAL, 1 << 20);
    assert_int_equal(ask(&database, "SELECT count(*) FROM rows"), rows);
    assert_int_equal(ask(&database, "SELECT count(*) FROM pragma_integrity_check"
                                    " WHERE integrity_check = 'ok'"),
                     1);
    eg_database_close(&database);
}

static void a_commit_is_written_in_pieces_of_64_kib(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    struct eg_database database;
    open_database(&database, path, EG_SYNCHRONOUS_FULL, 4 << 20);
    add(&database, 0);
    assert_true(log_bytes > (int64_t)ROWS * ROW_BYTES);
    assert_int_equal(log_bytes_at_sync, log_bytes);
    assert_true(log_writes <= log_bytes / (PIECE_BYTES - PAGE_BYTES) + 1);
    eg_database_close(&database);
    assert_sound(path, ROWS);
}

/* Nobody would write the pieces before other connections look for them. */
static void without_a_sync_nothing_is_gathered(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    struct eg_database database;
    open_database(&database, path, EG_SYNCHRONOUS_NORMAL, 4 << 20);
    add(&database, 0);
    assert_true(log_writes >= 2 * (log_bytes / (PAGE_BYTES + 24)));
    eg_database_close(&database);
    assert_sound(path, ROWS);
}

/* With a cache of a few pages a transaction writes before it commits, and reads that again. */
static void what_is_read_again_was_written(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    struct eg_database database;
    open_database(&database, path, EG_SYNCHRONOUS_FULL, 64 << 10);
    run(&database, "BEGIN");
    for (int round = 0; round < 5; round++)
        add(&database, round * ROWS);
    assert_true(log_bytes > 0 && log_bytes_at_sync < log_bytes);
    assert_int_equal(ask(&database, "SELECT sum(length(data)) FROM rows"), 5 * ROWS * ROW_BYTES);
    run(&database, "UPDATE rows SET data = randomblob(4000) WHERE number % 7 = 0");
    run(&database, "COMMIT");
    assert_int_equal(log_bytes_at_sync, log_bytes);
    run(&database, "BEGIN; DELETE FROM rows WHERE number >= 400");
    run(&database, "ROLLBACK");
    eg_database_close(&database);
    assert_sound(path, 5 * ROWS);
}

/* Wherever the disk is full, in the middle or at the sync. */
static void a_full_disk_fails_the_commit_and_nothing_else(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    int committed = 0;
    int failures = 0;
    for (int64_t room = 0; room <= 10 * PIECE_BYTES; room += PIECE_BYTES / 2 + 1000) {
        struct eg_database database;
        struct eg_error err = {.message = ""};
        open_database(&database, path, EG_SYNCHRONOUS_FULL, 1 << 20);
        add(&database, committed);
        committed += ROWS;
        log_room = room;
        log_was_full = false;
        bool failed = try_to_add(&database, committed, &err) != 0;
        assert_int_equal(failed, log_was_full);
        log_room = -1;
        if (failed) {
            assert_string_equal(err.message, "cannot run a statement: the disk is full");
            assert_true(err.retriable);
            assert_int_equal(ask(&database, "SELECT count(*) FROM rows"), committed);
            add(&database, committed);
            failures++;
        }
        committed += ROWS;
        eg_database_close(&database);
        assert_sound(path, committed);
    }
    assert_in_range(failures, 5, 15); /* of 20 */
}

/* Also when it is noticed by a statement that SQLite could undo by itself. */
static void a_transaction_that_lost_a_piece_is_rolled_back(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    int failures = 0;
    for (int64_t room = 0; room <= 64 * PIECE_BYTES; room += 3 * PIECE_BYTES / 2) {
        struct eg_database database;
        struct eg_error err = {.message = ""};
        open_database(&database, path, EG_SYNCHRONOUS_FULL, 64 << 10);
        run(&database, "DELETE FROM rows; BEGIN");
        add(&database, 0);
        log_room = room;
        bool failed = eg_database_exec(&database, "UPDATE rows SET number = number + 1000", &err);
        log_room = -1;
        failures += failed;
        assert_int_equal(sqlite3_get_autocommit(database.handle), failed);
        if (!failed)
            run(&database, "COMMIT");
        eg_database_close(&database);
        assert_sound(path, failed ? 0 : ROWS);
    }
    assert_in_range(failures, 5, 38); /* of 43 */
}

static void copy_file(const char *from, const char *to)
{
    static char bytes[4 << 20];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_true(in && out);
    size_t len = fread(bytes, 1, sizeof(bytes), in);
    assert_true(len < sizeof(bytes));
    assert_int_equal(fwrite(bytes, 1, len, out), len);
    assert_int_equal(fclose(in), 0);
    assert_int_equal(fclose(out), 0);
}

/* What the files hold while the connection is open is what a crash would leave. */
static void what_was_committed_is_found_after_a_crash(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    char *log EG_AUTOFREE = scratch_path(state, "rows.db-wal");
    char *copy EG_AUTOFREE = scratch_path(state, "copy.db");
    char *copy_log EG_AUTOFREE = scratch_path(state, "copy.db-wal");
    struct eg_database database;
    open_database(&database, path, EG_SYNCHRONOUS_FULL, 4 << 20);
    add(&database, 0);
    add(&database, ROWS);
    run(&database, "BEGIN");
    add(&database, 2 * ROWS);
    copy_file(path, copy);
    copy_file(log, copy_log);
    eg_database_close(&database);
    assert_sound(copy, 2 * ROWS);
}

/* The other has the default VFS, as another program would. */
static void another_connection_sees_each_commit_whole(void **state)
{
    char *path EG_AUTOFREE = scratch_path(state, "rows.db");
    struct eg_database writer, reader;
    open_database(&writer, path, EG_SYNCHRONOUS_FULL, 4 << 20);
    open_database(&reader, path, EG_SYNCHRONOUS_NORMAL, 4 << 20);
    for (int round = 0; round < 20; round++) {
        run(&writer, "BEGIN");
        add(&writer, round * ROWS);
        assert_int_equal(ask(&reader, "SELECT count(*) FROM rows"), round * ROWS);
        run(&writer, "COMMIT");
        assert_int_equal(ask(&reader, "SELECT sum(length(data)) FROM rows"),
                         (round + 1) * ROWS * ROW_BYTES);
    }
    eg_database_close(&reader);
    eg_database_close(&writer);
    assert_sound(path, 20 * ROWS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_commit_is_written_in_pieces_of_64_kib),
        TEST(without_a_sync_nothing_is_gathered),
        TEST(what_is_read_again_was_written),
        TEST(a_full_disk_fails_the_commit_and_nothing_else),
        TEST(a_transaction_that_lost_a_piece_is_rolled_back),
        TEST(what_was_committed_is_found_after_a_crash),
        TEST(another_connection_sees_each_commit_whole),
    };
    return cmocka_run_group_tests_name("store/log_file", tests, watch, NULL);
}
