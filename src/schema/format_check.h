/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function a format, inside schema/ only: format.c has them in its table. Each takes UTF-8 and
 * says whether all of it fits. Pure; any thread.
 */
#ifndef EG_SCHEMA_FORMAT_CHECK_H
#define EG_SCHEMA_FORMAT_CHECK_H

#include <stdbool.h>

#include "base/span.h"
#include "eventgate/span.h"

/* format_date.c: RFC 3339, section 5.6 and appendix A */
bool eg_schema_format_date(struct eg_span value);
bool eg_schema_format_time(struct eg_span value);
bool eg_schema_format_date_time(struct eg_span value);
bool eg_schema_format_duration(struct eg_span value);

/* format_net.c: RFC 2673 section 3.2, RFC 4291 section 2.2 */
bool eg_schema_format_ipv4(struct eg_span value);
bool eg_schema_format_ipv6(struct eg_span value);

/* format_host.c: RFC 1123 section 2.1 with RFC 5891; RFC 5890 section 2.3.2.3 */
bool eg_schema_format_hostname(struct eg_span value);
bool eg_schema_format_idn_hostname(struct eg_span value);

/* format_email.c: RFC 5321 section 4.1.2, RFC 6531 section 3.3 */
bool eg_schema_format_email(struct eg_span value);
bool eg_schema_format_idn_email(struct eg_span value);

/* format_uri.c: RFC 3986, RFC 3987 */
bool eg_schema_format_uri(struct eg_span value);
bool eg_schema_format_uri_reference(struct eg_span value);
bool eg_schema_format_iri(struct eg_span value);
bool eg_schema_format_iri_reference(struct eg_span value);

/* format_template.c: RFC 6570 */
bool eg_schema_format_uri_template(struct eg_span value);

/* format_name.c: RFC 4122, RFC 6901, draft-bhutton-relative-json-pointer, ECMA-262 */
bool eg_schema_format_uuid(struct eg_span value);
bool eg_schema_format_json_pointer(struct eg_span value);
bool eg_schema_format_relative_json_pointer(struct eg_span value);
bool eg_schema_format_regex(struct eg_span value);

/* What they share. */

static inline bool eg_schema_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool eg_schema_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool eg_schema_is_hex(char c)
{
    return eg_schema_is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Takes one byte off the front if it is this one. */
static inline bool eg_schema_take(struct eg_span *rest, char byte)
{
    if (rest->len == 0 || rest->ptr[0] != byte)
        return false;
    *rest = eg_span_of(rest->ptr + 1, rest->len - 1);
    return true;
}

/* Takes what stands before the first `byte`, or everything; the byte stays in `rest`. */
static inline struct eg_span eg_schema_take_until(struct eg_span *rest, const char *bytes)
{
    size_t n = 0;
    while (n < rest->len && (rest->ptr[n] == '\0' || !strchr(bytes, rest->ptr[n])))
        n++;
    struct eg_span taken = eg_span_of(rest->ptr, n);
    *rest = eg_span_of(rest->ptr + n, rest->len - n);
    return taken;
}

/* Is it "%" and two hex digits at the front? */
static inline bool eg_schema_is_triplet(struct eg_span text)
{
    return text.len >= 3 && text.ptr[0] == '%' && eg_schema_is_hex(text.ptr[1]) &&
           eg_schema_is_hex(text.ptr[2]);
}

/* RFC 3987: characters beyond ASCII in an IRI; iprivate in its query only. format_uri.c */
bool eg_schema_is_ucschar(uint32_t code);
bool eg_schema_is_iprivate(uint32_t code);

#endif
