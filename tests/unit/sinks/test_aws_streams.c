/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks of streams, kinesis, firehose and cloudwatch_logs, and all six under the suite. */
#include "support/aws_stub.h"

#include "crypto/base64.h"
#include "eventgate/sink_suite.h"

extern const struct eg_sink_type eg_sink_eventbridge;
extern const struct eg_sink_type eg_sink_sqs;
extern const struct eg_sink_type eg_sink_sns;
extern const struct eg_sink_type eg_sink_kinesis;
extern const struct eg_sink_type eg_sink_firehose;
extern const struct eg_sink_type eg_sink_cloudwatch_logs;

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static json_t *at(const json_t *call, const char *array, size_t index)
{
    return json_array_get(json_object_get(call, array), index);
}

static void assert_data(const json_t *record, const char *want)
{
    struct eg_buffer data EG_AUTOBUFFER = EG_BUFFER_INIT;
    assert_true(eg_crypto_base64_decode(eg_span_text(text_at(record, "Data")), &data));
    assert_string_equal(data.data, want);
}

/* --- Kinesis and Firehose */

static void a_record_has_data_and_a_partition_key(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_kinesis, "stream: orders\n");
    aws_rig_add(rig, "{\"a\":\n1}");
    aws_rig_add(rig, "{}")->key = EG_SPAN_LITERAL("customer-7");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_string_equal(rig->stub->requests[0].target, "Kinesis_20131202.PutRecords");
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(call, "StreamName"), "orders");
    assert_data(at(call, "Records", 0), "{\"a\":\n1}");
    assert_string_equal(text_at(at(call, "Records", 0), "PartitionKey"), "id-0");
    assert_string_equal(text_at(at(call, "Records", 1), "PartitionKey"), "customer-7");
    json_decref(call);
    aws_rig_destroy(rig);
}

static void a_stream_may_be_an_arn_and_a_record_a_line(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_kinesis,
                    "stream: arn:aws:kinesis:eu-west-1:123456789012:stream/<eventgate.topic>\n"
                    "newline: true\npartition_key: <$.detail.k>\n");
    char *key = eg_asprintf("{\"detail\":{\"k\":\"%0300d\"}}", 7);
    aws_rig_add(rig, "{\"a\":\n1}")->envelope = EG_SPAN_LITERAL("{\"detail\":{\"k\":\"K\"}}");
    aws_rig_add(rig, "{}")->envelope = eg_span_text(key);
    aws_rig_submit(rig);
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(call, "StreamARN"),
                        "arn:aws:kinesis:eu-west-1:123456789012:stream/orders");
    assert_data(at(call, "Records", 0), "{\"a\":1}\n");
    assert_string_equal(text_at(at(call, "Records", 0), "PartitionKey"), "K");
    assert_int_equal(strlen(text_at(at(call, "Records", 1), "PartitionKey")), 64);
    json_decref(call);
    free(key);
    aws_rig_destroy(rig);
}

static void records_are_counted_and_measured(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_kinesis, "stream: s\n");
    for (int i = 0; i < 501; i++)
        aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 2);
    assert_int_equal(rig->stub->arrived, 501);
    aws_rig_destroy(rig);
    /* A key ("id-0") counts, too. */
    rig = aws_rig_new(&eg_sink_kinesis, "stream: s\nmax_record_size: 1KiB\nmax_request_size: 2KiB");
    aws_rig_add_bytes(rig, 1020);
    aws_rig_add_bytes(rig, 1021);
    aws_rig_add_bytes(rig, 1020);
    aws_rig_add_bytes(rig, 10);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "Kinesis: the entry measures 1025 bytes");
    assert_int_equal(rig->stub->request_count, 2);
    assert_int_equal(rig->stub->arrived, 3);
    aws_rig_destroy(rig);
}

static void failed_records_fail_alone(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_kinesis, "stream: s\n");
    for (int i = 0; i < 3; i++)
        aws_rig_add(rig, "{}");
    aws_stub_script(
        rig->stub, 200,
        "{\"FailedRecordCount\":2,\"Records\":[{\"ErrorCode\":"
        "\"ProvisionedThroughputExceededException\",\"ErrorMessage\":\"slow\"},"
        "{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"},{\"ErrorCode\":\"KMSDisabled\"}]}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_RETRY, "Kinesis: ProvisionedThroughputExceededException: slow");
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 2, EG_REJECTED, "KMSDisabled");
    aws_rig_destroy(rig);
}

