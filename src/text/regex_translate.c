/* SPDX-License-Identifier: Apache-2.0 */
/* The grammar around classes, escapes and groups: alternatives, assertions, quantifiers. */
#include "text/regex_translate.h"

#include <limits.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "text/utf8.h"

int(eg_regex_fail_at)(struct eg_regex_translator *translator, size_t offset, const char *reason)
{
    return eg_error_set(translator->err, EG_ERR_INVALID, "%s at offset %zu", reason, offset);
}

bool eg_regex_peek(const struct eg_regex_translator *translator, size_t ahead, char byte)
{
    size_t at = translator->at + ahead;
    return at < translator->pattern.len && translator->pattern.ptr[at] == byte;
}

bool eg_regex_take(struct eg_regex_translator *translator, const char *literal)
{
    size_t len = strlen(literal);
    if (translator->at > translator->pattern.len ||
        len > translator->pattern.len - translator->at ||
        memcmp(translator->pattern.ptr + translator->at, literal, len) != 0)
        return false;
    translator->at += len;
    return true;
}

void eg_regex_write_callout(struct eg_regex_translator *translator)
{
    if (translator->counted)
        eg_buffer_append_text(&translator->out, "(?C)");
}

static bool is_alphanumeric(uint32_t code)
{
    return (code >= '0' && code <= '9') || (code >= 'a' && code <= 'z') ||
           (code >= 'A' && code <= 'Z');
}

void eg_regex_write_literal(struct eg_regex_translator *translator, uint32_t code)
{
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    if (is_alphanumeric(code))
        eg_buffer_append_char(&translator->out, (char)code);
    else if (code < 0x80 || surrogate)
        eg_buffer_printf(&translator->out, "\\x{%x}", (unsigned)code);
    else
        eg_utf8_append(&translator->out, code);
}

static bool is_repeatable(struct eg_regex_translator *translator)
{
    bool can_repeat = translator->can_repeat;
    translator->can_repeat = false;
    return can_repeat;
}

/* After a quantifier: lazy, or in Python possessive. */
static void write_quantifier_suffix(struct eg_regex_translator *translator)
{
    bool python = translator->dialect == EG_REGEX_PYTHON_FULLMATCH;
    if (eg_regex_take(translator, "?"))
        eg_buffer_append_char(&translator->out, '?');
    else if (python && eg_regex_take(translator, "+"))
        eg_buffer_append_char(&translator->out, '+');
    eg_regex_write_callout(translator);
}

static int write_simple_quantifier(struct eg_regex_translator *translator, char quantifier)
{
    if (!is_repeatable(translator))
        return eg_regex_fail_at(translator, translator->at - 1, "nothing to repeat");
    eg_buffer_append_char(&translator->out, quantifier);
    write_quantifier_suffix(translator);
    return 0;
}

/* Digits at *at; UINT_MAX when there are more than fit PCRE2. False: none. */
static bool read_count(const struct eg_regex_translator *translator, size_t *at,
                       unsigned *ret_count)
{
    size_t start = *at;
    unsigned count = 0;
    for (; *at < translator->pattern.len; (*at)++) {
        char c = translator->pattern.ptr[*at];
        if (c < '0' || c > '9')
            break;
        count = count > UINT16_MAX ? UINT_MAX : count * 10 + (unsigned)(c - '0');
    }
    *ret_count = count;
    return *at > start;
}

struct repeat {
    unsigned low;
    unsigned high;
    bool has_high; /* {n} and {n,m}, not {n,} */
};

/* After "{": is it a quantifier? Then `at` is behind its "}". */
static bool take_repeat(struct eg_regex_translator *translator, struct repeat *ret_repeat)
{
    bool python = translator->dialect == EG_REGEX_PYTHON_FULLMATCH;
    struct repeat repeat = {0, 0, true};
    size_t at = translator->at;
    bool has_low = read_count(translator, &at, &repeat.low);
    repeat.high = repeat.low;
    bool has_comma = at < translator->pattern.len && translator->pattern.ptr[at] == ',';
    if (has_comma) {
        at++;
        repeat.has_high = read_count(translator, &at, &repeat.high);
    }
    if (!has_low && !(python && has_comma))
        return false;
    if (at >= translator->pattern.len || translator->pattern.ptr[at] != '}')
        return false;
    translator->at = at + 1;
    *ret_repeat = repeat;
    return true;
}

/* After "{". One that opens no quantifier stands for itself, as browsers and Python have it. */
static int write_brace(struct eg_regex_translator *translator)
{
    size_t start = translator->at - 1;
    struct repeat repeat;
    if (!take_repeat(translator, &repeat)) {
        eg_regex_write_literal(translator, '{');
        translator->can_repeat = true;
        return 0;
    }
    if (!is_repeatable(translator))
        return eg_regex_fail_at(translator, start, "nothing to repeat");
    if (repeat.has_high && repeat.low > repeat.high)
        return eg_regex_fail_at(translator, start, "repeat counts out of order");
    if (repeat.low > UINT16_MAX || (repeat.has_high && repeat.high > UINT16_MAX))
        return eg_regex_fail_at(translator, start, "repeat count over 65535");
    if (repeat.low > translator->longest_run)
        translator->longest_run = repeat.low;
    eg_buffer_printf(&translator->out, "{%u,", repeat.low);
    if (repeat.has_high)
        eg_buffer_printf(&translator->out, "%u", repeat.high);
    eg_buffer_append_char(&translator->out, '}');
    write_quantifier_suffix(translator);
    return 0;
}

