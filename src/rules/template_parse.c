/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands between '<' and '>':
 *
 *     placeholder := alternative { '||' alternative }
 *     alternative := value { '&&' value }
 *     value       := ( path | name | literal ) { '|' function }
 *     function    := name [ '(' [ literal { ',' literal } ] ')' ]
 *     literal     := string in either quote | number | true | false | null
 *
 * In a string \\ is a backslash and \" and \' are quotes; any other backslash stands for itself, so
 * that a regular expression is written as it is.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "rules/template_program.h"

struct parser {
    struct eg_rules_template *template;
    const struct eg_rules_template_options *options;
    struct eg_span text;
    size_t at;
    bool more; /* the value ended with "||" or "&&" */
    struct eg_error *err;
};

static bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.';
}

static size_t skip_spaces(struct eg_span text, size_t at)
{
    while (at < text.len && (text.ptr[at] == ' ' || text.ptr[at] == '\t' || text.ptr[at] == '\n' ||
                             text.ptr[at] == '\r'))
        at++;
    return at;
}

static char peek(const struct parser *p)
{
    return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static void skip(struct parser *p)
{
    p->at = skip_spaces(p->text, p->at);
}

static bool take(struct parser *p, const char *word)
{
    size_t len = strlen(word);
    if (p->text.len - p->at < len || memcmp(p->text.ptr + p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* Which character of the template a byte is, from 1. */
static size_t character_of(const struct parser *p, size_t at)
{
    size_t count = 1;
    for (size_t i = 0; i < at && i < p->text.len; i++)
        count += ((unsigned char)p->text.ptr[i] & 0xC0u) != 0x80u;
    return count;
}

static int fail(const struct parser *p, size_t at, const char *format, ...) EG_PRINTF(3, 4);

static int fail(const struct parser *p, size_t at, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    return eg_error_set(p->err, EG_ERR_INVALID, "at character %zu of the template: %s",
                        character_of(p, at), text);
}

bool eg_rules_placeholder_begins(struct eg_span text, size_t at)
{
    at++;
    if (at < text.len && text.ptr[at] == '$')
        return at + 1 < text.len && strchr(".[>|& ", text.ptr[at + 1]) != NULL;
    size_t end = at;
    while (end < text.len && is_name_character(text.ptr[end]))
        end++;
    if (end == at)
        return false;
    end = skip_spaces(text, end);
    if (end + 1 < text.len && text.ptr[end] == '&')
        return text.ptr[end + 1] == '&';
    return end < text.len && (text.ptr[end] == '>' || text.ptr[end] == '|');
}

static struct eg_span take_name(struct parser *p)
{
    size_t begin = p->at;
    while (p->at < p->text.len && is_name_character(p->text.ptr[p->at]))
        p->at++;
    return eg_span_of(p->text.ptr + begin, p->at - begin);
}

static int read_string(struct parser *p, struct eg_rules_value *ret_value)
{
    const size_t begin = p->at;
    const char quote = p->text.ptr[p->at++];
    EG_AUTOBUFFER struct eg_buffer characters = EG_BUFFER_INIT;
    for (; p->at < p->text.len && p->text.ptr[p->at] != quote; p->at++) {
        const char *c = p->text.ptr + p->at;
        if (*c == '\\' && p->at + 1 < p->text.len && strchr("\\\"'", c[1])) {
            c++;
            p->at++;
        }
        eg_buffer_append_char(&characters, *c);
    }
    if (p->at == p->text.len)
        return fail(p, begin, "the string that begins here has no end");
    p->at++;
    *ret_value = eg_rules_string(eg_arena_copy(&p->template->arena, eg_buffer_span(&characters)));
    return 0;
}

/* A number, true, false or null: what JSON takes for one. */
static int read_word(struct parser *p, struct eg_rules_argument *ret_argument)
{
    const size_t begin = p->at;
    while (p->at < p->text.len && (is_name_character(p->text.ptr[p->at]) || peek(p) == '+'))
        p->at++;
    struct eg_span word = eg_span_of(p->text.ptr + begin, p->at - begin);
    struct eg_json_document document;
    struct eg_error ignored;
    eg_json_document_init(&document);
    int rc = eg_json_document_parse(&document, word, NULL, &ignored);
    enum eg_json_kind kind = rc == 0 ? eg_json_kind(&document, 0) : EG_JSON_OBJECT;
    if (kind == EG_JSON_NUMBER && !eg_json_int64(&document, 0, &ret_argument->number))
        ret_argument->number = INT64_MIN;
    eg_json_document_fini(&document);
    if (kind > EG_JSON_NUMBER)
        return fail(p, begin, "expected a string in quotes, a number, true, false or null");
    ret_argument->value = (struct eg_rules_value){
        kind == EG_JSON_NULL ? EG_RULES_NULL : EG_RULES_SCALAR, word, {NULL, 0}};
    return 0;
}

static int read_literal(struct parser *p, struct eg_rules_argument *ret_argument)
{
    *ret_argument = (struct eg_rules_argument){.number = INT64_MIN};
    if (peek(p) == '"' || peek(p) == '\'')
        return read_string(p, &ret_argument->value);
    return read_word(p, ret_argument);
}

/* Beyond the path that begins at `at`: up to a space, '|', "&&" or '>' outside its brackets. */
static size_t path_end(struct eg_span text, size_t at)
{
    char quote = '\0';
    bool bracket = false;
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (quote) {
            at += c == '\\';
            quote = c == quote ? '\0' : quote;
        } else if (bracket) {
            quote = c == '"' || c == '\'' ? c : '\0';
            bracket = c != ']';
        } else if (c == '[') {
            bracket = true;
        } else if (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '|' || c == '>' ||
                   (c == '&' && at + 1 < text.len && text.ptr[at + 1] == '&')) {
            break;
        }
    }
    return at < text.len ? at : text.len;
}

/* The path as the document has it: without $.detail when the document is the detail. */
static int localize(struct parser *p, size_t begin, struct eg_span *path)
{
    static const char prefix[] = "$.detail";
    const size_t len = sizeof(prefix) - 1;
    if (!p->options->detail_only)
        return 0;
    if (path->len < len || memcmp(path->ptr, prefix, len) != 0 ||
        (path->len > len && path->ptr[len] != '.' && path->ptr[len] != '['))
        return fail(p, begin, "<%.*s>: only $.detail and what is in it is known here",
                    EG_SPAN_ARGS(*path));
    *path = eg_arena_printf(&p->template->arena, "$%.*s", (int)(path->len - len), path->ptr + len);
    return 0;
}

static int read_path(struct parser *p, struct eg_rules_source *source)
{
    const size_t begin = p->at;
    p->at = path_end(p->text, begin);
    struct eg_span path = eg_span_of(p->text.ptr + begin, p->at - begin);
    if (localize(p, begin, &path) != 0)
        return -1;
    struct eg_error why;
    if (eg_json_path_new(path, &source->own_path, &why) != 0)
        return fail(p, begin, "the path %.*s: %s", EG_SPAN_ARGS(path), why.message);
    source->kind = EG_RULES_SOURCE_PATH;
    source->path = source->own_path;
    source->is_container = !eg_json_path_is_single(source->path) || eg_span_is(path, "$");
    p->template->reads_envelope = true;
    return 0;
}

static int unknown_name(const struct parser *p, size_t begin, struct eg_span name)
{
    const char *near = eg_rules_variable_near(name);
    for (size_t i = 0; i < p->options->path_count && !near; i++) {
        struct eg_span known = p->options->paths[i].name;
        const char *const candidate[] = {known.ptr};
        EG_AUTOFREE char *word = eg_span_dup(name);
        near = eg_config_nearest(word, candidate, 1);
    }
    return fail(p, begin, "<%.*s> is no name of a path and no variable%s%s%s", EG_SPAN_ARGS(name),
                near ? "; did you mean <" : "", near ? near : "", near ? ">?" : "");
}

static bool find_path(const struct parser *p, struct eg_span name, struct eg_rules_source *source)
{
    for (size_t i = 0; i < p->options->path_count; i++) {
        const struct eg_rules_named_path *named = &p->options->paths[i];
        if (!eg_span_equal(named->name, name))
            continue;
        source->kind = EG_RULES_SOURCE_PATH;
        source->path = named->path;
        source->is_container = named->is_container;
        p->template->reads_envelope = true;
        return true;
    }
    return false;
}

static int read_name(struct parser *p, struct eg_rules_source *source)
{
    static const size_t prefix = sizeof(EG_RULES_ATTRIBUTE_PREFIX) - 1;
    const size_t begin = p->at;
    struct eg_span name = take_name(p);
    if (find_path(p, name, source))
        return 0;
    if (name.len > prefix && memcmp(name.ptr, EG_RULES_ATTRIBUTE_PREFIX, prefix) == 0) {
        source->kind = EG_RULES_SOURCE_ATTRIBUTE;
        source->attribute = eg_span_of(name.ptr + prefix, name.len - prefix);
        return 0;
    }
    source->variable = eg_rules_variable_find(name);
    if (!source->variable || (p->options->detail_only && source->variable->reads_envelope))
        return unknown_name(p, begin, name);
    source->kind = EG_RULES_SOURCE_VARIABLE;
    source->is_container = source->variable->is_container;
    p->template->reads_envelope |= source->variable->reads_envelope;
    return 0;
}

static bool is_literal(const struct parser *p)
{
    char c = peek(p);
    struct eg_span rest = eg_span_of(p->text.ptr + p->at, p->text.len - p->at);
    if (c == '"' || c == '\'' || c == '-' || (c >= '0' && c <= '9'))
        return true;
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(words); i++) {
        size_t len = strlen(words[i]);
        if (rest.len > len && memcmp(rest.ptr, words[i], len) == 0 &&
            !is_name_character(rest.ptr[len]))
            return true;
    }
    return false;
}

static int read_source(struct parser *p, bool first, struct eg_rules_source *source)
{
    if (peek(p) == '$')
        return read_path(p, source);
    if (!first && is_literal(p)) {
        struct eg_rules_argument argument;
        source->kind = EG_RULES_SOURCE_LITERAL;
        if (read_literal(p, &argument) != 0)
            return -1;
        source->literal = argument.value;
        return 0;
    }
    if (!is_name_character(peek(p)))
        return fail(p, p->at, "expected a path, a variable%s", first ? "" : ", or a literal");
    return read_name(p, source);
}

static bool fits(const struct eg_rules_argument *argument, char letter)
{
    switch (letter) {
    case 's':
        return argument->value.kind == EG_RULES_STRING;
    case 'n':
        return argument->value.kind == EG_RULES_SCALAR && argument->number != INT64_MIN;
    default:
        return true;
    }
}

static int check_arguments(struct parser *p, size_t begin, const struct eg_rules_call *call)
{
    static const char *const kinds[] = {['s'] = "a string in quotes", ['n'] = "a whole number"};
    const char *letters = call->function->arguments;
    bool optional = false;
    size_t i = 0;
    for (; *letters; letters++) {
        if (*letters == '?') {
            optional = true;
            continue;
        }
        if (i == call->argument_count && optional)
            return 0;
        if (i == call->argument_count)
            return fail(p, begin, "%s() wants %s argument", call->function->name,
                        i ? "one more" : "an");
        if (!fits(&call->arguments[i], *letters))
            return fail(p, begin, "%s(): argument %zu is not %s", call->function->name, i + 1,
                        kinds[(unsigned char)*letters]);
        i++;
    }
    return i == call->argument_count ? 0
                                     : fail(p, begin, "%s() takes %s", call->function->name,
                                            i == 0 ? "no argument" : "fewer arguments");
}

static int read_arguments(struct parser *p, struct eg_rules_call *call)
{
    if (!take(p, "("))
        return 0;
    skip(p);
    while (!take(p, ")")) {
        if (call->argument_count == EG_RULES_MAX_ARGUMENTS)
            return fail(p, p->at, "%s() takes fewer arguments", call->function->name);
        if (read_literal(p, &call->arguments[call->argument_count++]) != 0)
            return -1;
        skip(p);
        bool comma = take(p, ",");
        skip(p);
        if (comma == (peek(p) == ')'))
            return fail(p, p->at, "expected %s", comma ? "an argument" : "',' or ')'");
    }
    return 0;
}

static int read_call(struct parser *p, struct eg_rules_source *source)
{
    const size_t begin = p->at;
    struct eg_span name = take_name(p);
    const char *near;
    if (source->call_count == EG_RULES_MAX_CALLS)
        return fail(p, begin, "more than %d functions one after another", EG_RULES_MAX_CALLS);
    const struct eg_rules_function *function = eg_rules_function_find(name, &near);
    if (!function)
        return fail(p, begin, "there is no function '%.*s'%s%s%s", EG_SPAN_ARGS(name),
                    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    source->calls = eg_realloc_array(source->calls, source->call_count + 1, sizeof(*source->calls));
    struct eg_rules_call *call = &source->calls[source->call_count++];
    *call = (struct eg_rules_call){.function = function};
    if (read_arguments(p, call) != 0 || check_arguments(p, begin, call) != 0)
        return -1;
    struct eg_error why;
    if (function->prepare && function->prepare(call, &why) != 0)
        return fail(p, begin, "%s(): %s", function->name, why.message);
    return 0;
}

/* What joins the value to the next one. */
static bool take_joint(struct parser *p, struct eg_rules_source *source)
{
    source->is_condition = take(p, "&&");
    return source->is_condition || take(p, "||");
}

static int read_value(struct parser *p, struct eg_rules_piece *piece)
{
    if (piece->source_count == EG_RULES_MAX_ALTERNATIVES)
        return fail(p, p->at, "more than %d alternatives", EG_RULES_MAX_ALTERNATIVES);
    piece->sources =
        eg_realloc_array(piece->sources, piece->source_count + 1, sizeof(*piece->sources));
    struct eg_rules_source *source = &piece->sources[piece->source_count++];
    *source = (struct eg_rules_source){.literal = {.kind = EG_RULES_NOTHING}};
    skip(p);
    if (read_source(p, piece->source_count == 1, source) != 0)
        return -1;
    for (skip(p); !(p->more = take_joint(p, source)) && take(p, "|"); skip(p)) {
        skip(p);
        if (read_call(p, source) != 0)
            return -1;
    }
    return 0;
}

int eg_rules_placeholder_read(struct eg_rules_template *template,
                              const struct eg_rules_template_options *options, size_t at,
                              struct eg_rules_piece *piece, size_t *ret_end, struct eg_error *err)
{
    struct parser parser = {template, options, template->text, at + 1, false, err};
    do {
        if (read_value(&parser, piece) != 0)
            return -1;
    } while (parser.more);
    if (peek(&parser) != '>')
        return fail(&parser, parser.at, "expected '|', '||', '&&' or the '>' of the placeholder");
    piece->name = eg_span_of(template->text.ptr + at + 1, parser.at - at - 1);
    *ret_end = parser.at + 1;
    return 0;
}
