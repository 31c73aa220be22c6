/* SPDX-License-Identifier: Apache-2.0 */
/* URI templates, RFC 6570, section 2. Pure. */
#include "schema/format_check.h"
#include "text/utf8.h"

static bool is_literal(uint32_t code)
{
    if (code > 0x7f)
        return eg_schema_is_ucschar(code) || eg_schema_is_iprivate(code);
    return code > ' ' && code != 0x7f && !strchr("\"%<>\\^`{|}", (int)code);
}

static bool take_varchar(struct eg_span *rest)
{
    size_t bytes = 0;
    if (eg_schema_is_triplet(*rest))
        bytes = 3;
    else if (rest->len > 0 && (eg_schema_is_alpha(rest->ptr[0]) ||
                               eg_schema_is_digit(rest->ptr[0]) || rest->ptr[0] == '_'))
        bytes = 1;
    *rest = eg_span_of(rest->ptr + bytes, rest->len - bytes);
    return bytes > 0;
}

static bool take_varname(struct eg_span *rest)
{
    do {
        if (!take_varchar(rest))
            return false;
        while (take_varchar(rest))
            continue;
    } while (eg_schema_take(rest, '.'));
    return true;
}

/* ":" and 1 to 9999. */
static bool take_prefix(struct eg_span *rest)
{
    size_t digits = 0;
    while (digits < rest->len && eg_schema_is_digit(rest->ptr[digits]))
        digits++;
    if (digits == 0 || digits > 4 || rest->ptr[0] == '0')
        return false;
    *rest = eg_span_of(rest->ptr + digits, rest->len - digits);
    return true;
}

static bool take_varspec(struct eg_span *rest)
{
    if (!take_varname(rest))
        return false;
    if (eg_schema_take(rest, ':'))
        return take_prefix(rest);
    (void)eg_schema_take(rest, '*');
    return true;
}

/* After "{". The operators kept for the future ("=,!@|") are none yet. */
static bool take_expression(struct eg_span *rest)
{
    if (rest->len > 0 && rest->ptr[0] != '\0' && strchr("+#./;?&", rest->ptr[0]))
        *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
    do {
        if (!take_varspec(rest))
            return false;
    } while (eg_schema_take(rest, ','));
    return eg_schema_take(rest, '}');
}

bool eg_schema_format_uri_template(struct eg_span value)
{
    while (value.len > 0) {
        uint32_t code;
        if (eg_schema_take(&value, '{')) {
            if (!take_expression(&value))
                return false;
        } else if (eg_schema_is_triplet(value)) {
            value = eg_span_of(value.ptr + 3, value.len - 3);
        } else if (!eg_utf8_next(&value, &code) || !is_literal(code)) {
            return false;
        }
    }
    return true;
}
