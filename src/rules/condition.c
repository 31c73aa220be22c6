/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The array that a pattern holds for a field: literals, and objects with one operator each. The
 * operators are a table; anything-but has its own of what may stand inside.
 */
#include "rules/condition.h"

#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "rules/fold.h"
#include "rules/wildcard.h"

struct reading {
    struct eg_rules_pattern *pattern;
    const struct eg_json_document *document;
    struct eg_span path;
    struct eg_rules_condition *condition;
    struct eg_error *err;
};

static int refuse(const struct reading *reading, const char *expected)
{
    return eg_error_set(reading->err, EG_ERR_INVALID, "%.*s: %s", EG_SPAN_ARGS(reading->path),
                        expected);
}

static struct eg_rules_test *new_test(struct reading *reading, enum eg_rules_test_kind kind)
{
    struct eg_rules_test *test = &reading->condition->tests[reading->condition->test_count++];
    *test = (struct eg_rules_test){.kind = kind};
    return test;
}

static struct eg_span fold(struct reading *reading, struct eg_span text)
{
    char *folded = eg_arena_alloc(&reading->pattern->arena, EG_RULES_FOLD_BYTES(text.len));
    return eg_span_of(folded, eg_rules_fold(text, folded));
}

static bool is_folded(enum eg_rules_test_kind kind)
{
    return kind == EG_RULES_TEST_TEXT_FOLDED || kind == EG_RULES_TEST_PREFIX_FOLDED ||
           kind == EG_RULES_TEST_SUFFIX_FOLDED;
}

static void set_text(struct reading *reading, struct eg_rules_test *test,
                     enum eg_rules_test_kind kind, struct eg_span text)
{
    *test =
        (struct eg_rules_test){.kind = kind, .text = is_folded(kind) ? fold(reading, text) : text};
}

static struct eg_rules_bound bound_of(const struct reading *reading, eg_json_index number,
                                      bool open)
{
    return (struct eg_rules_bound){eg_json_text(reading->document, number),
                                   eg_json_double(reading->document, number), open};
}

static void set_number(const struct reading *reading, struct eg_rules_test *test,
                       eg_json_index number)
{
    *test = (struct eg_rules_test){.kind = EG_RULES_TEST_RANGE};
    test->low = bound_of(reading, number, false);
    test->high = test->low;
}

static void set_literal_text(struct reading *reading, struct eg_rules_test *test,
                             struct eg_span text)
{
    struct eg_rules_address address;
    if (eg_rules_address_parse(text, &address))
        *test = (struct eg_rules_test){.kind = EG_RULES_TEST_ADDRESS, .address = address};
    else
        set_text(reading, test, EG_RULES_TEST_TEXT, text);
}

/* {"equals-ignore-case": string} inside prefix and suffix. */
static int take_ignore_case(struct reading *reading, eg_json_index object,
                            enum eg_rules_test_kind kind, const char *expected)
{
    const struct eg_json_document *document = reading->document;
    if (eg_json_count(document, object) != 1 ||
        !eg_span_is(eg_json_string(document, object + 1), "equals-ignore-case") ||
        eg_json_kind(document, object + 2) != EG_JSON_STRING)
        return refuse(reading, expected);
    set_text(reading, new_test(reading, kind), kind, eg_json_string(document, object + 2));
    return 0;
}

static int take_affix(struct reading *reading, eg_json_index value, enum eg_rules_test_kind plain,
                      enum eg_rules_test_kind folded, const char *expected)
{
    if (eg_json_kind(reading->document, value) == EG_JSON_OBJECT)
        return take_ignore_case(reading, value, folded, expected);
    if (eg_json_kind(reading->document, value) != EG_JSON_STRING)
        return refuse(reading, expected);
    set_text(reading, new_test(reading, plain), plain, eg_json_string(reading->document, value));
    return 0;
}

static int take_prefix(struct reading *reading, eg_json_index value)
{
    return take_affix(reading, value, EG_RULES_TEST_PREFIX, EG_RULES_TEST_PREFIX_FOLDED,
                      "\"prefix\" wants a string, or {\"equals-ignore-case\": string}");
}

