/* SPDX-License-Identifier: Apache-2.0 */
/* What is the same however a request was written: path, query and headers. */
#include "aws/sigv4_canonical.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "aws/encode.h"
#include "aws/sigv4.h"
#include "base/error.h"
#include "base/span.h"

#define MAX_HEADERS (EG_AWS_SIGV4_HEADERS_MAX + 4)

bool eg_aws_header_is_signed(struct eg_span name)
{
    static const char *const unsigned_names[] = {
        "connection", "expect",     "keep-alive",      "te", "trailer", "transfer-encoding",
        "upgrade",    "user-agent", "x-amzn-trace-id",
    };
    if (eg_span_starts_nocase(name, "proxy-"))
        return false;
    for (size_t i = 0; i < EG_ARRAY_COUNT(unsigned_names); i++)
        if (eg_span_equal_nocase(name, eg_span_text(unsigned_names[i])))
            return false;
    return true;
}

/* Takes the last segment off what was written since `start`. */
static void drop_segment(struct eg_buffer *out, size_t start)
{
    while (out->len > start && out->data[--out->len] != '/')
        continue;
}

void eg_aws_path_normalise(struct eg_span path, struct eg_buffer *out)
{
    size_t start = out->len;
    for (size_t at = 0; at < path.len;) {
        const char *slash = memchr(path.ptr + at, '/', path.len - at);
        size_t end = slash ? (size_t)(slash - path.ptr) : path.len;
        struct eg_span segment = eg_span_of(path.ptr + at, end - at);
        if (eg_span_is(segment, "..")) {
            drop_segment(out, start);
        } else if (segment.len && !eg_span_is(segment, ".")) {
            eg_buffer_append_char(out, '/');
            eg_buffer_append_span(out, segment);
        }
        at = end + 1;
    }
    bool closing_slash = path.len && path.ptr[path.len - 1] == '/';
    if (out->len == start || closing_slash)
        eg_buffer_append_char(out, '/');
}

struct param {
    struct eg_span name;
    struct eg_span value;
};

static int compare_params(const void *left, const void *right)
{
    const struct param *a = left;
    const struct param *b = right;
    int order = eg_span_compare(a->name, b->name);
    return order ? order : eg_span_compare(a->value, b->value);
}

/* Appends the text in its one canonical spelling; returns how long that is. */
static size_t encode_anew(struct eg_span text, struct eg_buffer *plain, struct eg_buffer *out)
{
    size_t before = out->len;
    eg_buffer_clear(plain);
    eg_aws_decode(text, plain);
    eg_aws_encode(eg_buffer_span(plain), out);
    return out->len - before;
}

/*
 * Writes all parameters behind each other into `text` and their lengths into `params`; the
 * pointers follow when `text` has stopped moving. Returns the number, or -1.
 */
static int split_query(struct eg_span query, struct eg_buffer *text, struct param *params)
{
    EG_AUTOBUFFER struct eg_buffer plain = EG_BUFFER_INIT;
    int count = 0;
    for (size_t at = 0; at < query.len;) {
        const char *end = memchr(query.ptr + at, '&', query.len - at);
        size_t len = end ? (size_t)(end - query.ptr) - at : query.len - at;
        struct eg_span item = eg_span_of(query.ptr + at, len);
        at += len + 1;
        if (!len)
            continue;
        if (count == EG_AWS_SIGV4_PARAMS_MAX)
            return -1;
        const char *equals = memchr(item.ptr, '=', len);
        size_t name_len = equals ? (size_t)(equals - item.ptr) : len;
        struct eg_span value = equals ? eg_span_of(equals + 1, len - name_len - 1) : EG_SPAN_EMPTY;
        params[count].name.len = encode_anew(eg_span_of(item.ptr, name_len), &plain, text);
        params[count].value.len = encode_anew(value, &plain, text);
        count++;
    }
    return count;
}

int eg_aws_query_canonical(struct eg_span query, struct eg_buffer *out, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct param params[EG_AWS_SIGV4_PARAMS_MAX];
    int count = split_query(query, &text, params);
    if (count < 0)
        return eg_error_set(err, EG_ERR_INVALID, "the query has more than %d parameters",
                            EG_AWS_SIGV4_PARAMS_MAX);
    if (!count)
        return 0;
    const char *at = text.data ? text.data : "";
    for (int i = 0; i < count; i++) {
        params[i].name.ptr = at;
        params[i].value.ptr = at += params[i].name.len;
        at += params[i].value.len;
    }
    qsort(params, (size_t)count, sizeof(*params), compare_params);
    for (int i = 0; i < count; i++) {
        if (i)
            eg_buffer_append_char(out, '&');
        eg_buffer_append_span(out, params[i].name);
        eg_buffer_append_char(out, '=');
        eg_buffer_append_span(out, params[i].value);
    }
    return 0;
}

static int compare_nocase(struct eg_span a, struct eg_span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = strncasecmp(a.ptr, b.ptr, len);
    if (order)
        return order;
    return (a.len > b.len) - (a.len < b.len);
}

/* By name; headers of one name stay in their order, which their addresses give. */
static int compare_headers(const void *left, const void *right)
{
    const struct eg_net_header *a = *(const struct eg_net_header *const *)left;
    const struct eg_net_header *b = *(const struct eg_net_header *const *)right;
    int order = compare_nocase(a->name, b->name);
    return order ? order : (a > b) - (a < b);
}

static void append_lower(struct eg_span text, struct eg_buffer *out)
{
    for (size_t i = 0; i < text.len; i++)
        eg_buffer_append_char(out, (char)tolower((unsigned char)text.ptr[i]));
}

/* Trimmed, and every run of white space, folded lines too, one blank. */
static void append_collapsed(struct eg_span text, struct eg_buffer *out)
{
    text = eg_span_trim(text);
    bool in_space = false;
    for (size_t i = 0; i < text.len; i++) {
        bool space = isspace((unsigned char)text.ptr[i]) != 0;
        if (!space)
            eg_buffer_append_char(out, text.ptr[i]);
        else if (!in_space)
            eg_buffer_append_char(out, ' ');
        in_space = space;
    }
}

static size_t pick_signed(const struct eg_net_header *headers, size_t count,
                          const struct eg_net_header **ret_picked)
{
    size_t picked = 0;
    for (size_t i = 0; i < count; i++)
        if (eg_aws_header_is_signed(headers[i].name))
            ret_picked[picked++] = &headers[i];
    qsort(ret_picked, picked, sizeof(*ret_picked), compare_headers);
    return picked;
}

void eg_aws_headers_canonical(const struct eg_net_header *headers, size_t count,
                              struct eg_buffer *out, struct eg_buffer *signed_names)
{
    const struct eg_net_header *picked[MAX_HEADERS];
    EG_ASSERT(count <= MAX_HEADERS);
    count = pick_signed(headers, count, picked);
    for (size_t i = 0; i < count; i++) {
        bool repeated = i && eg_span_equal_nocase(picked[i]->name, picked[i - 1]->name);
        if (repeated) {
            out->data[out->len - 1] = ','; /* in place of the line break */
        } else {
            if (i)
                eg_buffer_append_char(signed_names, ';');
            append_lower(picked[i]->name, signed_names);
            append_lower(picked[i]->name, out);
            eg_buffer_append_char(out, ':');
        }
        append_collapsed(picked[i]->value, out);
        eg_buffer_append_char(out, '\n');
    }
}
