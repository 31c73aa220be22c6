/* SPDX-License-Identifier: Apache-2.0 */
/* X-Ray's header and traceparent, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "aws/xray.h"
#include "base/compiler.h"
#include "base/span.h"

#define PARENT "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"
#define HEADER "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"

static void test_both_ways(void **state)
{
    EG_AUTOBUFFER struct eg_buffer header = EG_BUFFER_INIT;
    char traceparent[EG_TRACE_PARENT_LEN + 1];
    (void)state;
    assert_true(eg_aws_xray_write(EG_SPAN_LITERAL(PARENT), &header));
    assert_true(eg_span_is(eg_buffer_span(&header), HEADER));
    assert_true(eg_aws_xray_read(eg_buffer_span(&header), traceparent));
    assert_string_equal(traceparent, PARENT);
}

static void test_parts_in_any_order(void **state)
{
    char traceparent[EG_TRACE_PARENT_LEN + 1];
    (void)state;
    assert_true(
        eg_aws_xray_read(EG_SPAN_LITERAL("Self=1-1; Parent=53995c3f42cd8ad8; "
                                         "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a:1"),
                         traceparent));
    assert_string_equal(traceparent, "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00");
}

static void test_what_is_no_header(void **state)
{
    static const char *const texts[] = {
        "",
        ";",
        "Root=1-5759e988-bd862e3fe1be46a994272793",
        "Root=2-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988-bd862e3fe1be46a99427279;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988xbd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988-bd862e3fe1be46a99427279g;Parent=53995c3f42cd8ad8",
        "Root=1-00000000-000000000000000000000000;Parent=53995c3f42cd8ad8",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=0000000000000000",
    };
    char traceparent[EG_TRACE_PARENT_LEN + 1] = "untouched";
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(texts); i++) {
        assert_false(eg_aws_xray_read(eg_span_text(texts[i]), traceparent));
        assert_string_equal(traceparent, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ways),
        cmocka_unit_test(test_parts_in_any_order),
        cmocka_unit_test(test_what_is_no_header),
    };
    return cmocka_run_group_tests_name("aws/xray", tests, NULL, NULL);
}
