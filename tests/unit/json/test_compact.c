/* SPDX-License-Identifier: Apache-2.0 */
/* JSON on one line, and without white space: what is in a string is never touched. */
#include "reading.h"

#include "base/span.h"
#include "json/compact.h"

static const char with_breaks[] =
    "{ \"a b\" : [1,\r\n\t2.50 ],\n\"\\\" :\" : \"x \\\\\" , \"c\":{ } }";
static const char without[] = "{\"a b\":[1,2.50],\"\\\" :\":\"x \\\\\",\"c\":{}}";

static void check(void (*write)(struct eg_buffer *, struct eg_span), const char *json,
                  const char *want)
{
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_buffer_append_text(&out, "^");
    write(&out, eg_span_text(json));
    assert_int_equal(out.data[0], '^');
    assert_string_equal(out.data + 1, want);
}

static void white_space_between_tokens_goes(void **state)
{
    (void)state;
    check(eg_json_write_compact, with_breaks, without);
    check(eg_json_write_compact, without, without);
    check(eg_json_write_compact, "{ \"a\": 1 }", "{\"a\":1}");
    check(eg_json_write_compact, " 1.50 ", "1.50");
}

static void what_is_one_line_stays_as_it_is(void **state)
{
    (void)state;
    check(eg_json_write_one_line, "{ \"a\": 1 }", "{ \"a\": 1 }");
    check(eg_json_write_one_line, with_breaks, without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_space_between_tokens_goes),
        cmocka_unit_test(what_is_one_line_stays_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
