/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A path is a short array of steps. Names written with escapes are unescaped once, when compiled,
 * into one block of memory that the path owns and that never moves.
 *
 * Evaluation recurses per step, at most EG_JSON_PATH_MAX_STEPS deep. A compiled path is immutable.
 */
#include "json/path.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "json/escape.h"
#include "json/utf8.h"

enum step_kind {
    STEP_NAME,
    STEP_POSITION,
    STEP_ALL,
};

struct step {
    enum step_kind kind;
    uint32_t position;
    struct eg_span name; /* in the path's `names` */
};

struct eg_json_path {
    uint32_t step_count;
    bool wildcard;
    char *names;
    struct step steps[];
};

struct compiler {
    const char *begin;
    const char *p;
    const char *end;
    char *out; /* end of what `names` holds */
    uint32_t step_count;
    struct step steps[EG_JSON_PATH_MAX_STEPS];
    struct eg_error *err;
};

static int fail(struct compiler *c, const char *what)
{
    return eg_error_set(c->err, EG_ERR_INVALID, "%s at byte %zu of the path", what,
                        (size_t)(c->p - c->begin));
}

static struct step *add_step(struct compiler *c, enum step_kind kind)
{
    if (c->step_count == EG_JSON_PATH_MAX_STEPS) {
        (void)fail(c, "a path has at most 64 steps; one more begins");
        return NULL;
    }
    struct step *step = &c->steps[c->step_count++];
    *step = (struct step){.kind = kind};
    return step;
}

static int add_name(struct compiler *c, const char *begin)
{
    struct step *step = add_step(c, STEP_NAME);
    if (!step)
        return -1;
    step->name = eg_span_of(begin, (size_t)(c->out - begin));
    return 0;
}

static bool plain_name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || (unsigned char)c >= 0x80;
}

/* .name or .* with the dot at c->p */
static int compile_dot(struct compiler *c)
{
    c->p++;
    if (c->p < c->end && *c->p == '*') {
        c->p++;
        return add_step(c, STEP_ALL) ? 0 : -1;
    }
    char *begin = c->out;
    while (c->p < c->end && plain_name_byte(*c->p))
        *c->out++ = *c->p++;
    if (c->out == begin)
        return fail(c, "expected a name or '*' after '.'");
    return add_name(c, begin);
}

/* JSON's escapes and \' */
static int compile_escape(struct compiler *c)
{
    size_t left = (size_t)(c->end - c->p);
    if (left >= 2 && c->p[1] == '\'') {
        *c->out++ = '\'';
        c->p += 2;
        return 0;
    }
    const char *what;
    size_t len = eg_json_unescape(c->p, left, &c->out, &what);
    if (len == 0)
        return fail(c, what);
    c->p += len;
    return 0;
}

/* 'name' or "name" with the quote at c->p */
static int compile_quoted(struct compiler *c)
{
    char quote = *c->p++;
    char *begin = c->out;
    while (c->p < c->end && *c->p != quote) {
        if ((unsigned char)*c->p < ' ')
            return fail(c, "a control character must be escaped");
        if (*c->p != '\\')
            *c->out++ = *c->p++;
        else if (compile_escape(c) != 0)
            return -1;
    }
    if (c->p == c->end)
        return fail(c, "expected the closing quote of a name");
    c->p++;
    return add_name(c, begin);
}

static int compile_position(struct compiler *c)
{
    const char *begin = c->p;
    uint32_t position = 0;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - begin < 9)
        position = position * 10 + (uint32_t)(*c->p++ - '0');
    if (c->p == begin)
        return fail(c, "expected a quoted name, a position from 0, or '*' after '['");
    if (*begin == '0' && c->p - begin > 1)
        return fail(c, "a position has no leading 0; it ends");
    struct step *step = add_step(c, STEP_POSITION);
    if (!step)
        return -1;
    step->position = position;
    return 0;
}

/* [...] with the bracket at c->p */
static int compile_bracket(struct compiler *c)
{
    c->p++;
    int ret;
    if (c->p < c->end && *c->p == '*') {
        c->p++;
        ret = add_step(c, STEP_ALL) ? 0 : -1;
    } else if (c->p < c->end && (*c->p == '\'' || *c->p == '"')) {
        ret = compile_quoted(c);
    } else {
        ret = compile_position(c);
    }
    if (ret != 0)
        return -1;
    if (c->p == c->end || *c->p != ']')
        return fail(c, "expected ']'");
    c->p++;
    return 0;
}

static int check_utf8(struct compiler *c)
{
    while (c->p < c->end) {
        size_t len = eg_json_utf8_sequence(c->p, (size_t)(c->end - c->p));
        if (len == 0)
            return fail(c, "invalid UTF-8");
        c->p += len;
    }
    c->p = c->begin;
    return 0;
}

