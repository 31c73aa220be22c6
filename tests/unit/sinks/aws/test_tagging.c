/* SPDX-License-Identifier: Apache-2.0 */
/* Every call of the tagger's table: its resource, its region, and who made it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "sinks/aws/tagging.h"

struct read {
    struct eg_json_document document;
    char *text;
    struct eg_sink_tagging tagging;
    const char *why_not;
};

static void read_event(struct read *read, const char *json)
{
    struct eg_error err;
    *read = (struct read){.text = eg_strdup(json)};
    eg_json_document_init(&read->document);
    if (eg_json_document_parse(&read->document, eg_span_text(read->text), NULL, &err) != 0)
        fail_msg("%s: %s", json, err.message);
    read->why_not = eg_sink_tagging_read(&read->document, &read->tagging);
}

static void read_fini(struct read *read)
{
    eg_sink_tagging_fini(&read->tagging);
    eg_json_document_fini(&read->document);
    free(read->text);
}

static const struct {
    const char *name;
    const char *source;
    const char *rest;
    enum eg_sink_tagging_kind kind;
    const char *id;
    bool describe;
} resources[] = {
    {"RunInstances", "ec2",
     "\"responseElements\":{\"instancesSet\":{\"items\":[{\"instanceId\":\"i-1\"}]}}",
     EG_SINK_TAGGING_EC2, "i-1", false},
    {"CreateVolume", "ec2", "\"responseElements\":{\"volumeId\":\"vol-1\"}", EG_SINK_TAGGING_EC2,
     "vol-1", false},
    {"CreateVpc", "ec2", "\"responseElements\":{\"vpc\":{\"vpcId\":\"vpc-1\"}}",
     EG_SINK_TAGGING_EC2, "vpc-1", false},
    {"CreateSubnet", "ec2", "\"responseElements\":{\"subnet\":{\"subnetId\":\"subnet-1\"}}",
     EG_SINK_TAGGING_EC2, "subnet-1", false},
    {"CreateSecurityGroup", "ec2", "\"responseElements\":{\"groupId\":\"sg-1\"}",
     EG_SINK_TAGGING_EC2, "sg-1", false},
    {"CreateBucket", "s3", "\"requestParameters\":{\"bucketName\":\"b\"},\"responseElements\":null",
     EG_SINK_TAGGING_S3, "b", false},
    {"CreateDBInstance", "rds",
     "\"requestParameters\":{\"dBInstanceIdentifier\":\"db\"},"
     "\"responseElements\":{\"dBInstanceArn\":\"arn:aws:rds:r:1:db:db\"}",
     EG_SINK_TAGGING_RDS, "arn:aws:rds:r:1:db:db", false},
    {"CreateDBInstance", "rds",
     "\"requestParameters\":{\"dBInstanceIdentifier\":\"db\"},\"responseElements\":{}",
     EG_SINK_TAGGING_RDS, "db", true},
    {"CreateFunction20150331", "lambda", "\"responseElements\":{\"functionArn\":\"arn:f\"}",
     EG_SINK_TAGGING_LAMBDA, "arn:f", false},
    {"CreateFunction", "lambda", "\"responseElements\":{\"functionArn\":\"arn:f\"}",
     EG_SINK_TAGGING_LAMBDA, "arn:f", false},
    {"CreateTable", "dynamodb",
     "\"responseElements\":{\"tableDescription\":{\"tableArn\":\"arn:t\"}}",
     EG_SINK_TAGGING_DYNAMODB, "arn:t", false},
    {"CreateTopic", "sns", "\"responseElements\":{\"topicArn\":\"arn:s\"}", EG_SINK_TAGGING_SNS,
     "arn:s", false},
    {"CreateQueue", "sqs", "\"responseElements\":{\"queueUrl\":\"https://q/1/q\"}",
     EG_SINK_TAGGING_SQS, "https://q/1/q", false},
    {"CreateCacheCluster", "elasticache", "\"responseElements\":{\"cacheClusterId\":\"c\"}",
     EG_SINK_TAGGING_ELASTICACHE, "c", true},
};

#define USER "\"userIdentity\":{\"accountId\":\"1\"},"

static void every_call_of_the_table_has_its_id(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(resources); i++) {
        EG_AUTOFREE char *json = eg_asprintf(
            "{\"detail\":{\"eventSource\":\"%s.amazonaws.com\",\"awsRegion\":\"eu-west-1\"," USER
            "\"eventName\":\"%s\",%s}}",
            resources[i].source, resources[i].name, resources[i].rest);
        struct read read;
        read_event(&read, json);
        if (read.why_not)
            fail_msg("%s: %s", json, read.why_not);
        assert_int_equal(read.tagging.kind, resources[i].kind);
        assert_int_equal(read.tagging.id_count, 1);
        assert_true(eg_span_is(read.tagging.ids[0], resources[i].id));
        assert_int_equal(read.tagging.describe, resources[i].describe);
        assert_true(eg_span_is(read.tagging.region, "eu-west-1"));
        assert_string_equal(read.tagging.user.data, "aws-account-1");
        read_fini(&read);
    }
}

static void all_instances_are_tagged_at_once(void **state)
{
    (void)state;
    struct read read;
    read_event(&read, "{\"eventName\":\"RunInstances\",\"responseElements\":{\"instancesSet\":"
                      "{\"items\":[{\"instanceId\":\"i-1\"},{},{\"instanceId\":\"i-2\"},1]}}}");
    assert_null(read.why_not);
    assert_int_equal(read.tagging.id_count, 2);
    assert_true(eg_span_is(read.tagging.ids[1], "i-2"));
    read_fini(&read);
}

static const struct {
    const char *identity;
    const char *user;
} users[] = {
    {"\"principalId\":\"AROA:jane@example.com\",\"arn\":\"arn:aws:iam::1:user/x\"",
     "jane@example.com"},
    {"\"principalId\":\"A:B:C\"", "C"},
    {"\"principalId\":\"AIDA\",\"arn\":\"arn:aws:iam::1:user/team/jane\"", "jane"},
    {"\"principalId\":\"AIDA:\",\"arn\":\"arn:aws:sts::1:federated/user/jane\"", "jane"},
    {"\"principalId\":\"X:ANONYMOUS\",\"arn\":\"arn:aws:iam::1:role/service/deploy\"", "deploy"},
    {"\"arn\":\"arn:aws:sts::1:assumed-role/deploy/session\"", "deploy"},
    {"\"arn\":\"arn:aws:sts::1:assumed-role/deploy\"", "deploy"},
    {"\"arn\":\"arn:aws:iam::1:root\",\"userName\":\"joe\",\"accountId\":\"1\"", "joe"},
    {"\"arn\":\"arn:aws:iam::1:root\",\"accountId\":\"123456789012\"", "aws-account-123456789012"},
    {"\"principalId\":null,\"arn\":5", "aws-account-999"},
    {"\"principalId\":\"A:a,b<c\"", "a_b_c"},
};

static void the_user_is_the_first_that_there_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(users); i++) {
        EG_AUTOFREE char *json =
            eg_asprintf("{\"eventName\":\"CreateVolume\",\"responseElements\":{\"volumeId\":\"v\"},"
                        "\"userIdentity\":{%s},\"recipientAccountId\":\"999\"}",
                        users[i].identity);
        struct read read;
        read_event(&read, json);
        assert_null(read.why_not);
        assert_string_equal(read.tagging.user.data, users[i].user);
        read_fini(&read);
    }
}

static void a_value_has_at_most_256_characters(void **state)
{
    (void)state;
    EG_AUTOBUFFER struct eg_buffer name = EG_BUFFER_INIT;
    for (unsigned i = 0; i < 300; i++)
        eg_buffer_append_text(&name, "\xC3\xA9");
    EG_AUTOFREE char *json =
        eg_asprintf("{\"eventName\":\"CreateVolume\",\"responseElements\":{\"volumeId\":\"v\"},"
                    "\"userIdentity\":{\"userName\":\"%s\"}}",
                    name.data);
    struct read read;
    read_event(&read, json);
    assert_int_equal(read.tagging.user.len, 512);
    read_fini(&read);
}

static const struct {
    const char *json;
    const char *why;
} nothing[] = {
    {"{\"eventName\":\"DeleteVolume\"}", "nothing that is tagged"},
    {"{}", "nothing that is tagged"},
    {"{\"eventName\":7}", "nothing that is tagged"},
    {"{\"eventName\":\"CreateFunctionUrlConfig\",\"responseElements\":{\"functionArn\":\"a\"}}",
     "nothing that is tagged"},
    {"{\"eventName\":\"CreateTable\",\"eventSource\":\"cassandra.amazonaws.com\"}",
     "nothing that is tagged"},
    {"{\"eventName\":\"CreateVolume\",\"errorCode\":\"UnauthorizedOperation\","
     "\"responseElements\":{\"volumeId\":\"v\"}}",
     "has failed"},
    {"{\"eventName\":\"CreateVolume\",\"responseElements\":null}", "names no resource"},
    {"{\"eventName\":\"CreateVolume\",\"responseElements\":{\"volumeId\":\"\"}}",
     "names no resource"},
    {"{\"eventName\":\"RunInstances\",\"responseElements\":{\"instancesSet\":{\"items\":[]}}}",
     "names no resource"},
    {"{\"eventName\":\"RunInstances\",\"responseElements\":{\"instancesSet\":{\"items\":{}}}}",
     "names no resource"},
};

static void what_makes_nothing_is_left_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(nothing); i++) {
        struct read read;
        read_event(&read, nothing[i].json);
        if (!read.why_not || !strstr(read.why_not, nothing[i].why))
            fail_msg("%s: %s", nothing[i].json, read.why_not ? read.why_not : "tagged");
        read_fini(&read);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_call_of_the_table_has_its_id),
        cmocka_unit_test(all_instances_are_tagged_at_once),
        cmocka_unit_test(the_user_is_the_first_that_there_is),
        cmocka_unit_test(a_value_has_at_most_256_characters),
        cmocka_unit_test(what_makes_nothing_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
