/* SPDX-License-Identifier: Apache-2.0 */
/* One row for each kind of resource: its service, what is asked before, and how it is tagged. */
#include "sinks/aws/tagging_calls.h"

#include <stdio.h>
#include <string.h>

#include "aws/encode.h"
#include "aws/xml.h"
#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/compress.h"
#include "json/writer.h"

struct build {
    const struct eg_sink_tagging *tagging;
    const struct eg_span *ids;
    struct eg_span tags;
    const char *key;
    struct eg_sink_tagging_call *call;
};

void eg_sink_tagging_call_fini(struct eg_sink_tagging_call *call)
{
    eg_buffer_fini(&call->target);
    eg_buffer_fini(&call->checksum);
    eg_buffer_fini(&call->body);
}

static struct eg_span user_of(const struct build *build)
{
    return eg_buffer_span(&build->tagging->user);
}

static void begin(struct eg_sink_tagging_call *call, enum eg_aws_protocol protocol,
                  const char *method, const char *operation)
{
    call->protocol = protocol;
    call->method = method;
    call->operation = operation;
    eg_buffer_clear(&call->target);
    eg_buffer_clear(&call->body);
}

/* --- the Query protocol */

static void begin_form(struct eg_sink_tagging_call *call, const char *action, const char *version)
{
    begin(call, EG_AWS_QUERY, "POST", NULL);
    eg_buffer_append_char(&call->target, '/');
    eg_aws_form_add(&call->body, "Action", eg_span_text(action));
    eg_aws_form_add(&call->body, "Version", eg_span_text(version));
}

static void build_ec2(const struct build *build)
{
    begin_form(build->call, "CreateTags", "2016-11-15");
    for (size_t i = 0; i < build->tagging->id_count; i++) {
        char name[32];
        (void)snprintf(name, sizeof(name), "ResourceId.%zu", i + 1);
        eg_aws_form_add(&build->call->body, name, build->ids[i]);
    }
    eg_aws_form_add(&build->call->body, "Tag.1.Key", eg_span_text(build->key));
    eg_aws_form_add(&build->call->body, "Tag.1.Value", user_of(build));
}

static void add_tags(const struct build *build, const char *version)
{
    begin_form(build->call, "AddTagsToResource", version);
    eg_aws_form_add(&build->call->body, "ResourceName", build->ids[0]);
    eg_aws_form_add(&build->call->body, "Tags.Tag.1.Key", eg_span_text(build->key));
    eg_aws_form_add(&build->call->body, "Tags.Tag.1.Value", user_of(build));
}

static void build_rds(const struct build *build)
{
    add_tags(build, "2014-10-31");
}

static void build_elasticache(const struct build *build)
{
    add_tags(build, "2015-02-02");
}

static void build_sns(const struct build *build)
{
    begin_form(build->call, "TagResource", "2010-03-31");
    eg_aws_form_add(&build->call->body, "ResourceArn", build->ids[0]);
    eg_aws_form_add(&build->call->body, "Tags.member.1.Key", eg_span_text(build->key));
    eg_aws_form_add(&build->call->body, "Tags.member.1.Value", user_of(build));
}

/* --- JSON */

static void append_member(struct eg_buffer *body, const char *name, struct eg_span value)
{
    eg_json_write_name(body, name);
    eg_json_write_string(body, value);
}

/* {"Key":"Value"} */
static void append_tag_map(const struct build *build)
{
    struct eg_buffer *body = &build->call->body;
    eg_buffer_append_text(body, "\"Tags\":{");
    append_member(body, build->key, user_of(build));
    eg_buffer_append_text(body, "}}");
}

static void build_lambda(const struct build *build)
{
    begin(build->call, EG_AWS_REST_JSON, "POST", NULL);
    eg_buffer_append_text(&build->call->target, "/2017-03-31/tags/");
    eg_aws_encode(build->ids[0], &build->call->target);
    eg_buffer_append_char(&build->call->body, '{');
    append_tag_map(build);
}

