/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One service as it is reached from here: made from the settings, tended by the control thread, and
 * read by all callers. All that changes after it was made is atomic, or behind the source's locks.
 */
#include "aws/client.h"

#include <stdlib.h>
#include <string.h>

#include "aws/client_state.h"
#include "aws/time.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define SKEW_US       INT64_C(240000000) /* below it the clocks agree */
#define SKEW_TOOK_US  INT64_C(15000000)  /* a slower answer's Date says little */
#define WAIT_SLICE_MS 100                /* how soon a waiting caller sees that it is cancelled */

/* The fourth part of arn:partition:service:region:account:resource. NULL: there is none. */
static char *region_of_arn(const char *arn)
{
    if (!arn || strncmp(arn, "arn:", 4) != 0)
        return NULL;
    const char *at = arn;
    for (int colons = 0; colons < 3; colons++) {
        at = strchr(at, ':');
        if (!at)
            return NULL;
        at++;
    }
    size_t len = strcspn(at, ":");
    return len ? eg_span_dup(eg_span_of(at, len)) : NULL;
}

static int find_endpoint(struct eg_aws_client *client, const struct eg_aws_config *config,
                         const struct eg_aws_environment *environment, struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer endpoint = EG_BUFFER_INIT;
    if (eg_aws_endpoint(environment, &client->service, config->endpoint_url, environment->region,
                        &endpoint, err) < 0)
        return -1;
    client->custom_endpoint =
        eg_aws_endpoint_is_custom(environment, &client->service, config->endpoint_url);
    client->endpoint = eg_buffer_take(&endpoint, NULL);
    if (eg_aws_url_split(eg_span_text(client->endpoint), &client->url, err) < 0)
        return eg_error_prefix(err, "the endpoint of %s", client->service.id);
    if (memchr(client->url.target.ptr, '?', client->url.target.len))
        return eg_error_set(err, EG_ERR_CONFIG, "the endpoint of %s has a query",
                            client->service.id);
    return 0;
}

/* Region and endpoint, as they are now: a change of the shared files counts after a restart. */
static int resolve(struct eg_aws_client *client, const struct eg_aws_config *config,
                   const char *arn, struct eg_error *err)
{
    EG_AUTOAWSENVIRONMENT struct eg_aws_environment environment = {0};
    EG_AUTOFREE char *arn_region = region_of_arn(arn);
    const char *region = config->region && config->region[0] ? config->region : arn_region;
    if (eg_aws_environment_init(&environment, client->host, config->profile, region, err) < 0)
        return -1;
    if (!environment.region[0])
        return eg_error_set(err, EG_ERR_CONFIG,
                            "there is no AWS region: set `region`, AWS_REGION, or region in the "
                            "profile");
    client->region = eg_strdup(environment.region);
    return find_endpoint(client, config, &environment, err);
}

static void make_source(struct eg_aws_client *client, const struct eg_aws_config *config)
{
    struct eg_aws_source_options options = {
        .host = client->host,
        .profile = config->profile,
        .region = client->region,
        .role_arn = config->role_arn,
        .external_id = config->external_id,
        .session_name = config->session_name,
    };
    client->source = eg_aws_source_new(&options);
}

static struct eg_aws_client *allocate(const struct eg_aws_client_options *options)
{
    const struct eg_aws_config *config = options->config;
    struct eg_aws_client *client = eg_calloc(1, sizeof(*client));
    client->host = options->host;
    client->service = options->service;
    if (!client->service.signing_name)
        client->service.signing_name = client->service.host;
    client->is_s3 = strcmp(client->service.signing_name, "s3") == 0;
    client->is_dynamodb = strcmp(client->service.signing_name, "dynamodb") == 0;
    client->ca_bundle = config->ssl_ca_bundle ? eg_strdup(config->ssl_ca_bundle) : NULL;
    client->connect_timeout_ms = config->connect_timeout_ms;
    client->timeout_ms = config->timeout_ms;
    client->max_attempts = config->max_attempts > 0 ? (unsigned)config->max_attempts : 1;
    eg_aws_retry_bucket_init(&client->bucket);
    return client;
}

