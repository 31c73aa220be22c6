/* SPDX-License-Identifier: Apache-2.0 */
/* The sinks dynamodb, s3, aws_call and tagger: their wire, limits and errors, and the suite. */
#include "support/aws_stub.h"

#include "eventgate/sink_suite.h"

extern const struct eg_sink_type eg_sink_dynamodb;
extern const struct eg_sink_type eg_sink_s3;
extern const struct eg_sink_type eg_sink_aws_call;
extern const struct eg_sink_type eg_sink_tagger;

static size_t count_requests(struct aws_rig *rig)
{
    aws_stub_lock(rig->stub);
    size_t count = rig->stub->request_count;
    aws_stub_unlock(rig->stub);
    return count;
}

static const struct aws_stub_request *request_at(struct aws_rig *rig, size_t index)
{
    assert_true(index < count_requests(rig));
    return &rig->stub->requests[index];
}

static void assert_head(struct aws_rig *rig, size_t index, const char *part)
{
    const char *head = request_at(rig, index)->head;
    if (!strcasestr(head, part))
        fail_msg("no '%s' in\n%s", part, head);
}

static void assert_body(struct aws_rig *rig, size_t index, const char *body)
{
    assert_string_equal(request_at(rig, index)->body, body);
}

/* --- dynamodb */

#define ITEMS "table: t\npartition_key: id\n"

static void an_item_is_put(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS);
    aws_rig_add(rig, "{\"id\":\"a\",\"n\":1.50,\"l\":[true,null]}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_string_equal(request_at(rig, 0)->target, "DynamoDB_20120810.BatchWriteItem");
    assert_head(rig, 0, "application/x-amz-json-1.0");
    assert_body(rig, 0,
                "{\"RequestItems\":{\"t\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"a\"},"
                "\"n\":{\"N\":\"1.50\"},\"l\":{\"L\":[{\"BOOL\":true},{\"NULL\":true}]}}}}]}}");
    aws_rig_destroy(rig);
}

static size_t items_of(struct aws_rig *rig, size_t index)
{
    json_t *call = aws_stub_json(rig->stub, index);
    size_t count = json_array_size(json_object_get(json_object_get(call, "RequestItems"), "t"));
    json_decref(call);
    return count;
}

static void a_call_has_25_items(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS "item: {id: <eventgate.id>}\n");
    for (unsigned i = 0; i < 60; i++)
        aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    assert_int_equal(count_requests(rig), 3);
    assert_int_equal(items_of(rig, 0), 25);
    assert_int_equal(items_of(rig, 1), 25);
    assert_int_equal(items_of(rig, 2), 10);
    aws_rig_destroy(rig);
}

static void a_key_stands_once_in_a_call(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS "sort_key: n\n");
    aws_rig_add(rig, "{\"id\":\"a\",\"n\":1,\"v\":1}");
    aws_rig_add(rig, "{\"id\":\"a\",\"n\":1,\"v\":2}");
    aws_rig_add(rig, "{\"id\":\"a\",\"n\":2,\"v\":3}");
    aws_rig_add(rig, "{\"id\":\"a\",\"n\":1,\"v\":4}");
    aws_rig_submit(rig);
    assert_int_equal(count_requests(rig), 3);
    assert_int_equal(items_of(rig, 0), 2);
    assert_non_null(strstr(request_at(rig, 1)->body, "\"v\":{\"N\":\"2\"}"));
    assert_non_null(strstr(request_at(rig, 2)->body, "\"v\":{\"N\":\"4\"}"));
    aws_rig_destroy(rig);
}

static void unprocessed_items_are_tried_again(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS);
    aws_stub_script(rig->stub, 200,
                    "{\"UnprocessedItems\":{\"t\":[{\"PutRequest\":{\"Item\":{\"v\":{\"N\":\"2\"},"
                    "\"id\":{\"S\":\"b\"}}}}]}}");
    aws_rig_add(rig, "{\"id\":\"a\",\"v\":1}");
    aws_rig_add(rig, "{\"id\":\"b\",\"v\":2}");
    aws_rig_add(rig, "{\"id\":\"c\",\"v\":3}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_RETRY, "UnprocessedItems");
    aws_assert_outcome(rig, 2, EG_DELIVERED, NULL);
    aws_rig_destroy(rig);
}

