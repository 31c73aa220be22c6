/* SPDX-License-Identifier: Apache-2.0 */
/* Named parameters: what becomes a number, and what is left as it is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/span.h"
#include "postgres/named.h"

struct row {
    const char *source;
    const char *expected;
    const char *names; /* between commas */
};

static const struct row rows[] = {
    {"SELECT :a", "SELECT $1", "a"},
    {"  SELECT :a ;\n", "SELECT $1 ;", "a"},
    {"(:a,:b,:a)", "($1,$2,$1)", "a,b"},
    {"(:a1_B,:_x)", "($1,$2)", "a1_B,_x"},
    {":a::text", "$1::text", "a"},
    {"x::int, :a::b.c", "x::int, $1::b.c", "a"},
    {"a[1:2], b[:i:3]", "a[1:2], b[$1:3]", "i"},
    {"':a' :b", "':a' $1", "b"},
    {"'it''s :a' :b", "'it''s :a' $1", "b"},
    {"E'\\':a' :b", "E'\\':a' $1", "b"},
    {"name'x\\' :b", "name'x\\' $1", "b"},
    {"\":a\"\":c\" :b", "\":a\"\":c\" $1", "b"},
    {"-- :a '\n:b", "-- :a '\n$1", "b"},
    {":b -- :a", "$1 -- :a", "b"},
    {"/* :a /* :c */ ' */ :b", "/* :a /* :c */ ' */ $1", "b"},
    {"$$ :a $$ :b", "$$ :a $$ $1", "b"},
    {"$x$ :a $$ $y$ $x$ :b", "$x$ :a $$ $y$ $x$ $1", "b"},
    {"a$1 :b", "a$1 $1", "b"},
    {"a - :b / :c", "a - $1 / $2", "b,c"},
    {": :1 :", ": :1 :", ""},
    {"\xC3\xA9:a", "\xC3\xA9$1", "a"},
};

static void names_become_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(rows); i++) {
        struct eg_postgres_sql sql;
        struct eg_error err = {.message = ""};
        if (eg_postgres_sql_parse(eg_span_text(rows[i].source), &sql, &err) != 0)
            fail_msg("%s: %s", rows[i].source, err.message);
        assert_string_equal(sql.text, rows[i].expected);
        EG_AUTOBUFFER struct eg_buffer names = EG_BUFFER_INIT;
        eg_buffer_append_text(&names, "");
        for (size_t n = 0; n < sql.count; n++)
            eg_buffer_printf(&names, "%s%s", n ? "," : "", sql.names[n]);
        assert_string_equal(names.data ? names.data : "", rows[i].names);
        eg_postgres_sql_fini(&sql);
    }
}

static const struct row refused[] = {
    {"'abc", "a string has no end", NULL},
    {"\"abc", "a quoted name has no end", NULL},
    {"/* /* */", "a comment has no end", NULL},
    {"$a$ x $b$", "a dollar-quoted string has no end", NULL},
    {"SELECT $1", "write :name instead of $1", NULL},
    {" \n", "there is no SQL", NULL},
    {"E'abc\\'", "a string has no end", NULL},
    {"'", "a string has no end", NULL},
};

static void what_is_no_sql_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(refused); i++) {
        struct eg_postgres_sql sql;
        struct eg_error err = {.message = ""};
        assert_int_equal(eg_postgres_sql_parse(eg_span_text(refused[i].source), &sql, &err), -1);
        assert_string_equal(err.message, refused[i].expected);
        assert_int_equal(err.code, EG_ERR_CONFIG);
    }
}

static void there_is_a_bound_on_parameters(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    struct eg_postgres_sql sql;
    struct eg_error err;
    for (unsigned i = 0; i < EG_POSTGRES_MAX_PARAMETERS; i++)
        eg_buffer_printf(&text, ":p%u ", i);
    assert_int_equal(eg_postgres_sql_parse(eg_buffer_span(&text), &sql, &err), 0);
    assert_int_equal(sql.count, EG_POSTGRES_MAX_PARAMETERS);
    eg_postgres_sql_fini(&sql);
    eg_buffer_append_text(&text, ":one_more");
    assert_int_equal(eg_postgres_sql_parse(eg_buffer_span(&text), &sql, &err), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_numbers),
        cmocka_unit_test(what_is_no_sql_is_refused),
        cmocka_unit_test(there_is_a_bound_on_parameters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
