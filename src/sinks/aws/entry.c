/* SPDX-License-Identifier: Apache-2.0 */
/* What write_entry and write_call are made of (batch.h). A worker's thread. */
#include "base/error.h"
#include "base/span.h"
#include "crypto/digest.h"
#include "sinks/aws/batch.h"
#include "json/writer.h"

static int check_length(size_t len, const struct eg_sink_piece *piece, struct eg_error *err)
{
    if (len < piece->least)
        return eg_error_set(err, EG_ERR_INVALID, "%s is empty", piece->what);
    if (len > piece->most)
        return eg_error_set(err, EG_ERR_INVALID, "%s has %zu bytes, the limit is %zu", piece->what,
                            len, piece->most);
    return 0;
}

int eg_sink_piece_render(struct eg_sink_worker *worker, const struct eg_sink_piece *piece,
                         struct eg_error *err)
{
    struct eg_buffer *out = &worker->piece;
    eg_buffer_clear(out);
    if (piece->text == EG_SINK_TEXT_NONE)
        eg_buffer_append_span(out, piece->otherwise);
    else if (eg_sink_renderer_render(&worker->renderer, piece->text, out, err) != 0)
        return -1;
    return check_length(out->len, piece, err);
}

void eg_sink_piece_fit(struct eg_sink_worker *worker, size_t most)
{
    char hex[EG_CRYPTO_SHA256_HEX_BYTES];
    if (worker->piece.len <= most)
        return;
    eg_crypto_sha256_hex(eg_buffer_span(&worker->piece), hex);
    eg_buffer_clear(&worker->piece);
    eg_buffer_append_text(&worker->piece, hex);
}

void eg_sink_piece_put(struct eg_sink_worker *worker, const char *name)
{
    if (worker->piece.len == 0)
        return;
    eg_buffer_append_text(&worker->texts, ",\"");
    eg_buffer_append_text(&worker->texts, name);
    eg_buffer_append_text(&worker->texts, "\":");
    eg_json_write_string(&worker->texts, eg_buffer_span(&worker->piece));
}

int eg_sink_place_render(struct eg_sink_worker *worker, const struct eg_sink_piece *piece,
                         struct eg_sink_entry *entry, struct eg_error *err)
{
    if (eg_sink_piece_render(worker, piece, err) != 0)
        return -1;
    eg_sink_place_append(worker, entry, eg_buffer_span(&worker->piece));
    return 0;
}

void eg_sink_place_append(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                          struct eg_span place)
{
    if (entry->place_bytes == 0)
        entry->place_at = worker->texts.len;
    eg_buffer_append_span(&worker->texts, place);
    entry->place_bytes += place.len;
}

struct eg_span eg_sink_entry_place(const struct eg_sink_worker *worker,
                                   const struct eg_sink_entry *entry)
{
    return eg_span_of(worker->texts.data + entry->place_at, entry->place_bytes);
}

struct eg_span eg_sink_entry_text(const struct eg_sink_worker *worker,
                                  const struct eg_sink_entry *entry)
{
    return eg_span_of(worker->texts.data + entry->text_at, entry->text_bytes);
}

void eg_sink_call_join(const struct eg_sink_call *call, struct eg_buffer *body)
{
    for (size_t i = 0; i < call->count; i++) {
        if (i > 0)
            eg_buffer_append_char(body, ',');
        eg_buffer_append_span(body, eg_sink_entry_text(call->worker, call->entries[i]));
    }
}
