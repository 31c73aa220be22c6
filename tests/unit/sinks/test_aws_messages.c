/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks of messages, sqs and sns. */
#include "support/aws_stub.h"

extern const struct eg_sink_type eg_sink_sqs;
extern const struct eg_sink_type eg_sink_sns;

#define QUEUE "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
#define TOPIC "arn:aws:sns:eu-west-1:123456789012:orders"

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static json_t *entry_of(const json_t *call, size_t index)
{
    return json_array_get(json_object_get(call, "Entries"), index);
}

static const char *attribute_of(const json_t *entry, const char *name, const char *part)
{
    return text_at(json_object_get(json_object_get(entry, "MessageAttributes"), name), part);
}

static const struct eg_event_failure failure = {
    .rule_arn = {"arn:rule", 8},
    .target_arn = {"arn:target", 10},
    .error_code = {"NO_PERMISSIONS", 14},
    .error_message = {"he said\x01no", 10},
    .exhausted_retry_condition = {"", 0},
    .retry_attempts = 3,
};

/* --- SQS */

static void a_message_is_the_payload(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE);
    aws_rig_add(rig, "{\"a\":\t1}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_string_equal(rig->stub->requests[0].target, "AmazonSQS.SendMessageBatch");
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(call, "QueueUrl"), QUEUE);
    json_t *entry = entry_of(call, 0);
    assert_int_equal(json_object_size(entry), 2);
    assert_string_equal(text_at(entry, "MessageBody"), "{\"a\":\t1}");
    json_decref(call);
    aws_rig_destroy(rig);
}

static void attributes_delay_and_trace_travel_along(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(
        &eg_sink_sqs, "queue_url: " QUEUE "\nmessage: 'it is <$.detail.a>'\ndelay: 90s\n"
                      "trace: true\nattributes: {topic: <eventgate.topic>, gone: <$.detail.b>}\n");
    aws_rig_add(rig, "{}")->envelope = EG_SPAN_LITERAL("{\"detail\":{\"a\":\"so\"}}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    json_t *call = aws_stub_json(rig->stub, 0);
    json_t *entry = entry_of(call, 0);
    assert_string_equal(text_at(entry, "MessageBody"), "it is so");
    assert_int_equal((int)json_integer_value(json_object_get(entry, "DelaySeconds")), 90);
    assert_int_equal(json_object_size(json_object_get(entry, "MessageAttributes")), 1);
    assert_string_equal(attribute_of(entry, "topic", "StringValue"), "orders");
    assert_string_equal(attribute_of(entry, "topic", "DataType"), "String");
    json_t *trace =
        json_object_get(json_object_get(entry, "MessageSystemAttributes"), "AWSTraceHeader");
    assert_string_equal(text_at(trace, "DataType"), "String");
    assert_non_null(strstr(text_at(trace, "StringValue"), "Parent=b7ad6b7169203331"));
    json_decref(call);
    aws_rig_destroy(rig);
}

static void a_dead_letter_says_why_it_is_one(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE);
    aws_rig_add(rig, "{}")->failure = &failure;
    aws_rig_submit(rig);
    json_t *call = aws_stub_json(rig->stub, 0);
    json_t *entry = entry_of(call, 0);
    assert_int_equal(json_object_size(json_object_get(entry, "MessageAttributes")), 5);
    assert_string_equal(attribute_of(entry, "RULE_ARN", "StringValue"), "arn:rule");
    assert_string_equal(attribute_of(entry, "TARGET_ARN", "StringValue"), "arn:target");
    assert_string_equal(attribute_of(entry, "ERROR_CODE", "StringValue"), "NO_PERMISSIONS");
    assert_string_equal(attribute_of(entry, "ERROR_MESSAGE", "StringValue"), "he said no");
    assert_string_equal(attribute_of(entry, "RETRY_ATTEMPTS", "StringValue"), "3");
    assert_string_equal(attribute_of(entry, "RETRY_ATTEMPTS", "DataType"), "Number");
    json_decref(call);
    aws_rig_destroy(rig);
}

