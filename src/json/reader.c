/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The structure of a JSON text (RFC 8259): containers, numbers, literals, and the loop around them.
 *
 * No recursion: an open container's node keeps the index of the container around it in `next` and
 * its running count in `info`, so the tape is its own stack and depth costs nothing but a counter.
 * Every function leaves the tape such that the nodes of closed values are final.
 */
#include "json/reader.h"

#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "json/scan.h"

const char *eg_json_reader_error(struct eg_json_reader *r, const char *p, enum eg_error_code code,
                                 const char *what)
{
    unsigned line = 1;
    unsigned column = 1;
    for (const char *q = r->text; q < p; q++) {
        if (*q == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)*q & 0xC0) != 0x80) {
            column++;
        }
    }
    (void)eg_error_set(r->err, code, "%s at line %u, column %u (byte %u)", what, line, column,
                       eg_json_offset(r, p));
    return NULL;
}

const char *eg_json_reader_fail(struct eg_json_reader *r, const char *p, const char *what)
{
    return eg_json_reader_error(r, p, EG_ERR_INVALID, what);
}

const char *eg_json_reader_too_large(struct eg_json_reader *r, const char *p, const char *what)
{
    return eg_json_reader_error(r, p, EG_ERR_TOO_LARGE, what);
}

static void __attribute__((noinline)) grow_tape(struct eg_json_reader *r)
{
    struct eg_json_document *document = r->document;
    uint32_t capacity = document->node_capacity * 2; /* nodes < bytes of text < 2^31 */
    document->nodes = eg_realloc_array(document->nodes, capacity, sizeof(*document->nodes));
    document->node_capacity = capacity;
    r->nodes = document->nodes;
}

static inline void push(struct eg_json_reader *r, const char *start, const char *end, uint32_t info)
{
    if (EG_UNLIKELY(r->node_count == r->document->node_capacity))
        grow_tape(r);
    struct eg_json_node *node = &r->nodes[r->node_count++];
    node->start = eg_json_offset(r, start);
    node->bytes = (uint32_t)(end - start);
    node->next = r->node_count;
    node->info = info;
}

static inline const char *read_string(struct eg_json_reader *r, const char *p)
{
    uint32_t info = EG_JSON_STRING;
    const char *close = eg_json_scan_plain(p + 1, r->end);
    if (EG_UNLIKELY(close == r->end || *close != '"')) {
        close = eg_json_reader_string(r, p, close, &info);
        if (!close)
            return NULL;
    }
    if (EG_UNLIKELY((size_t)(close - p) - 1 > r->limits.max_string_bytes))
        return eg_json_reader_too_large(r, p, "the string is longer than allowed");
    push(r, p, close + 1, info);
    return close + 1;
}

static inline bool at_digit(const struct eg_json_reader *r, const char *p)
{
    return p < r->end && (unsigned char)(*p - '0') < 10;
}

static inline const char *skip_digits(const struct eg_json_reader *r, const char *p)
{
    while (at_digit(r, p))
        p++;
    return p;
}

/* Fraction and exponent, from '.' or 'e'. */
static const char *read_number_tail(struct eg_json_reader *r, const char *p)
{
    if (*p == '.') {
        if (!at_digit(r, ++p))
            return eg_json_reader_fail(r, p, "expected a digit after the decimal point");
        p = skip_digits(r, p);
    }
    if (p < r->end && (*p | 0x20) == 'e') {
        p++;
        if (p < r->end && (*p == '+' || *p == '-'))
            p++;
        if (!at_digit(r, p))
            return eg_json_reader_fail(r, p, "expected a digit in the exponent");
        p = skip_digits(r, p);
    }
    return p;
}

static const char *read_number(struct eg_json_reader *r, const char *p)
{
    const char *start = p;
    if (*p == '-' && !at_digit(r, ++p))
        return eg_json_reader_fail(r, p, "expected a digit after '-'");
    const char *digits = p;
    p = skip_digits(r, p);
    if (EG_UNLIKELY(*digits == '0' && p - digits > 1))
        return eg_json_reader_fail(r, digits, "a number must not begin with 0");
    uint32_t info = EG_JSON_NUMBER | EG_JSON_INTEGER;
    if (p < r->end && (*p == '.' || (*p | 0x20) == 'e')) {
        info = EG_JSON_NUMBER;
        p = read_number_tail(r, p);
        if (!p)
            return NULL;
    }
    push(r, start, p, info);
    return p;
}

static inline const char *read_literal(struct eg_json_reader *r, const char *p, const char *word,
                                       size_t len, enum eg_json_kind kind)
{
    if ((size_t)(r->end - p) < len || memcmp(p, word, len) != 0)
        return eg_json_reader_fail(r, p, "expected a value");
    push(r, p, p + len, kind);
    return p + len;
}

static const char *__attribute__((noinline, cold))
expected_value(struct eg_json_reader *r, const char *p)
{
    if (r->end - p >= 3 && p == r->text && memcmp(p, "\xEF\xBB\xBF", 3) == 0)
        return eg_json_reader_fail(r, p, "a byte order mark must not stand before the value");
    if (p < r->end && (*p == ']' || *p == '}') && r->parent != EG_JSON_NONE)
        return eg_json_reader_fail(r, p, "expected a value, not a closing bracket");
    return eg_json_reader_fail(r, p, "expected a value");
}

