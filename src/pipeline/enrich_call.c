/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The calls: an HTTP POST, or Lambda's Invoke
 * (https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html).
 *
 * Threads: a caller is one worker's. The clients of Lambda are shared; the list of them is guarded
 * by its lock, and only grows.
 */
#include <stdlib.h>

#include "aws/encode.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "net/client.h"
#include "pipeline/enrich.h"

#define REGIONS_MAX 16
#define HEADERS_MAX 32

struct client_entry {
    char *region; /* "": the configuration's */
    struct eg_aws_client *client;
};

struct eg_enrich_clients {
    const struct eg_enrich_config *config;
    struct eg_mutex lock; /* guards what follows */
    struct client_entry entries[REGIONS_MAX];
    size_t count;
};

struct eg_enrich_caller {
    struct eg_enrich_clients *clients;
    const struct eg_enrich_config *config;
    struct eg_net_client *net;
    struct eg_net_response response;
    struct eg_aws_caller *lambda[REGIONS_MAX]; /* by the entry's number; made when first used */
    struct eg_buffer target;
};

struct eg_enrich_clients *eg_enrich_clients_new(const struct eg_enrich_config *config)
{
    struct eg_enrich_clients *clients = eg_calloc(1, sizeof(*clients));
    clients->config = config;
    eg_mutex_init(&clients->lock);
    return clients;
}

void eg_enrich_clients_destroy(struct eg_enrich_clients *clients)
{
    if (!clients)
        return;
    for (size_t i = 0; i < clients->count; i++) {
        eg_aws_client_destroy(clients->entries[i].client);
        free(clients->entries[i].region);
    }
    eg_mutex_fini(&clients->lock);
    free(clients);
}

int eg_enrich_clients_tend(struct eg_enrich_clients *clients, struct eg_error *err)
{
    eg_mutex_lock(&clients->lock);
    size_t count = clients->count;
    eg_mutex_unlock(&clients->lock);
    for (size_t i = 0; i < count; i++)
        if (eg_aws_client_tend(clients->entries[i].client, err) != 0)
            return -1;
    return count > 0 ? 0 : EG_PROBE_NOT_CONFIGURED;
}

static int add_client(struct eg_enrich_clients *clients, struct eg_span region, size_t *ret_index,
                      struct eg_error *err)
{
    struct client_entry *entry = &clients->entries[clients->count];
    if (clients->count == REGIONS_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "functions in more than %d regions", REGIONS_MAX);
    char *name = eg_span_dup(region);
    struct eg_aws_config config = clients->config->aws;
    if (region.len > 0)
        config.region = name;
    struct eg_aws_client_options options = {.config = &config,
                                            .service = {"lambda", "lambda", NULL}};
    if (eg_aws_client_new(&options, &entry->client, err) != 0) {
        free(name);
        return -1;
    }
    entry->region = name;
    *ret_index = clients->count++;
    return 0;
}

static int find_client(struct eg_enrich_clients *clients, struct eg_span region, size_t *ret_index,
                       struct eg_error *err)
{
    int ret = 0;
    size_t found = REGIONS_MAX;
    eg_mutex_lock(&clients->lock);
    for (size_t i = 0; i < clients->count; i++)
        if (eg_span_is(region, clients->entries[i].region))
            found = i;
    if (found == REGIONS_MAX)
        ret = add_client(clients, region, &found, err);
    eg_mutex_unlock(&clients->lock);
    *ret_index = found;
    return ret;
}

int eg_enrich_caller_new(struct eg_enrich_clients *clients, const struct eg_enrich_config *config,
                         struct eg_enrich_caller **ret_caller, struct eg_error *err)
{
    struct eg_enrich_caller *caller = eg_calloc(1, sizeof(*caller));
    caller->clients = clients;
    caller->config = config;
    struct eg_net_client_options options = {.ca_bundle = config->aws.ssl_ca_bundle};
    if (eg_net_client_new(&options, &caller->net, err) != 0) {
        eg_enrich_caller_destroy(caller);
        return -1;
    }
    *ret_caller = caller;
    return 0;
}

void eg_enrich_caller_destroy(struct eg_enrich_caller *caller)
{
    if (!caller)
        return;
    for (size_t i = 0; i < REGIONS_MAX; i++)
        eg_aws_caller_destroy(caller->lambda[i]);
    eg_net_client_destroy(caller->net);
    eg_net_response_fini(&caller->response);
    eg_buffer_fini(&caller->target);
    free(caller);
}

