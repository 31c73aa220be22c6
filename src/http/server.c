/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts and stops: sockets, the pollers that serve each, and the watchdog. On the control thread.
 *
 * The library's own timeout is off (watchdog.h has ours), its log is off (it knows less than we
 * do), and so is its strict option: what that checks is checked in head.c, while the refusals of
 * 0.9.75 itself, made once the headers are parsed, go out twice on the same connection.
 */
#include "http/server.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/service.h"
#include "http/watchdog.h"
#include "work/schedule.h"

#define REPLY_HEAD_BYTES 2048 /* room for a reply's head, and to read a body into */
#define POLL_MS          2

void eg_http_server_log(const struct eg_http_server *server, const char *format, ...)
{
    char line[256];
    va_list args;
    if (!server->options.log)
        return;
    va_start(args, format);
    (void)vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    server->options.log(line, server->options.context);
}

static int open_listeners(struct eg_http_server *server, struct eg_error *err)
{
    const struct eg_http_config *config = server->options.config;
    if (config->listen.count > EG_HTTP_LISTENERS_MAX)
        return eg_error_set(err, EG_ERR_CONFIG, "more than %d addresses to listen on",
                            EG_HTTP_LISTENERS_MAX);
    for (size_t index = 0; index < config->listen.count; index++) {
        if (eg_http_listen_open(config->listen.items[index], config->unix_mode,
                                &server->listeners[index].socket, err) < 0)
            return -1;
        server->listener_count++;
    }
    return 0;
}

int eg_http_server_new(const struct eg_http_server_options *options,
                       struct eg_http_server **ret_server, struct eg_error *err)
{
    struct eg_http_server *server = eg_calloc(1, sizeof(*server));
    server->options = *options;
    server->limits = &options->config->limits;
    eg_mutex_init(&server->lock);
    eg_cond_init(&server->wake);
    eg_http_peers_init(&server->peers, server->limits->max_connections);
    eg_http_cors_init(&server->cors, &options->config->cors);
    if (eg_http_config_check(options->config, err) < 0 ||
        eg_http_router_new(options->routes, options->route_count, &server->router, err) < 0 ||
        open_listeners(server, err) < 0) {
        eg_http_server_destroy(server);
        return -1;
    }
    *ret_server = server;
    return 0;
}

/* One core is left to the sinks' threads, and to whoever shares the machine: with a thread on every
 * core, the last of a burst waits until somebody else's slice of its core is over. */
static unsigned thread_count(const struct eg_http_config *config)
{
    unsigned cores = eg_schedule_cores();
    if (config->threads > 0)
        return (unsigned)config->threads;
    return cores > 1 ? cores - 1 : 1;
}

/* A head of the largest size with the library's records of its headers, and the head of a reply.
 * Not a byte more: the library clears all of it for every request. */
size_t eg_http_server_connection_memory(const struct eg_http_server *server)
{
    const struct eg_http_limits *limits = server->limits;
    size_t bytes = (size_t)limits->max_header_bytes + REPLY_HEAD_BYTES;
    return (bytes + 1023) & ~(size_t)1023;
}

/* We count ourselves (connection.c), over all threads and listeners; the library counts by thread,
 * so that its limit must let each of them have all. */
unsigned eg_http_server_library_connections(const struct eg_http_server *server)
{
    const struct eg_http_limits *limits = server->limits;
    return (unsigned)(limits->max_connections + limits->max_connections / 4 + 64);
}

static bool wants_helper(const struct eg_http_config *config)
{
    return config->threads == 0 && eg_schedule_cores() > 1;
}

static int add_loop(struct eg_http_server *server, struct eg_http_listener *listener,
                    struct eg_http_poller *const *pollers, const char *suffix, struct eg_error *err)
{
    char name[32];
    (void)snprintf(name, sizeof(name), "%.8s-%s", server->options.name, suffix);
    if (eg_http_loop_new(listener, pollers, name, &listener->loops[listener->loop_count], err) < 0)
        return -1;
    listener->loop_count++;
    return 0;
}

static int make_loop(struct eg_http_server *server, struct eg_http_listener *listener,
                     struct eg_error *err)
{
    struct eg_http_poller **pollers = &listener->pollers[listener->poller_count];
    char number[16];
    for (unsigned index = 0; index < EG_HTTP_LOOP_POLLERS; index++) {
        if (eg_http_poller_new(server, &pollers[index], err) < 0)
            return -1;
        listener->poller_count++;
    }
    (void)snprintf(number, sizeof(number), "%u", listener->loop_count);
    return add_loop(server, listener, pollers, number, err);
}

static int make_helper(struct eg_http_server *server, struct eg_http_listener *listener,
                       struct eg_error *err)
{
    if (add_loop(server, listener, NULL, "help", err) < 0)
        return -1;
    listener->helper = listener->loops[listener->loop_count - 1];
    return 0;
}

static int start_listener(struct eg_http_server *server, struct eg_http_listener *listener,
                          struct eg_error *err)
{
    unsigned threads = thread_count(server->options.config);
    listener->pollers =
        eg_calloc((size_t)threads * EG_HTTP_LOOP_POLLERS, sizeof(*listener->pollers));
    listener->loops = eg_calloc(threads + 1, sizeof(*listener->loops)); /* and a helper */
    while (listener->loop_count < threads)
        if (make_loop(server, listener, err) < 0)
            return -1;
    if (wants_helper(server->options.config) && make_helper(server, listener, err) < 0)
        return -1;
    for (unsigned index = 0; index < listener->loop_count; index++)
        if (eg_http_loop_start(listener->loops[index], err) < 0)
            return -1;
    return 0;
}

