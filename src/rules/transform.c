/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See transform.h. What a value becomes depends on where its placeholder stands:
 *
 *                      a string            a scalar   an object or list   nothing found
 *     JSON template    with its quotes     as it is   as it is            ""
 *       inside quotes  without its quotes  as it is   an error            nothing
 *     string template  its characters      as it is   as it is            nothing
 *       inside quotes  without its quotes  as it is   without all quotes  nothing
 *
 * "Without its quotes" keeps JSON's escapes, so that the quotes around it still end where they did.
 */
#include "rules/transform.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/template.h"
#include "json/compact.h"
#include "json/writer.h"

enum kind { AS_IT_IS, CONSTANT, PATH, TEMPLATE };

struct eg_rules_transform {
    enum kind kind;
    struct eg_arena arena; /* the texts */
    struct eg_span constant;
    struct eg_json_path *path;
    struct eg_rules_named_path *paths;
    size_t path_count;
    struct eg_rules_template template;
    const char *warning; /* in the arena */
};

static bool is_name(struct eg_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return name.len > 0;
}

static int add_path(struct eg_rules_transform *transform, const struct eg_rules_input_path *input,
                    struct eg_error *err)
{
    if (!is_name(input->name))
        return eg_error_set(err, EG_ERR_INVALID,
                            "the input path's name '%.*s' wants letters, digits, '_' and '-' only",
                            EG_SPAN_ARGS(input->name));
    for (size_t i = 0; i < transform->path_count; i++)
        if (eg_span_equal(transform->paths[i].name, input->name))
            return eg_error_set(err, EG_ERR_INVALID, "the input path '%.*s' is there twice",
                                EG_SPAN_ARGS(input->name));
    struct eg_rules_named_path *named = &transform->paths[transform->path_count];
    if (eg_json_path_new(input->path, &named->path, err) != 0)
        return eg_error_prefix(err, "the input path '%.*s'", EG_SPAN_ARGS(input->name));
    named->name = eg_arena_copy(&transform->arena, input->name);
    named->is_container = !eg_json_path_is_single(named->path) || eg_span_is(input->path, "$") ||
                          eg_span_is(input->path, "$.detail");
    transform->path_count++;
    return 0;
}

static void find_warning(struct eg_rules_transform *transform)
{
    for (size_t i = 0; transform->template.is_json && i < transform->template.piece_count; i++) {
        const struct eg_rules_piece *piece = &transform->template.pieces[i];
        bool is_container = piece->variable == EG_RULES_VARIABLE_PATH
                                ? transform->path_count && piece->name.len &&
                                      transform->paths[piece->path].is_container
                                : piece->variable >= EG_RULES_VARIABLE_EVENT;
        if (!is_container || (!piece->quoted && !piece->key))
            continue;
        transform->warning =
            eg_arena_printf(&transform->arena,
                            "the template has <%.*s>, an object or a list, inside quotes: its "
                            "results will be invalid; take the quotes away",
                            EG_SPAN_ARGS(piece->name))
                .ptr;
        return;
    }
}

static int read_template(struct eg_rules_transform *transform,
                         const struct eg_rules_transform_config *config, struct eg_error *err)
{
    if (config->template_text.len > EG_RULES_MAX_TEMPLATE_BYTES)
        return eg_error_set(err, EG_ERR_INVALID, "the template is longer than %d bytes",
                            EG_RULES_MAX_TEMPLATE_BYTES);
    if (config->path_count > EG_RULES_MAX_INPUT_PATHS)
        return eg_error_set(err, EG_ERR_INVALID, "there are more than %d input paths",
                            EG_RULES_MAX_INPUT_PATHS);
    transform->kind = TEMPLATE;
    transform->paths = eg_calloc(config->path_count + 1, sizeof(*transform->paths));
    for (size_t i = 0; i < config->path_count; i++)
        if (add_path(transform, &config->paths[i], err) != 0)
            return -1;
    struct eg_span text = eg_arena_copy(&transform->arena, config->template_text);
    if (eg_rules_template_read(&transform->template, text, transform->paths, transform->path_count,
                               err) != 0)
        return -1;
    find_warning(transform);
    return 0;
}

