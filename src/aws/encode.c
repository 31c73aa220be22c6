/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding. No state. */
#include "aws/encode.h"

#include <stdbool.h>

#include "base/span.h"

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

static void encode(struct eg_span text, char keep, struct eg_buffer *out)
{
    static const char hex[] = "0123456789ABCDEF";
    char *to = eg_buffer_reserve(out, text.len * 3);
    const char *begin = to;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_unreserved(c) || (keep && c == keep)) {
            *to++ = c;
            continue;
        }
        *to++ = '%';
        *to++ = hex[(unsigned char)c >> 4];
        *to++ = hex[(unsigned char)c & 15];
    }
    *to = '\0';
    out->len += (size_t)(to - begin);
}

void eg_aws_encode(struct eg_span text, struct eg_buffer *out)
{
    encode(text, '\0', out);
}

void eg_aws_encode_path(struct eg_span path, struct eg_buffer *out)
{
    encode(path, '/', out);
}

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

void eg_aws_decode(struct eg_span text, struct eg_buffer *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int high = text.ptr[i] == '%' && text.len - i > 2 ? hex_value(text.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_value(text.ptr[i + 2]) : -1;
        if (low < 0) {
            eg_buffer_append_char(out, text.ptr[i]);
            continue;
        }
        eg_buffer_append_char(out, (char)(high << 4 | low));
        i += 2;
    }
}

void eg_aws_form_add(struct eg_buffer *form, const char *name, struct eg_span value)
{
    if (form->len)
        eg_buffer_append_char(form, '&');
    eg_aws_encode(eg_span_text(name), form);
    eg_buffer_append_char(form, '=');
    eg_aws_encode(value, form);
}