int eg_http_server_start(struct eg_http_server *server, struct eg_error *err)
{
    server->check_layout = eg_http_head_layout_works();
    if (!server->check_layout)
        eg_http_server_log(server,
                           "libmicrohttpd %s keeps request heads in a way that is not known: line "
                           "endings and folded headers are not checked",
                           MHD_get_version());
    if (eg_http_watchdog_start(server, err) < 0)
        return -1;
    for (size_t index = 0; index < server->listener_count; index++) {
        if (start_listener(server, &server->listeners[index], err) < 0) {
            eg_http_server_stop(server, 0);
            return -1;
        }
    }
    return 0;
}

void eg_http_server_quiesce(struct eg_http_server *server)
{
    if (atomic_exchange_explicit(&server->draining, true, memory_order_relaxed))
        return;
    for (size_t index = 0; index < server->listener_count; index++) {
        struct eg_http_listener *listener = &server->listeners[index];
        for (unsigned loop = 0; loop < listener->loop_count; loop++)
            eg_http_loop_quiesce(listener->loops[loop]);
        eg_http_listen_end(&listener->socket);
    }
}

static void sleep_ms(int64_t ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Until nothing is in flight. False: the time is up. */
static bool await_quiet(struct eg_http_server *server, int64_t deadline_ms)
{
    while (atomic_load_explicit(&server->in_flight, memory_order_acquire) > 0 ||
           atomic_load_explicit(&server->suspended, memory_order_acquire) > 0) {
        if (eg_clock_monotonic_ms() >= deadline_ms)
            return false;
        sleep_ms(POLL_MS);
    }
    return true;
}

/* The library must not be stopped with suspended connections. Each is parked a few
 * milliseconds after its handler ran, so this ends. */
static void expire_suspended(struct eg_http_server *server)
{
    while (atomic_load_explicit(&server->suspended, memory_order_acquire) > 0) {
        eg_http_watchdog_expire_all(server);
        sleep_ms(POLL_MS);
    }
}

/* All of them first: a poller may be with any of the listener's. */
static void stop_threads(struct eg_http_listener *listener)
{
    for (unsigned loop = 0; loop < listener->loop_count; loop++)
        eg_http_loop_stop(listener->loops[loop]);
    for (unsigned poller = 0; poller < listener->poller_count; poller++)
        eg_http_poller_stop(listener->pollers[poller]);
}

void eg_http_server_stop(struct eg_http_server *server, int64_t drain_timeout_ms)
{
    eg_http_server_quiesce(server);
    if (!await_quiet(server, eg_clock_monotonic_ms() + drain_timeout_ms))
        eg_http_server_log(server, "stopping with %" PRIdFAST64 " requests in flight",
                           atomic_load(&server->in_flight));
    expire_suspended(server);
    for (size_t index = 0; index < server->listener_count; index++) {
        stop_threads(&server->listeners[index]);
        eg_http_listen_close(&server->listeners[index].socket);
    }
    eg_http_watchdog_stop(server);
}

static void destroy_threads(struct eg_http_listener *listener)
{
    for (unsigned loop = 0; loop < listener->loop_count; loop++)
        eg_http_loop_destroy(listener->loops[loop]);
    for (unsigned poller = 0; poller < listener->poller_count; poller++)
        eg_http_poller_destroy(listener->pollers[poller]);
    free(listener->loops);
    free(listener->pollers);
}

void eg_http_server_destroy(struct eg_http_server *server)
{
    if (!server)
        return;
    eg_http_server_stop(server, 0);
    for (size_t index = 0; index < server->listener_count; index++)
        destroy_threads(&server->listeners[index]);
    eg_http_router_destroy(server->router);
    eg_http_cors_fini(&server->cors);
    eg_http_peers_fini(&server->peers);
    eg_cond_fini(&server->wake);
    eg_mutex_fini(&server->lock);
    free(server);
}

const char *eg_http_server_address(const struct eg_http_server *server, size_t index)
{
    return index < server->listener_count ? server->listeners[index].socket.address : NULL;
}

unsigned eg_http_server_port(const struct eg_http_server *server, size_t index)
{
    return index < server->listener_count ? server->listeners[index].socket.port : 0;
}

static uint64_t gauge(const atomic_int_fast64_t *value)
{
    int64_t now = atomic_load_explicit(value, memory_order_relaxed);
    return now > 0 ? (uint64_t)now : 0;
}

static uint64_t counter(const atomic_uint_fast64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void eg_http_server_counters(struct eg_http_server *server, struct eg_http_counters *ret_counters)
{
    eg_mutex_lock(&server->lock);
    size_t open = server->connection_count;
    eg_mutex_unlock(&server->lock);
    *ret_counters = (struct eg_http_counters){
        .connections_accepted = counter(&server->accepted),
        .connections_refused = counter(&server->refused),
        .requests_malformed = counter(&server->malformed),
        .timeouts = counter(&server->timeouts),
        .connections_open = open,
        .requests_in_flight = gauge(&server->in_flight),
        .bytes_in_flight = gauge(&server->in_flight_bytes),
        .requests_suspended = gauge(&server->suspended),
    };
}