static void unprocessed_items_that_are_not_ours_fail_all(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS);
    aws_stub_script(rig->stub, 200,
                    "{\"UnprocessedItems\":{\"t\":[{\"PutRequest\":{\"Item\":{\"id\":{\"S\":\"z\"}}"
                    "}}]}}");
    aws_rig_add(rig, "{\"id\":\"a\"}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_RETRY, "none of those that were sent");
    aws_rig_destroy(rig);
}

static void a_bad_item_fails_alone(void **state)
{
    (void)state;
    static const char refusal[] =
        "{\"__type\":\"com.amazon.coral.validate#ValidationException\",\"message\":\"bad\"}";
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS);
    aws_stub_script(rig->stub, 400, refusal);
    aws_stub_script(rig->stub, 400, refusal);
    aws_rig_add(rig, "{\"id\":\"a\"}");
    aws_rig_add(rig, "{\"id\":\"b\"}");
    aws_rig_submit(rig);
    assert_int_equal(count_requests(rig), 3);
    aws_assert_outcome(rig, 0, EG_REJECTED, "ValidationException");
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    aws_rig_destroy(rig);
}

static const struct {
    const char *payload;
    enum eg_outcome outcome;
    const char *message;
} refused[] = {
    {"{\"n\":1}", EG_REJECTED, "the item has no partition key 'id'"},
    {"{\"id\":\"\"}", EG_REJECTED, "the partition key 'id' is empty"},
    {"{\"id\":null}", EG_REJECTED, "must be a string, a number or binary"},
    {"{\"id\":[1]}", EG_REJECTED, "must be a string, a number or binary"},
    {"[1]", EG_REJECTED, "must be a JSON object"},
    {"{\"id\":\"a\",\"n\":1e500}", EG_REJECTED, "n: a number is out of DynamoDB's range"},
};

static void what_is_no_item_is_not_sent(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, ITEMS);
    for (size_t i = 0; i < EG_ARRAY_COUNT(refused); i++)
        aws_rig_add(rig, refused[i].payload);
    aws_rig_submit(rig);
    for (size_t i = 0; i < EG_ARRAY_COUNT(refused); i++)
        aws_assert_outcome(rig, i, refused[i].outcome, refused[i].message);
    assert_int_equal(count_requests(rig), 0);
    aws_rig_destroy(rig);
}

/* {"a":"xxx"} has a key of 1 byte and so many of text. */
static void items_and_keys_have_limits(void **state)
{
    (void)state;
    const size_t frame = sizeof("{\"a\":\"\"}") - 1;
    struct aws_rig *rig =
        aws_rig_new(&eg_sink_dynamodb,
                    "table: t\npartition_key: id\nitem: {id: x, b: {S: <eventgate.payload>}}");
    aws_rig_add_bytes(rig, 409600 - 2 - 1 - 1);
    aws_rig_add_bytes(rig, 409600 - 2 - 1);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "409601 bytes");
    aws_rig_destroy(rig);
    rig = aws_rig_new(&eg_sink_dynamodb, "table: t\npartition_key: a\n");
    aws_rig_add_bytes(rig, 2048 + frame);
    aws_rig_add_bytes(rig, 2049 + frame);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "2049 bytes, DynamoDB takes 2048");
    aws_rig_destroy(rig);
    rig = aws_rig_new(&eg_sink_dynamodb, "table: t\npartition_key: id\nsort_key: s\n"
                                         "item: {id: x, s: {S: <eventgate.payload>}}");
    aws_rig_add_bytes(rig, 1024);
    aws_rig_add_bytes(rig, 1025);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_TOO_LARGE, "sort key 's' has 1025 bytes");
    aws_rig_destroy(rig);
}

#define CONDITION ITEMS "condition: attribute_not_exists(#k)\nnames: {'#k': id}\n"

