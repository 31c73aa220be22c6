/* SPDX-License-Identifier: Apache-2.0 */
/* The client against a small server on the loopback; variables, files and time are of paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "aws/client.h"
#include "aws/client_state.h"
#include "base/memory.h"
#include "support/aws_host.h"
#include "support/http_stub.h"

#define OK_ANSWER   "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
#define NO_LENGTH   "Connection: close\r\n\r\n"
#define UNAVAILABLE "HTTP/1.1 503 Slow\r\n" NO_LENGTH
#define THROTTLED                            \
    "HTTP/1.1 400 Bad Request\r\n" NO_LENGTH \
    "{\"__type\":\"com.amazon#ThrottlingException\",\"message\":\"Rate exceeded\"}"
#define DENIED                                                        \
    "HTTP/1.1 400 Bad Request\r\nx-amzn-RequestId: r-1\r\n" NO_LENGTH \
    "{\"__type\":\"AccessDeniedException\",\"Message\":\"User is not authorized\"}"
#define SKEWED                                                                    \
    "HTTP/1.1 403 Forbidden\r\nDate: Fri, 01 Jan 2021 00:10:00 GMT\r\n" NO_LENGTH \
    "{\"__type\":\"InvalidSignatureException\",\"message\":\"Signature not yet current\"}"
#define EXPIRED                              \
    "HTTP/1.1 400 Bad Request\r\n" NO_LENGTH \
    "{\"__type\":\"ExpiredTokenException\",\"message\":\"The security token has expired\"}"

struct fixture {
    struct aws_host paper;
    struct http_stub *stub;
    char *url;
    struct eg_aws_config config;
    struct eg_aws_client *client;
    struct eg_aws_caller *caller;
    const struct eg_aws_response *response;
    struct eg_aws_failure failure;
    struct eg_error err;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture = (struct fixture){0};
    aws_host_init(&fixture.paper);
    aws_host_set_env(&fixture.paper, "AWS_ACCESS_KEY_ID", "AKID");
    aws_host_set_env(&fixture.paper, "AWS_SECRET_ACCESS_KEY", "SECRET");
    aws_host_set_env(&fixture.paper, "AWS_SESSION_TOKEN", "TOKEN");
    fixture.stub = http_stub_start(OK_ANSWER);
    fixture.url = eg_asprintf("http://127.0.0.1:%u", fixture.stub->port);
    fixture.config = (struct eg_aws_config){
        .region = (char *)(uintptr_t) "eu-west-1",
        .endpoint_url = fixture.url,
        .connect_timeout_ms = 1000,
        .timeout_ms = 2000,
        .max_attempts = 1,
    };
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    eg_aws_caller_destroy(fixture->caller);
    eg_aws_client_destroy(fixture->client);
    http_stub_stop(fixture->stub);
    free(fixture->url);
    return 0;
}

static void open_client(struct fixture *fixture, const char *id, const char *label)
{
    struct eg_aws_client_options options = {
        .config = &fixture->config,
        .service = {.id = id, .host = label},
        .host = &fixture->paper.host,
    };
    assert_int_equal(eg_aws_client_new(&options, &fixture->client, &fixture->err), 0);
    assert_int_equal(eg_aws_caller_new(fixture->client, &fixture->caller, &fixture->err), 0);
}

static int call(struct fixture *fixture, unsigned max_attempts)
{
    struct eg_aws_request request = {
        .protocol = EG_AWS_JSON_1_1,
        .operation = "AWSEvents.PutEvents",
        .body = EG_SPAN_LITERAL("{\"Entries\":[]}"),
        .traceparent = EG_SPAN_LITERAL("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        .max_attempts = max_attempts,
    };
    return eg_aws_caller_call(fixture->caller, &request, &fixture->response, &fixture->failure,
                              &fixture->err);
}

static void assert_sent(const struct fixture *fixture, const char *text)
{
    if (!strstr(fixture->stub->last, text))
        fail_msg("'%s' is not in: %s", text, fixture->stub->last);
}

static void test_a_call(void **state)
{
    struct fixture *fixture = *state;
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 0), 0);
    assert_int_equal(fixture->response->status, 200);
    assert_true(eg_span_is(fixture->response->body, "{}"));
    assert_sent(fixture, "POST / HTTP/1.1\r\n");
    assert_sent(fixture, "X-Amz-Target: AWSEvents.PutEvents\r\n");
    assert_sent(fixture, "Content-Type: application/x-amz-json-1.1\r\n");
    assert_sent(fixture, "X-Amz-Date: 20210101T000000Z\r\n");
    assert_sent(fixture, "X-Amz-Security-Token: TOKEN\r\n");
    assert_sent(fixture, "amz-sdk-request: attempt=1; max=1\r\n");
    assert_sent(fixture, "X-Amzn-Trace-Id: Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;"
                         "Parent=00f067aa0ba902b7;Sampled=1\r\n");
    assert_sent(fixture, "Credential=AKID/20210101/eu-west-1/events/aws4_request, SignedHeaders="
                         "amz-sdk-request;content-type;host;x-amz-date;x-amz-security-token;"
                         "x-amz-target, Signature=");
    assert_null(strstr(fixture->stub->last, "Expect:"));
}

static void test_protocols(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        enum eg_aws_protocol protocol;
        const char *content_type;
    } cases[] = {
        {EG_AWS_JSON_1_0, "Content-Type: application/x-amz-json-1.0\r\n"},
        {EG_AWS_QUERY, "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"},
        {EG_AWS_REST_JSON, "Content-Type: application/json\r\n"},
        {EG_AWS_REST_XML, "Content-Type: application/xml\r\n"},
    };
    open_client(fixture, "sqs", "sqs");
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct eg_aws_request request = {.protocol = cases[i].protocol,
                                         .target = EG_SPAN_LITERAL("/q?a=b"),
                                         .body = EG_SPAN_LITERAL("x")};
        assert_int_equal(
            eg_aws_caller_call(fixture->caller, &request, &fixture->response, NULL, &fixture->err),
            0);
        assert_sent(fixture, cases[i].content_type);
        assert_sent(fixture, "POST /q?a=b HTTP/1.1\r\n");
        assert_null(strstr(fixture->stub->last, "X-Amz-Target"));
    }
}

static void test_s3(void **state)
{
    struct fixture *fixture = *state;
    struct eg_net_header header = {EG_SPAN_LITERAL("If-None-Match"), EG_SPAN_LITERAL("*")};
    struct eg_aws_request request = {.protocol = EG_AWS_REST_XML,
                                     .method = "PUT",
                                     .target = EG_SPAN_LITERAL("/bucket/a%20b/../c"),
                                     .headers = &header,
                                     .header_count = 1,
                                     .content_type = "text/plain",
                                     .body = EG_SPAN_LITERAL("x"),
                                     .unsigned_payload = true};
    open_client(fixture, "s3", "s3");
    assert_true(eg_aws_client_has_custom_endpoint(fixture->client));
    assert_int_equal(
        eg_aws_caller_call(fixture->caller, &request, &fixture->response, NULL, &fixture->err), 0);
    assert_sent(fixture, "PUT /bucket/a%20b/../c HTTP/1.1\r\n");
    assert_sent(fixture, "If-None-Match: *\r\n");
    assert_sent(fixture, "Content-Type: text/plain\r\n");
    /* Over plain HTTP the payload is signed, whatever was asked for. */
    assert_sent(fixture,
                "x-amz-content-sha256: 2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258"
                "717921a4881\r\n");
}

