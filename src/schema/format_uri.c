/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 3986 and RFC 3987: cut into scheme, authority, path, query and fragment, then each part's
 * characters are looked up in one table. Pure.
 */
#include "schema/format_check.h"
#include "text/utf8.h"

enum {
    UNRESERVED = 1,
    SUB_DELIM = 2,
    COLON = 4,
    AT = 8,
    SLASH = 16,
    QUESTION = 32,
    IPRIVATE = 64, /* beyond ASCII: also private use */
};

#define PCHAR (UNRESERVED | SUB_DELIM | COLON | AT)

static unsigned class_of(char c)
{
    if (eg_schema_is_alpha(c) || eg_schema_is_digit(c))
        return UNRESERVED;
    switch (c) {
    case '-':
    case '.':
    case '_':
    case '~':
        return UNRESERVED;
    case ':':
        return COLON;
    case '@':
        return AT;
    case '/':
        return SLASH;
    case '?':
        return QUESTION;
    default:
        return c != '\0' && strchr("!$&'()*+,;=", c) ? SUB_DELIM : 0;
    }
}

bool eg_schema_is_ucschar(uint32_t code)
{
    if (code < 0x10000)
        return (code >= 0xa0 && code <= 0xd7ff) || (code >= 0xf900 && code <= 0xfdcf) ||
               (code >= 0xfdf0 && code <= 0xffef);
    bool noncharacter = (code & 0xffff) >= 0xfffe;
    return !noncharacter && code < 0xf0000 && (code < 0xe0000 || code >= 0xe1000);
}

bool eg_schema_is_iprivate(uint32_t code)
{
    return (code >= 0xe000 && code <= 0xf8ff) || (code >= 0xf0000 && (code & 0xffff) < 0xfffe);
}

static bool is_allowed(uint32_t code, unsigned classes, bool iri)
{
    if (code < 0x80)
        return (class_of((char)code) & classes) != 0;
    return iri &&
           (eg_schema_is_ucschar(code) || ((classes & IPRIVATE) && eg_schema_is_iprivate(code)));
}

/* Only characters of these classes and percent-encoded ones? */
static bool has_only(struct eg_span text, unsigned classes, bool iri)
{
    while (text.len > 0) {
        uint32_t code;
        if (eg_schema_is_triplet(text))
            text = eg_span_of(text.ptr + 3, text.len - 3);
        else if (!eg_utf8_next(&text, &code) || !is_allowed(code, classes, iri))
            return false;
    }
    return true;
}

/* Takes "scheme:" off the front. */
static bool take_scheme(struct eg_span *rest)
{
    size_t n = 0;
    while (n < rest->len && (eg_schema_is_alpha(rest->ptr[n]) ||
                             (n > 0 && (eg_schema_is_digit(rest->ptr[n]) || rest->ptr[n] == '+' ||
                                        rest->ptr[n] == '-' || rest->ptr[n] == '.'))))
        n++;
    if (n == 0 || n == rest->len || rest->ptr[n] != ':')
        return false;
    *rest = eg_span_of(rest->ptr + n + 1, rest->len - n - 1);
    return true;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool is_ip_future(struct eg_span text)
{
    if (!eg_schema_take(&text, 'v') && !eg_schema_take(&text, 'V'))
        return false;
    struct eg_span version = eg_schema_take_until(&text, ".");
    for (size_t i = 0; i < version.len; i++)
        if (!eg_schema_is_hex(version.ptr[i]))
            return false;
    if (version.len == 0 || !eg_schema_take(&text, '.') || text.len == 0)
        return false;
    return !memchr(text.ptr, '%', text.len) &&
           has_only(text, UNRESERVED | SUB_DELIM | COLON, false);
}

static bool take_host(struct eg_span *rest, bool iri)
{
    if (!eg_schema_take(rest, '['))
        return has_only(eg_schema_take_until(rest, ":"), UNRESERVED | SUB_DELIM, iri);
    struct eg_span literal = eg_schema_take_until(rest, "]");
    return eg_schema_take(rest, ']') && (eg_schema_format_ipv6(literal) || is_ip_future(literal));
}

static bool is_port(struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!eg_schema_is_digit(text.ptr[i]))
            return false;
    return true;
}

static bool is_authority(struct eg_span authority, bool iri)
{
    struct eg_span host = authority;
    struct eg_span userinfo = eg_schema_take_until(&host, "@");
    if (!eg_schema_take(&host, '@'))
        host = authority;
    else if (!has_only(userinfo, UNRESERVED | SUB_DELIM | COLON, iri))
        return false;
    if (!take_host(&host, iri))
        return false;
    return host.len == 0 || (eg_schema_take(&host, ':') && is_port(host));
}

/* Without a scheme, a first segment with a colon would be read as one. */
static bool has_colon_first(struct eg_span path)
{
    struct eg_span segment = eg_schema_take_until(&path, "/");
    return segment.len > 0 && memchr(segment.ptr, ':', segment.len);
}

static bool check_reference(struct eg_span value, bool iri, bool absolute)
{
    bool has_scheme = take_scheme(&value);
    if (absolute && !has_scheme)
        return false;
    if (value.len >= 2 && value.ptr[0] == '/' && value.ptr[1] == '/') {
        value = eg_span_of(value.ptr + 2, value.len - 2);
        if (!is_authority(eg_schema_take_until(&value, "/?#"), iri))
            return false;
        has_scheme = true;
    }
    struct eg_span path = eg_schema_take_until(&value, "?#");
    if (!has_only(path, PCHAR | SLASH, iri) || (!has_scheme && has_colon_first(path)))
        return false;
    if (eg_schema_take(&value, '?') &&
        !has_only(eg_schema_take_until(&value, "#"), PCHAR | SLASH | QUESTION | IPRIVATE, iri))
        return false;
    if (eg_schema_take(&value, '#'))
        return has_only(value, PCHAR | SLASH | QUESTION, iri);
    return value.len == 0;
}

bool eg_schema_format_uri(struct eg_span value)
{
    return check_reference(value, false, true);
}

bool eg_schema_format_uri_reference(struct eg_span value)
{
    return check_reference(value, false, false);
}

bool eg_schema_format_iri(struct eg_span value)
{
    return check_reference(value, true, true);
}

bool eg_schema_format_iri_reference(struct eg_span value)
{
    return check_reference(value, true, false);
}
