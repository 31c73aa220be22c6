/* SPDX-License-Identifier: Apache-2.0 */
/* Finding a value inside a document: by member name and by RFC 6901 pointer. Any thread. */
#include <string.h>

#include "base/span.h"
#include "json/document.h"

eg_json_index eg_json_member(const struct eg_json_document *document, eg_json_index object,
                             struct eg_span name)
{
    eg_json_index found = EG_JSON_NONE;
    eg_json_index end = eg_json_next(document, object);
    for (eg_json_index at = object + 1; at < end; at = eg_json_next(document, at + 1)) {
        if (!eg_span_equal(eg_json_string(document, at), name))
            continue;
        found = at + 1;
        if (!document->may_have_duplicates)
            break;
    }
    return found;
}

/* The next character of a reference token, ~0 and ~1 undone; -1 for any other '~'. */
static int token_character(struct eg_span token, size_t *at)
{
    char c = token.ptr[(*at)++];
    if (c != '~')
        return (unsigned char)c;
    if (*at == token.len || (token.ptr[*at] != '0' && token.ptr[*at] != '1'))
        return -1;
    return token.ptr[(*at)++] == '0' ? '~' : '/';
}

static bool token_is(struct eg_span token, struct eg_span name)
{
    size_t at = 0;
    for (size_t i = 0; i < name.len; i++)
        if (at == token.len || token_character(token, &at) != (unsigned char)name.ptr[i])
            return false;
    return at == token.len;
}

static eg_json_index member_by_token(const struct eg_json_document *document, eg_json_index object,
                                     struct eg_span token)
{
    if (token.len == 0 || !memchr(token.ptr, '~', token.len))
        return eg_json_member(document, object, token);
    eg_json_index found = EG_JSON_NONE;
    eg_json_index end = eg_json_next(document, object);
    for (eg_json_index at = object + 1; at < end; at = eg_json_next(document, at + 1))
        if (token_is(token, eg_json_string(document, at)))
            found = at + 1;
    return found;
}

eg_json_index eg_json_element(const struct eg_json_document *document, eg_json_index array,
                              uint32_t position)
{
    if (position >= eg_json_count(document, array))
        return EG_JSON_NONE;
    eg_json_index at = array + 1;
    while (position--)
        at = eg_json_next(document, at);
    return at;
}

/* "0" or digits without a leading 0 (RFC 6901 section 4). */
static eg_json_index element_by_token(const struct eg_json_document *document, eg_json_index array,
                                      struct eg_span token)
{
    if (token.len == 0 || token.len > 9 || (token.ptr[0] == '0' && token.len > 1))
        return EG_JSON_NONE;
    uint32_t position = 0;
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] < '0' || token.ptr[i] > '9')
            return EG_JSON_NONE;
        position = position * 10 + (uint32_t)(token.ptr[i] - '0');
    }
    return eg_json_element(document, array, position);
}

eg_json_index eg_json_pointer(const struct eg_json_document *document, eg_json_index from,
                              struct eg_span pointer)
{
    eg_json_index at = from;
    while (pointer.len && at != EG_JSON_NONE) {
        if (pointer.ptr[0] != '/')
            return EG_JSON_NONE;
        const char *begin = pointer.ptr + 1;
        const char *slash = memchr(begin, '/', pointer.len - 1);
        size_t len = slash ? (size_t)(slash - begin) : pointer.len - 1;
        struct eg_span token = eg_span_of(begin, len);
        enum eg_json_kind kind = eg_json_kind(document, at);
        at = kind == EG_JSON_OBJECT  ? member_by_token(document, at, token)
             : kind == EG_JSON_ARRAY ? element_by_token(document, at, token)
                                     : EG_JSON_NONE;
        pointer = eg_span_of(begin + len, pointer.len - 1 - len);
    }
    return at;
}
