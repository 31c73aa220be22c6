/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of the Kafka sink, and what librdkafka makes of them.
 *
 * Control thread. The properties that a setting stands for are set first, those under `properties`
 * last, so that an operator can say anything that librdkafka understands
 * (https://github.com/confluentinc/librdkafka/blob/v2.0.2/CONFIGURATION.md).
 */
#ifndef EG_SINKS_KAFKA_CONFIG_H
#define EG_SINKS_KAFKA_CONFIG_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "eventgate/field.h"

enum eg_kafka_value_format {
    EG_KAFKA_VALUE_AS_RECEIVED, /* the bytes that came in */
    EG_KAFKA_VALUE_PYTHON_JSON, /* as the Python EventGate's json.dumps() wrote them */
};

struct eg_kafka_config {
    struct eg_string_list bootstrap_servers;
    char *topic;                 /* template; NULL: the event's topic */
    char *key;                   /* template; NULL: the event's key */
    struct eg_string_map topics; /* event topic to Kafka topic; before `topic` */
    int value_format;            /* enum eg_kafka_value_format */
    bool headers;
    struct eg_string_map extra_headers; /* name to template */
    int64_t linger_ms;
    int64_t delivery_timeout_ms; /* 0: what the deadline leaves */
    int64_t max_message_bytes;
    char *partitioner;
    char *security_protocol;
    char *sasl_mechanism;
    char *sasl_username;
    char *sasl_password;
    char *kerberos_principal;
    char *kerberos_keytab;
    char *ssl_ca;
    char *ssl_certificate;
    char *ssl_key;
    char *ssl_key_password;
    struct eg_string_map properties;
};

extern const struct eg_field_table eg_kafka_config_table;

/*
 * librdkafka's configuration for the settings; `timeout_ms` is the time that a delivery has
 * (eg_sink_host). EG_ERR_CONFIG names the property that is unknown, malformed, or not the
 * operator's to set. The caller owns what comes back.
 */
int eg_kafka_config_build(const struct eg_kafka_config *config, int64_t timeout_ms,
                          rd_kafka_conf_t **ret_conf, struct eg_error *err) EG_MUST_CHECK;

/*
 * How long librdkafka may try (message.timeout.ms): less than the deadline by what it may be late
 * (it looks at its timeouts once a second), so that the client hears the reason.
 */
int64_t eg_kafka_config_message_timeout_ms(const struct eg_kafka_config *config,
                                           int64_t timeout_ms);

#endif
