/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text; nothing that was put in is looked at again. */
#include "config/substitute.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/outside.h"

#define SECRET_PREFIX "secret:"

static bool is_name(struct eg_span name)
{
    if (name.len == 0 || isdigit((unsigned char)name.ptr[0]))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return false;
    return true;
}

static bool is_secret(struct eg_span inside)
{
    return inside.len > strlen(SECRET_PREFIX) &&
           memcmp(inside.ptr, SECRET_PREFIX, strlen(SECRET_PREFIX)) == 0;
}

/* secret:NAME or secret:NAME#KEY; a name may be an ARN. */
static int expand_secret(struct eg_span inside, bool fresh, struct eg_buffer *buffer,
                         struct eg_error *err)
{
    const size_t prefix = strlen(SECRET_PREFIX);
    struct eg_config_secret secret = {
        .name = eg_span_of(inside.ptr + prefix, inside.len - prefix),
        .region = EG_SPAN_EMPTY,
        .key = EG_SPAN_EMPTY,
    };
    const char *mark = memchr(secret.name.ptr, '#', secret.name.len);
    if (mark) {
        size_t name_len = (size_t)(mark - secret.name.ptr);
        secret.key = eg_span_of(mark + 1, secret.name.len - name_len - 1);
        secret.name.len = name_len;
    }
    if (secret.name.len == 0 || (mark && secret.key.len == 0))
        return eg_error_set(err, EG_ERR_CONFIG,
                            "'${%.*s}' must be ${secret:NAME} or ${secret:NAME#KEY}",
                            EG_SPAN_ARGS(inside));
    return eg_config_secret_read(&secret, fresh, buffer, err);
}

static int expand_variable(struct eg_span inside, struct eg_buffer *buffer, struct eg_error *err)
{
    const char *mark = memmem(inside.ptr, inside.len, ":-", 2);
    struct eg_span name = eg_span_of(inside.ptr, mark ? (size_t)(mark - inside.ptr) : inside.len);
    if (!is_name(name))
        return eg_error_set(err, EG_ERR_CONFIG,
                            "'${%.*s}' names no environment variable; write $${ for a literal ${",
                            EG_SPAN_ARGS(inside));
    EG_AUTOFREE char *variable = eg_span_dup(name);
    const char *value = getenv(variable);
    if (mark && (!value || value[0] == '\0'))
        eg_buffer_append(buffer, mark + 2, inside.len - name.len - 2);
    else if (value)
        eg_buffer_append_text(buffer, value);
    else
        return eg_error_set(err, EG_ERR_CONFIG,
                            "environment variable %s is not set; set it, or write ${%s:-default}",
                            variable, variable);
    return 0;
}

/* What begins at `at`, of `left` bytes: an escape, a reference, or a character. */
enum part { PART_CHARACTER, PART_ESCAPE, PART_REFERENCE, PART_BROKEN };

/* *ret_bytes: how long the part is. */
static enum part next_part(const char *at, size_t left, size_t *ret_bytes)
{
    *ret_bytes = 1;
    if (left >= 3 && memcmp(at, "$${", 3) == 0) {
        *ret_bytes = 3;
        return PART_ESCAPE;
    }
    if (left < 2 || memcmp(at, "${", 2) != 0)
        return PART_CHARACTER;
    const char *close = memchr(at, '}', left);
    if (!close)
        return PART_BROKEN;
    *ret_bytes = (size_t)(close - at) + 1;
    return PART_REFERENCE;
}

static int substitute(struct eg_span text, bool fresh, struct eg_buffer *buffer,
                      struct eg_error *err)
{
    size_t bytes;
    for (size_t at = 0; at < text.len; at += bytes) {
        enum part part = next_part(text.ptr + at, text.len - at, &bytes);
        struct eg_span inside = eg_span_of(text.ptr + at + 2, bytes > 3 ? bytes - 3 : 0);
        if (part == PART_BROKEN)
            return eg_error_set(err, EG_ERR_CONFIG,
                                "'${' without its '}'; write $${ for a literal ${");
        if (part == PART_CHARACTER)
            eg_buffer_append_char(buffer, text.ptr[at]);
        else if (part == PART_ESCAPE)
            eg_buffer_append_text(buffer, "${");
        else if (is_secret(inside) ? expand_secret(inside, fresh, buffer, err) != 0
                                   : expand_variable(inside, buffer, err) != 0)
            return -1;
    }
    return 0;
}

int eg_config_substitute(struct eg_span text, struct eg_buffer *buffer, struct eg_error *err)
{
    return substitute(text, false, buffer, err);
}

bool eg_config_substitute_wants_secret(struct eg_span text)
{
    size_t bytes;
    for (size_t at = 0; at < text.len; at += bytes)
        if (next_part(text.ptr + at, text.len - at, &bytes) == PART_REFERENCE &&
            is_secret(eg_span_of(text.ptr + at + 2, bytes - 3)))
            return true;
    return false;
}

void eg_config_late_keep(struct eg_span value, struct eg_buffer *buffer)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.len - i >= 2 && memcmp(value.ptr + i, "${", 2) == 0)
            eg_buffer_append_char(buffer, '$');
        eg_buffer_append_char(buffer, value.ptr[i]);
    }
}

int eg_config_late_expand(struct eg_span text, bool fresh, struct eg_buffer *buffer,
                          struct eg_error *err)
{
    return substitute(text, fresh, buffer, err);
}
