/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a template's text to its program (template_program.h). Which of EventBridge's two kinds a
 * template is shows when every placeholder is replaced by a string: JSON that is no string by
 * itself is a JSON template, anything else a string template.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "rules/template_program.h"

static bool is_before_colon(struct eg_span text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t' || text.ptr[at] == '\r' ||
                             text.ptr[at] == '\n'))
        at++;
    return at < text.len && text.ptr[at] == ':';
}

static struct eg_rules_piece *add_piece(struct eg_rules_template *template, size_t begin,
                                        size_t end)
{
    template->pieces =
        eg_realloc_array(template->pieces, template->piece_count + 1, sizeof(*template->pieces));
    struct eg_rules_piece *piece = &template->pieces[template->piece_count++];
    *piece = (struct eg_rules_piece){.literal = eg_span_of(template->text.ptr + begin, end - begin),
                                     .name = EG_SPAN_EMPTY};
    return piece;
}

/*
 * How many backslashes stand at `at` before what begins like a placeholder, outside quotes: one
 * makes it text, two are one backslash before the placeholder.
 */
static size_t backslashes(const struct eg_rules_template *template, bool quoted, size_t at)
{
    struct eg_span text = template->text;
    size_t count = 0;
    while (!quoted && count < 2 && at + count < text.len && text.ptr[at + count] == '\\')
        count++;
    at += count;
    return at < text.len && text.ptr[at] == '<' && eg_rules_placeholder_begins(text, at) ? count
                                                                                         : 0;
}

static int add_placeholder(struct eg_rules_template *template,
                           const struct eg_rules_template_options *options, size_t begin, size_t at,
                           bool quoted, size_t *ret_end, struct eg_error *err)
{
    struct eg_rules_piece *piece = add_piece(template, begin, at);
    if (eg_rules_placeholder_read(template, options, at, piece, ret_end, err) != 0)
        return -1;
    piece->quoted = quoted;
    piece->key = !quoted && is_before_colon(template->text, *ret_end);
    return 0;
}

static int take_apart(struct eg_rules_template *template,
                      const struct eg_rules_template_options *options, struct eg_error *err)
{
    struct eg_span text = template->text;
    const bool quotes_count = options->find_form || options->form == EG_RULES_JSON;
    bool quoted = false;
    size_t begin = 0;
    for (size_t at = 0; at < text.len; at++) {
        size_t escape = backslashes(template, quoted, at);
        if (escape > 0) {
            (void)add_piece(template, begin, at + escape - 1);
            begin = at + escape;
            at += 1; /* past the '<', or onto the second backslash */
            continue;
        }
        if (text.ptr[at] == '"')
            quoted = quotes_count && !quoted;
        else if (text.ptr[at] == '\\' && quoted)
            at++;
        if (at >= text.len || text.ptr[at] != '<' || !eg_rules_placeholder_begins(text, at))
            continue;
        if (add_placeholder(template, options, begin, at, quoted, &begin, err) != 0)
            return -1;
        at = begin - 1;
    }
    (void)add_piece(template, begin, text.len);
    return 0;
}

static void write_sample(const struct eg_rules_template *template, struct eg_buffer *out)
{
    for (size_t i = 0; i < template->piece_count; i++) {
        eg_buffer_append_span(out, template->pieces[i].literal);
        if (template->pieces[i].name.len && !template->pieces[i].quoted)
            eg_buffer_append_text(out, "\"\"");
    }
}

static int find_kind(struct eg_rules_template *template,
                     const struct eg_rules_template_options *options, struct eg_error *err)
{
    template->kind = EG_RULES_KIND_TEXT;
    if (!options->find_form && options->form == EG_RULES_TEXT)
        return 0;
    struct eg_span trimmed = eg_span_trim(template->text);
    char first = trimmed.len ? trimmed.ptr[0] : '"';
    EG_AUTOBUFFER struct eg_buffer sample = EG_BUFFER_INIT;
    write_sample(template, &sample);
    struct eg_json_document document;
    eg_json_document_init(&document);
    int rc = eg_json_document_parse(&document, eg_buffer_span(&sample), NULL, err);
    eg_json_document_fini(&document);
    if (rc != 0 && !options->find_form)
        return eg_error_prefix(err, "the template wants to be JSON and is none");
    if (rc != 0 && (first == '{' || first == '['))
        return eg_error_prefix(err, "the template begins like JSON and is none");
    const bool is_json = rc == 0 && (first != '"' || !options->find_form);
    template->kind = is_json ? EG_RULES_KIND_JSON : EG_RULES_KIND_STRING;
    return 0;
}

int eg_rules_template_compile(struct eg_span text, const struct eg_rules_template_options *options,
                              struct eg_rules_template **ret_template, struct eg_error *err)
{
    if (text.len > EG_RULES_MAX_TEXT_BYTES)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "the template is longer than %u bytes",
                            EG_RULES_MAX_TEXT_BYTES);
    struct eg_rules_template *template = eg_calloc(1, sizeof(*template));
    template->text = eg_arena_copy(&template->arena, text);
    if (take_apart(template, options, err) != 0 || find_kind(template, options, err) != 0) {
        eg_rules_template_destroy(template);
        return -1;
    }
    *ret_template = template;
    return 0;
}

int eg_rules_template_new(struct eg_span text, enum eg_rules_form form,
                          struct eg_rules_template **ret_template, struct eg_error *err)
{
    const struct eg_rules_template_options options = {.form = form};
    return eg_rules_template_compile(text, &options, ret_template, err);
}

static void source_fini(struct eg_rules_source *source)
{
    for (size_t i = 0; i < source->call_count; i++)
        eg_regex_destroy(source->calls[i].regex);
    free(source->calls);
    eg_json_path_destroy(source->own_path);
}

void eg_rules_template_destroy(struct eg_rules_template *template)
{
    if (!template)
        return;
    for (size_t i = 0; i < template->piece_count; i++) {
        struct eg_rules_piece *piece = &template->pieces[i];
        for (size_t j = 0; j < piece->source_count; j++)
            source_fini(&piece->sources[j]);
        free(piece->sources);
    }
    free(template->pieces);
    eg_arena_fini(&template->arena);
    free(template);
}

bool eg_rules_template_reads_envelope(const struct eg_rules_template *template)
{
    return template->reads_envelope;
}

bool eg_rules_template_is_constant(const struct eg_rules_template *template)
{
    for (size_t i = 0; i < template->piece_count; i++)
        if (template->pieces[i].name.len)
            return false;
    return true;
}

struct eg_span eg_rules_template_text(const struct eg_rules_template *template)
{
    return template->text;
}
