/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions: the one door to PCRE2, for schema/ (`pattern`) and access/ (field rules).
 *
 * A compiled expression is immutable: any number of threads match with it at once. What a match
 * needs beside it is kept per thread and reused, so a warm match does not allocate.
 *
 * The two dialects are translated, not passed through: what ECMA-262 or Python's `re` would refuse
 * is refused here, and \d, \w, \s, `.` and `$` mean what they mean there.
 *
 * No expression can run away. Work is counted, not timed: a match that needs more steps than
 * 5 million plus 64 for each byte of the subject ends as EG_REGEX_LIMIT, always or never for the
 * same input.
 */
#ifndef EG_TEXT_REGEX_H
#define EG_TEXT_REGEX_H

#include <stdbool.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/span.h"

enum eg_regex_dialect {
    /*
     * ECMA-262 with the `u` flag, searched for anywhere in the subject: JSON Schema's `pattern`.
     * Lenient where schemas in the wild are: a lone brace or bracket and an escaped punctuation
     * character stand for themselves.
     */
    EG_REGEX_ECMA,
    /* Python's re.fullmatch() on str: the whole subject must match. */
    EG_REGEX_PYTHON_FULLMATCH,
};

enum eg_regex_result {
    EG_REGEX_LIMIT = -1, /* gave up: too many steps, or too deep; neither yes nor no */
    EG_REGEX_NO_MATCH = 0,
    EG_REGEX_MATCH = 1,
};

#define EG_REGEX_MAX_PATTERN_BYTES 16384u

struct eg_regex;

/*
 * Compiles a UTF-8 pattern. 0, or -1 with EG_ERR_INVALID and a message that names the reason and
 * the byte offset in the pattern: "unterminated group at offset 3". The pattern is not needed
 * afterwards.
 */
int eg_regex_compile(struct eg_span pattern, enum eg_regex_dialect dialect,
                     struct eg_regex **ret_regex, struct eg_error *err) EG_MUST_CHECK;
void eg_regex_destroy(struct eg_regex *regex); /* NULL is fine */

/*
 * Is it a regular expression of that dialect? Cheaper than compiling, and fit for patterns that
 * come from outside. Right also for ECMA-262's lookbehind of variable length, which
 * eg_regex_compile refuses because PCRE2 has none.
 */
int eg_regex_check(struct eg_span pattern, enum eg_regex_dialect dialect,
                   struct eg_error *err) EG_MUST_CHECK;

/* A subject that is not UTF-8 matches nothing. */
enum eg_regex_result eg_regex_match(const struct eg_regex *regex,
                                    struct eg_span subject) EG_MUST_CHECK;

/* How many capturing groups the expression has. */
unsigned eg_regex_group_count(const struct eg_regex *regex);

#define EG_REGEX_MAX_GROUP 31 /* that can be asked for */

/*
 * As eg_regex_match; on a match *ret_found is what group `group` matched, in the subject, 0 being
 * all of it. A group that took no part has a NULL pointer.
 */
enum eg_regex_result eg_regex_capture(const struct eg_regex *regex, struct eg_span subject,
                                      unsigned group, struct eg_span *ret_found) EG_MUST_CHECK;

#endif
