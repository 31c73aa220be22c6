/* SPDX-License-Identifier: Apache-2.0 */
/* One row of the outbox to and from SQLite's values; for outbox.c only. One thread at a time. */
#ifndef EG_STORE_OUTBOX_ROW_H
#define EG_STORE_OUTBOX_ROW_H

#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/compiler.h"
#include "eventgate/error.h"
#include "store/outbox.h"

struct sqlite3_stmt;

enum eg_outbox_state { EG_OUTBOX_READY, EG_OUTBOX_CLAIMED, EG_OUTBOX_WAITING };

/* The columns of a row, in the order of the functions here; behind them, when it is added, `state`.
 */
#define EG_OUTBOX_COLUMNS                                                                      \
    "id,after,due_us,start_us,attempts,max_attempts,max_age_ms,backoff_ms,max_backoff_ms,"     \
    "attempt_ms,sink,dead_letter,rule_arn,target_arn,dead,error_code,error_message,condition," \
    "failed_attempts,event_id,topic,key,payload,envelope,subject,correlation_id,traceparent,"  \
    "tracestate,attributes,received_us"

#define EG_OUTBOX_COLUMN_COUNT 30

/*
 * Binds one value to the parameter `index` (from 1); *failure is set when SQLite refuses, and left
 * alone otherwise. An empty optional text is NULL. Texts are not copied.
 */
void eg_outbox_bind_text(struct sqlite3_stmt *statement, int index, struct eg_span text,
                         int *failure);
void eg_outbox_bind_optional(struct sqlite3_stmt *statement, int index, struct eg_span text,
                             int *failure);
void eg_outbox_bind_number(struct sqlite3_stmt *statement, int index, int64_t value, int *failure);

/* Binds all columns and the state; `attributes` holds text until the statement ran. */
void eg_outbox_bind_row(struct sqlite3_stmt *statement, const struct eg_outbox_row *row,
                        struct eg_buffer *attributes, int *failure);

/* The row that the statement stands on; its texts live in the arena. */
int eg_outbox_read_row(struct sqlite3_stmt *statement, struct eg_arena *arena,
                       struct eg_outbox_row *ret_row, struct eg_error *err) EG_MUST_CHECK;

#endif
