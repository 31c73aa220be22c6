/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From ECMA-262 or Python to PCRE2: inside text/ only, what regex.c compiles.
 *
 * One pass over the pattern with a stack of open groups; every construct is recognised and written
 * anew, so nothing of PCRE2's own syntax can come through from outside.
 */
#ifndef EG_TEXT_REGEX_TRANSLATE_H
#define EG_TEXT_REGEX_TRANSLATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "text/regex.h"

#define EG_REGEX_MAX_DEPTH  200u
#define EG_REGEX_MAX_GROUPS 1000u

struct eg_regex_name {
    struct eg_span name;
    unsigned group;
};

/* Where a piece of the translation came from. */
struct eg_regex_origin {
    uint32_t out;
    uint32_t in;
};

struct eg_regex_translator {
    struct eg_span pattern;
    size_t at; /* the next byte of the pattern to read */
    enum eg_regex_dialect dialect;
    struct eg_buffer out;
    struct eg_buffer origins; /* of struct eg_regex_origin, ascending */
    struct eg_regex_name names[EG_REGEX_MAX_GROUPS];
    unsigned name_count;
    unsigned group_count; /* in the whole pattern, known before translation starts */
    unsigned groups_open; /* opened so far: Python refers back only */
    bool counted;         /* write a callout where work can pile up, for regex.c to count */
    bool has_backreference;
    unsigned longest_run; /* the greatest least count of a quantifier: bytes seen uncounted */
    bool can_repeat;      /* the last thing written may take a quantifier */
    bool group_repeats[EG_REGEX_MAX_DEPTH]; /* of each open group: may it take a quantifier? */
    unsigned depth;
    struct eg_error *err;
};

/*
 * `counted` writes callouts, too: at the start, in each group and after each quantifier, so that
 * between two of them lies no more than a walk through the pattern and one scan of the subject.
 * -1 with EG_ERR_INVALID and "<reason> at offset N". Fini in any case.
 */
int eg_regex_translate(struct eg_regex_translator *translator, struct eg_span pattern,
                       enum eg_regex_dialect dialect, bool counted,
                       struct eg_error *err) EG_MUST_CHECK;
void eg_regex_translator_fini(struct eg_regex_translator *translator);

/* The byte in the pattern that the translation's byte `out` came from. */
size_t eg_regex_translator_origin(const struct eg_regex_translator *translator, size_t out);

/* What the parts share, each reading at `at`: */

int eg_regex_fail_at(struct eg_regex_translator *translator, size_t offset, const char *reason);
#ifdef __clang_analyzer__ /* base/error.h says why */
#define eg_regex_fail_at(...) (eg_regex_fail_at(__VA_ARGS__), -1)
#endif
bool eg_regex_take(struct eg_regex_translator *translator, const char *literal);

/* Is the byte `ahead` bytes further this one? */
bool eg_regex_peek(const struct eg_regex_translator *translator, size_t ahead, char byte);

/* Writes a callout, in the counted form. */
void eg_regex_write_callout(struct eg_regex_translator *translator);

/* Writes one character so that it stands for itself, inside and outside a class. */
void eg_regex_write_literal(struct eg_regex_translator *translator, uint32_t code);

/* Finds the groups and their names. regex_group.c */
int eg_regex_scan_groups(struct eg_regex_translator *translator) EG_MUST_CHECK;
/* After "(". regex_group.c */
int eg_regex_open_group(struct eg_regex_translator *translator) EG_MUST_CHECK;
/* Does the number name a group that a reference may stand for here? regex_group.c */
bool eg_regex_may_refer(const struct eg_regex_translator *translator, unsigned group);
/* A name up to and with `close`; its group. regex_group.c */
int eg_regex_read_reference(struct eg_regex_translator *translator, char close,
                            unsigned *ret_group) EG_MUST_CHECK;
/* After "[". regex_class.c */
int eg_regex_class(struct eg_regex_translator *translator) EG_MUST_CHECK;

/* After "\": one character, a set of them, or neither. regex_escape.c */
struct eg_regex_escape {
    enum {
        EG_REGEX_ESCAPE_CODE,  /* `code` */
        EG_REGEX_ESCAPE_SET,   /* `set`: PCRE2 text that is right inside [ ] */
        EG_REGEX_ESCAPE_OTHER, /* an assertion or back reference: `set`, outside a class only */
    } kind;
    uint32_t code;
    struct eg_span set;
    char room[96]; /* may hold what `set` shows */
    bool can_repeat;
};

int eg_regex_read_escape(struct eg_regex_translator *translator, bool in_class,
                         struct eg_regex_escape *ret_escape) EG_MUST_CHECK;

/*
 * \p{text}: writes PCRE2's form of an ECMA-262 property into `room`. False: ECMA-262 has none of
 * that name. regex_property.c
 */
bool eg_regex_property(struct eg_span text, bool negated, char *room,
                       size_t room_bytes) EG_MUST_CHECK;

#endif
