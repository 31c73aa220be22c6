/* SPDX-License-Identifier: Apache-2.0 */
/* What client.c and caller.c share. Constant once made, but for the atomics; any thread. */
#ifndef EG_AWS_CLIENT_STATE_H
#define EG_AWS_CLIENT_STATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "aws/client.h"
#include "aws/retry.h"

struct eg_aws_client {
    struct eg_aws_host *host;
    struct eg_aws_host *own_host; /* the same, or NULL: somebody else's */
    struct eg_aws_source *source;
    struct eg_aws_service service;
    char *region;
    char *endpoint;
    struct eg_aws_url url; /* into endpoint */
    bool custom_endpoint;
    bool is_s3;
    bool is_dynamodb;
    char *ca_bundle;
    int64_t connect_timeout_ms;
    int64_t timeout_ms;
    unsigned max_attempts;

    struct eg_aws_retry_bucket bucket;
    _Atomic int64_t skew_us; /* theirs minus ours, as last seen */
    _Atomic uint64_t attempts;
    _Atomic uint64_t retries;
    atomic_bool cancelled;
};

/* What is to be added to our clock: nothing below 4 minutes. */
int64_t eg_aws_client_skew_us(const struct eg_aws_client *client);

/* Learns from an answer's Date, unless it came out of a cache or took long. */
void eg_aws_client_learn_skew(struct eg_aws_client *client, const struct eg_net_response *response,
                              int64_t took_us);

/* False: cancelled while waiting. */
bool eg_aws_client_wait(struct eg_aws_client *client, int64_t wait_ms);

#endif