static int compile(struct compiler *c)
{
    if (check_utf8(c) != 0)
        return -1;
    if (c->p == c->end || *c->p != '$')
        return fail(c, "expected '$'");
    c->p++;
    while (c->p < c->end) {
        if (*c->p != '.' && *c->p != '[')
            return fail(c, "expected '.' or '['");
        if ((*c->p == '.' ? compile_dot(c) : compile_bracket(c)) != 0)
            return -1;
    }
    return 0;
}

static struct eg_json_path *path_of(const struct compiler *c, char *take_names)
{
    size_t steps_bytes = c->step_count * sizeof(struct step);
    struct eg_json_path *path = eg_malloc(sizeof(*path) + steps_bytes);
    path->step_count = c->step_count;
    path->wildcard = false;
    path->names = take_names;
    for (uint32_t i = 0; i < c->step_count; i++) {
        path->steps[i] = c->steps[i];
        path->wildcard |= c->steps[i].kind == STEP_ALL;
    }
    return path;
}

int eg_json_path_new(struct eg_span text, struct eg_json_path **ret_path, struct eg_error *err)
{
    if (text.len > EG_JSON_PATH_MAX_BYTES)
        return eg_error_set(err, EG_ERR_INVALID, "the path has %zu bytes, %d are allowed", text.len,
                            EG_JSON_PATH_MAX_BYTES);
    /* Unescaping never makes a name longer. */
    char *names = eg_malloc(text.len);
    struct compiler c = {
        .begin = text.ptr,
        .p = text.ptr,
        .end = text.len ? text.ptr + text.len : text.ptr,
        .out = names,
        .err = err,
    };
    if (compile(&c) != 0) {
        free(names);
        return -1;
    }
    *ret_path = path_of(&c, names);
    return 0;
}

void eg_json_path_destroy(struct eg_json_path *path)
{
    if (!path)
        return;
    free(path->names);
    free(path);
}

bool eg_json_path_is_single(const struct eg_json_path *path)
{
    return !path->wildcard;
}

struct walk {
    const struct eg_json_path *path;
    const struct eg_json_document *document;
    eg_json_path_visit visit;
    void *context;
    uint32_t matches;
    bool stopped;
};

static void walk_from(struct walk *walk, uint32_t step_index, eg_json_index at);

static void walk_all(struct walk *walk, uint32_t step_index, eg_json_index at, unsigned names)
{
    eg_json_index end = eg_json_next(walk->document, at);
    eg_json_index child = at + 1 + names;
    while (child < end && !walk->stopped) {
        walk_from(walk, step_index, child);
        child = eg_json_next(walk->document, child) + names;
    }
}

/* Takes the steps from `step_index` on; a step that does not fit the value matches nothing. */
static void walk_from(struct walk *walk, uint32_t step_index, eg_json_index at)
{
    if (step_index == walk->path->step_count) {
        walk->matches++;
        walk->stopped = !walk->visit(walk->context, at);
        return;
    }
    const struct step *step = &walk->path->steps[step_index++];
    enum eg_json_kind kind = eg_json_kind(walk->document, at);
    eg_json_index child = EG_JSON_NONE;
    if (step->kind == STEP_ALL && (kind == EG_JSON_ARRAY || kind == EG_JSON_OBJECT))
        walk_all(walk, step_index, at, kind == EG_JSON_OBJECT);
    else if (step->kind == STEP_NAME && kind == EG_JSON_OBJECT)
        child = eg_json_member(walk->document, at, step->name);
    else if (step->kind == STEP_POSITION && kind == EG_JSON_ARRAY)
        child = eg_json_element(walk->document, at, step->position);
    if (child != EG_JSON_NONE)
        walk_from(walk, step_index, child);
}

uint32_t eg_json_path_each(const struct eg_json_path *path, const struct eg_json_document *document,
                           eg_json_index from, eg_json_path_visit visit, void *context)
{
    struct walk walk = {.path = path, .document = document, .visit = visit, .context = context};
    walk_from(&walk, 0, from);
    return walk.matches;
}

uint32_t eg_json_path_each_inside(const struct eg_json_path *path, struct eg_span name,
                                  const struct eg_json_document *document, eg_json_index from,
                                  eg_json_path_visit visit, void *context)
{
    struct walk walk = {.path = path, .document = document, .visit = visit, .context = context};
    const struct step *first = path->steps;
    if (path->step_count == 0)
        walk_from(&walk, 0, from);
    else if (first->kind == STEP_ALL ||
             (first->kind == STEP_NAME && eg_span_equal(first->name, name)))
        walk_from(&walk, 1, from);
    return walk.matches;
}

static bool take_first(void *context, eg_json_index index)
{
    eg_json_index *first = context;
    *first = index;
    return false;
}

eg_json_index eg_json_path_first(const struct eg_json_path *path,
                                 const struct eg_json_document *document, eg_json_index from)
{
    eg_json_index first = EG_JSON_NONE;
    (void)eg_json_path_each(path, document, from, take_first, &first);
    return first;
}