static void a_condition_is_a_call_for_each(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, CONDITION "values: {':v': {N: '7'}}\n");
    aws_stub_script(rig->stub, 200, "{}");
    aws_stub_script(rig->stub, 400,
                    "{\"__type\":\"com.amazonaws.dynamodb.v20120810#"
                    "ConditionalCheckFailedException\",\"message\":\"The conditional request "
                    "failed\"}");
    aws_rig_add(rig, "{\"id\":\"a\"}");
    aws_rig_add(rig, "{\"id\":\"a\"}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    assert_string_equal(request_at(rig, 0)->target, "DynamoDB_20120810.PutItem");
    assert_body(rig, 0,
                "{\"TableName\":\"t\",\"Item\":{\"id\":{\"S\":\"a\"}},"
                "\"ConditionExpression\":\"attribute_not_exists(#k)\","
                "\"ExpressionAttributeNames\":{\"#k\":\"id\"},"
                "\"ExpressionAttributeValues\":{\":v\":{\"N\":\"7\"}}}");
    aws_rig_destroy(rig);
}

static void the_errors_of_dynamodb(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *code;
        enum eg_outcome outcome;
    } errors[] = {
        {400, "ConditionalCheckFailedException", EG_REJECTED},
        {400, "TransactionConflictException", EG_RETRY},
        {400, "ReplicatedWriteConflictException", EG_RETRY},
        {400, "ProvisionedThroughputExceededException", EG_RETRY},
        {400, "ThrottlingException", EG_RETRY},
        {400, "ItemCollectionSizeLimitExceededException", EG_REJECTED},
        {400, "ResourceNotFoundException", EG_REJECTED},
        {400, "AccessDeniedException", EG_REJECTED},
        {500, "InternalServerError", EG_RETRY},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(errors); i++) {
        struct aws_rig *rig = aws_rig_new(&eg_sink_dynamodb, CONDITION "if_exists: rejected\n");
        EG_AUTOFREE char *body =
            eg_asprintf("{\"__type\":\"x#%s\",\"message\":\"m\"}", errors[i].code);
        aws_stub_script(rig->stub, errors[i].status, body);
        aws_rig_add(rig, "{\"id\":\"a\"}");
        aws_rig_submit(rig);
        aws_assert_outcome(rig, 0, errors[i].outcome, "DynamoDB");
        aws_rig_destroy(rig);
    }
}

/* --- s3 */

static void an_object_is_put(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(
        &eg_sink_s3, "bucket: b\nkey: <eventgate.topic>/\xC3\xA4 <eventgate.id>\nstorage_class: "
                     "STANDARD_IA\nmetadata: {who: me, what: \"\xC3\xA9\"}\n");
    aws_rig_add(rig, "{\"a\": 1}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_head(rig, 0, "PUT /b/orders/%C3%A4%20id-0 HTTP/1.1\r\n");
    assert_head(rig, 0, "\r\ncontent-type: application/json\r\n");
    assert_head(rig, 0, "\r\nx-amz-storage-class: STANDARD_IA\r\n");
    assert_head(rig, 0, "\r\nx-amz-meta-who: me\r\n");
    assert_head(rig, 0, "\r\nx-amz-meta-what: =?UTF-8?B?w6k=?=\r\n");
    assert_head(rig, 0, "\r\nx-amz-checksum-crc32: +6GOlw==\r\n");
    assert_head(rig, 0, "\r\nx-amz-content-sha256: ");
    assert_null(strcasestr(request_at(rig, 0)->head, "if-none-match"));
    assert_body(rig, 0, "{\"a\": 1}");
    assert_true(request_at(rig, 0)->is_signed);
    aws_rig_destroy(rig);
}

static void an_object_that_is_there_already(void **state)
{
    (void)state;
    static const char there[] = "<Error><Code>PreconditionFailed</Code></Error>";
    static const char conflict[] = "<Error><Code>ConditionalRequestConflict</Code></Error>";
    struct aws_rig *rig = aws_rig_new(&eg_sink_s3, "bucket: b\nif_exists: keep\n");
    aws_stub_script(rig->stub, 412, there);
    aws_stub_script(rig->stub, 409, conflict);
    aws_rig_add(rig, "{}");
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    assert_head(rig, 0, "\r\nif-none-match: *\r\n");
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_RETRY, "ConditionalRequestConflict");
    aws_rig_destroy(rig);
    rig = aws_rig_new(&eg_sink_s3, "bucket: b\nif_exists: reject\n");
    aws_stub_script(rig->stub, 412, there);
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "S3: ");
    aws_rig_destroy(rig);
}

