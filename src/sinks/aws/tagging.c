/* SPDX-License-Identifier: Apache-2.0 */
/* One table: the name of the call, who has to have sent it, and where its resource's id is. */
#include "sinks/aws/tagging.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define MAX_USER_CHARACTERS 256u

struct row {
    const char *event;
    const char *source;
    enum eg_sink_tagging_kind kind;
    const char *id;    /* JSON pointer in the record; of a list: in each of its elements */
    const char *list;  /* NULL: there is one */
    const char *other; /* the id's pointer when there is nothing at `id`: a name to ask with */
    bool dated;        /* CloudTrail writes the API's date behind the name */
    bool describe;     /* `id` itself is a name to ask with */
};

static const struct row rows[] = {
    {.event = "RunInstances",
     .source = "ec2",
     .kind = EG_SINK_TAGGING_EC2,
     .list = "/responseElements/instancesSet/items",
     .id = "/instanceId"},
    {.event = "CreateVolume",
     .source = "ec2",
     .kind = EG_SINK_TAGGING_EC2,
     .id = "/responseElements/volumeId"},
    {.event = "CreateVpc",
     .source = "ec2",
     .kind = EG_SINK_TAGGING_EC2,
     .id = "/responseElements/vpc/vpcId"},
    {.event = "CreateSubnet",
     .source = "ec2",
     .kind = EG_SINK_TAGGING_EC2,
     .id = "/responseElements/subnet/subnetId"},
    {.event = "CreateSecurityGroup",
     .source = "ec2",
     .kind = EG_SINK_TAGGING_EC2,
     .id = "/responseElements/groupId"},
    {.event = "CreateBucket",
     .source = "s3",
     .kind = EG_SINK_TAGGING_S3,
     .id = "/requestParameters/bucketName"},
    {.event = "CreateDBInstance",
     .source = "rds",
     .kind = EG_SINK_TAGGING_RDS,
     .id = "/responseElements/dBInstanceArn",
     .other = "/requestParameters/dBInstanceIdentifier"},
    {.event = "CreateFunction",
     .source = "lambda",
     .kind = EG_SINK_TAGGING_LAMBDA,
     .id = "/responseElements/functionArn",
     .dated = true},
    {.event = "CreateTable",
     .source = "dynamodb",
     .kind = EG_SINK_TAGGING_DYNAMODB,
     .id = "/responseElements/tableDescription/tableArn"},
    {.event = "CreateTopic",
     .source = "sns",
     .kind = EG_SINK_TAGGING_SNS,
     .id = "/responseElements/topicArn"},
    {.event = "CreateQueue",
     .source = "sqs",
     .kind = EG_SINK_TAGGING_SQS,
     .id = "/responseElements/queueUrl"},
    {.event = "CreateCacheCluster",
     .source = "elasticache",
     .kind = EG_SINK_TAGGING_ELASTICACHE,
     .id = "/responseElements/cacheClusterId",
     .describe = true},
};

void eg_sink_tagging_fini(struct eg_sink_tagging *tagging)
{
    free(tagging->ids);
    eg_buffer_fini(&tagging->user);
}

/* The string at a pointer; empty: there is none. */
static struct eg_span text_at(const struct eg_json_document *document, eg_json_index from,
                              const char *pointer)
{
    eg_json_index at = eg_json_pointer(document, from, eg_span_text(pointer));
    if (at == EG_JSON_NONE || eg_json_kind(document, at) != EG_JSON_STRING)
        return EG_SPAN_EMPTY;
    return eg_json_string(document, at);
}

/* --- which resource */

/* "CreateFunction" and "CreateFunction20150331", but not "CreateFunctionUrlConfig". */
static bool is_event(const struct row *row, struct eg_span name)
{
    size_t len = strlen(row->event);
    if (!row->dated || name.len <= len)
        return eg_span_is(name, row->event);
    return memcmp(name.ptr, row->event, len) == 0 && isdigit((unsigned char)name.ptr[len]);
}

/* eventSource is "ec2.amazonaws.com"; another service may have a call of the same name. */
static bool is_source(const struct row *row, struct eg_span source)
{
    size_t len = strlen(row->source);
    return source.len == 0 || (source.len > len && memcmp(source.ptr, row->source, len) == 0 &&
                               source.ptr[len] == '.');
}

static const struct row *find_row(struct eg_span name, struct eg_span source)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(rows); i++)
        if (is_event(&rows[i], name) && is_source(&rows[i], source))
            return &rows[i];
    return NULL;
}

static void add_id(struct eg_sink_tagging *tagging, struct eg_span id)
{
    if (id.len == 0 || tagging->id_count == EG_SINK_TAGGING_IDS_MAX)
        return;
    tagging->ids = eg_realloc_array(tagging->ids, tagging->id_count + 1, sizeof(*tagging->ids));
    tagging->ids[tagging->id_count++] = id;
}

static void add_listed(const struct eg_json_document *document, eg_json_index record,
                       const struct row *row, struct eg_sink_tagging *tagging)
{
    eg_json_index list = eg_json_pointer(document, record, eg_span_text(row->list));
    if (list == EG_JSON_NONE || eg_json_kind(document, list) != EG_JSON_ARRAY)
        return;
    eg_json_index at = list + 1;
    for (uint32_t i = 0; i < eg_json_count(document, list); i++, at = eg_json_next(document, at))
        add_id(tagging, text_at(document, at, row->id));
}

