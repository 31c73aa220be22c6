/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waiting for other threads: the handshake over `promise` (exchange.h).
 *
 * Suspending costs: the library takes the socket out of epoll and puts it back, and every resume
 * writes to an eventfd. Much of what a request waits for takes less than one turn of a busy event
 * loop, so the first time the connection is only left without an answer, which makes the library
 * call again on its next turn; only then it is suspended. Once, never twice: with nothing else to
 * do that turn comes at once, and more of them would be spinning.
 *
 * A request that was parked is taken off connection->parked by its HTTP thread before it can end,
 * under the connection's lock, so what the watchdog finds there is alive.
 */
#include "base/error.h"
#include "http/exchange.h"
#include "http/service.h"

static bool swap_promise(struct eg_http_request *request, enum eg_http_promise from,
                         enum eg_http_promise to)
{
    int expected = (int)from;
    return atomic_compare_exchange_strong_explicit(&request->promise, &expected, (int)to,
                                                   memory_order_acq_rel, memory_order_acquire);
}

void eg_http_request_suspend(struct eg_http_request *request)
{
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

static void park(struct eg_http_request *request)
{
    struct MHD_Connection *raw = request->connection->raw;
    request->parked = true;
    set_parked(request->connection, request);
    MHD_suspend_connection(raw);
    if (!swap_promise(request, EG_HTTP_PROMISE_PROMISED, EG_HTTP_PROMISE_PARKED))
        MHD_resume_connection(raw); /* the resume came in between, and left this to us */
}

void eg_http_request_stop_waiting(struct eg_http_request *request)
{
    if (request->parked)
        set_parked(request->connection, NULL);
    request->parked = false;
    atomic_fetch_sub_explicit(&request->server->suspended, 1, memory_order_relaxed);
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
    if (request->second_pass)
        park(request);
    request->second_pass = true;
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

void eg_http_request_resume(struct eg_http_request *take)
{
    while (!try_resume(take, atomic_load_explicit(&take->promise, memory_order_acquire)))
        continue;
}

void eg_http_request_resume_all(struct eg_http_request *const *take, size_t count)
{
    for (size_t index = 0; index < count; index++)
        eg_http_request_resume(take[index]);
}

bool eg_http_connection_expire(struct eg_http_connection *connection)
{
    eg_mutex_lock(&connection->lock);
    bool expired = connection->parked && swap_promise(connection->parked, EG_HTTP_PROMISE_PARKED,
                                                      EG_HTTP_PROMISE_EXPIRED);
    if (expired)
        MHD_resume_connection(connection->raw);
    eg_mutex_unlock(&connection->lock);
    return expired;
}