static void test_no_change_is_an_answer(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, "HTTP/1.1 304 Not Modified\r\n" NO_LENGTH);
    open_client(fixture, "s3", "s3");
    struct eg_aws_request request = {.protocol = EG_AWS_REST_XML, .method = "GET"};
    assert_int_equal(
        eg_aws_caller_call(fixture->caller, &request, &fixture->response, NULL, &fixture->err), 0);
    assert_int_equal(fixture->response->status, 304);
}

static void test_a_sink_does_not_retry(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, UNAVAILABLE);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 0), -1);
    assert_int_equal(fixture->stub->requests, 1);
    assert_int_equal(fixture->failure.status, 503);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
    assert_true(fixture->err.retriable);
}

static void test_retries(void **state)
{
    struct fixture *fixture = *state;
    static const char *const row[] = {UNAVAILABLE, THROTTLED, OK_ANSWER, NULL};
    struct eg_aws_client_status status;
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 3), 0);
    assert_int_equal(fixture->stub->requests, 3);
    assert_sent(fixture, "amz-sdk-request: attempt=3; max=3\r\n");
    assert_true(fixture->paper.waited_ms <= 50 + 2000);
    eg_aws_client_status(fixture->client, &status);
    assert_int_equal(status.attempts, 3);
    assert_int_equal(status.retries, 2);
    assert_int_equal(status.tokens, 500 - 14); /* the last retry's 5 came back */
}

