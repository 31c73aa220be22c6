/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of AWS inside the test: one thread that answers what the test tells it, or what a good
 * service would, and keeps every request. Then a sink that talks to it, with each delivery's
 * outcome kept. 127.0.0.1, on a port that the system chooses.
 */
#ifndef EG_TESTS_AWS_STUB_H
#define EG_TESTS_AWS_STUB_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "config/problem.h"
#include "config/tree.h"
#include "eventgate/sink.h"
#include "sinks/registry.h"

#define AWS_STUB_REQUESTS   64 /* that are kept */
#define AWS_STUB_SCRIPT     16
#define AWS_STUB_DELIVERIES 1200

struct aws_stub_request {
    char target[96]; /* X-Amz-Target */
    char *body;
    bool is_signed;
};

struct aws_stub_answer {
    unsigned status;
    const char *body;
};

struct aws_stub {
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards what follows */
    struct aws_stub_request requests[AWS_STUB_REQUESTS];
    size_t request_count;
    struct aws_stub_answer script[AWS_STUB_SCRIPT]; /* answers to come, before the good ones */
    size_t script_count;
    size_t script_at;
    size_t arrived; /* entries that a good answer took */
};

static inline void aws_stub_lock(struct aws_stub *stub)
{
    (void)pthread_mutex_lock(&stub->mutex);
}

static inline void aws_stub_unlock(struct aws_stub *stub)
{
    (void)pthread_mutex_unlock(&stub->mutex);
}

/* --- good answers */

static inline void aws_stub_positions(struct eg_buffer *out, size_t count, const char *failed,
                                      const char *array, const char *entry)
{
    eg_buffer_printf(out, "{\"%s\":0,\"%s\":[", failed, array);
    for (size_t i = 0; i < count; i++)
        eg_buffer_printf(out, "%s%s", i ? "," : "", entry);
    eg_buffer_append_text(out, "]}");
}

static inline size_t aws_stub_count(const char *body, const char *array)
{
    json_t *json = json_loads(body, 0, NULL);
    assert_non_null(json);
    size_t count = json_array_size(json_object_get(json, array));
    json_decref(json);
    return count;
}

static inline size_t aws_stub_good_sqs(const char *body, struct eg_buffer *out)
{
    json_t *json = json_loads(body, 0, NULL);
    assert_non_null(json);
    size_t index;
    json_t *entry;
    eg_buffer_append_text(out, "{\"Failed\":[],\"Successful\":[");
    json_array_foreach(json_object_get(json, "Entries"), index, entry)
        eg_buffer_printf(out, "%s{\"Id\":\"%s\",\"MessageId\":\"m\",\"MD5OfMessageBody\":\"x\"}",
                         index ? "," : "", json_string_value(json_object_get(entry, "Id")));
    size_t count = json_array_size(json_object_get(json, "Entries"));
    json_decref(json);
    eg_buffer_append_text(out, "]}");
    return count;
}

static inline size_t aws_stub_good_sns(const char *body, struct eg_buffer *out)
{
    size_t count = 0;
    eg_buffer_append_text(out, "<PublishBatchResponse><PublishBatchResult><Failed/><Successful>");
    for (const char *at = body; (at = strstr(at, ".Id=")) != NULL; at++, count++)
        eg_buffer_printf(out, "<member><Id>%d</Id><MessageId>m</MessageId></member>", atoi(at + 4));
    eg_buffer_append_text(out, "</Successful></PublishBatchResult></PublishBatchResponse>");
    return count;
}

/* What a service that likes everything says; returns how many entries there were. */
static inline size_t aws_stub_good(const struct aws_stub_request *request, struct eg_buffer *out)
{
    static const struct {
        const char *action;
        const char *entries;
        const char *failed;
        const char *array;
        const char *entry;
    } known[] = {
        {".PutEvents", "Entries", "FailedEntryCount", "Entries", "{\"EventId\":\"1\"}"},
        {".PutRecords", "Records", "FailedRecordCount", "Records",
         "{\"SequenceNumber\":\"1\",\"ShardId\":\"s\"}"},
        {".PutRecordBatch", "Records", "FailedPutCount", "RequestResponses",
         "{\"RecordId\":\"1\"}"},
    };
    for (size_t i = 0; i < EG_ARRAY_COUNT(known); i++) {
        if (!strstr(request->target, known[i].action))
            continue;
        size_t count = aws_stub_count(request->body, known[i].entries);
        aws_stub_positions(out, count, known[i].failed, known[i].array, known[i].entry);
        return count;
    }
    if (strstr(request->target, ".SendMessageBatch"))
        return aws_stub_good_sqs(request->body, out);
    if (strstr(request->body, "Action=PublishBatch"))
        return aws_stub_good_sns(request->body, out);
    eg_buffer_append_text(out, "{}");
    return strstr(request->target, ".PutLogEvents") ? aws_stub_count(request->body, "logEvents")
                                                    : 0;
}

