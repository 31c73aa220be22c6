/* SPDX-License-Identifier: Apache-2.0 */
/*
 * \p{...} of ECMA-262 (tables "General_Category", "Binary Unicode property aliases") in PCRE2's
 * words. Names are compared exactly, as ECMA-262 asks; a script's name is left to PCRE2.
 */
#include <stdio.h>
#include <string.h>

#include "base/span.h"
#include "text/regex_translate.h"

/* General_Category: what ECMA-262 calls it -> PCRE2. Short names stand for themselves. */
static const struct {
    const char *name;
    const char *pcre;
} categories[] = {
    {"Cased_Letter", "L&"},
    {"LC", "L&"},
    {"Close_Punctuation", "Pe"},
    {"Pe", "Pe"},
    {"Connector_Punctuation", "Pc"},
    {"Pc", "Pc"},
    {"Control", "Cc"},
    {"Cc", "Cc"},
    {"cntrl", "Cc"},
    {"Currency_Symbol", "Sc"},
    {"Sc", "Sc"},
    {"Dash_Punctuation", "Pd"},
    {"Pd", "Pd"},
    {"Decimal_Number", "Nd"},
    {"Nd", "Nd"},
    {"digit", "Nd"},
    {"Enclosing_Mark", "Me"},
    {"Me", "Me"},
    {"Final_Punctuation", "Pf"},
    {"Pf", "Pf"},
    {"Format", "Cf"},
    {"Cf", "Cf"},
    {"Initial_Punctuation", "Pi"},
    {"Pi", "Pi"},
    {"Letter", "L"},
    {"L", "L"},
    {"Letter_Number", "Nl"},
    {"Nl", "Nl"},
    {"Line_Separator", "Zl"},
    {"Zl", "Zl"},
    {"Lowercase_Letter", "Ll"},
    {"Ll", "Ll"},
    {"Mark", "M"},
    {"M", "M"},
    {"Combining_Mark", "M"},
    {"Math_Symbol", "Sm"},
    {"Sm", "Sm"},
    {"Modifier_Letter", "Lm"},
    {"Lm", "Lm"},
    {"Modifier_Symbol", "Sk"},
    {"Sk", "Sk"},
    {"Nonspacing_Mark", "Mn"},
    {"Mn", "Mn"},
    {"Number", "N"},
    {"N", "N"},
    {"Open_Punctuation", "Ps"},
    {"Ps", "Ps"},
    {"Other", "C"},
    {"C", "C"},
    {"Other_Letter", "Lo"},
    {"Lo", "Lo"},
    {"Other_Number", "No"},
    {"No", "No"},
    {"Other_Punctuation", "Po"},
    {"Po", "Po"},
    {"Other_Symbol", "So"},
    {"So", "So"},
    {"Paragraph_Separator", "Zp"},
    {"Zp", "Zp"},
    {"Private_Use", "Co"},
    {"Co", "Co"},
    {"Punctuation", "P"},
    {"P", "P"},
    {"punct", "P"},
    {"Separator", "Z"},
    {"Z", "Z"},
    {"Space_Separator", "Zs"},
    {"Zs", "Zs"},
    {"Spacing_Mark", "Mc"},
    {"Mc", "Mc"},
    {"Surrogate", "Cs"},
    {"Cs", "Cs"},
    {"Symbol", "S"},
    {"S", "S"},
    {"Titlecase_Letter", "Lt"},
    {"Lt", "Lt"},
    {"Unassigned", "Cn"},
    {"Cn", "Cn"},
    {"Uppercase_Letter", "Lu"},
    {"Lu", "Lu"},
};

/* Binary properties; PCRE2 knows them under the same names. */
static const char binary_names[] =
    " ASCII ASCII_Hex_Digit AHex Alphabetic Alpha Any Bidi_Control Bidi_C Bidi_Mirrored Bidi_M"
    " Case_Ignorable CI Cased Changes_When_Casefolded CWCF Changes_When_Casemapped CWCM"
    " Changes_When_Lowercased CWL Changes_When_Titlecased CWT Changes_When_Uppercased CWU"
    " Dash Default_Ignorable_Code_Point DI Deprecated Dep Diacritic Dia Emoji Emoji_Component"
    " EComp Emoji_Modifier EMod Emoji_Modifier_Base EBase Emoji_Presentation EPres"
    " Extended_Pictographic ExtPict Extender Ext Grapheme_Base Gr_Base Grapheme_Extend Gr_Ext"
    " Hex_Digit Hex IDS_Binary_Operator IDSB IDS_Trinary_Operator IDST ID_Continue IDC ID_Start"
    " IDS Ideographic Ideo Join_Control Join_C Logical_Order_Exception LOE Lowercase Lower Math"
    " Noncharacter_Code_Point NChar Pattern_Syntax Pat_Syn Pattern_White_Space Pat_WS"
    " Quotation_Mark QMark Radical Regional_Indicator RI Sentence_Terminal STerm Soft_Dotted SD"
    " Terminal_Punctuation Term Unified_Ideograph UIdeo Uppercase Upper Variation_Selector VS"
    " White_Space space XID_Continue XIDC XID_Start XIDS ";

static const struct {
    const char *ecma;
    const char *pcre;
} script_prefixes[] = {
    {"Script=", "sc:"},
    {"sc=", "sc:"},
    {"Script_Extensions=", "scx:"},
    {"scx=", "scx:"},
};

static const char *category_find(struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(categories); i++)
        if (eg_span_is(name, categories[i].name))
            return categories[i].pcre;
    return NULL;
}

static bool is_word(struct eg_span name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && c != '_' && !(c >= '0' && c <= '9'))
            return false;
    }
    return name.len > 0 && name.len <= 48;
}

static bool is_binary(struct eg_span name)
{
    char padded[64];
    if (!is_word(name))
        return false;
    (void)snprintf(padded, sizeof(padded), " %.*s ", EG_SPAN_ARGS(name));
    return strstr(binary_names, padded) != NULL;
}

static bool take_prefix(struct eg_span *text, const char *prefix)
{
    size_t len = strlen(prefix);
    if (text->len < len || memcmp(text->ptr, prefix, len) != 0)
        return false;
    *text = eg_span_of(text->ptr + len, text->len - len);
    return true;
}

static bool write_script(struct eg_span text, char letter, char *room, size_t room_bytes)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(script_prefixes); i++) {
        struct eg_span name = text;
        if (!take_prefix(&name, script_prefixes[i].ecma) || !is_word(name))
            continue;
        (void)snprintf(room, room_bytes, "\\%c{%s%.*s}", letter, script_prefixes[i].pcre,
                       EG_SPAN_ARGS(name));
        return true;
    }
    return false;
}

bool eg_regex_property(struct eg_span text, bool negated, char *room, size_t room_bytes)
{
    char letter = negated ? 'P' : 'p';
    struct eg_span name = text;
    bool only_category = take_prefix(&name, "General_Category=") || take_prefix(&name, "gc=");
    const char *category = category_find(name);
    if (category) {
        (void)snprintf(room, room_bytes, "\\%c{%s}", letter, category);
        return true;
    }
    if (only_category)
        return false;
    if (eg_span_is(text, "Assigned")) {
        (void)snprintf(room, room_bytes, "\\%c{Cn}", negated ? 'p' : 'P');
        return true;
    }
    if (is_binary(text)) {
        (void)snprintf(room, room_bytes, "\\%c{%.*s}", letter, EG_SPAN_ARGS(text));
        return true;
    }
    return write_script(text, letter, room, room_bytes);
}
