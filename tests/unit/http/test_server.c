/* SPDX-License-Identifier: Apache-2.0 */
/* What a handler sees, what goes out, CORS, listeners and their settings. */
#include <stddef.h>

#include <sys/stat.h>
#include <sys/un.h>

#include "support/http_fixture.h"

#define HOST "Host: test\r\n"

static struct fixture *fixture;

static int setup(void **state)
{
    (void)state;
    fixture = fixture_start(NULL);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_stop(fixture);
    return 0;
}

static void test_accepted(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "POST", "/topics/A", "", "{}"), 202);
    assert_contains(&answer, "Content-Type: application/json\r\n");
    assert_contains(&answer, "Content-Length: 33\r\n");
    assert_contains(&answer, "\r\n\r\n{\"success\":true,\"statusCode\":202}");
    assert_contains(&answer, "X-Correlation-ID: ");
}

static void test_request_as_the_handler_sees_it(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "POST", "/Describe/Foo%20Bar?x=1&q=a+b%21",
                         "User-Agent: me\r\nAuthorization: Bearer t\r\nAuthorizatioN2: no\r\n"
                         "Content-Type: Text/Plain ; charset=utf-8\r\n",
                         "the body"),
                     200);
    assert_contains(&answer, "path=/describe/foo bar\nparam=foo bar\nq=a b!\nagent=me\n"
                             "token=Bearer t\ntype=Text/Plain\nremote=127.0.0.1\nheaders=7\n"
                             "body=the body\n");
}

static void test_unknown_route_and_method(void **state)
{
    unsigned before = atomic_load(&fixture->context.answered);
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "GET", "/nowhere", "", ""), 404);
    assert_contains(&answer, "\r\n\r\n{\"success\":false,\"statusCode\":404,\"errors\":"
                             "[{\"type\":\"route\",\"message\":\"Resource not found.\"}]}");
    assert_int_equal(ask(fixture, &answer, "PUT", "/topics/a", "", ""), 405);
    assert_contains(&answer, "Allow: GET, HEAD, POST\r\n");
    assert_contains(&answer, "\"type\":\"route\"");
    assert_int_equal(ask(fixture, &answer, "BREW", "/topics/a", "", ""), 405);
    assert_int_equal(ask(fixture, &answer, "OPTIONS", "/topics/a", "", ""), 405);
    await_count(&fixture->context.answered, before + 4);
    assert_string_equal(fixture->context.last_route, "none");
}

static void test_head_is_get_without_a_body(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "HEAD", "/hello", "", ""), 200);
    assert_contains(&answer, "Content-Length: 5\r\n");
    assert_null(strstr(answer.text, "hello"));
}

static void test_correlation_id(void **state)
{
    static const struct {
        const char *headers;
        const char *expected; /* NULL: made here */
    } cases[] = {
        {"X-Correlation-ID: Abc.1:2_3-4\r\n", "Abc.1:2_3-4"},
        {"X-Request-ID: r-1\r\n", "r-1"},
        {"X-Request-ID: r-1\r\nX-Correlation-ID: c-1\r\n", "c-1"},
        {"X-Correlation-ID: a b\r\n", NULL},
        {"X-Correlation-ID: a/b\r\n", NULL},
        {"X-Correlation-ID:\r\n", NULL},
        {"X-Correlation-ID: bad one\r\nX-Request-ID: good\r\n", "good"},
        {"", NULL},
    };
    struct answer answer;
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(cases); index++) {
        char expected[192];
        unsigned before = atomic_load(&fixture->context.answered);
        assert_int_equal(ask(fixture, &answer, "POST", "/topics/t", cases[index].headers, "{}"),
                         202);
        await_count(&fixture->context.answered, before + 1);
        (void)snprintf(expected, sizeof(expected), "X-Correlation-ID: %s\r\n",
                       cases[index].expected ? cases[index].expected
                                             : fixture->context.last_correlation);
        assert_contains(&answer, expected);
        if (!cases[index].expected)
            assert_int_equal(strlen(fixture->context.last_correlation), 32);
    }
}

