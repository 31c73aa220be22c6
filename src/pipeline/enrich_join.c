/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the envelope's own text around the new member: nothing else is written anew. */
#include "base/error.h"
#include "base/span.h"
#include "pipeline/enrich.h"
#include "json/writer.h"

static int check_answer(struct eg_span answer, struct eg_error *err)
{
    struct eg_json_document document;
    eg_json_document_init(&document);
    int ret = eg_json_document_parse(&document, answer, NULL, err);
    eg_json_document_fini(&document);
    return ret == 0 ? 0 : eg_error_prefix(err, "the answer is no JSON");
}

/* From `from` up to, not including, `to`; both point into the same text. */
static void append_between(struct eg_buffer *out, const char *from, const char *to)
{
    eg_buffer_append(out, from, (size_t)(to - from));
}

int eg_enrich_join(const struct eg_json_document *document, eg_json_index root,
                   struct eg_span envelope, struct eg_span into, struct eg_span answer,
                   struct eg_buffer *out, struct eg_error *err)
{
    eg_json_index detail = eg_json_member(document, root, EG_SPAN_LITERAL("detail"));
    const char *end = envelope.ptr + envelope.len;
    if (detail == EG_JSON_NONE || eg_json_kind(document, detail) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID,
                            "the event's detail is no object that an answer could join");
    if (check_answer(answer, err) != 0)
        return -1;
    eg_json_index present = eg_json_member(document, detail, into);
    if (present != EG_JSON_NONE) {
        struct eg_span old = eg_json_text(document, present);
        append_between(out, envelope.ptr, old.ptr);
        eg_buffer_append_span(out, answer);
        append_between(out, old.ptr + old.len, end);
        return 0;
    }
    struct eg_span text = eg_json_text(document, detail);
    const char *brace = text.ptr + text.len - 1;
    append_between(out, envelope.ptr, brace);
    if (eg_json_count(document, detail) > 0)
        eg_buffer_append_char(out, ',');
    eg_json_write_string(out, into);
    eg_buffer_append_char(out, ':');
    eg_buffer_append_span(out, answer);
    append_between(out, brace, end);
    return 0;
}
