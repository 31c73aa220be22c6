/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks the connections a few times a second, under the server's lock, which accept and close take
 * too. A request costs the watchdog nothing; a pause between requests costs one getsockopt a walk,
 * which tells whether bytes of a next request have come (the library does not say).
 *
 * Whoever changes a connection's clock first owns the socket's last word: when the exchange below
 * succeeds, the HTTP thread finds EXPIRED and writes no more.
 */
#include "http/watchdog.h"

#include <linux/tcp.h> /* the C library has an older struct tcp_info */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/span.h"
#include "http/exchange.h"
#include "http/lastword.h"
#include "http/service.h"

#define TICK_MAX_MS       200
#define TICK_MIN_MS       10
#define RATE_GRACE_MS     5000
#define REFUSED_MAX_MS    1000 /* a connection over the limit may hold its place this long */
#define DRAINING_IDLE_MS  100
#define LINGER_READ_BYTES 16384
#define HALF_CLOSED_MS    1000 /* an idle connection whose client will send no more */
#define STATE_CLOSE_WAIT  8    /* the kernel's net/tcp_states.h */

struct verdict {
    bool expired;
    bool speak; /* say 408 first */
};

/* When the end of what the client sends comes with the last bytes, the library overlooks it: it
 * waits for an event that will not come again. */
static uint64_t bytes_received(struct eg_http_connection *connection)
{
    struct tcp_info info;
    socklen_t len = sizeof(info);
    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &len) < 0 ||
        len < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received))
        return 0;
    connection->half_closed = info.tcpi_state == STATE_CLOSE_WAIT;
    return info.tcpi_bytes_received;
}

/* Notes when the first bytes behind the last request were seen. 0: none yet. */
static int64_t watch_pause(struct eg_http_connection *connection, uint64_t clock, int64_t now_ms)
{
    uint64_t received = connection->is_unix ? 0 : bytes_received(connection);
    if (connection->watched_clock != clock) {
        bool fresh = eg_http_clock_phase(clock) == EG_HTTP_PHASE_FRESH;
        connection->watched_clock = clock;
        connection->watched_bytes = fresh ? 0 : received;
        connection->watched_start_ms = 0;
    }
    if (connection->watched_start_ms == 0 && received != connection->watched_bytes)
        connection->watched_start_ms = now_ms;
    return connection->watched_start_ms;
}

static int64_t pause_limit_ms(const struct eg_http_connection *connection, enum eg_http_phase phase)
{
    const struct eg_http_server *server = connection->server;
    int64_t limit_ms = phase == EG_HTTP_PHASE_FRESH ? server->limits->first_byte_timeout_ms
                                                    : server->limits->idle_timeout_ms;
    if (connection->over_limit && limit_ms > REFUSED_MAX_MS)
        limit_ms = REFUSED_MAX_MS;
    if (connection->half_closed && limit_ms > HALF_CLOSED_MS)
        limit_ms = HALF_CLOSED_MS;
    if (atomic_load_explicit(&server->draining, memory_order_relaxed) &&
        limit_ms > DRAINING_IDLE_MS)
        limit_ms = DRAINING_IDLE_MS;
    return limit_ms;
}

static struct verdict judge_pause(struct eg_http_connection *connection, uint64_t clock,
                                  int64_t now_ms)
{
    int64_t begun_ms = watch_pause(connection, clock, now_ms);
    int64_t since_ms = begun_ms ? begun_ms : eg_http_clock_start_ms(clock);
    int64_t limit_ms = begun_ms ? connection->server->limits->header_timeout_ms
                                : pause_limit_ms(connection, eg_http_clock_phase(clock));
    return (struct verdict){now_ms - since_ms > limit_ms, begun_ms != 0};
}

static struct verdict judge_body(const struct eg_http_connection *connection, int64_t elapsed_ms)
{
    const struct eg_http_limits *limits = connection->server->limits;
    uint64_t bytes = atomic_load_explicit(&connection->body_bytes, memory_order_relaxed);
    bool slow =
        elapsed_ms > RATE_GRACE_MS && (int64_t)bytes < limits->min_body_rate * (elapsed_ms / 1000);
    return (struct verdict){slow || elapsed_ms > limits->body_timeout_ms, true};
}

static struct verdict judge(struct eg_http_connection *connection, uint64_t clock, int64_t now_ms)
{
    const struct eg_http_limits *limits = connection->server->limits;
    int64_t elapsed_ms = now_ms - eg_http_clock_start_ms(clock);
    switch (eg_http_clock_phase(clock)) {
    case EG_HTTP_PHASE_FRESH:
    case EG_HTTP_PHASE_IDLE:
        return judge_pause(connection, clock, now_ms);
    case EG_HTTP_PHASE_HEAD:
        return (struct verdict){elapsed_ms > limits->header_timeout_ms, true};
    case EG_HTTP_PHASE_BODY:
        return judge_body(connection, elapsed_ms);
    case EG_HTTP_PHASE_REPLY:
        return (struct verdict){elapsed_ms > limits->reply_timeout_ms, false};
    case EG_HTTP_PHASE_WORK:
    case EG_HTTP_PHASE_EXPIRED:
        break;
    }
    return (struct verdict){false, false};
}

