/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes by settings, and of payloads that are envelopes. */
#include "base/buffer.h"
#include "matching.h"
#include "rules/envelope.h"

static char *build_with(const struct eg_topics_envelope *config, const char *payload, bool open,
                        struct eg_error *err)
{
    struct eg_rules_envelope *envelope;
    if (eg_rules_envelope_new(config, &envelope, err) != 0)
        return NULL;
    EG_AUTOFREE char *json = matching_quotes(payload);
    const struct eg_event event = {
        .id = EG_SPAN_LITERAL("id-1"),
        .topic = EG_SPAN_LITERAL("orders"),
        .subject = EG_SPAN_LITERAL("a\"nn"),
        .payload = eg_span_text(json),
        .received_us = INT64_C(1603294852123456),
    };
    struct eg_json_document document;
    eg_json_document_init(&document);
    if (open)
        assert_int_equal(eg_json_document_parse(&document, event.payload, NULL, err), 0);
    EG_AUTOBUFFER struct eg_buffer out = EG_BUFFER_INIT;
    int rc = eg_rules_envelope_build(envelope, &event, open ? &document : NULL, &out, err);
    eg_json_document_fini(&document);
    eg_rules_envelope_destroy(envelope);
    return rc == 0 ? eg_buffer_take(&out, NULL) : NULL;
}

static void check(const struct eg_topics_envelope *config, const char *payload, const char *text)
{
    struct eg_error err = {.message = ""};
    EG_AUTOFREE char *want = matching_quotes(text);
    for (int open = 0; open < 2; open++) {
        EG_AUTOFREE char *got = build_with(config, payload, open, &err);
        if (!got)
            fail_msg("%s: %s", payload, err.message);
        assert_string_equal(got, want);
    }
}

static void a_topic_without_settings_has_defaults(void **state)
{
    (void)state;
    check(NULL, "{'a': 1}",
          "{'version':'0','id':'id-1','detail-type':'JSON','source':'orders','account':'',"
          "'time':'2020-10-21T15:40:52Z','region':'','resources':[],'detail':{'a': 1}}");
}

static void a_detail_need_not_be_an_object(void **state)
{
    (void)state;
    check(NULL, "[1,2]",
          "{'version':'0','id':'id-1','detail-type':'JSON','source':'orders','account':'',"
          "'time':'2020-10-21T15:40:52Z','region':'','resources':[],'detail':[1,2]}");
}

static void an_envelope_is_one_line(void **state)
{
    (void)state;
    check(NULL, "{'a':\n [1,\r\n 2]}",
          "{'version':'0','id':'id-1','detail-type':'JSON','source':'orders','account':'',"
          "'time':'2020-10-21T15:40:52Z','region':'','resources':[],'detail':{'a':[1,2]}}");
}

#define TEXT(literal) ((char *)(uintptr_t)(literal))

static void templates_fill_the_members(void **state)
{
    (void)state;
    char *resources[] = {TEXT("arn:x:<$.detail.entity>"), TEXT("<eventgate.subject>")};
    const struct eg_topics_envelope config = {
        .source = TEXT("gate.<eventgate.topic>"),
        .detail_type = TEXT("<$.detail.kind | default('Plain')>"),
        .account = TEXT("123456789012"),
        .region = TEXT("eu-west-1"),
        .time = TEXT("<$.detail.ts>"),
        .id = TEXT("<$.detail.id || eventgate.id>"),
        .resources = {resources, 2},
    };
    check(&config, "{'kind':'Order','ts':'1603294852000','id':'e\\u0031','entity':'x'}",
          "{'version':'0','id':'e1','detail-type':'Order','source':'gate.orders',"
          "'account':'123456789012','time':'2020-10-21T15:40:52Z','region':'eu-west-1',"
          "'resources':['arn:x:x','a\\'nn'],'detail':"
          "{'kind':'Order','ts':'1603294852000','id':'e\\u0031','entity':'x'}}");
    check(&config, "{}",
          "{'version':'0','id':'id-1','detail-type':'Plain','source':'gate.orders',"
          "'account':'123456789012','time':'2020-10-21T15:40:52Z','region':'eu-west-1',"
          "'resources':['arn:x:','a\\'nn'],'detail':{}}");
}

