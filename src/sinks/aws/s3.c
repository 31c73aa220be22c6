/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Events as objects of Amazon S3: one for each event, or many events gathered into one object of
 * JSON lines, compressed if wanted (gather.h). An event is delivered when S3 has answered 200.
 *
 * An event whose body is empty makes no object and counts as delivered, so that a template can say
 * that there is nothing to store.
 *
 * Threads: as in single.h; with collecting one more, which puts what is old enough.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "crypto/random.h"
#include "sinks/aws/compress.h"
#include "sinks/aws/gather.h"
#include "sinks/aws/s3_object.h"
#include "sinks/aws/single.h"
#include "sinks/registry.h"
#include "json/compact.h"

#define GATHER_OPEN_MAX 64u

enum if_exists { OVERWRITE, KEEP, REJECT };
static const char *const if_exists_words[] = {"overwrite", "keep", "reject", NULL};
enum address_style { STYLE_AUTO, STYLE_PATH, STYLE_VIRTUAL };
static const char *const style_words[] = {"auto", "path", "virtual", NULL};

struct config {
    char *bucket;
    char *key;
    char *body;
    char *content_type;
    char *storage_class;
    struct eg_string_map metadata;
    int if_exists;
    int compression;
    int address_style;
    bool skip_empty;
    bool collect;
    int64_t collect_bytes;
    int64_t collect_events;
    int64_t collect_age_ms;
    struct eg_aws_config aws;
};

#define AT(member) offsetof(struct config, member)

static const struct eg_field fields[] = {
    {.name = "bucket",
     .type = EG_FIELD_STRING,
     .offset = AT(bucket),
     .required = true,
     .help = "The bucket's name."},
    {.name = "key",
     .type = EG_FIELD_STRING,
     .offset = AT(key),
     .default_text = "<eventgate.topic>/<eventgate.id>",
     .help = "The object's key; a template. With collect: what stands before the last '/' of it; "
             "events with the same go into the same object."},
    {.name = "body",
     .type = EG_FIELD_STRING,
     .offset = AT(body),
     .help = "What is stored; a template. Unset: what is delivered, as it came in."},
    {.name = "content_type",
     .type = EG_FIELD_STRING,
     .offset = AT(content_type),
     .help = "Content-Type; a template. Unset: application/json, with collect "
             "application/x-ndjson."},
    {.name = "storage_class",
     .type = EG_FIELD_STRING,
     .offset = AT(storage_class),
     .help = "STANDARD, STANDARD_IA, INTELLIGENT_TIERING, ...; unset: the bucket's."},
    {.name = "metadata",
     .type = EG_FIELD_STRING_MAP,
     .offset = AT(metadata),
     .help = "x-amz-meta-NAME to a template; not with collect."},
    {.name = "if_exists",
     .type = EG_FIELD_CHOICE,
     .offset = AT(if_exists),
     .default_text = "overwrite",
     .choices = if_exists_words,
     .help = "When there is an object of that key: overwrite it, keep it (the event counts as "
             "delivered), or reject the event."},
    {.name = "compression",
     .type = EG_FIELD_CHOICE,
     .offset = AT(compression),
     .default_text = "none",
     .choices = eg_sink_compression_words,
     .help = "Content-Encoding of what is stored."},
    {.name = "address_style",
     .type = EG_FIELD_CHOICE,
     .offset = AT(address_style),
     .default_text = "auto",
     .choices = style_words,
     .help =
         "Where the bucket's name stands: in the path, or in front of the host (virtual). auto: "
         "in the path when an endpoint is set or the name has a dot."},
    {.name = "skip_empty",
     .type = EG_FIELD_BOOL,
     .offset = AT(skip_empty),
     .default_text = "true",
     .help = "Whether an event whose body is empty makes no object and is delivered."},
    {.name = "collect",
     .type = EG_FIELD_BOOL,
     .offset = AT(collect),
     .default_text = "false",
     .help = "Many events in one object, a JSON line each. Each event waits for its object."},
    {.name = "collect_size",
     .type = EG_FIELD_SIZE,
     .offset = AT(collect_bytes),
     .default_text = "8MiB",
     .min = 1024,
     .max = 1 << 30,
     .help = "An object is stored when its lines, before compression, have so many bytes,"},
    {.name = "collect_events",
     .type = EG_FIELD_INT,
     .offset = AT(collect_events),
     .default_text = "10000",
     .min = 1,
     .max = 1000000,
     .help = "or are so many,"},
    {.name = "collect_age",
     .type = EG_FIELD_DURATION,
     .offset = AT(collect_age_ms),
     .default_text = "500ms",
     .min = 1,
     .max = 3600000,
     .help = "or the first of them has waited so long; at most half of what a delivery may take."},
    EG_AWS_CONFIG_FIELD(struct config, aws),
};