static void the_errors_of_s3(void **state)
{
    (void)state;
    static const struct {
        unsigned status;
        const char *code;
        enum eg_outcome outcome;
    } errors[] = {
        {404, "NoSuchBucket", EG_REJECTED},    {403, "AccessDenied", EG_REJECTED},
        {503, "SlowDown", EG_RETRY},           {500, "InternalError", EG_RETRY},
        {400, "EntityTooLarge", EG_TOO_LARGE},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(errors); i++) {
        struct aws_rig *rig = aws_rig_new(&eg_sink_s3, "bucket: b\n");
        EG_AUTOFREE char *body = eg_asprintf("<Error><Code>%s</Code></Error>", errors[i].code);
        aws_stub_script(rig->stub, errors[i].status, body);
        aws_rig_add(rig, "{}");
        aws_rig_submit(rig);
        aws_assert_outcome(rig, 0, errors[i].outcome, errors[i].code);
        aws_rig_destroy(rig);
    }
}

static void nothing_to_store_makes_no_object(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_s3, "bucket: b\nbody: <$.detail.data>\n");
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_int_equal(count_requests(rig), 0);
    aws_rig_destroy(rig);
    rig = aws_rig_new(&eg_sink_s3, "bucket: b\nbody: <$.detail.data>\nskip_empty: false\n");
    aws_rig_add(rig, "{}");
    aws_rig_submit(rig);
    assert_int_equal(count_requests(rig), 1);
    aws_rig_destroy(rig);
}

static void a_key_has_limits(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_s3, "bucket: b\nkey: <eventgate.payload>\n");
    aws_rig_add(rig, "");
    aws_rig_add_bytes(rig, 1024);
    aws_rig_add_bytes(rig, 1025);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 2, EG_TOO_LARGE, "1025 bytes, S3 takes 1024");
    assert_int_equal(count_requests(rig), 1);
    aws_rig_destroy(rig);
}

