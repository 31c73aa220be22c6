/* SPDX-License-Identifier: Apache-2.0 */
/* How refusals are read and what they mean; when a retry may be made, and how long it waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#include "aws/failure.h"
#include "aws/retry.h"
#include "aws/time.h"
#include "aws/xray.h"
#include "base/span.h"

struct answer {
    unsigned status;
    const char *header;
    const char *value;
    const char *body;
    const char *code;
    const char *message;
    const char *request_id;
};

static void read_answer(const struct answer *answer, struct eg_aws_failure *failure)
{
    struct eg_net_header header = {eg_span_text(answer->header), eg_span_text(answer->value)};
    struct eg_net_response response = {
        .status = answer->status, .headers = &header, .header_count = answer->header ? 1 : 0};
    eg_buffer_append_text(&response.body, answer->body);
    eg_aws_failure_read(&response, failure);
    eg_buffer_fini(&response.body);
}

static void test_spellings(void **state)
{
    (void)state;
    static const struct answer answers[] = {
        {400, NULL, NULL, "{\"__type\":\"com.x#Bad\",\"message\":\"m\"}", "Bad", "m", ""},
        {400, NULL, NULL, "{\"__type\":\"Bad:http://x\",\"Message\":\"m\"}", "Bad", "m", ""},
        {400, NULL, NULL, "{\"code\":\"Bad\",\"errorMessage\":\"m\"}", "Bad", "m", ""},
        {400, "X-Amzn-ErrorType", "Bad:http://x/", "{\"__type\":\"Other\"}", "Bad", "", ""},
        {400, "x-amzn-query-error", "AWS.X.Bad;Sender", "{\"__type\":\"a#Other\"}", "AWS.X.Bad", "",
         ""},
        {400, NULL, NULL,
         "<ErrorResponse><Error><Type>Sender</Type><Code>Bad</Code><Message>a &amp; b</Message>"
         "</Error><RequestId>r</RequestId></ErrorResponse>",
         "Bad", "a & b", "r"},
        {404, NULL, NULL,
         "<?xml version=\"1.0\"?>\n<Error><Code>NoSuchKey</Code><Message>m</Message>"
         "<RequestId>r</RequestId></Error>",
         "NoSuchKey", "m", "r"},
        {400, NULL, NULL,
         "<Response><Errors><Error><Code>Bad</Code><Message>m</Message></Error></Errors>"
         "<RequestID>r</RequestID></Response>",
         "Bad", "m", "r"},
        {500, "x-amzn-RequestId", "r", "oops", "", "", "r"},
        {500, "x-amz-request-id", "r", "", "", "", "r"},
        {500, NULL, NULL, "{\"__type\":7,\"message\":[]}", "", "", ""},
        {500, NULL, NULL, "{\"__type\":", "", "", ""},
        {500, NULL, NULL, "<Error><Code>never closed", "", "", ""},
        {400, NULL, NULL, "{\"__type\":\"Bad\",\"message\":\"a\\nb\\u0001\"}", "Bad", "a b ", ""},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(answers); i++) {
        struct eg_aws_failure failure;
        read_answer(&answers[i], &failure);
        assert_int_equal(failure.status, answers[i].status);
        assert_string_equal(failure.code, answers[i].code);
        assert_string_equal(failure.message, answers[i].message);
        assert_string_equal(failure.request_id, answers[i].request_id);
    }
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer body = EG_BUFFER_INIT;
    struct answer answer = {.status = 400};
    struct eg_aws_failure failure;
    eg_buffer_append_text(&body, "{\"message\":\"");
    for (int i = 0; i < 300; i++)
        eg_buffer_append_text(&body, "\xC3\xA9");
    eg_buffer_append_text(&body, "\"}");
    answer.body = body.data;
    read_answer(&answer, &failure);
    assert_int_equal(strlen(failure.message), 254); /* 255 would be half of one */
    answer.body = "<Error><Message>\xFF</Message></Error>";
    read_answer(&answer, &failure);
    assert_string_equal(failure.message, "?");
}

static void test_a_body_too_long_is_not_read(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer body = EG_BUFFER_INIT;
    struct eg_aws_failure failure;
    eg_buffer_append_text(&body, "{\"__type\":\"Bad\",\"x\":\"");
    memset(eg_buffer_reserve(&body, 65536), 'x', 65536);
    body.len += 65536;
    eg_buffer_append_text(&body, "\"}");
    struct answer answer = {.status = 503, .body = body.data};
    read_answer(&answer, &failure);
    assert_string_equal(failure.code, "");
    assert_true(failure.retriable);
}

