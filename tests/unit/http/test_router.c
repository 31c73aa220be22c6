/* SPDX-License-Identifier: Apache-2.0 */
/* Which route a path leads to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/span.h"
#include "http/router.h"

static const struct eg_http_route routes[] = {
    {.method = EG_HTTP_GET, .pattern = "/topics/{topic}", .name = "schema"},
    {.method = EG_HTTP_POST, .pattern = "/topics/{topic}", .name = "publish", .flags = 1},
    {.method = EG_HTTP_GET, .pattern = "/topics/special", .name = "special"},
    {.method = EG_HTTP_GET, .pattern = "/topics", .name = "topics"},
    {.method = EG_HTTP_GET, .pattern = "/", .name = "root"},
    {.method = EG_HTTP_DELETE, .pattern = "/a/{x}/b/{y}", .name = "two"},
};

static struct eg_http_router *router;
static struct eg_arena arena;

static struct eg_http_match match(enum eg_http_method method, const char *path)
{
    struct eg_http_uri uri;
    struct eg_http_match found;
    assert_int_equal(eg_http_uri_parse(eg_span_text(path), &arena, &uri, NULL), 0);
    eg_http_router_match(router, method, &uri, &found);
    return found;
}

static void assert_route(enum eg_http_method method, const char *path, const char *name)
{
    struct eg_http_match found = match(method, path);
    assert_non_null(found.route);
    assert_string_equal(found.route->name, name);
}

static void test_finds_by_path_and_method(void **state)
{
    (void)state;
    assert_route(EG_HTTP_GET, "/topics/abc", "schema");
    assert_route(EG_HTTP_POST, "/Topics/ABC", "publish");
    assert_route(EG_HTTP_GET, "/topics", "topics");
    assert_route(EG_HTTP_GET, "/", "root");
    assert_route(EG_HTTP_HEAD, "/topics/abc", "schema");
}

static void test_literal_wins_over_name(void **state)
{
    (void)state;
    assert_route(EG_HTTP_GET, "/topics/special", "special");
    assert_route(EG_HTTP_POST, "/topics/special", "publish");
}

static void test_params_are_in_order(void **state)
{
    (void)state;
    struct eg_http_match found = match(EG_HTTP_DELETE, "/a/One/b/two%20");
    assert_non_null(found.route);
    assert_true(eg_span_is(found.params[0], "one"));
    assert_true(eg_span_is(found.params[1], "two "));
}

static void test_unknown_paths(void **state)
{
    static const char *const paths[] = {"/topic", "/topics/", "/topics/a/b", "/topicsx",
                                        "//",     "/a//b/c",  "*",           "/1/2/3/4/5/6/7/8/9"};
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(paths); index++) {
        struct eg_http_match found = match(EG_HTTP_GET, paths[index]);
        assert_null(found.route);
        assert_false(found.path_known);
    }
}

static void test_wrong_method_knows_the_right_ones(void **state)
{
    char allow[EG_HTTP_ALLOW_BYTES];
    (void)state;
    struct eg_http_match found = match(EG_HTTP_PUT, "/topics/abc");
    assert_null(found.route);
    assert_true(found.path_known);
    assert_int_equal(found.flags, 1);
    eg_http_router_allow(found.methods, false, allow);
    assert_string_equal(allow, "GET, HEAD, POST");
    eg_http_router_allow(~0u, true, allow);
    assert_string_equal(allow, "GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");
    found = match(EG_HTTP_METHOD_OTHER, "/topics/abc");
    assert_null(found.route);
    assert_true(found.path_known);
}

static void test_impossible_patterns_are_refused(void **state)
{
    static const char *const patterns[] = {"topics", "", "/Topics", "/1/2/3/4/5/6/7/8/9",
                                           "/{a}/{b}/{c}/{d}/{e}"};
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(patterns); index++) {
        struct eg_http_route route = {.pattern = patterns[index]};
        struct eg_http_router *never = NULL;
        struct eg_error err;
        assert_int_equal(eg_http_router_new(&route, 1, &never, &err), -1);
        assert_null(never);
        assert_int_equal(err.code, EG_ERR_INTERNAL);
    }
}

static int setup(void **state)
{
    (void)state;
    return eg_http_router_new(routes, EG_ARRAY_COUNT(routes), &router, NULL);
}

static int teardown(void **state)
{
    (void)state;
    eg_http_router_destroy(router);
    eg_http_router_destroy(NULL);
    eg_arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_by_path_and_method),
        cmocka_unit_test(test_literal_wins_over_name),
        cmocka_unit_test(test_params_are_in_order),
        cmocka_unit_test(test_unknown_paths),
        cmocka_unit_test(test_wrong_method_knows_the_right_ones),
        cmocka_unit_test(test_impossible_patterns_are_refused),
    };
    return cmocka_run_group_tests_name("http/router", tests, setup, teardown);
}
