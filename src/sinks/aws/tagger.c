/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags new AWS resources with who made them, by what CloudTrail tells (tagging.h): the calls go to
 * the service and the region in which the resource is.
 *
 * Threads: each worker has its renderer and the callers that it has needed so far; the clients
 * behind them are shared, made when a service is met in a region for the first time, and guarded by
 * `mutex`, which is held while one is made but not while it is used.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "sinks/aws/single.h"
#include "sinks/aws/tagging.h"
#include "sinks/aws/tagging_calls.h"
#include "sinks/registry.h"

#define REGION_BYTES EG_AWS_REGION_BYTES
#define MAX_CLIENTS  512u /* services times regions */
#define KEY_MAX      128u

struct config {
    char *tag;
    struct eg_aws_config aws;
};

static const struct eg_field fields[] = {
    {.name = "tag",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct config, tag),
     .default_text = "CreatedBy",
     .help = "The tag's key. Its value is the name of the user who made the resource."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink tagger",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct client {
    enum eg_sink_tagging_kind kind;
    char region[REGION_BYTES]; /* "": the configuration's */
    struct eg_aws_client *client;
};

struct eg_sink {
    struct eg_sink_single single;
    const struct config *config;
    struct eg_mutex mutex; /* guards what follows */
    struct client clients[MAX_CLIENTS];
    size_t client_count;
};

/* A worker's way to a service in a region. */
struct way {
    struct eg_aws_client *client;
    struct eg_aws_caller *caller;
    struct way *next;
};

struct worker {
    struct eg_sink_single_worker *single;
    struct way *ways;
};

/* --- clients and callers */

/* With the lock held. */
static int make_client(struct eg_sink *sink, enum eg_sink_tagging_kind kind, const char *region,
                       struct eg_aws_client **ret_client, struct eg_error *err)
{
    struct eg_aws_config config = sink->config->aws;
    if (region[0])
        config.region = (char *)(uintptr_t)region;
    const struct eg_aws_client_options options = {
        .config = &config,
        .service = *eg_sink_tagging_service(kind),
    };
    if (sink->client_count == MAX_CLIENTS)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "more than %u services and regions",
                            MAX_CLIENTS);
    if (eg_aws_client_new(&options, ret_client, err) != 0)
        return -1;
    struct client *client = &sink->clients[sink->client_count++];
    client->kind = kind;
    client->client = *ret_client;
    (void)strcpy(client->region, region);
    return 0;
}

static int find_client(struct eg_sink *sink, enum eg_sink_tagging_kind kind, const char *region,
                       struct eg_aws_client **ret_client, struct eg_error *err)
{
    struct eg_aws_client *found = NULL;
    eg_mutex_lock(&sink->mutex);
    for (size_t i = 0; i < sink->client_count; i++)
        if (sink->clients[i].kind == kind && strcmp(sink->clients[i].region, region) == 0)
            found = sink->clients[i].client;
    int ret = found ? 0 : make_client(sink, kind, region, &found, err);
    eg_mutex_unlock(&sink->mutex);
    if (ret == 0)
        *ret_client = found;
    return ret;
}

/* A region is part of a host's name: a stranger's text must not become one. */
static int copy_region(struct eg_span text, char region[REGION_BYTES], struct eg_error *err)
{
    if (text.len >= REGION_BYTES)
        return eg_error_set(err, EG_ERR_INVALID, "awsRegion is no region");
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c == '-' && i > 0)))
            return eg_error_set(err, EG_ERR_INVALID, "awsRegion is no region");
    }
    memcpy(region, text.ptr, text.len);
    region[text.len] = '\0';
    return 0;
}

