/* SPDX-License-Identifier: Apache-2.0 */
/* Both dialects against what ECMA-262 and Python's re say, the suite's pattern files, the limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/span.h"
#include "support/vectors.h"
#include "text/regex.h"

static enum eg_regex_result match_span(const char *pattern, enum eg_regex_dialect dialect,
                                       struct eg_span subject)
{
    struct eg_regex *regex;
    struct eg_error err;
    if (eg_regex_compile(eg_span_text(pattern), dialect, &regex, &err)) {
        fail_msg("/%s/: %s", pattern, err.message);
        return EG_REGEX_LIMIT;
    }
    enum eg_regex_result result = eg_regex_match(regex, subject);
    eg_regex_destroy(regex);
    return result;
}

struct match_case {
    const char *pattern;
    const char *subject;
    int expected;
};

static void check_cases(const struct match_case *cases, size_t count, enum eg_regex_dialect dialect)
{
    for (size_t i = 0; i < count; i++) {
        int got = match_span(cases[i].pattern, dialect, eg_span_text(cases[i].subject));
        if (got != cases[i].expected)
            fail_msg("/%s/ on '%s': %d, expected %d", cases[i].pattern, cases[i].subject, got,
                     cases[i].expected);
    }
}

static void ecma_means_what_ecma_says(void **state)
{
    (void)state;
    static const struct match_case cases[] = {
        {"b", "abc", 1},
        {"^b", "abc", 0},
        {"^abc$", "abc\n", 0},
        {"^.$", "\r", 0},
        {"^.$", "\u2028", 0},
        {"^.$", "\xc2\x85", 1},
        {"^.$", "🐲", 1},
        {"^\\d$", "৪", 0},
        {"^\\w$", "é", 0},
        {"^\\W$", "é", 1},
        {"^\\s$", "\ufeff", 1},
        {"^\\s$", "\xc2\x85", 0},
        {"^\\S$", "\xc2\x85", 1},
        {"^[\\S]$", "\u3000", 0},
        {"^[^\\s]$", "\u3000", 0},
        {"^[\\S ]$", "a", 1},
        {"\\bcole", "école", 1},
        {"^\\cC$", "\x03", 1},
        {"^\\x41\\u0042\\u{43}$", "ABC", 1},
        {"^\\uD83D\\uDC32*$", "🐲🐲", 1},
        {"^[\\uD83D\\uDC32-\\u{1F433}]$", "🐳", 1},
        {"\\uD83D", "🐲", 0},
        {"[\\uD800-\\uDFFF]", "🐲", 0},
        {"^[^]$", "\n", 1},
        {"a[]|b", "a", 0},
        {"a[]|b", "b", 1},
        {"^a\\/b$", "a/b", 1},
        {"^(?<year>\\d{4})-\\k<year>$", "2026-2026", 1},
        {"^\\k<n>(?<n>a)$", "a", 1},
        {"^(a)?\\1b$", "b", 1},
        {"(?<=\\$)\\d+(?!\\d|%)", "$42", 1},
        {"(?<!\\$)42", "$42", 0},
        {"^\\p{Letter}\\p{Lu}\\P{Lu}$", "éÉé", 1},
        {"^\\p{Script=Greek}+$", "αβγ", 1},
        {"^\\p{sc=Grek}\\p{scx=Greek}$", "αβ", 1},
        {"^\\p{gc=Decimal_Number}$", "৪", 1},
        {"^[\\p{L}\\p{Nd}_]+$", "é4_", 1},
        {"^\\p{ASCII}$", "é", 0},
        {"^\\p{Assigned}\\P{Assigned}$", "a\u0378", 1},
        {"^\\p{Any}$", "\n", 1},
        {"^\\p{LC}$", "a", 1},
        {"^{.*}$", "{x}", 1},
        {"^a{,2}$", "a{,2}", 1},
        {"^a{2,}?$", "aaa", 1},
        {"^a{2}$", "aaa", 0},
        {"^]$", "]", 1},
        {"^[\\w-.]+$", "a-.b", 1},
        {"^[.-\\w]$", "-", 1},
        {"^[[:alpha:]]$", ":]", 1},
        {"^[&&a]$", "&", 1},
        {"^[a-]$", "-", 1},
        {"^[\\b]$", "\b", 1},
        {"^\\-\\@\\#\\ $", "-@# ", 1},
        {"^\\0$", "a", 0},
        {"a#b", "a#b", 1},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]), EG_REGEX_ECMA);
    assert_int_equal(match_span("^\\0$", EG_REGEX_ECMA, eg_span_of("\0", 1)), EG_REGEX_MATCH);
    assert_int_equal(match_span("^.b$", EG_REGEX_ECMA, eg_span_of("\0b", 2)), EG_REGEX_MATCH);
    assert_int_equal(match_span("", EG_REGEX_ECMA, eg_span_of(NULL, 0)), EG_REGEX_MATCH);
    assert_int_equal(match_span(".", EG_REGEX_ECMA, eg_span_of("\xff", 1)), EG_REGEX_NO_MATCH);
}

static void python_means_fullmatch(void **state)
{
    (void)state;
    static const struct match_case cases[] = {
        {"a|ab", "ab", 1},
        {"b", "abc", 0},
        {".*", "one\n", 0},
        {"(?s).*", "one\n", 1},
        {"a$\n", "a\n", 1},
        {"a$", "a\n", 0},
        {"\\Aa\\Z", "a", 1},
        {"\\d+", "৪২", 1},
        {"\\w+", "école_1", 1},
        {"\\s", "\x1c", 1},
        {"\\s", "\ufeff", 0},
        {"[\\S]", "\x1f", 0},
        {".", "\u2028", 1},
        {"(?P<n>a+)-(?P=n)", "aa-aa", 1},
        {"(?P<n>a+)-(?P=n)", "aa-a", 0},
        {"(a)?(?(1)b|c)", "ab", 1},
        {"(?P<q>a)?(?(q)b|c)", "c", 1},
        {"(?i)EVENT", "event", 1},
        {"(?i:E)vent", "event", 1},
        {"(?i:E)vent", "eVENT", 0},
        {"(?-i:e)", "e", 1},
        {"(?#comment)a", "a", 1},
        {"[]a]+", "]a", 1},
        {"[^]a]+", "b", 1},
        {"a{,2}", "aa", 1},
        {"a{,2}", "aaa", 0},
        {"\\x41\\u0042\\U00000043\\101\\0", "ABCA", 0},
        {"\\x41\\u0042\\U00000043\\101", "ABCA", 1},
        {"(a)\\1", "aa", 1},
        {"(?>a+)b", "aab", 1},
        {"a++a", "aaa", 0},
        {"(?m)a^\nb$", "a\nb", 0},
        {"(?m)a$\n^b", "a\nb", 1},
        {"\\-\\é", "-é", 1},
        {"[[:alpha:]]+", "alp:]", 0},
        {"\\B", "", 0},
        {"a\\Bb", "ab", 1},
    };
    check_cases(cases, sizeof(cases) / sizeof(cases[0]), EG_REGEX_PYTHON_FULLMATCH);
}

struct refusal {
    const char *pattern;
    const char *message;
};

static void check_refusals(const struct refusal *cases, size_t count, enum eg_regex_dialect dialect)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_error err = {0};
        struct eg_regex *regex = NULL;
        if (eg_regex_compile(eg_span_text(cases[i].pattern), dialect, &regex, &err) == 0)
            fail_msg("/%s/ was accepted", cases[i].pattern);
        assert_null(regex);
        assert_int_equal(err.code, EG_ERR_INVALID);
        assert_string_equal(err.message, cases[i].message);
        assert_int_equal(eg_regex_check(eg_span_text(cases[i].pattern), dialect, &err), -1);
    }
}

static void ecma_refusals_name_reason_and_place(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"^(abc]", "unterminated group at offset 6"},
        {"abc)", "unmatched ) at offset 3"},
        {"a**", "nothing to repeat at offset 2"},
        {"a++", "nothing to repeat at offset 2"},
        {"*a", "nothing to repeat at offset 0"},
        {"(*ACCEPT)", "nothing to repeat at offset 1"},
        {"^*", "nothing to repeat at offset 1"},
        {"(?=a)*", "nothing to repeat at offset 5"},
        {"{2}", "nothing to repeat at offset 0"},
        {"a{3,2}", "repeat counts out of order at offset 1"},
        {"a{70000}", "repeat count over 65535 at offset 1"},
        {"[z-a]", "range out of order at offset 1"},
        {"[a", "unterminated character class at offset 0"},
        {"[a\\", "nothing after \\ at offset 3"},
        {"a\\", "nothing after \\ at offset 2"},
        {"\\a", "unknown escape at offset 1"},
        {"^\\S(|(.|\\n)*\\S)\\Z", "unknown escape at offset 16"},
        {"\\Aa", "unknown escape at offset 1"},
        {"\\Qa\\E", "unknown escape at offset 1"},
        {"[\\B]", "an assertion in a class at offset 2"},
        {"\\1", "reference to a group that is not there at offset 1"},
        {"\\k<x>", "reference to a group that is not there at offset 3"},
        {"(?<n>a)(?<n>b)", "group name used twice at offset 10"},
        {"(?<1>a)", "invalid group name at offset 3"},
        {"(?P<n>a)", "unknown group at offset 1"},
        {"(?i)a", "unknown group at offset 1"},
        {"(?>a)", "unknown group at offset 1"},
        {"\\p{Foo}", "unknown Unicode property at offset 2"},
        {"\\p{letter}", "unknown Unicode property at offset 2"},
        {"\\p{Greek}", "unknown Unicode property at offset 2"},
        {"\\pL", "expected { after \\p at offset 2"},
        {"\\c1", "expected a letter after \\c at offset 2"},
        {"\\x4", "invalid hexadecimal escape at offset 2"},
        {"\\u12", "invalid hexadecimal escape at offset 2"},
        {"\\u{110000}", "code point too large at offset 3"},
        {"\\u{}", "invalid \\u{} escape at offset 3"},
        {"\\01", "invalid decimal escape at offset 1"},
        {"\xff", "not UTF-8 at offset 0"},
    };
    check_refusals(cases, sizeof(cases) / sizeof(cases[0]), EG_REGEX_ECMA);
}

static void a_lookbehind_of_variable_length_is_ecma_but_not_ours(void **state)
{
    (void)state;
    struct eg_error err;
    struct eg_regex *regex = NULL;
    struct eg_span pattern = EG_SPAN_LITERAL("a(?<=b+)c");
    assert_int_equal(eg_regex_check(pattern, EG_REGEX_ECMA, &err), 0);
    assert_int_equal(eg_regex_check(pattern, EG_REGEX_PYTHON_FULLMATCH, &err), -1);
    assert_int_equal(eg_regex_compile(pattern, EG_REGEX_ECMA, &regex, &err), -1);
    assert_string_equal(err.message, "lookbehind assertion is not fixed length at offset 1");
}

static void python_refusals_name_reason_and_place(void **state)
{
    (void)state;
    static const struct refusal cases[] = {
        {"(a", "unterminated group at offset 2"},
        {"[\\w-.]", "a set can't be the end of a range at offset 1"},
        {"\\h", "unknown escape at offset 1"},
        {"\\R", "unknown escape at offset 1"},
        {"\\p{L}", "unknown escape at offset 1"},
        {"\\z", "unknown escape at offset 1"},
        {"(?<n>a)", "unknown or unsupported group at offset 2"},
        {"a(?i)", "unknown or unsupported group at offset 3"},
        {"(?x)a b", "unknown or unsupported group at offset 2"},
        {"(?P=x)", "reference to a group that is not there at offset 4"},
        {"\\1(a)", "reference to a group that is not there at offset 1"},
        {"(?P=x)(?P<x>a)", "reference to a group that is not there yet at offset 4"},
        {"(?(2)a)", "reference to a group that is not there at offset 3"},
        {"(?(99999999999)a)", "invalid group in a condition at offset 3"},
        {"(*FAIL)", "nothing to repeat at offset 1"},
        {"(?#", "unterminated comment at offset 3"},
        {"\\400", "invalid octal escape at offset 1"},
        {"[\\8]", "invalid octal escape at offset 2"},
        {"(?R)", "unknown or unsupported group at offset 2"},
    };
    check_refusals(cases, sizeof(cases) / sizeof(cases[0]), EG_REGEX_PYTHON_FULLMATCH);
}

static char *repeated(const char *unit, size_t count)
{
    size_t bytes = strlen(unit);
    char *text = eg_malloc(bytes * count + 1);
    for (size_t i = 0; i < count; i++)
        memcpy(text + i * bytes, unit, bytes);
    text[bytes * count] = '\0';
    return text;
}

static void size_and_depth_are_bounded(void **state)
{
    (void)state;
    struct eg_error err;
    struct eg_regex *regex = NULL;
    EG_AUTOFREE char *longest = repeated("a", EG_REGEX_MAX_PATTERN_BYTES + 1);
    assert_int_equal(eg_regex_compile(eg_span_text(longest), EG_REGEX_ECMA, &regex, &err), -1);
    assert_string_equal(err.message, "a regular expression has at most 16384 bytes, not 16385");
    struct eg_span fits = eg_span_of(longest, EG_REGEX_MAX_PATTERN_BYTES);
    assert_int_equal(eg_regex_compile(fits, EG_REGEX_ECMA, &regex, &err), 0);
    eg_regex_destroy(regex);
    EG_AUTOFREE char *deep = repeated("(?:", 300);
    assert_int_equal(eg_regex_compile(eg_span_text(deep), EG_REGEX_ECMA, &regex, &err), -1);
    assert_string_equal(err.message, "groups nested too deep at offset 603");
    EG_AUTOFREE char *many = repeated("(a)", 1000);
    assert_int_equal(eg_regex_compile(eg_span_text(many), EG_REGEX_ECMA, &regex, &err), -1);
    assert_non_null(strstr(err.message, "too many groups"));
    const char *huge = "(?:(?:(?:a{999}){999}){999}){999}";
    assert_int_equal(eg_regex_compile(eg_span_text(huge), EG_REGEX_ECMA, &regex, &err), -1);
    assert_non_null(strstr(err.message, "too large"));
}

static void a_runaway_match_ends_as_a_limit(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *unit;
        size_t count;
    } cases[] = {
        {"^(a+)+$", "a", 64},
        {"^(a+)+$", "a", 100000},
        {"(a|aa)+$", "a", 200},
        {"a*b", "a", 1000000},
        {"\\s*\\s*\\s*[xy]", " ", 900},
        {"^(([a-z])+.)+[A-Z]([a-z])+$", "a", 60},
        {"(?=(a*)\\1\\1b)", "a", 20000},
        {"(x+x+)+[yz]", "x", 2000},
        {"a{5000}[bc]", "a", 1000000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        EG_AUTOFREE char *body = repeated(cases[i].unit, cases[i].count);
        EG_AUTOFREE char *subject = eg_asprintf("%s!", body);
        int64_t start_ms = eg_clock_monotonic_ms();
        int got = match_span(cases[i].pattern, EG_REGEX_ECMA, eg_span_text(subject));
        int64_t took_ms = eg_clock_monotonic_ms() - start_ms;
        if (got != EG_REGEX_LIMIT || took_ms > 5000)
            fail_msg("/%s/ answered %d after %lld ms", cases[i].pattern, got, (long long)took_ms);
    }
}

static void a_long_subject_with_a_sane_pattern_is_judged(void **state)
{
    (void)state;
    EG_AUTOFREE char *words = repeated("word ", 200000);
    struct eg_span subject = eg_span_text(words);
    assert_int_equal(match_span("^(?:\\w+\\s)*$", EG_REGEX_ECMA, subject), EG_REGEX_MATCH);
    assert_int_equal(match_span("^[a-z ]+$", EG_REGEX_ECMA, subject), EG_REGEX_MATCH);
    assert_int_equal(match_span("needle", EG_REGEX_ECMA, subject), EG_REGEX_NO_MATCH);
    assert_int_equal(
        match_span("(?:[a-z]|\\s)*", EG_REGEX_PYTHON_FULLMATCH, eg_span_of(words, 50000)),
        EG_REGEX_MATCH);
}

static void *match_in_thread(void *argument)
{
    const struct eg_regex *regex = argument;
    intptr_t matches = 0;
    for (int i = 0; i < 2000; i++)
        matches += eg_regex_match(regex, EG_SPAN_LITERAL("topic-42")) == EG_REGEX_MATCH;
    return (void *)matches;
}

static void threads_share_one_expression(void **state)
{
    (void)state;
    struct eg_regex *regex;
    assert_int_equal(
        eg_regex_compile(EG_SPAN_LITERAL("^(\\w+)-(\\d+)$"), EG_REGEX_ECMA, &regex, NULL), 0);
    pthread_t threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, match_in_thread, regex), 0);
    for (size_t i = 0; i < 4; i++) {
        void *matches;
        assert_int_equal(pthread_join(threads[i], &matches), 0);
        assert_int_equal((intptr_t)matches, 2000);
    }
    eg_regex_destroy(regex);
    eg_regex_destroy(NULL);
}

/* `pattern` schemas of the suite: {"pattern": P} against strings. */
static int check_pattern_group(const json_t *group)
{
    const char *pattern =
        json_string_value(json_object_get(json_object_get(group, "schema"), "pattern"));
    int checked = 0;
    size_t i;
    json_t *test;
    if (!pattern)
        return 0;
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        json_t *data = json_object_get(test, "data");
        if (!json_is_string(data))
            continue;
        struct eg_span subject = eg_span_of(json_string_value(data), json_string_length(data));
        int expected = json_is_true(json_object_get(test, "valid"));
        if (match_span(pattern, EG_REGEX_ECMA, subject) != (enum eg_regex_result)expected)
            fail_msg("/%s/: %s", pattern, json_string_value(json_object_get(test, "description")));
        checked++;
    }
    return checked;
}

