/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3629: every code point there and back, and what is not well-formed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "text/utf8.h"

static void every_code_point_reads_back(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        if (code == 0xd800)
            code = 0xe000;
        eg_buffer_clear(&out);
        eg_utf8_append(&out, code);
        struct eg_span rest = eg_buffer_span(&out);
        uint32_t read;
        if (!eg_utf8_next(&rest, &read) || read != code || rest.len != 0)
            fail_msg("U+%04X", (unsigned)code);
    }
}

static void what_is_not_well_formed_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xc3",
        "\xc3(",
        "\xe0\x80\x80",
        "\xe0\x9f\xbf",
        "\xe2\x82",
        "\xed\xa0\x80",
        "\xed\xbf\xbf",
        "\xf0\x80\x80\x80",
        "\xf0\x9f\x90",
        "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80",
        "\xff",
        "\xf0\x9f\x90\xb2\xfe",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char padded[32];
        assert_false(eg_utf8_valid(eg_span_text(texts[i])));
        (void)snprintf(padded, sizeof(padded), "twelve bytes%s and", texts[i]);
        assert_false(eg_utf8_valid(eg_span_text(padded)));
    }
    assert_true(eg_utf8_valid(eg_span_of(NULL, 0)));
    assert_true(eg_utf8_valid(EG_SPAN_LITERAL("eight by\0 é and 🐲 and the rest")));
}

static void a_bad_byte_changes_nothing(void **state)
{
    (void)state;
    struct eg_span rest = EG_SPAN_LITERAL("a\xff");
    uint32_t code = 7;
    assert_true(eg_utf8_next(&rest, &code));
    assert_int_equal(code, 'a');
    assert_false(eg_utf8_next(&rest, &code));
    assert_int_equal(code, 'a');
    assert_int_equal(rest.len, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_point_reads_back),
        cmocka_unit_test(what_is_not_well_formed_is_refused),
        cmocka_unit_test(a_bad_byte_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
