/* SPDX-License-Identifier: Apache-2.0 */
/* The gates an event came through, among whatever else its resources are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/span.h"
#include "pipeline/hops.h"

static struct eg_hops read_hops(struct eg_arena *arena, const char *envelope, const char *gate)
{
    struct eg_json_document document;
    struct eg_error err;
    struct eg_hops hops;
    eg_json_document_init(&document);
    assert_int_equal(eg_json_document_parse(&document, eg_span_text(envelope), NULL, &err), 0);
    eg_hops_read(&document, 0, eg_span_text(gate), arena, &hops);
    eg_json_document_fini(&document);
    return hops;
}

static void an_event_from_here_has_no_hops(void **state)
{
    (void)state;
    static const char *const envelopes[] = {
        "{}", "{\"resources\":[]}", "{\"resources\":\"arn:eventgate:::hop/b\"}",
        ("{\"resources\":[\"arn:aws:s3:::b\",7,[\"arn:eventgate:"
         "::hop/b\"],\"arn:eventgate:::hop/\"]}")};
    struct eg_arena arena = {0};
    for (size_t i = 0; i < EG_ARRAY_COUNT(envelopes); i++) {
        struct eg_hops hops = read_hops(&arena, envelopes[i], "a");
        assert_int_equal(hops.count, 0);
        assert_false(hops.came_round);
        assert_true(eg_span_is(hops.passed, "a"));
    }
    eg_arena_fini(&arena);
}

static void gates_are_counted_and_known_again(void **state)
{
    (void)state;
    const char *envelope = "{\"resources\":[\"arn:eventgate:::hop/b\",\"arn:aws:s3:::x\","
                           "\"arn:eventgate:::hop/c\"]}";
    struct eg_arena arena = {0};
    struct eg_hops hops = read_hops(&arena, envelope, "a");
    assert_int_equal(hops.count, 2);
    assert_false(hops.came_round);
    assert_true(eg_span_is(hops.passed, "b c a"));
    assert_true(read_hops(&arena, envelope, "c").came_round);
    eg_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_from_here_has_no_hops),
        cmocka_unit_test(gates_are_counted_and_known_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
