/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that wait for other threads, clients that do not wait for them, what is in flight, and
 * how a server stops with all of that.
 */
#include <stddef.h>

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

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    struct answer answer;
    (void)state;
    int fd = client_connect(fixture);
    client_send(fd, "GET /hello HTTP/1.1\r\n" HOST "\r\n"
                    "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na"
                    "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nlast"
                    "GET /nowhere HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_int_equal(answer_status(&answer, 0), 200);
    assert_int_equal(answer_status(&answer, 1), 202);
    assert_int_equal(answer_status(&answer, 2), 200);
    assert_int_equal(answer_status(&answer, 3), 404);
    assert_int_equal(answer_status(&answer, 4), 0);
    (void)close(fd);
}

static void *post_later_many(void *unused)
{
    struct answer *answer = eg_malloc(sizeof(*answer));
    int fd = client_connect(fixture);
    for (int round = 0; round < 50; round++) {
        client_send(fd, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na");
        client_read(fd, answer, CLIENT_TIMEOUT_MS, ":202}");
        EG_ASSERT(answer_status(answer, 0) == 202);
    }
    (void)close(fd);
    free(answer);
    return unused;
}

static void test_suspended_and_resumed(void **state)
{
    pthread_t threads[8];
    unsigned resumed = atomic_load(&fixture->context.resumed);
    unsigned cleaned = atomic_load(&fixture->context.cleaned);
    (void)state;
    for (size_t index = 0; index < EG_ARRAY_COUNT(threads); index++)
        assert_int_equal(pthread_create(&threads[index], NULL, post_later_many, NULL), 0);
    for (size_t index = 0; index < EG_ARRAY_COUNT(threads); index++)
        assert_int_equal(pthread_join(threads[index], NULL), 0);
    assert_int_equal(atomic_load(&fixture->context.resumed), resumed + 400);
    await_count(&fixture->context.cleaned, cleaned + 400);
}

static void test_client_leaves_while_suspended(void **state)
{
    unsigned handled = atomic_load(&fixture->context.handled);
    unsigned cleaned = atomic_load(&fixture->context.cleaned);
    unsigned answered = atomic_load(&fixture->context.answered);
    (void)state;
    later_hold(&fixture->context.later, true);
    for (unsigned round = 0; round < 10; round++) {
        int fd = client_connect(fixture);
        struct linger reset = {1, 0};
        client_send(fd, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na");
        await_count(&fixture->context.handled, handled + round + 1);
        if (round & 1)
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        (void)close(fd);
    }
    later_hold(&fixture->context.later, false);
    await_count(&fixture->context.cleaned, cleaned + 10);
    await_count(&fixture->context.answered, answered + 10);
}

static void test_client_leaves_in_the_body(void **state)
{
    unsigned answered = atomic_load(&fixture->context.answered);
    (void)state;
    int fd = client_connect(fixture);
    client_send(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\nabc");
    (void)usleep(50000);
    (void)close(fd);
    await_count(&fixture->context.answered, answered + 1);
    assert_int_equal(atomic_load(&fixture->context.last_status), 499);
}

static void short_request_timeout(struct eg_http_config *config)
{
    config->limits.request_timeout_ms = 100;
}

static void test_nobody_resumes_in_time(void **state)
{
    struct fixture *own = fixture_start(short_request_timeout);
    struct answer answer;
    (void)state;
    later_hold(&own->context.later, true);
    assert_int_equal(ask(own, &answer, "POST", "/later", "", "a"), 503);
    assert_contains(&answer, "Retry-After: 1\r\n");
    assert_contains(&answer, "\"type\":\"unavailable\"");
    assert_int_equal(atomic_load(&own->context.cleaned), 0);
    later_hold(&own->context.later, false); /* the promise is kept, late */
    await_count(&own->context.cleaned, 1);
    assert_int_equal(atomic_load(&own->context.resumed), 0);
    fixture_stop(own);
}

static void test_stop_answers_what_is_suspended(void **state)
{
    struct fixture *own = fixture_start(NULL);
    struct answer answer;
    (void)state;
    later_hold(&own->context.later, true);
    int fd = client_connect(own);
    client_send(fd, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na");
    await_count(&own->context.handled, 1);
    eg_http_server_stop(own->server, 50);
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_true(answer.closed);
    assert_true(answer.len == 0 || answer_status(&answer, 0) == 503);
    (void)close(fd);
    eg_http_server_destroy(own->server);
    own->server = NULL;
    assert_int_equal(atomic_load(&own->context.cleaned), 0);
    later_hold(&own->context.later, false); /* after the server is gone */
    await_count(&own->context.cleaned, 1);
    fixture_stop(own);
}

static void *resume_soon(void *context)
{
    (void)usleep(150000);
    later_hold(context, false);
    return NULL;
}

static void test_drain_finishes_what_is_in_flight(void **state)
{
    struct fixture *own = fixture_start(NULL);
    struct answer answer;
    pthread_t thread;
    (void)state;
    later_hold(&own->context.later, true);
    int fd = client_connect(own);
    int idle = client_connect(own);
    client_send(fd, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na");
    await_count(&own->context.handled, 1);
    assert_int_equal(pthread_create(&thread, NULL, resume_soon, &own->context.later), 0);
    eg_http_server_quiesce(own->server);
    eg_http_server_stop(own->server, 5000);
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_int_equal(answer_status(&answer, 0), 202);
    assert_contains(&answer, "Connection: close\r\n");
    assert_true(answer.closed);
    client_read(idle, &answer, CLIENT_TIMEOUT_MS, NULL);
    assert_true(answer.closed);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(fd);
    (void)close(idle);
    fixture_stop(own);
}

static void test_quiesced_port_refuses(void **state)
{
    struct fixture *own = fixture_start(NULL);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)own->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)state;
    eg_http_server_quiesce(own->server);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), -1);
    (void)close(fd);
    fixture_stop(own);
}

static void few_in_flight(struct eg_http_config *config)
{
    config->limits.max_in_flight_requests = 2;
}

static void test_too_many_in_flight(void **state)
{
    struct fixture *own = fixture_start(few_in_flight);
    struct answer answer;
    int fds[2];
    (void)state;
    later_hold(&own->context.later, true);
    for (unsigned index = 0; index < 2; index++) {
        fds[index] = client_connect(own);
        client_send(fds[index], "POST /later HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\na");
        await_count(&own->context.handled, index + 1);
    }
    assert_int_equal(ask(own, &answer, "GET", "/hello", "", ""), 503);
    assert_contains(&answer, "Retry-After: 1\r\n");
    assert_int_equal(ask(own, &answer, "GET", "/live", "", ""), 200);
    later_hold(&own->context.later, false);
    for (unsigned index = 0; index < 2; index++) {
        client_read(fds[index], &answer, CLIENT_TIMEOUT_MS, ":202}");
        assert_int_equal(answer_status(&answer, 0), 202);
        (void)close(fds[index]);
    }
    fixture_stop(own);
}

static void few_bytes_in_flight(struct eg_http_config *config)
{
    config->limits.max_in_flight_bytes = 65536;
}

static void test_too_many_bytes_in_flight(void **state)
{
    struct fixture *own = fixture_start(few_bytes_in_flight);
    struct answer answer;
    (void)state;
    later_hold(&own->context.later, true);
    EG_AUTOFREE char *body = eg_calloc(1, 60001);
    memset(body, 'x', 60000);
    int fd = client_connect(own);
    client_send(fd, "POST /later HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
    client_send(fd, body);
    await_count(&own->context.handled, 1);
    assert_int_equal(ask(own, &answer, "POST", "/echo", "", body), 503);
    assert_contains(&answer, "Too many bytes are in flight");
    assert_int_equal(ask(own, &answer, "POST", "/echo", "", "small"), 200);
    later_hold(&own->context.later, false);
    client_read(fd, &answer, CLIENT_TIMEOUT_MS, ":202}");
    (void)close(fd);
    fixture_stop(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_suspended_and_resumed),
        cmocka_unit_test(test_client_leaves_while_suspended),
        cmocka_unit_test(test_client_leaves_in_the_body),
        cmocka_unit_test(test_nobody_resumes_in_time),
        cmocka_unit_test(test_stop_answers_what_is_suspended),
        cmocka_unit_test(test_drain_finishes_what_is_in_flight),
        cmocka_unit_test(test_quiesced_port_refuses),
        cmocka_unit_test(test_too_many_in_flight),
        cmocka_unit_test(test_too_many_bytes_in_flight),
    };
    return cmocka_run_group_tests_name("http/waiting", tests, setup, teardown);
}
