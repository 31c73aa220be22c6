/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See template.h. Which of AWS's two kinds a template is shows when every placeholder is replaced
 * by a string: JSON that is no string by itself is a JSON template, anything else a string
 * template.
 */
#include "rules/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

static const struct {
    const char *name;
    enum eg_rules_variable variable;
} predefined[] = {
    {"aws.events.rule-arn", EG_RULES_VARIABLE_RULE_ARN},
    {"aws.events.rule-name", EG_RULES_VARIABLE_RULE_NAME},
    {"aws.events.event.ingestion-time", EG_RULES_VARIABLE_INGESTION_TIME},
    {"aws.events.event", EG_RULES_VARIABLE_EVENT},
    {"aws.events.event.json", EG_RULES_VARIABLE_EVENT_JSON},
};

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

/* The name of the placeholder that begins at `at`; empty: it is only a '<'. */
static struct eg_span placeholder_at(struct eg_span text, size_t at)
{
    size_t end = at + 1;
    while (end < text.len && is_name_character(text.ptr[end]))
        end++;
    if (end == at + 1 || end == text.len || text.ptr[end] != '>')
        return EG_SPAN_EMPTY;
    return eg_span_of(text.ptr + at + 1, end - at - 1);
}

static int resolve(struct eg_rules_piece *piece, const struct eg_rules_named_path *paths,
                   size_t path_count, struct eg_error *err)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(predefined); i++) {
        if (eg_span_is(piece->name, predefined[i].name)) {
            piece->variable = predefined[i].variable;
            return 0;
        }
    }
    for (size_t i = 0; i < path_count; i++) {
        if (eg_span_equal(piece->name, paths[i].name)) {
            piece->variable = EG_RULES_VARIABLE_PATH;
            piece->path = (uint32_t)i;
            return 0;
        }
    }
    return eg_error_set(err, EG_ERR_INVALID,
                        "the template's <%.*s> is no name of the input paths and not predefined",
                        EG_SPAN_ARGS(piece->name));
}

static bool is_before_colon(struct eg_span text, size_t at)
{
    while (at < text.len && strchr(" \t\r\n", text.ptr[at]))
        at++;
    return at < text.len && text.ptr[at] == ':';
}

static struct eg_rules_piece *add_piece(struct eg_rules_template *template, struct eg_span literal)
{
    template->pieces =
        eg_realloc_array(template->pieces, template->piece_count + 1, sizeof(*template->pieces));
    struct eg_rules_piece *piece = &template->pieces[template->piece_count++];
    *piece = (struct eg_rules_piece){.literal = literal, .name = EG_SPAN_EMPTY};
    return piece;
}

static int take_apart(struct eg_rules_template *template, struct eg_span text,
                      const struct eg_rules_named_path *paths, size_t path_count,
                      struct eg_error *err)
{
    bool quoted = false;
    size_t begin = 0;
    for (size_t at = 0; at < text.len; at++) {
        if (text.ptr[at] == '"')
            quoted = !quoted;
        else if (text.ptr[at] == '\\' && quoted)
            at++;
        if (at >= text.len || text.ptr[at] != '<')
            continue;
        struct eg_span name = placeholder_at(text, at);
        if (name.len == 0)
            continue;
        struct eg_rules_piece *piece =
            add_piece(template, eg_span_of(text.ptr + begin, at - begin));
        piece->name = name;
        piece->quoted = quoted;
        begin = at + name.len + 2;
        piece->key = !quoted && is_before_colon(text, begin);
        if (resolve(piece, paths, path_count, err) != 0)
            return -1;
        at = begin - 1;
    }
    (void)add_piece(template, eg_span_of(text.ptr + begin, text.len - begin));
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

static int find_kind(struct eg_rules_template *template, struct eg_span text, struct eg_error *err)
{
    struct eg_span trimmed = eg_span_trim(text);
    char first = trimmed.len ? trimmed.ptr[0] : '"';
    EG_AUTOBUFFER struct eg_buffer sample = EG_BUFFER_INIT;
    write_sample(template, &sample);
    struct eg_json_document document;
    eg_json_document_init(&document);
    int rc = eg_json_document_parse(&document, eg_buffer_span(&sample), NULL, err);
    eg_json_document_fini(&document);
    template->is_json = rc == 0 && first != '"';
    if (rc != 0 && (first == '{' || first == '['))
        return eg_error_prefix(err, "the template begins like JSON and is none");
    return 0;
}

int eg_rules_template_read(struct eg_rules_template *template, struct eg_span text,
                           const struct eg_rules_named_path *paths, size_t path_count,
                           struct eg_error *err)
{
    *template = (struct eg_rules_template){0};
    if (take_apart(template, text, paths, path_count, err) == 0 &&
        find_kind(template, text, err) == 0)
        return 0;
    eg_rules_template_fini(template);
    return -1;
}

void eg_rules_template_fini(struct eg_rules_template *template)
{
    free(template->pieces);
    *template = (struct eg_rules_template){0};
}
