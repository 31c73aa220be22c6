/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A struct eg_aws_host of paper: variables, files, answers and time are what the test says. Every
 * request is checked against what was expected, in order, and answered with what was scripted.
 */
#ifndef EG_TESTS_SUPPORT_AWS_HOST_H
#define EG_TESTS_SUPPORT_AWS_HOST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/host.h"
#include "base/error.h"
#include "base/span.h"

#define AWS_HOST_MAX 32

struct aws_host_pair {
    const char *name;
    const char *value;
};

/* An expected request, and its answer. */
struct aws_host_exchange {
    const char *method;
    const char *url;
    unsigned status;        /* 0: no answer */
    const char *body;       /* of the answer */
    const char *body_holds; /* part of the request's body; NULL: any */
    const char *header;     /* "Name: value" that the request must have; NULL: any */
    const char *header_not; /* name of a header that it must not have; NULL: any */
};

struct aws_host {
    struct eg_aws_host host;
    struct eg_clock clock;
    struct aws_host_pair env[AWS_HOST_MAX];
    struct aws_host_pair files[AWS_HOST_MAX];
    struct aws_host_exchange exchanges[AWS_HOST_MAX];
    size_t exchange_count;
    size_t exchange_at;
    const char *printed; /* what the next command prints; NULL: it fails */
    char command[256];   /* the last one */
    int64_t wall_us;
    int64_t monotonic_us;
    int64_t waited_ms;
    unsigned waits;
    bool was_direct; /* the last request */
    int64_t timeout_ms;
    char trouble[1024]; /* the first unexpected thing */
};

static inline const char *aws_host_find(const struct aws_host_pair *pairs, const char *name)
{
    for (size_t i = 0; i < AWS_HOST_MAX && pairs[i].name; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return NULL;
}

static inline void aws_host_put(struct aws_host_pair *pairs, const char *name, const char *value)
{
    size_t i = 0;
    while (pairs[i].name && strcmp(pairs[i].name, name) != 0)
        i++;
    EG_ASSERT(i < AWS_HOST_MAX);
    pairs[i] = (struct aws_host_pair){name, value};
}

static inline void aws_host_set_env(struct aws_host *host, const char *name, const char *value)
{
    aws_host_put(host->env, name, value);
}

static inline void aws_host_set_file(struct aws_host *host, const char *path, const char *text)
{
    aws_host_put(host->files, path, text);
}

static inline void aws_host_expect(struct aws_host *host, struct aws_host_exchange exchange)
{
    EG_ASSERT(host->exchange_count < AWS_HOST_MAX);
    host->exchanges[host->exchange_count++] = exchange;
}

static inline const char *aws_host_get_env(void *state, const char *name)
{
    return aws_host_find(((struct aws_host *)state)->env, name);
}

static inline int aws_host_read_file(void *state, const char *path, size_t max_bytes,
                                     struct eg_buffer *out, struct eg_error *err)
{
    const char *text = aws_host_find(((struct aws_host *)state)->files, path);
    if (!text)
        return eg_error_set(err, EG_ERR_NOT_FOUND,
                            "failed to read `%s`: No such file or directory (os error 2)", path);
    if (strlen(text) > max_bytes)
        return eg_error_set(err, EG_ERR_TOO_LARGE, "`%s` is longer than %zu bytes", path,
                            max_bytes);
    eg_buffer_append_text(out, text);
    return 0;
}

static inline void aws_host_complain(struct aws_host *host, const char *format, ...)
    EG_PRINTF(2, 3);
static inline void aws_host_complain(struct aws_host *host, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!host->trouble[0])
        (void)vsnprintf(host->trouble, sizeof(host->trouble), format, args);
    va_end(args);
}

static inline const struct eg_net_header *aws_host_header(const struct eg_net_request *request,
                                                          const char *name, size_t len)
{
    for (size_t i = 0; i < request->header_count; i++)
        if (eg_span_equal_nocase(request->headers[i].name, eg_span_of(name, len)))
            return &request->headers[i];
    return NULL;
}