static int take_suffix(struct reading *reading, eg_json_index value)
{
    return take_affix(reading, value, EG_RULES_TEST_SUFFIX, EG_RULES_TEST_SUFFIX_FOLDED,
                      "\"suffix\" wants a string, or {\"equals-ignore-case\": string}");
}

static int take_equals_ignore_case(struct reading *reading, eg_json_index value)
{
    if (eg_json_kind(reading->document, value) != EG_JSON_STRING)
        return refuse(reading, "\"equals-ignore-case\" wants one string");
    set_text(reading, new_test(reading, EG_RULES_TEST_TEXT_FOLDED), EG_RULES_TEST_TEXT_FOLDED,
             eg_json_string(reading->document, value));
    return 0;
}

static int check_wildcard(const struct reading *reading, struct eg_span text)
{
    const char *expected = eg_rules_wildcard_check(text);
    if (!expected)
        return 0;
    return eg_error_set(reading->err, EG_ERR_INVALID, "%.*s: \"wildcard\" wants %s",
                        EG_SPAN_ARGS(reading->path), expected);
}

static int take_wildcard(struct reading *reading, eg_json_index value)
{
    if (eg_json_kind(reading->document, value) != EG_JSON_STRING)
        return refuse(reading, "\"wildcard\" wants a string");
    struct eg_span text = eg_json_string(reading->document, value);
    if (check_wildcard(reading, text) != 0)
        return -1;
    set_text(reading, new_test(reading, EG_RULES_TEST_WILDCARD), EG_RULES_TEST_WILDCARD, text);
    return 0;
}

static int take_exists(struct reading *reading, eg_json_index value)
{
    switch (eg_json_kind(reading->document, value)) {
    case EG_JSON_TRUE:
        (void)new_test(reading, EG_RULES_TEST_PRESENT);
        return 0;
    case EG_JSON_FALSE:
        reading->condition->absent = true;
        return 0;
    default:
        return refuse(reading, "\"exists\" wants true or false");
    }
}

static int take_cidr(struct reading *reading, eg_json_index value)
{
    if (eg_json_kind(reading->document, value) != EG_JSON_STRING)
        return refuse(reading, "\"cidr\" wants a string such as \"10.0.0.0/8\"");
    struct eg_rules_address address;
    const char *expected;
    if (!eg_rules_address_parse_block(eg_json_string(reading->document, value), &address,
                                      &expected))
        return eg_error_set(reading->err, EG_ERR_INVALID, "%.*s: \"cidr\" wants %s",
                            EG_SPAN_ARGS(reading->path), expected);
    new_test(reading, EG_RULES_TEST_ADDRESS)->address = address;
    return 0;
}

/* The operator at `at` and the number behind it. */
static bool take_bound(const struct reading *reading, eg_json_index at, const char *plain,
                       const char *closed, struct eg_rules_bound *ret_bound)
{
    const struct eg_json_document *document = reading->document;
    if (eg_json_kind(document, at) != EG_JSON_STRING ||
        eg_json_kind(document, at + 1) != EG_JSON_NUMBER)
        return false;
    struct eg_span operator= eg_json_string(document, at);
    if (!eg_span_is(operator, plain) && !eg_span_is(operator, closed))
        return false;
    *ret_bound = bound_of(reading, at + 1, eg_span_is(operator, plain));
    return true;
}

static int take_range(struct reading *reading, eg_json_index array)
{
    static const char expected[] = "\"numeric\" wants a lower bound, then an upper one, such as "
                                   "[\">\", 0, \"<=\", 5]";
    struct eg_rules_test test = {.kind = EG_RULES_TEST_RANGE};
    if (!take_bound(reading, array + 1, ">", ">=", &test.low) ||
        !take_bound(reading, array + 3, "<", "<=", &test.high))
        return refuse(reading, expected);
    if (eg_json_number_compare(test.low.text, test.high.text) >= 0)
        return refuse(reading, "\"numeric\" wants its lower bound below its upper one");
    *new_test(reading, EG_RULES_TEST_RANGE) = test;
    return 0;
}