static int build(struct eg_aws_client *client, const struct eg_aws_client_options *options,
                 struct eg_error *err)
{
    if (!client->host) {
        if (eg_aws_host_new(client->ca_bundle, &client->own_host, err) < 0)
            return -1;
        client->host = client->own_host;
    }
    if (resolve(client, options->config, options->arn, err) < 0)
        return -1;
    make_source(client, options->config);
    return 0;
}

int eg_aws_client_new(const struct eg_aws_client_options *options,
                      struct eg_aws_client **ret_client, struct eg_error *err)
{
    struct eg_aws_client *client = allocate(options);
    if (build(client, options, err) < 0) {
        eg_aws_client_destroy(client);
        return -1;
    }
    *ret_client = client;
    return 0;
}

void eg_aws_client_destroy(struct eg_aws_client *client)
{
    if (!client)
        return;
    eg_aws_source_destroy(client->source);
    eg_aws_host_destroy(client->own_host);
    free(client->region);
    free(client->endpoint);
    free(client->ca_bundle);
    free(client);
}

int eg_aws_client_tend(struct eg_aws_client *client, struct eg_error *err)
{
    EG_AUTOCREDENTIALS struct eg_aws_credentials *credentials = NULL;
    const struct eg_clock *clock = client->host->clock;
    /* A failure decides nothing: what is held may serve for minutes yet. */
    if (eg_aws_source_refresh_due(client->source, clock->wall_us(clock->state)) &&
        eg_aws_source_refresh(client->source, err) == 0)
        return 0;
    return eg_aws_source_current(client->source, &credentials, err);
}

void eg_aws_client_cancel(struct eg_aws_client *client)
{
    atomic_store(&client->cancelled, true);
    if (client->own_host)
        eg_aws_host_cancel(client->own_host);
}

const char *eg_aws_client_region(const struct eg_aws_client *client)
{
    return client->region;
}

const char *eg_aws_client_endpoint(const struct eg_aws_client *client)
{
    return client->endpoint;
}

bool eg_aws_client_has_custom_endpoint(const struct eg_aws_client *client)
{
    return client->custom_endpoint;
}

void eg_aws_client_status(struct eg_aws_client *client, struct eg_aws_client_status *ret_status)
{
    eg_aws_source_status(client->source, &ret_status->credentials);
    ret_status->skew_ms = eg_aws_client_skew_us(client) / 1000;
    ret_status->attempts = atomic_load(&client->attempts);
    ret_status->retries = atomic_load(&client->retries);
    ret_status->tokens = atomic_load(&client->bucket.tokens);
}

int64_t eg_aws_client_skew_us(const struct eg_aws_client *client)
{
    int64_t skew_us = atomic_load_explicit(&client->skew_us, memory_order_relaxed);
    return skew_us >= SKEW_US || skew_us <= -SKEW_US ? skew_us : 0;
}

void eg_aws_client_learn_skew(struct eg_aws_client *client, const struct eg_net_response *response,
                              int64_t took_us)
{
    const struct eg_clock *clock = client->host->clock;
    struct eg_span date = eg_net_response_header(response, "Date");
    int64_t theirs_s;
    if (took_us > SKEW_TOOK_US || eg_net_response_header(response, "Age").len ||
        !eg_aws_time_parse_http(date, &theirs_s))
        return;
    int64_t skew_us = theirs_s * 1000000 - clock->wall_us(clock->state);
    atomic_store_explicit(&client->skew_us, skew_us, memory_order_relaxed);
}

bool eg_aws_client_wait(struct eg_aws_client *client, int64_t wait_ms)
{
    while (wait_ms > 0 && !atomic_load(&client->cancelled)) {
        int64_t slice_ms = wait_ms < WAIT_SLICE_MS ? wait_ms : WAIT_SLICE_MS;
        client->host->wait_ms(client->host->state, slice_ms);
        wait_ms -= slice_ms;
    }
    return !atomic_load(&client->cancelled);
}
