/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A growing run of bytes, owned by whoever declares it. One thread at a time.
 *
 * The content is always followed by a NUL that is not counted, so `data` can be handed to C
 * functions when it holds no NUL itself. A zeroed struct is an empty buffer.
 */
#ifndef EG_BASE_BUFFER_H
#define EG_BASE_BUFFER_H

#include <stddef.h>

#include "base/compiler.h"
#include "eventgate/span.h"

struct eg_buffer {
    char *data; /* NULL until the first byte */
    size_t len;
    size_t capacity;
};

#define EG_BUFFER_INIT ((struct eg_buffer){NULL, 0, 0})

void eg_buffer_fini(struct eg_buffer *buffer);  /* leaves an empty buffer */
void eg_buffer_clear(struct eg_buffer *buffer); /* keeps the memory */

/* Room for `more` bytes after the content: returns where they go; then add to len yourself. */
char *eg_buffer_reserve(struct eg_buffer *buffer, size_t more);

void eg_buffer_append(struct eg_buffer *buffer, const void *bytes, size_t len);
void eg_buffer_append_text(struct eg_buffer *buffer, const char *text);
void eg_buffer_append_span(struct eg_buffer *buffer, struct eg_span span);
void eg_buffer_append_char(struct eg_buffer *buffer, char c);
void eg_buffer_printf(struct eg_buffer *buffer, const char *format, ...) EG_PRINTF(2, 3);

/* The content; valid until the next change. */
struct eg_span eg_buffer_span(const struct eg_buffer *buffer);

/* Hands the memory to the caller, who frees it; the buffer is empty after. Never NULL. */
char *eg_buffer_take(struct eg_buffer *buffer, size_t *ret_len) EG_MUST_CHECK;

#define EG_AUTOBUFFER EG_CLEANUP(eg_buffer_fini)

#endif
