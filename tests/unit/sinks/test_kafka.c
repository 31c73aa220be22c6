/* SPDX-License-Identifier: Apache-2.0 */
/* The Kafka sink against librdkafka's mock cluster: conformance, outcomes, order, replacement. */
#include "support/kafka_mock.h"
#include "support/without_tsan.h"

#include "base/error.h"
#include "eventgate/sink_suite.h"
#include "sinks/kafka/outcome.h"
#include "sinks/kafka/producer.h"

static void assert_begins(const char *text, const char *beginning)
{
    if (strncmp(text, beginning, strlen(beginning)) != 0)
        fail_msg("'%s' does not begin with '%s'", text, beginning);
}

static rd_kafka_t *new_consumer(struct kafka_mock *mock)
{
    char reason[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    assert_int_equal(rd_kafka_conf_set(conf, "bootstrap.servers",
                                       rd_kafka_mock_cluster_bootstraps(mock->cluster), reason,
                                       sizeof(reason)),
                     RD_KAFKA_CONF_OK);
    (void)rd_kafka_conf_set(conf, "group.id", "tests", reason, sizeof(reason));
    (void)rd_kafka_conf_set(conf, "enable.partition.eof", "true", reason, sizeof(reason));
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, reason, sizeof(reason));
    assert_non_null(consumer);
    return consumer;
}

/* The next message of partition 0, from its beginning; NULL at its end. */
static rd_kafka_message_t *next_message(rd_kafka_t *consumer)
{
    for (int i = 0; i < 100; i++) {
        rd_kafka_message_t *message = rd_kafka_consumer_poll(consumer, 200);
        if (!message)
            continue;
        if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
            return message;
        bool end = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        rd_kafka_message_destroy(message);
        if (end)
            return NULL;
    }
    fail_msg("the partition has no end");
    return NULL;
}

static rd_kafka_t *read_from_start(struct kafka_mock *mock, const char *topic)
{
    rd_kafka_t *consumer = new_consumer(mock);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
    assert_int_equal(rd_kafka_assign(consumer, list), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

static void assert_header(const rd_kafka_message_t *message, const char *name, const char *value)
{
    rd_kafka_headers_t *headers = NULL;
    const void *found = NULL;
    size_t len = 0;
    assert_int_equal(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR_NO_ERROR);
    rd_kafka_resp_err_t code = rd_kafka_header_get_last(headers, name, &found, &len);
    if (!value) {
        assert_int_equal(code, RD_KAFKA_RESP_ERR__NOENT);
        return;
    }
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        fail_msg("no header %s", name);
    assert_int_equal(len, strlen(value));
    assert_memory_equal(found, value, len);
}

static void it_conforms(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "suite.events", 4, 3), 0);
    struct eg_sink_suite suite = {.type = &eg_sink_kafka, .config = &mock->config};
    assert_int_equal(eg_sink_suite_run(&suite), 0);
}

static void the_message_is_the_event(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_start(mock);
    const struct eg_event_attribute attributes[] = {
        {EG_SPAN_LITERAL("x-tenant"), EG_SPAN_LITERAL("blue")}};
    struct mock_delivery made = mock_event("k1", "{ \"a\" : 1.50 }");
    made.event.attributes = attributes;
    made.event.attribute_count = 1;
    assert_int_equal(mock_send(mock, &made), EG_DELIVERED);
    rd_kafka_t *consumer = read_from_start(mock, "things");
    rd_kafka_message_t *message = next_message(consumer);
    assert_non_null(message);
    assert_int_equal(message->len, strlen("{ \"a\" : 1.50 }"));
    assert_memory_equal(message->payload, "{ \"a\" : 1.50 }", message->len);
    assert_int_equal(message->key_len, 2);
    assert_memory_equal(message->key, "k1", 2);
    assert_header(message, "event-id", "id-1");
    assert_header(message, "correlation-id", "corr");
    assert_header(message, "traceparent", "00-trace-01");
    assert_header(message, "tracestate", NULL);
    assert_header(message, "content-type", "application/json");
    assert_header(message, "x-tenant", "blue");
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(consumer);
}

