/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups. Names never reach PCRE2, whose idea of a name differs from both dialects': a group is
 * written by number, and a first scan finds which number a name has, so that a reference may stand
 * before its group.
 */
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "text/regex_translate.h"
#include "text/utf8.h"

static bool is_name_code(uint32_t code, bool first)
{
    bool letter = (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z');
    return letter || code == '_' || code == '$' || code > 0x7f ||
           (!first && code >= '0' && code <= '9');
}

/* A name at `at`, up to `close`, which is taken too. */
static int read_name(struct eg_regex_translator *translator, char close, struct eg_span *ret_name)
{
    size_t start = translator->at;
    struct eg_span rest =
        eg_span_of(translator->pattern.ptr + start, translator->pattern.len - start);
    uint32_t code = 0;
    while (eg_utf8_next(&rest, &code) && code != (uint32_t)close) {
        if (!is_name_code(code, translator->at == start))
            return eg_regex_fail_at(translator, translator->at, "invalid group name");
        translator->at = (size_t)(rest.ptr - translator->pattern.ptr);
    }
    if (code != (uint32_t)close || translator->at == start)
        return eg_regex_fail_at(translator, start, "invalid group name");
    *ret_name = eg_span_of(translator->pattern.ptr + start, translator->at - start);
    translator->at++;
    return 0;
}

static const struct eg_regex_name *find_name(const struct eg_regex_translator *translator,
                                             struct eg_span name)
{
    for (unsigned i = 0; i < translator->name_count; i++)
        if (eg_span_equal(translator->names[i].name, name))
            return &translator->names[i];
    return NULL;
}

/* Is there "(?<name>" or "(?P<name>" at `at`? Takes it up to the "<". */
static bool take_named(struct eg_regex_translator *translator)
{
    if (translator->dialect != EG_REGEX_ECMA)
        return eg_regex_take(translator, "(?P<");
    bool lookbehind = eg_regex_peek(translator, 3, '=') || eg_regex_peek(translator, 3, '!');
    return !lookbehind && eg_regex_take(translator, "(?<");
}

static int scan_group(struct eg_regex_translator *translator)
{
    bool named = take_named(translator);
    if (!named) {
        translator->at++;
        if (eg_regex_peek(translator, 0, '?'))
            return 0;
    }
    if (++translator->group_count >= EG_REGEX_MAX_GROUPS)
        return eg_regex_fail_at(translator, translator->at, "too many groups");
    struct eg_span name;
    if (!named)
        return 0;
    size_t start = translator->at;
    if (read_name(translator, '>', &name))
        return -1;
    if (find_name(translator, name))
        return eg_regex_fail_at(translator, start, "group name used twice");
    translator->names[translator->name_count++] =
        (struct eg_regex_name){name, translator->group_count};
    return 0;
}

/* To behind the "]"; in Python a "]" right after "[" or "[^" is a member. */
static void skip_class(struct eg_regex_translator *translator)
{
    translator->at++;
    (void)eg_regex_take(translator, "^");
    if (translator->dialect != EG_REGEX_ECMA)
        (void)eg_regex_take(translator, "]");
    while (translator->at < translator->pattern.len && !eg_regex_peek(translator, 0, ']'))
        translator->at += eg_regex_peek(translator, 0, '\\') ? 2 : 1;
    translator->at++;
}

static void skip_comment(struct eg_regex_translator *translator)
{
    while (translator->at < translator->pattern.len && !eg_regex_peek(translator, 0, ')'))
        translator->at++;
}

int eg_regex_scan_groups(struct eg_regex_translator *translator)
{
    bool python = translator->dialect == EG_REGEX_PYTHON_FULLMATCH;
    while (translator->at < translator->pattern.len) {
        char c = translator->pattern.ptr[translator->at];
        if (c == '[') {
            skip_class(translator);
        } else if (python && eg_regex_take(translator, "(?#")) {
            skip_comment(translator);
        } else if (c == '(') {
            if (scan_group(translator))
                return -1;
        } else {
            translator->at += c == '\\' ? 2 : 1;
        }
    }
    translator->at = 0;
    return 0;
}

bool eg_regex_may_refer(const struct eg_regex_translator *translator, unsigned group)
{
    bool ecma = translator->dialect == EG_REGEX_ECMA;
    return group > 0 && group <= (ecma ? translator->group_count : translator->groups_open);
}

int eg_regex_read_reference(struct eg_regex_translator *translator, char close, unsigned *ret_group)
{
    size_t start = translator->at;
    struct eg_span name;
    if (read_name(translator, close, &name))
        return -1;
    const struct eg_regex_name *found = find_name(translator, name);
    if (!found)
        return eg_regex_fail_at(translator, start, "reference to a group that is not there");
    *ret_group = found->group;
    return 0;
}

static int push(struct eg_regex_translator *translator, const char *opening, bool can_repeat)
{
    if (translator->depth == EG_REGEX_MAX_DEPTH)
        return eg_regex_fail_at(translator, translator->at, "groups nested too deep");
    translator->group_repeats[translator->depth++] = can_repeat;
    translator->can_repeat = false;
    eg_buffer_append_text(&translator->out, opening);
    eg_regex_write_callout(translator);
    return 0;
}

static int push_capture(struct eg_regex_translator *translator)
{
    translator->groups_open++;
    return push(translator, "(", true);
}

static const struct {
    const char *text; /* after "(" */
    bool ecma;
    bool python;
    bool ecma_repeats; /* may a quantifier follow the group? In Python always. */
} openings[] = {
    {"?:", true, true, true},   {"?=", true, true, false},  {"?!", true, true, false},
    {"?<=", true, true, false}, {"?<!", true, true, false}, {"?>", false, true, false},
};

/* After "(?P=" : a back reference that looks like a group. */
static int python_reference(struct eg_regex_translator *translator)
{
    unsigned group;
    size_t start = translator->at;
    if (eg_regex_read_reference(translator, ')', &group))
        return -1;
    if (!eg_regex_may_refer(translator, group))
        return eg_regex_fail_at(translator, start, "reference to a group that is not there yet");
    translator->has_backreference = true;
    eg_buffer_printf(&translator->out, "\\g{%u}", group);
    translator->can_repeat = true;
    return 0;
}

/* After "(?(" : by number or name. */
static int python_condition(struct eg_regex_translator *translator)
{
    size_t start = translator->at;
    unsigned group = 0;
    for (; translator->at < translator->pattern.len; translator->at++) {
        char c = translator->pattern.ptr[translator->at];
        if (c < '0' || c > '9' || group > EG_REGEX_MAX_GROUPS)
            break;
        group = group * 10 + (unsigned)(c - '0');
    }
    if (translator->at == start) {
        if (eg_regex_read_reference(translator, ')', &group))
            return -1;
    } else if (!eg_regex_take(translator, ")")) {
        return eg_regex_fail_at(translator, start, "invalid group in a condition");
    }
    if (group == 0 || group > translator->group_count)
        return eg_regex_fail_at(translator, start, "reference to a group that is not there");
    translator->has_backreference = true;
    char opening[32];
    (void)snprintf(opening, sizeof(opening), "(?(%u)", group);
    return push(translator, opening, true);
}

static void read_flags(struct eg_regex_translator *translator, const char *allowed,
                       struct eg_buffer *out)
{
    for (; translator->at < translator->pattern.len; translator->at++) {
        char c = translator->pattern.ptr[translator->at];
        if (c == '\0' || !strchr(allowed, c))
            return;
        if (c != 'u')
            eg_buffer_append_char(out, c);
    }
}

/* After "(?": "(?i)" at the very start, "(?i-s:...)" anywhere. */
static int python_flags(struct eg_regex_translator *translator)
{
    size_t start = translator->at;
    EG_AUTOBUFFER struct eg_buffer opening = EG_BUFFER_INIT;
    eg_buffer_append_text(&opening, "(?");
    read_flags(translator, "imsu", &opening);
    if (start == 2 && translator->at > start && eg_regex_take(translator, ")")) {
        eg_buffer_append_char(&opening, ')');
        eg_buffer_append_span(&translator->out, eg_buffer_span(&opening));
        return 0;
    }
    if (eg_regex_take(translator, "-")) {
        eg_buffer_append_char(&opening, '-');
        read_flags(translator, "ims", &opening);
    }
    if (translator->at == start || !eg_regex_take(translator, ":"))
        return eg_regex_fail_at(translator, start, "unknown or unsupported group");
    eg_buffer_append_char(&opening, ':');
    return push(translator, opening.data, true);
}

static int open_python(struct eg_regex_translator *translator)
{
    if (eg_regex_take(translator, "?P="))
        return python_reference(translator);
    if (eg_regex_take(translator, "?("))
        return python_condition(translator);
    if (eg_regex_take(translator, "?#")) {
        skip_comment(translator);
        if (!eg_regex_take(translator, ")"))
            return eg_regex_fail_at(translator, translator->at, "unterminated comment");
        return 0;
    }
    translator->at++;
    return python_flags(translator);
}

int eg_regex_open_group(struct eg_regex_translator *translator)
{
    bool ecma = translator->dialect == EG_REGEX_ECMA;
    size_t start = translator->at;
    if (!eg_regex_peek(translator, 0, '?'))
        return push_capture(translator);
    for (size_t i = 0; i < EG_ARRAY_COUNT(openings); i++) {
        bool known = ecma ? openings[i].ecma : openings[i].python;
        char written[8];
        if (!known || !eg_regex_take(translator, openings[i].text))
            continue;
        (void)snprintf(written, sizeof(written), "(%s", openings[i].text);
        return push(translator, written, !ecma || openings[i].ecma_repeats);
    }
    if (eg_regex_take(translator, ecma ? "?<" : "?P<")) {
        struct eg_span name;
        return read_name(translator, '>', &name) ? -1 : push_capture(translator);
    }
    if (!ecma)
        return open_python(translator);
    return eg_regex_fail_at(translator, start, "unknown group");
}
