/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gathering a response: header lines as text while they arrive, then an index over that text. Every
 * status line starts over, so that what is left at the end is the last response.
 */
#include "net/response.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"

#define HEADER_TEXT_BYTES_MAX (256 * 1024)

void eg_net_response_reset(struct eg_net_response *response)
{
    response->status = 0;
    response->header_count = 0;
    eg_buffer_clear(&response->body);
    eg_buffer_clear(&response->header_text);
}

void eg_net_response_fini(struct eg_net_response *response)
{
    eg_buffer_fini(&response->body);
    eg_buffer_fini(&response->header_text);
    free(response->headers);
    *response = (struct eg_net_response){0};
}

bool eg_net_response_add_line(struct eg_net_response *response, struct eg_span line)
{
    if (eg_span_starts_nocase(line, "HTTP/")) {
        eg_buffer_clear(&response->header_text);
        return true;
    }
    line = eg_span_trim(line);
    if (line.len == 0)
        return true;
    if (response->header_text.len + line.len > HEADER_TEXT_BYTES_MAX)
        return false;
    eg_buffer_append_span(&response->header_text, line);
    eg_buffer_append_char(&response->header_text, '\n');
    return true;
}

static size_t count_lines(struct eg_span text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '\n';
    return count;
}

/* "name: value" without its line end; a line without colon is a name without value. */
static struct eg_net_header split_line(struct eg_span line)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    if (!colon)
        return (struct eg_net_header){eg_span_trim(line), EG_SPAN_EMPTY};
    size_t name_len = (size_t)(colon - line.ptr);
    return (struct eg_net_header){
        eg_span_trim(eg_span_of(line.ptr, name_len)),
        eg_span_trim(eg_span_of(colon + 1, line.len - name_len - 1)),
    };
}

void eg_net_response_index(struct eg_net_response *response)
{
    struct eg_span text = eg_buffer_span(&response->header_text);
    size_t lines = count_lines(text);
    response->headers = eg_realloc_array(response->headers, lines + 1, sizeof(*response->headers));
    response->header_count = 0;
    while (text.len) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = (size_t)(end - text.ptr);
        response->headers[response->header_count++] = split_line(eg_span_of(text.ptr, len));
        text = eg_span_of(end + 1, text.len - len - 1);
    }
}

struct eg_span eg_net_response_header(const struct eg_net_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++)
        if (eg_span_equal_nocase(response->headers[i].name, eg_span_text(name)))
            return response->headers[i].value;
    return EG_SPAN_EMPTY;
}
