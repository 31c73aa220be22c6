/* SPDX-License-Identifier: Apache-2.0 */
/* Thin wrappers over malloc that turn "out of memory" into an abort with a message. */
#include "base/memory.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

static void *checked(void *pointer)
{
    if (EG_UNLIKELY(!pointer))
        eg_panic(__FILE__, __LINE__, "out of memory");
    return pointer;
}

void *eg_malloc(size_t size_bytes)
{
    return checked(malloc(size_bytes ? size_bytes : 1));
}

void *eg_calloc(size_t count, size_t item_bytes)
{
    return checked(calloc(count ? count : 1, item_bytes ? item_bytes : 1));
}

void *eg_realloc(void *take, size_t size_bytes)
{
    return checked(realloc(take, size_bytes ? size_bytes : 1));
}

void *eg_realloc_array(void *take, size_t count, size_t item_bytes)
{
    size_t size_bytes;
    EG_ASSERT(!__builtin_mul_overflow(count, item_bytes, &size_bytes));
    return eg_realloc(take, size_bytes);
}

char *eg_strdup(const char *text)
{
    return checked(strdup(text));
}

char *eg_span_dup(struct eg_span span)
{
    EG_ASSERT(span.len < SIZE_MAX);
    char *copy = eg_malloc(span.len + 1);
    if (span.len)
        memcpy(copy, span.ptr, span.len);
    copy[span.len] = '\0';
    return copy;
}

char *eg_asprintf(const char *format, ...)
{
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    EG_ASSERT(len >= 0);
    return text;
}

void eg_free_cleanup(void *pointer_to_pointer)
{
    void *pointer;
    memcpy(&pointer, pointer_to_pointer, sizeof(pointer));
    free(pointer);
}
