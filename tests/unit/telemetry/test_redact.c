/* SPDX-License-Identifier: Apache-2.0 */
/* What a payload looks like in the log. */
#include "telemetry/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"

static char *keys[] = {(char[]){"password"}, (char[]){"secret"}, (char[]){"token"},
                       (char[]){"key"},      (char[]){"apikey"}, (char[]){"api_key"}};
static const struct eg_string_list key_list = {keys, EG_ARRAY_COUNT(keys)};

static void assert_shown(const char *payload, size_t max_bytes, const char *expected)
{
    struct eg_redactor *redactor = eg_redactor_new(&key_list, max_bytes);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_buffer_append_text(&out, "payload: ");
    eg_redactor_append(redactor, eg_span_text(payload), &out);
    assert_memory_equal(out.data, "payload: ", 9);
    assert_string_equal(out.data + 9, expected);
    eg_redactor_destroy(redactor);
}

static void secrets_are_hidden_at_any_depth_and_in_any_case(void **state)
{
    (void)state;
    assert_shown("{\"a\":1,\"password\":\"x\"}", 10000,
                 "{\"a\":1,\"password\":\"***REDACTED***\"}");
    assert_shown("{\"PassWord\":1,\"API_KEY\":null}", 10000,
                 "{\"PassWord\":\"***REDACTED***\",\"API_KEY\":\"***REDACTED***\"}");
    assert_shown("[ {\"b\": [ {\"Token\" : {\"deep\": [1,2]} , \"c\": 3} ] } ]", 10000,
                 "[{\"b\":[{\"Token\":\"***REDACTED***\",\"c\":3}]}]");
    assert_shown("{\"secret\":{\"secret\":1}}", 10000, "{\"secret\":\"***REDACTED***\"}");
}

static void a_name_written_with_escapes_is_still_that_name(void **state)
{
    (void)state;
    assert_shown("{\"\\u0070assword\":\"x\"}", 10000, "{\"\\u0070assword\":\"***REDACTED***\"}");
}

static void only_whole_names_count(void **state)
{
    (void)state;
    assert_shown("{\"keys\":1,\"monkey\":2,\"passwords\":\"x\"}", 10000,
                 "{\"keys\":1,\"monkey\":2,\"passwords\":\"x\"}");
}

static void a_repeated_name_is_hidden_each_time(void **state)
{
    (void)state;
    assert_shown("{\"key\":1,\"key\":2}", 10000,
                 "{\"key\":\"***REDACTED***\",\"key\":\"***REDACTED***\"}");
}

static void values_stay_as_they_were_written(void **state)
{
    (void)state;
    assert_shown(
        "{ \"n\" : 12345678901234567890.00 , \"s\":\"\\u00e9\\n\" , \"e\":[ ] , \"o\":{ } }", 10000,
        "{\"n\":12345678901234567890.00,\"s\":\"\\u00e9\\n\",\"e\":[],\"o\":{}}");
    assert_shown("true", 10000, "true");
    assert_shown(" null ", 10000, "null");
}

static void long_text_is_cut_on_a_character(void **state)
{
    (void)state;
    assert_shown("\"0123456789\"", 12, "\"0123456789\"");
    assert_shown("\"0123456789\"", 11, "\"0123456789...");
    assert_shown("\"0123456789\"", 4, "\"012...");
    assert_shown("\"€€€\"", 4, "\"€...");
    assert_shown("\"€€€\"", 5, "\"€...");
    assert_shown("\"€€€\"", 6, "\"€...");
    assert_shown("\"€€€\"", 7, "\"€€...");
    assert_shown("[1,2,3,4,5,6]", 5, "[1,2,...");
    assert_shown("{\"a\":1,\"password\":\"x\"}", 10, "{\"a\":1,\"pa...");
    assert_shown("{\"a\":1}", 0, "...");
}

static void what_is_no_json_is_not_shown(void **state)
{
    (void)state;
    assert_shown("{\"password\":\"hunter2\"", 10000, "<21 bytes that can't be read as JSON>");
    assert_shown("", 10000, "<0 bytes that can't be read as JSON>");
}

static void no_keys_means_nothing_is_hidden(void **state)
{
    (void)state;
    struct eg_redactor *redactor = eg_redactor_new(&(struct eg_string_list){NULL, 0}, 100);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    eg_redactor_append(redactor, EG_SPAN_LITERAL("{\"password\":1}"), &out);
    assert_string_equal(out.data, "{\"password\":1}");
    eg_redactor_destroy(redactor);
    eg_redactor_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_hidden_at_any_depth_and_in_any_case),
        cmocka_unit_test(a_name_written_with_escapes_is_still_that_name),
        cmocka_unit_test(only_whole_names_count),
        cmocka_unit_test(a_repeated_name_is_hidden_each_time),
        cmocka_unit_test(values_stay_as_they_were_written),
        cmocka_unit_test(long_text_is_cut_on_a_character),
        cmocka_unit_test(what_is_no_json_is_not_shown),
        cmocka_unit_test(no_keys_means_nothing_is_hidden),
    };
    return cmocka_run_group_tests_name("telemetry/redact", tests, NULL, NULL);
}