static const struct eg_field_table table = {
    .name = "sink s3",
    .fields = fields,
    .field_count = EG_ARRAY_COUNT(fields),
    .struct_bytes = sizeof(struct config),
};

struct eg_sink {
    struct eg_sink_single single; /* first */
    const struct config *config;
    const char *path_bucket; /* NULL: the host has it */
    char *host_prefix;       /* "bucket."; NULL: the path has it */
    size_t key;              /* the templates */
    size_t body;
    size_t content_type;
    size_t metadata; /* the first of config->metadata.count */
    struct eg_sink_gather *gather;
    struct eg_sink_single_worker *gatherer; /* of the gatherer's thread */
};

static const struct eg_sink *sink_of(const struct eg_sink_single_worker *worker)
{
    return worker->single->sink;
}

/* --- storing */

static int add_headers(const struct config *config, struct eg_sink_s3_object *object,
                       struct eg_error *err)
{
    struct eg_span encoding =
        eg_span_text(eg_sink_compression_encoding((enum eg_sink_compression)config->compression));
    if (eg_sink_s3_object_header(object, "content-encoding", encoding, err) != 0 ||
        eg_sink_s3_object_header(object, "x-amz-storage-class", eg_span_text(config->storage_class),
                                 err) != 0)
        return -1;
    struct eg_span when = config->if_exists == OVERWRITE ? EG_SPAN_EMPTY : EG_SPAN_LITERAL("*");
    return eg_sink_s3_object_header(object, "if-none-match", when, err);
}

static enum eg_outcome on_failure(const struct config *config, const struct eg_aws_failure *failure)
{
    if (failure->status == 412 && config->if_exists == KEEP)
        return EG_DELIVERED;
    if (failure->status == 412)
        return EG_REJECTED;
    if (failure->status == 409) /* another write of the same key is under way */
        return EG_RETRY;
    return eg_aws_failure_outcome(failure);
}

/* What is stored, and until when somebody waits for it. */
struct store {
    struct eg_sink_s3_object *object;
    const char *content_type;
    struct eg_span body;
    struct eg_span traceparent;
    int64_t deadline_ms;
};

static enum eg_outcome put(struct eg_sink_single_worker *worker, const struct store *store,
                           struct eg_error *err)
{
    const struct eg_sink *sink = sink_of(worker);
    const struct config *config = sink->config;
    struct eg_span body = store->body;
    EG_AUTOBUFFER struct eg_buffer compressed = EG_BUFFER_INIT;
    struct eg_aws_failure failure = {0};
    const struct eg_aws_response *response;
    if (config->compression != EG_SINK_COMPRESSION_NONE) {
        eg_sink_compress((enum eg_sink_compression)config->compression, body, &compressed);
        body = eg_buffer_span(&compressed);
    }
    eg_sink_s3_object_checksum(store->object, body);
    struct eg_aws_request request = {
        .protocol = EG_AWS_REST_XML,
        .method = "PUT",
        .target = eg_buffer_span(&store->object->target),
        .host_prefix = eg_span_text(sink->host_prefix),
        .headers = store->object->headers,
        .header_count = store->object->header_count,
        .content_type = store->content_type,
        .body = body,
        .traceparent = store->traceparent,
        .deadline_ms = store->deadline_ms,
    };
    if (eg_aws_caller_call(worker->caller, &request, &response, &failure, err) == 0)
        return EG_DELIVERED;
    return on_failure(config, &failure);
}

