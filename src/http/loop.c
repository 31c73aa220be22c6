/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sleep, accept, turn the pollers; and now and then a look at how busy that was.
 *
 * Why a loop has several pollers: connections can't move from one libmicrohttpd daemon to another,
 * but a daemon can be run by another thread. A loop that finds no time to sleep lends the
 * listener's helper a poller, and another when that did not change; and it asks for them back
 * (load.c says when). So the last core belongs to the sinks, and to whoever else is there, until
 * requests need it.
 *
 * A poller that is handed over lies in the other loop's mail, under its lock, from which that
 * loop's thread takes it: at any time one thread at most can reach it.
 */
#include "http/loop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "http/load.h"
#include "http/service.h"
#include "http/waker.h"

#define THREAD_NAME      16
#define ACCEPTS_AT_ONCE  16
#define ACCEPT_PAUSE_MS  100
#define IMBALANCE        4  /* connections that a poller may be ahead and still get one */
#define LEND_CONNECTIONS 16 /* with fewer, two threads would wait for the same few clients */

enum event {
    EVENT_WAKE,
    EVENT_LISTEN,
    EVENT_POLLERS,
};

struct mail {
    struct eg_mutex lock;                                 /* rank: below all others */
    struct eg_http_poller *pollers[EG_HTTP_LOOP_POLLERS]; /* lock */
    unsigned count;                                       /* lock */
    atomic_bool waits;                                    /* count > 0 */
};

struct eg_http_loop {
    struct eg_http_listener *listener;
    struct eg_http_poller *pollers[EG_HTTP_LOOP_POLLERS];
    unsigned count;
    struct eg_http_waker waker;
    int64_t now_us;         /* when this turn began */
    int64_t pause_until_us; /* out of descriptors: no accept before */
    struct eg_http_load load;
    struct mail mail;
    /* A helper's; set by the lender, cleared by the helper. */
    _Atomic(struct eg_http_loop *) lender;
    atomic_bool recalled;

    atomic_bool quiesce;
    atomic_bool stop;
    bool runs;
    char name[THREAD_NAME];
    pthread_t thread;
};

/* Handing over. */

static void hand_over(struct eg_http_loop *from, struct eg_http_loop *to)
{
    struct mail *mail = &to->mail;
    eg_mutex_lock(&mail->lock);
    EG_ASSERT(from->count > 0 && mail->count < EG_HTTP_LOOP_POLLERS);
    mail->pollers[mail->count++] = from->pollers[--from->count];
    atomic_store_explicit(&mail->waits, true, memory_order_release);
    eg_mutex_unlock(&mail->lock);
    eg_http_waker_wake(&to->waker);
}

static void take_mail(struct eg_http_loop *loop)
{
    struct mail *mail = &loop->mail;
    if (!atomic_load_explicit(&mail->waits, memory_order_acquire))
        return;
    eg_mutex_lock(&mail->lock);
    EG_ASSERT(loop->count + mail->count <= EG_HTTP_LOOP_POLLERS);
    while (mail->count > 0) {
        struct eg_http_poller *poller = mail->pollers[--mail->count];
        eg_http_poller_move(poller, &loop->waker);
        loop->pollers[loop->count++] = poller;
    }
    atomic_store_explicit(&mail->waits, false, memory_order_relaxed);
    eg_mutex_unlock(&mail->lock);
}

/* Lending, on the lender's thread. */

static bool lends_to(const struct eg_http_loop *loop, struct eg_http_loop *helper)
{
    return atomic_load_explicit(&helper->lender, memory_order_acquire) == loop;
}

static bool claim(struct eg_http_loop *loop, struct eg_http_loop *helper)
{
    struct eg_http_loop *nobody = NULL;
    return atomic_compare_exchange_strong_explicit(&helper->lender, &nobody, loop,
                                                   memory_order_acq_rel, memory_order_relaxed);
}

static unsigned lent_count(const struct eg_http_loop *loop)
{
    return EG_HTTP_LOOP_POLLERS - loop->count;
}

static bool should_lend(const struct eg_http_loop *loop, const struct eg_http_loop *helper)
{
    return eg_http_load_should_lend(&loop->load, &helper->load, lent_count(loop)) &&
           eg_http_poller_connections(loop->pollers[loop->count - 1]) >= LEND_CONNECTIONS;
}

