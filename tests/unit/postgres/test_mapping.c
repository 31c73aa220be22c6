/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings and stats queries as files; what a SQLSTATE means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "postgres/connection.h"
#include "postgres/mapping.h"
#include "postgres/stats_query.h"
#include "sinks/postgres_templates.h"
#include "support/scratch.h"

static void a_mapping_has_its_statements_in_order(void **state)
{
    (void)state;
    static const char text[] = "statements:\n"
                               "  - sql: INSERT INTO a VALUES (:y, :x, :y)\n"
                               "    parameters: {x: bigint /x, y: text /y required}\n"
                               "  - sql: INSERT INTO b VALUES (:id)\n"
                               "    each: /parts\n"
                               "    parameters:\n"
                               "      id: uuid ./id\n"
                               "seen:\n"
                               "  sql: SELECT FROM a WHERE x = :x\n"
                               "  parameters: {x: bigint /x}\n";
    struct eg_config_problems problems = {0};
    struct eg_postgres_mapping mapping;
    assert_int_equal(
        eg_postgres_mapping_parse(EG_SPAN_LITERAL(text), "m.yaml", "t", NULL, &mapping, &problems),
        0);
    assert_int_equal(mapping.count, 2);
    const struct eg_postgres_statement *first = &mapping.statements[0];
    assert_string_equal(first->sql.text, "INSERT INTO a VALUES ($1, $2, $1)");
    assert_null(first->each);
    assert_int_equal(first->types[0], 25);
    assert_true(first->parameters[0].required);
    assert_int_equal(first->types[1], 20);
    const struct eg_postgres_statement *second = &mapping.statements[1];
    assert_string_equal(second->each, "/parts");
    assert_int_equal(second->types[0], 2950);
    assert_int_equal(second->parameters[0].from, EG_POSTGRES_FROM_ELEMENT);
    assert_non_null(mapping.seen);
    assert_string_equal(mapping.seen->sql.text, "SELECT FROM a WHERE x = $1");
    eg_postgres_mapping_fini(&mapping);
    eg_config_problems_fini(&problems);
}

struct row {
    const char *text;
    const char *message;
};

static const struct row mistakes[] = {
    {"statements: []\n", "statements: there is none"},
    {"seen: {sql: SELECT 1}\n", "statements"},
    {"statements:\n  - {}\n", "statements[0].sql is missing"},
    {"statements:\n  - sql: SELECT :a\n", "the SQL uses :a, and parameters has no such name"},
    {"statements:\n  - {sql: SELECT 1, parameters: {a: text /a}}\n", "the SQL does not use it"},
    {"statements:\n  - {sql: 'SELECT :a', parameters: {a: text ./a}}\n", "needs `each`"},
    {"statements:\n  - {sql: 'SELECT :a', each: jobs, parameters: {a: text /a}}\n",
     "expected a JSON pointer"},
    {"statements:\n  - {sql: 'SELECT :a', parameters: {a: varchar /a}}\n", "'varchar' is no type"},
    {"statements:\n  - {sql: \"SELECT 'a\"}\n", "a string has no end"},
    {"statements:\n  - {sql: SELECT 1, every: /jobs}\n", "every"},
    {"statements:\n  - {sql: SELECT 1}\nseen: {sql: SELECT 1, each: /a}\n", "asked once"},
    {"statements: 7\n", "statements"},
};

static void mistakes_in_a_mapping_are_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(mistakes); i++) {
        struct eg_config_problems problems = {0};
        struct eg_postgres_mapping mapping;
        assert_int_equal(eg_postgres_mapping_parse(eg_span_text(mistakes[i].text), "m.yaml", "t",
                                                   NULL, &mapping, &problems),
                         -1);
        assert_true(problems.count > 0);
        if (!strstr(problems.items[0].message, mistakes[i].message))
            fail_msg("%s: %s", mistakes[i].text, problems.items[0].message);
        assert_string_equal(problems.items[0].file, "m.yaml");
        assert_true(problems.items[0].line > 0);
        eg_config_problems_fini(&problems);
    }
}