static void test_correlation_id_length(void **state)
{
    struct answer answer;
    char id[130];
    (void)state;
    for (size_t len = 128; len <= 129; len++) {
        memset(id, 'x', len);
        id[len] = '\0';
        EG_AUTOFREE char *header = eg_asprintf("X-Correlation-ID: %s\r\n", id);
        assert_int_equal(ask(fixture, &answer, "GET", "/hello", header, ""), 200);
        assert_int_equal(strstr(answer.text, header) != NULL, len == 128);
    }
}

static void test_made_ids_differ(void **state)
{
    char first[160];
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    for (unsigned round = 0; round < 2; round++) {
        client_send(fd, "POST /topics/t HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n{}");
        client_read(fd, &answer, CLIENT_TIMEOUT_MS, ":202}");
        const char *id = strstr(answer.text, "X-Correlation-ID: ");
        assert_non_null(id);
        if (round == 0)
            (void)snprintf(first, sizeof(first), "%.50s", id);
        else
            assert_int_not_equal(strncmp(first, id, 50), 0);
    }
    (void)close(fd);
}

static void test_error_reply(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "GET", "/busy", "", ""), 429);
    assert_contains(&answer, "Retry-After: 7\r\n");
    assert_contains(&answer, "\"message\":\"Say \\\"please\\\".\"");
}

static void test_expectations(void **state)
{
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    client_send(fd,
                "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "\r\n\r\n");
    assert_int_equal(answer_status(&answer, 0), 100);
    client_send(fd, "hello");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "\r\n\r\nhello");
    assert_int_equal(answer_status(&answer, 0), 200);
    (void)close(fd);
    assert_int_equal(ask(fixture, &answer, "POST", "/echo", "Expect: miracles\r\n", "a"), 417);
}

static void one_origin(struct eg_http_config *config)
{
    config->cors.allowed_origins.items = eg_calloc(1, sizeof(char *));
    config->cors.allowed_origins.items[0] = eg_strdup("https://app.example");
    config->cors.allowed_origins.count = 1;
    config->cors.allowed_headers.items = eg_calloc(2, sizeof(char *));
    config->cors.allowed_headers.items[0] = eg_strdup("Authorization");
    config->cors.allowed_headers.items[1] = eg_strdup("Content-Type");
    config->cors.allowed_headers.count = 2;
}

static void test_cors(void **state)
{
    struct fixture *own = fixture_start(one_origin);
    struct answer answer;
    (void)state;
    assert_int_equal(ask(own, &answer, "OPTIONS", "/topics/a",
                         "Origin: https://app.example\r\nAccess-Control-Request-Method: POST\r\n",
                         ""),
                     204);
    assert_contains(&answer, "Access-Control-Allow-Origin: https://app.example\r\n");
    assert_contains(&answer, "Access-Control-Allow-Methods: GET, HEAD, POST\r\n");
    assert_contains(&answer, "Access-Control-Allow-Headers: Authorization, Content-Type\r\n");
    assert_contains(&answer, "Access-Control-Max-Age: 600\r\n");
    assert_contains(&answer, "Vary: Origin\r\n");
    assert_int_equal(
        ask(own, &answer, "POST", "/topics/a", "Origin: https://app.example\r\n", "{}"), 202);
    assert_contains(&answer, "Access-Control-Allow-Origin: https://app.example\r\n");
    assert_int_equal(ask(own, &answer, "POST", "/topics/a", "Origin: https://evil.example\r\n", ""),
                     202);
    assert_null(strstr(answer.text, "Access-Control"));
    assert_int_equal(ask(own, &answer, "OPTIONS", "/topics/a", "", ""), 204);
    assert_contains(&answer, "Allow: GET, HEAD, POST, OPTIONS\r\n");
    assert_int_equal(ask(own, &answer, "OPTIONS", "/live", "Origin: https://app.example\r\n", ""),
                     405);
    fixture_stop(own);
}

