/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What storing costs by itself: libmicrohttpd alone, as in bare_mhd.c, that gives each body to the
 * daemon's event writer and answers 202 after the commit. No token, no access, no schema.
 *
 *     bare_store PORT THREADS DATABASE
 *
 * One thread commits what is waiting, as the sqlite sink does; a waiting connection is suspended,
 * the library's own way to wait. Runs until it gets a signal, when nobody may be waiting. A
 * benchmark's tool: it trusts whoever talks to it.
 */
#include <microhttpd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "bench/bare.h"
#include "store/events.h"
#include "work/pool.h"
#include "work/queue.h"

#define BODY_BYTES   1024
#define ID_BYTES     37
#define BATCH_EVENTS 512
#define QUEUE_EVENTS 4096 /* one for each connection */

struct post {
    struct eg_queue_item queued; /* first */
    struct MHD_Connection *connection;
    bool handed_over;
    bool stored;
    size_t len;
    char body[BODY_BYTES];
};

struct bench {
    struct eg_queue queue;
    struct eg_event_writer *writer;
    struct MHD_Response *response;
};

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_bytes, void **request)
{
    struct bench *bench = context;
    struct post *post = *request;
    (void)url;
    (void)method;
    (void)version;
    if (!post) {
        post = eg_malloc(sizeof(*post));
        post->connection = connection;
        post->handed_over = false;
        post->stored = false;
        post->len = 0;
        *request = post;
        return MHD_YES;
    }
    if (*upload_bytes > 0) {
        if (*upload_bytes > BODY_BYTES - post->len)
            return MHD_NO;
        memcpy(post->body + post->len, upload, *upload_bytes);
        post->len += *upload_bytes;
        *upload_bytes = 0;
        return MHD_YES;
    }
    if (post->handed_over)
        return post->stored ? MHD_queue_response(connection, 202, bench->response) : MHD_NO;
    post->handed_over = true;
    post->queued.bytes = post->len;
    if (!eg_queue_reserve(&bench->queue, post->queued.bytes))
        return MHD_NO;
    MHD_suspend_connection(connection);
    return eg_queue_push(&bench->queue, &post->queued) ? MHD_YES : MHD_NO;
}

static void completed(void *context, struct MHD_Connection *connection, void **request,
                      enum MHD_RequestTerminationCode code)
{
    (void)context;
    (void)connection;
    (void)code;
    free(*request);
}

/* Ids that grow, as the daemon's UUIDv7 do, and fields as long as the daemon's. */
static struct eg_event describe(const struct post *post, char *id)
{
    static unsigned long number;
    (void)snprintf(id, ID_BYTES, "00000000-0000-7000-8000-%012lx", ++number);
    return (struct eg_event){
        .id = eg_span_text(id),
        .topic = EG_SPAN_LITERAL("public.cps.za.status_change"),
        .payload = eg_span_of(post->body, post->len),
        .subject = EG_SPAN_LITERAL("bench"),
        .correlation_id = EG_SPAN_LITERAL("00000000000000000000000000000000"),
        .traceparent = EG_SPAN_LITERAL("00-00000000000000000000000000000001-0000000000000001-01"),
        .received_us = eg_clock_wall_us(),
    };
}

static void store(struct bench *bench, struct eg_queue_item *const *items, size_t count)
{
    static struct eg_event events[BATCH_EVENTS];
    static const struct eg_event *pointers[BATCH_EVENTS];
    static enum eg_append_result results[BATCH_EVENTS];
    static char ids[BATCH_EVENTS][ID_BYTES];
    struct eg_error err = {.message = ""};
    for (size_t i = 0; i < count; i++) {
        events[i] = describe((struct post *)(void *)items[i], ids[i]);
        pointers[i] = &events[i];
    }
    bool stored = eg_event_writer_append(bench->writer, pointers, count, results, &err) == 0;
    if (!stored)
        (void)fprintf(stderr, "bare_store: %s\n", err.message);
    for (size_t i = 0; i < count; i++) {
        struct post *post = (struct post *)(void *)items[i];
        post->stored = stored && results[i] == EG_APPEND_COMMITTED;
        eg_queue_release(&bench->queue, post->queued.bytes);
        MHD_resume_connection(post->connection);
    }
}

static void writer_main(void *context, unsigned index)
{
    static struct eg_queue_item *items[BATCH_EVENTS];
    const struct eg_queue_batch batch = {.max_items = BATCH_EVENTS, .max_bytes = 8u << 20};
    struct bench *bench = context;
    size_t count;
    (void)index;
    while ((count = eg_queue_pop(&bench->queue, &batch, items)) > 0)
        store(bench, items, count);
}

static int serve(struct bench *bench, const char *port, unsigned threads, const sigset_t *stop)
{
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME,
        (uint16_t)atoi(port), NULL, NULL, answer, bench, MHD_OPTION_NOTIFY_COMPLETED, completed,
        NULL, MHD_OPTION_THREAD_POOL_SIZE, threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)QUEUE_EVENTS, MHD_OPTION_END);
    int number;
    if (!daemon) {
        (void)fprintf(stderr, "bare_store: cannot start on port %s\n", port);
        return 3;
    }
    (void)sigwait(stop, &number);
    MHD_stop_daemon(daemon);
    return 0;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    const struct eg_queue_limits limits = {.max_items = QUEUE_EVENTS,
                                           .max_bytes = (size_t)QUEUE_EVENTS * BODY_BYTES};
    struct eg_error err = {.message = ""};
    struct eg_pool pool;
    sigset_t stop;

    if (argc != 4) {
        (void)fprintf(stderr, "usage: bare_store PORT THREADS DATABASE\n");
        return 2;
    }
    /* As the sqlite sink opens it by default. */
    const struct eg_database_options options = {.path = argv[3],
                                                .synchronous = EG_SYNCHRONOUS_FULL,
                                                .busy_timeout_ms = 2000,
                                                .checkpoint_bytes = 8 << 20,
                                                .cache_bytes = 4 << 20};
    bare_block_stop_signals(&stop);
    eg_queue_init(&bench.queue, &limits);
    bench.response = bare_make_response();
    if (!bench.response || eg_event_writer_open(&options, &bench.writer, &err) != 0 ||
        eg_pool_start(&pool, "writer", 1, writer_main, &bench, &err) != 0) {
        (void)fprintf(stderr, "bare_store: %s\n", err.message);
        return 3;
    }
    int code = serve(&bench, argv[1], (unsigned)atoi(argv[2]), &stop);
    eg_queue_close(&bench.queue);
    eg_pool_join(&pool);
    eg_event_writer_close(bench.writer);
    eg_queue_fini(&bench.queue);
    MHD_destroy_response(bench.response);
    return code;
}