static void firehose_takes_lines(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_firehose, "stream: lake\nnewline: true\ndata: '<$.detail.a>'\n");
    for (int i = 0; i < 3; i++)
        aws_rig_add(rig, "{}")->envelope = EG_SPAN_LITERAL("{\"detail\":{\"a\":\"x\"}}");
    aws_rig_add(rig, "{}")->envelope = EG_SPAN_LITERAL("{\"detail\":{}}");
    aws_stub_script(rig->stub, 200,
                    "{\"FailedPutCount\":2,\"RequestResponses\":[{\"RecordId\":\"1\"},"
                    "{\"ErrorCode\":\"ServiceUnavailableException\",\"ErrorMessage\":\"Slow.\"},"
                    "{\"ErrorCode\":\"InvalidKMSResourceException\",\"ErrorMessage\":\"no\"}]}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_RETRY, "Firehose: ServiceUnavailableException: Slow.");
    aws_assert_outcome(rig, 2, EG_REJECTED, "InvalidKMSResourceException");
    aws_assert_outcome(rig, 3, EG_REJECTED, "data is empty");
    assert_string_equal(rig->stub->requests[0].target, "Firehose_20150804.PutRecordBatch");
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(call, "DeliveryStreamName"), "lake");
    assert_data(at(call, "Records", 0), "x\n");
    json_decref(call);
    aws_rig_destroy(rig);
}

static void firehose_has_limits_of_its_own(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_firehose, "stream: lake\n");
    for (int i = 0; i < 5; i++)
        aws_rig_add_bytes(rig, 1000 << 10);
    aws_rig_add_bytes(rig, (1000 << 10) + 1);
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 2);
    assert_int_equal(rig->stub->arrived, 5);
    aws_assert_outcome(rig, 5, EG_TOO_LARGE, "Firehose: the entry measures 1024001 bytes");
    aws_rig_destroy(rig);
}

/* --- CloudWatch Logs */

static void the_log_event_is_the_envelope(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_cloudwatch_logs, "group: /bus/<eventgate.topic>\nstream: 'a:b'\n");
    assert_true(eg_sink_cloudwatch_logs.reads_envelope(rig->sink));
    aws_rig_add(rig, "{}")->envelope = EG_SPAN_LITERAL("{\"detail\":\n{}}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_string_equal(rig->stub->requests[0].target, "Logs_20140328.PutLogEvents");
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(call, "logGroupName"), "/bus/orders");
    assert_string_equal(text_at(call, "logStreamName"), "a_b");
    const json_t *event = at(call, "logEvents", 0);
    assert_string_equal(text_at(event, "message"), "{\"detail\":{}}");
    assert_true(json_integer_value(json_object_get(event, "timestamp")) == 1750000000000);
    json_decref(call);
    aws_rig_destroy(rig);
}

static void log_events_stand_in_the_order_of_time_within_a_day(void **state)
{
    (void)state;
    static const int64_t day_us = INT64_C(24) * 3600 * 1000000;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_cloudwatch_logs, "group: g\nmessage: '<eventgate.id>'\n");
    int64_t base_us = INT64_C(1750000000000000);
    aws_rig_add(rig, "{}")->received_us = base_us + 5000;
    aws_rig_add(rig, "{}")->received_us = base_us;
    aws_rig_add(rig, "{}")->received_us = base_us + day_us + 1000;
    aws_rig_add(rig, "{}")->received_us = base_us + day_us;
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 2);
    json_t *first = aws_stub_json(rig->stub, 0);
    json_t *second = aws_stub_json(rig->stub, 1);
    assert_int_equal(json_array_size(json_object_get(first, "logEvents")), 3);
    assert_string_equal(text_at(at(first, "logEvents", 0), "message"), "id-1");
    assert_string_equal(text_at(at(first, "logEvents", 1), "message"), "id-0");
    assert_string_equal(text_at(at(first, "logEvents", 2), "message"), "id-3");
    assert_string_equal(text_at(at(second, "logEvents", 0), "message"), "id-2");
    json_decref(first);
    json_decref(second);
    aws_rig_destroy(rig);
}

static void log_events_count_26_bytes_more(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_cloudwatch_logs, "group: g\n");
    aws_rig_add_bytes(rig, (1 << 20) - 26);
    aws_rig_add_bytes(rig, (1 << 20) - 25);
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "CloudWatch Logs: the entry measures 1048577 bytes");
    aws_assert_outcome(rig, 2, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 2);
    aws_rig_destroy(rig);
}

#define MISSING  "{\"__type\":\"ResourceNotFoundException\",\"message\":\"does not exist.\"}"
#define EXISTING "{\"__type\":\"ResourceAlreadyExistsException\",\"message\":\"exists\"}"

