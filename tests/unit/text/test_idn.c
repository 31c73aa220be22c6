/* SPDX-License-Identifier: Apache-2.0 */
/* Labels, as RFC 5891 to 5893 judge them; whole names are in schema/test_format.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "text/idn.h"

static void u_labels(void **state)
{
    (void)state;
    struct eg_idn_label label;
    assert_true(eg_idn_u_label(EG_SPAN_LITERAL("bücher"), &label));
    assert_int_equal(label.ascii_bytes, strlen("xn--bcher-kva"));
    assert_false(label.has_rtl);
    assert_false(label.starts_numeric);
    assert_true(eg_idn_u_label(EG_SPAN_LITERAL("אב"), &label));
    assert_true(label.has_rtl);
    assert_true(eg_idn_u_label(EG_SPAN_LITERAL("1é"), &label));
    assert_true(label.starts_numeric);
    static const char *const refused[] = {
        "Bücher",       /* upper case */
        "bu\u0308cher", /* not NFC */
        "-é",           "é-", "aé--é", "a é", "\u0301a", "l·a", "א0٠",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (eg_idn_u_label(eg_span_text(refused[i]), &label))
            fail_msg("'%s' was accepted", refused[i]);
}

static void a_labels(void **state)
{
    (void)state;
    struct eg_idn_label label;
    assert_true(eg_idn_a_label(EG_SPAN_LITERAL("xn--bcher-kva"), &label));
    assert_int_equal(label.ascii_bytes, 13);
    assert_true(eg_idn_a_label(EG_SPAN_LITERAL("XN--BCHER-KVA"), &label));
    static const char *const refused[] = {"xn--", "xn--X", "xn--abc-", "xn---9uc", "xn--\xff"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (eg_idn_a_label(eg_span_text(refused[i]), &label))
            fail_msg("'%s' was accepted", refused[i]);
}

static void length_and_nul_are_bounded(void **state)
{
    (void)state;
    struct eg_idn_label label;
    char text[400];
    for (size_t i = 0; i < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xa9", 2);
    assert_false(eg_idn_u_label(eg_span_of(text, sizeof(text)), &label));
    assert_false(eg_idn_u_label(eg_span_of(text, 236), &label));
    assert_false(eg_idn_u_label(eg_span_of("\xc3\xa9\0b", 4), &label));
    memset(text, 'a', sizeof(text));
    memcpy(text, "xn--", 4);
    assert_false(eg_idn_a_label(eg_span_of(text, 64), &label));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u_labels),
        cmocka_unit_test(a_labels),
        cmocka_unit_test(length_and_nul_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
