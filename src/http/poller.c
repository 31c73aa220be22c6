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
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/exchange.h"
#include "http/service.h"

#define WAITING_SLEEP_MS 1
#define THREAD_NAME      16

struct eg_http_poller {
    struct MHD_Daemon *daemon;
    int epoll_fd;
    int listen_fd; /* ours until the library has it, and again after quiesce; else -1 */
    int wake_fd;
    atomic_bool woken; /* wake_fd was written to and not read yet */
    atomic_bool quiesce;
    atomic_bool stop;
    bool quiesced;
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

/* How long there is surely nothing to do. */
static int sleep_ms(const struct eg_http_poller *poller)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms;
    if (MHD_get_timeout(poller->daemon, &timeout_ms) != MHD_YES)
        return poller->waiting ? WAITING_SLEEP_MS : -1;
    if (timeout_ms == 0)
        return poller->waiting && !poller->progressed ? WAITING_SLEEP_MS : 0;
    return timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
}

static void sleep_until_events(struct eg_http_poller *poller)
{
    struct pollfd events[] = {{.fd = poller->epoll_fd, .events = POLLIN},
                              {.fd = poller->wake_fd, .events = POLLIN}};
    int timeout_ms = sleep_ms(poller);
    if (timeout_ms != 0 && poll(events, EG_ARRAY_COUNT(events), timeout_ms) > 0 &&
        events[1].revents)
        take_wakes(poller);
}

static void stop_accepting(struct eg_http_poller *poller)
{
    poller->listen_fd = MHD_quiesce_daemon(poller->daemon);
    poller->quiesced = true;
}

static void *run(void *context)
{
    struct eg_http_poller *poller = context;
    here = poller;
    (void)pthread_setname_np(pthread_self(), poller->name);
    while (!atomic_load_explicit(&poller->stop, memory_order_acquire)) {
        sleep_until_events(poller);
        if (!poller->quiesced && atomic_load_explicit(&poller->quiesce, memory_order_acquire))
            stop_accepting(poller);
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
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
        eg_http_exchange_handle, server, MHD_OPTION_LISTEN_SOCKET, poller->listen_fd,
        MHD_OPTION_CONNECTION_LIMIT, eg_http_server_library_connections(server),
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, eg_http_server_connection_memory(server),
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_NOTIFY_CONNECTION, eg_http_connection_notify,
        server, MHD_OPTION_NOTIFY_COMPLETED, eg_http_exchange_completed, server,
        MHD_OPTION_URI_LOG_CALLBACK, keep_target, server, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_escaped, server, MHD_OPTION_END);
    if (!poller->daemon)
        return -1;
    poller->listen_fd = -1; /* the library's now */
    info = MHD_get_daemon_info(poller->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    EG_ASSERT(info != NULL);
    poller->epoll_fd = info->epoll_fd;
    return 0;
}

static int start(struct eg_http_poller *poller, struct eg_http_server *server, int listen_fd)
{
    poller->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    poller->listen_fd = fcntl(listen_fd, F_DUPFD_CLOEXEC, 3);
    if (poller->wake_fd < 0 || poller->listen_fd < 0 || start_daemon(poller, server) < 0)
        return -1;
    poller->runs = pthread_create(&poller->thread, NULL, run, poller) == 0;
    if (!poller->runs)
        MHD_stop_daemon(poller->daemon);
    return poller->runs ? 0 : -1;
}

int eg_http_poller_start(struct eg_http_server *server, int listen_fd, const char *name,
                         struct eg_http_poller **ret_poller, struct eg_error *err)
{
    struct eg_http_poller *poller = eg_calloc(1, sizeof(*poller));
    poller->wake_fd = poller->listen_fd = -1;
    (void)snprintf(poller->name, sizeof(poller->name), "%.*s", THREAD_NAME - 1, name);
    if (start(poller, server, listen_fd) < 0) {
        eg_http_poller_destroy(poller);
        return eg_error_set(err, EG_ERR_INTERNAL,
                            "cannot start an HTTP thread: no more threads or descriptors");
    }
    *ret_poller = poller;
    return 0;
}

void eg_http_poller_quiesce(struct eg_http_poller *poller)
{
    atomic_store_explicit(&poller->quiesce, true, memory_order_release);
    eg_http_poller_wake(poller);
}

void eg_http_poller_stop(struct eg_http_poller *poller)
{
    if (!poller || !poller->runs)
        return;
    atomic_store_explicit(&poller->stop, true, memory_order_release);
    eg_http_poller_wake(poller);
    (void)pthread_join(poller->thread, NULL);
    poller->runs = false;
}

void eg_http_poller_destroy(struct eg_http_poller *poller)
{
    if (!poller)
        return;
    eg_http_poller_stop(poller);
    if (poller->listen_fd >= 0)
        (void)close(poller->listen_fd);
    if (poller->wake_fd >= 0)
        (void)close(poller->wake_fd);
    free(poller);
}
