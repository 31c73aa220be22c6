/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What follows a backslash, in both dialects. A set is written as the inside of a PCRE2 class, in
 * full where the dialects and PCRE2 disagree (white space above all).
 */
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "text/regex_translate.h"
#include "text/utf8.h"

#define UNICODE_SPACES "\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define UNICODE_SOLIDS                                                           \
    "\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}" \
    "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}"

/* ECMA-262 WhiteSpace and LineTerminator. */
#define ECMA_SPACE "\\x09-\\x0d\\x20\\x{a0}\\x{feff}" UNICODE_SPACES
#define ECMA_SOLID                                                                           \
    "\\x00-\\x08\\x0e-\\x1f\\x21-\\x{9f}" UNICODE_SOLIDS "\\x{3001}-\\x{fefe}\\x{ff00}-\\x{" \
    "10ffff}"

/* Python's str.isspace(). */
#define PYTHON_SPACE "\\x09-\\x0d\\x1c-\\x20\\x{85}\\x{a0}" UNICODE_SPACES
#define PYTHON_SOLID \
    "\\x00-\\x08\\x0e-\\x1b\\x21-\\x{84}\\x{86}-\\x{9f}" UNICODE_SOLIDS "\\x{3001}-\\x{10ffff}"

struct simple_escape {
    char letter;
    uint8_t code;
    const char *set;
    const char *assertion; /* not in a class */
};

static const struct simple_escape ecma_escapes[] = {
    {'t', '\t', NULL, NULL},    {'n', '\n', NULL, NULL},    {'v', '\v', NULL, NULL},
    {'f', '\f', NULL, NULL},    {'r', '\r', NULL, NULL},    {'d', 0, "\\d", NULL},
    {'D', 0, "\\D", NULL},      {'w', 0, "\\w", NULL},      {'W', 0, "\\W", NULL},
    {'s', 0, ECMA_SPACE, NULL}, {'S', 0, ECMA_SOLID, NULL}, {'b', '\b', NULL, "\\b"},
    {'B', 0, NULL, "\\B"},
};

/* \B does not match the empty subject: an old trait of Python's re. */
static const struct simple_escape python_escapes[] = {
    {'a', '\a', NULL, NULL},   {'t', '\t', NULL, NULL},         {'n', '\n', NULL, NULL},
    {'v', '\v', NULL, NULL},   {'f', '\f', NULL, NULL},         {'r', '\r', NULL, NULL},
    {'d', 0, "\\p{Nd}", NULL}, {'D', 0, "\\P{Nd}", NULL},       {'w', 0, "\\w", NULL},
    {'W', 0, "\\W", NULL},     {'s', 0, PYTHON_SPACE, NULL},    {'S', 0, PYTHON_SOLID, NULL},
    {'b', '\b', NULL, "\\b"},  {'B', 0, NULL, "(?!\\A\\z)\\B"}, {'A', 0, NULL, "\\A"},
    {'Z', 0, NULL, "\\z"},
};

static bool is_ascii_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char byte_at(const struct eg_regex_translator *translator, size_t at)
{
    return at < translator->pattern.len ? translator->pattern.ptr[at] : '\0';
}

/* Exactly `digits` hex digits at `at`. */
static bool peek_hex(const struct eg_regex_translator *translator, size_t at, unsigned digits,
                     uint32_t *ret_code)
{
    uint32_t code = 0;
    for (unsigned i = 0; i < digits; i++) {
        int value = hex_value(byte_at(translator, at + i));
        if (value < 0)
            return false;
        code = code << 4 | (uint32_t)value;
    }
    *ret_code = code;
    return true;
}

static int read_hex(struct eg_regex_translator *translator, unsigned digits, uint32_t *ret_code)
{
    uint32_t code;
    if (!peek_hex(translator, translator->at, digits, &code) || code > 0x10ffff)
        return eg_regex_fail_at(translator, translator->at, "invalid hexadecimal escape");
    translator->at += digits;
    *ret_code = code;
    return 0;
}

/* After "\u{": hex digits up to "}". */
static int read_braced_code(struct eg_regex_translator *translator, uint32_t *ret_code)
{
    uint32_t code = 0;
    size_t start = translator->at;
    for (int value; (value = hex_value(byte_at(translator, translator->at))) >= 0;) {
        code = code << 4 | (uint32_t)value;
        if (code > 0x10ffff)
            return eg_regex_fail_at(translator, start, "code point too large");
        translator->at++;
    }
    if (translator->at == start || !eg_regex_take(translator, "}"))
        return eg_regex_fail_at(translator, start, "invalid \\u{} escape");
    *ret_code = code;
    return 0;
}

