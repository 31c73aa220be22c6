/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rendering. What a value becomes depends on where its placeholder stands:
 *
 *                      a string            a scalar   an object or list   nothing found
 *     text             its characters      as it is   as it is            nothing
 *     JSON             with its quotes     as it is   as it is            ""
 *       inside quotes  without its quotes  as it is   an error            nothing
 *     string template  its characters      as it is   as it is            nothing
 *       inside quotes  without its quotes  as it is   without all quotes  nothing
 *
 * "Without its quotes" keeps JSON's escapes, so that the quotes around it still end where they did.
 */
#include "rules/template.h"

#include "base/error.h"
#include "base/span.h"
#include "rules/template_program.h"
#include "json/writer.h"

#define MAX_NAME_BYTES 60 /* of a placeholder in a message */

/* How many bytes of the name are shown. */
static int shortened(struct eg_span name)
{
    size_t len = name.len > MAX_NAME_BYTES ? MAX_NAME_BYTES : name.len;
    while (len > 0 && len < name.len && ((unsigned char)name.ptr[len] & 0xC0u) == 0x80u)
        len--;
    return (int)len;
}

static int fail(const struct eg_rules_piece *piece, struct eg_error *err, const char *what)
{
    return eg_error_set(err, EG_ERR_INVALID, "the template's <%.*s>%s", shortened(piece->name),
                        piece->name.ptr, what);
}

static int check_size(const struct eg_rules_work *work, size_t bytes, struct eg_error *err)
{
    if (bytes <= work->max_bytes)
        return 0;
    return eg_error_set(err, EG_ERR_TOO_LARGE, "the template's result is larger than %zu bytes",
                        work->max_bytes);
}

static bool passes_by(const struct eg_rules_call *call, struct eg_rules_value *value)
{
    if (value->kind != EG_RULES_NOTHING && value->kind != EG_RULES_NULL)
        return false;
    return !call->function->takes_nothing;
}

static int evaluate_source(const struct eg_rules_piece *piece, const struct eg_rules_source *source,
                           struct eg_rules_work *work, struct eg_rules_value *value,
                           struct eg_error *err)
{
    eg_rules_source_get(source, work, value);
    for (size_t i = 0; i < source->call_count; i++) {
        const struct eg_rules_call *call = &source->calls[i];
        if (passes_by(call, value))
            continue;
        if (call->function->apply(call, work, value, err) != 0)
            return eg_error_prefix(err, "the template's <%.*s>", shortened(piece->name),
                                   piece->name.ptr);
        if (check_size(work, value->text.len, err) != 0)
            return -1;
    }
    return 0;
}

/* The last value of the alternative that the condition at `i` belongs to. */
static size_t alternative_end(const struct eg_rules_piece *piece, size_t i)
{
    while (piece->sources[i].is_condition)
        i++;
    return i;
}

static int evaluate(const struct eg_rules_piece *piece, struct eg_rules_work *work,
                    struct eg_rules_value *value, struct eg_error *err)
{
    for (size_t i = 0; i < piece->source_count; i++) {
        if (evaluate_source(piece, &piece->sources[i], work, value, err) != 0)
            return -1;
        if (!piece->sources[i].is_condition) {
            if (!eg_rules_value_is_empty(value))
                break;
        } else if (eg_rules_value_is_empty(value)) {
            i = alternative_end(piece, i);
            value->kind = EG_RULES_NOTHING;
        }
    }
    return 0;
}

/* The string as JSON, with quotes; as it stood in the document when it did. */
static void append_json_string(const struct eg_rules_value *value, struct eg_buffer *out)
{
    if (value->json.ptr)
        eg_buffer_append_span(out, value->json);
    else
        eg_json_write_string(out, value->text);
}

static void append_without_quotes(struct eg_buffer *out, struct eg_span json)
{
    for (size_t i = 0; i < json.len; i++) {
        if (json.ptr[i] == '\\' && i + 1 < json.len && json.ptr[i + 1] == '"')
            i++;
        else if (json.ptr[i] == '\\' && i + 1 < json.len)
            eg_buffer_append_char(out, json.ptr[i++]);
        if (json.ptr[i] != '"')
            eg_buffer_append_char(out, json.ptr[i]);
    }
}