/* --- one object for each event */

static int render_metadata(struct eg_sink_single_worker *worker, struct eg_sink_s3_object *object,
                           struct eg_error *err)
{
    const struct eg_sink *sink = sink_of(worker);
    for (size_t i = 0; i < sink->config->metadata.count; i++) {
        const char *name = sink->config->metadata.entries[i].name;
        eg_buffer_clear(&worker->piece);
        if (eg_sink_renderer_render(&worker->renderer, sink->metadata + i, &worker->piece, err) !=
                0 ||
            eg_sink_s3_object_metadata(object, name, eg_buffer_span(&worker->piece), err) != 0)
            return -1;
    }
    return 0;
}

static int render_object(struct eg_sink_single_worker *worker, struct eg_sink_s3_object *object,
                         struct eg_buffer *type, struct eg_error *err)
{
    const struct eg_sink *sink = sink_of(worker);
    if (eg_sink_renderer_render(&worker->renderer, sink->key, &worker->target, err) != 0 ||
        eg_sink_s3_object_begin(object, sink->path_bucket, eg_buffer_span(&worker->target), err) !=
            0)
        return -1;
    if (sink->content_type != EG_SINK_TEXT_NONE &&
        eg_sink_renderer_render(&worker->renderer, sink->content_type, type, err) != 0)
        return -1;
    if (type->len == 0)
        eg_buffer_append_text(type, "application/json");
    if (strpbrk(type->data, "\r\n"))
        return eg_error_set(err, EG_ERR_INVALID, "content_type: a value that no header can hold");
    if (add_headers(sink->config, object, err) != 0)
        return -1;
    return render_metadata(worker, object, err);
}

/* What is stored: rendered, or the payload. */
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

static enum eg_outcome deliver(struct eg_sink_single_worker *worker, struct eg_delivery *delivery,
                               struct eg_error *err)
{
    EG_CLEANUP(eg_sink_s3_object_fini) struct eg_sink_s3_object object = {.header_count = 0};
    EG_AUTOBUFFER struct eg_buffer type = EG_BUFFER_INIT;
    struct eg_span body;
    if (render_body(worker, delivery->event, &body, err) != 0)
        return eg_sink_single_outcome(err);
    if (body.len == 0 && sink_of(worker)->config->skip_empty)
        return EG_DELIVERED;
    if (render_object(worker, &object, &type, err) != 0)
        return eg_sink_single_outcome(err);
    const struct store store = {&object, type.data, body, delivery->event->traceparent,
                                delivery->deadline_ms};
    return put(worker, &store, err);
}

/* --- gathered */

/* "<folder>/20261121T073000Z-<uuid>.ndjson.gz" */
static void name_piece(const struct config *config, const struct eg_sink_piece *piece,
                       struct eg_buffer *key)
{
    char when[32], id[EG_CRYPTO_UUID_BYTES];
    struct tm parts;
    time_t first_s = (time_t)(piece->first_us / 1000000);
    (void)gmtime_r(&first_s, &parts);
    (void)strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &parts);
    eg_crypto_uuid_v4(id);
    eg_buffer_append_span(key, piece->folder);
    if (key->len > 0 && key->data[key->len - 1] != '/')
        eg_buffer_append_char(key, '/');
    eg_buffer_printf(key, "%s-%s.ndjson%s", when, id,
                     eg_sink_compression_suffix((enum eg_sink_compression)config->compression));
}