static void assert_refused(const struct eg_sink_type *type, const char *settings,
                           const char *message)
{
    struct aws_stub *stub = aws_stub_start();
    void *config = aws_config_new(type, stub, settings);
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(type->create(&aws_host, config, &sink, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    if (!strstr(err.message, message))
        fail_msg("%s", err.message);
    aws_config_destroy(type, config);
    aws_stub_stop(stub);
}

static void settings_that_can_not_work(void **state)
{
    (void)state;
    assert_refused(&eg_sink_s3, "bucket: b\ncollect: true\ncollect_age: 6s\n", "collect_age");
    assert_refused(&eg_sink_s3, "bucket: b\ncollect: true\nmetadata: {a: b}\n", "metadata");
    assert_refused(&eg_sink_s3, "bucket: ''\n", "must not be empty");
    assert_refused(&eg_sink_dynamodb, ITEMS "names: {'#a': b}\n", "belong to a condition");
    assert_refused(&eg_sink_dynamodb, ITEMS "item: [1]\n", "item: expected");
    assert_refused(&eg_sink_dynamodb, ITEMS "item: {a: {N: '<nonsense>'}}\n", "item: a: ");
    assert_refused(&eg_sink_aws_call, "service: states\n", "operation: required");
    assert_refused(&eg_sink_aws_call, "service: lambda\nprotocol: rest_json\n", "path: required");
    assert_refused(&eg_sink_tagger, "tag: ''\n", "tag: ");
}

/* --- aws_call */

static void a_json_operation_is_called(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(
        &eg_sink_aws_call,
        "service: states\noperation: AWSStepFunctions.StartExecution\n"
        "body: '{\"name\": <eventgate.id>, \"input\": \"<eventgate.payload | json>\"}'\n"
        "delivered_codes: [ExecutionAlreadyExists]\nretry_codes: [ExecutionLimitExceeded]\n");
    aws_stub_script(rig->stub, 200, "{}");
    aws_stub_script(rig->stub, 400, "{\"__type\":\"ExecutionAlreadyExists\"}");
    aws_stub_script(rig->stub, 400, "{\"__type\":\"ExecutionLimitExceeded\"}");
    aws_stub_script(rig->stub, 400, "{\"__type\":\"InvalidArn\"}");
    for (unsigned i = 0; i < 4; i++)
        aws_rig_add(rig, "{\"a\":\"b\"}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 1, EG_DELIVERED, NULL);
    aws_assert_outcome(rig, 2, EG_RETRY, "ExecutionLimitExceeded");
    aws_assert_outcome(rig, 3, EG_REJECTED, "states: ");
    assert_string_equal(request_at(rig, 0)->target, "AWSStepFunctions.StartExecution");
    json_t *body = aws_stub_json(rig->stub, 0);
    assert_string_equal(json_string_value(json_object_get(body, "name")), "id-0");
    assert_string_equal(json_string_value(json_object_get(body, "input")), "{\"a\":\"b\"}");
    json_decref(body);
    aws_rig_destroy(rig);
}

static void a_rest_operation_is_called(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(
        &eg_sink_aws_call, "service: lambda\nprotocol: rest_json\n"
                           "path: /2015-03-31/functions/<eventgate.topic | uri>/invocations\n"
                           "headers: {X-Amz-Invocation-Type: Event, X-Empty: <$.detail.none>}\n");
    aws_rig_add(rig, "{\"a\":1}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_head(rig, 0, "POST /2015-03-31/functions/orders/invocations HTTP/1.1\r\n");
    assert_head(rig, 0, "\r\nx-amz-invocation-type: Event\r\n");
    assert_null(strcasestr(request_at(rig, 0)->head, "x-empty"));
    assert_body(rig, 0, "{\"a\":1}");
    aws_rig_destroy(rig);
}

static void a_path_that_was_not_encoded_is_not_sent(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(
        &eg_sink_aws_call, "service: lambda\nprotocol: rest_json\npath: /x/<eventgate.payload>\n");
    aws_rig_add(rig, "a b");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "has to be encoded");
    assert_int_equal(count_requests(rig), 0);
    aws_rig_destroy(rig);
}

/* --- tagger */

#define WHO ",\"userIdentity\":{\"principalId\":\"A:jane\"},\"awsRegion\":\"eu-west-1\"}"

static const struct {
    const char *record;
    const char *answer; /* to the question before; NULL: there is none */
    const char *line;
    const char *body;
} tags[] = {
    {"{\"eventName\":\"RunInstances\",\"responseElements\":{\"instancesSet\":{\"items\":"
     "[{\"instanceId\":\"i-1\"},{\"instanceId\":\"i-2\"}]}}" WHO,
     NULL, "POST / ",
     "Action=CreateTags&Version=2016-11-15&ResourceId.1=i-1&ResourceId.2=i-2&Tag.1.Key=CreatedBy"
     "&Tag.1.Value=jane"},
    {"{\"eventName\":\"CreateBucket\",\"requestParameters\":{\"bucketName\":\"b\"}" WHO,
     "<Tagging><TagSet><Tag><Key>team</Key><Value>a &amp; b</Value></Tag><Tag><Key>CreatedBy</Key>"
     "<Value>old</Value></Tag></TagSet></Tagging>",
     "PUT /b?tagging ",
     "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet><Tag><Key>team</Key>"
     "<Value>a &amp; b</Value></Tag><Tag><Key>CreatedBy</Key><Value>jane</Value></Tag></TagSet>"
     "</Tagging>"},
    {"{\"eventName\":\"CreateDBInstance\",\"requestParameters\":{\"dBInstanceIdentifier\":"
     "\"db\"}" WHO,
     "<R><DBInstances><DBInstance><DBInstanceArn>arn:db</DBInstanceArn></DBInstance></DBInstances>"
     "</R>",
     "POST / ",
     "Action=AddTagsToResource&Version=2014-10-31&ResourceName=arn%3Adb&Tags.Tag.1.Key=CreatedBy"
     "&Tags.Tag.1.Value=jane"},
    {"{\"eventName\":\"CreateFunction20150331\",\"responseElements\":{\"functionArn\":"
     "\"arn:aws:lambda:r:1:function:f\"}" WHO,
     NULL, "POST /2017-03-31/tags/arn%3Aaws%3Alambda%3Ar%3A1%3Afunction%3Af ",
     "{\"Tags\":{\"CreatedBy\":\"jane\"}}"},
    {"{\"eventName\":\"CreateTable\",\"responseElements\":{\"tableDescription\":{\"tableArn\":"
     "\"arn:t\"}}" WHO,
     NULL, "POST / ",
     "{\"ResourceArn\":\"arn:t\",\"Tags\":[{\"Key\":\"CreatedBy\",\"Value\":\"jane\"}]}"},
    {"{\"eventName\":\"CreateTopic\",\"responseElements\":{\"topicArn\":\"arn:s\"}" WHO, NULL,
     "POST / ",
     "Action=TagResource&Version=2010-03-31&ResourceArn=arn%3As&Tags.member.1.Key=CreatedBy"
     "&Tags.member.1.Value=jane"},
    {"{\"eventName\":\"CreateQueue\",\"responseElements\":{\"queueUrl\":\"https://q/1/x\"}" WHO,
     NULL, "POST / ", "{\"QueueUrl\":\"https://q/1/x\",\"Tags\":{\"CreatedBy\":\"jane\"}}"},
    {"{\"eventName\":\"CreateCacheCluster\",\"responseElements\":{\"cacheClusterId\":\"c\"}" WHO,
     "<R><CacheClusters><CacheCluster><ARN>arn:c</ARN></CacheCluster></CacheClusters></R>",
     "POST / ",
     "Action=AddTagsToResource&Version=2015-02-02&ResourceName=arn%3Ac&Tags.Tag.1.Key=CreatedBy"
     "&Tags.Tag.1.Value=jane"},
};

static void every_kind_of_resource_is_tagged(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(tags); i++) {
        struct aws_rig *rig = aws_rig_new(&eg_sink_tagger, "");
        size_t last = tags[i].answer ? 1 : 0;
        if (tags[i].answer)
            aws_stub_script(rig->stub, 200, tags[i].answer);
        aws_rig_add(rig, tags[i].record);
        aws_rig_submit(rig);
        aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
        assert_int_equal(count_requests(rig), last + 1);
        assert_head(rig, last, tags[i].line);
        assert_body(rig, last, tags[i].body);
        aws_rig_destroy(rig);
    }
}

static void a_bucket_without_tags_gets_its_first(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_tagger, "tag: Owner\n");
    aws_stub_script(rig->stub, 404, "<Error><Code>NoSuchTagSet</Code></Error>");
    aws_rig_add(rig, tags[1].record);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_DELIVERED, NULL);
    assert_head(rig, 0, "GET /b?tagging ");
    assert_non_null(strstr(request_at(rig, 1)->body,
                           "<TagSet><Tag><Key>Owner</Key><Value>jane</Value></Tag></TagSet>"));
    assert_head(rig, 1, "\r\nx-amz-checksum-crc32: ");
    aws_rig_destroy(rig);
}