static void the_shipped_mappings_load(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_postgres_mapping_set set;
    assert_int_equal(eg_postgres_mapping_set_load("etc/postgres/mappings", NULL, &set, &problems),
                     0);
    assert_int_equal(set.count, 4);
    const struct eg_postgres_mapping *runs =
        eg_postgres_mapping_find(&set, EG_SPAN_LITERAL("public.cps.za.runs"));
    assert_non_null(runs);
    assert_int_equal(runs->count, 2);
    assert_string_equal(runs->statements[1].each, "/jobs");
    assert_null(eg_postgres_mapping_find(&set, EG_SPAN_LITERAL("public.cps.za")));
    assert_null(eg_postgres_mapping_find(&set, EG_SPAN_EMPTY));
    /* Numbers are unique and dense: a worker's flags are indexed by them. */
    assert_int_equal(set.statement_count, 4 + 1 + 3);
    eg_postgres_mapping_set_fini(&set);
    assert_int_equal(eg_postgres_mapping_set_load("no/such/folder", NULL, &set, &problems), -1);
    eg_config_problems_fini(&problems);
}

static void a_stats_query_has_its_defaults(void **state)
{
    (void)state;
    static const char text[] =
        "key: id\nsql: SELECT :limit, :cursor, :timestamp_end, :timestamp_start\n";
    struct eg_config_problems problems = {0};
    struct eg_postgres_stats_query query;
    assert_int_equal(
        eg_postgres_stats_query_parse(EG_SPAN_LITERAL(text), "q.yaml", "t", &query, &problems), 0);
    assert_int_equal(query.window_ms, INT64_C(7) * 86400000);
    assert_int_equal(query.default_limit, 50);
    assert_int_equal(query.max_limit, 1000);
    const struct eg_postgres_stats_page page = {1, 2, 3, 4};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(eg_postgres_stats_query_value(&query, i, &page), 4 - (int64_t)i);
    eg_postgres_stats_query_fini(&query);
    assert_int_equal(eg_postgres_stats_query_parse(EG_SPAN_LITERAL("key: id\nsql: SELECT :x\n"),
                                                   "q.yaml", "t", &query, &problems),
                     -1);
    assert_non_null(strstr(problems.items[0].message, "no :x"));
    eg_config_problems_fini(&problems);
}

static void a_sqlstate_says_whether_to_try_again(void **state)
{
    (void)state;
    static const char *const again[] = {"",      "08006", "40001", "40P01", "53100",
                                        "53300", "55P03", "57014", "57P01", "58030",
                                        "25006", "28P01", "26000", "XX000"};
    static const char *const never[] = {"22001", "22P02", "23502", "23505", "23514",
                                        "42501", "42P01", "42703", "0A000", "P0001"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(again); i++)
        assert_true(eg_postgres_sqlstate_is_retriable(again[i]));
    for (size_t i = 0; i < EG_ARRAY_COUNT(never); i++)
        assert_false(eg_postgres_sqlstate_is_retriable(never[i]));
}

static void a_mapping_says_what_its_templates_read(void **state)
{
    static const struct {
        const char *value;
        bool reads;
    } cases[] = {{"text <$.id>", true}, {"text <eventgate.id>", false}, {"text /id", false}};
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        EG_AUTOFREE char *path = scratch_path(state, "t.yaml");
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_true(fprintf(file,
                            "statements: [{sql: 'INSERT INTO t VALUES (:a)', "
                            "parameters: {a: '%s'}}]\n",
                            cases[i].value) > 0);
        assert_int_equal(fclose(file), 0);
        struct eg_postgres_mapping_set set;
        struct eg_config_problems problems = {0};
        assert_int_equal(
            eg_postgres_mapping_set_load(*state, &eg_sink_postgres_templates, &set, &problems), 0);
        assert_int_equal(set.reads_envelope, cases[i].reads);
        eg_postgres_mapping_set_fini(&set);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_mapping_says_what_its_templates_read, scratch_setup,
                                        scratch_teardown),
        cmocka_unit_test(a_mapping_has_its_statements_in_order),
        cmocka_unit_test(mistakes_in_a_mapping_are_named),
        cmocka_unit_test(the_shipped_mappings_load),
        cmocka_unit_test(a_stats_query_has_its_defaults),
        cmocka_unit_test(a_sqlstate_says_whether_to_try_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
