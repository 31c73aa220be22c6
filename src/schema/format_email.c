/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mailbox of RFC 5321, section 4.1.2; with RFC 6531 any character beyond ASCII is atext, qtext and
 * part of a label. Pure.
 */
#include "schema/format_check.h"

#define LOCAL_MAX_BYTES  64u
#define DOMAIN_MAX_BYTES 255u
#define LABEL_MAX_BYTES  63u

static bool is_international(char c, bool idn)
{
    return idn && (unsigned char)c > 0x7f;
}

static bool is_atext(char c, bool idn)
{
    return eg_schema_is_alpha(c) || eg_schema_is_digit(c) || is_international(c, idn) ||
           (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_string(struct eg_span local, bool idn)
{
    bool after_dot = true;
    for (size_t i = 0; i < local.len; i++) {
        bool dot = local.ptr[i] == '.';
        if (dot ? after_dot : !is_atext(local.ptr[i], idn))
            return false;
        after_dot = dot;
    }
    return !after_dot;
}

/* The length of a quoted string at the front, its quotes included; 0: none. */
static size_t quoted_bytes(struct eg_span value, bool idn)
{
    for (size_t i = 1; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '"')
            return i + 1;
        if (c == '\\' && ++i == value.len)
            return 0;
        c = value.ptr[i];
        if ((c < ' ' || c > '~') && !is_international(c, idn))
            return 0;
    }
    return 0;
}

static bool take_local(struct eg_span *rest, bool idn)
{
    if (rest->len > 0 && rest->ptr[0] == '"') {
        size_t bytes = quoted_bytes(*rest, idn);
        *rest = eg_span_of(rest->ptr + bytes, rest->len - bytes);
        return bytes > 0 && bytes <= LOCAL_MAX_BYTES;
    }
    struct eg_span local = eg_schema_take_until(rest, "@");
    return local.len <= LOCAL_MAX_BYTES && is_dot_string(local, idn);
}

static bool is_label(struct eg_span label, bool idn)
{
    if (label.len == 0 || (!idn && label.len > LABEL_MAX_BYTES) || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (!eg_schema_is_alpha(c) && !eg_schema_is_digit(c) && c != '-' &&
            !is_international(c, idn))
            return false;
    }
    return true;
}

static bool is_domain(struct eg_span domain, bool idn)
{
    do {
        if (!is_label(eg_schema_take_until(&domain, "."), idn))
            return false;
    } while (eg_schema_take(&domain, '.'));
    return true;
}

static bool is_address_literal(struct eg_span domain)
{
    struct eg_span inner = eg_span_of(domain.ptr + 1, domain.len - 2);
    if (!eg_span_starts_nocase(inner, "IPv6:"))
        return eg_schema_format_ipv4(inner);
    return eg_schema_format_ipv6(eg_span_of(inner.ptr + 5, inner.len - 5));
}

static bool check_mailbox(struct eg_span value, bool idn)
{
    if (!take_local(&value, idn) || !eg_schema_take(&value, '@') || value.len > DOMAIN_MAX_BYTES)
        return false;
    if (value.len > 2 && value.ptr[0] == '[' && value.ptr[value.len - 1] == ']')
        return is_address_literal(value);
    return is_domain(value, idn);
}

bool eg_schema_format_email(struct eg_span value)
{
    return check_mailbox(value, false);
}

bool eg_schema_format_idn_email(struct eg_span value)
{
    return check_mailbox(value, true);
}
