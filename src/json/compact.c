/* SPDX-License-Identifier: Apache-2.0 */
/* One pass that only knows whether it is inside a string. No state; any thread. */
#include "json/compact.h"

#include <stdbool.h>
#include <string.h>

static bool is_one_line(struct eg_span json)
{
    return json.len == 0 ||
           (!memchr(json.ptr, '\n', json.len) && !memchr(json.ptr, '\r', json.len));
}

void eg_json_write_compact(struct eg_buffer *buffer, struct eg_span json)
{
    char *to = eg_buffer_reserve(buffer, json.len);
    size_t len = 0;
    bool in_string = false;
    for (size_t i = 0; i < json.len; i++) {
        char c = json.ptr[i];
        if (!in_string && (c == ' ' || c == '\t' || c == '\n' || c == '\r'))
            continue;
        if (c == '"')
            in_string = !in_string;
        to[len++] = c;
        if (in_string && c == '\\' && i + 1 < json.len)
            to[len++] = json.ptr[++i];
    }
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void eg_json_write_one_line(struct eg_buffer *buffer, struct eg_span json)
{
    if (is_one_line(json))
        eg_buffer_append_span(buffer, json);
    else
        eg_json_write_compact(buffer, json);
}
