/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes the raw request target apart. The path is checked character by character, decoded segment
 * by segment (so that an encoded slash never makes a new segment) and lower-cased, all into the
 * request's arena.
 */
#include "http/uri.h"

#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "base/span.h"

/* RFC 3986 section 2: unreserved, sub-delims, ":" "@" "/" "?" "%". Nothing else is in a target. */
static const bool is_target_char[256] = {
    ['a' ... 'z'] = true, ['A' ... 'Z'] = true, ['0' ... '9'] = true, ['-'] = true, ['.'] = true,
    ['_'] = true,         ['~'] = true,         ['!'] = true,         ['$'] = true, ['&'] = true,
    ['\''] = true,        ['('] = true,         [')'] = true,         ['*'] = true, ['+'] = true,
    [','] = true,         [';'] = true,         ['='] = true,         [':'] = true, ['@'] = true,
    ['/'] = true,         ['?'] = true,         ['%'] = true,
};

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* Reads one, maybe encoded, byte at *at. -1: a percent sign without two hex digits. */
static int decode_byte(struct eg_span text, size_t *at)
{
    if (text.ptr[*at] != '%')
        return (unsigned char)text.ptr[(*at)++];
    if (text.len - *at < 3)
        return -1;
    int high = hex_value(text.ptr[*at + 1]);
    int low = hex_value(text.ptr[*at + 2]);
    *at += 3;
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Decodes into `out` (as long as `text`). -1: broken, or a control character. */
static int decode_segment(struct eg_span text, char *out, size_t *ret_len)
{
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        int byte = decode_byte(text, &at);
        if (byte < 0x20 || byte == 0x7f)
            return -1;
        out[len++] = lower((char)byte);
    }
    *ret_len = len;
    return 0;
}

static void note_segment(struct eg_http_uri *uri, struct eg_span segment)
{
    if (uri->segment_count > EG_HTTP_SEGMENTS_MAX)
        return;
    if (uri->segment_count < EG_HTTP_SEGMENTS_MAX)
        uri->segments[uri->segment_count] = segment;
    uri->segment_count++;
}

/* `path` begins with '/'. */
static int parse_path(struct eg_span path, struct eg_arena *arena, struct eg_http_uri *uri)
{
    char *out = eg_arena_alloc(arena, path.len + 1);
    size_t used = 0;
    for (size_t at = 0; at < path.len;) {
        const char *begin = path.ptr + at + 1;
        const char *end = memchr(begin, '/', path.len - at - 1);
        size_t raw_len = end ? (size_t)(end - begin) : path.len - at - 1;
        size_t len;
        out[used++] = '/';
        if (decode_segment(eg_span_of(begin, raw_len), out + used, &len) < 0)
            return -1;
        note_segment(uri, eg_span_of(out + used, len));
        used += len;
        at += 1 + raw_len;
    }
    out[used] = '\0';
    uri->path = eg_span_of(out, used);
    return 0;
}

/* absolute-form: what stands before the path says nothing here; Host is checked by itself. */
static struct eg_span skip_authority(struct eg_span target)
{
    size_t scheme = 0;
    if (eg_span_starts_nocase(target, "http://"))
        scheme = sizeof("http://") - 1;
    else if (eg_span_starts_nocase(target, "https://"))
        scheme = sizeof("https://") - 1;
    if (!scheme)
        return target;
    for (size_t at = scheme; at < target.len; at++)
        if (target.ptr[at] == '/' || target.ptr[at] == '?')
            return eg_span_of(target.ptr + at, target.len - at);
    return EG_SPAN_LITERAL("/");
}

int eg_http_uri_parse(struct eg_span target, struct eg_arena *arena, struct eg_http_uri *ret_uri,
                      struct eg_error *err)
{
    struct eg_http_uri uri = {.path = EG_SPAN_EMPTY, .query = EG_SPAN_EMPTY};
    for (size_t at = 0; at < target.len; at++)
        if (!is_target_char[(unsigned char)target.ptr[at]])
            return eg_error_set(err, EG_ERR_REQUEST,
                                "The request target holds a character that must be "
                                "percent-encoded.");
    target = skip_authority(target);
    const char *question = target.len ? memchr(target.ptr, '?', target.len) : NULL;
    size_t path_len = question ? (size_t)(question - target.ptr) : target.len;
    struct eg_span path = eg_span_of(target.ptr, path_len);
    if (path.len == 0 && question)
        path = EG_SPAN_LITERAL("/");
    if (question)
        uri.query = eg_span_of(question + 1, target.len - path_len - 1);
    if (eg_span_is(path, "*")) {
        uri.path = path;
        uri.segment_count = EG_HTTP_SEGMENTS_MAX + 1;
    } else if (path.len == 0 || path.ptr[0] != '/' || parse_path(path, arena, &uri) < 0) {
        return eg_error_set(err, EG_ERR_REQUEST,
                            "The request target is not a path that can be decoded.");
    }
    *ret_uri = uri;
    return 0;
}

static int decode_argument(struct eg_span text, struct eg_arena *arena, struct eg_span *ret_text)
{
    char *out = eg_arena_alloc(arena, text.len + 1);
    size_t len = 0;
    for (size_t at = 0; at < text.len;) {
        bool plus = text.ptr[at] == '+';
        int byte = decode_byte(text, &at);
        if (byte < 0)
            return -1;
        out[len++] = plus ? ' ' : (char)byte;
    }
    out[len] = '\0';
    *ret_text = eg_span_of(out, len);
    return 0;
}

bool eg_http_uri_argument(struct eg_span query, struct eg_span name, struct eg_arena *arena,
                          struct eg_span *ret_value)
{
    while (query.len > 0) {
        const char *amp = memchr(query.ptr, '&', query.len);
        size_t len = amp ? (size_t)(amp - query.ptr) : query.len;
        const char *equals = memchr(query.ptr, '=', len);
        size_t name_len = equals ? (size_t)(equals - query.ptr) : len;
        struct eg_span found;
        if (decode_argument(eg_span_of(query.ptr, name_len), arena, &found) == 0 &&
            eg_span_equal(found, name)) {
            size_t skip = equals ? name_len + 1 : name_len;
            return decode_argument(eg_span_of(query.ptr + skip, len - skip), arena, ret_value) == 0;
        }
        size_t used = amp ? len + 1 : len;
        query = eg_span_of(query.ptr + used, query.len - used);
    }
    return false;
}