static void a_delivered_event_stays_what_it_is(void **state)
{
    (void)state;
    const struct eg_topics_envelope config = {.payload = true, .region = TEXT("here")};
    check(&config,
          "{'version':'0','id':'theirs','detail-type':'T','source':'s','account':'1',"
          "'time':'2021-01-01T00:00:00Z','resources':['r'],'detail':{'a':1},'replay-name':'x'}",
          "{'version':'0','id':'theirs','detail-type':'T','source':'s','account':'1',"
          "'time':'2021-01-01T00:00:00Z','region':'here','resources':['r'],'replay-name':'x',"
          "'detail':{'a':1}}");
}

static void a_put_events_entry_is_unpacked(void **state)
{
    (void)state;
    const struct eg_topics_envelope config = {.payload = true};
    struct eg_error err = {.message = ""};
    EG_AUTOFREE char *got = build_with(&config,
                                       "{'Source':'s','DetailType':'T','Time':1603294853,"
                                       "'Resources':['r'],'Detail':'{\\u0022a\\u0022:1}'}",
                                       true, &err);
    EG_AUTOFREE char *want = matching_quotes(
        "{'version':'0','id':'id-1','detail-type':'T','source':'s','account':'',"
        "'time':'2020-10-21T15:40:53Z','region':'','resources':['r'],'detail':{'a':1}}");
    assert_string_equal(got, want);
    assert_null(build_with(&config, "{'DetailType':'T','Detail':'{'}", true, &err));
    assert_non_null(strstr(err.message, "the payload's Detail is no JSON"));
}

static void a_cloudtrail_record_becomes_its_event(void **state)
{
    (void)state;
    const struct eg_topics_envelope config = {.payload = true};
    check(&config,
          "{'eventVersion':'1','eventSource':'ec2.amazonaws.com','eventName':'RunInstances',"
          "'eventTime':'2021-01-01T00:00:00Z','awsRegion':'eu-west-1','eventID':'x',"
          "'recipientAccountId':'42'}",
          "{'version':'0','id':'x','detail-type':'AWS API Call via CloudTrail',"
          "'source':'aws.ec2','account':'42','time':'2021-01-01T00:00:00Z','region':'eu-west-1',"
          "'resources':[],'detail':{'eventVersion':'1','eventSource':'ec2.amazonaws.com',"
          "'eventName':'RunInstances','eventTime':'2021-01-01T00:00:00Z','awsRegion':'eu-west-1',"
          "'eventID':'x','recipientAccountId':'42'}}");
}

static void another_payload_is_a_detail(void **state)
{
    (void)state;
    const struct eg_topics_envelope config = {.payload = true};
    check(&config, "{'detail':{'a':1}}",
          "{'version':'0','id':'id-1','detail-type':'JSON','source':'orders','account':'',"
          "'time':'2020-10-21T15:40:52Z','region':'','resources':[],'detail':{'detail':{'a':1}}}");
}

static void what_cannot_be_built_is_an_error(void **state)
{
    (void)state;
    struct eg_error err = {.message = ""};
    const struct eg_topics_envelope no_time = {.time = TEXT("<$.detail.a>")};
    assert_null(build_with(&no_time, "{'a':'x'}", true, &err));
    assert_non_null(strstr(err.message, "the envelope's time"));
    assert_null(build_with(NULL, "{", false, &err));
    const struct eg_topics_envelope outside = {.source = TEXT("<$.source>")};
    assert_null(build_with(&outside, "{}", true, &err));
    assert_non_null(strstr(err.message, "source: at character 2 of the template: <$.source>: only "
                                        "$.detail"));
    const struct eg_topics_envelope itself = {.source = TEXT("<aws.events.event.json>")};
    assert_null(build_with(&itself, "{}", true, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_without_settings_has_defaults),
        cmocka_unit_test(a_detail_need_not_be_an_object),
        cmocka_unit_test(an_envelope_is_one_line),
        cmocka_unit_test(templates_fill_the_members),
        cmocka_unit_test(a_delivered_event_stays_what_it_is),
        cmocka_unit_test(a_put_events_entry_is_unpacked),
        cmocka_unit_test(a_cloudtrail_record_becomes_its_event),
        cmocka_unit_test(another_payload_is_a_detail),
        cmocka_unit_test(what_cannot_be_built_is_an_error),
    };
    return cmocka_run_group_tests_name("rules envelope", tests, NULL, NULL);
}
