/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each limit with its own status, and the clients that would like to stay for ever: slow heads,
 * slow bodies, slow readers. Timeouts are short here so that the test is.
 */
#include <stddef.h>

#include "support/compress.h"
#include "support/http_fixture.h"

#define HOST       "Host: test\r\n"
#define MAX_HEADER 2048
#define MAX_BODY   100000

static struct fixture *fixture;

static void tune(struct eg_http_config *config)
{
    struct eg_http_limits *limits = &config->limits;
    limits->max_header_bytes = MAX_HEADER;
    limits->max_header_count = 20;
    limits->max_body_bytes = MAX_BODY;
    limits->max_inflated_bytes = MAX_BODY * 2;
    limits->max_connections = 40;
    limits->max_connections_per_address = 30;
    limits->first_byte_timeout_ms = 300;
    limits->header_timeout_ms = 300;
    limits->body_timeout_ms = 400;
    limits->idle_timeout_ms = 300;
    limits->reply_timeout_ms = 300;
    limits->request_timeout_ms = 300;
}

static char *filled(size_t len, char with)
{
    char *text = eg_malloc(len + 1);
    memset(text, with, len);
    text[len] = '\0';
    return text;
}

static unsigned get_with_target(size_t target_bytes, struct answer *answer)
{
    EG_AUTOFREE char *padding = filled(target_bytes, 'a');
    EG_AUTOFREE char *request = eg_asprintf("GET /hello?%s HTTP/1.1\r\n" HOST "\r\n", padding);
    return exchange(fixture, request, strlen(request), answer);
}

static unsigned get_with_header(size_t value_bytes, struct answer *answer)
{
    EG_AUTOFREE char *padding = filled(value_bytes, 'a');
    EG_AUTOFREE char *request =
        eg_asprintf("GET /live HTTP/1.1\r\n" HOST "Connection: close\r\nX: %s\r\n\r\n", padding);
    return exchange(fixture, request, strlen(request), answer);
}

static void test_large_heads_are_431(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(get_with_header(MAX_HEADER - 300, &answer), 200);
    assert_int_equal(get_with_header(MAX_HEADER, &answer), 431);
    assert_contains(&answer, "\"type\":\"limit\"");
    assert_int_equal(get_with_target(MAX_HEADER, &answer), 431);
    assert_contains(&answer, "\"type\":\"limit\"");
    assert_int_equal(get_with_header(100000, &answer), 431);
    assert_int_equal(get_with_target(100000, &answer), 414); /* the library's own */
}

