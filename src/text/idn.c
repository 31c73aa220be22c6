/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libidn2's registration check is the strict one: NFC, code points, CONTEXTJ and CONTEXTO rules,
 * hyphens, round trip, and the Bidi rule but for its fourth part, which is checked here. Its lookup
 * check would let most CONTEXTO mistakes pass. No state.
 */
#include "text/idn.h"

#include <idn2.h>
#include <stdint.h>
#include <string.h>

#include "base/span.h"
#include "text/utf8.h"

/* A label in UTF-8 longer than this has an A-label that is too long: 59 points of 4 bytes. */
#define LABEL_MAX_UTF8_BYTES 236u

static void free_idn(void *pointer_to_pointer)
{
    idn2_free(*(void **)pointer_to_pointer);
}

/*
 * Blocks whose letters and digits have Bidi class R, AL or AN (Unicode's DerivedBidiClass
 * defaults); the extended Arabic-Indic digits among them are European numbers.
 */
static bool is_rtl(uint32_t code)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x0590, 0x06ef}, {0x06fa, 0x08ff},   {0xfb1d, 0xfdff},
        {0xfe70, 0xfeff}, {0x10800, 0x10fff}, {0x1e800, 0x1efff},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(ranges); i++)
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    return false;
}

/* Bidi class AN, of characters that a label may have. */
static bool is_arabic_digit(uint32_t code)
{
    return (code >= 0x0660 && code <= 0x0669) || (code >= 0x10d30 && code <= 0x10d39);
}

static bool is_european_digit(uint32_t code)
{
    return (code >= '0' && code <= '9') || (code >= 0x06f0 && code <= 0x06f9);
}

/* False: both kinds of digits in one right-to-left label (RFC 5893, section 2, rule 4). */
static bool describe(struct eg_span u_label, struct eg_idn_label *ret_label)
{
    uint32_t code;
    bool first = true;
    bool has_european = false;
    bool has_arabic = false;
    while (eg_utf8_next(&u_label, &code)) {
        ret_label->has_rtl |= is_rtl(code);
        ret_label->starts_numeric |= first && is_european_digit(code);
        has_european |= is_european_digit(code);
        has_arabic |= is_arabic_digit(code);
        first = false;
    }
    return !(ret_label->has_rtl && has_european && has_arabic);
}

bool eg_idn_u_label(struct eg_span label, struct eg_idn_label *ret_label)
{
    char text[LABEL_MAX_UTF8_BYTES + 1];
    if (label.len > LABEL_MAX_UTF8_BYTES || memchr(label.ptr, '\0', label.len))
        return false;
    memcpy(text, label.ptr, label.len);
    text[label.len] = '\0';
    EG_CLEANUP(free_idn) uint8_t *ascii = NULL;
    if (idn2_register_u8((const uint8_t *)text, NULL, &ascii, 0) != IDN2_OK || !ascii)
        return false;
    struct eg_idn_label found = {.ascii_bytes = strlen((const char *)ascii)};
    if (!describe(label, &found) || found.ascii_bytes > EG_IDN_LABEL_MAX_BYTES)
        return false;
    *ret_label = found;
    return true;
}

static bool is_ascii(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text > 0x7f)
            return false;
    return true;
}

bool eg_idn_a_label(struct eg_span label, struct eg_idn_label *ret_label)
{
    char text[EG_IDN_LABEL_MAX_BYTES + 1];
    if (label.len > EG_IDN_LABEL_MAX_BYTES)
        return false;
    for (size_t i = 0; i < label.len; i++)
        text[i] =
            label.ptr[i] >= 'A' && label.ptr[i] <= 'Z' ? (char)(label.ptr[i] | 0x20) : label.ptr[i];
    text[label.len] = '\0';
    EG_CLEANUP(free_idn) char *unicode = NULL;
    if (idn2_to_unicode_8z8z(text, &unicode, 0) != IDN2_OK || !unicode || is_ascii(unicode))
        return false;
    EG_CLEANUP(free_idn) uint8_t *ascii = NULL;
    int rc = idn2_register_u8((const uint8_t *)unicode, (const uint8_t *)text, &ascii, 0);
    if (rc != IDN2_OK)
        return false;
    struct eg_idn_label found = {.ascii_bytes = label.len};
    if (!describe(eg_span_text(unicode), &found))
        return false;
    *ret_label = found;
    return true;
}
