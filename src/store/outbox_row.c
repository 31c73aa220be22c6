/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is kept between calls; values are bound without a copy. */
#include "store/outbox_row.h"

#include <sqlite3.h>

#include "base/error.h"
#include "base/span.h"
#include "store/attributes.h"

/* Places in EG_OUTBOX_COLUMNS. */
enum column {
    ID,
    AFTER,
    DUE,
    START,
    ATTEMPTS,
    MAX_ATTEMPTS,
    MAX_AGE,
    BACKOFF,
    MAX_BACKOFF,
    ATTEMPT,
    SINK,
    DEAD_LETTER,
    RULE_ARN,
    TARGET_ARN,
    DEAD,
    ERROR_CODE,
    ERROR_MESSAGE,
    CONDITION,
    FAILED_ATTEMPTS,
    EVENT_ID,
    TOPIC,
    KEY,
    PAYLOAD,
    ENVELOPE,
    SUBJECT,
    CORRELATION_ID,
    TRACEPARENT,
    TRACESTATE,
    ATTRIBUTES,
    RECEIVED,
    COLUMN_COUNT
};

_Static_assert(COLUMN_COUNT == EG_OUTBOX_COLUMN_COUNT, "one place for each column");

void eg_outbox_bind_text(sqlite3_stmt *statement, int index, struct eg_span text, int *failure)
{
    int ret = text.len > 0 ? sqlite3_bind_text64(statement, index, text.ptr, text.len,
                                                 SQLITE_STATIC, SQLITE_UTF8)
                           : sqlite3_bind_text(statement, index, "", 0, SQLITE_STATIC);
    if (ret != SQLITE_OK)
        *failure = ret;
}

void eg_outbox_bind_optional(sqlite3_stmt *statement, int index, struct eg_span text, int *failure)
{
    if (text.len > 0)
        eg_outbox_bind_text(statement, index, text, failure);
    else if (sqlite3_bind_null(statement, index) != SQLITE_OK)
        *failure = SQLITE_ERROR;
}

void eg_outbox_bind_number(sqlite3_stmt *statement, int index, int64_t value, int *failure)
{
    if (sqlite3_bind_int64(statement, index, value) != SQLITE_OK)
        *failure = SQLITE_ERROR;
}

/* By place instead of index. */
static void bind_text(sqlite3_stmt *statement, enum column column, struct eg_span text,
                      int *failure)
{
    eg_outbox_bind_text(statement, (int)column + 1, text, failure);
}

static void bind_optional(sqlite3_stmt *statement, enum column column, struct eg_span text,
                          int *failure)
{
    eg_outbox_bind_optional(statement, (int)column + 1, text, failure);
}

static void bind_number(sqlite3_stmt *statement, enum column column, int64_t value, int *failure)
{
    eg_outbox_bind_number(statement, (int)column + 1, value, failure);
}

static void bind_delivery(sqlite3_stmt *statement, const struct eg_outbox_row *row, int *failure)
{
    bind_number(statement, ID, row->id, failure);
    bind_number(statement, AFTER, row->after, failure);
    bind_number(statement, DUE, row->due_us, failure);
    bind_number(statement, START, row->start_us, failure);
    bind_number(statement, ATTEMPTS, row->attempts, failure);
    bind_number(statement, MAX_ATTEMPTS, row->policy.max_attempts, failure);
    bind_number(statement, MAX_AGE, row->policy.max_age_ms, failure);
    bind_number(statement, BACKOFF, row->policy.backoff_ms, failure);
    bind_number(statement, MAX_BACKOFF, row->policy.max_backoff_ms, failure);
    bind_number(statement, ATTEMPT, row->policy.attempt_ms, failure);
    bind_text(statement, SINK, row->sink, failure);
    bind_optional(statement, DEAD_LETTER, row->dead_letter, failure);
    bind_optional(statement, RULE_ARN, row->rule_arn, failure);
    bind_optional(statement, TARGET_ARN, row->target_arn, failure);
    eg_outbox_bind_number(statement, COLUMN_COUNT + 1,
                          row->after ? EG_OUTBOX_WAITING : EG_OUTBOX_READY, failure);
}

static void bind_failure(sqlite3_stmt *statement, const struct eg_event_failure *failed,
                         int *failure)
{
    static const struct eg_event_failure none;
    const struct eg_event_failure *from = failed ? failed : &none;
    bind_number(statement, DEAD, failed != NULL, failure);
    bind_optional(statement, ERROR_CODE, from->error_code, failure);
    bind_optional(statement, ERROR_MESSAGE, from->error_message, failure);
    bind_optional(statement, CONDITION, from->exhausted_retry_condition, failure);
    bind_number(statement, FAILED_ATTEMPTS, from->retry_attempts, failure);
}

