/* SPDX-License-Identifier: Apache-2.0 */
/* Kafka in the Python EventGate's configuration: of config/upstream.c only. Control thread. */
#ifndef EG_CONFIG_UPSTREAM_KAFKA_H
#define EG_CONFIG_UPSTREAM_KAFKA_H

#include "config/problem.h"
#include "config/tree.h"

struct eg_config_upstream_kafka {
    const char *folder;                /* of config.json */
    struct eg_config_tree *tree;       /* the one that comes out */
    const struct eg_config_node *root; /* of config.json */
    const char *bootstrap_servers;
    struct eg_config_place place; /* of it */
    struct eg_config_problems *problems;
    struct eg_config_notices *notices;
};

/*
 * Adds the sink `kafka` with what the other keys and KAFKA_FLUSH_TIMEOUT, KAFKA_FLUSH_RETRIES,
 * KAFKA_RETRY_BACKOFF in the environment say. As there, a principal together with a key path
 * selects SASL_SSL with Kerberos.
 */
void eg_config_upstream_add_kafka(const struct eg_config_upstream_kafka *kafka);

#endif