static void test_cors_is_off_by_default(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "POST", "/topics/a", "Origin: https://a.b\r\n", ""),
                     202);
    assert_null(strstr(answer.text, "Access-Control"));
}

static char unix_path[64];

static void on_unix_socket(struct eg_http_config *config)
{
    (void)snprintf(unix_path, sizeof(unix_path), "/tmp/eg-http-%d.sock", (int)getpid());
    free(config->listen.items[0]);
    config->listen.items[0] = eg_asprintf("unix:%s", unix_path);
}

static void test_unix_socket(void **state)
{
    struct fixture *own = fixture_start(on_unix_socket);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct answer answer;
    struct stat info;
    (void)state;
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", unix_path);
    assert_int_equal(stat(unix_path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0660);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    client_send(fd, "POST /describe/x HTTP/1.1\r\n" HOST "\r\n");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "body=");
    assert_contains(&answer, "remote=unix\n");
    (void)close(fd);
    fixture_stop(own);
    assert_int_equal(stat(unix_path, &info), -1);
}

static void test_taken_port_is_an_error(void **state)
{
    EG_AUTOFREE char *address = eg_asprintf("127.0.0.1:%u", fixture->port);
    char *items[] = {address};
    struct eg_http_config config = fixture->config;
    struct eg_http_server_options options = {.name = "second", .config = &config};
    struct eg_http_server *server = NULL;
    struct eg_error err;
    (void)state;
    config.listen = (struct eg_string_list){items, 1};
    assert_int_equal(eg_http_server_new(&options, &server, &err), -1);
    assert_null(server);
    assert_int_equal(err.code, EG_ERR_IO);
    assert_non_null(strstr(err.message, address));
    assert_non_null(strstr(err.message, "in use"));
}

static void test_config_is_checked(void **state)
{
    static const char *const wrong[] = {"8080",        "127.0.0.1", "127.0.0.1:70000", "::1:80",
                                        "unix:a.sock", "fd:x",      "127.0.0.1:-1",    "fd:1"};
    struct eg_http_config config = fixture->config;
    struct eg_error err;
    char *items[1];
    (void)state;
    assert_int_equal(eg_http_config_check(&config, &err), 0);
    config.listen = (struct eg_string_list){items, 1};
    for (size_t index = 0; index < EG_ARRAY_COUNT(wrong); index++) {
        EG_AUTOFREE char *text = eg_strdup(wrong[index]);
        items[0] = text;
        assert_int_equal(eg_http_config_check(&config, &err), -1);
        assert_int_equal(err.code, EG_ERR_CONFIG);
        assert_non_null(strstr(err.message, wrong[index]));
    }
    config = fixture->config;
    config.unix_mode = 680;
    assert_int_equal(eg_http_config_check(&config, &err), -1);
}

static void test_admin_defaults(void **state)
{
    struct eg_http_config config;
    (void)state;
    eg_config_fields_default(&eg_http_admin_fields, &config);
    assert_string_equal(config.listen.items[0], "127.0.0.1:8081");
    assert_int_equal(config.limits.max_body_bytes, 1 << 20);
    assert_int_equal(eg_http_config_check(&config, NULL), 0);
    eg_config_fields_fini(&eg_http_admin_fields, &config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_request_as_the_handler_sees_it),
        cmocka_unit_test(test_unknown_route_and_method),
        cmocka_unit_test(test_head_is_get_without_a_body),
        cmocka_unit_test(test_correlation_id),
        cmocka_unit_test(test_correlation_id_length),
        cmocka_unit_test(test_made_ids_differ),
        cmocka_unit_test(test_error_reply),
        cmocka_unit_test(test_expectations),
        cmocka_unit_test(test_cors),
        cmocka_unit_test(test_cors_is_off_by_default),
        cmocka_unit_test(test_unix_socket),
        cmocka_unit_test(test_taken_port_is_an_error),
        cmocka_unit_test(test_config_is_checked),
        cmocka_unit_test(test_admin_defaults),
    };
    return cmocka_run_group_tests_name("http/server", tests, setup, teardown);
}
