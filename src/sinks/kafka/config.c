/* SPDX-License-Identifier: Apache-2.0 */
/* One table of our settings, one of the properties they become, one of what we always set. */
#include "sinks/kafka/config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"

#define AT(member)          offsetof(struct eg_kafka_config, member)
#define REASON_BYTES        256
#define LATE_MS             1500    /* how late librdkafka may be with a timeout */
#define DEFAULT_BATCH_BYTES 1000000 /* librdkafka's batch.size */
#define MAX_MESSAGE_BYTES   1000000000

static const char *const value_formats[] = {"as_received", "python_json", NULL};

static const struct eg_field fields[] = {
    {.name = "bootstrap_servers",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(bootstrap_servers),
     .required = true,
     .help = "Brokers to ask first, HOST:PORT; the others are found through them."},
    {.name = "topic",
     .type = EG_FIELD_STRING,
     .offset = AT(topic),
     .help = "The Kafka topic of all events, a template (templates.md): `<$.source>`; unset: the "
             "name of the event's topic."},
    {.name = "key",
     .type = EG_FIELD_STRING,
     .offset = AT(key),
     .help = "The message key, a template: `<$.detail.customer.id>`; what comes out empty is no "
             "key. Unset: the event's key (`topic_keys`)."},
    {.name = "topics",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(topics),
     .help = "Event topic to Kafka topic, for those whose names differ; goes before `topic`."},
    {.name = "value_format",
     .type = EG_FIELD_CHOICE,
     .offset = AT(value_format),
     .default_text = "as_received",
     .choices = value_formats,
     .help = "as_received: the bytes that came in. python_json: written anew as the Python "
             "EventGate did."},
    {.name = "headers",
     .type = EG_FIELD_BOOL,
     .offset = AT(headers),
     .default_text = "true",
     .help = "Whether messages carry headers: event id, correlation id, trace context, content "
             "type, passed request headers, CloudEvents attributes."},
    {.name = "extra_headers",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(extra_headers),
     .help = "Headers of your own, name to template: `{source: <$.source>}`; what comes out empty "
             "is left out. They come after the others, also without them."},
    {.name = "linger",
     .type = EG_FIELD_DURATION,
     .offset = AT(linger_ms),
     .default_text = "1ms",
     .min = 0,
     .max = 60000,
     .help = "How long a batch for a partition waits for more messages."},
    {.name = "delivery_timeout",
     .type = EG_FIELD_DURATION,
     .offset = AT(delivery_timeout_ms),
     .default_text = "0ms",
     .min = 0,
     .max = 600000,
     .help = "How long the client library tries, when that is less than what the deadline leaves; "
             "0: what it leaves, which is 1.5s less than the deadline."},
    {.name = "max_message_size",
     .type = EG_FIELD_SIZE,
     .offset = AT(max_message_bytes),
     .default_text = "1000000",
     .min = 1000,
     .max = MAX_MESSAGE_BYTES,
     .help = "A larger message (key and headers included) is answered 413 without being sent. Not "
             "more than the brokers take, and the least of the topics' max.message.bytes."},
    {.name = "partitioner",
     .type = EG_FIELD_STRING,
     .offset = AT(partitioner),
     .default_text = "consistent_random",
     .help = "How a key becomes a partition. murmur2_random is what Java's clients do."},
    {.name = "security_protocol",
     .type = EG_FIELD_STRING,
     .offset = AT(security_protocol),
     .default_text = "plaintext",
     .help = "plaintext, ssl, sasl_plaintext or sasl_ssl."},
    {.name = "sasl_mechanism",
     .type = EG_FIELD_STRING,
     .offset = AT(sasl_mechanism),
     .help = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER."},
    {.name = "sasl_username",
     .type = EG_FIELD_STRING,
     .offset = AT(sasl_username),
     .help = "For PLAIN and SCRAM."},
    {.name = "sasl_password",
     .type = EG_FIELD_SECRET,
     .offset = AT(sasl_password),
     .help = "For PLAIN and SCRAM."},
    {.name = "kerberos_principal",
     .type = EG_FIELD_STRING,
     .offset = AT(kerberos_principal),
     .help = "For GSSAPI: who we are."},
    {.name = "kerberos_keytab",
     .type = EG_FIELD_PATH,
     .offset = AT(kerberos_keytab),
     .help = "For GSSAPI: the key of the principal."},
    {.name = "ssl_ca",
     .type = EG_FIELD_PATH,
     .offset = AT(ssl_ca),
     .help = "The certificates that sign the brokers'; unset: the system's."},
    {.name = "ssl_certificate",
     .type = EG_FIELD_PATH,
     .offset = AT(ssl_certificate),
     .help = "Our certificate, PEM, for brokers that ask for one."},
    {.name = "ssl_key",
     .type = EG_FIELD_PATH,
     .offset = AT(ssl_key),
     .help = "Its private key, PEM."},
    {.name = "ssl_key_password",
     .type = EG_FIELD_SECRET,
     .offset = AT(ssl_key_password),
     .help = "What the private key is encrypted with."},
    {.name = "properties",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(properties),
     .help = "Any property of librdkafka, by its own name; wins over all other settings."},
};

const struct eg_field_table eg_kafka_config_table = {
    .name = "sink kafka",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct eg_kafka_config),
};