static void test_many_headers_are_431(void **state)
{
    struct answer answer;
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    (void)state;
    eg_buffer_append_text(&request, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n");
    for (unsigned count = 2; count < 20; count++)
        eg_buffer_append_text(&request, "A: b\r\n");
    eg_buffer_append_text(&request, "\r\n");
    assert_int_equal(exchange(fixture, request.data, request.len, &answer), 200);
    request.len -= 2;
    eg_buffer_append_text(&request, "A: b\r\n\r\n");
    assert_int_equal(exchange(fixture, request.data, request.len, &answer), 431);
}

static void test_each_header_counts_for_64_bytes_more(void **state)
{
    struct answer answer;
    EG_AUTOFREE char *padding = filled(MAX_HEADER / 2, 'a');
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    (void)state;
    eg_buffer_printf(&request, "GET /hello?%s HTTP/1.1\r\n" HOST, padding);
    for (unsigned count = 1; count < 18; count++)
        eg_buffer_append_text(&request, "A: b\r\n");
    eg_buffer_append_text(&request, "\r\n");
    assert_true(request.len < MAX_HEADER);
    assert_int_equal(exchange(fixture, request.data, request.len, &answer), 431);
    assert_contains(&answer, "64 more");
}

static unsigned post_sized(const char *path, const char *headers, const void *body, size_t len,
                           struct answer *answer)
{
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    eg_buffer_printf(
        &request, "POST %s HTTP/1.1\r\n" HOST "Connection: close\r\n%sContent-Length: %zu\r\n\r\n",
        path, headers, len);
    eg_buffer_append(&request, body, len);
    return exchange(fixture, request.data, request.len, answer);
}

static unsigned post_chunked(const char *headers, size_t len, size_t chunk, struct answer *answer)
{
    EG_AUTOBUFFER struct eg_buffer request = EG_BUFFER_INIT;
    EG_AUTOFREE char *piece = filled(chunk, 'c');
    eg_buffer_printf(&request,
                     "POST /topics/t HTTP/1.1\r\n" HOST "%sTransfer-Encoding: chunked\r\n\r\n",
                     headers);
    for (size_t at = 0; at < len; at += chunk) {
        size_t now = len - at < chunk ? len - at : chunk;
        eg_buffer_printf(&request, "%zx\r\n", now);
        eg_buffer_append(&request, piece, now);
        eg_buffer_append_text(&request, "\r\n");
    }
    eg_buffer_append_text(&request, "0\r\n\r\n");
    int fd = client_connect(fixture);
    client_send_bytes(fd, request.data, request.len);
    client_read(fd, answer, CLIENT_TIMEOUT_MS, "}");
    (void)close(fd);
    return answer_status(answer, 0);
}

static void test_large_bodies_are_413(void **state)
{
    struct answer answer;
    EG_AUTOFREE char *body = filled(MAX_BODY * 20, 'b');
    (void)state;
    assert_int_equal(post_sized("/topics/t", "", body, MAX_BODY, &answer), 202);
    assert_int_equal(post_sized("/topics/t", "", body, MAX_BODY + 1, &answer), 413);
    assert_contains(&answer, "The body must not be larger than 100000 bytes.");
    /* Still sending when it hears: the answer must reach it all the same. */
    assert_int_equal(post_sized("/topics/t", "", body, MAX_BODY * 20, &answer), 413);
    EG_AUTOFREE char *head = eg_asprintf("POST /topics/t HTTP/1.1\r\n" HOST
                                         "Expect: 100-continue\r\nContent-Length: %d\r\n\r\n",
                                         MAX_BODY + 1);
    assert_int_equal(exchange(fixture, head, strlen(head), &answer), 413);
}

static void test_large_chunked_bodies_are_413(void **state)
{
    static const size_t chunks[] = {97, 1000, 4093, 70000};
    struct answer answer;
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(chunks); index++) {
        assert_int_equal(post_chunked("", MAX_BODY, chunks[index], &answer), 202);
        assert_int_equal(post_chunked("", MAX_BODY + 1, chunks[index], &answer), 413);
        assert_contains(&answer, "\"type\":\"limit\"");
    }
    assert_int_equal(post_chunked("", MAX_BODY * 20, 4093, &answer), 413);
}

static void test_compressed_bodies(void **state)
{
    struct answer answer;
    EG_AUTOFREE char *body = filled(MAX_BODY * 20, 'b');
    struct eg_span bomb = compress_gzip(body, MAX_BODY * 20);
    struct eg_span fits = compress_gzip(body, MAX_BODY * 2);
    struct eg_span zstd = compress_zstd("hello", 5);
    (void)state;
    assert_true(bomb.len < MAX_BODY / 10);
    assert_int_equal(
        post_sized("/topics/t", "Content-Encoding: gzip\r\n", bomb.ptr, bomb.len, &answer), 413);
    assert_int_equal(
        post_sized("/topics/t", "Content-Encoding: gzip\r\n", fits.ptr, fits.len, &answer), 202);
    assert_int_equal(
        post_sized("/topics/t", "Content-Encoding: gzip\r\n", fits.ptr, fits.len - 3, &answer),
        400);
    assert_int_equal(post_sized("/topics/t", "Content-Encoding: gzip\r\n", "rubbish", 7, &answer),
                     400);
    assert_int_equal(post_sized("/echo", "Content-Encoding: zstd\r\n", zstd.ptr, zstd.len, &answer),
                     200);
    assert_contains(&answer, "\r\n\r\nhello");
    compress_free(bomb);
    compress_free(fits);
    compress_free(zstd);
}

static void test_unknown_encodings_are_415(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(post_sized("/echo", "Content-Encoding: br\r\n", "abc", 3, &answer), 415);
    assert_contains(&answer, "\"type\":\"media\"");
    assert_int_equal(post_sized("/echo", "Content-Encoding: gzip, gzip\r\n", "abc", 3, &answer),
                     415);
    assert_int_equal(
        post_sized("/echo", "Content-Encoding: gzip\r\nContent-Encoding: zstd\r\n", "", 0, &answer),
        415);
}