static void a_tag_that_fails_is_a_failed_delivery(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_tagger, "");
    aws_stub_script(rig->stub, 400,
                    "<Response><Errors><Error><Code>UnauthorizedOperation</Code></Error></Errors>"
                    "</Response>");
    aws_stub_script(rig->stub, 503, "");
    aws_stub_script(rig->stub, 404, "<Error><Code>NoSuchBucket</Code></Error>");
    aws_stub_script(rig->stub, 200, "<R/>");
    aws_rig_add(rig, tags[0].record);
    aws_rig_add(rig, tags[0].record);
    aws_rig_add(rig, tags[1].record);
    aws_rig_add(rig, tags[7].record);
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "UnauthorizedOperation");
    aws_assert_outcome(rig, 1, EG_RETRY, "RunInstances");
    aws_assert_outcome(rig, 2, EG_REJECTED, "NoSuchBucket");
    aws_assert_outcome(rig, 3, EG_REJECTED, "has no CacheCluster/ARN");
    aws_rig_destroy(rig);
}

static void a_region_is_no_place_for_a_host(void **state)
{
    (void)state;
    struct aws_rig *rig = aws_rig_new(&eg_sink_tagger, "");
    aws_rig_add(rig, "{\"eventName\":\"CreateVolume\",\"awsRegion\":\"x.evil.example/\","
                     "\"responseElements\":{\"volumeId\":\"v\"}}");
    aws_rig_submit(rig);
    aws_assert_outcome(rig, 0, EG_REJECTED, "is no region");
    assert_int_equal(count_requests(rig), 0);
    aws_rig_destroy(rig);
}