static void build_sqs(const struct build *build)
{
    begin(build->call, EG_AWS_JSON_1_0, "POST", "AmazonSQS.TagQueue");
    eg_buffer_append_char(&build->call->target, '/');
    eg_buffer_append_char(&build->call->body, '{');
    append_member(&build->call->body, "QueueUrl", build->ids[0]);
    eg_buffer_append_char(&build->call->body, ',');
    append_tag_map(build);
}

static void build_dynamodb(const struct build *build)
{
    struct eg_buffer *body = &build->call->body;
    begin(build->call, EG_AWS_JSON_1_0, "POST", "DynamoDB_20120810.TagResource");
    eg_buffer_append_char(&build->call->target, '/');
    eg_buffer_append_char(body, '{');
    append_member(body, "ResourceArn", build->ids[0]);
    eg_buffer_append_text(body, ",\"Tags\":[{");
    append_member(body, "Key", eg_span_text(build->key));
    eg_buffer_append_char(body, ',');
    append_member(body, "Value", user_of(build));
    eg_buffer_append_text(body, "}]}");
}

/* --- S3 */

static void append_xml(struct eg_buffer *out, struct eg_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '&':
            eg_buffer_append_text(out, "&amp;");
            break;
        case '<':
            eg_buffer_append_text(out, "&lt;");
            break;
        case '>':
            eg_buffer_append_text(out, "&gt;");
            break;
        default:
            eg_buffer_append_char(out, text.ptr[i]);
        }
    }
}

static void append_xml_tag(struct eg_buffer *out, struct eg_span key, struct eg_span value)
{
    eg_buffer_append_text(out, "<Tag><Key>");
    append_xml(out, key);
    eg_buffer_append_text(out, "</Key><Value>");
    append_xml(out, value);
    eg_buffer_append_text(out, "</Value></Tag>");
}

/* The next <Tag>...</Tag>: no value can hold a '<'. */
static bool next_tag(struct eg_span *rest, struct eg_span *ret_tag)
{
    static const char open[] = "<Tag>", close[] = "</Tag>";
    const char *begin_at = rest->len ? memmem(rest->ptr, rest->len, open, strlen(open)) : NULL;
    if (!begin_at)
        return false;
    size_t left = rest->len - (size_t)(begin_at - rest->ptr);
    const char *end = memmem(begin_at, left, close, strlen(close));
    if (!end)
        return false;
    end += strlen(close);
    *ret_tag = eg_span_of(begin_at, (size_t)(end - begin_at));
    *rest = eg_span_of(end, left - ret_tag->len);
    return true;
}

/* The tags that are there, but the one that is being set. */
static void append_other_tags(const struct build *build)
{
    struct eg_span rest = build->tags, tag;
    while (next_tag(&rest, &tag)) {
        EG_AUTOBUFFER struct eg_buffer key = EG_BUFFER_INIT;
        EG_AUTOBUFFER struct eg_buffer value = EG_BUFFER_INIT;
        if (!eg_aws_xml_text(tag, "Tag/Key", &key) || eg_span_is(eg_buffer_span(&key), build->key))
            continue;
        (void)eg_aws_xml_text(tag, "Tag/Value", &value); /* it may be empty */
        append_xml_tag(&build->call->body, eg_buffer_span(&key), eg_buffer_span(&value));
    }
}

static void target_bucket(const struct eg_sink_tagging *tagging, struct eg_sink_tagging_call *call)
{
    eg_buffer_append_char(&call->target, '/');
    eg_aws_encode(tagging->ids[0], &call->target);
    eg_buffer_append_text(&call->target, "?tagging");
}

static void build_s3(const struct build *build)
{
    struct eg_buffer *body = &build->call->body;
    begin(build->call, EG_AWS_REST_XML, "PUT", NULL);
    build->call->content_type = "application/xml";
    target_bucket(build->tagging, build->call);
    eg_buffer_append_text(body,
                          "<Tagging xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><TagSet>");
    append_other_tags(build);
    append_xml_tag(body, eg_span_text(build->key), user_of(build));
    eg_buffer_append_text(body, "</TagSet></Tagging>");
    eg_sink_crc32_write(eg_buffer_span(body), &build->call->checksum);
    build->call->headers[0] = (struct eg_net_header){
        EG_SPAN_LITERAL("x-amz-sdk-checksum-algorithm"), EG_SPAN_LITERAL("CRC32")};
    build->call->headers[1] = (struct eg_net_header){EG_SPAN_LITERAL("x-amz-checksum-crc32"),
                                                     eg_buffer_span(&build->call->checksum)};
    build->call->header_count = 2;
}