static inline void aws_host_check_headers(struct aws_host *host,
                                          const struct aws_host_exchange *want,
                                          const struct eg_net_request *request)
{
    size_t name_len = want->header ? strcspn(want->header, ":") : 0;
    const struct eg_net_header *header =
        want->header ? aws_host_header(request, want->header, name_len) : NULL;
    if (want->header && (!header || !eg_span_is(header->value, want->header + name_len + 2)))
        aws_host_complain(host, "%s: no header '%s'", request->url, want->header);
    if (want->header_not && aws_host_header(request, want->header_not, strlen(want->header_not)))
        aws_host_complain(host, "%s: has a header '%s'", request->url, want->header_not);
}

static inline int aws_host_send(void *state, const struct eg_net_request *request, bool direct,
                                struct eg_net_response *response, struct eg_error *err)
{
    struct aws_host *host = state;
    const char *method = request->method ? request->method : "GET";
    host->was_direct = direct;
    host->timeout_ms = request->total_timeout_ms;
    eg_net_response_fini(response);
    if (host->exchange_at == host->exchange_count) {
        aws_host_complain(host, "unexpected: %s %s", method, request->url);
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "nobody is there");
    }
    const struct aws_host_exchange *want = &host->exchanges[host->exchange_at++];
    if (strcmp(method, want->method) != 0 || strcmp(request->url, want->url) != 0)
        aws_host_complain(host, "%s %s instead of %s %s", method, request->url, want->method,
                          want->url);
    if (want->body_holds &&
        !memmem(request->body.ptr, request->body.len, want->body_holds, strlen(want->body_holds)))
        aws_host_complain(host, "%s: the body holds no '%s' but is '%.*s'", request->url,
                          want->body_holds, EG_SPAN_ARGS(request->body));
    aws_host_check_headers(host, want, request);
    if (want->status == 0)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "no answer in time");
    response->status = want->status;
    eg_buffer_append_text(&response->body, want->body ? want->body : "");
    return 0;
}

static inline int aws_host_run(void *state, const char *command, size_t max_bytes,
                               struct eg_buffer *out, struct eg_error *err)
{
    struct aws_host *host = state;
    (void)snprintf(host->command, sizeof(host->command), "%s", command);
    if (!host->printed)
        return eg_error_set(err, EG_ERR_UNAVAILABLE, "it ended with 1");
    EG_ASSERT(strlen(host->printed) <= max_bytes);
    eg_buffer_append_text(out, host->printed);
    return 0;
}

static inline void aws_host_wait_ms(void *state, int64_t ms)
{
    struct aws_host *host = state;
    host->waited_ms += ms;
    host->waits++;
    host->monotonic_us += ms * 1000;
    host->wall_us += ms * 1000;
}

static inline int64_t aws_host_wall_us(void *state)
{
    return ((struct aws_host *)state)->wall_us;
}

static inline int64_t aws_host_monotonic_us(void *state)
{
    return ((struct aws_host *)state)->monotonic_us;
}

#define AWS_HOST_NOW_S INT64_C(1609459200) /* 2021-01-01T00:00:00Z */

static inline void aws_host_init(struct aws_host *host)
{
    *host = (struct aws_host){.wall_us = AWS_HOST_NOW_S * 1000000, .monotonic_us = 1000000};
    host->clock = (struct eg_clock){aws_host_wall_us, aws_host_monotonic_us, host};
    host->host = (struct eg_aws_host){
        .get_env = aws_host_get_env,
        .read_file = aws_host_read_file,
        .send = aws_host_send,
        .run = aws_host_run,
        .wait_ms = aws_host_wait_ms,
        .clock = &host->clock,
        .state = host,
    };
}

/* Nothing unexpected, and all that was expected. */
static inline bool aws_host_is_content(struct aws_host *host)
{
    if (host->exchange_at != host->exchange_count)
        aws_host_complain(host, "%zu of %zu requests were made", host->exchange_at,
                          host->exchange_count);
    if (host->trouble[0])
        (void)fprintf(stderr, "host: %s\n", host->trouble);
    return !host->trouble[0];
}

#endif
