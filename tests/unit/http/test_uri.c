/* SPDX-License-Identifier: Apache-2.0 */
/* Request targets: what is a path, what is refused, what an argument is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/compiler.h"
#include "base/span.h"
#include "http/uri.h"

static struct eg_arena arena;

static int parse(const char *target, struct eg_http_uri *uri)
{
    struct eg_error err = {.code = EG_ERR_NONE};
    int result = eg_http_uri_parse(eg_span_text(target), &arena, uri, &err);
    assert_int_equal(result < 0 ? EG_ERR_REQUEST : EG_ERR_NONE, err.code);
    return result;
}

static void assert_span(struct eg_span span, const char *text)
{
    if (!eg_span_is(span, text))
        fail_msg("\"%.*s\" is not \"%s\"", EG_SPAN_ARGS(span), text);
}

static void test_path_is_decoded_and_lower_case(void **state)
{
    struct eg_http_uri uri;
    (void)state;
    assert_int_equal(parse("/Topics/Public.CPS%2Eza?Q=A", &uri), 0);
    assert_span(uri.path, "/topics/public.cps.za");
    assert_int_equal(uri.segment_count, 2);
    assert_span(uri.segments[0], "topics");
    assert_span(uri.segments[1], "public.cps.za");
    assert_span(uri.query, "Q=A");
}

static void test_encoded_slash_makes_no_segment(void **state)
{
    struct eg_http_uri uri;
    (void)state;
    assert_int_equal(parse("/topics/a%2fb", &uri), 0);
    assert_int_equal(uri.segment_count, 2);
    assert_span(uri.segments[1], "a/b");
}

static void test_forms_of_target(void **state)
{
    struct eg_http_uri uri;
    (void)state;
    assert_int_equal(parse("http://host:80/a", &uri), 0);
    assert_span(uri.path, "/a");
    assert_int_equal(parse("HTTPS://host", &uri), 0);
    assert_span(uri.path, "/");
    assert_int_equal(parse("http://host?x=1", &uri), 0);
    assert_span(uri.path, "/");
    assert_span(uri.query, "x=1");
    assert_int_equal(parse("*", &uri), 0);
    assert_true(uri.segment_count > EG_HTTP_SEGMENTS_MAX);
    assert_int_equal(parse("/a//b/", &uri), 0);
    assert_int_equal(uri.segment_count, 4);
    assert_int_equal(parse("/1/2/3/4/5/6/7/8/9", &uri), 0);
    assert_true(uri.segment_count > EG_HTTP_SEGMENTS_MAX);
}

static void test_broken_targets_are_refused(void **state)
{
    static const char *const targets[] = {
        "",       "a/b",     "host:80", "/%",    "/%1",          "/%zz", "/%00",
        "/a%0ab", "/a%7f",   "/a b",    "/\x7f", "/caf\xc3\xa9", "/<x>", "/a\"b",
        "/a\\b",  "/a#frag", "/{x}",    "/a\tb", "/a^b",         "/a|b", "/a`b",
    };
    struct eg_http_uri uri;
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(targets); index++)
        if (parse(targets[index], &uri) == 0)
            fail_msg("accepted: %s", targets[index]);
}

static bool argument(const char *query, const char *name, struct eg_span *value)
{
    return eg_http_uri_argument(eg_span_text(query), eg_span_text(name), &arena, value);
}

static void test_arguments(void **state)
{
    struct eg_span value;
    (void)state;
    assert_true(argument("a=1&b=x+y%2B&c", "b", &value));
    assert_span(value, "x y+");
    assert_true(argument("a=1&b=2&a=3", "a", &value));
    assert_span(value, "1");
    assert_true(argument("a=1&c", "c", &value));
    assert_span(value, "");
    assert_true(argument("%61=7", "a", &value));
    assert_span(value, "7");
    assert_false(argument("a=1", "b", &value));
    assert_false(argument("", "b", &value));
    assert_false(argument("b=%2", "b", &value));
    assert_false(argument("&&&=", "b", &value));
}

static int teardown(void **state)
{
    (void)state;
    eg_arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_path_is_decoded_and_lower_case),
        cmocka_unit_test(test_encoded_slash_makes_no_segment),
        cmocka_unit_test(test_forms_of_target),
        cmocka_unit_test(test_broken_targets_are_refused),
        cmocka_unit_test(test_arguments),
    };
    return cmocka_run_group_tests_name("http/uri", tests, NULL, teardown);
}
