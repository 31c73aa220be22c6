/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any operation of any AWS service that speaks JSON: a call for each event, made of templates. The
 * services with a sink of their own are better served by that one.
 *
 * Threads: as in single.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "sinks/aws/single.h"
#include "sinks/registry.h"
#include "json/document.h"

#define HEADERS_MAX 16u

static const char *const protocol_words[] = {"json_1.0", "json_1.1", "rest_json", NULL};
static const enum eg_aws_protocol protocols[] = {EG_AWS_JSON_1_0, EG_AWS_JSON_1_1,
                                                 EG_AWS_REST_JSON};
enum { PROTOCOL_REST = 2 };

struct config {
    char *service;
    char *endpoint_prefix;
    char *signing_name;
    int protocol;
    char *operation;
    char *method;
    char *path;
    struct eg_string_map headers;
    char *body;
    char *failure_header;
    struct eg_string_list delivered_codes;
    struct eg_string_list retry_codes;
    struct eg_aws_config aws;
};

#define AT(member) offsetof(struct config, member)

static const struct eg_field fields[] = {
    {.name = "service",
     .type = EG_FIELD_STRING,
     .offset = AT(service),
     .required = true,
     .help = "The service, as endpoint settings call it: states, lambda, ssm, ..."},
    {.name = "endpoint_prefix",
     .type = EG_FIELD_STRING,
     .offset = AT(endpoint_prefix),
     .help = "The first label of its host; unset: service."},
    {.name = "signing_name",
     .type = EG_FIELD_STRING,
     .offset = AT(signing_name),
     .help = "The service's name in the signature; unset: endpoint_prefix."},
    {.name = "protocol",
     .type = EG_FIELD_CHOICE,
     .offset = AT(protocol),
     .default_text = "json_1.0",
     .choices = protocol_words,
     .help = "json_1.0 and json_1.1: POST / with operation in X-Amz-Target; rest_json: method and "
             "path."},
    {.name = "operation",
     .type = EG_FIELD_STRING,
     .offset = AT(operation),
     .help = "X-Amz-Target, as AWSStepFunctions.StartExecution; for json_1.0 and json_1.1."},
    {.name = "method",
     .type = EG_FIELD_STRING,
     .offset = AT(method),
     .default_text = "POST",
     .help = "HTTP method, for rest_json."},
    {.name = "path",
     .type = EG_FIELD_STRING,
     .offset = AT(path),
     .help = "Path and query, for rest_json; a template whose placeholders encode what they put in "
             "(`<$.detail.name | url>`)."},
    {.name = "headers",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(headers),
     .help = "More headers, each a template, as X-Amz-Invocation-Type: Event; an empty one is left "
             "out."},
    {.name = "body",
     .type = EG_FIELD_STRING,
     .offset = AT(body),
     .help = "The request's body, a JSON template. Unset: what is delivered, as it came in."},
    {.name = "failure_header",
     .type = EG_FIELD_STRING,
     .offset = AT(failure_header),
     .help = "A header whose presence in a 2xx answer means failure, as X-Amz-Function-Error."},
    {.name = "delivered_codes",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(delivered_codes),
     .help = "Error codes that mean that it was done already, as ExecutionAlreadyExists."},
    {.name = "retry_codes",
     .type = EG_FIELD_STRING_LIST,
     .offset = AT(retry_codes),
     .help = "Error codes to try again after, beside throttling and what passes anyway."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink aws_call",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct eg_sink {
    struct eg_sink_single single;
    const struct config *config;
    size_t path; /* the templates */
    size_t body;
    size_t headers; /* the first of config->headers.count */
};

static const struct eg_sink *sink_of(const struct eg_sink_single_worker *worker)
{
    return worker->single->sink;
}

/* --- one call */

/* The request's own headers, rendered behind each other in `text`. */
struct headers {
    struct eg_buffer text;
    size_t ends[HEADERS_MAX]; /* of each value in the text */
    struct eg_net_header items[HEADERS_MAX];
    size_t count;
};

static void headers_fini(struct headers *headers)
{
    eg_buffer_fini(&headers->text);
}

static int render_headers(struct eg_sink_single_worker *worker, struct headers *headers,
                          struct eg_error *err)
{
    const struct eg_sink *sink = sink_of(worker);
    const struct eg_string_map *map = &sink->config->headers;
    for (size_t i = 0; i < map->count; i++) {
        if (eg_sink_renderer_render(&worker->renderer, sink->headers + i, &headers->text, err) != 0)
            return -1;
        headers->ends[i] = headers->text.len;
    }
    size_t begin = 0;
    for (size_t i = 0; i < map->count; begin = headers->ends[i++]) {
        struct eg_span value = eg_span_of(headers->text.data + begin, headers->ends[i] - begin);
        if (value.len > 0)
            headers->items[headers->count++] =
                (struct eg_net_header){eg_span_text(map->entries[i].name), value};
    }
    return 0;
}

static int render_path(struct eg_sink_single_worker *worker, struct eg_error *err)
{
    const struct eg_sink *sink = sink_of(worker);
    if (sink->path == EG_SINK_TEXT_NONE)
        return 0;
    if (eg_sink_renderer_render(&worker->renderer, sink->path, &worker->target, err) != 0)
        return -1;
    const char *path = worker->target.len ? worker->target.data : "";
    if (path[0] != '/')
        return eg_error_set(err, EG_ERR_INVALID, "path: does not begin with '/'");
    for (const char *c = path; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F)
            return eg_error_set(err, EG_ERR_INVALID,
                                "path: holds a character that has to be encoded");
    return 0;
}

static int render_body(struct eg_sink_single_worker *worker, const struct eg_event *event,
                       struct eg_span *ret_body, struct eg_error *err)
{
    const struct eg_sink *sink = sink_of(worker);
    *ret_body = event->payload;
    if (sink->body == EG_SINK_TEXT_NONE)
        return 0;
    if (eg_sink_renderer_render(&worker->renderer, sink->body, &worker->body, err) != 0)
        return -1;
    *ret_body = eg_buffer_span(&worker->body);
    return 0;
}

static bool has_code(const struct eg_string_list *codes, const char *code)
{
    for (size_t i = 0; i < codes->count; i++)
        if (strcmp(codes->items[i], code) == 0)
            return true;
    return false;
}

static enum eg_outcome on_failure(const struct config *config, const struct eg_aws_failure *failure)
{
    if (failure->code[0] && has_code(&config->delivered_codes, failure->code))
        return EG_DELIVERED;
    if (failure->code[0] && has_code(&config->retry_codes, failure->code))
        return EG_RETRY;
    return eg_aws_failure_outcome(failure);
}

static enum eg_outcome on_answer(const struct config *config,
                                 const struct eg_aws_response *response, struct eg_error *err)
{
    if (!config->failure_header || !config->failure_header[0])
        return EG_DELIVERED;
    struct eg_span value = eg_net_response_header(response->http, config->failure_header);
    if (value.len == 0)
        return EG_DELIVERED;
    (void)eg_error_set(err, EG_ERR_INVALID, "%s: %.*s", config->failure_header,
                       EG_SPAN_ARGS(value));
    return EG_REJECTED;
}

static enum eg_outcome deliver(struct eg_sink_single_worker *worker, struct eg_delivery *delivery,
                               struct eg_error *err)
{
    const struct config *config = sink_of(worker)->config;
    EG_CLEANUP(headers_fini) struct headers headers = {.count = 0};
    struct eg_aws_failure failure = {.status = 0};
    const struct eg_aws_response *response;
    struct eg_span body;
    if (render_path(worker, err) != 0 || render_headers(worker, &headers, err) != 0 ||
        render_body(worker, delivery->event, &body, err) != 0)
        return eg_sink_single_outcome(err);
    struct eg_aws_request request = {
        .protocol = protocols[config->protocol],
        .method = config->method,
        .operation = config->operation,
        .target = eg_buffer_span(&worker->target),
        .headers = headers.items,
        .header_count = headers.count,
        .body = body,
        .traceparent = delivery->event->traceparent,
        .deadline_ms = delivery->deadline_ms,
    };
    if (eg_aws_caller_call(worker->caller, &request, &response, &failure, err) == 0)
        return on_answer(config, response, err);
    return on_failure(config, &failure);
}

/* --- the sink */

static bool reads_envelope(const struct eg_sink *sink)
{
    return sink->single.texts.reads_envelope;
}

static int compile_headers(struct eg_sink *sink, struct eg_error *err)
{
    const struct eg_string_map *map = &sink->config->headers;
    sink->headers = sink->single.texts.count;
    if (map->count > HEADERS_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "headers: more than %u", HEADERS_MAX);
    for (size_t i = 0; i < map->count; i++) {
        size_t index;
        if (!map->entries[i].value[0])
            return eg_error_set(err, EG_ERR_CONFIG, "headers.%s: is empty", map->entries[i].name);
        if (eg_sink_texts_add(&sink->single.texts, map->entries[i].name, map->entries[i].value,
                              EG_RULES_TEXT, &index, err) != 0)
            return -1;
    }
    return 0;
}

static int compile(struct eg_sink *sink, struct eg_error *err)
{
    const struct config *config = sink->config;
    struct eg_sink_texts *texts = &sink->single.texts;
    bool rest = config->protocol == PROTOCOL_REST;
    if (eg_sink_texts_add(texts, "path", config->path, EG_RULES_TEXT, &sink->path, err) != 0 ||
        eg_sink_texts_add(texts, "body", config->body, EG_RULES_JSON, &sink->body, err) != 0 ||
        compile_headers(sink, err) != 0)
        return -1;
    if (rest && sink->path == EG_SINK_TEXT_NONE)
        return eg_error_set(err, EG_ERR_CONFIG, "path: required with rest_json");
    if (!rest && sink->path != EG_SINK_TEXT_NONE)
        return eg_error_set(err, EG_ERR_CONFIG, "path: only with rest_json");
    if (!rest && (!config->operation || !config->operation[0]))
        return eg_error_set(err, EG_ERR_CONFIG, "operation: required, but not set");
    return 0;
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_sink_single_fini(&sink->single);
    free(sink);
}

static int create(const struct eg_sink_host *host, const void *settings, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    const struct config *config = settings;
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->config = config;
    sink->single = (struct eg_sink_single){
        .host = host, .name = config->service, .deliver = deliver, .sink = sink};
    const struct eg_aws_client_options options = {
        .config = &config->aws,
        .service = {.id = config->service,
                    .host = config->endpoint_prefix ? config->endpoint_prefix : config->service,
                    .signing_name = config->signing_name},
    };
    if (compile(sink, err) != 0 || eg_aws_client_new(&options, &sink->single.client, err) != 0) {
        destroy(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

static int worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                        struct eg_error *err)
{
    struct eg_sink_single_worker *worker;
    (void)index;
    if (eg_sink_single_worker_new(&sink->single, &worker, err) != 0)
        return -1;
    *ret_worker = worker;
    return 0;
}

static void worker_end(struct eg_sink *sink, void *worker)
{
    (void)sink;
    eg_sink_single_worker_destroy(worker);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    (void)sink;
    eg_sink_single_submit(worker, batch, count);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    return eg_aws_client_tend(sink->single.client, err);
}

const struct eg_sink_type eg_sink_aws_call = {
    .abi = EG_SINK_ABI,
    .name = "aws_call",
    .help = "Calls any operation of an AWS service that speaks JSON.",
    .config = &table,
    .default_workers = 4,
    .max_workers = 64,
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
