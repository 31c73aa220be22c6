/* SPDX-License-Identifier: Apache-2.0 */
/* The eventbridge sink, and with it the frame that all batch services share. */
#include "support/aws_stub.h"

extern const struct eg_sink_type eg_sink_eventbridge;

#define BUS "arn:aws:events:eu-west-1:123456789012:event-bus/orders"

static struct aws_rig *new_rig(const char *settings)
{
    char *text = eg_asprintf("event_bus_arn: %s\n%s", BUS, settings);
    struct aws_rig *rig = aws_rig_new(&eg_sink_eventbridge, text);
    free(text);
    return rig;
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static json_t *entry_of(const json_t *call, size_t index)
{
    return json_array_get(json_object_get(call, "Entries"), index);
}

static void the_entry_is_the_python_one(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("");
    aws_rig_add(rig, "{\"a\": \"\\u00e9\\n\"}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 1);
    assert_string_equal(rig->stub->requests[0].target, "AWSEvents.PutEvents");
    assert_true(rig->stub->requests[0].is_signed);
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_int_equal(json_object_size(call), 1);
    json_t *entry = entry_of(call, 0);
    assert_int_equal(json_object_size(entry), 4);
    assert_string_equal(text_at(entry, "Source"), "orders");
    assert_string_equal(text_at(entry, "DetailType"), "JSON");
    assert_string_equal(text_at(entry, "Detail"), "{\"a\": \"\\u00e9\\n\"}");
    assert_string_equal(text_at(entry, "EventBusName"), BUS);
    json_decref(call);
    aws_rig_destroy(rig);
}

static void every_member_is_a_template(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("source: my.<$.source>\n"
                                  "detail_type: <$.detail-type> v2\n"
                                  "detail: '{\"was\": <$.detail>, \"id\": \"<eventgate.id>\"}'\n"
                                  "time: <$.time>\n"
                                  "resources: ['arn:<eventgate.topic>', '<$.detail.gone>']\n"
                                  "endpoint_id: abc.def\n"
                                  "trace: true\n");
    assert_true(eg_sink_eventbridge.reads_envelope(rig->sink));
    struct eg_event *event = aws_rig_add(rig, "{\"a\":1}");
    event->envelope = EG_SPAN_LITERAL("{\"source\":\"shop\",\"detail-type\":\"Order\","
                                      "\"time\":\"2025-01-02T03:04:05Z\",\"detail\":{\"a\":1}}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(call, "EndpointId"), "abc.def");
    json_t *entry = entry_of(call, 0);
    assert_string_equal(text_at(entry, "Source"), "my.shop");
    assert_string_equal(text_at(entry, "DetailType"), "Order v2");
    assert_string_equal(text_at(entry, "Detail"), "{\"was\": {\"a\":1}, \"id\": \"id-0\"}");
    assert_int_equal((int)json_number_value(json_object_get(entry, "Time")), 1735787045);
    json_t *resources = json_object_get(entry, "Resources");
    assert_int_equal(json_array_size(resources), 1);
    assert_string_equal(json_string_value(json_array_get(resources, 0)), "arn:orders");
    assert_string_equal(text_at(entry, "TraceHeader"),
                        "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;"
                        "Sampled=1");
    json_decref(call);
    aws_rig_destroy(rig);
}

static void an_eleventh_entry_goes_in_a_second_call(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("");
    for (int i = 0; i < 21; i++)
        aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 3);
    assert_int_equal(rig->stub->arrived, 21);
    json_t *second = aws_stub_json(rig->stub, 1);
    assert_int_equal(json_array_size(json_object_get(second, "Entries")), 10);
    json_decref(second);
    for (size_t i = 0; i < rig->count; i++)
        aws_assert_outcome(rig, i, EG_DELIVERED, NULL);
    aws_rig_destroy(rig);
}

/* Source (6) and DetailType (4) count, and Detail. */
static void calls_are_split_by_bytes(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("max_entry_size: 2KiB\n");
    aws_rig_add_bytes(rig, 1014);
    aws_rig_add_bytes(rig, 1014);
    aws_rig_add_bytes(rig, 100);
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 2);
    json_t *first = aws_stub_json(rig->stub, 0);
    assert_int_equal(json_array_size(json_object_get(first, "Entries")), 2);
    json_decref(first);
    assert_int_equal(rig->stub->arrived, 3);
    aws_rig_destroy(rig);
}

static void what_is_too_large_is_not_sent(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("max_entry_size: 2KiB\n");
    aws_rig_add_bytes(rig, 2038);
    aws_rig_add_bytes(rig, 2039);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE,
                       "EventBridge: the entry measures 2049 bytes, the limit is 2048");
    assert_int_equal(rig->stub->arrived, 1);
    aws_rig_destroy(rig);
}