static void a_fifo_queue_gets_its_ids(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE ".fifo\ndelay: 9s");
    aws_rig_add(rig, "{}");
    aws_rig_add(rig, "{}")->key = EG_SPAN_LITERAL("customer-7");
    aws_rig_add(rig, "{}")->key = EG_SPAN_LITERAL("Žofie a Karel");
    aws_rig_submit(rig);
    json_t *call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(entry_of(call, 0), "MessageGroupId"), "orders");
    assert_string_equal(text_at(entry_of(call, 0), "MessageDeduplicationId"), "id-0");
    assert_null(json_object_get(entry_of(call, 0), "DelaySeconds"));
    assert_string_equal(text_at(entry_of(call, 1), "MessageGroupId"), "customer-7");
    assert_int_equal(strlen(text_at(entry_of(call, 2), "MessageGroupId")), 64);
    json_decref(call);
    aws_rig_destroy(rig);
    rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE ".fifo\ngroup_id: g-<eventgate.topic>\n"
                                    "deduplication_id: d-<eventgate.id>\n");
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    call = aws_stub_json(rig->stub, 0);
    assert_string_equal(text_at(entry_of(call, 0), "MessageGroupId"), "g-orders");
    assert_string_equal(text_at(entry_of(call, 0), "MessageDeduplicationId"), "d-id-0");
    json_decref(call);
    aws_rig_destroy(rig);
}

static void every_queue_has_its_own_calls(void **state)
{
    (void)state;
    static const char *const topics[] = {"a", "b", "a", "b", "a"};
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: http://q/<eventgate.topic>");
    for (size_t i = 0; i < EG_ARRAY_COUNT(topics); i++)
        aws_rig_add(rig, "{}")->topic = eg_span_text(topics[i]);
    aws_stub_script(rig->stub, 200,
                    "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"4\"}],\"Failed\":[{\"Id\":\"2\","
                    "\"Code\":\"InternalError\",\"SenderFault\":false}]}");
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 2);
    json_t *first = aws_stub_json(rig->stub, 0);
    json_t *second = aws_stub_json(rig->stub, 1);
    assert_string_equal(text_at(first, "QueueUrl"), "http://q/a");
    assert_int_equal(json_array_size(json_object_get(first, "Entries")), 3);
    assert_string_equal(text_at(second, "QueueUrl"), "http://q/b");
    assert_int_equal(json_array_size(json_object_get(second, "Entries")), 2);
    json_decref(first);
    json_decref(second);
    for (size_t i = 0; i < EG_ARRAY_COUNT(topics); i++)
        aws_assert_outcome(rig, i, i == 2 ? EG_RETRY : EG_DELIVERED, NULL);
    aws_rig_destroy(rig);
}

static void failed_messages_fail_alone(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE);
    for (int i = 0; i < 4; i++)
        aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 200,
                    "{\"Failed\":[{\"Id\":\"3\",\"Code\":\"InvalidMessageContents\",\"Message\":"
                    "\"bad\",\"SenderFault\":true},{\"Id\":\"1\",\"Code\":\"InternalError\","
                    "\"SenderFault\":false},{\"Id\":\"2\",\"Code\":\"RequestThrottled\","
                    "\"SenderFault\":true}],\"Successful\":[{\"Id\":\"0\"}]}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_RETRY, "SQS: InternalError");
    aws_assert_outcome(rig, 2, EG_RETRY, "SQS: RequestThrottled");
    aws_assert_outcome(rig, 3, EG_REJECTED, "SQS: InvalidMessageContents: bad");
    aws_rig_destroy(rig);
}

static void an_answer_about_others_is_not_believed(void **state)
{
    (void)state;
    static const char *const answers[] = {
        "{\"Successful\":[]}",
        "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"}]}",
        "{\"Failed\":[{\"Id\":\"9\",\"Code\":\"x\"}]}",
        "{\"Failed\":[7]}",
        "[]",
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(answers); i++) {
        struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE);
        aws_rig_add(rig, "{}");
        aws_stub_script(rig->stub, 200, answers[i]);
        aws_rig_submit(rig);
        aws_assert_outcome(rig, 0, EG_RETRY, "the answer can't be understood");
        aws_rig_destroy(rig);
    }
}