static int find_way(struct eg_sink *sink, struct worker *worker,
                    const struct eg_sink_tagging *tagging, struct eg_aws_caller **ret_caller,
                    struct eg_error *err)
{
    char region[REGION_BYTES];
    struct eg_aws_client *client;
    if (copy_region(tagging->region, region, err) != 0 ||
        find_client(sink, tagging->kind, region, &client, err) != 0)
        return -1;
    for (const struct way *way = worker->ways; way; way = way->next)
        if (way->client == client) {
            *ret_caller = way->caller;
            return 0;
        }
    struct way *way = eg_calloc(1, sizeof(*way));
    if (eg_aws_caller_new(client, &way->caller, err) != 0) {
        free(way);
        return -1;
    }
    way->client = client;
    way->next = worker->ways;
    worker->ways = way;
    *ret_caller = way->caller;
    return 0;
}

/* --- tagging one resource */

struct tag {
    struct eg_sink *sink;
    const struct eg_sink_tagging *tagging;
    struct eg_aws_caller *caller;
    const struct eg_delivery *delivery;
};

static int send(const struct tag *tag, const struct eg_sink_tagging_call *call,
                const struct eg_aws_response **ret_response, struct eg_aws_failure *failure,
                struct eg_error *err)
{
    struct eg_aws_request request = {
        .protocol = call->protocol,
        .method = call->method,
        .operation = call->operation,
        .target = eg_buffer_span(&call->target),
        .headers = call->headers,
        .header_count = call->header_count,
        .content_type = call->content_type,
        .body = eg_buffer_span(&call->body),
        .traceparent = tag->delivery->event->traceparent,
        .deadline_ms = tag->delivery->deadline_ms,
    };
    return eg_aws_caller_call(tag->caller, &request, ret_response, failure, err);
}

/* The answer to what has to be known before: the ARN, or the bucket's tags. */
static enum eg_outcome ask(const struct tag *tag, struct eg_buffer *answer, struct eg_error *err)
{
    EG_CLEANUP(eg_sink_tagging_call_fini) struct eg_sink_tagging_call call = {.method = NULL};
    struct eg_aws_failure failure = {.status = 0};
    const struct eg_aws_response *response;
    eg_sink_tagging_build_question(tag->tagging, &call);
    if (send(tag, &call, &response, &failure, err) == 0) {
        eg_buffer_append_span(answer, response->body);
        return EG_DELIVERED;
    }
    if (strcmp(failure.code, "NoSuchTagSet") == 0)
        return EG_DELIVERED;
    return eg_aws_failure_outcome(&failure);
}

static enum eg_outcome put(const struct tag *tag, const struct eg_span *ids, struct eg_span tags,
                           struct eg_error *err)
{
    EG_CLEANUP(eg_sink_tagging_call_fini) struct eg_sink_tagging_call call = {.method = NULL};
    struct eg_aws_failure failure = {.status = 0};
    const struct eg_aws_response *response;
    eg_sink_tagging_build(tag->tagging, ids, tags, tag->sink->config->tag, &call);
    if (send(tag, &call, &response, &failure, err) == 0)
        return EG_DELIVERED;
    return eg_aws_failure_outcome(&failure);
}

static enum eg_outcome ask_and_put(const struct tag *tag, struct eg_error *err)
{
    const struct eg_sink_tagging *tagging = tag->tagging;
    EG_AUTOBUFFER struct eg_buffer answer = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer arn = EG_BUFFER_INIT;
    if (!eg_sink_tagging_has_question(tagging))
        return put(tag, tagging->ids, EG_SPAN_EMPTY, err);
    enum eg_outcome outcome = ask(tag, &answer, err);
    if (outcome != EG_DELIVERED)
        return outcome;
    if (!tagging->describe)
        return put(tag, tagging->ids, eg_buffer_span(&answer), err);
    if (eg_sink_tagging_read_arn(tagging, eg_buffer_span(&answer), &arn, err) != 0)
        return EG_REJECTED;
    const struct eg_span id = eg_buffer_span(&arn);
    return put(tag, &id, EG_SPAN_EMPTY, err);
}

/* --- one event */

static int open_record(struct eg_sink_single_worker *worker, const struct eg_event *event,
                       struct eg_error *err)
{
    struct eg_span text = event->envelope.len ? event->envelope : event->payload;
    return eg_json_document_parse(&worker->document, text, NULL, err);
}

