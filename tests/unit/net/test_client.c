/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP client against a small server on the loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "net/client.h"
#include "support/http_stub.h"

#define OK_ANSWER                                                                          \
    "HTTP/1.1 200 OK\r\nDate: Sat, 01 Jan 2028 00:00:00 GMT\r\nX-Two: 1\r\nx-two:  2 \r\n" \
    "Content-Length: 5\r\nConnection: close\r\n\r\nhello"

struct fixture {
    struct http_stub *stub;
    struct eg_net_client *client;
    char *url;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    struct eg_net_client_options options = {.ignore_proxy = true};
    struct eg_error err;
    fixture.stub = http_stub_start(OK_ANSWER);
    fixture.url = eg_asprintf("http://127.0.0.1:%u/a/../b?c=d", fixture.stub->port);
    *state = &fixture;
    return eg_net_client_new(&options, &fixture.client, &err);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    eg_net_client_destroy(fixture->client);
    http_stub_stop(fixture->stub);
    free(fixture->url);
    return 0;
}

static void test_get(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct eg_net_request request = {.url = fixture->url};
    struct eg_error err;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), 0);
        assert_int_equal(response.status, 200);
        assert_string_equal(response.body.data, "hello");
    }
    assert_true(
        eg_span_is(eg_net_response_header(&response, "date"), "Sat, 01 Jan 2028 00:00:00 GMT"));
    assert_true(eg_span_is(eg_net_response_header(&response, "X-TWO"), "1"));
    assert_int_equal(eg_net_response_header(&response, "absent").len, 0);
    assert_int_equal(response.header_count, 5);
    assert_true(eg_span_is(response.headers[2].value, "2"));
    assert_memory_equal(fixture->stub->last, "GET /a/../b?c=d HTTP/1.1\r\n", 26);
}

static void test_nothing_is_added_to_the_request(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    const struct eg_net_header headers[] = {
        {EG_SPAN_LITERAL("X-Amz-Date"), EG_SPAN_LITERAL("20280101T000000Z")},
        {EG_SPAN_LITERAL("X-Empty"), EG_SPAN_EMPTY},
        {EG_SPAN_LITERAL("content-type"), EG_SPAN_LITERAL("application/x-amz-json-1.1")},
    };
    struct eg_net_request request = {
        .method = "POST",
        .url = fixture->url,
        .headers = headers,
        .header_count = 3,
        .body = EG_SPAN_LITERAL("{\"a\":1}"),
    };
    struct eg_error err;
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), 0);
    const char *sent = fixture->stub->last;
    assert_memory_equal(sent, "POST /a/../b?c=d HTTP/1.1\r\n", 27);
    assert_non_null(strstr(sent, "\r\nX-Amz-Date: 20280101T000000Z\r\n"));
    assert_non_null(strstr(sent, "\r\nX-Empty:\r\n"));
    assert_non_null(strstr(sent, "\r\ncontent-type: application/x-amz-json-1.1\r\n"));
    assert_non_null(strstr(sent, "\r\nUser-Agent: eventgate/"));
    assert_non_null(strstr(sent, "\r\n\r\n{\"a\":1}"));
    assert_null(strcasestr(sent, "\r\nAccept:"));
    assert_null(strcasestr(sent, "\r\nExpect:"));
    assert_null(strcasestr(sent, "\r\nAccept-Encoding:"));
    assert_null(strstr(sent, "x-www-form-urlencoded"));
}

static void test_methods(void **state)
{
    struct fixture *fixture = *state;
    static const char *const methods[] = {"PUT", "DELETE", "HEAD", "PATCH", "GET"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(methods); i++) {
        EG_AUTORESPONSE struct eg_net_response response = {0};
        struct eg_net_request request = {.method = methods[i], .url = fixture->url};
        struct eg_error err;
        assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), 0);
        assert_memory_equal(fixture->stub->last, methods[i], strlen(methods[i]));
        assert_int_equal(response.body.len, strcmp(methods[i], "HEAD") == 0 ? 0 : 5);
    }
}

static void test_any_status_is_an_answer(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct eg_net_request request = {.url = fixture->url};
    struct eg_error err;
    http_stub_set_answer(fixture->stub, "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"
                                        "Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), 0);
    assert_int_equal(response.status, 503);
    assert_true(eg_span_is(eg_net_response_header(&response, "retry-after"), "7"));
    http_stub_set_answer(fixture->stub, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                                        "Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), 0);
    assert_int_equal(response.status, 302);
}

static void test_redirects_are_bounded_and_keep_to_http(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct eg_net_request request = {.url = fixture->url, .max_redirects = 3};
    struct eg_error err;
    http_stub_set_answer(fixture->stub, "HTTP/1.1 302 Found\r\nLocation: /again\r\n"
                                        "Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_int_equal(fixture->stub->requests, 4);
    http_stub_set_answer(fixture->stub, "HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n"
                                        "Content-Length: 0\r\nConnection: close\r\n\r\n");
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_int_equal(response.body.len, 0);
}

static void test_body_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct eg_net_request request = {.url = fixture->url, .max_response_bytes = 5};
    struct eg_error err;
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), 0);
    request.max_response_bytes = 4;
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_int_equal(err.code, EG_ERR_TOO_LARGE);
    assert_non_null(strstr(err.message, "longer than 4 bytes"));
}