static void bind_event(sqlite3_stmt *statement, const struct eg_event *event,
                       struct eg_buffer *attributes, int *failure)
{
    eg_attributes_write(attributes, event->attributes, event->attribute_count);
    bind_text(statement, EVENT_ID, event->id, failure);
    bind_text(statement, TOPIC, event->topic, failure);
    bind_optional(statement, KEY, event->key, failure);
    bind_text(statement, PAYLOAD, event->payload, failure);
    bind_optional(statement, ENVELOPE, event->envelope, failure);
    bind_optional(statement, SUBJECT, event->subject, failure);
    bind_optional(statement, CORRELATION_ID, event->correlation_id, failure);
    bind_optional(statement, TRACEPARENT, event->traceparent, failure);
    bind_optional(statement, TRACESTATE, event->tracestate, failure);
    bind_optional(statement, ATTRIBUTES, eg_buffer_span(attributes), failure);
    bind_number(statement, RECEIVED, event->received_us, failure);
}

void eg_outbox_bind_row(sqlite3_stmt *statement, const struct eg_outbox_row *row,
                        struct eg_buffer *attributes, int *failure)
{
    bind_delivery(statement, row, failure);
    bind_failure(statement, row->event.failure, failure);
    bind_event(statement, &row->event, attributes, failure);
}

static struct eg_span text_at(sqlite3_stmt *statement, enum column column, struct eg_arena *arena)
{
    const char *text = (const char *)sqlite3_column_text(statement, (int)column);
    int bytes = sqlite3_column_bytes(statement, (int)column);
    return text && bytes > 0 ? eg_arena_copy(arena, eg_span_of(text, (size_t)bytes))
                             : EG_SPAN_EMPTY;
}

static int64_t number_at(sqlite3_stmt *statement, enum column column)
{
    return sqlite3_column_int64(statement, (int)column);
}

static const struct eg_event_failure *read_failure(sqlite3_stmt *statement, struct eg_arena *arena)
{
    if (number_at(statement, DEAD) == 0)
        return NULL;
    struct eg_event_failure *failure = eg_arena_alloc(arena, sizeof(*failure));
    *failure = (struct eg_event_failure){
        .rule_arn = text_at(statement, RULE_ARN, arena),
        .target_arn = text_at(statement, TARGET_ARN, arena),
        .error_code = text_at(statement, ERROR_CODE, arena),
        .error_message = text_at(statement, ERROR_MESSAGE, arena),
        .exhausted_retry_condition = text_at(statement, CONDITION, arena),
        .retry_attempts = (unsigned)number_at(statement, FAILED_ATTEMPTS),
    };
    return failure;
}

static int read_event(sqlite3_stmt *statement, struct eg_arena *arena, struct eg_event *event,
                      struct eg_error *err)
{
    *event = (struct eg_event){
        .id = text_at(statement, EVENT_ID, arena),
        .topic = text_at(statement, TOPIC, arena),
        .key = text_at(statement, KEY, arena),
        .payload = text_at(statement, PAYLOAD, arena),
        .envelope = text_at(statement, ENVELOPE, arena),
        .subject = text_at(statement, SUBJECT, arena),
        .correlation_id = text_at(statement, CORRELATION_ID, arena),
        .traceparent = text_at(statement, TRACEPARENT, arena),
        .tracestate = text_at(statement, TRACESTATE, arena),
        .received_us = number_at(statement, RECEIVED),
        .failure = read_failure(statement, arena),
    };
    return eg_attributes_read(text_at(statement, ATTRIBUTES, arena), arena, &event->attributes,
                              &event->attribute_count, err);
}

int eg_outbox_read_row(sqlite3_stmt *statement, struct eg_arena *arena,
                       struct eg_outbox_row *ret_row, struct eg_error *err)
{
    *ret_row = (struct eg_outbox_row){
        .id = number_at(statement, ID),
        .after = number_at(statement, AFTER),
        .due_us = number_at(statement, DUE),
        .start_us = number_at(statement, START),
        .attempts = (unsigned)number_at(statement, ATTEMPTS),
        .policy =
            {
                .max_attempts = number_at(statement, MAX_ATTEMPTS),
                .max_age_ms = number_at(statement, MAX_AGE),
                .backoff_ms = number_at(statement, BACKOFF),
                .max_backoff_ms = number_at(statement, MAX_BACKOFF),
                .attempt_ms = number_at(statement, ATTEMPT),
            },
        .sink = text_at(statement, SINK, arena),
        .dead_letter = text_at(statement, DEAD_LETTER, arena),
        .rule_arn = text_at(statement, RULE_ARN, arena),
        .target_arn = text_at(statement, TARGET_ARN, arena),
    };
    return read_event(statement, arena, &ret_row->event, err);
}