static void test_begin_refuses_before_the_body(void **state)
{
    unsigned handled = atomic_load(&fixture->context.handled);
    struct answer answer;
    (void)state;
    assert_int_equal(post_sized("/json", "Content-Type: text/plain\r\n", "abc", 3, &answer), 415);
    assert_contains(&answer, "Content-Type must be application/json.");
    assert_int_equal(atomic_load(&fixture->context.handled), handled);
    /* Declared, not sent: the answer does not wait for it. */
    EG_AUTOFREE char *head =
        eg_asprintf("POST /json HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", MAX_BODY);
    assert_int_equal(exchange(fixture, head, strlen(head), &answer), 415);
}

static void test_refused_short_body_keeps_the_connection(void **state)
{
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    client_send(fd, "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
                    "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, "\r\n\r\nhello");
    assert_int_equal(answer_status(&answer, 0), 404);
    assert_int_equal(answer_status(&answer, 1), 200);
    (void)close(fd);
}

static void test_body_where_none_is_taken(void **state)
{
    struct answer answer;
    (void)state;
    assert_int_equal(ask(fixture, &answer, "GET", "/hello", "", "body"), 413);
    assert_int_equal(ask(fixture, &answer, "GET", "/hello", "", ""), 200);
}

/* Sends a piece every 40 ms until the server ends it; the time in ms. */
static int64_t drip(int fd, const char *piece, struct answer *answer)
{
    int64_t begin_ms = eg_clock_monotonic_ms();
    answer->len = 0;
    answer->closed = false;
    while (eg_clock_monotonic_ms() - begin_ms < CLIENT_TIMEOUT_MS) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        client_send(fd, piece);
        if (poll(&poll_fd, 1, 40) > 0)
            break;
    }
    client_read(fd, answer, CLIENT_TIMEOUT_MS, NULL);
    return eg_clock_monotonic_ms() - begin_ms;
}

static void assert_cut_off(int fd, const char *piece, bool speaks)
{
    struct answer answer;
    int64_t elapsed_ms = drip(fd, piece, &answer);
    assert_true(answer.closed);
    assert_in_range(elapsed_ms, 250, 2500);
    assert_int_equal(answer_status(&answer, 0), speaks ? 408 : 0);
    (void)close(fd);
}

static void test_slow_clients_are_cut_off(void **state)
{
    static const struct {
        const char *begin;
        const char *piece;
        bool speaks;
    } cases[] = {
        {"", "", false},                                    /* no first byte */
        {"", "G", true},                                    /* request line, byte by byte */
        {"GET /hello HTTP/1.1\r\n", "a", true},             /* a header without end */
        {"GET /hello HTTP/1.1\r\n" HOST, "A: b\r\n", true}, /* headers without end */
        {"POST /echo HTTP/1.1\r\n" HOST "Content-Length: 90000\r\n\r\n", "a", true},
        {"POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n", true},
    };
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(cases); index++) {
        int fd = client_connect(fixture);
        client_send(fd, cases[index].begin);
        assert_cut_off(fd, cases[index].piece, cases[index].speaks);
    }
}

static void test_idle_and_slow_second_request(void **state)
{
    struct answer answer;
    (void)state;
    for (int speaks = 0; speaks < 2; speaks++) {
        int fd = client_connect(fixture);
        client_send(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        client_read(fd, &answer, CLIENT_TIMEOUT_MS, "\r\n\r\nhello");
        assert_cut_off(fd, speaks ? "G" : "", speaks);
    }
}

static void test_slow_reader_is_cut_off(void **state)
{
    struct eg_http_counters before;
    struct eg_http_counters after;
    (void)state;
    eg_http_server_counters(fixture->server, &before);
    int fd = client_connect(fixture);
    client_send(fd, "GET /large HTTP/1.1\r\n" HOST "\r\n");
    for (int turn = 0; turn < 500; turn++) {
        (void)usleep(10000);
        eg_http_server_counters(fixture->server, &after);
        if (after.timeouts > before.timeouts)
            break;
    }
    assert_int_equal(after.timeouts, before.timeouts + 1);
    (void)close(fd);
}

static void test_slow_clients_starve_nobody(void **state)
{
    struct answer answer;
    int slow[20];
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(slow); index++) {
        slow[index] = client_connect(fixture);
        client_send(slow[index], "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\na");
    }
    int64_t begin_ms = eg_clock_monotonic_ms();
    assert_int_equal(ask(fixture, &answer, "GET", "/hello", "", ""), 200);
    assert_true(eg_clock_monotonic_ms() - begin_ms < 200);
    for (size_t index = 0; index < EG_ARRAY_COUNT(slow); index++)
        (void)close(slow[index]);
}

