/* SPDX-License-Identifier: Apache-2.0 */
/* The settings: that the choices stand in the order of the enums they become. */
#include "telemetry/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "telemetry/log.h"

static const struct eg_field *find(const struct eg_field_table *table, const char *name)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    fail_msg("no field %s", name);
    return NULL;
}

static void level_choices_are_the_levels(void **state)
{
    (void)state;
    const struct eg_field *field = find(&eg_log_config_table, "level");
    for (int i = EG_LOG_TRACE; i <= EG_LOG_CRITICAL; i++)
        assert_string_equal(field->choices[i], eg_log_level_name((enum eg_log_level)i));
    assert_null(field->choices[EG_LOG_CRITICAL + 1]);
    assert_string_equal(field->default_text, "INFO");
}

static void format_choices_are_the_formats(void **state)
{
    (void)state;
    const struct eg_field *field = find(&eg_log_config_table, "format");
    assert_string_equal(field->choices[EG_LOG_FORMAT_AUTO], "auto");
    assert_string_equal(field->choices[EG_LOG_FORMAT_JSON], "json");
    assert_string_equal(field->choices[EG_LOG_FORMAT_LOGFMT], "logfmt");
    assert_null(field->choices[EG_LOG_FORMAT_LOGFMT + 1]);
}

/* A payload of plain text fits a line; one full of escapes is cut by the line. */
static void a_shown_payload_fits_a_line(void **state)
{
    (void)state;
    assert_true(find(&eg_log_config_table, "trace_max_bytes")->max < EG_LOG_LINE_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(level_choices_are_the_levels),
        cmocka_unit_test(format_choices_are_the_formats),
        cmocka_unit_test(a_shown_payload_fits_a_line),
    };
    return cmocka_run_group_tests_name("telemetry/config", tests, NULL, NULL);
}
