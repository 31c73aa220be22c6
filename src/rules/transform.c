/* SPDX-License-Identifier: Apache-2.0 */
/* See transform.h. The template is one of template_program.h; a path and a constant are templates
   of their own kind. */
#include "rules/transform.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/template_program.h"
#include "json/compact.h"

enum kind { AS_IT_IS, CONSTANT, PATH, TEMPLATE };

struct eg_rules_transform {
    enum kind kind;
    struct eg_arena arena; /* the texts */
    struct eg_span constant;
    struct eg_json_path *path;
    struct eg_rules_named_path *paths;
    size_t path_count;
    struct eg_rules_template *template;
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

/* The last alternative may be anything; a function makes a string of it. */
static bool becomes_container(const struct eg_rules_piece *piece)
{
    for (size_t i = 0; i < piece->source_count; i++)
        if (!piece->sources[i].is_container || piece->sources[i].call_count > 0)
            return false;
    return piece->source_count > 0;
}

static void find_warning(struct eg_rules_transform *transform)
{
    const struct eg_rules_template *template = transform->template;
    for (size_t i = 0; template->kind == EG_RULES_KIND_JSON && i < template->piece_count; i++) {
        const struct eg_rules_piece *piece = &template->pieces[i];
        if (!becomes_container(piece) || (!piece->quoted && !piece->key))
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
    const struct eg_rules_template_options options = {
        .find_form = true, .paths = transform->paths, .path_count = transform->path_count};
    if (eg_rules_template_compile(config->template_text, &options, &transform->template, err) != 0)
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
    eg_rules_template_destroy(transform->template);
    eg_arena_fini(&transform->arena);
    free(transform->paths);
    free(transform);
}

const char *eg_rules_transform_warning(const struct eg_rules_transform *transform)
{
    return transform->warning;
}

bool eg_rules_transform_reads_envelope(const struct eg_rules_transform *transform)
{
    if (transform->kind == TEMPLATE)
        return eg_rules_template_reads_envelope(transform->template);
    return transform->kind != CONSTANT;
}

/* What the path finds, as JSON; null when it finds nothing. */
static void render_path(const struct eg_rules_transform *transform,
                        const struct eg_rules_template_input *input, struct eg_buffer *out)
{
    const struct eg_rules_source source = {.kind = EG_RULES_SOURCE_PATH, .path = transform->path};
    struct eg_rules_work work = {.input = input, .is_json = true};
    struct eg_rules_value value;
    eg_rules_source_get(&source, &work, &value);
    if (value.kind == EG_RULES_NOTHING)
        eg_buffer_append_text(out, "null");
    else
        eg_buffer_append_span(out, value.json.ptr ? value.json : value.text);
    eg_buffer_fini(&work.buffers[0]);
    eg_buffer_fini(&work.buffers[1]);
}

int eg_rules_transform_render(const struct eg_rules_transform *transform,
                              const struct eg_rules_template_input *input, struct eg_buffer *out,
                              struct eg_error *err)
{
    switch (transform->kind) {
    case CONSTANT:
        eg_buffer_append_span(out, transform->constant);
        return 0;
    case PATH:
        render_path(transform, input, out);
        return 0;
    case TEMPLATE:
        return eg_rules_template_render(transform->template, input, out, err);
    default:
        if (!input->document)
            return eg_error_set(err, EG_ERR_INVALID, "there is no event to hand on");
        eg_buffer_append_span(out, eg_json_text(input->document, input->root));
        return 0;
    }
}