static void test_a_silent_server_times_out(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct eg_net_request request = {.url = fixture->url, .total_timeout_ms = 150};
    struct eg_error err;
    http_stub_set_answer(fixture->stub, NULL);
    int64_t start_ms = eg_clock_monotonic_ms();
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_true(eg_clock_monotonic_ms() - start_ms < 5000);
    assert_int_equal(err.code, EG_ERR_UNAVAILABLE);
    assert_true(err.retriable);
}

static void test_cancelling_ends_the_wait(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    atomic_bool cancelled = true;
    struct eg_net_request request = {.url = fixture->url, .cancelled = &cancelled};
    struct eg_error err;
    http_stub_set_answer(fixture->stub, NULL);
    int64_t start_ms = eg_clock_monotonic_ms();
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_true(eg_clock_monotonic_ms() - start_ms < 10000);
    assert_int_equal(err.code, EG_ERR_UNAVAILABLE);
}

static void test_a_closed_port_is_unavailable(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    struct eg_net_request request = {.url = "http://user:secret@127.0.0.1:1/keys?sig=secret"};
    struct eg_error err;
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_int_equal(err.code, EG_ERR_UNAVAILABLE);
    assert_true(err.retriable);
    assert_non_null(strstr(err.message, "http://127.0.0.1:1/keys"));
    assert_null(strstr(err.message, "secret"));
}

static void test_what_we_do_not_speak(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTORESPONSE struct eg_net_response response = {0};
    static const char *const urls[] = {"file:///etc/passwd", "ftp://127.0.0.1/", "http://", ""};
    struct eg_error err;
    for (size_t i = 0; i < EG_ARRAY_COUNT(urls); i++) {
        struct eg_net_request request = {.url = urls[i]};
        assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
        assert_int_equal(err.code, EG_ERR_CONFIG);
    }
    const struct eg_net_header bad = {EG_SPAN_LITERAL("X"), EG_SPAN_LITERAL("a\r\nY: b")};
    struct eg_net_request request = {.url = fixture->url, .headers = &bad, .header_count = 1};
    assert_int_equal(eg_net_client_send(fixture->client, &request, &response, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_int_equal(fixture->stub->requests, 0);
}

static void test_ca_bundle_option(void **state)
{
    (void)state;
    static const char *const good[] = {"true", "false", "/"};
    struct eg_error err;
    for (size_t i = 0; i < EG_ARRAY_COUNT(good); i++) {
        struct eg_net_client_options options = {.ca_bundle = good[i]};
        struct eg_net_client *client = NULL;
        assert_int_equal(eg_net_client_new(&options, &client, &err), 0);
        eg_net_client_destroy(client);
    }
    struct eg_net_client_options options = {.ca_bundle = "/nowhere/ca.pem"};
    struct eg_net_client *client = NULL;
    assert_int_equal(eg_net_client_new(&options, &client, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(err.message, "/nowhere/ca.pem"));
    eg_net_client_destroy(NULL);
}

static void test_printable_urls(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"https://u:p@h:1/a/b?q#f", "https://h:1/a/b"},
        {"https://h/a@b", "https://h/a@b"},
        {"http://h?q@r", "http://h"},
        {"u@h/x", "h/x"},
        {"", ""},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
        eg_net_url_printable(cases[i][0], &out);
        assert_true(eg_span_is(eg_buffer_span(&out), cases[i][1]));
    }
}

#define WITH_STUB(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_STUB(test_get),
        WITH_STUB(test_nothing_is_added_to_the_request),
        WITH_STUB(test_methods),
        WITH_STUB(test_any_status_is_an_answer),
        WITH_STUB(test_redirects_are_bounded_and_keep_to_http),
        WITH_STUB(test_body_is_bounded),
        WITH_STUB(test_a_silent_server_times_out),
        WITH_STUB(test_cancelling_ends_the_wait),
        WITH_STUB(test_a_closed_port_is_unavailable),
        WITH_STUB(test_what_we_do_not_speak),
        cmocka_unit_test(test_ca_bundle_option),
        cmocka_unit_test(test_printable_urls),
    };
    return cmocka_run_group_tests_name("net/client", tests, NULL, NULL);
}
