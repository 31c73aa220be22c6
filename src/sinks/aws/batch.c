/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The frame of the batch services: see batch.h for its four steps.
 *
 * `entries` holds the deliveries of one submit; an entry whose delivery is NULL was completed. What
 * was delivered is gathered and completed at once at the end of a call. Buffers grow to what a
 * batch needs and stay, unless it was an unusual one (KEEP_BYTES).
 */
#include "sinks/aws/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"

#define KEEP_BYTES ((size_t)8 << 20)

struct eg_sink *eg_sink_batch_new(const struct eg_sink_host *host,
                                  const struct eg_sink_service *service, const void *config,
                                  size_t state_bytes)
{
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->host = host;
    sink->service = service;
    sink->config = config;
    sink->state = eg_calloc(1, state_bytes);
    return sink;
}

int eg_sink_batch_connect(struct eg_sink *sink, const struct eg_aws_config *config, const char *arn,
                          struct eg_error *err)
{
    struct eg_aws_client_options options = {
        .config = config,
        .service = sink->service->aws,
        .arn = arn,
    };
    return eg_aws_client_new(&options, &sink->client, err);
}

int eg_sink_batch_probe(struct eg_sink *sink, struct eg_error *err)
{
    return sink->client ? eg_aws_client_tend(sink->client, err) : EG_PROBE_NOT_CONFIGURED;
}

void eg_sink_batch_destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_aws_client_destroy(sink->client);
    eg_sink_texts_fini(&sink->texts);
    free(sink->state);
    free(sink);
}

bool eg_sink_batch_reads_envelope(const struct eg_sink *sink)
{
    return sink->texts.reads_envelope;
}

/* --- the worker */

static void reserve(struct eg_sink_worker *worker, size_t count)
{
    if (count <= worker->capacity)
        return;
    worker->entries = eg_realloc_array(worker->entries, count, sizeof(*worker->entries));
    worker->gathered = eg_realloc_array((void *)worker->gathered, count, sizeof(*worker->gathered));
    worker->delivered =
        eg_realloc_array((void *)worker->delivered, count, sizeof(*worker->delivered));
    worker->capacity = count;
}

int eg_sink_batch_worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                               struct eg_error *err)
{
    struct eg_sink_worker *worker = eg_calloc(1, sizeof(*worker));
    (void)index;
    worker->sink = sink;
    eg_json_document_init(&worker->document);
    eg_sink_renderer_init(&worker->renderer, &sink->texts);
    if (sink->client && eg_aws_caller_new(sink->client, &worker->caller, err) != 0) {
        eg_sink_batch_worker_end(sink, worker);
        return -1;
    }
    *ret_worker = worker;
    return 0;
}

void eg_sink_batch_worker_end(struct eg_sink *sink, void *handle)
{
    struct eg_sink_worker *worker = handle;
    (void)sink;
    eg_aws_caller_destroy(worker->caller);
    eg_sink_renderer_fini(&worker->renderer);
    eg_json_document_fini(&worker->document);
    eg_buffer_fini(&worker->texts);
    eg_buffer_fini(&worker->piece);
    eg_buffer_fini(&worker->body);
    free(worker->entries);
    free((void *)worker->gathered);
    free((void *)worker->delivered);
    free(worker);
}

static void give_back(struct eg_buffer *buffer)
{
    if (buffer->capacity > KEEP_BYTES)
        eg_buffer_fini(buffer);
    eg_buffer_clear(buffer);
}

/* --- completing */

static void flush_delivered(struct eg_sink_worker *worker)
{
    worker->sink->host->complete_all(worker->delivered, worker->delivered_count, EG_DELIVERED,
                                     NULL);
    worker->delivered_count = 0;
}

static void complete(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                     enum eg_outcome outcome, const char *message)
{
    struct eg_delivery *delivery = entry->delivery;
    EG_ASSERT(delivery);
    entry->delivery = NULL;
    worker->sink->host->complete(delivery, outcome, message);
}

static enum eg_outcome outcome_of(const struct eg_error *err)
{
    if (err->code == EG_ERR_TOO_LARGE)
        return EG_TOO_LARGE;
    return err->retriable ? EG_RETRY : EG_REJECTED;
}

