/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How busy an HTTP thread is, and whether it should lend connections to the helper (decisions 11
 * and 13).
 *
 * Knows no clock: times are given, in microseconds of any clock that never goes back. A load
 * belongs to its thread; `busy` may be read by others.
 */
#ifndef EG_HTTP_LOAD_H
#define EG_HTTP_LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct eg_http_load {
    int64_t begin_us; /* of this window */
    int64_t cpu_us;   /* processor time that the thread had had by then */
    int64_t rest_us;  /* slept in this window */
    atomic_uint busy; /* percent of the last window that the thread was on its core */
    unsigned full;    /* windows without rest, in a row */
    int64_t recalled_us;
    int64_t pause_us; /* how long what is lent stays lent, before a try with less */
    int64_t try_us;   /* when that is due */
};

static inline unsigned eg_http_load_busy_percent(const struct eg_http_load *load)
{
    return atomic_load_explicit(&load->busy, memory_order_relaxed);
}

/* The window is long enough to be judged. */
bool eg_http_load_is_due(const struct eg_http_load *load, int64_t now_us);

/* Ends it and begins the next; `cpu_us`: the processor time of the thread since it began. */
void eg_http_load_review(struct eg_http_load *load, int64_t now_us, int64_t cpu_us);

/* `lent` of the thread's pollers are with the helper, whose load is `helper`. */
bool eg_http_load_should_lend(const struct eg_http_load *load, const struct eg_http_load *helper,
                              unsigned lent);
bool eg_http_load_should_recall(const struct eg_http_load *load, const struct eg_http_load *helper,
                                unsigned lent, int64_t now_us);

/* One more is lent, `lent` with it; one was asked for. */
void eg_http_load_lent(struct eg_http_load *load, unsigned lent, int64_t now_us);
void eg_http_load_recalled(struct eg_http_load *load, int64_t now_us);

#endif
