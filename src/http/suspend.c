/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for other threads: the handshake over `promise` (exchange.h).
 *
 * A request that waits is first only left without an answer, and its poller is woken when there is
 * one (poller.c): much of what a request waits for takes a millisecond. After PARK_AFTER_US, or
 * behind WAITING_MAX others, its connection is suspended, which costs the library two epoll_ctl and
 * each resume an eventfd, but nothing while it lasts.
 *
 * A request that was parked is taken off connection->parked by its HTTP thread before it can end,
 * under the connection's lock, so what the watchdog finds there is alive.
 */
#include "base/error.h"
#include "http/exchange.h"
#include "http/service.h"

#define PARK_AFTER_US   10000
#define WAITING_MAX     1024u /* of one poller: each of its turns asks all of them */
#define POLLERS_AT_ONCE 16

static bool swap_promise(struct eg_http_request *request, enum eg_http_promise from,
                         enum eg_http_promise to)
{
    int expected = (int)from;
    return atomic_compare_exchange_strong_explicit(&request->promise, &expected, (int)to,
                                                   memory_order_acq_rel, memory_order_acquire);
}

void eg_http_request_suspend(struct eg_http_request *request)
{
    request->poller = eg_http_poller_here();
    request->suspended_us = eg_http_poller_turn_us(request->poller);
    EG_ASSERT(swap_promise(request, EG_HTTP_PROMISE_NONE, EG_HTTP_PROMISE_PROMISED));
    EG_ASSERT(request->route && request->route->resume);
    atomic_fetch_add_explicit(&request->server->suspended, 1, memory_order_relaxed);
}

static void set_parked(struct eg_http_connection *connection, struct eg_http_request *request)
{
    eg_mutex_lock(&connection->lock);
    connection->parked = request;
    eg_mutex_unlock(&connection->lock);
}

static void set_waiting(struct eg_http_request *request, bool waiting)
{
    if (request->waiting != waiting)
        eg_http_poller_add_waiting(request->poller, waiting ? 1 : -1);
    request->waiting = waiting;
}

static void park(struct eg_http_request *request)
{
    struct MHD_Connection *raw = request->connection->raw;
    set_waiting(request, false);
    request->parked = true;
    set_parked(request->connection, request);
    MHD_suspend_connection(raw);
    if (!swap_promise(request, EG_HTTP_PROMISE_PROMISED, EG_HTTP_PROMISE_PARKED))
        MHD_resume_connection(raw); /* the resume came in between, and left this to us */
}

void eg_http_request_stop_waiting(struct eg_http_request *request)
{
    set_waiting(request, false);
    if (request->parked)
        set_parked(request->connection, NULL);
    request->parked = false;
    atomic_fetch_sub_explicit(&request->server->suspended, 1, memory_order_relaxed);
}

static bool should_park(const struct eg_http_request *request)
{
    const struct eg_http_poller *poller = request->poller;
    return eg_http_poller_turn_us(poller) - request->suspended_us >= PARK_AFTER_US ||
           (!request->waiting && eg_http_poller_waiting(poller) >= WAITING_MAX);
}

enum eg_http_wait eg_http_request_wait(struct eg_http_request *request)
{
    switch (atomic_load_explicit(&request->promise, memory_order_acquire)) {
    case EG_HTTP_PROMISE_RESUMED:
        return EG_HTTP_WAIT_RESUMED;
    case EG_HTTP_PROMISE_EXPIRED:
    case EG_HTTP_PROMISE_SETTLED:
        return EG_HTTP_WAIT_EXPIRED;
    case EG_HTTP_PROMISE_PROMISED:
        break;
    default:
        eg_panic(__FILE__, __LINE__, "a request waits that was never suspended");
    }
    if (should_park(request))
        park(request);
    else
        set_waiting(request, true);
    return EG_HTTP_WAIT_MORE;
}

/* One step of resume. True: done. */
static bool try_resume(struct eg_http_request *request, int promise)
{
    struct MHD_Connection *raw;
    switch (promise) {
    case EG_HTTP_PROMISE_PROMISED:
        return swap_promise(request, EG_HTTP_PROMISE_PROMISED, EG_HTTP_PROMISE_RESUMED);
    case EG_HTTP_PROMISE_PARKED:
        /* From here on nobody else resumes it, so the connection stays until we do. */
        raw = request->connection->raw;
        if (!swap_promise(request, EG_HTTP_PROMISE_PARKED, EG_HTTP_PROMISE_RESUMED))
            return false;
        MHD_resume_connection(raw);
        return true;
    case EG_HTTP_PROMISE_EXPIRED:
        return swap_promise(request, EG_HTTP_PROMISE_EXPIRED, EG_HTTP_PROMISE_SETTLED);
    case EG_HTTP_PROMISE_ORPHANED:
        eg_http_request_free(request);
        return true;
    default:
        eg_panic(__FILE__, __LINE__, "a request was resumed twice, or without being suspended");
    }
}

/*
 * False: nobody is left to be told. A parked request's poller is woken too: when the library's turn
 * has begun, it may take the resume's own signal for one that it has served already.
 */
static bool resume(struct eg_http_request *take)
{
    int promise;
    do
        promise = atomic_load_explicit(&take->promise, memory_order_acquire);
    while (!try_resume(take, promise));
    return promise == EG_HTTP_PROMISE_PROMISED || promise == EG_HTTP_PROMISE_PARKED;
}

void eg_http_request_resume(struct eg_http_request *take)
{
    struct eg_http_poller *poller = take->poller;
    if (resume(take))
        eg_http_poller_wake(poller);
}

static size_t remember(struct eg_http_poller **pollers, size_t count, struct eg_http_poller *poller)
{
    for (size_t index = 0; index < count; index++)
        if (pollers[index] == poller)
            return count;
    if (count == POLLERS_AT_ONCE) {
        eg_http_poller_wake(poller);
        return count;
    }
    pollers[count] = poller;
    return count + 1;
}

void eg_http_request_resume_all(struct eg_http_request *const *take, size_t count)
{
    struct eg_http_poller *pollers[POLLERS_AT_ONCE];
    size_t poller_count = 0;
    for (size_t index = 0; index < count; index++) {
        struct eg_http_poller *poller = take[index]->poller;
        if (resume(take[index]))
            poller_count = remember(pollers, poller_count, poller);
    }
    for (size_t index = 0; index < poller_count; index++)
        eg_http_poller_wake(pollers[index]);
}

bool eg_http_connection_expire(struct eg_http_connection *connection)
{
    eg_mutex_lock(&connection->lock);
    bool expired = connection->parked && swap_promise(connection->parked, EG_HTTP_PROMISE_PARKED,
                                                      EG_HTTP_PROMISE_EXPIRED);
    if (expired) {
        MHD_resume_connection(connection->raw);
        eg_http_poller_wake(connection->parked->poller);
    }
    eg_mutex_unlock(&connection->lock);
    return expired;
}