static void test_retries_end(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, THROTTLED);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 3), -1);
    assert_int_equal(fixture->stub->requests, 3);
    assert_true(fixture->failure.throttled);
    assert_string_equal(fixture->failure.code, "ThrottlingException");
    assert_string_equal(fixture->failure.message, "Rate exceeded");
}

static void test_what_is_refused_is_not_retried(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, DENIED);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 3), -1);
    assert_int_equal(fixture->stub->requests, 1);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_REJECTED);
    assert_int_equal(fixture->err.code, EG_ERR_PERMISSION);
    assert_false(fixture->err.retriable);
    assert_string_equal(fixture->err.message, "status 400, AccessDeniedException: User is not "
                                              "authorized (request r-1)");
}

static void test_an_empty_bucket_pays_no_retry(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, UNAVAILABLE);
    open_client(fixture, "eventbridge", "events");
    for (int i = 0; i < 50; i++)
        assert_int_equal(call(fixture, 2), -1);
    /* 35 x 14 = 490: the 36th retry can't be paid. */
    assert_int_equal(fixture->stub->requests, 50 + 35);
}

static void test_retry_after(void **state)
{
    struct fixture *fixture = *state;
    static const char *const row[] = {"HTTP/1.1 503 Slow\r\nx-amz-retry-after: 3000\r\n" NO_LENGTH,
                                      OK_ANSWER, NULL};
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 2), 0);
    assert_int_equal(fixture->paper.waited_ms, 3000);
}

static void test_deadline(void **state)
{
    struct fixture *fixture = *state;
    struct eg_aws_request request = {.protocol = EG_AWS_JSON_1_1, .max_attempts = 5};
    static const char *const row[] = {"HTTP/1.1 503 Slow\r\nx-amz-retry-after: 3000\r\n" NO_LENGTH,
                                      NULL};
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    request.deadline_ms = fixture->paper.monotonic_us / 1000 + 1000;
    assert_int_equal(eg_aws_caller_call(fixture->caller, &request, &fixture->response,
                                        &fixture->failure, &fixture->err),
                     -1);
    assert_int_equal(fixture->stub->requests, 1);
    request.deadline_ms = fixture->paper.monotonic_us / 1000;
    assert_int_equal(eg_aws_caller_call(fixture->caller, &request, &fixture->response,
                                        &fixture->failure, &fixture->err),
                     -1);
    assert_int_equal(fixture->stub->requests, 1);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
}

static void test_clock_is_mended(void **state)
{
    struct fixture *fixture = *state;
    static const char *const row[] = {SKEWED, OK_ANSWER, NULL};
    struct eg_aws_client_status status;
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 1), 0);
    assert_sent(fixture, "X-Amz-Date: 20210101T001000Z\r\n");
    eg_aws_client_status(fixture->client, &status);
    assert_int_equal(status.skew_ms, 600000);
    assert_int_equal(status.retries, 0);
    assert_int_equal(call(fixture, 1), 0); /* what was learned is kept */
    assert_int_equal(fixture->stub->requests, 3);
    assert_sent(fixture, "X-Amz-Date: 20210101T001000Z\r\n");
}