static void characters_that_no_message_may_hold_are_refused(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE "\nmessage: <$.detail.a>\n"
                                                    "attributes: {b: <$.detail.b>}\n");
    static const struct {
        const char *envelope;
        const char *said; /* NULL: delivered */
    } cases[] = {
        {"{\"detail\":{\"a\":\"tab\\t feed\\n return\\r \\u00e9 \\ud83d\\ude00\"}}", NULL},
        {"{\"detail\":{\"a\":\"nul\\u0000\"}}", "at byte 3"},
        {"{\"detail\":{\"a\":\"\\u001b[1m\"}}", "at byte 0"},
        {"{\"detail\":{\"a\":\"x\\uffff\"}}", "at byte 1"},
        {"{\"detail\":{\"a\":\"\\ufffd\"}}", NULL},
        {"{\"detail\":{}}", "the message is empty"},
        {"{\"detail\":{\"a\":\"x\",\"b\":\"\\u0002\"}}", "attributes: b holds"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        aws_rig_add(rig, "{}")->envelope = eg_span_text(cases[i].envelope);
    aws_rig_submit(rig);
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        aws_assert_outcome(rig, i, cases[i].said ? EG_REJECTED : EG_DELIVERED, cases[i].said);
    assert_int_equal(rig->stub->arrived, 2);
    aws_rig_destroy(rig);
}

/* Attributes count: a name of 1, "String", a value of 6. */
static void message_and_attributes_are_measured(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE
                                  "\nmax_message_size: 1KiB\nattributes: {t: <eventgate.topic>}\n");
    aws_rig_add_bytes(rig, 1024 - 13);
    aws_rig_add_bytes(rig, 1024 - 12);
    aws_rig_add_bytes(rig, 20);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "SQS: the entry measures 1025 bytes");
    aws_assert_outcome(rig, 2, EG_DELIVERED, NULL);
    assert_int_equal(rig->stub->request_count, 2);
    aws_rig_destroy(rig);
}

static void an_eleventh_message_goes_in_a_second_call(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sqs, "queue_url: " QUEUE);
    for (int i = 0; i < 11; i++)
        aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    assert_int_equal(rig->stub->request_count, 2);
    assert_int_equal(rig->stub->arrived, 11);
    aws_rig_destroy(rig);
}

static void more_attributes_than_sqs_takes_stop_the_start(void **state)
{
    (void)state;
    struct aws_stub *stub = aws_stub_start();
    void *config = aws_config_new(&eg_sink_sqs, stub,
                                  "queue_url: q\nattributes: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, "
                                  "g: 1, h: 1, i: 1, j: 1, k: 1}\n");
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_sink_sqs.create(&aws_host, config, &sink, &err), -1);
    assert_non_null(strstr(err.message, "attributes: 11, the limit is 10"));
    aws_config_destroy(&eg_sink_sqs, config);
    aws_stub_stop(stub);
}

/* --- SNS */

static bool has(const struct aws_rig *rig, size_t request, const char *pair)
{
    const char *body = rig->stub->requests[request].body;
    const char *at = strstr(body, pair);
    size_t len = strlen(pair);
    return at && (at == body || at[-1] == '&') && (at[len] == '&' || at[len] == '\0');
}

#define MEMBER(number) "PublishBatchRequestEntries.member." #number "."

static void messages_are_members_of_a_form(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_sns, "topic_arn: " TOPIC "\nsubject: 'News: <$.detail.title>'\n"
                                  "attributes: {topic: <eventgate.topic>, x: y&z}\n");
    aws_rig_add(rig, "{\"a\": \"b&c=d\"}")->envelope =
        EG_SPAN_LITERAL("{\"detail\":{\"title\":\"one\"}}");
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    assert_true(has(rig, 0, "Action=PublishBatch"));
    assert_true(has(rig, 0, "Version=2010-03-31"));
    assert_true(has(rig, 0, "TopicArn=arn%3Aaws%3Asns%3Aeu-west-1%3A123456789012%3Aorders"));
    assert_true(has(rig, 0, MEMBER(1) "Id=0"));
    assert_true(has(rig, 0, MEMBER(1) "Message=%7B%22a%22%3A%20%22b%26c%3Dd%22%7D"));
    assert_true(has(rig, 0, MEMBER(1) "Subject=News%3A%20one"));
    assert_true(has(rig, 0, MEMBER(1) "MessageAttributes.entry.1.Name=topic"));
    assert_true(has(rig, 0, MEMBER(1) "MessageAttributes.entry.1.Value.DataType=String"));
    assert_true(has(rig, 0, MEMBER(1) "MessageAttributes.entry.1.Value.StringValue=orders"));
    assert_true(has(rig, 0, MEMBER(1) "MessageAttributes.entry.2.Value.StringValue=y%26z"));
    assert_true(has(rig, 0, MEMBER(2) "Id=1"));
    assert_true(has(rig, 0, MEMBER(2) "Message=%7B%7D"));
    aws_rig_destroy(rig);
}