/* What an operator may override, and we would not do without. */
static const struct {
    const char *property;
    const char *value;
} always[] = {
    {"client.id", "eventgate"},
    {"enable.idempotence", "true"},
    {"acks", "all"},
    /* The pipeline bounds what is in flight, and answers 503: here nothing more is to be full. */
    {"queue.buffering.max.messages", "10000000"},
    {"queue.buffering.max.kbytes", "2147483647"},
    /* A batch of one must not wait for the answer to the one before. */
    {"socket.nagle.disable", "true"},
    {"socket.keepalive.enable", "true"},
    /* A broker that is back is found within a second. */
    {"reconnect.backoff.max.ms", "1000"},
    /* A topic that does not exist is told within the deadline, and as that. */
    {"topic.metadata.propagation.max.ms", "2000"},
    {"sasl.kerberos.service.name", "kafka"},
    {"log.queue", "true"},
};

static const struct {
    const char *property;
    size_t offset;
} texts[] = {
    {"partitioner", AT(partitioner)},
    {"security.protocol", AT(security_protocol)},
    {"sasl.mechanisms", AT(sasl_mechanism)},
    {"sasl.username", AT(sasl_username)},
    {"sasl.password", AT(sasl_password)},
    {"sasl.kerberos.principal", AT(kerberos_principal)},
    {"sasl.kerberos.keytab", AT(kerberos_keytab)},
    {"ssl.ca.location", AT(ssl_ca)},
    {"ssl.certificate.location", AT(ssl_certificate)},
    {"ssl.key.location", AT(ssl_key)},
    {"ssl.key.password", AT(ssl_key_password)},
};

/* Without these the sink cannot know what became of a message. */
static const char *const reserved[] = {"delivery.report.only.error", "enabled_events", "log.queue",
                                       "transactional.id", "opaque"};