void eg_sink_call_complete(struct eg_sink_call *call, size_t index, enum eg_outcome outcome,
                           const char *message)
{
    if (call->entries[index]->delivery)
        complete(call->worker, call->entries[index], outcome, message);
}

static void deliver_rest(const struct eg_sink_call *call)
{
    struct eg_sink_worker *worker = call->worker;
    for (size_t i = 0; i < call->count; i++) {
        struct eg_sink_entry *entry = call->entries[i];
        if (!entry->delivery)
            continue;
        worker->delivered[worker->delivered_count++] = entry->delivery;
        entry->delivery = NULL;
    }
    flush_delivered(worker);
}

static void fail_rest(const struct eg_sink_call *call, enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < call->count; i++)
        if (call->entries[i]->delivery)
            complete(call->worker, call->entries[i], outcome, message);
}

/* --- write */

static int check_size(const struct eg_sink *sink, const struct eg_sink_entry *entry,
                      struct eg_error *err)
{
    const struct eg_sink_limits *limits = &sink->limits;
    size_t most =
        limits->entry_bytes < limits->call_bytes ? limits->entry_bytes : limits->call_bytes;
    if (entry->size_bytes <= most)
        return 0;
    return eg_error_set(err, EG_ERR_TOO_LARGE, "the entry measures %zu bytes, the limit is %zu",
                        entry->size_bytes, most);
}

static int render_entry(struct eg_sink_worker *worker, struct eg_sink_entry *entry,
                        struct eg_error *err)
{
    const struct eg_sink_service *service = worker->sink->service;
    const struct eg_event *event = entry->delivery->event;
    if (eg_sink_renderer_open(&worker->renderer, event, err) != 0)
        return -1;
    if (service->write_place && service->write_place(worker, entry, err) != 0)
        return -1;
    entry->text_at = worker->texts.len;
    if (service->write_entry(worker, event, entry, err) != 0)
        return -1;
    entry->text_bytes = worker->texts.len - entry->text_at;
    return check_size(worker->sink, entry, err);
}

static void write_entry(struct eg_sink_worker *worker, struct eg_delivery *delivery)
{
    struct eg_error err;
    size_t before = worker->texts.len;
    struct eg_sink_entry *entry = &worker->entries[worker->count];
    *entry = (struct eg_sink_entry){
        .delivery = delivery,
        .time_ms = delivery->event->received_us / 1000,
    };
    if (render_entry(worker, entry, &err) == 0) {
        worker->count++;
        return;
    }
    worker->texts.len = before;
    (void)eg_error_prefix(&err, "%s", worker->sink->service->name);
    complete(worker, entry, outcome_of(&err), err.message);
}

/* --- call and read */

/* Refusals that one entry can have brought on all the others of its call. */
static const char *const content_codes[] = {
    "ValidationException",
    "ValidationError",
    "InvalidArgumentException",
    "InvalidParameterException",
    "InvalidParameterValue",
    "InvalidParameter",
    "InvalidParameterValueException",
    "InvalidMessageContents",
    "InvalidAttributeValue",
    "InvalidAttributeName",
    "BatchRequestTooLong",
    "AWS.SimpleQueueService.BatchRequestTooLong",
    "BatchRequestTooLongException",
    "RequestEntityTooLargeException",
    "SerializationException",
};

static bool is_about_content(const struct eg_aws_failure *failure)
{
    if (eg_aws_failure_outcome(failure) == EG_TOO_LARGE)
        return true;
    for (size_t i = 0; i < EG_ARRAY_COUNT(content_codes); i++)
        if (strcmp(failure->code, content_codes[i]) == 0)
            return true;
    return false;
}

/* The last moment at which somebody still waits for one of the call's entries. */
static int64_t deadline_of(const struct eg_sink_call *call)
{
    int64_t deadline_ms = 0;
    for (size_t i = 0; i < call->count; i++)
        if (call->entries[i]->delivery->deadline_ms > deadline_ms)
            deadline_ms = call->entries[i]->delivery->deadline_ms;
    return deadline_ms;
}

static int request(struct eg_sink_call *call, const struct eg_aws_request *request,
                   struct eg_error *err)
{
    const struct eg_aws_response *response = NULL;
    call->failure = (struct eg_aws_failure){0};
    if (eg_aws_caller_call(call->worker->caller, request, &response, &call->failure, err) != 0)
        return -1;
    call->answer = response->body;
    return 0;
}

