/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3986: the split of appendix B, then the transformation of 5.2.2. No state; any thread. */
#include "schema/uri.h"

#include <ctype.h>
#include <string.h>

#include "base/span.h"

struct parts {
    struct eg_span scheme;    /* with its ':'; empty: none */
    struct eg_span authority; /* with its "//"; empty: none */
    struct eg_span path;
    struct eg_span query; /* with its '?'; empty: none */
};

void eg_schema_uri_split(struct eg_span uri, struct eg_span *ret_base, struct eg_span *ret_fragment)
{
    const char *hash = uri.len ? memchr(uri.ptr, '#', uri.len) : NULL;
    size_t base = hash ? (size_t)(hash - uri.ptr) : uri.len;
    *ret_base = eg_span_of(uri.ptr, base);
    *ret_fragment = hash ? eg_span_of(hash + 1, uri.len - base - 1) : EG_SPAN_EMPTY;
}

static size_t scheme_length(struct eg_span uri)
{
    if (!uri.len || !isalpha((unsigned char)uri.ptr[0]))
        return 0;
    for (size_t i = 1; i < uri.len; i++) {
        unsigned char c = (unsigned char)uri.ptr[i];
        if (c == ':')
            return i + 1;
        if (!isalnum(c) && c != '+' && c != '-' && c != '.')
            return 0;
    }
    return 0;
}

static struct eg_span take(struct eg_span *rest, size_t len)
{
    struct eg_span head = eg_span_of(rest->ptr, len);
    *rest = eg_span_of(rest->ptr + len, rest->len - len);
    return head;
}

static size_t length_until(struct eg_span text, size_t from, const char *stops)
{
    size_t i = from;
    while (i < text.len && (!text.ptr[i] || !strchr(stops, text.ptr[i])))
        i++;
    return i;
}

static struct parts parse(struct eg_span uri)
{
    struct parts parts = {EG_SPAN_EMPTY, EG_SPAN_EMPTY, EG_SPAN_EMPTY, EG_SPAN_EMPTY};
    parts.scheme = take(&uri, scheme_length(uri));
    if (uri.len >= 2 && uri.ptr[0] == '/' && uri.ptr[1] == '/')
        parts.authority = take(&uri, length_until(uri, 2, "/?"));
    parts.path = take(&uri, length_until(uri, 0, "?"));
    parts.query = uri;
    return parts;
}

/* Drops the last segment of what was written behind `floor`, its '/' too. */
static void drop_segment(struct eg_buffer *out, size_t floor)
{
    while (out->len > floor && out->data[out->len - 1] != '/')
        out->len--;
    if (out->len > floor)
        out->len--;
    if (out->data)
        out->data[out->len] = '\0';
}

/* RFC 3986, 5.2.4, for a path that begins with '/'. */
static void append_without_dots(struct eg_buffer *out, struct eg_span path)
{
    const size_t floor = out->len;
    while (path.len) {
        size_t end = length_until(path, 1, "/");
        struct eg_span segment = take(&path, end);
        bool last = path.len == 0;
        if (eg_span_is(segment, "/.") || eg_span_is(segment, "/..")) {
            if (segment.len == 3)
                drop_segment(out, floor);
            if (last)
                eg_buffer_append_char(out, '/');
        } else {
            eg_buffer_append_span(out, segment);
        }
    }
}

static void append_path(struct eg_buffer *out, struct eg_span path)
{
    if (path.len && path.ptr[0] == '/')
        append_without_dots(out, path);
    else
        eg_buffer_append_span(out, path);
}

/* RFC 3986, 5.2.3. */
static void append_merged(struct eg_buffer *out, const struct parts *base, struct eg_span path)
{
    EG_AUTOBUFFER struct eg_buffer merged = EG_BUFFER_INIT;
    if (base->authority.len && !base->path.len) {
        eg_buffer_append_char(&merged, '/');
    } else {
        size_t keep = base->path.len;
        while (keep && base->path.ptr[keep - 1] != '/')
            keep--;
        eg_buffer_append(&merged, base->path.ptr, keep);
    }
    eg_buffer_append_span(&merged, path);
    append_path(out, eg_buffer_span(&merged));
}

void eg_schema_uri_resolve(struct eg_span base_uri, struct eg_span reference, struct eg_buffer *out)
{
    struct eg_span fragment;
    eg_schema_uri_split(reference, &reference, &fragment);
    struct parts base = parse(base_uri);
    struct parts ref = parse(reference);
    if (ref.scheme.len) {
        eg_buffer_append_span(out, ref.scheme);
        eg_buffer_append_span(out, ref.authority);
        append_path(out, ref.path);
        eg_buffer_append_span(out, ref.query);
        return;
    }
    eg_buffer_append_span(out, base.scheme);
    eg_buffer_append_span(out, ref.authority.len ? ref.authority : base.authority);
    if (ref.authority.len || (ref.path.len && ref.path.ptr[0] == '/'))
        append_path(out, ref.path);
    else if (ref.path.len)
        append_merged(out, &base, ref.path);
    else
        eg_buffer_append_span(out, base.path);
    bool keeps_query = !ref.authority.len && !ref.path.len && !ref.query.len;
    eg_buffer_append_span(out, keeps_query ? base.query : ref.query);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

bool eg_schema_uri_decode(struct eg_span text, struct eg_buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] != '%') {
            eg_buffer_append_char(out, text.ptr[i]);
            continue;
        }
        if (text.len - i < 3)
            return false;
        int high = hex_digit(text.ptr[i + 1]);
        int low = hex_digit(text.ptr[i + 2]);
        if (high < 0 || low < 0)
            return false;
        eg_buffer_append_char(out, (char)(high * 16 + low));
        i += 2;
    }
    return true;
}