static int take_numeric(struct reading *reading, eg_json_index value)
{
    const struct eg_json_document *document = reading->document;
    bool is_array = eg_json_kind(document, value) == EG_JSON_ARRAY;
    for (eg_json_index at = value + 1; is_array && at < eg_json_next(document, value); at++)
        is_array = eg_json_kind(document, at) < EG_JSON_ARRAY;
    if (is_array && eg_json_count(document, value) == 4)
        return take_range(reading, value);
    struct eg_rules_test test = {.kind = EG_RULES_TEST_RANGE};
    if (!is_array || eg_json_count(document, value) != 2 ||
        (!take_bound(reading, value + 1, ">", ">=", &test.low) &&
         !take_bound(reading, value + 1, "<", "<=", &test.high) &&
         !take_bound(reading, value + 1, "=", "=", &test.low)))
        return refuse(reading, "\"numeric\" wants one of = < <= > >= and a number, such as "
                               "[\">\", 0], or a lower and an upper bound");
    if (eg_span_is(eg_json_string(document, value + 1), "=")) {
        test.low.open = false;
        test.high = test.low;
    }
    *new_test(reading, EG_RULES_TEST_RANGE) = test;
    return 0;
}

/* What may stand inside anything-but, beside strings and numbers themselves. */
static const struct inner {
    const char *name;
    enum eg_rules_test_kind kind;
    bool may_be_empty;
} inners[] = {
    {"prefix", EG_RULES_TEST_PREFIX, false},
    {"suffix", EG_RULES_TEST_SUFFIX, false},
    {"equals-ignore-case", EG_RULES_TEST_TEXT_FOLDED, true},
    {"wildcard", EG_RULES_TEST_WILDCARD, true},
};

static int take_but_text(struct reading *reading, const struct inner *inner, eg_json_index value,
                         struct eg_rules_test *test)
{
    if (eg_json_kind(reading->document, value) != EG_JSON_STRING)
        return eg_error_set(reading->err, EG_ERR_INVALID,
                            "%.*s: \"%s\" inside \"anything-but\" wants a string or a list of them",
                            EG_SPAN_ARGS(reading->path), inner->name);
    struct eg_span text = eg_json_string(reading->document, value);
    if (text.len == 0 && !inner->may_be_empty)
        return eg_error_set(reading->err, EG_ERR_INVALID,
                            "%.*s: \"%s\" inside \"anything-but\" wants a string that is not empty",
                            EG_SPAN_ARGS(reading->path), inner->name);
    if (inner->kind == EG_RULES_TEST_WILDCARD && check_wildcard(reading, text) != 0)
        return -1;
    set_text(reading, test, inner->kind, text);
    return 0;
}

static int take_but_literal(struct reading *reading, enum eg_json_kind all, eg_json_index value,
                            struct eg_rules_test *test)
{
    enum eg_json_kind kind = eg_json_kind(reading->document, value);
    if ((kind != EG_JSON_STRING && kind != EG_JSON_NUMBER) || kind != all)
        return refuse(reading, "\"anything-but\" wants a string, a number, a list of either, or "
                               "one of prefix, suffix, equals-ignore-case and wildcard");
    if (kind == EG_JSON_NUMBER)
        set_number(reading, test, value);
    else
        set_text(reading, test, EG_RULES_TEST_TEXT, eg_json_string(reading->document, value));
    return 0;
}

/* `value` is one thing or a list; NULL inner: strings or numbers themselves. */
static int take_but(struct reading *reading, const struct inner *inner, eg_json_index value)
{
    const struct eg_json_document *document = reading->document;
    bool is_list = eg_json_kind(document, value) == EG_JSON_ARRAY;
    size_t count = is_list ? eg_json_count(document, value) : 1;
    if (count == 0)
        return refuse(reading, "\"anything-but\" wants a list that is not empty");
    struct eg_rules_but *but = &reading->condition->buts[reading->condition->but_count++];
    but->tests = eg_arena_alloc(&reading->pattern->arena, count * sizeof(*but->tests));
    eg_json_index at = is_list ? value + 1 : value;
    enum eg_json_kind all = eg_json_kind(document, at);
    for (but->count = 0; but->count < count; but->count++, at = eg_json_next(document, at)) {
        struct eg_rules_test *test = &but->tests[but->count];
        if ((inner ? take_but_text(reading, inner, at, test)
                   : take_but_literal(reading, all, at, test)) != 0)
            return -1;
    }
    return 0;
}