static int write_escape(struct eg_regex_translator *translator)
{
    struct eg_regex_escape escape;
    if (eg_regex_read_escape(translator, false, &escape))
        return -1;
    translator->can_repeat = escape.can_repeat;
    if (escape.kind == EG_REGEX_ESCAPE_CODE)
        eg_regex_write_literal(translator, escape.code);
    else if (escape.kind == EG_REGEX_ESCAPE_OTHER)
        eg_buffer_append_span(&translator->out, escape.set);
    else
        eg_buffer_printf(&translator->out, "[%.*s]", EG_SPAN_ARGS(escape.set));
    return 0;
}

static int close_group(struct eg_regex_translator *translator)
{
    if (translator->depth == 0)
        return eg_regex_fail_at(translator, translator->at - 1, "unmatched )");
    translator->can_repeat = translator->group_repeats[--translator->depth];
    eg_buffer_append_char(&translator->out, ')');
    return 0;
}

static int write_assertion(struct eg_regex_translator *translator, char assertion)
{
    translator->can_repeat = false;
    eg_buffer_append_char(&translator->out, assertion);
    return 0;
}

static int write_dot(struct eg_regex_translator *translator)
{
    translator->can_repeat = true;
    bool ecma = translator->dialect == EG_REGEX_ECMA;
    eg_buffer_append_text(&translator->out, ecma ? "[^\\n\\r\\x{2028}\\x{2029}]" : ".");
    return 0;
}

static int write_character(struct eg_regex_translator *translator)
{
    struct eg_span rest = eg_span_of(translator->pattern.ptr + translator->at,
                                     translator->pattern.len - translator->at);
    uint32_t code;
    if (!eg_utf8_next(&rest, &code))
        return eg_regex_fail_at(translator, translator->at, "not UTF-8");
    translator->at = (size_t)(rest.ptr - translator->pattern.ptr);
    translator->can_repeat = true;
    eg_regex_write_literal(translator, code);
    return 0;
}

static int translate_next(struct eg_regex_translator *translator)
{
    char c = translator->pattern.ptr[translator->at];
    if (c == '\0' || !strchr("|()*+?{[\\^$.", c))
        return write_character(translator);
    translator->at++;
    switch (c) {
    case '(':
        return eg_regex_open_group(translator);
    case ')':
        return close_group(translator);
    case '{':
        return write_brace(translator);
    case '[':
        return eg_regex_class(translator);
    case '\\':
        return write_escape(translator);
    case '.':
        return write_dot(translator);
    case '*':
    case '+':
    case '?':
        return write_simple_quantifier(translator, c);
    default:
        return write_assertion(translator, c);
    }
}

static void note_origin(struct eg_regex_translator *translator)
{
    struct eg_regex_origin origin = {(uint32_t)translator->out.len, (uint32_t)translator->at};
    eg_buffer_append(&translator->origins, &origin, sizeof(origin));
}

int eg_regex_translate(struct eg_regex_translator *translator, struct eg_span pattern,
                       enum eg_regex_dialect dialect, bool counted, struct eg_error *err)
{
    memset(translator, 0, sizeof(*translator));
    translator->pattern = pattern;
    translator->dialect = dialect;
    translator->counted = counted;
    translator->err = err;
    if (pattern.len > EG_REGEX_MAX_PATTERN_BYTES)
        return eg_error_set(err, EG_ERR_INVALID,
                            "a regular expression has at most %u bytes, not %zu",
                            EG_REGEX_MAX_PATTERN_BYTES, pattern.len);
    if (eg_regex_scan_groups(translator))
        return -1;
    eg_regex_write_callout(translator);
    while (translator->at < pattern.len) {
        note_origin(translator);
        if (translate_next(translator))
            return -1;
    }
    note_origin(translator);
    if (translator->depth > 0)
        return eg_regex_fail_at(translator, pattern.len, "unterminated group");
    return 0;
}

void eg_regex_translator_fini(struct eg_regex_translator *translator)
{
    eg_buffer_fini(&translator->out);
    eg_buffer_fini(&translator->origins);
}

size_t eg_regex_translator_origin(const struct eg_regex_translator *translator, size_t out)
{
    size_t count = translator->origins.len / sizeof(struct eg_regex_origin);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        struct eg_regex_origin origin;
        memcpy(&origin, translator->origins.data + i * sizeof(origin), sizeof(origin));
        if (origin.out > out)
            break;
        found = origin.in;
    }
    return found;
}