static void test_clock_is_mended_once(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, SKEWED);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 1), -1);
    assert_int_equal(fixture->stub->requests, 2);
    assert_int_equal(call(fixture, 1), -1); /* nothing new is learned */
    assert_int_equal(fixture->stub->requests, 3);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
}

static void test_a_date_that_says_little(void **state)
{
    struct fixture *fixture = *state;
    static const char *const answers[] = {
        /* out of a cache */
        "HTTP/1.1 200 OK\r\nDate: Fri, 01 Jan 2021 00:10:00 GMT\r\nAge: 600\r\n" NO_LENGTH,
        /* less than 4 minutes */
        "HTTP/1.1 200 OK\r\nDate: Fri, 01 Jan 2021 00:03:59 GMT\r\n" NO_LENGTH,
        "HTTP/1.1 200 OK\r\nDate: yesterday\r\n" NO_LENGTH,
    };
    struct eg_aws_client_status status;
    open_client(fixture, "eventbridge", "events");
    for (size_t i = 0; i < EG_ARRAY_COUNT(answers); i++) {
        http_stub_set_answer(fixture->stub, answers[i]);
        assert_int_equal(call(fixture, 1), 0);
        eg_aws_client_status(fixture->client, &status);
        assert_int_equal(status.skew_ms, 0);
    }
    EG_AUTORESPONSE struct eg_net_response slow = {0};
    struct eg_net_header date = {EG_SPAN_LITERAL("Date"),
                                 EG_SPAN_LITERAL("Fri, 01 Jan 2021 00:10:00 GMT")};
    slow.headers = eg_malloc(sizeof(date));
    slow.headers[0] = date;
    slow.header_count = 1;
    eg_aws_client_learn_skew(fixture->client, &slow, 15000001);
    assert_int_equal(eg_aws_client_skew_us(fixture->client), 0);
    eg_aws_client_learn_skew(fixture->client, &slow, 15000000);
    assert_int_equal(eg_aws_client_skew_us(fixture->client), 600000000);
}

/* The provider gives others as soon as it is asked again. */
static void renew_on_next_look(struct fixture *fixture)
{
    aws_host_set_env(&fixture->paper, "AWS_ACCESS_KEY_ID", "NEWKEY");
    aws_host_set_env(&fixture->paper, "AWS_SESSION_TOKEN", "NEWTOKEN");
}

static void test_expired_in_mid_flight(void **state)
{
    struct fixture *fixture = *state;
    static const char *const row[] = {OK_ANSWER, EXPIRED, OK_ANSWER, NULL};
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 1), 0);
    renew_on_next_look(fixture);
    assert_int_equal(call(fixture, 1), 0);
    assert_int_equal(fixture->stub->requests, 3);
    assert_sent(fixture, "Credential=NEWKEY/");
    assert_sent(fixture, "X-Amz-Security-Token: NEWTOKEN\r\n");
}

static void test_expired_for_good(void **state)
{
    struct fixture *fixture = *state;
    struct eg_aws_client_status status;
    http_stub_set_answer(fixture->stub, EXPIRED);
    open_client(fixture, "eventbridge", "events");
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(call(fixture, 3), -1);
        assert_int_equal(fixture->stub->requests, i); /* the same keys are not sent again */
    }
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
    eg_aws_client_status(fixture->client, &status);
    assert_int_equal(status.credentials.refreshes, 2); /* not one for each call */
}

static void test_renewed_is_resent_once(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, EXPIRED);
    open_client(fixture, "eventbridge", "events");
    struct eg_error err;
    assert_int_equal(eg_aws_client_tend(fixture->client, &err), 0);
    renew_on_next_look(fixture);
    assert_int_equal(call(fixture, 1), -1);
    assert_int_equal(fixture->stub->requests, 2);
}