static void append_inner(const struct eg_rules_value *value, struct eg_rules_work *work,
                         struct eg_buffer *out)
{
    if (value->json.ptr) {
        eg_buffer_append(out, value->json.ptr + 1, value->json.len - 2);
        return;
    }
    struct eg_buffer *quoted = eg_rules_work_buffer(work);
    eg_json_write_string(quoted, value->text);
    eg_buffer_append(out, quoted->data + 1, quoted->len - 2);
}

static int append_quoted(const struct eg_rules_template *template,
                         const struct eg_rules_piece *piece, const struct eg_rules_value *value,
                         struct eg_rules_work *work, struct eg_buffer *out, struct eg_error *err)
{
    if (value->kind == EG_RULES_STRING)
        append_inner(value, work, out);
    else if (value->kind != EG_RULES_CONTAINER)
        eg_buffer_append_span(out, value->text);
    else if (template->kind == EG_RULES_KIND_JSON)
        return fail(piece, err,
                    value->text.ptr[0] == '{' ? " became an object inside quotes: take the quotes "
                                                "away, or add '| json'"
                                              : " became a list inside quotes: take the quotes "
                                                "away, or add '| json'");
    else
        append_without_quotes(out, value->text);
    return 0;
}

static int append_value(const struct eg_rules_template *template,
                        const struct eg_rules_piece *piece, const struct eg_rules_value *value,
                        struct eg_rules_work *work, struct eg_buffer *out, struct eg_error *err)
{
    const bool is_json = template->kind == EG_RULES_KIND_JSON;
    if (value->kind == EG_RULES_NOTHING) {
        if (is_json && !piece->quoted)
            eg_buffer_append_text(out, "\"\"");
        return 0;
    }
    if (piece->quoted)
        return append_quoted(template, piece, value, work, out, err);
    if (is_json && piece->key && value->kind != EG_RULES_STRING)
        return fail(piece, err, " is a member's name and became no string");
    if (is_json && value->kind == EG_RULES_STRING)
        append_json_string(value, out);
    else
        eg_buffer_append_span(out, value->text);
    return 0;
}

static int render_pieces(const struct eg_rules_template *template, struct eg_rules_work *work,
                         struct eg_buffer *out, struct eg_error *err)
{
    const size_t before = out->len;
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct eg_rules_piece *piece = &template->pieces[i];
        struct eg_rules_value value = {EG_RULES_NOTHING, EG_SPAN_EMPTY, {NULL, 0}};
        eg_buffer_append_span(out, piece->literal);
        if (piece->name.len == 0)
            continue;
        if (evaluate(piece, work, &value, err) != 0 ||
            check_size(work, out->len - before + value.text.len, err) != 0 ||
            append_value(template, piece, &value, work, out, err) != 0)
            return -1;
    }
    return check_size(work, out->len - before, err);
}

int eg_rules_template_render(const struct eg_rules_template *template,
                             const struct eg_rules_template_input *input, struct eg_buffer *out,
                             struct eg_error *err)
{
    struct eg_rules_work work = {
        .input = input,
        .is_json = template->kind == EG_RULES_KIND_JSON,
        .max_bytes = input->max_bytes ? input->max_bytes : EG_RULES_MAX_RENDERED_BYTES,
    };
    const size_t before = out->len;
    int rc = render_pieces(template, &work, out, err);
    if (rc != 0 && out->data) {
        out->len = before;
        out->data[before] = '\0';
    }
    eg_buffer_fini(&work.buffers[0]);
    eg_buffer_fini(&work.buffers[1]);
    return rc;
}

int eg_rules_envelope_open(struct eg_json_document *scratch, const struct eg_event *event,
                           struct eg_rules_template_input *ret_input, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = event->envelope.len;
    limits.max_members = EG_JSON_MAX_COUNT;
    limits.max_depth = EG_JSON_MAX_DEPTH;
    limits.allow_duplicate_keys = true;
    struct eg_rules_template_input input = {.event = event};
    if (event->envelope.len) {
        if (eg_json_document_parse(scratch, event->envelope, &limits, err) != 0)
            return eg_error_prefix(err, "the event's envelope");
        if (eg_json_kind(scratch, 0) != EG_JSON_OBJECT)
            return eg_error_set(err, EG_ERR_INVALID, "the event's envelope is no JSON object");
        input.document = scratch;
    }
    *ret_input = input;
    return 0;
}
