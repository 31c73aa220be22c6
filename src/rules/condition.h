/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pattern in the form that the compiler of sets reads: $or is multiplied out, fields are joined
 * paths, operators are tests. Internal to rules/.
 */
#ifndef EG_RULES_CONDITION_H
#define EG_RULES_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "rules/address.h"
#include "rules/pattern.h"
#include "json/document.h"

enum eg_rules_test_kind {
    EG_RULES_TEST_TEXT,
    EG_RULES_TEST_PREFIX,
    EG_RULES_TEST_SUFFIX,
    EG_RULES_TEST_TEXT_FOLDED, /* the _FOLDED ones hold folded text */
    EG_RULES_TEST_PREFIX_FOLDED,
    EG_RULES_TEST_SUFFIX_FOLDED,
    EG_RULES_TEST_WILDCARD, /* as written, escapes included */
    EG_RULES_TEST_RANGE,    /* of numbers; one number is a range from itself to itself */
    EG_RULES_TEST_ADDRESS,
    EG_RULES_TEST_TRUE,
    EG_RULES_TEST_FALSE,
    EG_RULES_TEST_NULL,
    EG_RULES_TEST_PRESENT, /* any value that is no container */
};

struct eg_rules_bound {
    struct eg_span text; /* as JSON writes it; ptr NULL: no bound */
    double value;        /* rounded */
    bool open;           /* the bound itself is outside */
};

struct eg_rules_test {
    enum eg_rules_test_kind kind;
    struct eg_span text;
    struct eg_rules_bound low;
    struct eg_rules_bound high;
    struct eg_rules_address address;
};

/* anything-but: a value that is there and fails all of these. */
struct eg_rules_but {
    struct eg_rules_test *tests;
    size_t count;
};

/* What one field must be: one of the tests, or one of the buts, or absent when that will do. */
struct eg_rules_condition {
    struct eg_span text; /* as written, which tells equal ones */
    struct eg_rules_test *tests;
    size_t test_count;
    struct eg_rules_but *buts;
    size_t but_count;
    bool absent;
};

struct eg_rules_clause {
    uint32_t field; /* in `fields` of the pattern */
    const struct eg_rules_condition *condition;
};

/* All of the clauses hold; no two are of one field. */
struct eg_rules_conjunction {
    struct eg_rules_clause *clauses;
    size_t count;
};

struct eg_rules_pattern {
    struct eg_arena arena; /* all below */
    struct eg_json_document document;
    struct eg_span fields[EG_RULES_MAX_FIELDS]; /* paths, joined by dots */
    size_t field_count;
    struct eg_rules_conjunction *conjunctions; /* any of them; owned, and their clauses too */
    size_t conjunction_count;
};

/*
 * Reads the array that a pattern holds for a field. `path` is for messages. The condition lives in
 * the pattern's arena. 0, or -1 with EG_ERR_INVALID.
 */
int eg_rules_condition_read(struct eg_rules_pattern *pattern, eg_json_index array,
                            struct eg_span path, const struct eg_rules_condition **ret_condition,
                            struct eg_error *err) EG_MUST_CHECK;

#endif
