/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies the write-ahead log into the database on a thread of its own.
 *
 * SQLite does it within the commit that makes the log too long: for 8 MiB that is ten milliseconds
 * in which nobody is answered. Here the copying goes on beside the commits, whenever the log has
 * grown by another `checkpoint_bytes`. SQLite begins the log anew once all of it is copied, which
 * under a load without a pause no thread beside the writer ever reaches; so at four times the size
 * the writer copies the small rest itself; what was copied before is synced by then. Source:
 * sqlite.org/wal.html, "Checkpointing".
 */
#ifndef EG_STORE_CHECKPOINTER_H
#define EG_STORE_CHECKPOINTER_H

#include "base/compiler.h"
#include "eventgate/error.h"
#include "store/database.h"

struct eg_checkpointer;

/*
 * Takes over from the pragma wal_autocheckpoint of `writer`, which must outlive it; `options` are
 * those that the writer was opened with. The writer's thread.
 */
int eg_checkpointer_start(struct eg_database *writer, const struct eg_database_options *options,
                          struct eg_checkpointer **ret_checkpointer,
                          struct eg_error *err) EG_MUST_CHECK;

/* Waits for a copying that is under way. NULL is fine. The writer's thread. */
void eg_checkpointer_stop(struct eg_checkpointer *take);

#endif