/* --- the server */

static inline void aws_stub_header(const char *head, const char *name, char *value, size_t bytes)
{
    const char *at = strcasestr(head, name);
    value[0] = '\0';
    if (!at)
        return;
    at += strlen(name);
    at += strspn(at, " ");
    size_t len = strcspn(at, "\r");
    (void)snprintf(value, bytes, "%.*s", (int)len, at);
}

/* Head, and as much body as Content-Length says. False: the client went away. */
static inline bool aws_stub_read(int fd, struct eg_buffer *text, struct aws_stub_request *request)
{
    for (;;) {
        char piece[65536];
        ssize_t got = read(fd, piece, sizeof(piece));
        if (got <= 0)
            return false;
        eg_buffer_append(text, piece, (size_t)got);
        char *end = strstr(text->data, "\r\n\r\n");
        if (!end)
            continue;
        char length[32];
        aws_stub_header(text->data, "\r\ncontent-length:", length, sizeof(length));
        size_t head = (size_t)(end - text->data) + 4;
        if (text->len - head < strtoul(length, NULL, 10))
            continue;
        request->body = eg_strdup(end + 4);
        end[2] = '\0';
        aws_stub_header(text->data, "\r\nx-amz-target:", request->target, sizeof(request->target));
        request->is_signed = strcasestr(text->data, "\r\nauthorization: AWS4-HMAC-SHA256 ") != NULL;
        return true;
    }
}

