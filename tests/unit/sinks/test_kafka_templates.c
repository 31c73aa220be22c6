/* SPDX-License-Identifier: Apache-2.0 */
/* Topic, key and headers of a Kafka message as the configuration's templates make them. */
#include "support/kafka_mock.h"
#include "support/without_tsan.h"

#include "sinks/kafka/message.h"
#include "sinks/kafka/outcome.h"
#include "sinks/kafka/producer.h"

#define ENVELOPE "{\"source\":\"shop\",\"detail\":{\"customer\":{\"id\":\"C7\"},\"none\":\"\"}}"

static const struct eg_event event = {
    .id = {"id-1", 4},
    .topic = {"things", 6},
    .key = {"k", 1},
    .payload = {"{\"customer\":{\"id\":\"C7\"}}", 24},
    .envelope = {ENVELOPE, sizeof(ENVELOPE) - 1},
    .correlation_id = {"corr", 4},
    .traceparent = {"00-trace-01", 11},
};

static void add(struct eg_string_map *map, const char *name, const char *value)
{
    map->entries = eg_realloc_array(map->entries, map->count + 1, sizeof(*map->entries));
    map->entries[map->count++] = (struct eg_string_map_entry){eg_strdup(name), eg_strdup(value)};
}

static void set(char **setting, const char *text)
{
    free(*setting);
    *setting = eg_strdup(text);
}

static int setup(void **state)
{
    struct eg_kafka_config *config = eg_calloc(1, sizeof(*config));
    eg_config_fields_default(eg_sink_kafka.config, config);
    *state = config;
    return 0;
}

static int teardown(void **state)
{
    eg_config_fields_fini(eg_sink_kafka.config, *state);
    free(*state);
    return 0;
}

static void open_writer(struct eg_kafka_writer *writer, const struct eg_kafka_config *config)
{
    struct eg_error err = {.message = ""};
    if (eg_kafka_writer_init(writer, config, &err) != 0 ||
        eg_kafka_writer_open(writer, &event, &err) != 0)
        fail_msg("%s", err.message);
}

static void assert_topic(struct eg_kafka_writer *writer, const char *expected)
{
    struct eg_error err;
    struct eg_span name;
    assert_int_equal(eg_kafka_topic_name(writer, &event, &name, &err), 0);
    assert_int_equal(name.len, strlen(expected));
    assert_memory_equal(name.ptr, expected, name.len);
}

static void assert_header(rd_kafka_headers_t *headers, const char *name, const char *expected)
{
    const void *found = NULL;
    size_t len = 0;
    rd_kafka_resp_err_t code = rd_kafka_header_get_last(headers, name, &found, &len);
    assert_int_equal(code, expected ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__NOENT);
    if (!expected)
        return;
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(found, expected, len);
}

static void without_templates_topic_and_key_are_the_events(void **state)
{
    struct eg_kafka_writer writer;
    struct eg_kafka_message message;
    struct eg_error err;
    open_writer(&writer, *state);
    assert_false(writer.templates.reads_envelope);
    assert_topic(&writer, "things");
    assert_int_equal(eg_kafka_message_write(&writer, &event, &message, &err), 0);
    assert_true(eg_span_is(message.key, "k"));
    assert_ptr_equal(message.value.ptr, event.payload.ptr);
    rd_kafka_headers_destroy(message.headers);
    eg_kafka_writer_fini(&writer);
}

static void templates_make_topic_key_and_headers(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_kafka_writer writer;
    struct eg_kafka_message message;
    struct eg_error err;
    set(&config->topic, "<$.source>.<eventgate.topic | upper>");
    set(&config->key, "<$.detail.customer.id | lower>");
    add(&config->extra_headers, "source", "<$.source>");
    add(&config->extra_headers, "fixed", "yes");
    add(&config->extra_headers, "none", "<$.detail.none>");
    add(&config->extra_headers, "event-id", "x-<eventgate.id>");
    open_writer(&writer, config);
    assert_true(writer.templates.reads_envelope);
    assert_topic(&writer, "shop.THINGS");
    assert_int_equal(eg_kafka_message_write(&writer, &event, &message, &err), 0);
    assert_true(eg_span_is(message.key, "c7"));
    assert_header(message.headers, "source", "shop");
    assert_header(message.headers, "fixed", "yes");
    assert_header(message.headers, "none", NULL);
    assert_header(message.headers, "event-id", "x-id-1");
    assert_header(message.headers, "correlation-id", "corr");
    rd_kafka_headers_destroy(message.headers);
    eg_kafka_writer_fini(&writer);
}

static void a_mapped_topic_goes_before_the_template(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_kafka_writer writer;
    set(&config->topic, "fixed");
    add(&config->topics, "others", "elsewhere");
    open_writer(&writer, config);
    assert_topic(&writer, "fixed");
    eg_kafka_writer_fini(&writer);
    add(&config->topics, "things", "mapped");
    open_writer(&writer, config);
    assert_topic(&writer, "mapped");
    eg_kafka_writer_fini(&writer);
}

