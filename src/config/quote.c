/* SPDX-License-Identifier: Apache-2.0 */
/* jansson does the escaping. */
#include "config/quote.h"

#include <string.h>

#include <jansson.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

/* What comes from the command line need not be UTF-8. */
static json_t *string_of_bytes(struct eg_span text)
{
    EG_AUTOFREE char *copy = eg_span_dup(text);
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)copy[i] >= 0x80)
            copy[i] = '?';
    return json_stringn(copy, text.len);
}

void eg_config_quote_json(struct eg_span text, struct eg_buffer *buffer)
{
    json_t *string = json_stringn(text.ptr, text.len);
    if (!string)
        string = string_of_bytes(text);
    EG_ASSERT(string);
    EG_AUTOFREE char *dumped = json_dumps(string, JSON_ENCODE_ANY);
    EG_ASSERT(dumped);
    eg_buffer_append_text(buffer, dumped);
    json_decref(string);
}

void eg_config_escape_dollars(const char *text, struct eg_buffer *buffer)
{
    for (const char *mark = strstr(text, "${"); mark; mark = strstr(text, "${")) {
        eg_buffer_append(buffer, text, (size_t)(mark - text));
        eg_buffer_append_text(buffer, "$${");
        text = mark + 2;
    }
    eg_buffer_append_text(buffer, text);
}

void eg_config_quote(const char *text, struct eg_buffer *buffer)
{
    EG_AUTOBUFFER struct eg_buffer quoted = EG_BUFFER_INIT;
    eg_config_quote_json(eg_span_text(text), &quoted);
    eg_config_escape_dollars(quoted.data, buffer);
}

void eg_config_quote_name(const char *text, struct eg_buffer *buffer)
{
    eg_config_quote_json(eg_span_text(text), buffer);
}
