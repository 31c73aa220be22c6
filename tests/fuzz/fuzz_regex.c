/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: the first byte picks the dialect, a line feed ends the pattern, the rest is the
 * subject. Nothing may crash, leak or run away; check and compile must agree.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/span.h"
#include "text/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match_both_ways(const struct eg_regex *regex, struct eg_span subject)
{
    enum eg_regex_result first = eg_regex_match(regex, subject);
    enum eg_regex_result second = eg_regex_match(regex, subject);
    if (first != second)
        abort(); /* the same work is counted alike every time */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    enum eg_regex_dialect dialect = data[0] & 1 ? EG_REGEX_PYTHON_FULLMATCH : EG_REGEX_ECMA;
    struct eg_span input = eg_span_of((const char *)data + 1, size - 1);
    const char *end = input.len ? memchr(input.ptr, '\n', input.len) : NULL;
    size_t pattern_bytes = end ? (size_t)(end - input.ptr) : input.len;
    struct eg_span pattern = eg_span_of(input.ptr, pattern_bytes);
    struct eg_span subject = EG_SPAN_EMPTY;
    if (end)
        subject = eg_span_of(end + 1, input.len - pattern_bytes - 1);
    struct eg_error err;
    struct eg_regex *regex;
    int checked = eg_regex_check(pattern, dialect, &err);
    if (eg_regex_compile(pattern, dialect, &regex, &err))
        return 0;
    if (checked)
        abort(); /* what compiles is one */
    match_both_ways(regex, subject);
    eg_regex_destroy(regex);
    return 0;
}
