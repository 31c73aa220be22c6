/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread, a libmicrohttpd daemon in external mode, and an eventfd.
 *
 * Why not the library's own threads: its loop reads events in portions of 128 and, when a portion
 * is exactly full, waits for the next one with no time limit before it serves the first
 * (MHD_epoll of 0.9.75, daemon.c). 128 clients that send at the same moment and then wait for their
 * answers would wait for ever. Here the library is only called when there is something to do, and
 * with no time to wait.
 *
 * The second gain: a request whose answer comes from another thread soon, as from a group commit,
 * need not be suspended, which costs the library two epoll_ctl and the other thread an eventfd a
 * request. It is left without an answer; the library asks for it on every turn; and between turns
 * the thread sleeps until events come, or somebody wakes it (one write for a whole batch), or
 * WAITING_SLEEP_MS have passed. Who waits longer than suspend.c allows is suspended after all, so
 * turns stay short when an answer takes long.
 */
#include "http/poller.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/exchange.h"
#include "http/service.h"

#define WAITING_SLEEP_MS 1
#define THREAD_NAME      16
#define ACCEPTS_AT_ONCE  16
#define ACCEPT_PAUSE_US  100000
#define IMBALANCE        4 /* connections that a poller may be ahead and still accept */

struct eg_http_poller {
    struct MHD_Daemon *daemon;
    int epoll_fd;
    int listen_fd; /* borrowed from the listener; shared with its other pollers */
    struct eg_http_poller *const *peers; /* all pollers of the listener, this one too */
    const unsigned *peer_count;
    int64_t pause_until_us; /* out of descriptors: no accept before */
    atomic_int connections; /* open; changed by its own thread, read by its peers */
    int wake_fd;
    atomic_bool woken; /* wake_fd was written to and not read yet */
    atomic_bool quiesce;
    atomic_bool stop;
    bool progressed;
    bool runs;
    unsigned waiting;
    int64_t turn_us;
    char name[THREAD_NAME];
    pthread_t thread;
};

static _Thread_local struct eg_http_poller *here;

struct eg_http_poller *eg_http_poller_here(void)
{
    return here;
}

int64_t eg_http_poller_turn_us(const struct eg_http_poller *poller)
{
    return poller->turn_us;
}

int64_t eg_http_poller_now_us(void)
{
    EG_ASSERT(here != NULL);
    return here->turn_us;
}

void eg_http_poller_progressed(void)
{
    if (here)
        here->progressed = true;
}

void eg_http_poller_add_waiting(struct eg_http_poller *poller, int change)
{
    poller->waiting += (unsigned)change;
}

unsigned eg_http_poller_waiting(const struct eg_http_poller *poller)
{
    return poller->waiting;
}