static void group_and_stream_are_made_when_missing(void **state)
{
    (void)state;
    static const char *const want[] = {
        "Logs_20140328.PutLogEvents",    "Logs_20140328.CreateLogStream",
        "Logs_20140328.CreateLogGroup",  "Logs_20140328.PutRetentionPolicy",
        "Logs_20140328.CreateLogStream", "Logs_20140328.PutLogEvents",
    };
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_cloudwatch_logs, "group: g\nstream: s\nretention_days: 14\n");
    aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 400, MISSING);
    aws_stub_script(rig->stub, 400, MISSING);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, EG_ARRAY_COUNT(want));
    for (size_t i = 0; i < EG_ARRAY_COUNT(want); i++)
        assert_string_equal(rig->stub->requests[i].target, want[i]);
    json_t *retention = aws_stub_json(rig->stub, 3);
    assert_int_equal((int)json_integer_value(json_object_get(retention, "retentionInDays")), 14);
    json_decref(retention);
    aws_rig_destroy(rig);
}

static void what_another_made_meanwhile_is_fine(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_cloudwatch_logs, "group: g\nstream: s\n");
    aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 400, MISSING);
    aws_stub_script(rig->stub, 400, EXISTING);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 3);
    aws_rig_destroy(rig);
}

static void nothing_is_made_unless_asked_for(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_cloudwatch_logs, "group: g\nstream: s\ncreate: false\n");
    aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 400, MISSING);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "ResourceNotFoundException");
    assert_int_equal(rig->stub->request_count, 1);
    aws_rig_destroy(rig);
}

static void rejected_log_events_fail_alone(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_cloudwatch_logs, "group: g\nstream: s\n");
    for (int i = 0; i < 5; i++)
        aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 200,
                    "{\"rejectedLogEventsInfo\":{\"tooNewLogEventStartIndex\":4,"
                    "\"tooOldLogEventEndIndex\":2,\"expiredLogEventEndIndex\":1}}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "retention");
    aws_assert_outcome(rig, 1, EG_REJECTED, "too old");
    aws_assert_outcome(rig, 2, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 3, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 4, EG_REJECTED, "too far in the future");
    aws_rig_destroy(rig);
}

static void a_retention_that_there_is_not_stops_the_start(void **state)
{
    (void)state;
    struct aws_stub *stub = aws_stub_start();
    void *config = aws_config_new(&eg_sink_cloudwatch_logs, stub, "group: g\nretention_days: 2\n");
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_sink_cloudwatch_logs.create(&aws_host, config, &sink, &err), -1);
    assert_non_null(strstr(err.message, "no retention of 2 days"));
    aws_config_destroy(&eg_sink_cloudwatch_logs, config);
    aws_stub_stop(stub);
}

/* --- the suite */

static int64_t arrived(void *context)
{
    struct aws_stub *stub = context;
    aws_stub_lock(stub);
    int64_t count = (int64_t)stub->arrived;
    aws_stub_unlock(stub);
    return count;
}

static void every_sink_conforms(void **state)
{
    (void)state;
    static const struct {
        const struct eg_sink_type *type;
        const char *settings;
    } sinks[] = {
        {&eg_sink_eventbridge, "event_bus_arn: arn:aws:events:eu-west-1:1:event-bus/b"},
        {&eg_sink_sqs, "queue_url: http://q/1/orders.fifo"},
        {&eg_sink_sns, "topic_arn: arn:aws:sns:eu-west-1:1:t"},
        {&eg_sink_kinesis, "stream: s"},
        {&eg_sink_firehose, "stream: s"},
        {&eg_sink_cloudwatch_logs, "group: g"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(sinks); i++) {
        struct aws_stub *stub = aws_stub_start();
        void *config = aws_config_new(sinks[i].type, stub, sinks[i].settings);
        struct eg_sink_suite suite = {
            .type = sinks[i].type, .config = config, .received = arrived, .context = stub};
        assert_int_equal(eg_sink_suite_run(&suite), 0);
        assert_true(arrived(stub) > 0);
        aws_config_destroy(sinks[i].type, config);
        aws_stub_stop(stub);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_has_data_and_a_partition_key),
        cmocka_unit_test(a_stream_may_be_an_arn_and_a_record_a_line),
        cmocka_unit_test(records_are_counted_and_measured),
        cmocka_unit_test(failed_records_fail_alone),
        cmocka_unit_test(firehose_takes_lines),
        cmocka_unit_test(firehose_has_limits_of_its_own),
        cmocka_unit_test(the_log_event_is_the_envelope),
        cmocka_unit_test(log_events_stand_in_the_order_of_time_within_a_day),
        cmocka_unit_test(log_events_count_26_bytes_more),
        cmocka_unit_test(group_and_stream_are_made_when_missing),
        cmocka_unit_test(what_another_made_meanwhile_is_fine),
        cmocka_unit_test(nothing_is_made_unless_asked_for),
        cmocka_unit_test(rejected_log_events_fail_alone),
        cmocka_unit_test(a_retention_that_there_is_not_stops_the_start),
        cmocka_unit_test(every_sink_conforms),
    };
    return cmocka_run_group_tests_name("sinks/aws/streams", tests, aws_stub_environment, NULL);
}