static enum eg_outcome tag_event(struct eg_sink *sink, struct worker *worker,
                                 const struct eg_delivery *delivery, struct eg_error *err)
{
    EG_CLEANUP(eg_sink_tagging_fini) struct eg_sink_tagging tagging = {.event = NULL};
    if (open_record(worker->single, delivery->event, err) != 0)
        return EG_REJECTED;
    const char *why_not = eg_sink_tagging_read(&worker->single->document, &tagging);
    if (why_not) {
        sink->single.host->log(sink->single.host, EG_LOG_INFO, "nothing to tag in event %.*s: %s",
                               EG_SPAN_ARGS(delivery->event->id), why_not);
        return EG_DELIVERED;
    }
    struct tag tag = {.sink = sink, .tagging = &tagging, .delivery = delivery};
    if (find_way(sink, worker, &tagging, &tag.caller, err) != 0)
        return eg_sink_single_outcome(err);
    enum eg_outcome outcome = ask_and_put(&tag, err);
    if (outcome != EG_DELIVERED)
        (void)eg_error_prefix(err, "%s", tagging.event);
    return outcome;
}

static void submit(struct eg_sink *sink, void *handle, struct eg_delivery *const *batch,
                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct eg_error err = {.message = ""};
        enum eg_outcome outcome = tag_event(sink, handle, batch[i], &err);
        sink->single.host->complete(batch[i], outcome, err.message);
    }
}

/* --- the sink */

static bool reads_envelope(const struct eg_sink *sink)
{
    (void)sink;
    return true;
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    for (size_t i = 0; i < sink->client_count; i++)
        eg_aws_client_destroy(sink->clients[i].client);
    eg_mutex_fini(&sink->mutex);
    eg_sink_single_fini(&sink->single);
    free(sink);
}

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    if (!config->tag[0] || strlen(config->tag) > KEY_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "tag: must have 1 to %u bytes", KEY_MAX);
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->config = config;
    sink->single = (struct eg_sink_single){.host = host, .name = "tagger", .sink = sink};
    eg_mutex_init(&sink->mutex);
    *ret_sink = sink;
    return 0;
}

static int worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                        struct eg_error *err)
{
    struct worker *worker = eg_calloc(1, sizeof(*worker));
    (void)index;
    if (eg_sink_single_worker_new(&sink->single, &worker->single, err) != 0) {
        free(worker);
        return -1;
    }
    *ret_worker = worker;
    return 0;
}

static void worker_end(struct eg_sink *sink, void *handle)
{
    struct worker *worker = handle;
    (void)sink;
    for (struct way *way = worker->ways; way;) {
        struct way *next = way->next;
        eg_aws_caller_destroy(way->caller);
        free(way);
        way = next;
    }
    eg_sink_single_worker_destroy(worker->single);
    free(worker);
}

/* The clients that were needed so far; the list only grows, and a client stays. */
static int probe(struct eg_sink *sink, struct eg_error *err)
{
    eg_mutex_lock(&sink->mutex);
    size_t count = sink->client_count;
    eg_mutex_unlock(&sink->mutex);
    for (size_t i = 0; i < count; i++)
        if (eg_aws_client_tend(sink->clients[i].client, err) != 0)
            return -1;
    return 0;
}

const struct eg_sink_type eg_sink_tagger = {
    .abi = EG_SINK_ABI,
    .name = "tagger",
    .help = "Tags new AWS resources with who made them, as CloudTrail tells it.",
    .config = &table,
    .default_workers = 4,
    .max_workers = 32,
    .max_batch_events = 16,
    .max_batch_bytes = 4u << 20,
    .create = create,
    .reads_envelope = reads_envelope,
    .worker_begin = worker_begin,
    .worker_end = worker_end,
    .submit = submit,
    .probe = probe,
    .destroy = destroy,
};
