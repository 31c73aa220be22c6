/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host names label by label. An ASCII label has letters, digits and inner hyphens; one that starts
 * with "xn--" must stand for a valid internationalised label; others go to IDNA2008 when the format
 * is idn-hostname. A name with any right-to-left label is held to the Bidi rule in all of them.
 */
#include "schema/format_check.h"
#include "text/idn.h"
#include "text/utf8.h"

#define NAME_MAX_BYTES 253u

struct name_check {
    bool idn;
    size_t ascii_bytes; /* as it would go into a query, dots included */
    bool has_rtl;
    bool has_numeric_ltr; /* a left-to-right label that starts with a digit */
};

static bool is_ldh(struct eg_span label)
{
    if (label.len == 0 || label.len > EG_IDN_LABEL_MAX_BYTES || label.ptr[0] == '-' ||
        label.ptr[label.len - 1] == '-')
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!eg_schema_is_alpha(label.ptr[i]) && !eg_schema_is_digit(label.ptr[i]) &&
            label.ptr[i] != '-')
            return false;
    return true;
}

static bool is_ascii(struct eg_span label)
{
    for (size_t i = 0; i < label.len; i++)
        if ((unsigned char)label.ptr[i] > 0x7f)
            return false;
    return true;
}

/* "??--": reserved for prefixes such as "xn--" (RFC 5891, section 4.2.3.1). */
static bool is_reserved(struct eg_span label)
{
    return label.len >= 4 && label.ptr[2] == '-' && label.ptr[3] == '-';
}

static bool read_label(struct eg_span label, bool idn, struct eg_idn_label *ret_label)
{
    if (!is_ascii(label))
        return idn && eg_idn_u_label(label, ret_label);
    if (!is_ldh(label))
        return false;
    if (eg_span_starts_nocase(label, "xn--"))
        return eg_idn_a_label(label, ret_label);
    if (idn && is_reserved(label))
        return false;
    *ret_label = (struct eg_idn_label){.ascii_bytes = label.len,
                                       .starts_numeric = eg_schema_is_digit(label.ptr[0])};
    return true;
}

static bool check_label(struct name_check *check, struct eg_span text)
{
    struct eg_idn_label label;
    if (!read_label(text, check->idn, &label))
        return false;
    check->ascii_bytes += label.ascii_bytes + (check->ascii_bytes > 0);
    check->has_rtl |= label.has_rtl;
    check->has_numeric_ltr |= label.starts_numeric && !label.has_rtl;
    return check->ascii_bytes <= NAME_MAX_BYTES;
}

/* The full stop, and the three that IDNA takes for one (RFC 3490, section 3.1). */
static bool is_separator(uint32_t code, bool idn)
{
    return code == '.' || (idn && (code == 0x3002 || code == 0xff0e || code == 0xff61));
}

/* Takes a label and the separator behind it. */
static struct eg_span take_label(struct eg_span *rest, bool idn, bool *ret_more)
{
    struct eg_span label = *rest;
    uint32_t code;
    *ret_more = false;
    for (size_t before = rest->len; eg_utf8_next(rest, &code); before = rest->len) {
        if (is_separator(code, idn)) {
            *ret_more = true;
            return eg_span_of(label.ptr, label.len - before);
        }
    }
    return label; /* with what is not UTF-8, if anything: no label check takes that */
}

static bool check_name(struct eg_span value, bool idn)
{
    struct name_check check = {.idn = idn};
    for (bool more = true; more;)
        if (!check_label(&check, take_label(&value, idn, &more)))
            return false;
    return !idn || !check.has_rtl || !check.has_numeric_ltr; /* RFC 5893, section 2, rule 1 */
}

bool eg_schema_format_hostname(struct eg_span value)
{
    return check_name(value, false);
}

bool eg_schema_format_idn_hostname(struct eg_span value)
{
    return check_name(value, true);
}