static void a_subject_must_fit(void **state)
{
    (void)state;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_sns, "topic_arn: " TOPIC "\nsubject: <$.detail.s>\n");
    static const struct {
        const char *envelope;
        const char *said; /* NULL: delivered */
    } cases[] = {
        {"{\"detail\":{\"s\":\"0123456789012345678901234567890123456789012345678901234567890123456"
         "78901234567890123456789012345678\"}}",
         NULL},
        {"{\"detail\":{\"s\":\"0123456789012345678901234567890123456789012345678901234567890123456"
         "789012345678901234567890123456789\"}}",
         "the subject has 100 bytes, the limit is 99"},
        {"{\"detail\":{\"s\":\"two\\nlines\"}}", "the subject must be printable ASCII"},
        {"{\"detail\":{\"s\":\" x\"}}", "begin with no space"},
        {"{\"detail\":{}}", NULL},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        aws_rig_add(rig, "{}")->envelope = eg_span_text(cases[i].envelope);
    aws_rig_submit(rig);
    for (size_t i = 0; i < EG_ARRAY_COUNT(cases); i++)
        aws_assert_outcome(rig, i, cases[i].said ? EG_REJECTED : EG_DELIVERED, cases[i].said);
    assert_null(strstr(rig->stub->requests[0].body, "Subject=&"));
    aws_rig_destroy(rig);
}

static void failed_publications_fail_alone(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sns, "topic_arn: " TOPIC ".fifo\n");
    for (int i = 0; i < 3; i++)
        aws_rig_add(rig, "{}")->failure = i == 0 ? &failure : NULL;
    aws_stub_script(
        rig->stub, 200,
        "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
        "<PublishBatchResult><Successful><member><MessageId>m</MessageId><Id>0</Id></member>"
        "</Successful><Failed><member><Id>2</Id><Code>InternalError</Code><Message>it &amp; that"
        "</Message><SenderFault>false</SenderFault></member>\n<member><Code>InvalidParameter</Code>"
        "<SenderFault>true</SenderFault><Id>1</Id></member></Failed></PublishBatchResult>"
        "</PublishBatchResponse>");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_REJECTED, "SNS: InvalidParameter");
    aws_assert_outcome(rig, 2, EG_RETRY, "SNS: InternalError: it & that");
    assert_true(has(rig, 0, MEMBER(3) "MessageGroupId=orders"));
    assert_true(has(rig, 0, MEMBER(3) "MessageDeduplicationId=id-2"));
    assert_true(has(rig, 0, MEMBER(1) "MessageAttributes.entry.5.Name=RETRY_ATTEMPTS"));
    aws_rig_destroy(rig);
}

static void an_sns_answer_that_is_none_is_tried_again(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sns, "topic_arn: " TOPIC);
    aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 200, "<html><member>");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_RETRY, "it is about 0 entries, 1 were sent");
    aws_rig_destroy(rig);
}

static void an_sns_call_that_fails_fails_all(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_sns, "topic_arn: " TOPIC);
    aws_rig_add(rig, "{}");
    aws_rig_add(rig, "{}");
    aws_stub_script(rig->stub, 404,
                    "<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>Topic "
                    "does not exist</Message></Error></ErrorResponse>");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "Topic does not exist");
    aws_assert_outcome(rig, 1, EG_REJECTED, "SNS: ");
    aws_rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_the_payload),
        cmocka_unit_test(attributes_delay_and_trace_travel_along),
        cmocka_unit_test(a_dead_letter_says_why_it_is_one),
        cmocka_unit_test(a_fifo_queue_gets_its_ids),
        cmocka_unit_test(every_queue_has_its_own_calls),
        cmocka_unit_test(failed_messages_fail_alone),
        cmocka_unit_test(an_answer_about_others_is_not_believed),
        cmocka_unit_test(characters_that_no_message_may_hold_are_refused),
        cmocka_unit_test(message_and_attributes_are_measured),
        cmocka_unit_test(an_eleventh_message_goes_in_a_second_call),
        cmocka_unit_test(more_attributes_than_sqs_takes_stop_the_start),
        cmocka_unit_test(messages_are_members_of_a_form),
        cmocka_unit_test(a_subject_must_fit),
        cmocka_unit_test(failed_publications_fail_alone),
        cmocka_unit_test(an_sns_answer_that_is_none_is_tried_again),
        cmocka_unit_test(an_sns_call_that_fails_fails_all),
    };
    return cmocka_run_group_tests_name("sinks/aws/messages", tests, aws_stub_environment, NULL);
}
