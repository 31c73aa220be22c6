/* SPDX-License-Identifier: Apache-2.0 */
/* Data travels as base64; the services count it before that. */
#include "sinks/aws/record.h"

#include "base/error.h"
#include "base/span.h"
#include "crypto/base64.h"
#include "json/compact.h"

static int render(struct eg_sink_worker *worker, const struct eg_sink_record *record,
                  const struct eg_event *event, struct eg_error *err)
{
    struct eg_sink_piece piece = {"data", record->data, event->payload, 0, SIZE_MAX};
    if (record->data == EG_SINK_TEXT_NONE && record->newline) {
        eg_buffer_clear(&worker->piece);
        eg_json_write_one_line(&worker->piece, event->payload);
    } else if (eg_sink_piece_render(worker, &piece, err) != 0) {
        return -1;
    }
    if (worker->piece.len == 0)
        return eg_error_set(err, EG_ERR_INVALID, "data is empty");
    if (record->newline)
        eg_buffer_append_char(&worker->piece, '\n');
    return 0;
}

int eg_sink_record_write(struct eg_sink_worker *worker, const struct eg_sink_record *record,
                         const struct eg_event *event, struct eg_sink_entry *entry,
                         struct eg_error *err)
{
    if (render(worker, record, event, err) != 0)
        return -1;
    entry->size_bytes += worker->piece.len;
    eg_buffer_append_text(&worker->texts, "\"Data\":\"");
    eg_crypto_base64_encode(eg_buffer_span(&worker->piece), &worker->texts);
    eg_buffer_append_char(&worker->texts, '"');
    return 0;
}