static int take_anything_but(struct reading *reading, eg_json_index value)
{
    const struct eg_json_document *document = reading->document;
    if (eg_json_kind(document, value) != EG_JSON_OBJECT)
        return take_but(reading, NULL, value);
    for (size_t i = 0; i < EG_ARRAY_COUNT(inners) && eg_json_count(document, value) == 1; i++)
        if (eg_span_is(eg_json_string(document, value + 1), inners[i].name))
            return take_but(reading, &inners[i], value + 2);
    return refuse(reading, "\"anything-but\" wants one of prefix, suffix, equals-ignore-case and "
                           "wildcard in its object");
}

static const struct {
    const char *name;
    int (*take)(struct reading *reading, eg_json_index value);
} operators[] = {
    {"prefix", take_prefix},
    {"suffix", take_suffix},
    {"equals-ignore-case", take_equals_ignore_case},
    {"wildcard", take_wildcard},
    {"anything-but", take_anything_but},
    {"numeric", take_numeric},
    {"exists", take_exists},
    {"cidr", take_cidr},
};

static int take_operator(struct reading *reading, eg_json_index object)
{
    const struct eg_json_document *document = reading->document;
    if (eg_json_count(document, object) != 1)
        return refuse(reading, "an object in the array wants exactly one operator, such as "
                               "{\"prefix\": \"x\"}");
    struct eg_span name = eg_json_string(document, object + 1);
    for (size_t i = 0; i < EG_ARRAY_COUNT(operators); i++)
        if (eg_span_is(name, operators[i].name))
            return operators[i].take(reading, object + 2);
    return eg_error_set(reading->err, EG_ERR_INVALID,
                        "%.*s: \"%.*s\" is no operator; there are prefix, suffix, "
                        "equals-ignore-case, wildcard, anything-but, numeric, exists and cidr",
                        EG_SPAN_ARGS(reading->path), EG_SPAN_ARGS(name));
}

static int take_value(struct reading *reading, eg_json_index value)
{
    switch (eg_json_kind(reading->document, value)) {
    case EG_JSON_NULL:
        (void)new_test(reading, EG_RULES_TEST_NULL);
        return 0;
    case EG_JSON_FALSE:
        (void)new_test(reading, EG_RULES_TEST_FALSE);
        return 0;
    case EG_JSON_TRUE:
        (void)new_test(reading, EG_RULES_TEST_TRUE);
        return 0;
    case EG_JSON_NUMBER:
        set_number(reading, new_test(reading, EG_RULES_TEST_RANGE), value);
        return 0;
    case EG_JSON_STRING:
        set_literal_text(reading, new_test(reading, EG_RULES_TEST_TEXT),
                         eg_json_string(reading->document, value));
        return 0;
    case EG_JSON_OBJECT:
        return take_operator(reading, value);
    default:
        return refuse(reading, "an array wants strings, numbers, true, false, null and operators, "
                               "no array inside");
    }
}

int eg_rules_condition_read(struct eg_rules_pattern *pattern, eg_json_index array,
                            struct eg_span path, const struct eg_rules_condition **ret_condition,
                            struct eg_error *err)
{
    const struct eg_json_document *document = &pattern->document;
    size_t count = eg_json_count(document, array);
    struct eg_rules_condition *condition = eg_arena_alloc(&pattern->arena, sizeof(*condition));
    *condition = (struct eg_rules_condition){
        .text = eg_json_text(document, array),
        .tests = eg_arena_alloc(&pattern->arena, (count + 1) * sizeof(*condition->tests)),
        .buts = eg_arena_alloc(&pattern->arena, (count + 1) * sizeof(*condition->buts)),
    };
    struct reading reading = {pattern, document, path, condition, err};
    if (count == 0)
        return refuse(&reading, "a field wants at least one value and its array is empty");
    for (eg_json_index at = array + 1; at < eg_json_next(document, array);
         at = eg_json_next(document, at))
        if (take_value(&reading, at) != 0)
            return -1;
    *ret_condition = condition;
    return 0;
}