static void the_suite_agrees(void **state)
{
    (void)state;
    static const char *const drafts[] = {"draft4", "draft6", "draft7", "draft2019-09",
                                         "draft2020-12"};
    static const char *const files[] = {"pattern.json", "optional/ecmascript-regex.json",
                                        "optional/non-bmp-regex.json"};
    int checked = 0;
    for (size_t i = 0; i < sizeof(drafts) / sizeof(drafts[0]); i++) {
        for (size_t j = 0; j < sizeof(files) / sizeof(files[0]); j++) {
            char path[128];
            (void)snprintf(path, sizeof(path), "json-schema/tests/%s/%s", drafts[i], files[j]);
            json_t *groups = vectors_load(path);
            if (!groups)
                skip();
            size_t k;
            json_t *group;
            json_array_foreach(groups, k, group) checked += check_pattern_group(group);
            json_decref(groups);
        }
    }
    print_message("suite patterns: %d subjects\n", checked);
    assert_true(checked > 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ecma_means_what_ecma_says),
        cmocka_unit_test(python_means_fullmatch),
        cmocka_unit_test(ecma_refusals_name_reason_and_place),
        cmocka_unit_test(a_lookbehind_of_variable_length_is_ecma_but_not_ours),
        cmocka_unit_test(python_refusals_name_reason_and_place),
        cmocka_unit_test(size_and_depth_are_bounded),
        cmocka_unit_test(a_runaway_match_ends_as_a_limit),
        cmocka_unit_test(a_long_subject_with_a_sane_pattern_is_judged),
        cmocka_unit_test(threads_share_one_expression),
        cmocka_unit_test(the_suite_agrees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