static inline const char *read_scalar(struct eg_json_reader *r, const char *p)
{
    switch (*p) {
    case '"':
        return read_string(r, p);
    case 't':
        return read_literal(r, p, "true", 4, EG_JSON_TRUE);
    case 'f':
        return read_literal(r, p, "false", 5, EG_JSON_FALSE);
    case 'n':
        return read_literal(r, p, "null", 4, EG_JSON_NULL);
    default:
        if (*p != '-' && !at_digit(r, p))
            return expected_value(r, p);
        return read_number(r, p);
    }
}

/* Returns where the first item, or the closing bracket, stands. */
static inline const char *open_container(struct eg_json_reader *r, const char *p)
{
    if (EG_UNLIKELY(r->depth == r->limits.max_depth))
        return eg_json_reader_too_large(r, p, "the value is nested deeper than allowed");
    bool object = *p == '{';
    eg_json_index around = r->parent;
    r->depth++;
    r->parent = r->node_count;
    r->closer = object ? '}' : ']';
    push(r, p, p, object ? EG_JSON_OBJECT : EG_JSON_ARRAY);
    r->nodes[r->parent].next = around;
    p = eg_json_skip_space(p + 1, r->end);
    if (EG_UNLIKELY(p == r->end))
        return eg_json_reader_fail(r, p,
                                   object ? "expected a name or '}'" : "expected a value or ']'");
    return p;
}

static inline const char *close_container(struct eg_json_reader *r, const char *p)
{
    eg_json_index closed = r->parent;
    struct eg_json_node *node = &r->nodes[closed];
    r->parent = node->next;
    r->depth--;
    node->next = r->node_count;
    node->bytes = eg_json_offset(r, p + 1) - node->start;
    if (r->closer == '}' && node->info >> 8 > 1 && !r->limits.allow_duplicate_keys &&
        eg_json_reader_check_names(r, closed) != 0)
        return NULL;
    if (r->parent != EG_JSON_NONE)
        r->closer = (r->nodes[r->parent].info & 7u) == EG_JSON_OBJECT ? '}' : ']';
    return p + 1;
}

static const char *__attribute__((noinline, cold))
unexpected_after(struct eg_json_reader *r, const char *p)
{
    return eg_json_reader_fail(r, p,
                               r->closer == '}' ? "expected ',' or '}' after the member"
                                                : "expected ',' or ']' after the element");
}

/* After a value: closes what ends here. Returns where the next item stands, or the text's rest. */
static inline const char *read_after(struct eg_json_reader *r, const char *p)
{
    while (r->parent != EG_JSON_NONE) {
        p = eg_json_skip_space(p, r->end);
        if (EG_UNLIKELY(p == r->end))
            return unexpected_after(r, p);
        if (*p == ',')
            return eg_json_skip_space(p + 1, r->end);
        if (EG_UNLIKELY(*p != r->closer))
            return unexpected_after(r, p);
        p = close_container(r, p);
        if (EG_UNLIKELY(!p))
            return NULL;
    }
    return p;
}

/* Counts an item of the open container; an object's name is read up to behind its colon. */
static inline const char *begin_item(struct eg_json_reader *r, const char *p)
{
    uint32_t *info = &r->nodes[r->parent].info;
    uint32_t count = *info >> 8;
    if (r->closer == ']') {
        if (EG_UNLIKELY(count == EG_JSON_MAX_COUNT))
            return eg_json_reader_too_large(r, p, "the array has more elements than allowed");
        *info += 1u << 8;
        return p;
    }
    if (EG_UNLIKELY(count == r->limits.max_members))
        return eg_json_reader_too_large(r, p, "the object has more members than allowed");
    *info += 1u << 8;
    if (EG_UNLIKELY(p == r->end || *p != '"'))
        return eg_json_reader_fail(r, p, "expected a name in double quotes");
    p = read_string(r, p);
    if (EG_UNLIKELY(!p))
        return NULL;
    p = eg_json_skip_space(p, r->end);
    if (EG_UNLIKELY(p == r->end || *p != ':'))
        return eg_json_reader_fail(r, p, "expected ':' after the name");
    return eg_json_skip_space(p + 1, r->end);
}

static const char *read_values(struct eg_json_reader *r, const char *p)
{
    for (;;) {
        if (r->parent != EG_JSON_NONE) {
            p = begin_item(r, p);
            if (EG_UNLIKELY(!p))
                return NULL;
        }
        if (EG_UNLIKELY(p == r->end))
            return expected_value(r, p);
        if (*p == '{' || *p == '[') {
            p = open_container(r, p);
            if (EG_UNLIKELY(!p))
                return NULL;
            if (*p != r->closer)
                continue;
        } else {
            p = read_scalar(r, p);
            if (EG_UNLIKELY(!p))
                return NULL;
        }
        p = read_after(r, p);
        if (!p || r->parent == EG_JSON_NONE)
            return p;
    }
}

int eg_json_reader_run(struct eg_json_reader *r)
{
    const char *p = read_values(r, eg_json_skip_space(r->text, r->end));
    if (!p)
        return -1;
    p = eg_json_skip_space(p, r->end);
    if (p != r->end) {
        (void)eg_json_reader_fail(r, p, "expected nothing more after the value");
        return -1;
    }
    r->document->node_count = r->node_count;
    return 0;
}
