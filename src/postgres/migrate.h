/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing a database to the state that the mappings need: the *.sql files of a folder, in the
 * order of their names, each once and in a transaction of its own. What was applied is kept with
 * its checksum in public.eventgate_migrations. Main thread; may wait for long.
 */
#ifndef EG_POSTGRES_MIGRATE_H
#define EG_POSTGRES_MIGRATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "postgres/config.h"

struct eg_postgres_migrate_options {
    struct eg_postgres_provider provider;
    const char *folder;
    /* Called after each file: applied now, or before. */
    void (*said)(void *context, const char *name, bool now);
    void *context;
};

/*
 * Two that run at the same time wait for each other. Passwords for the roles are taken from
 * EVENTGATE_OWNER_PASSWORD, EVENTGATE_WRITER_PASSWORD and EVENTGATE_READER_PASSWORD, and handed to
 * the files as settings (current_setting('eventgate.owner_password', true)).
 *
 * EG_ERR_CONFIG: a file changed since it was applied, or the folder has none; then nothing was
 * done. Other errors: the database or a file; the files before the one that is named are applied.
 */
int eg_postgres_migrate(const struct eg_postgres_migrate_options *options,
                        struct eg_error *err) EG_MUST_CHECK;

#endif
