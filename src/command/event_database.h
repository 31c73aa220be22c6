/* SPDX-License-Identifier: Apache-2.0 */
/* Where a configuration keeps the events. Main thread. */
#ifndef EG_COMMAND_EVENT_DATABASE_H
#define EG_COMMAND_EVENT_DATABASE_H

#include "eventgate/error.h"

/*
 * The path of the first sqlite sink that the configuration has (NULL: no configuration); of the one
 * it gets by default when it names no sink. The caller frees it. EG_ERR_CONFIG: the file cannot be
 * read, or has sinks but none of this type. Other mistakes in it are `eventgate check`'s business.
 */
int eg_command_event_database_find(const char *config, char **ret_path, struct eg_error *err);

#endif
