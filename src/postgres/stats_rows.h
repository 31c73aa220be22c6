/* SPDX-License-Identifier: Apache-2.0 */
/* Rows as JSON. Any thread. Inside this room only. */
#ifndef EG_POSTGRES_STATS_ROWS_H
#define EG_POSTGRES_STATS_ROWS_H

#include "base/buffer.h"
#include "postgres/connection.h"

/*
 * Appends the first `count` rows as a JSON array of objects, a member for each column: numbers and
 * booleans as such, json and jsonb as what they hold, all else as the text that PostgreSQL writes.
 */
void eg_postgres_rows_write(const struct eg_postgres_rows *rows, size_t count,
                            struct eg_buffer *buffer);

#endif