/* --- questions */

static void ask_s3(const struct eg_sink_tagging *tagging, struct eg_sink_tagging_call *call)
{
    begin(call, EG_AWS_REST_XML, "GET", NULL);
    target_bucket(tagging, call);
}

static void ask_rds(const struct eg_sink_tagging *tagging, struct eg_sink_tagging_call *call)
{
    begin_form(call, "DescribeDBInstances", "2014-10-31");
    eg_aws_form_add(&call->body, "DBInstanceIdentifier", tagging->ids[0]);
}

static void ask_elasticache(const struct eg_sink_tagging *tagging,
                            struct eg_sink_tagging_call *call)
{
    begin_form(call, "DescribeCacheClusters", "2015-02-02");
    eg_aws_form_add(&call->body, "CacheClusterId", tagging->ids[0]);
}

/* --- the table */

static const struct kind {
    struct eg_aws_service service;
    void (*build)(const struct build *build);
    void (*ask)(const struct eg_sink_tagging *tagging, struct eg_sink_tagging_call *call);
    const char *arn; /* where the answer has it; NULL: it is not asked for */
} kinds[] = {
    [EG_SINK_TAGGING_EC2] = {{"ec2", "ec2", NULL}, build_ec2, NULL, NULL},
    [EG_SINK_TAGGING_S3] = {{"s3", "s3", NULL}, build_s3, ask_s3, NULL},
    [EG_SINK_TAGGING_RDS] = {{"rds", "rds", NULL}, build_rds, ask_rds, "DBInstance/DBInstanceArn"},
    [EG_SINK_TAGGING_LAMBDA] = {{"lambda", "lambda", NULL}, build_lambda, NULL, NULL},
    [EG_SINK_TAGGING_DYNAMODB] = {{"dynamodb", "dynamodb", NULL}, build_dynamodb, NULL, NULL},
    [EG_SINK_TAGGING_SNS] = {{"sns", "sns", NULL}, build_sns, NULL, NULL},
    [EG_SINK_TAGGING_SQS] = {{"sqs", "sqs", NULL}, build_sqs, NULL, NULL},
    [EG_SINK_TAGGING_ELASTICACHE] = {{"elasticache", "elasticache", NULL},
                                     build_elasticache,
                                     ask_elasticache,
                                     "CacheCluster/ARN"},
};

const struct eg_aws_service *eg_sink_tagging_service(enum eg_sink_tagging_kind kind)
{
    return &kinds[kind].service;
}

bool eg_sink_tagging_has_question(const struct eg_sink_tagging *tagging)
{
    return tagging->describe || tagging->kind == EG_SINK_TAGGING_S3;
}

void eg_sink_tagging_build_question(const struct eg_sink_tagging *tagging,
                                    struct eg_sink_tagging_call *call)
{
    EG_ASSERT(kinds[tagging->kind].ask);
    kinds[tagging->kind].ask(tagging, call);
}

int eg_sink_tagging_read_arn(const struct eg_sink_tagging *tagging, struct eg_span answer,
                             struct eg_buffer *found, struct eg_error *err)
{
    const char *path = kinds[tagging->kind].arn;
    EG_ASSERT(path);
    if (eg_aws_xml_text(answer, path, found) && found->len > 0)
        return 0;
    return eg_error_set(err, EG_ERR_INVALID, "the answer about '%.*s' has no %s",
                        EG_SPAN_ARGS(tagging->ids[0]), path);
}

void eg_sink_tagging_build(const struct eg_sink_tagging *tagging, const struct eg_span *ids,
                           struct eg_span tags, const char *key, struct eg_sink_tagging_call *call)
{
    struct build build = {tagging, ids, tags, key, call};
    kinds[tagging->kind].build(&build);
}
