/* SPDX-License-Identifier: Apache-2.0 */
/* Times on the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "command/when.h"

#define NOW_US INT64_C(1767323045000000) /* 2026-01-02T03:04:05Z */

static void times_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t us;
    } cases[] = {
        {"2026-01-02T03:04:05Z", NOW_US},
        {"2026-01-02t03:04:05z", NOW_US},
        {"2026-01-02 03:04:05", NOW_US},
        {"2026-01-02T03:04:05.25Z", NOW_US + 250000},
        {"2026-01-02T03:04:05.1234567Z", NOW_US + 123456},
        {"2026-01-02T05:04:05+02:00", NOW_US},
        {"2026-01-01T21:34:05-05:30", NOW_US},
        {"2026-01-02", NOW_US - INT64_C(11045000000)},
        {"90s", NOW_US - 90000000},
        {"10m", NOW_US - 600000000},
        {"2h", NOW_US - INT64_C(7200000000)},
        {"7d", NOW_US - INT64_C(604800000000)},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        int64_t us = 0;
        if (!eg_command_when_parse(cases[i].text, NOW_US, &us))
            fail_msg("'%s' is not read", cases[i].text);
        assert_int_equal(us, cases[i].us);
    }
}

static void other_words_are_refused(void **state)
{
    (void)state;
    static const char *const words[] = {
        "",
        "now",
        "-5m",
        "5",
        "5y",
        "5mm",
        "2026-13-01",
        "2026-02-31",
        "2026-01-02T03:04:05+0200",
        "2026-01-02T",
        "2026-01-02T03:04:05Zx",
        "99999999999999999999s",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(words); i++) {
        int64_t us = 42;
        if (eg_command_when_parse(words[i], NOW_US, &us))
            fail_msg("'%s' is read as %lld", words[i], (long long)us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(other_words_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