static enum eg_outcome put_piece(void *context, void *handle, const struct eg_sink_piece *piece,
                                 struct eg_error *err)
{
    const struct eg_sink *sink = context;
    struct eg_sink_single_worker *worker = handle ? handle : sink->gatherer;
    const struct eg_sink_host *host = sink->single.host;
    EG_CLEANUP(eg_sink_s3_object_fini) struct eg_sink_s3_object object = {.header_count = 0};
    EG_AUTOBUFFER struct eg_buffer key = EG_BUFFER_INIT;
    const char *type = sink->config->content_type;
    name_piece(sink->config, piece, &key);
    const struct store store = {&object, type && type[0] ? type : "application/x-ndjson",
                                piece->lines, EG_SPAN_EMPTY,
                                host->monotonic_ms() + host->timeout_ms / 2};
    enum eg_outcome outcome = EG_REJECTED;
    if (eg_sink_s3_object_begin(&object, sink->path_bucket, eg_buffer_span(&key), err) == 0 &&
        add_headers(sink->config, &object, err) == 0)
        outcome = put(worker, &store, err);
    if (outcome != EG_DELIVERED)
        (void)eg_error_prefix(err, "S3");
    return outcome;
}

static int make_line(struct eg_sink_single_worker *worker, const struct eg_event *event,
                     struct eg_buffer *line, struct eg_error *err)
{
    struct eg_span body;
    eg_buffer_clear(&worker->target);
    eg_buffer_clear(&worker->body);
    if (eg_sink_renderer_open(&worker->renderer, event, err) != 0 ||
        render_body(worker, event, &body, err) != 0 ||
        eg_sink_renderer_render(&worker->renderer, sink_of(worker)->key, &worker->target, err) != 0)
        return -1;
    if (body.len == 0)
        return 0;
    eg_json_write_one_line(line, body);
    eg_buffer_append_char(line, '\n');
    return 0;
}

/* The key's part before the last '/': without one, the bucket's top. */
static struct eg_span folder_of(const struct eg_buffer *key)
{
    struct eg_span text = eg_buffer_span(key);
    const char *slash = text.len ? memrchr(text.ptr, '/', text.len) : NULL;
    return eg_span_of(text.ptr ? text.ptr : "", slash ? (size_t)(slash - text.ptr) : 0);
}

static void gather_one(struct eg_sink *sink, struct eg_sink_single_worker *worker,
                       struct eg_delivery *delivery)
{
    struct eg_error err = {.message = ""};
    EG_AUTOBUFFER struct eg_buffer line = EG_BUFFER_INIT;
    if (make_line(worker, delivery->event, &line, &err) != 0) {
        (void)eg_error_prefix(&err, "S3");
        sink->single.host->complete(delivery, eg_sink_single_outcome(&err), err.message);
    } else if (line.len == 0) {
        sink->single.host->complete(delivery, EG_DELIVERED, NULL);
    } else {
        eg_sink_gather_add(sink->gather, worker, delivery, folder_of(&worker->target),
                           eg_buffer_span(&line));
    }
}

/* --- the sink */

static bool reads_envelope(const struct eg_sink *sink)
{
    return sink->single.texts.reads_envelope;
}

static int compile(struct eg_sink *sink, struct eg_error *err)
{
    const struct config *config = sink->config;
    struct eg_sink_texts *texts = &sink->single.texts;
    if (eg_sink_texts_add(texts, "key", config->key, EG_RULES_TEXT, &sink->key, err) != 0 ||
        eg_sink_texts_add(texts, "body", config->body, EG_RULES_TEXT, &sink->body, err) != 0 ||
        eg_sink_texts_add(texts, "content_type", config->content_type, EG_RULES_TEXT,
                          &sink->content_type, err) != 0)
        return -1;
    sink->metadata = texts->count;
    for (size_t i = 0; i < config->metadata.count; i++) {
        size_t index;
        const char *text = config->metadata.entries[i].value;
        if (eg_sink_texts_add(texts, config->metadata.entries[i].name, text[0] ? text : " ",
                              EG_RULES_TEXT, &index, err) != 0)
            return -1;
    }
    return 0;
}