static void a_cloudevent_has_the_headers_of_the_binding(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_start(mock);
    const struct eg_event_attribute attributes[] = {
        {EG_SPAN_LITERAL("specversion"), EG_SPAN_LITERAL("1.0")},
        {EG_SPAN_LITERAL("type"), EG_SPAN_LITERAL("t")},
        {EG_SPAN_LITERAL("datacontenttype"), EG_SPAN_LITERAL("application/x+json")},
        {EG_SPAN_LITERAL("x-tenant"), EG_SPAN_LITERAL("blue")}};
    struct mock_delivery made = mock_event("", "1");
    made.event.attributes = attributes;
    made.event.attribute_count = 4;
    assert_int_equal(mock_send(mock, &made), EG_DELIVERED);
    rd_kafka_t *consumer = read_from_start(mock, "things");
    rd_kafka_message_t *message = next_message(consumer);
    assert_non_null(message);
    assert_null(message->key);
    assert_header(message, "ce_specversion", "1.0");
    assert_header(message, "ce_type", "t");
    assert_header(message, "ce_datacontenttype", NULL);
    assert_header(message, "content-type", "application/x+json");
    assert_header(message, "x-tenant", "blue");
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(consumer);
}

static void python_json_and_a_mapped_topic(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "elsewhere", 1, 3), 0);
    mock->config.value_format = EG_KAFKA_VALUE_PYTHON_JSON;
    mock->config.headers = false;
    mock->config.topics.entries = eg_calloc(1, sizeof(struct eg_string_map_entry));
    mock->config.topics.entries[0] =
        (struct eg_string_map_entry){eg_strdup("things"), eg_strdup("elsewhere")};
    mock->config.topics.count = 1;
    mock_start(mock);
    struct mock_delivery made = mock_event("", "{\"a\":[1,2.50]}");
    assert_int_equal(mock_send(mock, &made), EG_DELIVERED);
    rd_kafka_t *consumer = read_from_start(mock, "elsewhere");
    rd_kafka_message_t *message = next_message(consumer);
    assert_non_null(message);
    const char *expected = "{\"a\": [1, 2.5]}";
    assert_int_equal(message->len, strlen(expected));
    assert_memory_equal(message->payload, expected, message->len);
    rd_kafka_headers_t *headers;
    assert_int_equal(rd_kafka_message_headers(message, &headers), RD_KAFKA_RESP_ERR__NOENT);
    rd_kafka_message_destroy(message);
    rd_kafka_destroy(consumer);
}

static void an_empty_event_is_no_tombstone(void **state)
{
    struct kafka_mock *mock = *state;
    mock_start(mock);
    struct mock_delivery made = mock_event("k", "");
    assert_int_equal(mock_send(mock, &made), EG_REJECTED);
    assert_begins(made.message, EG_KAFKA_FAILURE "the event is empty");
}

static void what_is_too_large_is_known_before_it_is_sent(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock->config.max_message_bytes = 2000;
    mock_start(mock);
    char payload[2001];
    memset(payload, '1', sizeof(payload) - 1);
    payload[sizeof(payload) - 1] = '\0';
    struct mock_delivery large = mock_event("k", payload);
    assert_int_equal(mock_send(mock, &large), EG_TOO_LARGE);
    assert_begins(large.message, EG_KAFKA_FAILURE);
    struct mock_delivery small = mock_event("k", payload + 1500);
    assert_int_equal(mock_send(mock, &small), EG_DELIVERED);
}

