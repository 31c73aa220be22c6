/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character classes. Members are written one by one, each escaped, so that "[:alpha:]", "&&" and
 * the like are what the dialects say they are: characters.
 */
#include "base/span.h"
#include "text/regex_translate.h"
#include "text/utf8.h"

static bool at_end(const struct eg_regex_translator *translator)
{
    return translator->at >= translator->pattern.len;
}

static int read_member(struct eg_regex_translator *translator, struct eg_regex_escape *ret_member)
{
    if (eg_regex_take(translator, "\\"))
        return eg_regex_read_escape(translator, true, ret_member);
    struct eg_span rest = eg_span_of(translator->pattern.ptr + translator->at,
                                     translator->pattern.len - translator->at);
    ret_member->kind = EG_REGEX_ESCAPE_CODE;
    if (!eg_utf8_next(&rest, &ret_member->code))
        return eg_regex_fail_at(translator, translator->at, "not UTF-8");
    translator->at = (size_t)(rest.ptr - translator->pattern.ptr);
    return 0;
}

static void write_member(struct eg_regex_translator *translator,
                         const struct eg_regex_escape *member)
{
    if (member->kind == EG_REGEX_ESCAPE_CODE)
        eg_regex_write_literal(translator, member->code);
    else
        eg_buffer_append_span(&translator->out, member->set);
}

static bool takes_range(struct eg_regex_translator *translator)
{
    if (!eg_regex_peek(translator, 0, '-') || eg_regex_peek(translator, 1, ']') ||
        translator->at + 1 >= translator->pattern.len)
        return false;
    translator->at++;
    return true;
}

/* The second end of a range whose first is read; in ECMA-262 as browsers do, "\w-." is three. */
static int write_range(struct eg_regex_translator *translator, size_t start,
                       const struct eg_regex_escape *low)
{
    struct eg_regex_escape high;
    if (read_member(translator, &high))
        return -1;
    bool is_range = low->kind == EG_REGEX_ESCAPE_CODE && high.kind == EG_REGEX_ESCAPE_CODE;
    if (!is_range && translator->dialect != EG_REGEX_ECMA)
        return eg_regex_fail_at(translator, start, "a set can't be the end of a range");
    if (is_range && low->code > high.code)
        return eg_regex_fail_at(translator, start, "range out of order");
    write_member(translator, low);
    if (is_range)
        eg_buffer_append_char(&translator->out, '-');
    else
        eg_regex_write_literal(translator, '-');
    write_member(translator, &high);
    return 0;
}

static int write_members(struct eg_regex_translator *translator, size_t class_start)
{
    bool first = translator->dialect == EG_REGEX_PYTHON_FULLMATCH; /* "]" first is a member */
    while (first || !eg_regex_peek(translator, 0, ']')) {
        first = false;
        if (at_end(translator))
            return eg_regex_fail_at(translator, class_start, "unterminated character class");
        size_t start = translator->at;
        struct eg_regex_escape member;
        if (read_member(translator, &member))
            return -1;
        if (takes_range(translator)) {
            if (write_range(translator, start, &member))
                return -1;
        } else {
            write_member(translator, &member);
        }
    }
    translator->at++;
    return 0;
}

int eg_regex_class(struct eg_regex_translator *translator)
{
    size_t start = translator->at - 1;
    translator->can_repeat = true;
    bool negated = eg_regex_take(translator, "^");
    if (translator->dialect == EG_REGEX_ECMA && eg_regex_take(translator, "]")) {
        eg_buffer_append_text(&translator->out, negated ? "[\\x00-\\x{10ffff}]" : "(?!)");
        return 0;
    }
    eg_buffer_append_text(&translator->out, negated ? "[^" : "[");
    if (write_members(translator, start))
        return -1;
    eg_buffer_append_char(&translator->out, ']');
    return 0;
}