static void cut_off(struct eg_http_connection *connection, uint64_t clock, bool speak,
                    int64_t now_ms)
{
    struct eg_error err;
    uint64_t expired = eg_http_clock_word(EG_HTTP_PHASE_EXPIRED, now_ms);
    if (!atomic_compare_exchange_strong_explicit(&connection->clock, &clock, expired,
                                                 memory_order_acq_rel, memory_order_relaxed))
        return; /* it just went on */
    if (speak) {
        (void)eg_error_set(&err, EG_ERR_TIMEOUT, "The request came too slowly.");
        eg_http_last_word(connection->fd, &err, EG_SPAN_EMPTY);
    }
    (void)shutdown(connection->fd, SHUT_RDWR);
    atomic_fetch_add_explicit(&connection->server->timeouts, 1, memory_order_relaxed);
}

static void look_at(struct eg_http_connection *connection, int64_t now_ms)
{
    uint64_t clock = atomic_load_explicit(&connection->clock, memory_order_acquire);
    int64_t elapsed_ms = now_ms - eg_http_clock_start_ms(clock);
    if (eg_http_clock_phase(clock) == EG_HTTP_PHASE_WORK) {
        if (elapsed_ms > connection->server->limits->request_timeout_ms &&
            eg_http_connection_expire(connection))
            atomic_fetch_add_explicit(&connection->server->timeouts, 1, memory_order_relaxed);
        return;
    }
    struct verdict verdict = judge(connection, clock, now_ms);
    if (verdict.expired)
        cut_off(connection, clock, verdict.speak, now_ms);
}

/* Reads what a refused client still sends; true when it is done or its time is up. */
static bool linger(const struct eg_http_lingerer *lingerer, int64_t now_ms)
{
    char rubbish[LINGER_READ_BYTES];
    ssize_t got = recv(lingerer->fd, rubbish, sizeof(rubbish), MSG_DONTWAIT);
    return got == 0 || now_ms >= lingerer->until_ms;
}

static void look_at_lingerers(struct eg_http_server *server, int64_t now_ms)
{
    size_t kept = 0;
    for (size_t index = 0; index < server->lingerer_count; index++) {
        if (linger(&server->lingerers[index], now_ms))
            (void)close(server->lingerers[index].fd);
        else
            server->lingerers[kept++] = server->lingerers[index];
    }
    server->lingerer_count = kept;
}

static int64_t shortest(const struct eg_http_limits *limits)
{
    const int64_t timeouts[] = {limits->first_byte_timeout_ms, limits->header_timeout_ms,
                                limits->body_timeout_ms,       limits->idle_timeout_ms,
                                limits->reply_timeout_ms,      limits->request_timeout_ms};
    int64_t tick_ms = TICK_MAX_MS;
    for (size_t index = 0; index < EG_ARRAY_COUNT(timeouts); index++)
        if (timeouts[index] / 4 < tick_ms)
            tick_ms = timeouts[index] / 4;
    return tick_ms < TICK_MIN_MS ? TICK_MIN_MS : tick_ms;
}

static void *watch(void *context)
{
    struct eg_http_server *server = context;
    const int64_t tick_ms = shortest(server->limits);
    eg_mutex_lock(&server->lock);
    while (!server->watchdog_stop) {
        int64_t now_ms = eg_clock_monotonic_ms();
        for (struct eg_http_connection *at = server->connections; at; at = at->next)
            look_at(at, now_ms);
        look_at_lingerers(server, now_ms);
        (void)eg_cond_wait_until(&server->wake, &server->lock,
                                 eg_clock_monotonic_us() + tick_ms * 1000);
    }
    eg_mutex_unlock(&server->lock);
    return NULL;
}

int eg_http_watchdog_start(struct eg_http_server *server, struct eg_error *err)
{
    char name[16];
    server->watchdog_stop = false;
    if (pthread_create(&server->watchdog, NULL, watch, server) != 0)
        return eg_error_set(err, EG_ERR_INTERNAL, "cannot start the thread for HTTP timeouts");
    (void)snprintf(name, sizeof(name), "watch-%.8s", server->options.name);
    (void)pthread_setname_np(server->watchdog, name);
    server->watchdog_runs = true;
    return 0;
}

void eg_http_watchdog_stop(struct eg_http_server *server)
{
    if (!server->watchdog_runs)
        return;
    eg_mutex_lock(&server->lock);
    server->watchdog_stop = true;
    eg_cond_signal(&server->wake);
    eg_mutex_unlock(&server->lock);
    (void)pthread_join(server->watchdog, NULL);
    server->watchdog_runs = false;
    for (size_t index = 0; index < server->lingerer_count; index++)
        (void)close(server->lingerers[index].fd);
    server->lingerer_count = 0;
}

void eg_http_watchdog_expire_all(struct eg_http_server *server)
{
    eg_mutex_lock(&server->lock);
    for (struct eg_http_connection *at = server->connections; at; at = at->next)
        (void)eg_http_connection_expire(at);
    eg_mutex_unlock(&server->lock);
}