/* After "\u": XXXX, a surrogate pair \uD83D\uDC32, or in ECMA-262 {X...}. */
static int read_unicode(struct eg_regex_translator *translator, uint32_t *ret_code)
{
    bool ecma = translator->dialect == EG_REGEX_ECMA;
    if (ecma && eg_regex_take(translator, "{"))
        return read_braced_code(translator, ret_code);
    uint32_t code;
    if (read_hex(translator, 4, &code))
        return -1;
    uint32_t low;
    if (ecma && code >= 0xd800 && code <= 0xdbff && eg_regex_peek(translator, 0, '\\') &&
        eg_regex_peek(translator, 1, 'u') && peek_hex(translator, translator->at + 2, 4, &low) &&
        low >= 0xdc00 && low <= 0xdfff) {
        translator->at += 6;
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }
    *ret_code = code;
    return 0;
}

static void set_text(struct eg_regex_escape *escape, int kind, bool can_repeat)
{
    escape->kind = (__typeof__(escape->kind))kind;
    escape->set = eg_span_text(escape->room);
    escape->can_repeat = can_repeat;
}

static int write_backreference(struct eg_regex_translator *translator, size_t start, unsigned group,
                               struct eg_regex_escape *escape)
{
    if (!eg_regex_may_refer(translator, group))
        return eg_regex_fail_at(translator, start, "reference to a group that is not there");
    translator->has_backreference = true;
    (void)snprintf(escape->room, sizeof(escape->room), "\\g{%u}", group);
    set_text(escape, EG_REGEX_ESCAPE_OTHER, true);
    return 0;
}

static int read_property(struct eg_regex_translator *translator, bool negated,
                         struct eg_regex_escape *escape)
{
    size_t start = translator->at;
    if (!eg_regex_take(translator, "{"))
        return eg_regex_fail_at(translator, start, "expected { after \\p");
    size_t name = translator->at;
    while (translator->at < translator->pattern.len && !eg_regex_peek(translator, 0, '}'))
        translator->at++;
    struct eg_span text = eg_span_of(translator->pattern.ptr + name, translator->at - name);
    if (!eg_regex_take(translator, "}") ||
        !eg_regex_property(text, negated, escape->room, sizeof(escape->room)))
        return eg_regex_fail_at(translator, start, "unknown Unicode property");
    set_text(escape, EG_REGEX_ESCAPE_SET, true);
    return 0;
}

static int read_control(struct eg_regex_translator *translator, struct eg_regex_escape *escape)
{
    char letter = byte_at(translator, translator->at);
    if (!is_ascii_letter(letter))
        return eg_regex_fail_at(translator, translator->at, "expected a letter after \\c");
    translator->at++;
    escape->code = (uint32_t)letter & 0x1fu;
    return 0;
}