static void the_brokers_word_on_size_and_permission_is_final(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_start(mock);
    rd_kafka_mock_push_request_errors(mock->cluster, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
    struct mock_delivery large = mock_event("k", "1");
    assert_int_equal(mock_send(mock, &large), EG_TOO_LARGE);
    rd_kafka_mock_push_request_errors(mock->cluster, API_PRODUCE, 1,
                                      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
    struct mock_delivery refused = mock_event("k", "1");
    assert_int_equal(mock_send(mock, &refused), EG_REJECTED);
    assert_string_equal(refused.message, EG_KAFKA_FAILURE "Broker: Topic authorization failed");
    /* librdkafka remembers it for the topic, until the probe's look at the metadata. */
    struct eg_error err;
    assert_int_equal(eg_sink_kafka.probe(mock->sink, &err), 0);
    struct mock_delivery fine = mock_event("k", "1");
    assert_int_equal(mock_send(mock, &fine), EG_DELIVERED);
}

static void order_is_kept_through_retries(void **state)
{
    enum { COUNT = 300 };
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_property(mock, "batch.num.messages", "10"); /* many requests, several on their way */
    mock_start(mock);
    rd_kafka_mock_push_request_errors(
        mock->cluster, API_PRODUCE, 6, RD_KAFKA_RESP_ERR_NO_ERROR,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_NO_ERROR,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND);
    static struct mock_delivery made[COUNT];
    static char payloads[COUNT][12];
    for (int i = 0; i < COUNT; i++) {
        (void)snprintf(payloads[i], sizeof(payloads[i]), "%d", i);
        made[i] = mock_event("same", payloads[i]);
    }
    mock_submit(mock, made, COUNT);
    mock_await(made, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(made[i].outcome, EG_DELIVERED);
    rd_kafka_t *consumer = read_from_start(mock, "things");
    rd_kafka_message_t *message;
    int next = 0;
    while ((message = next_message(consumer)) != NULL) {
        int number = atoi((const char *)message->payload);
        /* The mock forgets what it refused after appending, so it may repeat; never go back. */
        assert_true(number <= next);
        next = number == next ? next + 1 : next;
        rd_kafka_message_destroy(message);
    }
    assert_int_equal(next, COUNT);
    rd_kafka_destroy(consumer);
}

static void without_brokers_it_fails_in_time_and_recovers(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_start(mock);
    struct mock_delivery before = mock_event("k", "1");
    assert_int_equal(mock_send(mock, &before), EG_DELIVERED);
    for (int32_t broker = 1; broker <= 3; broker++)
        (void)rd_kafka_mock_broker_set_down(mock->cluster, broker);
    struct mock_delivery lost = mock_event("k", "2");
    int64_t began_ms = eg_clock_monotonic_ms();
    assert_int_equal(mock_send(mock, &lost), EG_FAILED);
    assert_true(eg_clock_monotonic_ms() - began_ms <= mock_host.timeout_ms);
    assert_begins(lost.message, EG_KAFKA_FAILURE "Local: Message timed out");
    struct eg_error err;
    assert_int_equal(eg_sink_kafka.probe(mock->sink, &err), -1);
    assert_begins(err.message, "no broker answers: ");
    for (int32_t broker = 1; broker <= 3; broker++)
        (void)rd_kafka_mock_broker_set_up(mock->cluster, broker);
    struct mock_delivery after = mock_event("k", "3");
    assert_int_equal(mock_send(mock, &after), EG_DELIVERED);
    assert_int_equal(eg_sink_kafka.probe(mock->sink, &err), 0);
}

static void a_full_queue_gives_back_and_loses_nothing(void **state)
{
    enum { COUNT = 30, ROOM = 10 };
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_property(mock, "queue.buffering.max.messages", "10");
    mock_start(mock);
    for (int32_t broker = 1; broker <= 3; broker++)
        (void)rd_kafka_mock_broker_set_down(mock->cluster, broker);
    struct mock_delivery made[COUNT];
    for (int i = 0; i < COUNT; i++)
        made[i] = mock_event(i % 2 ? "key" : "", "1");
    int64_t began_ms = eg_clock_monotonic_ms();
    mock_submit(mock, made, COUNT);
    assert_true(eg_clock_monotonic_ms() - began_ms < 2500);
    for (int i = ROOM; i < COUNT; i++) {
        assert_int_equal(atomic_load(&made[i].completions), 1);
        assert_int_equal(made[i].outcome, i % 2 ? EG_FAILED : EG_RETRY);
        assert_string_equal(made[i].message, EG_KAFKA_FAILURE "Local: Queue full");
    }
    for (int32_t broker = 1; broker <= 3; broker++)
        (void)rd_kafka_mock_broker_set_up(mock->cluster, broker);
    mock_await(made, ROOM);
    for (int i = 0; i < ROOM; i++)
        assert_int_equal(made[i].outcome, EG_DELIVERED);
}

static void a_queue_that_moves_is_waited_for(void **state)
{
    enum { COUNT = 250 };
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock_property(mock, "queue.buffering.max.messages", "10");
    mock_start(mock);
    struct mock_delivery first = mock_event("key", "1"); /* by now there is a connection */
    assert_int_equal(mock_send(mock, &first), EG_DELIVERED);
    static struct mock_delivery made[COUNT];
    for (int i = 0; i < COUNT; i++)
        made[i] = mock_event("key", "1");
    mock_submit(mock, made, COUNT);
    mock_await(made, COUNT);
    for (int i = 0; i < COUNT; i++)
        assert_int_equal(made[i].outcome, EG_DELIVERED);
}

static void a_failed_producer_is_replaced(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    rd_kafka_mock_push_request_errors(mock->cluster, API_INIT_PRODUCER_ID, 1,
                                      RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
    mock_start(mock);
    struct mock_delivery lost = mock_event("k", "1");
    assert_int_equal(mock_send(mock, &lost), EG_FAILED);
    assert_begins(lost.message, EG_KAFKA_FAILURE);
    struct mock_delivery next = mock_event("k", "2");
    assert_int_equal(mock_send(mock, &next), EG_DELIVERED);
}

static void what_is_left_at_the_end_is_given_up(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    for (int32_t broker = 1; broker <= 3; broker++)
        (void)rd_kafka_mock_broker_set_down(mock->cluster, broker);
    mock_start(mock);
    struct mock_delivery made[20];
    for (int i = 0; i < 20; i++)
        made[i] = mock_event("k", "1");
    mock_submit(mock, made, 20);
    int64_t began_ms = eg_clock_monotonic_ms();
    eg_sink_kafka.drain(mock->sink, began_ms + 100);
    assert_true(eg_clock_monotonic_ms() - began_ms < 2000);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(atomic_load(&made[i].completions), 1);
        assert_int_equal(made[i].outcome, EG_FAILED);
    }
}

static void a_report_does_not_wait_for_a_poll(void **state)
{
    struct kafka_mock *mock = *state;
    assert_int_equal(rd_kafka_mock_topic_create(mock->cluster, "things", 1, 3), 0);
    mock->config.linger_ms = 0;
    mock_start(mock);
    int64_t best_ms = INT64_MAX;
    for (int i = 0; i < 20; i++) {
        struct mock_delivery made = mock_event("k", "1");
        int64_t began_ms = eg_clock_monotonic_ms();
        assert_int_equal(mock_send(mock, &made), EG_DELIVERED);
        int64_t took_ms = eg_clock_monotonic_ms() - began_ms;
        best_ms = took_ms < best_ms ? took_ms : best_ms;
    }
    assert_true(best_ms < 20);
}

static void assert_create_fails(struct kafka_mock *mock, const char *beginning)
{
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_sink_kafka.create(&mock_host, &mock->config, &sink, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_begins(err.message, beginning);
    assert_null(sink);
}

static void mistakes_in_properties_are_named(void **state)
{
    struct kafka_mock *mock = *state;
    mock_property(mock, "no.such.property", "1");
    assert_create_fails(mock, "property no.such.property: ");
    free(mock->config.properties.entries[0].name);
    mock->config.properties.entries[0].name = eg_strdup("delivery.report.only.error");
    assert_create_fails(mock, "property delivery.report.only.error belongs to the sink");
    free(mock->config.properties.entries[0].name);
    mock->config.properties.entries[0].name = eg_strdup("acks");
    struct eg_sink *sink = NULL;
    struct eg_error err = {.message = ""};
    assert_int_equal(eg_sink_kafka.create(&mock_host, &mock->config, &sink, &err), 0);
    assert_int_equal(eg_sink_kafka.start(sink, &err), -1); /* acks=1 and idempotence */
    assert_int_equal(err.code, EG_ERR_CONFIG);
    eg_sink_kafka.destroy(sink);
}

static void properties_win_over_settings(void **state)
{
    struct kafka_mock *mock = *state;
    mock_property(mock, "linger.ms", "77");
    rd_kafka_conf_t *conf;
    struct eg_error err;
    assert_int_equal(eg_kafka_config_build(&mock->config, 10000, &conf, &err), 0);
    char text[32];
    size_t bytes = sizeof(text);
    assert_int_equal(rd_kafka_conf_get(conf, "linger.ms", text, &bytes), RD_KAFKA_CONF_OK);
    assert_string_equal(text, "77");
    rd_kafka_conf_destroy(conf);
}

static void the_timeout_leaves_time_to_say_so(void **state)
{
    (void)state;
    struct eg_kafka_config config = {.linger_ms = 1};
    assert_int_equal(eg_kafka_config_message_timeout_ms(&config, 10000), 8500);
    assert_int_equal(eg_kafka_config_message_timeout_ms(&config, 2000), 1000);
    config.delivery_timeout_ms = 7000;
    assert_int_equal(eg_kafka_config_message_timeout_ms(&config, 10000), 7000);
    config.delivery_timeout_ms = 60000;
    assert_int_equal(eg_kafka_config_message_timeout_ms(&config, 10000), 8500);
    config.linger_ms = 5000;
    assert_int_equal(eg_kafka_config_message_timeout_ms(&config, 2000), 5001);
}

static void texts_say_what_is_known(void **state)
{
    (void)state;
    char text[EG_ERROR_MESSAGE_BYTES];
    eg_kafka_outcome_describe(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT, RD_KAFKA_RESP_ERR__AUTHENTICATION,
                              RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED, text);
    assert_string_equal(text,
                        "Kafka writer failed: Local: Message timed out (Local: Authentication "
                        "failure); it may have been written all the same");
    eg_kafka_outcome_describe(RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__TRANSPORT,
                              RD_KAFKA_MSG_STATUS_NOT_PERSISTED, text);
    assert_string_equal(text, "Kafka writer failed: Local: Unknown topic");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, mock_setup, mock_teardown)

int main(void)
{
    const struct CMUnitTest skipped[] = {cmocka_unit_test(librdkafka_does_not_run_under_tsan)};
    if (is_without_librdkafka())
        return cmocka_run_group_tests(skipped, NULL, NULL);
    const struct CMUnitTest tests[] = {
        TEST(it_conforms),
        TEST(the_message_is_the_event),
        TEST(a_cloudevent_has_the_headers_of_the_binding),
        TEST(python_json_and_a_mapped_topic),
        TEST(an_empty_event_is_no_tombstone),
        TEST(what_is_too_large_is_known_before_it_is_sent),
        TEST(the_brokers_word_on_size_and_permission_is_final),
        TEST(order_is_kept_through_retries),
        TEST(without_brokers_it_fails_in_time_and_recovers),
        TEST(a_full_queue_gives_back_and_loses_nothing),
        TEST(a_queue_that_moves_is_waited_for),
        TEST(a_failed_producer_is_replaced),
        TEST(what_is_left_at_the_end_is_given_up),
        TEST(a_report_does_not_wait_for_a_poll),
        TEST(mistakes_in_properties_are_named),
        TEST(properties_win_over_settings),
        cmocka_unit_test(the_timeout_leaves_time_to_say_so),
        cmocka_unit_test(texts_say_what_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