static inline void aws_stub_serve(struct aws_stub *stub, int fd)
{
    struct eg_buffer text EG_AUTOBUFFER = EG_BUFFER_INIT;
    struct eg_buffer body EG_AUTOBUFFER = EG_BUFFER_INIT;
    struct aws_stub_request request = {{0}, NULL, false};
    if (!aws_stub_read(fd, &text, &request))
        return;
    unsigned status = 200;
    aws_stub_lock(stub);
    if (stub->script_at < stub->script_count) {
        const struct aws_stub_answer *answer = &stub->script[stub->script_at++];
        status = answer->status;
        eg_buffer_append_text(&body, answer->body);
    } else {
        stub->arrived += aws_stub_good(&request, &body);
    }
    if (stub->request_count < AWS_STUB_REQUESTS)
        stub->requests[stub->request_count++] = request;
    else
        free(request.body);
    aws_stub_unlock(stub);
    eg_buffer_clear(&text);
    eg_buffer_printf(&text, "HTTP/1.1 %u X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n",
                     status, body.len);
    eg_buffer_append_span(&text, eg_buffer_span(&body));
    for (size_t done = 0; done < text.len;) {
        ssize_t sent = send(fd, text.data + done, text.len - done, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        done += (size_t)sent;
    }
}

static inline void *aws_stub_run(void *argument)
{
    struct aws_stub *stub = argument;
    for (;;) {
        int fd = accept(stub->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        aws_stub_serve(stub, fd);
        (void)close(fd);
    }
}

static inline struct aws_stub *aws_stub_start(void)
{
    struct aws_stub *stub = eg_calloc(1, sizeof(*stub));
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(address);
    (void)pthread_mutex_init(&stub->mutex, NULL);
    stub->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EG_ASSERT(bind(stub->listener, (struct sockaddr *)&address, len) == 0);
    EG_ASSERT(listen(stub->listener, 64) == 0);
    EG_ASSERT(getsockname(stub->listener, (struct sockaddr *)&address, &len) == 0);
    stub->port = ntohs(address.sin_port);
    EG_ASSERT(pthread_create(&stub->thread, NULL, aws_stub_run, stub) == 0);
    return stub;
}

static inline void aws_stub_stop(struct aws_stub *stub)
{
    (void)shutdown(stub->listener, SHUT_RDWR);
    (void)pthread_join(stub->thread, NULL);
    (void)close(stub->listener);
    for (size_t i = 0; i < stub->request_count; i++)
        free(stub->requests[i].body);
    (void)pthread_mutex_destroy(&stub->mutex);
    free(stub);
}

/* One more answer to come. `body` must stay. */
static inline void aws_stub_script(struct aws_stub *stub, unsigned status, const char *body)
{
    aws_stub_lock(stub);
    EG_ASSERT(stub->script_count < AWS_STUB_SCRIPT);
    stub->script[stub->script_count++] = (struct aws_stub_answer){status, body};
    aws_stub_unlock(stub);
}

/* The body of a request as JSON; freed by the caller. */
static inline json_t *aws_stub_json(struct aws_stub *stub, size_t index)
{
    aws_stub_lock(stub);
    assert_true(index < stub->request_count);
    json_t *json = json_loads(stub->requests[index].body, 0, NULL);
    aws_stub_unlock(stub);
    assert_non_null(json);
    return json;
}

/* --- a sink that talks to it */

struct aws_delivery {
    struct eg_delivery delivery; /* first: complete finds the rest by it */
    struct eg_event event;
    int completions;
    enum eg_outcome outcome;
    char message[EG_ERROR_MESSAGE_BYTES];
};

static inline void aws_complete(struct eg_delivery *take, enum eg_outcome outcome,
                                const char *message)
{
    struct aws_delivery *done = (struct aws_delivery *)(void *)take;
    done->outcome = outcome;
    (void)snprintf(done->message, sizeof(done->message), "%s", message ? message : "");
    done->completions++;
}

static inline void aws_complete_all(struct eg_delivery *const *take, size_t count,
                                    enum eg_outcome outcome, const char *message)
{
    for (size_t i = 0; i < count; i++)
        aws_complete(take[i], outcome, message);
}

static inline void __attribute__((format(printf, 3, 4)))
aws_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    (void)host;
    (void)level;
    (void)format;
}

static const struct eg_sink_host aws_host = {
    .sink_name = "aws",
    .complete = aws_complete,
    .complete_all = aws_complete_all,
    .log = aws_log,
    .monotonic_ms = eg_clock_monotonic_ms,
    .timeout_ms = 10000,
};

/* A sink of the type with these settings ("name: value" lines of YAML), connected to the stub. */
struct aws_rig {
    const struct eg_sink_type *type;
    struct aws_stub *stub;
    void *config;
    struct eg_sink *sink;
    void *worker;
    struct aws_delivery deliveries[AWS_STUB_DELIVERIES];
    size_t count;
    char *texts[AWS_STUB_DELIVERIES]; /* payloads that the rig owns */
    size_t text_count;
};

static inline void *aws_config_new(const struct eg_sink_type *type, const struct aws_stub *stub,
                                   const char *settings)
{
    char *text = eg_asprintf("%s\naws:\n  region: eu-west-1\n  endpoint_url: http://127.0.0.1:%u\n",
                             settings, stub->port);
    struct eg_config_tree *tree = NULL;
    struct eg_config_problems problems = {0};
    void *config = eg_calloc(1, type->config->struct_bytes);
    EG_ASSERT(eg_config_tree_parse(eg_span_text(text), "test.yaml", EG_CONFIG_LITERAL, &tree,
                                   &problems) == 0);
    struct eg_config_part part = {type->config, config};
    struct eg_config_scope scope = {"sinks.test", ".", {"test.yaml", 1, 1}};
    int ret = eg_config_fields_fill(&part, 1, tree->root, &scope, &problems);
    if (ret != 0)
        eg_config_problems_print(&problems, stderr);
    assert_int_equal(ret, 0);
    eg_config_problems_fini(&problems);
    eg_config_tree_destroy(tree);
    free(text);
    return config;
}

static inline void aws_config_destroy(const struct eg_sink_type *type, void *config)
{
    eg_config_fields_fini(type->config, config);
    free(config);
}

/* Keys for every client that the test makes; nothing of the machine's own. */
static inline int aws_stub_environment(void **state)
{
    static const char *const unset[] = {
        "AWS_PROFILE",   "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ROLE_ARN",
        "http_proxy",    "HTTP_PROXY",        "AWS_REGION",       "all_proxy",
        "AWS_CA_BUNDLE", "AWS_DEFAULT_REGION"};
    (void)state;
    for (size_t i = 0; i < EG_ARRAY_COUNT(unset); i++)
        (void)unsetenv(unset[i]);
    (void)setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE", 1);
    (void)setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", 1);
    (void)setenv("AWS_CONFIG_FILE", "/nonexistent/config", 1);
    (void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials", 1);
    return 0;
}

static inline struct aws_rig *aws_rig_new(const struct eg_sink_type *type, const char *settings)
{
    struct aws_rig *rig = eg_calloc(1, sizeof(*rig));
    struct eg_error err = {.message = ""};
    rig->type = type;
    rig->stub = aws_stub_start();
    rig->config = aws_config_new(type, rig->stub, settings);
    if (type->create(&aws_host, rig->config, &rig->sink, &err) != 0 ||
        type->worker_begin(rig->sink, 0, &rig->worker, &err) != 0)
        fail_msg("%s", err.message);
    return rig;
}

static inline void aws_rig_destroy(struct aws_rig *rig)
{
    rig->type->worker_end(rig->sink, rig->worker);
    rig->type->destroy(rig->sink);
    aws_stub_stop(rig->stub);
    aws_config_destroy(rig->type, rig->config);
    for (size_t i = 0; i < rig->text_count; i++)
        free(rig->texts[i]);
    free(rig);
}

static inline struct eg_event *aws_rig_add_span(struct aws_rig *rig, struct eg_span payload)
{
    static char ids[AWS_STUB_DELIVERIES][16];
    assert_true(rig->count < AWS_STUB_DELIVERIES);
    size_t index = rig->count++;
    struct aws_delivery *delivery = &rig->deliveries[index];
    (void)snprintf(ids[index], sizeof(ids[index]), "id-%zu", index);
    delivery->event = (struct eg_event){
        .id = eg_span_text(ids[index]),
        .topic = EG_SPAN_LITERAL("orders"),
        .payload = payload,
        .correlation_id = EG_SPAN_LITERAL("c"),
        .traceparent = EG_SPAN_LITERAL("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        .received_us = INT64_C(1750000000000000) + (int64_t)index * 1000,
    };
    delivery->delivery = (struct eg_delivery){
        .event = &delivery->event, .attempt = 1, .deadline_ms = eg_clock_monotonic_ms() + 8000};
    return &delivery->event;
}

/* `payload` must stay. */
static inline struct eg_event *aws_rig_add(struct aws_rig *rig, const char *payload)
{
    return aws_rig_add_span(rig, eg_span_text(payload));
}

/* A JSON object of exactly so many bytes. */
static inline struct eg_event *aws_rig_add_bytes(struct aws_rig *rig, size_t bytes)
{
    static const char before[] = "{\"a\":\"";
    char *text = eg_malloc(bytes + 1);
    memset(text, 'x', bytes);
    memcpy(text, before, sizeof(before) - 1);
    memcpy(text + bytes - 2, "\"}", 3);
    rig->texts[rig->text_count++] = text;
    return aws_rig_add_span(rig, eg_span_of(text, bytes));
}

/* Submits all that was added; each must be completed once. */
static inline void aws_rig_submit(struct aws_rig *rig)
{
    struct eg_delivery *batch[AWS_STUB_DELIVERIES];
    for (size_t i = 0; i < rig->count; i++)
        batch[i] = &rig->deliveries[i].delivery;
    rig->type->submit(rig->sink, rig->worker, batch, rig->count);
    for (size_t i = 0; i < rig->count; i++)
        assert_int_equal(rig->deliveries[i].completions, 1);
}

static inline void aws_assert_outcome(const struct aws_rig *rig, size_t index,
                                      enum eg_outcome outcome, const char *part)
{
    const struct aws_delivery *done = &rig->deliveries[index];
    if (done->outcome != outcome || (part && !strstr(done->message, part)))
        fail_msg("delivery %zu: outcome %d, '%s'; expected %d, '%s'", index, (int)done->outcome,
                 done->message, (int)outcome, part ? part : "");
}

#endif