/* ECMA-262: \0 is NUL, \1... a back reference; a class has no back references. */
static int read_ecma_digit(struct eg_regex_translator *translator, bool in_class,
                           struct eg_regex_escape *escape)
{
    size_t start = translator->at;
    unsigned number = 0;
    while (byte_at(translator, translator->at) >= '0' &&
           byte_at(translator, translator->at) <= '9') {
        number = number * 10 + (unsigned)(byte_at(translator, translator->at++) - '0');
        if (number > EG_REGEX_MAX_GROUPS)
            break;
    }
    if (number == 0 && translator->at - start == 1) {
        escape->code = 0;
        return 0;
    }
    if (in_class || byte_at(translator, start) == '0')
        return eg_regex_fail_at(translator, start, "invalid decimal escape");
    return write_backreference(translator, start, number, escape);
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Python: \0, \ooo and everything in a class is octal; else \N or \NN is a back reference. */
static int read_python_digit(struct eg_regex_translator *translator, bool in_class,
                             struct eg_regex_escape *escape)
{
    size_t start = translator->at;
    char first = byte_at(translator, start);
    char second = byte_at(translator, start + 1);
    char third = byte_at(translator, start + 2);
    bool three = is_octal(first) && is_octal(second) && is_octal(third);
    if (in_class || first == '0' || three) {
        for (unsigned i = 0; i < 3 && is_octal(byte_at(translator, translator->at)); i++)
            escape->code =
                escape->code * 8 + (uint32_t)(byte_at(translator, translator->at++) - '0');
        if (translator->at == start || escape->code > 0377)
            return eg_regex_fail_at(translator, start, "invalid octal escape");
        return 0;
    }
    unsigned group = (unsigned)(first - '0');
    translator->at++;
    if (second >= '0' && second <= '9') {
        group = group * 10 + (unsigned)(second - '0');
        translator->at++;
    }
    return write_backreference(translator, start, group, escape);
}

static const struct simple_escape *simple_find(enum eg_regex_dialect dialect, char letter)
{
    bool ecma = dialect == EG_REGEX_ECMA;
    const struct simple_escape *table = ecma ? ecma_escapes : python_escapes;
    size_t count = ecma ? EG_ARRAY_COUNT(ecma_escapes) : EG_ARRAY_COUNT(python_escapes);
    for (size_t i = 0; i < count; i++)
        if (table[i].letter == letter)
            return &table[i];
    return NULL;
}

static int use_simple(struct eg_regex_translator *translator, const struct simple_escape *simple,
                      bool in_class, struct eg_regex_escape *escape)
{
    if (simple->set) {
        escape->kind = EG_REGEX_ESCAPE_SET;
        escape->set = eg_span_text(simple->set);
        return 0;
    }
    if (simple->assertion && !in_class) {
        escape->kind = EG_REGEX_ESCAPE_OTHER;
        escape->set = eg_span_text(simple->assertion);
        escape->can_repeat = false;
        return 0;
    }
    if (simple->assertion && simple->code == 0)
        return eg_regex_fail_at(translator, translator->at - 1, "an assertion in a class");
    escape->code = simple->code;
    return 0;
}

static int read_ecma_letter(struct eg_regex_translator *translator, char letter, bool in_class,
                            struct eg_regex_escape *escape)
{
    size_t start = translator->at - 1;
    switch (letter) {
    case 'x':
        return read_hex(translator, 2, &escape->code);
    case 'u':
        return read_unicode(translator, &escape->code);
    case 'c':
        return read_control(translator, escape);
    case 'p':
    case 'P':
        return read_property(translator, letter == 'P', escape);
    default:
        break;
    }
    unsigned group;
    if (letter != 'k' || in_class || !eg_regex_take(translator, "<"))
        return eg_regex_fail_at(translator, start, "unknown escape");
    if (eg_regex_read_reference(translator, '>', &group))
        return -1;
    return write_backreference(translator, start, group, escape);
}

static int read_python_letter(struct eg_regex_translator *translator, char letter,
                              struct eg_regex_escape *escape)
{
    switch (letter) {
    case 'x':
        return read_hex(translator, 2, &escape->code);
    case 'u':
        return read_unicode(translator, &escape->code);
    case 'U':
        return read_hex(translator, 8, &escape->code);
    default:
        return eg_regex_fail_at(translator, translator->at - 1, "unknown escape");
    }
}

int eg_regex_read_escape(struct eg_regex_translator *translator, bool in_class,
                         struct eg_regex_escape *ret_escape)
{
    struct eg_regex_escape *escape = ret_escape;
    escape->kind = EG_REGEX_ESCAPE_CODE;
    escape->code = 0;
    escape->can_repeat = true;
    bool ecma = translator->dialect == EG_REGEX_ECMA;
    if (translator->at == translator->pattern.len)
        return eg_regex_fail_at(translator, translator->at, "nothing after \\");
    char letter = byte_at(translator, translator->at);
    if (letter >= '0' && letter <= '9')
        return ecma ? read_ecma_digit(translator, in_class, escape)
                    : read_python_digit(translator, in_class, escape);
    if (!is_ascii_letter(letter)) {
        struct eg_span rest = eg_span_of(translator->pattern.ptr + translator->at,
                                         translator->pattern.len - translator->at);
        if (!eg_utf8_next(&rest, &escape->code))
            return eg_regex_fail_at(translator, translator->at, "not UTF-8");
        translator->at = (size_t)(rest.ptr - translator->pattern.ptr);
        return 0;
    }
    translator->at++;
    const struct simple_escape *simple = simple_find(translator->dialect, letter);
    if (simple)
        return use_simple(translator, simple, in_class, escape);
    return ecma ? read_ecma_letter(translator, letter, in_class, escape)
                : read_python_letter(translator, letter, escape);
}
