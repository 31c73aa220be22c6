/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A SQLite VFS that gathers what a connection writes to the write-ahead log.
 *
 * SQLite writes each page of a commit with two calls, its head and the page, and syncs behind the
 * last. Here they are copied and written 64 KiB at a time, at the latest when the connection syncs,
 * reads, measures, truncates or closes the log. Everything else is the default VFS's.
 *
 * Only for connections with synchronous=FULL: the sync comes before other connections are shown the
 * commit. Without it they would look for pages that are not in the file yet. A write that fails
 * fails what made it due, which is the commit or an earlier step of its transaction.
 *
 * Source: sqlite.org/c3ref/vfs.html, sqlite.org/c3ref/io_methods.html, sqlite.org/wal.html.
 */
#ifndef EG_STORE_LOG_FILE_H
#define EG_STORE_LOG_FILE_H

/* The VFS to name to sqlite3_open_v2; registered by the first call. NULL, which is SQLite's own,
 * when memory is out. Any thread. */
const char *eg_log_file_vfs(void);

#endif