static void share_load(struct eg_http_loop *loop, struct eg_http_loop *helper)
{
    /* Before who the lender is: give_back writes them in the opposite order, so what is lent, and
     * not asked for, is still with the helper. */
    if (atomic_load_explicit(&helper->recalled, memory_order_acquire))
        return;
    bool lends = lends_to(loop, helper);
    if (lends &&
        eg_http_load_should_recall(&loop->load, &helper->load, lent_count(loop), loop->now_us)) {
        eg_http_load_recalled(&loop->load, loop->now_us);
        atomic_store_explicit(&helper->recalled, true, memory_order_release);
        eg_http_waker_wake(&helper->waker);
    } else if (should_lend(loop, helper) && (lends || claim(loop, helper))) {
        hand_over(loop, helper);
        eg_http_load_lent(&loop->load, lent_count(loop), loop->now_us);
    }
}

/* On the helper's thread. What was handed over before the recall is in the mail by now. */
static void give_back(struct eg_http_loop *helper)
{
    if (!atomic_load_explicit(&helper->recalled, memory_order_acquire))
        return;
    take_mail(helper);
    hand_over(helper, atomic_load_explicit(&helper->lender, memory_order_acquire));
    if (helper->count == 0)
        atomic_store_explicit(&helper->lender, NULL, memory_order_release);
    atomic_store_explicit(&helper->recalled, false, memory_order_release);
}

static void review(struct eg_http_loop *loop)
{
    struct eg_http_loop *helper = loop->listener->helper;
    if (!eg_http_load_is_due(&loop->load, loop->now_us))
        return;
    eg_http_load_review(&loop->load, loop->now_us, eg_clock_thread_cpu_us());
    if (helper && loop != helper)
        share_load(loop, helper);
}

/* Accepting. */

static bool is_paused(const struct eg_http_loop *loop)
{
    return loop->pause_until_us > loop->now_us;
}

static struct eg_http_poller *emptiest(const struct eg_http_loop *loop)
{
    struct eg_http_poller *least = NULL;
    for (unsigned index = 0; index < loop->count; index++)
        if (!least ||
            eg_http_poller_connections(loop->pollers[index]) < eg_http_poller_connections(least))
            least = loop->pollers[index];
    return least;
}

/* Who of this loop gets the next connection; NULL: it is another loop's turn. Counts are read
 * without a lock: a stale one only costs balance. */
static struct eg_http_poller *next_poller(const struct eg_http_loop *loop)
{
    const struct eg_http_listener *listener = loop->listener;
    struct eg_http_poller *least = emptiest(loop);
    if (!least || is_paused(loop) || atomic_load_explicit(&loop->quiesce, memory_order_acquire))
        return NULL;
    int own = eg_http_poller_connections(least);
    for (unsigned index = 0; index < listener->poller_count; index++)
        if (eg_http_poller_connections(listener->pollers[index]) + IMBALANCE < own)
            return NULL;
    return least;
}

/* A client that went away again is no reason to stop; no descriptor left is one to wait. */
static void note_failure(struct eg_http_loop *loop)
{
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
        loop->pause_until_us = eg_clock_monotonic_us() + ACCEPT_PAUSE_MS * 1000;
}

static bool accept_one(struct eg_http_loop *loop, struct eg_http_poller *poller)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    int fd = accept4(loop->listener->socket.fd, (struct sockaddr *)&address, &len,
                     SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
        note_failure(loop);
        return false;
    }
    eg_http_poller_add(poller, fd, (const struct sockaddr *)&address, len);
    return true;
}

static bool has_pollers(const struct eg_http_loop *loop)
{
    return loop != loop->listener->helper ||
           atomic_load_explicit(&loop->lender, memory_order_relaxed) != NULL;
}

/* Whose turn it is may have changed. */
static void wake_others(const struct eg_http_loop *loop)
{
    const struct eg_http_listener *listener = loop->listener;
    for (unsigned index = 0; index < listener->loop_count; index++)
        if (listener->loops[index] != loop && has_pollers(listener->loops[index]))
            eg_http_waker_wake(&listener->loops[index]->waker);
}

static void accept_some(struct eg_http_loop *loop)
{
    struct eg_http_poller *poller;
    int accepted = 0;
    while (accepted < ACCEPTS_AT_ONCE && (poller = next_poller(loop)) && accept_one(loop, poller))
        accepted++;
    if (accepted)
        wake_others(loop);
}