static void test_meaning(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *code;
        enum eg_outcome outcome;
        enum eg_error_code error;
    } cases[] = {
        {400, "ThrottlingException", EG_RETRY, EG_ERR_UNAVAILABLE},
        {400, "ProvisionedThroughputExceededException", EG_RETRY, EG_ERR_UNAVAILABLE},
        {503, "SlowDown", EG_RETRY, EG_ERR_UNAVAILABLE},
        {429, "", EG_RETRY, EG_ERR_UNAVAILABLE},
        {500, "", EG_RETRY, EG_ERR_UNAVAILABLE},
        {502, "", EG_RETRY, EG_ERR_UNAVAILABLE},
        {503, "", EG_RETRY, EG_ERR_UNAVAILABLE},
        {504, "", EG_RETRY, EG_ERR_UNAVAILABLE},
        {501, "", EG_REJECTED, EG_ERR_INVALID},
        {400, "RequestTimeout", EG_RETRY, EG_ERR_UNAVAILABLE},
        {400, "PriorRequestNotComplete", EG_RETRY, EG_ERR_UNAVAILABLE},
        {409, "ConditionalRequestConflict", EG_RETRY, EG_ERR_UNAVAILABLE},
        {403, "RequestTimeTooSkewed", EG_RETRY, EG_ERR_UNAVAILABLE},
        {400, "ExpiredTokenException", EG_RETRY, EG_ERR_UNAVAILABLE},
        {400, "UnrecognizedClientException", EG_RETRY, EG_ERR_UNAVAILABLE},
        {400, "AccessDeniedException", EG_REJECTED, EG_ERR_PERMISSION},
        {403, "", EG_REJECTED, EG_ERR_PERMISSION},
        {400, "ResourceNotFoundException", EG_REJECTED, EG_ERR_NOT_FOUND},
        {404, "", EG_REJECTED, EG_ERR_NOT_FOUND},
        {400, "QueueDoesNotExist", EG_REJECTED, EG_ERR_NOT_FOUND},
        {400, "ValidationException", EG_REJECTED, EG_ERR_INVALID},
        {412, "PreconditionFailed", EG_REJECTED, EG_ERR_INVALID},
        {413, "", EG_TOO_LARGE, EG_ERR_TOO_LARGE},
        {400, "EntityTooLarge", EG_TOO_LARGE, EG_ERR_TOO_LARGE},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct answer answer = {
            .status = cases[i].status,
            .header = cases[i].code[0] ? "x-amzn-errortype" : NULL,
            .value = cases[i].code,
            .body = "",
        };
        struct eg_aws_failure failure;
        struct eg_error err;
        read_answer(&answer, &failure);
        assert_int_equal(eg_aws_failure_outcome(&failure), cases[i].outcome);
        assert_int_equal(eg_aws_failure_error(&failure, &err), -1);
        assert_int_equal(err.code, cases[i].error);
        assert_int_equal(err.retriable, cases[i].outcome == EG_RETRY);
    }
}

static void test_classes_of_codes(void **state)
{
    (void)state;
    assert_true(eg_aws_code_is_throttling(EG_SPAN_LITERAL("ThrottledException")));
    assert_false(eg_aws_code_is_throttling(EG_SPAN_LITERAL("InternalFailure")));
    assert_true(eg_aws_code_is_transient(EG_SPAN_LITERAL("InternalFailure")));
    assert_true(eg_aws_code_is_transient(EG_SPAN_LITERAL("InternalException")));
    assert_false(eg_aws_code_is_transient(EG_SPAN_LITERAL("MalformedDetail")));
}

static void test_waits(void **state)
{
    (void)state;
    static const struct {
        struct eg_aws_retry_wait wait;
        int64_t ms;
    } cases[] = {
        {{.random = 1}, 50},
        {{.random = 0.5}, 25},
        {{.random = 0}, 0},
        {{.retry = 3, .random = 1}, 400},
        {{.retry = 9, .random = 1}, 20000},
        {{.retry = 4000000000u, .random = 1}, 20000},
        {{.throttled = true, .random = 1}, 1000},
        {{.throttled = true, .dynamodb = true, .random = 1}, 1000},
        {{.dynamodb = true, .random = 1}, 25},
        {{.random = 1, .told_ms = {"1500", 4}}, 1500},
        {{.random = 1, .told_ms = {"9000", 4}}, 5050},
        {{.random = 1, .told_ms = {"7", 1}}, 50},
        {{.random = 1, .told_ms = {"soon", 4}}, 50},
        {{.random = 1, .told_ms = {"-9", 2}}, 50},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        assert_int_equal(eg_aws_retry_wait_ms(&cases[i].wait), cases[i].ms);
}

static void test_bucket(void **state)
{
    (void)state;
    struct eg_aws_retry_bucket bucket;
    eg_aws_retry_bucket_init(&bucket);
    for (int i = 0; i < 35; i++)
        assert_int_equal(eg_aws_retry_acquire(&bucket, false), 14);
    assert_int_equal(eg_aws_retry_acquire(&bucket, false), 0); /* 10 are left */
    assert_int_equal(eg_aws_retry_acquire(&bucket, true), 5);
    assert_int_equal(eg_aws_retry_acquire(&bucket, true), 5);
    assert_int_equal(eg_aws_retry_acquire(&bucket, true), 0);
    eg_aws_retry_refund(&bucket, 14);
    eg_aws_retry_refund(&bucket, 0);
    assert_int_equal(bucket.tokens, 15);
    bucket.tokens = 495;
    eg_aws_retry_refund(&bucket, 14);
    assert_int_equal(bucket.tokens, 500);
    eg_aws_retry_refund(&bucket, 0);
    assert_int_equal(bucket.tokens, 500);
}

static void test_trace_header(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    assert_true(eg_aws_xray_write(
        EG_SPAN_LITERAL("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"), &out));
    assert_string_equal(
        out.data, "Root=1-4bf92f35-77b34da6a3ce929d0e0e4736;Parent=00f067aa0ba902b7;Sampled=0");
    size_t len = out.len;
    assert_false(eg_aws_xray_write(EG_SPAN_LITERAL("00-xyz"), &out));
    assert_int_equal(out.len, len);
}

static void test_http_times(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GM",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
    };
    int64_t seconds = 7;
    assert_true(eg_aws_time_parse_http(EG_SPAN_LITERAL("Sun, 06 Nov 1994 08:49:37 GMT"), &seconds));
    assert_int_equal(seconds, 784111777);
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        assert_false(eg_aws_time_parse_http(eg_span_text(bad[i]), &seconds));
    assert_int_equal(seconds, 784111777);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_long_texts_are_cut_between_characters),
        cmocka_unit_test(test_a_body_too_long_is_not_read),
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_classes_of_codes),
        cmocka_unit_test(test_waits),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_trace_header),
        cmocka_unit_test(test_http_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
