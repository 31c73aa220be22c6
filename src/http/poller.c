/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A libmicrohttpd daemon in external mode.
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

#include <limits.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "http/exchange.h"
#include "http/service.h"
#include "http/waker.h"

#define WAITING_SLEEP_MS 1

struct eg_http_poller {
    struct MHD_Daemon *daemon;
    int epoll_fd;
    _Atomic(struct eg_http_waker *) waker; /* of the thread that runs it */
    atomic_bool woken;                     /* since its last turn */
    atomic_int connections; /* open; changed by the thread that runs it, read by others */
    bool progressed;
    unsigned waiting;
    int64_t turn_us;
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

/* Whoever takes the poller over sets the waker first and looks at the flag then; here it is the
 * other way round, so that one of the two sees the other. */
void eg_http_poller_wake(struct eg_http_poller *poller)
{
    if (!atomic_exchange_explicit(&poller->woken, true, memory_order_seq_cst))
        eg_http_waker_wake(atomic_load_explicit(&poller->waker, memory_order_seq_cst));
}

void eg_http_poller_move(struct eg_http_poller *poller, struct eg_http_waker *waker)
{
    atomic_store_explicit(&poller->waker, waker, memory_order_seq_cst);
}

bool eg_http_poller_is_woken(const struct eg_http_poller *poller)
{
    return atomic_load_explicit(&poller->woken, memory_order_seq_cst);
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

int eg_http_poller_watch(const struct eg_http_poller *poller, struct pollfd *ret_event)
{
    *ret_event = (struct pollfd){.fd = poller->epoll_fd, .events = POLLIN};
    return eg_http_poller_is_woken(poller) ? 0 : sleep_ms(poller);
}

void eg_http_poller_turn(struct eg_http_poller *poller, int64_t now_us)
{
    if (eg_http_poller_is_woken(poller))
        (void)atomic_exchange_explicit(&poller->woken, false, memory_order_seq_cst);
    poller->progressed = false;
    poller->turn_us = now_us;
    here = poller;
    (void)MHD_run_wait(poller->daemon, 0);
    here = NULL;
}

void eg_http_poller_add(struct eg_http_poller *poller, int take_fd, const struct sockaddr *address,
                        socklen_t len)
{
    here = poller;
    (void)MHD_add_connection(poller->daemon, take_fd, address, len);
    here = NULL;
}

int eg_http_poller_connections(const struct eg_http_poller *poller)
{
    return atomic_load_explicit(&poller->connections, memory_order_relaxed);
}

void eg_http_poller_count_connection(int change)
{
    EG_ASSERT(here != NULL);
    atomic_fetch_add_explicit(&here->connections, change, memory_order_relaxed);
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

int eg_http_poller_new(struct eg_http_server *server, struct eg_http_poller **ret_poller,
                       struct eg_error *err)
{
    struct eg_http_poller *poller = eg_calloc(1, sizeof(*poller));
    if (start_daemon(poller, server) < 0) {
        eg_http_poller_destroy(poller);
        return eg_error_set(err, EG_ERR_INTERNAL,
                            "cannot prepare to serve connections: no more descriptors");
    }
    *ret_poller = poller;
    return 0;
}

void eg_http_poller_stop(struct eg_http_poller *poller)
{
    if (!poller->daemon)
        return;
    here = poller;
    MHD_stop_daemon(poller->daemon);
    here = NULL;
    poller->daemon = NULL;
}

void eg_http_poller_destroy(struct eg_http_poller *poller)
{
    if (!poller)
        return;
    eg_http_poller_stop(poller);
    free(poller);
}