static void test_no_credentials(void **state)
{
    struct fixture *fixture = *state;
    struct eg_error err;
    aws_host_set_env(&fixture->paper, "AWS_ACCESS_KEY_ID", NULL);
    aws_host_set_env(&fixture->paper, "AWS_EC2_METADATA_DISABLED", "true");
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(eg_aws_client_tend(fixture->client, &err), -1);
    assert_int_equal(call(fixture, 3), -1);
    assert_int_equal(fixture->stub->requests, 0);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
    assert_non_null(strstr(fixture->err.message, "no AWS credentials"));
}

static void test_network_faults(void **state)
{
    struct fixture *fixture = *state;
    static const char *const faults[] = {
        "",                                                      /* hangs up */
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"half", /* half an answer */
        "nonsense\r\n\r\n", NULL,                                /* silence */
    };
    fixture->config.timeout_ms = 200;
    open_client(fixture, "eventbridge", "events");
    for (size_t i = 0; i < EG_ARRAY_COUNT(faults); i++) {
        http_stub_set_answer(fixture->stub, faults[i]);
        assert_int_equal(call(fixture, 1), -1);
        assert_int_equal(fixture->failure.status, 0);
        assert_true(fixture->failure.retriable);
        assert_true(fixture->err.retriable);
        assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
    }
    http_stub_set_answer(fixture->stub, OK_ANSWER);
    assert_int_equal(call(fixture, 1), 0);
}

static void test_a_reset_is_retried(void **state)
{
    struct fixture *fixture = *state;
    static const char *const row[] = {"", OK_ANSWER, NULL};
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 3), 0);
    assert_int_equal(fixture->stub->requests, 2);
}

static void test_name_that_is_not_there(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.endpoint_url = (char *)(uintptr_t) "http://events.invalid";
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(call(fixture, 1), -1);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_RETRY);
    assert_non_null(strstr(fixture->err.message, "events.invalid"));
}

static void test_answer_beyond_bounds(void **state)
{
    struct fixture *fixture = *state;
    struct eg_aws_request request = {.protocol = EG_AWS_JSON_1_1, .max_response_bytes = 1};
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(eg_aws_caller_call(fixture->caller, &request, &fixture->response,
                                        &fixture->failure, &fixture->err),
                     -1);
    assert_string_equal(fixture->failure.code, "AnswerTooLarge");
    assert_int_equal(fixture->err.code, EG_ERR_TOO_LARGE);
}

static void test_request_that_would_break(void **state)
{
    struct fixture *fixture = *state;
    struct eg_net_header header = {EG_SPAN_LITERAL("X-Odd"), EG_SPAN_LITERAL("a\r\nX-More: b")};
    struct eg_aws_request request = {
        .protocol = EG_AWS_JSON_1_1, .headers = &header, .header_count = 1};
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(eg_aws_caller_call(fixture->caller, &request, &fixture->response,
                                        &fixture->failure, &fixture->err),
                     -1);
    assert_int_equal(fixture->stub->requests, 0);
    assert_int_equal(eg_aws_failure_outcome(&fixture->failure), EG_REJECTED);
}

static void test_crc_of_dynamodb(void **state)
{
    struct fixture *fixture = *state;
    static const char *const row[] = {
        "HTTP/1.1 200 OK\r\nx-amz-crc32: 1\r\n" NO_LENGTH "{}",
        "HTTP/1.1 200 OK\r\nx-amz-crc32: 2745614147\r\n" NO_LENGTH "{}", NULL};
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "dynamodb", "dynamodb");
    assert_int_equal(call(fixture, 2), 0);
    assert_int_equal(fixture->stub->requests, 2);
    assert_true(fixture->paper.waited_ms <= 25);
}

static void test_cancel(void **state)
{
    struct fixture *fixture = *state;
    http_stub_set_answer(fixture->stub, THROTTLED);
    open_client(fixture, "eventbridge", "events");
    eg_aws_client_cancel(fixture->client);
    assert_int_equal(call(fixture, 5), -1);
    assert_true(fixture->stub->requests <= 1);
    assert_int_equal(fixture->paper.waited_ms, 0);
}