static void time_and_resources_count(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("max_entry_size: 1KiB\n"
                                  "time: '2025-01-02T03:04:05Z'\nresources: [0123456789]\n");
    aws_rig_add_bytes(rig, 1024 - 6 - 4 - 14 - 10);
    aws_rig_add_bytes(rig, 1024 - 6 - 4 - 14 - 10 + 1);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "1025");
    aws_rig_destroy(rig);
}

static void a_detail_that_is_no_object_is_rejected_alone(void **state)
{
    (void)state;
    static const char *const bad[] = {"[1]", "\"text\"", "7", "null", "not json", "{\"a\":", ""};
    struct aws_rig *rig = new_rig("");
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        aws_rig_add(rig, bad[i]);
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    for (size_t i = 0; i < EG_ARRAY_COUNT(bad); i++)
        aws_assert_outcome(rig, i, EG_REJECTED, "Detail");
    aws_assert_outcome(rig, EG_ARRAY_COUNT(bad), EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 1);
    aws_rig_destroy(rig);
}

static void what_no_entry_may_be_is_rejected_before_it_is_sent(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("detail_type: <$.detail-type>\ntime: <$.time>\n");
    static const char *const envelopes[] = {
        "{\"time\":\"2025-01-02T03:04:05Z\"}",
        "{\"detail-type\":\"t\",\"time\":\"yesterday\"}",
        "{\"detail-type\":\"0123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678\"}",
    };
    static const char *const said[] = {"DetailType is empty", "Time is no time",
                                       "DetailType has 129 bytes, the limit is 128"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(envelopes); i++)
        aws_rig_add(rig, "{}")->envelope = eg_span_text(envelopes[i]);
    aws_rig_submit(rig);
    for (size_t i = 0; i < EG_ARRAY_COUNT(envelopes); i++)
        aws_assert_outcome(rig, i, EG_REJECTED, said[i]);
    assert_int_equal(rig->stub->request_count, 0);
    aws_rig_destroy(rig);
}

static void failed_entries_fail_alone(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("");
    for (int i = 0; i < 5; i++)
        aws_rig_add(rig, "{}");
    aws_stub_script(
        rig->stub, 200,
        "{\"FailedEntryCount\":4,\"Entries\":[{\"EventId\":\"1\"},"
        "{\"ErrorCode\":\"ThrottlingException\",\"ErrorMessage\":\"Rate exceeded\"},"
        "{\"ErrorCode\":\"InternalFailure\",\"ErrorMessage\":\"\"},"
        "{\"ErrorCode\":\"MalformedDetail\",\"ErrorMessage\":\"Detail is \\\"malformed\\\".\"},"
        "{\"ErrorCode\":\"AccessDeniedException\",\"ErrorMessage\":\"no\"}]}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_RETRY, "ThrottlingException");
    aws_assert_outcome(rig, 2, EG_RETRY, "InternalFailure");
    aws_assert_outcome(rig, 3, EG_REJECTED, NULL);
    assert_string_equal(rig->deliveries[3].message,
                        "1 EventBridge entries failed: [{\"ErrorCode\": \"MalformedDetail\", "
                        "\"ErrorMessage\": \"Detail is \\\"malformed\\\".\"}]");
    aws_assert_outcome(rig, 4, EG_REJECTED, "AccessDeniedException");
    aws_rig_destroy(rig);
}

static void a_call_that_fails_fails_all_its_entries(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *body;
        enum eg_outcome outcome;
        const char *part;
    } cases[] = {
        {400, "{\"__type\":\"ThrottlingException\",\"message\":\"slow down\"}", EG_RETRY,
         "ThrottlingException"},
        {500, "{\"__type\":\"InternalFailure\"}", EG_RETRY, "InternalFailure"},
        {503, "", EG_RETRY, "503"},
        {400, "{\"__type\":\"AccessDeniedException\",\"Message\":\"not yours\"}", EG_REJECTED,
         "AccessDeniedException"},
        {400, "{\"__type\":\"ResourceNotFoundException\"}", EG_REJECTED,
         "ResourceNotFoundException"},
        {200, "<html>", EG_RETRY, "can't be understood"},
        {200, "{\"FailedEntryCount\":0,\"Entries\":[{}]}", EG_RETRY, "does not have 2 elements"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++) {
        struct aws_rig *rig = new_rig("");
        aws_rig_add(rig, "{}");
        aws_rig_add(rig, "{}");
        aws_stub_script(rig->stub, cases[i].status, cases[i].body);
        aws_rig_submit(rig);
        aws_assert_outcome(rig, 0, cases[i].outcome, cases[i].part);
        aws_assert_outcome(rig, 1, cases[i].outcome, "EventBridge: ");
        assert_int_equal(rig->stub->request_count, 1);
        aws_rig_destroy(rig);
    }
}

static void nobody_there_is_a_failure_that_passes(void **state)
{
    (void)state;
    struct aws_rig *rig = new_rig("");
    aws_rig_add(rig, "{}");
    (void)shutdown(rig->stub->listener, SHUT_RDWR);
    (void)pthread_join(rig->stub->thread, NULL);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_RETRY, "EventBridge: ");
    EG_ASSERT(pthread_create(&rig->stub->thread, NULL, aws_stub_run, rig->stub) == 0);
    aws_rig_destroy(rig);
}