static int send(struct eg_sink_call *call, struct eg_error *err)
{
    struct eg_sink_worker *worker = call->worker;
    const struct eg_sink_service *service = worker->sink->service;
    eg_buffer_clear(&worker->body);
    service->write_call(call, &worker->body);
    struct eg_aws_request parts = {
        .protocol = service->protocol,
        .operation = service->operation,
        .body = eg_buffer_span(&worker->body),
        .deadline_ms = deadline_of(call),
    };
    return request(call, &parts, err);
}

int eg_sink_call_other(struct eg_sink_call *call, const char *operation, struct eg_span body,
                       struct eg_error *err)
{
    struct eg_aws_request parts = {
        .protocol = call->worker->sink->service->protocol,
        .operation = operation,
        .body = body,
        .deadline_ms = deadline_of(call),
        .max_attempts = EG_AWS_ATTEMPTS_LOOKUP,
    };
    return request(call, &parts, err);
}

static void send_in_halves(struct eg_sink_call *call);

static void on_failure(struct eg_sink_call *call, struct eg_error *err)
{
    if (call->count > 1 && is_about_content(&call->failure)) {
        send_in_halves(call);
        return;
    }
    (void)eg_error_prefix(err, "%s", call->worker->sink->service->name);
    fail_rest(call, eg_aws_failure_outcome(&call->failure), err->message);
}

static void on_answer(struct eg_sink_call *call)
{
    struct eg_error err;
    if (call->worker->sink->service->read_answer(call, &err) == 0) {
        deliver_rest(call);
        return;
    }
    (void)eg_error_prefix(&err, "%s: the answer can't be understood",
                          call->worker->sink->service->name);
    fail_rest(call, EG_RETRY, err.message);
}

static void make_call(struct eg_sink_call *call)
{
    struct eg_error err;
    const struct eg_sink_service *service = call->worker->sink->service;
    int ret = send(call, &err);
    if (ret != 0 && service->repair && service->repair(call))
        ret = send(call, &err);
    if (ret == 0)
        on_answer(call);
    else
        on_failure(call, &err);
}

/* A call of one is not halved any more, so the depth is that of a binary tree. */
static void send_in_halves(struct eg_sink_call *call)
{
    size_t half = call->count / 2;
    struct eg_sink_call first = *call;
    struct eg_sink_call second = *call;
    first.count = half;
    second.entries += half;
    second.count -= half;
    make_call(&first);
    make_call(&second);
}

/* --- gather */

/* What is open for the place of the first open entry, as far as the limits go. False: nothing is.
 */
static bool gather(struct eg_sink_worker *worker, struct eg_sink_call *call)
{
    const struct eg_sink_limits *limits = &worker->sink->limits;
    size_t bytes = 0;
    *call = (struct eg_sink_call){.worker = worker, .entries = worker->gathered};
    for (size_t i = 0; i < worker->count && call->count < limits->entries; i++) {
        struct eg_sink_entry *entry = &worker->entries[i];
        if (!entry->delivery)
            continue;
        if (call->count == 0)
            call->place = eg_sink_entry_place(worker, entry);
        else if (!eg_span_equal(call->place, eg_sink_entry_place(worker, entry)))
            continue;
        if (call->count > 0 && bytes + entry->size_bytes > limits->call_bytes)
            break;
        bytes += entry->size_bytes;
        call->entries[call->count++] = entry;
    }
    return call->count > 0;
}

static void send_all(struct eg_sink_worker *worker)
{
    struct eg_sink_call call;
    while (gather(worker, &call)) {
        if (worker->sink->service->arrange)
            call.count = worker->sink->service->arrange(call.entries, call.count);
        make_call(&call);
    }
}

void eg_sink_batch_submit(struct eg_sink *sink, void *handle, struct eg_delivery *const *batch,
                          size_t count)
{
    struct eg_sink_worker *worker = handle;
    if (!sink->client) {
        sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
        return;
    }
    reserve(worker, count);
    worker->count = 0;
    for (size_t i = 0; i < count; i++)
        write_entry(worker, batch[i]);
    send_all(worker);
    give_back(&worker->texts);
    give_back(&worker->body);
    give_back(&worker->piece);
}