static int check(const struct eg_sink *sink, const struct eg_sink_host *host, struct eg_error *err)
{
    const struct config *config = sink->config;
    if (sink->key == EG_SINK_TEXT_NONE || !config->bucket[0])
        return eg_error_set(err, EG_ERR_CONFIG, "bucket and key must not be empty");
    if (config->collect && config->metadata.count > 0)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "metadata: an object of many events has none of its own");
    if (config->metadata.count > EG_SINK_S3_HEADERS_MAX - 8)
        return eg_error_set(err, EG_ERR_CONFIG, "metadata: more than %u",
                            EG_SINK_S3_HEADERS_MAX - 8);
    if (config->collect && config->collect_age_ms > host->timeout_ms / 2)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "collect_age: %lld ms is more than half of the %lld ms that a delivery "
                            "may take; raise the sink's timeout",
                            (long long)config->collect_age_ms, (long long)host->timeout_ms);
    return 0;
}

/* "auto": a certificate's wildcard covers no dots, and an endpoint of one's own seldom has one. */
static void choose_address(struct eg_sink *sink)
{
    const struct config *config = sink->config;
    bool path =
        config->address_style == STYLE_PATH ||
        (config->address_style == STYLE_AUTO &&
         (eg_aws_client_has_custom_endpoint(sink->single.client) || strchr(config->bucket, '.')));
    if (path)
        sink->path_bucket = config->bucket;
    else
        sink->host_prefix = eg_asprintf("%s.", config->bucket);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    eg_sink_gather_destroy(sink->gather);
    eg_sink_single_worker_destroy(sink->gatherer);
    eg_sink_single_fini(&sink->single);
    free(sink->host_prefix);
    free(sink);
}

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->config = config;
    sink->single =
        (struct eg_sink_single){.host = host, .name = "S3", .deliver = deliver, .sink = sink};
    const struct eg_aws_client_options options = {
        .config = &sink->config->aws,
        .service = {.id = "s3", .host = "s3"},
    };
    if (compile(sink, err) != 0 || check(sink, host, err) != 0 ||
        eg_aws_client_new(&options, &sink->single.client, err) != 0) {
        destroy(sink);
        return -1;
    }
    choose_address(sink);
    *ret_sink = sink;
    return 0;
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    const struct config *config = sink->config;
    if (!config->collect)
        return 0;
    const struct eg_sink_gather_limits limits = {
        .max_bytes = (size_t)config->collect_bytes,
        .max_events = (size_t)config->collect_events,
        .max_age_ms = config->collect_age_ms,
        .max_pieces = GATHER_OPEN_MAX,
    };
    const struct eg_sink_gather_user user = {put_piece, sink, sink->single.host};
    if (eg_sink_single_worker_new(&sink->single, &sink->gatherer, err) != 0)
        return -1;
    return eg_sink_gather_new(&limits, &user, &sink->gather, err);
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
    if (!sink->gather) {
        eg_sink_single_submit(worker, batch, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        gather_one(sink, worker, batch[i]);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    return eg_aws_client_tend(sink->single.client, err);
}

static void drain(struct eg_sink *sink, int64_t deadline_ms)
{
    (void)deadline_ms; /* every put has one of its own */
    if (sink->gather)
        eg_sink_gather_drain(sink->gather);
}

const struct eg_sink_type eg_sink_s3 = {
    .abi = EG_SINK_ABI,
    .name = "s3",
    .help = "Stores events as objects of Amazon S3, one each or many together.",
    .config = &table,
    .default_workers = 8,
    .max_workers = 64,
    .max_batch_events = 16,
    .max_batch_bytes = 8u << 20,
    .create = create,
    .reads_envelope = reads_envelope,
    .start = start,
    .worker_begin = worker_begin,
    .worker_end = worker_end,
    .submit = submit,
    .probe = probe,
    .drain = drain,
    .destroy = destroy,
};