static int read_constant(struct eg_rules_transform *transform, struct eg_span text,
                         struct eg_error *err)
{
    if (text.len > EG_RULES_MAX_TEMPLATE_BYTES)
        return eg_error_set(err, EG_ERR_INVALID, "the input is longer than %d bytes",
                            EG_RULES_MAX_TEMPLATE_BYTES);
    transform->kind = CONSTANT;
    transform->constant = eg_arena_copy(&transform->arena, text);
    struct eg_json_document document;
    eg_json_document_init(&document);
    int rc = eg_json_document_parse(&document, transform->constant, NULL, err);
    eg_json_document_fini(&document);
    return rc == 0 ? 0 : eg_error_prefix(err, "the input is no JSON");
}

static int read_config(struct eg_rules_transform *transform,
                       const struct eg_rules_transform_config *config, struct eg_error *err)
{
    int given = (config->input.ptr != NULL) + (config->input_path.ptr != NULL) +
                (config->template_text.ptr != NULL);
    if (given > 1)
        return eg_error_set(err, EG_ERR_INVALID,
                            "give one of an input, an input path and a template, not several");
    if (config->path_count && !config->template_text.ptr)
        return eg_error_set(err, EG_ERR_INVALID, "input paths want a template that uses them");
    if (config->input.ptr)
        return read_constant(transform, config->input, err);
    if (config->template_text.ptr)
        return read_template(transform, config, err);
    if (!config->input_path.ptr)
        return 0;
    transform->kind = PATH;
    return eg_json_path_new(config->input_path, &transform->path, err);
}

int eg_rules_transform_new(const struct eg_rules_transform_config *config,
                           struct eg_rules_transform **ret_transform, struct eg_error *err)
{
    struct eg_rules_transform *transform = eg_calloc(1, sizeof(*transform));
    if (read_config(transform, config, err) != 0) {
        eg_rules_transform_destroy(transform);
        return -1;
    }
    *ret_transform = transform;
    return 0;
}

void eg_rules_transform_destroy(struct eg_rules_transform *transform)
{
    if (!transform)
        return;
    for (size_t i = 0; i < transform->path_count; i++)
        eg_json_path_destroy(transform->paths[i].path);
    eg_json_path_destroy(transform->path);
    eg_rules_template_fini(&transform->template);
    eg_arena_fini(&transform->arena);
    free(transform->paths);
    free(transform);
}

const char *eg_rules_transform_warning(const struct eg_rules_transform *transform)
{
    return transform->warning;
}

struct list_writer {
    const struct eg_json_document *document;
    struct eg_buffer *out;
    bool any;
};

static bool write_element(void *context, eg_json_index index)
{
    struct list_writer *writer = context;
    if (writer->any)
        eg_buffer_append_char(writer->out, ',');
    writer->any = true;
    eg_json_write_one_line(writer->out, eg_json_text(writer->document, index));
    return true;
}

/* What a path finds, as JSON; nothing for nothing. A path with a wildcard finds a list. */
static void write_found(const struct eg_rules_transform_input *input,
                        const struct eg_json_path *path, struct eg_buffer *out)
{
    if (eg_json_path_is_single(path)) {
        eg_json_index found = eg_json_path_first(path, input->document, input->event);
        if (found != EG_JSON_NONE)
            eg_json_write_one_line(out, eg_json_text(input->document, found));
        return;
    }
    struct list_writer writer = {input->document, out, false};
    eg_buffer_append_char(out, '[');
    (void)eg_json_path_each(path, input->document, input->event, write_element, &writer);
    eg_buffer_append_char(out, ']');
}

/* The event without its detail. */
static void write_envelope(const struct eg_rules_transform_input *input, struct eg_buffer *out)
{
    const struct eg_json_document *document = input->document;
    eg_json_index end = eg_json_next(document, input->event);
    bool any = false;
    eg_buffer_append_char(out, '{');
    for (eg_json_index at = input->event + 1; at < end; at = eg_json_next(document, at + 1)) {
        if (eg_span_is(eg_json_string(document, at), "detail"))
            continue;
        if (any)
            eg_buffer_append_char(out, ',');
        any = true;
        eg_buffer_append_span(out, eg_json_text(document, at));
        eg_buffer_append_char(out, ':');
        eg_json_write_one_line(out, eg_json_text(document, at + 1));
    }
    eg_buffer_append_char(out, '}');
}