void eg_http_poller_wake(struct eg_http_poller *poller)
{
    const uint64_t one = 1;
    if (atomic_exchange_explicit(&poller->woken, true, memory_order_seq_cst))
        return;
    while (write(poller->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* Before the turn that looks: a wake after this exchange writes again, one before it is seen. */
static void take_wakes(struct eg_http_poller *poller)
{
    uint64_t count;
    (void)!read(poller->wake_fd, &count, sizeof(count));
    (void)atomic_exchange_explicit(&poller->woken, false, memory_order_seq_cst);
}

static bool is_paused(const struct eg_http_poller *poller)
{
    return poller->pause_until_us > poller->turn_us;
}

/* How long there is surely nothing to do. */
static int sleep_ms(const struct eg_http_poller *poller)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (MHD_get_timeout(poller->daemon, &timeout_ms) != MHD_YES) {
        if (poller->waiting)
            return WAITING_SLEEP_MS;
        return is_paused(poller) ? ACCEPT_PAUSE_US / 1000 : -1;
    }
    if (timeout_ms == 0)
        return poller->waiting && !poller->progressed ? WAITING_SLEEP_MS : 0;
    return timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
}

/* Is it this poller's turn to accept? Read without a lock: a stale count only costs balance. */
static bool should_accept(const struct eg_http_poller *poller)
{
    if (atomic_load_explicit(&poller->quiesce, memory_order_acquire))
        return false;
    if (is_paused(poller))
        return false;
    int own = atomic_load_explicit(&poller->connections, memory_order_relaxed);
    for (unsigned index = 0; index < *poller->peer_count; index++)
        if (atomic_load_explicit(&poller->peers[index]->connections, memory_order_relaxed) +
                IMBALANCE <
            own)
            return false;
    return true;
}

static void wake_peers(const struct eg_http_poller *poller)
{
    for (unsigned index = 0; index < *poller->peer_count; index++)
        if (poller->peers[index] != poller)
            eg_http_poller_wake(poller->peers[index]);
}

/* A client that went away again is no reason to stop; no descriptor left is one to wait. */
static void note_failure(struct eg_http_poller *poller)
{
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        poller->pause_until_us = eg_clock_monotonic_us() + ACCEPT_PAUSE_US;
}

/* The library closes a socket that it does not take. */
static bool accept_one(struct eg_http_poller *poller)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd =
        accept4(poller->listen_fd, (struct sockaddr *)&address, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        note_failure(poller);
        return false;
    }
    (void)MHD_add_connection(poller->daemon, fd, (const struct sockaddr *)&address, len);
    return true;
}

static void accept_some(struct eg_http_poller *poller)
{
    int accepted = 0;
    while (accepted < ACCEPTS_AT_ONCE && should_accept(poller) && accept_one(poller))
        accepted++;
    if (accepted)
        wake_peers(poller);
}

void eg_http_poller_count_connection(int change)
{
    if (here)
        atomic_fetch_add_explicit(&here->connections, change, memory_order_relaxed);
}

static void sleep_until_events(struct eg_http_poller *poller)
{
    struct pollfd events[] = {
        {.fd = poller->epoll_fd, .events = POLLIN},
        {.fd = poller->wake_fd, .events = POLLIN},
        {.fd = should_accept(poller) ? poller->listen_fd : -1, .events = POLLIN},
    };
    int timeout_ms = sleep_ms(poller);
    if (poll(events, EG_ARRAY_COUNT(events), timeout_ms) <= 0)
        return;
    if (events[1].revents)
        take_wakes(poller);
    if (events[2].revents)
        accept_some(poller);
}

static void *run(void *context)
{
    struct eg_http_poller *poller = context;
    here = poller;
    (void)pthread_setname_np(pthread_self(), poller->name);
    while (!atomic_load_explicit(&poller->stop, memory_order_acquire)) {
        sleep_until_events(poller);
        poller->progressed = false;
        poller->turn_us = eg_clock_monotonic_us();
        (void)MHD_run_wait(poller->daemon, 0);
    }
    MHD_stop_daemon(poller->daemon);
    here = NULL;
    return NULL;
}

static void *keep_target(void *server, const char *uri, struct MHD_Connection *raw)
{
    eg_http_poller_progressed();
    return eg_http_exchange_uri(server, uri, raw);
}

/* The raw target is what we read (uri.h), so the library need not decode anything. */
static size_t leave_escaped(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context;
    (void)connection;
    return strlen(text);
}

static int start_daemon(struct eg_http_poller *poller, struct eg_http_server *server)
{
    const union MHD_DaemonInfo *info;
    poller->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET, 0, NULL,
        NULL, eg_http_exchange_handle, server, MHD_OPTION_CONNECTION_LIMIT,
        eg_http_server_library_connections(server), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        eg_http_server_connection_memory(server), MHD_OPTION_CONNECTION_TIMEOUT, 0u,
        MHD_OPTION_NOTIFY_CONNECTION, eg_http_connection_notify, server,
        MHD_OPTION_NOTIFY_COMPLETED, eg_http_exchange_completed, server,
        MHD_OPTION_URI_LOG_CALLBACK, keep_target, server, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_escaped, server, MHD_OPTION_END);
    if (!poller->daemon)
        return -1;
    info = MHD_get_daemon_info(poller->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    EG_ASSERT(info != NULL);
    poller->epoll_fd = info->epoll_fd;
    return 0;
}

static int start(struct eg_http_poller *poller, struct eg_http_server *server)
{
    poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return poller->wake_fd < 0 ? -1 : start_daemon(poller, server);
}

int eg_http_poller_new(struct eg_http_server *server, struct eg_http_listener *listener,
                       const char *name, struct eg_http_poller **ret_poller, struct eg_error *err)
{
    struct eg_http_poller *poller = eg_calloc(1, sizeof(*poller));
    poller->listen_fd = listener->socket.fd;
    poller->peers = listener->pollers;
    poller->peer_count = &listener->poller_count;
    (void)snprintf(poller->name, sizeof(poller->name), "%.*s", THREAD_NAME - 1, name);
    if (start(poller, server) < 0) {
        eg_http_poller_destroy(poller);
        return eg_error_set(err, EG_ERR_INTERNAL,
                            "cannot prepare an HTTP thread: no more descriptors");
    }
    *ret_poller = poller;
    return 0;
}

int eg_http_poller_start(struct eg_http_poller *poller, struct eg_error *err)
{
    poller->runs = pthread_create(&poller->thread, NULL, run, poller) == 0;
    if (poller->runs)
        return 0;
    return eg_error_set(err, EG_ERR_INTERNAL, "cannot start an HTTP thread: no more threads");
}

void eg_http_poller_quiesce(struct eg_http_poller *poller)
{
    atomic_store_explicit(&poller->quiesce, true, memory_order_release);
    eg_http_poller_wake(poller);
}

void eg_http_poller_stop(struct eg_http_poller *poller)
{
    if (!poller->runs)
        return;
    atomic_store_explicit(&poller->stop, true, memory_order_release);
    eg_http_poller_wake(poller);
    (void)pthread_join(poller->thread, NULL);
    poller->runs = false;
    poller->daemon = NULL; /* stopped by its thread */
}

void eg_http_poller_destroy(struct eg_http_poller *poller)
{
    if (!poller)
        return;
    eg_http_poller_stop(poller);
    if (poller->daemon)
        MHD_stop_daemon(poller->daemon);
    if (poller->wake_fd >= 0)
        (void)close(poller->wake_fd);
    free(poller);
}
