/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: the hook runs at the end of each of the writer's commits, on its thread; copy_main on
 * the thread with the second connection. They share `state`, under the lock.
 *
 * A checkpoint that fails is not reported: the log keeps what was not copied, the next one tries
 * again, and a disk that is full or broken shows in the commits. Nor is a sync: the writer's own
 * comes later, and Linux tells each descriptor of what was lost (fsync(2), "NOTES").
 */
#include "store/checkpointer.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "work/pool.h"

#define LOG_STEPS 4 /* the writer lends a hand when the log is this many steps long */

enum state {
    IDLE,
    ASKED,  /* the thread copies, or is about to */
    COPIED, /* what the log held when it was asked is copied */
    ENDING,
};

struct eg_checkpointer {
    struct eg_database *writer;
    struct eg_database database; /* the thread's */
    int step_pages;
    int asked_pages; /* length of the log when last asked; the writer's thread */
    struct eg_mutex lock;
    struct eg_cond asked;
    enum state state;
    struct eg_pool thread;
};

/* PASSIVE waits for nobody: it copies what no reader's snapshot forbids. */
static void copy_log(struct eg_database *database)
{
    (void)sqlite3_wal_checkpoint_v2(database->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

/* A checkpoint syncs the database only when it has reached the log's end, which a load without a
 * pause leaves to the writer: its commits would wait until the disk has all of these copies. */
static void sync_copies(struct eg_database *database)
{
    sqlite3_file *file = NULL;
    if (sqlite3_file_control(database->handle, "main", SQLITE_FCNTL_FILE_POINTER, &file) ==
            SQLITE_OK &&
        file && file->pMethods)
        (void)file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
}

static bool wait_until_asked(struct eg_checkpointer *checkpointer)
{
    eg_mutex_lock(&checkpointer->lock);
    while (checkpointer->state != ASKED && checkpointer->state != ENDING)
        eg_cond_wait(&checkpointer->asked, &checkpointer->lock);
    bool asked = checkpointer->state == ASKED;
    eg_mutex_unlock(&checkpointer->lock);
    return asked;
}

static void copy_main(void *context, unsigned index)
{
    struct eg_checkpointer *checkpointer = context;
    (void)index;
    while (wait_until_asked(checkpointer)) {
        copy_log(&checkpointer->database);
        sync_copies(&checkpointer->database);
        eg_mutex_lock(&checkpointer->lock);
        if (checkpointer->state == ASKED)
            checkpointer->state = COPIED;
        eg_mutex_unlock(&checkpointer->lock);
    }
}

/* True: something was just copied, and the thread is at rest. */
static bool take_copied(struct eg_checkpointer *checkpointer)
{
    eg_mutex_lock(&checkpointer->lock);
    bool copied = checkpointer->state == COPIED;
    if (copied)
        checkpointer->state = IDLE;
    eg_mutex_unlock(&checkpointer->lock);
    return copied;
}

static void ask(struct eg_checkpointer *checkpointer, enum state state)
{
    eg_mutex_lock(&checkpointer->lock);
    if (checkpointer->state == IDLE || state == ENDING)
        checkpointer->state = state;
    eg_mutex_unlock(&checkpointer->lock);
    eg_cond_signal(&checkpointer->asked);
}

static int after_commit(void *context, sqlite3 *handle, const char *name, int log_pages)
{
    struct eg_checkpointer *checkpointer = context;
    (void)handle;
    (void)name;
    if (log_pages < checkpointer->asked_pages)
        checkpointer->asked_pages = 0; /* it began anew */
    bool copied = take_copied(checkpointer);
    if (copied && log_pages / LOG_STEPS >= checkpointer->step_pages) {
        copy_log(checkpointer->writer);
    } else if (log_pages - checkpointer->asked_pages >= checkpointer->step_pages) {
        checkpointer->asked_pages = log_pages;
        ask(checkpointer, ASKED);
    }
    return SQLITE_OK;
}

static int find_step(struct eg_checkpointer *checkpointer, int64_t step_bytes, struct eg_error *err)
{
    int64_t page_bytes;
    if (eg_database_query_int64(&checkpointer->database, "PRAGMA page_size", &page_bytes, err) != 0)
        return -1;
    checkpointer->step_pages = (int)(step_bytes / page_bytes) + 1;
    return 0;
}

int eg_checkpointer_start(struct eg_database *writer, const struct eg_database_options *options,
                          struct eg_checkpointer **ret_checkpointer, struct eg_error *err)
{
    struct eg_checkpointer *checkpointer = eg_calloc(1, sizeof(*checkpointer));
    checkpointer->writer = writer;
    eg_mutex_init(&checkpointer->lock);
    eg_cond_init(&checkpointer->asked);
    if (eg_database_open(&checkpointer->database, options, err) != 0 ||
        find_step(checkpointer, options->checkpoint_bytes, err) != 0 ||
        eg_pool_start(&checkpointer->thread, "checkpoint", 1, copy_main, checkpointer, err) != 0) {
        eg_checkpointer_stop(checkpointer);
        return -1;
    }
    (void)sqlite3_wal_hook(writer->handle, after_commit, checkpointer); /* returns the old one */
    *ret_checkpointer = checkpointer;
    return 0;
}

void eg_checkpointer_stop(struct eg_checkpointer *take)
{
    if (!take)
        return;
    (void)sqlite3_wal_hook(take->writer->handle, NULL, NULL);
    ask(take, ENDING);
    eg_pool_join(&take->thread);
    eg_database_close(&take->database);
    eg_cond_fini(&take->asked);
    eg_mutex_fini(&take->lock);
    free(take);
}