/* What the placeholder stands for, as JSON; nothing for nothing. */
static void write_value(const struct eg_rules_transform *transform,
                        const struct eg_rules_transform_input *input,
                        const struct eg_rules_piece *piece, struct eg_buffer *out)
{
    switch (piece->variable) {
    case EG_RULES_VARIABLE_PATH:
        write_found(input, transform->paths[piece->path].path, out);
        break;
    case EG_RULES_VARIABLE_RULE_ARN:
        eg_json_write_string(out, input->rule_arn);
        break;
    case EG_RULES_VARIABLE_RULE_NAME:
        eg_json_write_string(out, input->rule_name);
        break;
    case EG_RULES_VARIABLE_INGESTION_TIME:
        eg_json_write_string(out, input->ingestion_time);
        break;
    case EG_RULES_VARIABLE_EVENT:
        write_envelope(input, out);
        break;
    case EG_RULES_VARIABLE_EVENT_JSON:
        eg_json_write_one_line(out, eg_json_text(input->document, input->event));
        break;
    }
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

static int append_quoted(const struct eg_rules_transform *transform,
                         const struct eg_rules_piece *piece, struct eg_span json,
                         struct eg_buffer *out, struct eg_error *err)
{
    if (json.ptr[0] == '"') {
        eg_buffer_append(out, json.ptr + 1, json.len - 2);
        return 0;
    }
    if (json.ptr[0] != '{' && json.ptr[0] != '[') {
        eg_buffer_append_span(out, json);
        return 0;
    }
    if (transform->template.is_json)
        return eg_error_set(err, EG_ERR_INVALID,
                            "the template's <%.*s> became %s inside quotes: take the quotes away",
                            EG_SPAN_ARGS(piece->name), json.ptr[0] == '{' ? "an object" : "a list");
    append_without_quotes(out, json);
    return 0;
}

static void append_characters(struct eg_buffer *out, struct eg_span json)
{
    struct eg_json_document document;
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = json.len;
    struct eg_error err;
    eg_json_document_init(&document);
    if (eg_json_document_parse(&document, json, &limits, &err) == 0)
        eg_buffer_append_span(out, eg_json_string(&document, 0));
    eg_json_document_fini(&document);
}

static int append_value(const struct eg_rules_transform *transform,
                        const struct eg_rules_piece *piece, struct eg_span json,
                        struct eg_buffer *out, struct eg_error *err)
{
    bool is_json = transform->template.is_json;
    if (json.len == 0 && is_json && !piece->quoted)
        eg_buffer_append_text(out, "\"\"");
    if (json.len == 0)
        return 0;
    if (piece->quoted)
        return append_quoted(transform, piece, json, out, err);
    if (is_json && piece->key && json.ptr[0] != '"')
        return eg_error_set(err, EG_ERR_INVALID,
                            "the template's <%.*s> is a member's name and became no string",
                            EG_SPAN_ARGS(piece->name));
    if (!is_json && json.ptr[0] == '"')
        append_characters(out, json);
    else
        eg_buffer_append_span(out, json);
    return 0;
}

static int render_template(const struct eg_rules_transform *transform,
                           const struct eg_rules_transform_input *input, struct eg_buffer *out,
                           struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer value = EG_BUFFER_INIT;
    for (size_t i = 0; i < transform->template.piece_count; i++) {
        const struct eg_rules_piece *piece = &transform->template.pieces[i];
        eg_buffer_append_span(out, piece->literal);
        if (piece->name.len == 0)
            continue;
        eg_buffer_clear(&value);
        write_value(transform, input, piece, &value);
        if (append_value(transform, piece, eg_buffer_span(&value), out, err) != 0)
            return -1;
    }
    return 0;
}

int eg_rules_transform_render(const struct eg_rules_transform *transform,
                              const struct eg_rules_transform_input *input, struct eg_buffer *out,
                              struct eg_error *err)
{
    size_t before = out->len;
    switch (transform->kind) {
    case CONSTANT:
        eg_buffer_append_span(out, transform->constant);
        return 0;
    case PATH:
        write_found(input, transform->path, out);
        if (out->len == before)
            eg_buffer_append_text(out, "null");
        return 0;
    case TEMPLATE:
        return render_template(transform, input, out, err);
    default:
        eg_buffer_append_span(out, eg_json_text(input->document, input->event));
        return 0;
    }
}