static void test_region_and_endpoint(void **state)
{
    struct fixture *fixture = *state;
    struct eg_aws_client *client;
    struct eg_aws_config config = {.timeout_ms = 1000};
    struct eg_aws_client_options options = {
        .config = &config,
        .service = {.id = "eventbridge", .host = "events"},
        .host = &fixture->paper.host,
        .arn = "arn:aws:events:us-west-2:123456789012:event-bus/b",
    };
    aws_host_set_env(&fixture->paper, "AWS_REGION", "eu-north-1");
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), 0);
    assert_string_equal(eg_aws_client_region(client), "us-west-2");
    assert_string_equal(eg_aws_client_endpoint(client), "https://events.us-west-2.amazonaws.com");
    assert_false(eg_aws_client_has_custom_endpoint(client));
    eg_aws_client_destroy(client);

    config.region = (char *)(uintptr_t) "cn-north-1"; /* the setting wins */
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), 0);
    assert_string_equal(eg_aws_client_endpoint(client),
                        "https://events.cn-north-1.amazonaws.com.cn");
    eg_aws_client_destroy(client);

    config.region = NULL;
    options.arn = "arn:aws:s3:::bucket"; /* no region in it */
    aws_host_set_env(&fixture->paper, "AWS_ENDPOINT_URL_EVENTBRIDGE", "http://localhost:4566/");
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), 0);
    assert_string_equal(eg_aws_client_region(client), "eu-north-1");
    assert_string_equal(eg_aws_client_endpoint(client), "http://localhost:4566");
    assert_true(eg_aws_client_has_custom_endpoint(client));
    eg_aws_client_destroy(client);
}

static void test_settings_that_can_not_work(void **state)
{
    struct fixture *fixture = *state;
    struct eg_aws_client *client;
    struct eg_aws_config config = {.timeout_ms = 1000};
    struct eg_aws_client_options options = {
        .config = &config, .service = {.id = "sqs", .host = "sqs"}, .host = &fixture->paper.host};
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), -1);
    assert_int_equal(fixture->err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(fixture->err.message, "AWS_REGION"));
    config.region = (char *)(uintptr_t) "Mars/1";
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), -1);
    config.region = (char *)(uintptr_t) "eu-west-1";
    config.endpoint_url = (char *)(uintptr_t) "ftp://localhost";
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), -1);
    config.endpoint_url = (char *)(uintptr_t) "http://localhost/a?b";
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), -1);
    config.endpoint_url = NULL;
    config.ssl_ca_bundle = (char *)(uintptr_t) "/nowhere/ca.pem";
    options.host = NULL;
    assert_int_equal(eg_aws_client_new(&options, &client, &fixture->err), -1);
    assert_non_null(strstr(fixture->err.message, "/nowhere/ca.pem"));
}

static void test_endpoint_with_path_and_prefix(void **state)
{
    struct fixture *fixture = *state;
    EG_AUTOFREE char *url = eg_asprintf("http://localhost:%u/base/", fixture->stub->port);
    struct eg_aws_request request = {.protocol = EG_AWS_REST_XML,
                                     .method = "GET",
                                     .target = EG_SPAN_LITERAL("/key"),
                                     .host_prefix = EG_SPAN_LITERAL("bucket.")};
    fixture->config.endpoint_url = url;
    open_client(fixture, "s3", "s3");
    if (eg_aws_caller_call(fixture->caller, &request, &fixture->response, NULL, &fixture->err) < 0)
        skip(); /* this machine's resolver knows no names below localhost */
    assert_sent(fixture, "GET /base/key HTTP/1.1\r\nHost: bucket.localhost:");
}