/* --- the suite */

static void every_sink_conforms(void **state)
{
    (void)state;
    static const struct {
        const struct eg_sink_type *type;
        const char *settings;
    } sinks[] = {
        {&eg_sink_dynamodb, ITEMS "item: {id: <eventgate.id>, what: <eventgate.payload>}\n"},
        {&eg_sink_dynamodb, CONDITION "item: {id: <eventgate.id>}\n"},
        {&eg_sink_s3, "bucket: b\n"},
        {&eg_sink_s3, "bucket: b\ncollect: true\ncollect_age: 20ms\ncompression: zstd\n"},
        {&eg_sink_aws_call, "service: states\noperation: AWSStepFunctions.StartExecution\n"},
        {&eg_sink_tagger, ""},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(sinks); i++) {
        struct aws_stub *stub = aws_stub_start();
        void *config = aws_config_new(sinks[i].type, stub, sinks[i].settings);
        struct eg_sink_suite suite = {.type = sinks[i].type, .config = config};
        assert_int_equal(eg_sink_suite_run(&suite), 0);
        aws_config_destroy(sinks[i].type, config);
        aws_stub_stop(stub);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_is_put),
        cmocka_unit_test(a_call_has_25_items),
        cmocka_unit_test(a_key_stands_once_in_a_call),
        cmocka_unit_test(unprocessed_items_are_tried_again),
        cmocka_unit_test(unprocessed_items_that_are_not_ours_fail_all),
        cmocka_unit_test(a_bad_item_fails_alone),
        cmocka_unit_test(what_is_no_item_is_not_sent),
        cmocka_unit_test(items_and_keys_have_limits),
        cmocka_unit_test(a_condition_is_a_call_for_each),
        cmocka_unit_test(the_errors_of_dynamodb),
        cmocka_unit_test(an_object_is_put),
        cmocka_unit_test(an_object_that_is_there_already),
        cmocka_unit_test(the_errors_of_s3),
        cmocka_unit_test(nothing_to_store_makes_no_object),
        cmocka_unit_test(a_key_has_limits),
        cmocka_unit_test(settings_that_can_not_work),
        cmocka_unit_test(a_json_operation_is_called),
        cmocka_unit_test(a_rest_operation_is_called),
        cmocka_unit_test(a_path_that_was_not_encoded_is_not_sent),
        cmocka_unit_test(every_kind_of_resource_is_tagged),
        cmocka_unit_test(a_bucket_without_tags_gets_its_first),
        cmocka_unit_test(a_tag_that_fails_is_a_failed_delivery),
        cmocka_unit_test(a_region_is_no_place_for_a_host),
        cmocka_unit_test(every_sink_conforms),
    };
    return cmocka_run_group_tests(tests, aws_stub_environment, NULL);
}
