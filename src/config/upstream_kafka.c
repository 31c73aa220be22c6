/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink's settings from one table of keys, its time limit from three variables: the Python
 * EventGate waits for a message in rounds, KAFKA_FLUSH_RETRIES times KAFKA_FLUSH_TIMEOUT with
 * KAFKA_RETRY_BACKOFF in between; what remains of that here is how long it waits altogether.
 */
#include "config/upstream_kafka.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/upstream.h"

#define PRINCIPAL "kafka_sasl_kerberos_principal"
#define KEY_PATH  "kafka_ssl_key_path"

#define FLUSH_TIMEOUT_S 7.0
#define FLUSH_RETRIES   3.0
#define RETRY_BACKOFF_S 0.5
#define MAX_WAIT_S      600.0
#define REPORT_S        1.5 /* what a deadline must leave for the answer: see the sink */
#define DEADLINE_S      10.0

static const struct {
    const char *name;
    const char *setting;
    bool path;
} keys[] = {
    {PRINCIPAL, "kerberos_principal", false},
    {"kafka_sasl_kerberos_keytab_path", "kerberos_keytab", true},
    {"kafka_ssl_ca_path", "ssl_ca", true},
    {"kafka_ssl_cert_path", "ssl_certificate", true},
    {KEY_PATH, "ssl_key", true},
    {"kafka_ssl_key_password", "ssl_key_password", false},
};

static void put(const struct eg_config_upstream_kafka *kafka, struct eg_config_node *map,
                const char *setting, struct eg_config_place place, const char *text)
{
    place.file = kafka->tree->file;
    eg_config_map_set(kafka->tree, map, setting, eg_config_tree_scalar(kafka->tree, place, text));
}

static void put_key(const struct eg_config_upstream_kafka *kafka, struct eg_config_node *sink,
                    size_t index)
{
    const struct eg_config_node *value = eg_config_node_get(kafka->root, keys[index].name);
    if (!value || eg_config_node_is_null(value))
        return;
    if (value->kind != EG_CONFIG_SCALAR || !value->quoted) {
        (void)eg_config_problem_add(kafka->problems, value->place, "%s: expected a string, got %s",
                                    keys[index].name, eg_config_node_describe(value));
        return;
    }
    if (value->text.len == 0)
        return;
    EG_AUTOFREE char *path = keys[index].path
                                 ? eg_config_upstream_resolve(kafka->folder, value->text.ptr)
                                 : eg_strdup(value->text.ptr);
    put(kafka, sink, keys[index].setting, value->place, path);
}

static bool has(const struct eg_config_upstream_kafka *kafka, const char *name)
{
    const struct eg_config_node *value = eg_config_node_get(kafka->root, name);
    return value && !eg_config_node_is_null(value);
}

static void put_kerberos(const struct eg_config_upstream_kafka *kafka, struct eg_config_node *sink)
{
    if (!has(kafka, PRINCIPAL) || !has(kafka, KEY_PATH))
        return;
    put(kafka, sink, "security_protocol", kafka->place, "sasl_ssl");
    put(kafka, sink, "sasl_mechanism", kafka->place, "GSSAPI");
    for (size_t i = 0; i < EG_ARRAY_COUNT(keys); i++)
        put_key(kafka, sink, i);
}

/* False: not set. What cannot be read or makes no sense is told and left aside. */
static bool read_variable(const struct eg_config_upstream_kafka *kafka, const char *name,
                          double least, double *value)
{
    const char *text = getenv(name);
    if (!text || !text[0])
        return false;
    char *end = NULL;
    double number = strtod(text, &end);
    if (end != text && *end == '\0' && number >= least && number <= MAX_WAIT_S) {
        *value = number;
        return true;
    }
    eg_config_notice_add(kafka->notices, EG_CONFIG_NOTICE_WARNING, "kafka",
                         "%s in the environment is left aside: expected a number from %g to %g",
                         name, least, MAX_WAIT_S);
    return false;
}

/* A wait that the usual deadline would cut short moves the deadline. */
static void put_deadline(const struct eg_config_upstream_kafka *kafka, double wait_s)
{
    if (wait_s + REPORT_S <= DEADLINE_S)
        return;
    struct eg_config_node *pipeline = eg_config_tree_map(kafka->tree, kafka->place);
    EG_AUTOFREE char *text = eg_asprintf("%.0fms", (wait_s + REPORT_S) * 1000);
    put(kafka, pipeline, "deadline", kafka->place, text);
    eg_config_map_set(kafka->tree, kafka->tree->root, "pipeline", pipeline);
}

static void put_wait(const struct eg_config_upstream_kafka *kafka, struct eg_config_node *sink)
{
    double timeout_s = FLUSH_TIMEOUT_S;
    double rounds = FLUSH_RETRIES;
    double backoff_s = RETRY_BACKOFF_S;
    bool any = read_variable(kafka, "KAFKA_FLUSH_TIMEOUT", 0.1, &timeout_s);
    any |= read_variable(kafka, "KAFKA_FLUSH_RETRIES", 1, &rounds);
    any |= read_variable(kafka, "KAFKA_RETRY_BACKOFF", 0, &backoff_s);
    if (!any)
        return;
    double wait_s = timeout_s * rounds + backoff_s * (rounds - 1);
    if (wait_s > MAX_WAIT_S - REPORT_S)
        wait_s = MAX_WAIT_S - REPORT_S;
    EG_AUTOFREE char *text = eg_asprintf("%.0fms", wait_s * 1000);
    put(kafka, sink, "delivery_timeout", kafka->place, text);
    put_deadline(kafka, wait_s);
}

void eg_config_upstream_add_kafka(const struct eg_config_upstream_kafka *kafka)
{
    struct eg_config_tree *tree = kafka->tree;
    struct eg_config_place place = kafka->place;
    place.file = tree->file;
    const struct eg_config_member *member = eg_config_member_find(tree->root, "sinks");
    struct eg_config_node *sinks = member ? member->node : eg_config_tree_map(tree, place);
    struct eg_config_node *sink = eg_config_tree_map(tree, place);
    put(kafka, sink, "type", kafka->place, "kafka");
    put(kafka, sink, "bootstrap_servers", kafka->place, kafka->bootstrap_servers);
    put_kerberos(kafka, sink);
    put_wait(kafka, sink);
    eg_config_map_append(tree, sinks, EG_SPAN_LITERAL("kafka"), place, sink);
    if (!member)
        eg_config_map_set(tree, tree->root, "sinks", sinks);
}