static void add_ids(const struct eg_json_document *document, eg_json_index record,
                    const struct row *row, struct eg_sink_tagging *tagging)
{
    tagging->describe = row->describe;
    if (row->list) {
        add_listed(document, record, row, tagging);
        return;
    }
    add_id(tagging, text_at(document, record, row->id));
    if (tagging->id_count > 0 || !row->other)
        return;
    add_id(tagging, text_at(document, record, row->other));
    tagging->describe = true;
}

/* --- who */

static struct eg_span after_last(struct eg_span text, char c)
{
    const char *at = text.len ? memrchr(text.ptr, c, text.len) : NULL;
    return at ? eg_span_of(at + 1, text.len - (size_t)(at - text.ptr) - 1) : EG_SPAN_EMPTY;
}

/* What follows the mark; empty: it is not there. */
static struct eg_span after(struct eg_span text, const char *mark)
{
    const char *at = text.len ? memmem(text.ptr, text.len, mark, strlen(mark)) : NULL;
    if (!at)
        return EG_SPAN_EMPTY;
    at += strlen(mark);
    return eg_span_of(at, text.len - (size_t)(at - text.ptr));
}

static struct eg_span from_principal(struct eg_span principal)
{
    struct eg_span name = after_last(principal, ':');
    return eg_span_is(name, "ANONYMOUS") ? EG_SPAN_EMPTY : name;
}

static struct eg_span from_user_arn(struct eg_span arn)
{
    if (after(arn, ":user/").len == 0 && after(arn, "/user/").len == 0)
        return EG_SPAN_EMPTY;
    return after_last(arn, '/');
}

/* A role may have a path before its name; a session has its name behind the role's. */
static struct eg_span from_role_arn(struct eg_span arn)
{
    struct eg_span assumed = after(arn, "assumed-role/");
    if (assumed.len > 0) {
        const char *slash = memchr(assumed.ptr, '/', assumed.len);
        return eg_span_of(assumed.ptr, slash ? (size_t)(slash - assumed.ptr) : assumed.len);
    }
    return after(arn, ":role/").len > 0 ? after_last(arn, '/') : EG_SPAN_EMPTY;
}

/* Letters, digits, space and _.:/=+-@ are what every service takes; bytes beyond ASCII are letters.
 */
static void append_value(struct eg_span text, struct eg_buffer *out)
{
    unsigned characters = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool begins = (c & 0xC0) != 0x80;
        if (begins && characters++ == MAX_USER_CHARACTERS)
            return;
        bool allowed = c >= 0x80 || isalnum(c) || (c != '\0' && strchr(" _.:/=+-@", c));
        eg_buffer_append_char(out, allowed ? (char)c : '_');
    }
}

void eg_sink_tagging_user(const struct eg_json_document *document, eg_json_index record,
                          struct eg_buffer *out)
{
    struct eg_span arn = text_at(document, record, "/userIdentity/arn");
    const struct eg_span names[] = {
        from_principal(text_at(document, record, "/userIdentity/principalId")),
        from_user_arn(arn),
        from_role_arn(arn),
        text_at(document, record, "/userIdentity/userName"),
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(names); i++) {
        if (names[i].len == 0)
            continue;
        append_value(names[i], out);
        return;
    }
    struct eg_span account = text_at(document, record, "/userIdentity/accountId");
    if (account.len == 0)
        account = text_at(document, record, "/recipientAccountId");
    eg_buffer_append_text(out, "aws-account-");
    append_value(account.len ? account : EG_SPAN_LITERAL("unknown"), out);
}

/* The record is the envelope's detail, or the whole document. */
static eg_json_index find_record(const struct eg_json_document *document)
{
    eg_json_index detail = eg_json_pointer(document, 0, EG_SPAN_LITERAL("/detail"));
    bool nested = detail != EG_JSON_NONE && eg_json_kind(document, detail) == EG_JSON_OBJECT;
    return nested ? detail : 0;
}

const char *eg_sink_tagging_read(const struct eg_json_document *document,
                                 struct eg_sink_tagging *tagging)
{
    eg_json_index record = find_record(document);
    const struct row *row = find_row(text_at(document, record, "/eventName"),
                                     text_at(document, record, "/eventSource"));
    if (!row)
        return "the call makes nothing that is tagged";
    eg_json_index failed = eg_json_pointer(document, record, EG_SPAN_LITERAL("/errorCode"));
    if (failed != EG_JSON_NONE && eg_json_kind(document, failed) != EG_JSON_NULL)
        return "the call has failed (errorCode)";
    *tagging = (struct eg_sink_tagging){.event = row->event, .kind = row->kind};
    add_ids(document, record, row, tagging);
    if (tagging->id_count == 0)
        return "the call names no resource";
    tagging->region = text_at(document, record, "/awsRegion");
    eg_sink_tagging_user(document, record, &tagging->user);
    return NULL;
}
