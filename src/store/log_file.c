/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Order: what is gathered is one piece of the file, and it is written before anything else happens
 * to the file. So the file sees the same bytes in the same order as without us, in fewer calls.
 *
 * A piece that cannot be written is dropped: it belongs to a transaction that SQLite now rolls
 * back, or has rolled back already. For a failed write SQLite always does; for a failed read only
 * when that was an I/O error: a full disk may only undo the statement.
 *
 * Threads: a file belongs to its connection, and that to one thread at a time.
 */
#include "store/log_file.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* The largest write that SQLite makes itself, a page, and so what any VFS below must take; its
 * "unix" fails at twice that. */
#define GATHER_BYTES (64 << 10)

struct log_file {
    sqlite3_file base; /* first: SQLite knows this one */
    sqlite3_file *file;
    unsigned char *gathered; /* NULL: each write goes through */
    int gathered_bytes;
    sqlite3_int64 gathered_at;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static sqlite3_vfs *below; /* SQLite's default; lives as long as the process */
static sqlite3_vfs vfs;

static struct log_file *from_base(sqlite3_file *base)
{
    return (struct log_file *)(void *)base;
}

static int write_gathered(struct log_file *log)
{
    int bytes = log->gathered_bytes;
    if (bytes == 0)
        return SQLITE_OK;
    log->gathered_bytes = 0;
    return log->file->pMethods->xWrite(log->file, log->gathered, bytes, log->gathered_at);
}

static int log_write(sqlite3_file *base, const void *data, int bytes, sqlite3_int64 at)
{
    struct log_file *log = from_base(base);
    if (at != log->gathered_at + log->gathered_bytes ||
        bytes > GATHER_BYTES - log->gathered_bytes) {
        int code = write_gathered(log);
        if (code != SQLITE_OK)
            return code;
    }
    if (!log->gathered || bytes > GATHER_BYTES)
        return log->file->pMethods->xWrite(log->file, data, bytes, at);
    if (log->gathered_bytes == 0)
        log->gathered_at = at;
    memcpy(log->gathered + log->gathered_bytes, data, (size_t)bytes);
    log->gathered_bytes += bytes;
    return SQLITE_OK;
}

static int log_read(sqlite3_file *base, void *data, int bytes, sqlite3_int64 at)
{
    struct log_file *log = from_base(base);
    if (write_gathered(log) != SQLITE_OK)
        return SQLITE_IOERR_WRITE;
    return log->file->pMethods->xRead(log->file, data, bytes, at);
}

static int log_truncate(sqlite3_file *base, sqlite3_int64 size_bytes)
{
    struct log_file *log = from_base(base);
    int code = write_gathered(log);
    return code == SQLITE_OK ? log->file->pMethods->xTruncate(log->file, size_bytes) : code;
}

static int log_sync(sqlite3_file *base, int flags)
{
    struct log_file *log = from_base(base);
    int code = write_gathered(log);
    return code == SQLITE_OK ? log->file->pMethods->xSync(log->file, flags) : code;
}

static int log_size(sqlite3_file *base, sqlite3_int64 *ret_size_bytes)
{
    struct log_file *log = from_base(base);
    int code = write_gathered(log);
    return code == SQLITE_OK ? log->file->pMethods->xFileSize(log->file, ret_size_bytes) : code;
}

static int log_close(sqlite3_file *base)
{
    struct log_file *log = from_base(base);
    int written = write_gathered(log);
    int closed = log->file->pMethods->xClose(log->file);
    free(log->gathered);
    return written == SQLITE_OK ? closed : written;
}

static int log_lock(sqlite3_file *base, int lock)
{
    struct log_file *log = from_base(base);
    return log->file->pMethods->xLock(log->file, lock);
}

static int log_unlock(sqlite3_file *base, int lock)
{
    struct log_file *log = from_base(base);
    return log->file->pMethods->xUnlock(log->file, lock);
}

static int log_check_lock(sqlite3_file *base, int *ret_locked)
{
    struct log_file *log = from_base(base);
    return log->file->pMethods->xCheckReservedLock(log->file, ret_locked);
}

static int log_control(sqlite3_file *base, int operation, void *argument)
{
    struct log_file *log = from_base(base);
    return log->file->pMethods->xFileControl(log->file, operation, argument);
}

static int log_sector_size(sqlite3_file *base)
{
    struct log_file *log = from_base(base);
    return log->file->pMethods->xSectorSize(log->file);
}

static int log_characteristics(sqlite3_file *base)
{
    struct log_file *log = from_base(base);
    return log->file->pMethods->xDeviceCharacteristics(log->file);
}

/* Version 1: shared memory and mapping are the database file's alone. */
static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_characteristics,
};

/* Where an interrupted write may damage its neighbours, SQLite writes on behind the sync. */
static bool may_gather(struct log_file *log)
{
    return (log_characteristics(&log->base) & SQLITE_IOCAP_POWERSAFE_OVERWRITE) != 0;
}

static int open_log(const char *name, sqlite3_file *base, int flags, int *ret_flags)
{
    struct log_file *log = from_base(base);
    *log = (struct log_file){.file = (sqlite3_file *)(void *)(log + 1)};
    int code = below->xOpen(below, name, log->file, flags, ret_flags);
    if (code != SQLITE_OK)
        return code; /* without methods nobody closes it */
    log->base.pMethods = &log_methods;
    if (may_gather(log))
        log->gathered = eg_malloc(GATHER_BYTES);
    return SQLITE_OK;
}

static int open_any(sqlite3_vfs *self, const char *name, sqlite3_file *base, int flags,
                    int *ret_flags)
{
    (void)self;
    if (flags & SQLITE_OPEN_WAL)
        return open_log(name, base, flags, ret_flags);
    return below->xOpen(below, name, base, flags, ret_flags);
}

/* A copy of the default with another xOpen, as SQLite's own variants of "unix" are: a shim of every
 * method would say the same in a hundred lines. */
static void set_up(void)
{
    below = sqlite3_vfs_find(NULL);
    if (!below)
        return;
    vfs = *below;
    vfs.zName = "eventgate";
    vfs.pNext = NULL;
    vfs.szOsFile += (int)sizeof(struct log_file);
    vfs.xOpen = open_any;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        below = NULL;
}

const char *eg_log_file_vfs(void)
{
    (void)pthread_once(&once, set_up); /* fails only on a bad argument */
    return below ? vfs.zName : NULL;
}