/* Sleeping and turning. */

static int sooner_ms(int one, int other)
{
    if (one < 0)
        return other;
    return other < 0 || one < other ? one : other;
}

static void turn(struct eg_http_loop *loop)
{
    struct pollfd events[EVENT_POLLERS + EG_HTTP_LOOP_POLLERS] = {
        [EVENT_WAKE] = {.fd = loop->waker.fd, .events = POLLIN},
        [EVENT_LISTEN] = {.fd = next_poller(loop) ? loop->listener->socket.fd : -1,
                          .events = POLLIN},
    };
    int wait_ms[EG_HTTP_LOOP_POLLERS] = {0};
    int timeout_ms = is_paused(loop) ? ACCEPT_PAUSE_MS : -1;
    for (unsigned index = 0; index < loop->count; index++) {
        wait_ms[index] = eg_http_poller_watch(loop->pollers[index], &events[EVENT_POLLERS + index]);
        timeout_ms = sooner_ms(timeout_ms, wait_ms[index]);
    }
    int64_t sleep_us = eg_clock_monotonic_us();
    int ready = poll(events, EVENT_POLLERS + loop->count, timeout_ms);
    loop->now_us = eg_clock_monotonic_us();
    loop->load.rest_us += loop->now_us - sleep_us;
    if (ready < 0)
        return;
    if (events[EVENT_WAKE].revents)
        eg_http_waker_take(&loop->waker);
    if (events[EVENT_LISTEN].revents)
        accept_some(loop);
    for (unsigned index = 0; index < loop->count; index++)
        if (ready == 0 || wait_ms[index] == 0 || events[EVENT_POLLERS + index].revents ||
            eg_http_poller_is_woken(loop->pollers[index]))
            eg_http_poller_turn(loop->pollers[index], loop->now_us);
}

static void *run(void *context)
{
    struct eg_http_loop *loop = context;
    (void)pthread_setname_np(pthread_self(), loop->name);
    while (!atomic_load_explicit(&loop->stop, memory_order_acquire)) {
        turn(loop);
        review(loop);
        give_back(loop);
        take_mail(loop);
    }
    return NULL;
}

int eg_http_loop_new(struct eg_http_listener *listener, struct eg_http_poller *const *pollers,
                     const char *name, struct eg_http_loop **ret_loop, struct eg_error *err)
{
    struct eg_http_loop *loop = eg_calloc(1, sizeof(*loop));
    loop->listener = listener;
    for (; pollers && loop->count < EG_HTTP_LOOP_POLLERS; loop->count++) {
        loop->pollers[loop->count] = pollers[loop->count];
        eg_http_poller_move(pollers[loop->count], &loop->waker);
    }
    (void)snprintf(loop->name, sizeof(loop->name), "%.*s", THREAD_NAME - 1, name);
    eg_mutex_init(&loop->mail.lock);
    if (eg_http_waker_init(&loop->waker) < 0) {
        eg_http_loop_destroy(loop);
        return eg_error_set(err, EG_ERR_INTERNAL,
                            "cannot prepare an HTTP thread: no more descriptors");
    }
    *ret_loop = loop;
    return 0;
}

int eg_http_loop_start(struct eg_http_loop *loop, struct eg_error *err)
{
    loop->runs = pthread_create(&loop->thread, NULL, run, loop) == 0;
    if (loop->runs)
        return 0;
    return eg_error_set(err, EG_ERR_INTERNAL, "cannot start an HTTP thread: no more threads");
}

void eg_http_loop_quiesce(struct eg_http_loop *loop)
{
    atomic_store_explicit(&loop->quiesce, true, memory_order_release);
    eg_http_waker_wake(&loop->waker);
}

void eg_http_loop_stop(struct eg_http_loop *loop)
{
    if (!loop->runs)
        return;
    atomic_store_explicit(&loop->stop, true, memory_order_release);
    eg_http_waker_wake(&loop->waker);
    (void)pthread_join(loop->thread, NULL);
    loop->runs = false;
}

void eg_http_loop_destroy(struct eg_http_loop *loop)
{
    if (!loop)
        return;
    eg_http_loop_stop(loop);
    eg_http_waker_fini(&loop->waker);
    eg_mutex_fini(&loop->mail.lock);
    free(loop);
}