static void await_no_connections(void)
{
    struct eg_http_counters counters = {.connections_open = 1};
    for (int turn = 0; turn < 1000 && counters.connections_open > 0; turn++) {
        (void)usleep(5000);
        eg_http_server_counters(fixture->server, &counters);
    }
    assert_int_equal(counters.connections_open, 0);
}

static void test_connections_of_one_address(void **state)
{
    struct answer answer;
    int fds[30];
    (void)state;
    await_no_connections();
    for (size_t index = 0; index < EG_ARRAY_COUNT(fds); index++) {
        fds[index] = client_connect(fixture);
        client_send(fds[index], "GET /hello HTTP/1.1\r\n" HOST "\r\n");
        client_read(fds[index], &answer, CLIENT_TIMEOUT_MS, "\r\n\r\nhello");
        assert_int_equal(answer_status(&answer, 0), 200);
    }
    assert_int_equal(ask(fixture, &answer, "GET", "/hello", "", ""), 503);
    assert_contains(&answer, "Retry-After: 1\r\n");
    assert_contains(&answer, "\"type\":\"limit\"");
    assert_true(answer.closed);
    for (size_t index = 0; index < EG_ARRAY_COUNT(fds); index++)
        (void)close(fds[index]);
    await_no_connections();
    assert_int_equal(ask(fixture, &answer, "GET", "/hello", "", ""), 200);
}

static void few_connections(struct eg_http_config *config)
{
    config->limits.max_connections = 8;
}

static void test_connections_in_all(void **state)
{
    struct fixture *own = fixture_start(few_connections);
    struct eg_http_counters counters = {0};
    struct answer answer;
    int fds[60];
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(fds); index++)
        fds[index] = client_connect(own);
    for (int turn = 0; turn < 1000 && counters.connections_refused < 52; turn++) {
        (void)usleep(2000);
        eg_http_server_counters(own->server, &counters);
    }
    assert_int_equal(counters.connections_accepted, 8);
    assert_int_equal(counters.connections_refused, 52);
    client_send(fds[0], "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_read(fds[0], &answer, CLIENT_TIMEOUT_MS, "\r\n\r\nhello");
    assert_int_equal(answer_status(&answer, 0), 200);
    client_send(fds[10], "GET /hello HTTP/1.1\r\n" HOST "\r\n");
    client_read(fds[10], &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_int_equal(answer_status(&answer, 0), 503);
    client_read(fds[59], &answer, CLIENT_TIMEOUT_MS, NULL); /* not even told */
    assert_true(answer.closed);
    assert_int_equal(answer.len, 0);
    for (size_t index = 0; index < EG_ARRAY_COUNT(fds); index++)
        (void)close(fds[index]);
    fixture_stop(own);
}

static int setup(void **state)
{
    (void)state;
    fixture = fixture_start(tune);
    return 0;
}

static int teardown(void **state)
{
    struct eg_http_counters counters;
    (void)state;
    await_no_connections();
    eg_http_server_counters(fixture->server, &counters);
    assert_int_equal(counters.requests_in_flight, 0);
    assert_int_equal(counters.bytes_in_flight, 0);
    assert_int_equal(counters.requests_suspended, 0);
    fixture_stop(fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_large_heads_are_431),
        cmocka_unit_test(test_many_headers_are_431),
        cmocka_unit_test(test_each_header_counts_for_64_bytes_more),
        cmocka_unit_test(test_large_bodies_are_413),
        cmocka_unit_test(test_large_chunked_bodies_are_413),
        cmocka_unit_test(test_compressed_bodies),
        cmocka_unit_test(test_unknown_encodings_are_415),
        cmocka_unit_test(test_begin_refuses_before_the_body),
        cmocka_unit_test(test_refused_short_body_keeps_the_connection),
        cmocka_unit_test(test_body_where_none_is_taken),
        cmocka_unit_test(test_slow_clients_are_cut_off),
        cmocka_unit_test(test_idle_and_slow_second_request),
        cmocka_unit_test(test_slow_reader_is_cut_off),
        cmocka_unit_test(test_slow_clients_starve_nobody),
        cmocka_unit_test(test_connections_of_one_address),
        cmocka_unit_test(test_connections_in_all),
    };
    return cmocka_run_group_tests_name("http/limits", tests, setup, teardown);
}