static int set(rd_kafka_conf_t *conf, const char *property, const char *value, struct eg_error *err)
{
    char reason[REASON_BYTES] = "";
    if (rd_kafka_conf_set(conf, property, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
        return 0;
    return eg_error_set(err, EG_ERR_CONFIG, "property %s: %s", property, reason);
}

static int set_number(rd_kafka_conf_t *conf, const char *property, int64_t value,
                      struct eg_error *err)
{
    char text[24];
    (void)snprintf(text, sizeof(text), "%" PRId64, value);
    return set(conf, property, text, err);
}

int64_t eg_kafka_config_message_timeout_ms(const struct eg_kafka_config *config, int64_t timeout_ms)
{
    int64_t left_ms = timeout_ms > 2 * LATE_MS ? timeout_ms - LATE_MS : timeout_ms / 2;
    int64_t wanted_ms = config->delivery_timeout_ms;
    int64_t least_ms = config->linger_ms + 1; /* librdkafka insists */
    int64_t ms = wanted_ms > 0 && wanted_ms < left_ms ? wanted_ms : left_ms;
    return ms < least_ms ? least_ms : ms;
}

static int set_numbers(const struct eg_kafka_config *config, int64_t timeout_ms,
                       rd_kafka_conf_t *conf, struct eg_error *err)
{
    /* The broker holds its limit against whole batches. */
    int64_t batch_bytes = config->max_message_bytes < DEFAULT_BATCH_BYTES
                              ? config->max_message_bytes
                              : DEFAULT_BATCH_BYTES;
    if (set_number(conf, "linger.ms", config->linger_ms, err) != 0 ||
        set_number(conf, "message.max.bytes", config->max_message_bytes, err) != 0 ||
        set_number(conf, "batch.size", batch_bytes, err) != 0)
        return -1;
    return set_number(conf, "message.timeout.ms",
                      eg_kafka_config_message_timeout_ms(config, timeout_ms), err);
}

static int set_servers(const struct eg_kafka_config *config, rd_kafka_conf_t *conf,
                       struct eg_error *err)
{
    struct eg_buffer servers EG_AUTOBUFFER = EG_BUFFER_INIT;
    for (size_t i = 0; i < config->bootstrap_servers.count; i++) {
        eg_buffer_append_text(&servers, i > 0 ? "," : "");
        eg_buffer_append_text(&servers, config->bootstrap_servers.items[i]);
    }
    if (servers.len == 0)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "bootstrap_servers is empty: name at least one broker");
    return set(conf, "bootstrap.servers", servers.data, err);
}

static int set_texts(const struct eg_kafka_config *config, rd_kafka_conf_t *conf,
                     struct eg_error *err)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(texts); i++) {
        const char *value = *(char *const *)(const void *)((const char *)config + texts[i].offset);
        if (value && value[0] && set(conf, texts[i].property, value, err) != 0)
            return -1;
    }
    return 0;
}

static int set_properties(const struct eg_string_map *properties, rd_kafka_conf_t *conf,
                          struct eg_error *err)
{
    for (size_t i = 0; i < properties->count; i++) {
        const struct eg_string_map_entry *entry = &properties->entries[i];
        for (size_t j = 0; j < EG_ARRAY_COUNT(reserved); j++)
            if (strcmp(entry->name, reserved[j]) == 0)
                return eg_error_set(err, EG_ERR_CONFIG,
                                    "property %s belongs to the sink: leave it out", entry->name);
        if (set(conf, entry->name, entry->value, err) != 0)
            return -1;
    }
    return 0;
}

/* OAUTHBEARER's tokens are fetched on a thread of librdkafka's, not when somebody polls. */
static void enable_token_refresh(rd_kafka_conf_t *conf)
{
    char mechanism[REASON_BYTES] = "";
    size_t bytes = sizeof(mechanism);
    if (rd_kafka_conf_get(conf, "sasl.mechanisms", mechanism, &bytes) == RD_KAFKA_CONF_OK &&
        strcmp(mechanism, "OAUTHBEARER") == 0)
        rd_kafka_conf_enable_sasl_queue(conf, 1);
}

static int set_all(const struct eg_kafka_config *config, int64_t timeout_ms, rd_kafka_conf_t *conf,
                   struct eg_error *err)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(always); i++)
        if (set(conf, always[i].property, always[i].value, err) != 0)
            return -1;
    if (set_servers(config, conf, err) != 0 || set_numbers(config, timeout_ms, conf, err) != 0 ||
        set_texts(config, conf, err) != 0)
        return -1;
    return set_properties(&config->properties, conf, err);
}

int eg_kafka_config_build(const struct eg_kafka_config *config, int64_t timeout_ms,
                          rd_kafka_conf_t **ret_conf, struct eg_error *err)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    if (set_all(config, timeout_ms, conf, err) != 0) {
        rd_kafka_conf_destroy(conf);
        return -1;
    }
    enable_token_refresh(conf);
    rd_kafka_conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
    *ret_conf = conf;
    return 0;
}