/* Of four entries the third is refused: 4, 2, 2, 1, 1 calls. */
static void a_bad_entry_is_found_by_halves(void **state)
{
    (void)state;
    static const char refusal[] = "{\"__type\":\"ValidationException\",\"message\":\"bad\"}";
    static const char two[] = "{\"FailedEntryCount\":0,\"Entries\":[{\"EventId\":\"1\"},"
                              "{\"EventId\":\"2\"}]}";
    struct aws_rig *rig = new_rig("");
    for (int i = 0; i < 4; i++)
        aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 400, refusal);
    aws_stub_script(rig->stub, 200, two);
    aws_stub_script(rig->stub, 400, refusal);
    aws_stub_script(rig->stub, 400, refusal);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 2, EG_REJECTED, "ValidationException");
    aws_assert_outcome(rig, 3, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 5);
    aws_rig_destroy(rig);
}

static void without_a_bus_nothing_is_sent(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_eventbridge, "event_bus_arn: ''");
    struct eg_error err;
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 0);
    assert_int_equal(eg_sink_eventbridge.probe(rig->sink, &err), EG_PROBE_NOT_CONFIGURED);
    assert_false(eg_sink_eventbridge.reads_envelope(rig->sink));
    aws_rig_destroy(rig);
}

static void a_bad_template_stops_the_start(void **state)
{
    (void)state;
    struct aws_stub *stub = aws_stub_start();
    void *config = aws_config_new(&eg_sink_eventbridge, stub,
                                  "event_bus_arn: " BUS "\nsource: <eventgate.tpic>\n");
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_sink_eventbridge.create(&aws_host, config, &sink, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(err.message, "source"));
    assert_non_null(strstr(err.message, "eventgate.topic"));
    aws_config_destroy(&eg_sink_eventbridge, config);
    aws_stub_stop(stub);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_entry_is_the_python_one),
        cmocka_unit_test(every_member_is_a_template),
        cmocka_unit_test(an_eleventh_entry_goes_in_a_second_call),
        cmocka_unit_test(calls_are_split_by_bytes),
        cmocka_unit_test(what_is_too_large_is_not_sent),
        cmocka_unit_test(time_and_resources_count),
        cmocka_unit_test(a_detail_that_is_no_object_is_rejected_alone),
        cmocka_unit_test(what_no_entry_may_be_is_rejected_before_it_is_sent),
        cmocka_unit_test(failed_entries_fail_alone),
        cmocka_unit_test(a_call_that_fails_fails_all_its_entries),
        cmocka_unit_test(nobody_there_is_a_failure_that_passes),
        cmocka_unit_test(a_bad_entry_is_found_by_halves),
        cmocka_unit_test(without_a_bus_nothing_is_sent),
        cmocka_unit_test(a_bad_template_stops_the_start),
    };
    return cmocka_run_group_tests_name("sinks/aws/eventbridge", tests, aws_stub_environment, NULL);
}
