/* SPDX-License-Identifier: Apache-2.0 */
/* Every format against the suite's files, which drafts have it, and cases the suite lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/span.h"
#include "schema/format.h"
#include "support/vectors.h"

static const struct {
    const char *folder;
    enum eg_schema_draft draft;
} drafts[] = {
    {"draft4", EG_SCHEMA_DRAFT_4},
    {"draft6", EG_SCHEMA_DRAFT_6},
    {"draft7", EG_SCHEMA_DRAFT_7},
    {"draft2019-09", EG_SCHEMA_DRAFT_2019_09},
    {"draft2020-12", EG_SCHEMA_DRAFT_2020_12},
};

static const char *const files[] = {
    "date-time",
    "date",
    "duration",
    "ecmascript-regex",
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "time",
    "unknown",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
};

struct tally {
    int checked;
    int wrong;
};

static void check_group(const json_t *group, const char *file, enum eg_schema_draft draft,
                        struct tally *tally)
{
    const char *name =
        json_string_value(json_object_get(json_object_get(group, "schema"), "format"));
    assert_non_null(name);
    const struct eg_schema_format *format = eg_schema_format_find(draft, eg_span_text(name));
    size_t i;
    json_t *test;
    json_array_foreach(json_object_get(group, "tests"), i, test)
    {
        json_t *data = json_object_get(test, "data");
        bool expected = json_is_true(json_object_get(test, "valid"));
        bool got = true;
        if (format && json_is_string(data))
            got = eg_schema_format_check(
                format, eg_span_of(json_string_value(data), json_string_length(data)));
        tally->checked++;
        if (got == expected)
            continue;
        tally->wrong++;
        print_error("%s: %s: '%s' should be %s\n", file,
                    json_string_value(json_object_get(test, "description")),
                    json_string_value(data), expected ? "valid" : "invalid");
    }
}

static void the_suite_agrees(void **state)
{
    (void)state;
    struct tally tally = {0, 0};
    for (size_t i = 0; i < sizeof(drafts) / sizeof(drafts[0]); i++) {
        for (size_t j = 0; j < sizeof(files) / sizeof(files[0]); j++) {
            char path[160];
            (void)snprintf(path, sizeof(path), "json-schema/tests/%s/optional/format/%s.json",
                           drafts[i].folder, files[j]);
            json_t *groups = vectors_load(path);
            if (!groups && j == 0)
                skip();
            size_t k;
            json_t *group;
            json_array_foreach(groups, k, group) check_group(group, path, drafts[i].draft, &tally);
            json_decref(groups);
        }
    }
    print_message("suite formats: %d instances, %d wrong\n", tally.checked, tally.wrong);
    assert_int_equal(tally.wrong, 0);
    assert_true(tally.checked > 2000);
}

static void each_draft_has_its_formats(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int since; /* EG_SCHEMA_DRAFT_2020_12 + 1: never */
    } cases[] = {
        {"date-time", EG_SCHEMA_DRAFT_4},      {"hostname", EG_SCHEMA_DRAFT_4},
        {"uri-reference", EG_SCHEMA_DRAFT_6},  {"date", EG_SCHEMA_DRAFT_7},
        {"regex", EG_SCHEMA_DRAFT_7},          {"duration", EG_SCHEMA_DRAFT_2019_09},
        {"uuid", EG_SCHEMA_DRAFT_2019_09},     {"color", EG_SCHEMA_DRAFT_2020_12 + 1},
        {"DATE", EG_SCHEMA_DRAFT_2020_12 + 1}, {"", EG_SCHEMA_DRAFT_2020_12 + 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int draft = EG_SCHEMA_DRAFT_4; draft <= EG_SCHEMA_DRAFT_2020_12; draft++) {
            const struct eg_schema_format *format =
                eg_schema_format_find((enum eg_schema_draft)draft, eg_span_text(cases[i].name));
            assert_int_equal(format != NULL, draft >= cases[i].since);
            if (format)
                assert_string_equal(eg_schema_format_name(format), cases[i].name);
        }
    }
}

struct format_case {
    const char *format;
    const char *value;
    bool valid;
};

static void cases_beside_the_suite(void **state)
{
    (void)state;
    static const struct format_case cases[] = {
        {"date-time", "2024-02-29T00:00:00.Z", false},
        {"date-time", "2024-02-29 00:00:00Z", false},
        {"time", "23:59:60.999Z", true},
        {"time", "00:00:00-23:59", true},
        {"duration", "P1DT", false},
        {"duration", "P1W1D", false},
        {"email", "a@b", true},
        {"email", "\"a\\\"b\"@c", true},
        {"email", "\"a@c", false},
        {"email", "\"a\\", false},
        {"email", "\"a\"b@c", false},
        {"email", "a@[]", false},
        {"email", "a@b.", false},
        {"email", "\xc3\xa9@b", false},
        {"email", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b", false},
        {"hostname", "a..b", false},
        {"hostname", "ab--cd", true},
        {"idn-hostname", "ab--cd", false},
        {"idn-hostname", "\xff", false},
        {"hostname", "\xc3\xa9", false},
        {"ipv4", "1.2.3.04", false},
        {"ipv4", "1.2.3.1000", false},
        {"ipv6", "1::2:3:4:5:6:7:8", false},
        {"ipv6", "1::2:3:4:5:6:7", true},
        {"ipv6", "::1.2.3.4:5", false},
        {"ipv6", ":", false},
        {"ipv6", "", false},
        {"ipv6", "1:2:3:4:5:6:7::", true},
        {"uri", "http://[v1.a:b]:80/", true},
        {"uri", "http://[v.a]/", false},
        {"uri", "http://[::1]x/", false},
        {"uri", "http://a:", true},
        {"uri", "http://a#b#c", false},
        {"uri", "a:", true},
        {"uri-reference", "a/b:c", true},
        {"uri-reference", "\xee\x80\x80", false},
        {"iri", "http://a/?\xee\x80\x80", true},
        {"iri", "http://a/\xee\x80\x80", false},
        {"iri", "http://a/\xff", false},
        {"uri-template", "{=a}", false},
        {"uri-template", "{a", false},
        {"uri-template", "{a.}", false},
        {"uri-template", "%4", false},
        {"json-pointer", "/\xc3\xa9", true},
        {"relative-json-pointer", "0", true},
        {"regex", "(?<=a+)b", true},
        {"regex", "\\p{Script=Nope}", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct eg_schema_format *format =
            eg_schema_format_find(EG_SCHEMA_DRAFT_2020_12, eg_span_text(cases[i].format));
        assert_non_null(format);
        if (eg_schema_format_check(format, eg_span_text(cases[i].value)) != cases[i].valid)
            fail_msg("%s: '%s' should be %s", cases[i].format, cases[i].value,
                     cases[i].valid ? "valid" : "invalid");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_suite_agrees),
        cmocka_unit_test(each_draft_has_its_formats),
        cmocka_unit_test(cases_beside_the_suite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
