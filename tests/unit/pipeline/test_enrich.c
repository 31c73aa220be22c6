/* SPDX-License-Identifier: Apache-2.0 */
/* An answer that joins an envelope: where it goes, and what can't join. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/span.h"
#include "pipeline/enrich.h"

static int join(const char *envelope, const char *answer, struct eg_buffer *out,
                struct eg_error *err)
{
    struct eg_json_document document;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(envelope), NULL, err), 0);
    eg_buffer_clear(out);
    int ret = eg_enrich_join(&document, 0, eg_span_text(envelope), EG_SPAN_LITERAL("more"),
                             eg_span_text(answer), out, err);
    eg_json_document_fini(&document);
    return ret;
}

static void the_answer_becomes_a_member_of_detail(void **state)
{
    (void)state;
    static const char *const cases[][3] = {
        {"{\"detail\":{}, \"id\":1}", "{\"a\":1}", "{\"detail\":{\"more\":{\"a\":1}}, \"id\":1}"},
        {"{\"detail\":{\"x\":1} }", "[1, 2]", "{\"detail\":{\"x\":1,\"more\":[1, 2]} }"},
        {"{\"detail\":{ \"more\" : 7, \"x\":1}}", "\"s\"",
         "{\"detail\":{ \"more\" : \"s\", \"x\":1}}"},
        {"{\"detail\":{\"x\":{\"more\":1}}}", "null",
         "{\"detail\":{\"x\":{\"more\":1},\"more\":null}}"},
    };
    struct eg_buffer out = EG_BUFFER_INIT;
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_error err;
        assert_int_equal(join(cases[i][0], cases[i][1], &out, &err), 0);
        assert_string_equal(out.data, cases[i][2]);
    }
    eg_buffer_fini(&out);
}

static void what_is_no_json_or_has_no_place_is_refused(void **state)
{
    (void)state;
    struct eg_buffer out = EG_BUFFER_INIT;
    struct eg_error err;
    assert_int_equal(join("{\"detail\":{}}", "<html>", &out, &err), -1);
    assert_int_equal(join("{\"detail\":{}}", "", &out, &err), -1);
    assert_int_equal(join("{\"detail\":[]}", "{}", &out, &err), -1);
    assert_int_equal(join("{}", "{}", &out, &err), -1);
    assert_false(err.retriable);
    eg_buffer_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_becomes_a_member_of_detail),
        cmocka_unit_test(what_is_no_json_or_has_no_place_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
