/* SPDX-License-Identifier: Apache-2.0 */
/* Grows by doubling; the NUL after the content is kept by every function that changes it. */
#include "base/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

void eg_buffer_fini(struct eg_buffer *buffer)
{
    free(buffer->data);
    *buffer = EG_BUFFER_INIT;
}

void eg_buffer_clear(struct eg_buffer *buffer)
{
    buffer->len = 0;
    if (buffer->data)
        buffer->data[0] = '\0';
}

char *eg_buffer_reserve(struct eg_buffer *buffer, size_t more)
{
    size_t want;
    EG_ASSERT(!__builtin_add_overflow(buffer->len, more, &want) && want + 1 > want);
    want++;
    if (want > buffer->capacity) {
        size_t capacity = buffer->capacity ? buffer->capacity : 64;
        while (capacity < want)
            capacity = capacity > SIZE_MAX / 2 ? want : capacity * 2;
        buffer->data = eg_realloc(buffer->data, capacity);
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->len;
}

void eg_buffer_append(struct eg_buffer *buffer, const void *bytes, size_t len)
{
    char *room = eg_buffer_reserve(buffer, len);
    if (len)
        memcpy(room, bytes, len);
    buffer->len += len;
    buffer->data[buffer->len] = '\0';
}

void eg_buffer_append_text(struct eg_buffer *buffer, const char *text)
{
    eg_buffer_append(buffer, text, strlen(text));
}

void eg_buffer_append_span(struct eg_buffer *buffer, struct eg_span span)
{
    eg_buffer_append(buffer, span.ptr, span.len);
}

void eg_buffer_append_char(struct eg_buffer *buffer, char c)
{
    eg_buffer_append(buffer, &c, 1);
}

void eg_buffer_printf(struct eg_buffer *buffer, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    EG_ASSERT(len >= 0);
    char *room = eg_buffer_reserve(buffer, (size_t)len);
    (void)vsnprintf(room, (size_t)len + 1, format, again);
    va_end(again);
    buffer->len += (size_t)len;
}

struct eg_span eg_buffer_span(const struct eg_buffer *buffer)
{
    return (struct eg_span){buffer->data ? buffer->data : "", buffer->len};
}

char *eg_buffer_take(struct eg_buffer *buffer, size_t *ret_len)
{
    (void)eg_buffer_reserve(buffer, 0);
    buffer->data[buffer->len] = '\0';
    char *data = buffer->data;
    if (ret_len)
        *ret_len = buffer->len;
    *buffer = EG_BUFFER_INIT;
    return data;
}