static void test_tend_renews_in_the_background(void **state)
{
    struct fixture *fixture = *state;
    struct eg_error err;
    struct eg_aws_client_status status;
    fixture->config.profile = (char *)(uintptr_t) "p";
    aws_host_set_env(&fixture->paper, "HOME", "/home");
    aws_host_set_file(&fixture->paper, "/home/.aws/config",
                      "[profile p]\ncredential_process = x\n");
    fixture->paper.printed = "{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"S\","
                             "\"Expiration\":\"2021-01-01T01:00:00Z\"}";
    open_client(fixture, "eventbridge", "events");
    assert_int_equal(eg_aws_client_tend(fixture->client, &err), 0);
    assert_int_equal(eg_aws_client_tend(fixture->client, &err), 0);
    eg_aws_client_status(fixture->client, &status);
    assert_int_equal(status.credentials.refreshes, 1);
    fixture->paper.wall_us += INT64_C(46) * 60 * 1000000; /* 14 minutes are left */
    fixture->paper.printed = NULL;
    assert_int_equal(eg_aws_client_tend(fixture->client, &err), 0); /* a failure changes nothing */
    eg_aws_client_status(fixture->client, &status);
    assert_int_equal(status.credentials.failures, 1);
    fixture->paper.wall_us += INT64_C(15) * 60 * 1000000; /* they have ended */
    fixture->paper.monotonic_us += INT64_C(15) * 60 * 1000000;
    assert_int_equal(eg_aws_client_tend(fixture->client, &err), -1);
}

/* --- several workers */

struct worker {
    struct eg_aws_client *client;
    pthread_t thread;
    unsigned failed;
};

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct eg_aws_caller *caller;
    struct eg_error err;
    if (eg_aws_caller_new(worker->client, &caller, &err) < 0)
        return NULL;
    for (int i = 0; i < 50; i++) {
        struct eg_aws_request request = {.protocol = EG_AWS_JSON_1_1, .operation = "A.B"};
        const struct eg_aws_response *response;
        if (eg_aws_caller_call(caller, &request, &response, NULL, &err) < 0)
            worker->failed++;
    }
    eg_aws_caller_destroy(caller);
    return NULL;
}

/* One is told that its clock is off, one that its credentials have expired; the probe goes on. */
static void test_workers_share_a_client(void **state)
{
    struct fixture *fixture = *state;
    struct worker workers[4] = {0};
    struct eg_error err;
    unsigned failed = 0;
    static const char *const row[] = {OK_ANSWER, OK_ANSWER, SKEWED, EXPIRED, OK_ANSWER, NULL};
    http_stub_set_row(fixture->stub, row);
    open_client(fixture, "eventbridge", "events");
    for (size_t i = 0; i < EG_ARRAY_COUNT(workers); i++) {
        workers[i].client = fixture->client;
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 50; i++)
        assert_int_equal(eg_aws_client_tend(fixture->client, &err), 0);
    for (size_t i = 0; i < EG_ARRAY_COUNT(workers); i++) {
        pthread_join(workers[i].thread, NULL);
        failed += workers[i].failed;
    }
    assert_int_equal(failed,
                     1); /* the keys are the same as before: the skewed one was sent again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_call),
        TEST(test_protocols),
        TEST(test_s3),
        TEST(test_no_change_is_an_answer),
        TEST(test_a_sink_does_not_retry),
        TEST(test_retries),
        TEST(test_retries_end),
        TEST(test_what_is_refused_is_not_retried),
        TEST(test_an_empty_bucket_pays_no_retry),
        TEST(test_retry_after),
        TEST(test_deadline),
        TEST(test_clock_is_mended),
        TEST(test_clock_is_mended_once),
        TEST(test_a_date_that_says_little),
        TEST(test_expired_in_mid_flight),
        TEST(test_expired_for_good),
        TEST(test_renewed_is_resent_once),
        TEST(test_no_credentials),
        TEST(test_network_faults),
        TEST(test_a_reset_is_retried),
        TEST(test_name_that_is_not_there),
        TEST(test_answer_beyond_bounds),
        TEST(test_request_that_would_break),
        TEST(test_crc_of_dynamodb),
        TEST(test_cancel),
        TEST(test_region_and_endpoint),
        TEST(test_settings_that_can_not_work),
        TEST(test_endpoint_with_path_and_prefix),
        TEST(test_tend_renews_in_the_background),
        TEST(test_workers_share_a_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