static void own_headers_come_without_the_others_too(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_kafka_writer writer;
    struct eg_kafka_message message;
    struct eg_error err;
    config->headers = false;
    add(&config->extra_headers, "source", "<$.source>");
    open_writer(&writer, config);
    assert_int_equal(eg_kafka_message_write(&writer, &event, &message, &err), 0);
    assert_int_equal(rd_kafka_header_cnt(message.headers), 1);
    rd_kafka_headers_destroy(message.headers);
    eg_kafka_writer_fini(&writer);
}

static void what_cannot_be_rendered_is_said(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_kafka_writer writer;
    struct eg_kafka_message message;
    struct eg_span name;
    struct eg_error err;
    set(&config->topic, "<$.source | date('%Y')>");
    set(&config->key, "<$.source | number>");
    add(&config->extra_headers, "h", "<$.source | date>");
    open_writer(&writer, config);
    assert_int_equal(eg_kafka_topic_name(&writer, &event, &name, &err), -1);
    assert_non_null(strstr(err.message, "topic: the template's <$.source | date('%Y')>"));
    assert_int_equal(eg_kafka_message_write(&writer, &event, &message, &err), -1);
    assert_non_null(strstr(err.message, "key: the template's"));
    eg_kafka_writer_fini(&writer);
    set(&config->key, "");
    open_writer(&writer, config);
    assert_int_equal(eg_kafka_message_write(&writer, &event, &message, &err), -1);
    assert_non_null(strstr(err.message, "h: the template's"));
    eg_kafka_writer_fini(&writer);
}

static void a_wrong_template_is_found_when_the_sink_is_made(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_sink *sink = NULL;
    struct eg_error err;
    add(&config->extra_headers, "who", "<eventgate.subjekt>");
    assert_int_equal(eg_sink_kafka.create(&mock_host, config, &sink, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(err.message, "extra_headers.who: at character 2 of the template"));
    assert_non_null(strstr(err.message, "did you mean <eventgate.subject>?"));
}

static void a_templated_key_keeps_its_order(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_kafka_writer writer;
    struct eg_event keyless = event;
    keyless.key = EG_SPAN_EMPTY;
    open_writer(&writer, config);
    assert_true(eg_kafka_writer_gives_key(&writer, &event));
    assert_false(eg_kafka_writer_gives_key(&writer, &keyless));
    eg_kafka_writer_fini(&writer);
    set(&config->key, "<$.source>");
    open_writer(&writer, config);
    assert_true(eg_kafka_writer_gives_key(&writer, &keyless));
    eg_kafka_writer_fini(&writer);
    assert_int_equal(eg_kafka_outcome_refused(true), EG_FAILED);
    assert_int_equal(eg_kafka_outcome_refused(false), EG_RETRY);
}

/* A producer does not connect to be told a name; its topics are bounded. */
static void the_names_of_topics_are_bounded(void **state)
{
    struct eg_kafka_config *config = *state;
    struct eg_kafka_producer *producer;
    struct eg_error err = {.message = ""};
    rd_kafka_conf_t *conf;
    config->bootstrap_servers.items = eg_calloc(1, sizeof(char *));
    config->bootstrap_servers.items[config->bootstrap_servers.count++] = eg_strdup("127.0.0.1:1");
    assert_int_equal(eg_kafka_config_build(config, 1000, &conf, &err), 0);
    assert_int_equal(eg_kafka_producer_new(&mock_host, conf, &producer, &err), 0);
    assert_null(eg_kafka_producer_topic(producer, EG_SPAN_EMPTY));
    assert_null(eg_kafka_producer_topic(producer, eg_span_of("a\0b", 3)));
    rd_kafka_topic_t *first = eg_kafka_producer_topic(producer, EG_SPAN_LITERAL("t0"));
    for (unsigned i = 0; i < EG_KAFKA_MAX_TOPICS; i++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "t%u", i);
        assert_non_null(eg_kafka_producer_topic(producer, eg_span_text(name)));
    }
    assert_null(eg_kafka_producer_topic(producer, EG_SPAN_LITERAL("one-more")));
    assert_ptr_equal(eg_kafka_producer_topic(producer, EG_SPAN_LITERAL("t0")), first);
    eg_kafka_producer_destroy(producer);
    rd_kafka_conf_destroy(conf);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest skipped[] = {cmocka_unit_test(librdkafka_does_not_run_under_tsan)};
    if (is_without_librdkafka())
        return cmocka_run_group_tests(skipped, NULL, NULL);
    const struct CMUnitTest tests[] = {
        TEST(without_templates_topic_and_key_are_the_events),
        TEST(templates_make_topic_key_and_headers),
        TEST(a_mapped_topic_goes_before_the_template),
        TEST(own_headers_come_without_the_others_too),
        TEST(what_cannot_be_rendered_is_said),
        TEST(a_wrong_template_is_found_when_the_sink_is_made),
        TEST(a_templated_key_keeps_its_order),
        TEST(the_names_of_topics_are_bounded),
    };
    return cmocka_run_group_tests_name("kafka templates", tests, NULL, NULL);
}
