/* SPDX-License-Identifier: Apache-2.0 */
/* One pass over the text; nothing that was put in is looked at again. */
#include "config/substitute.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

static bool is_name(struct eg_span name)
{
    if (name.len == 0 || isdigit((unsigned char)name.ptr[0]))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!isalnum((unsigned char)name.ptr[i]) && name.ptr[i] != '_')
            return false;
    return true;
}

/* `inside` is what stands between the braces. */
static int expand(struct eg_span inside, struct eg_buffer *buffer, struct eg_error *err)
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

int eg_config_substitute(struct eg_span text, struct eg_buffer *buffer, struct eg_error *err)
{
    const char *at = text.ptr;
    const char *const end = text.ptr + text.len;
    while (at < end) {
        size_t left = (size_t)(end - at);
        if (left >= 3 && memcmp(at, "$${", 3) == 0) {
            eg_buffer_append_text(buffer, "${");
            at += 3;
        } else if (left >= 2 && memcmp(at, "${", 2) == 0) {
            const char *close = memchr(at, '}', left);
            if (!close)
                return eg_error_set(err, EG_ERR_CONFIG,
                                    "'${' without its '}'; write $${ for a literal ${");
            if (expand(eg_span_of(at + 2, (size_t)(close - at) - 2), buffer, err) != 0)
                return -1;
            at = close + 1;
        } else {
            eg_buffer_append_char(buffer, *at++);
        }
    }
    return 0;
}