static size_t gather_headers(const struct eg_rules_enrich *enrich, const struct eg_event *event,
                             struct eg_net_header *headers)
{
    size_t count = 0;
    headers[count++] = (struct eg_net_header){EG_SPAN_LITERAL("Content-Type"),
                                              EG_SPAN_LITERAL("application/json")};
    if (event->traceparent.len > 0)
        headers[count++] =
            (struct eg_net_header){EG_SPAN_LITERAL("traceparent"), event->traceparent};
    for (size_t i = 0; i < enrich->headers.count && count < HEADERS_MAX; i++)
        headers[count++] = (struct eg_net_header){eg_span_text(enrich->headers.entries[i].name),
                                                  eg_span_text(enrich->headers.entries[i].value)};
    return count;
}

static int post(struct eg_enrich_caller *caller, const struct eg_rules_enrich *enrich,
                const struct eg_event *event, struct eg_span body, struct eg_span *ret_answer,
                struct eg_error *err)
{
    struct eg_net_header headers[HEADERS_MAX];
    EG_AUTOFREE char *url = eg_span_dup(enrich->url);
    struct eg_net_request request = {
        .method = "POST",
        .url = url,
        .headers = headers,
        .header_count = gather_headers(enrich, event, headers),
        .body = body,
        .connect_timeout_ms = enrich->timeout_ms,
        .total_timeout_ms = enrich->timeout_ms,
        .max_response_bytes = (size_t)caller->config->max_answer_bytes,
    };
    if (eg_net_client_send(caller->net, &request, &caller->response, err) != 0)
        return -1;
    unsigned status = caller->response.status;
    if (status >= 200 && status < 300) {
        *ret_answer = eg_buffer_span(&caller->response.body);
        return 0;
    }
    if (status >= 500 || status == 408 || status == 429)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "the answer was %u", status);
    return eg_error_set(err, EG_ERR_INVALID, "the answer was %u", status);
}

static int lambda_caller(struct eg_enrich_caller *caller, struct eg_span region,
                         struct eg_aws_caller **ret_caller, struct eg_error *err)
{
    size_t index;
    if (find_client(caller->clients, region, &index, err) != 0)
        return -1;
    if (!caller->lambda[index] &&
        eg_aws_caller_new(caller->clients->entries[index].client, &caller->lambda[index], err) != 0)
        return -1;
    *ret_caller = caller->lambda[index];
    return 0;
}

static int invoke(struct eg_enrich_caller *caller, const struct eg_rules_enrich *enrich,
                  const struct eg_event *event, struct eg_span body, struct eg_span *ret_answer,
                  struct eg_error *err)
{
    struct eg_aws_caller *lambda;
    const struct eg_aws_response *response;
    if (lambda_caller(caller, enrich->region, &lambda, err) != 0)
        return -1;
    eg_buffer_clear(&caller->target);
    eg_buffer_append_text(&caller->target, "/2015-03-31/functions/");
    eg_aws_encode(enrich->lambda, &caller->target);
    eg_buffer_append_text(&caller->target, "/invocations");
    struct eg_aws_request request = {
        .protocol = EG_AWS_REST_JSON,
        .target = eg_buffer_span(&caller->target),
        .body = body,
        .traceparent = event->traceparent,
        .deadline_ms = eg_clock_monotonic_ms() + enrich->timeout_ms,
        .max_attempts = 1,
        .max_response_bytes = (size_t)caller->config->max_answer_bytes,
    };
    if (eg_aws_caller_call(lambda, &request, &response, NULL, err) != 0)
        return -1;
    if (eg_net_response_header(response->http, "X-Amz-Function-Error").len > 0)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "the function failed");
    *ret_answer = response->body;
    return 0;
}

int eg_enrich_caller_call(struct eg_enrich_caller *caller, const struct eg_rules_enrich *enrich,
                          const struct eg_event *event, struct eg_span body,
                          struct eg_span *ret_answer, struct eg_error *err)
{
    return enrich->url.len > 0 ? post(caller, enrich, event, body, ret_answer, err)
                               : invoke(caller, enrich, event, body, ret_answer, err);
}
