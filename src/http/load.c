/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Full is a window in which the thread hardly slept although it had its core. Both count: a thread
 * that has to wait for its core is not helped by another that would wait, too; and one that has a
 * core and still finds time to sleep needs no help.
 *
 * What two threads need says little about what one alone would, so that is tried now and then:
 * each time it turns out badly, the next try waits twice as long.
 */
#include "http/load.h"

#define WINDOW_US         100000
#define FULL_BUSY_PERCENT 85
#define FULL_REST_PERCENT 3
#define FULL_WINDOWS      2
#define LENT_MAX          2 /* half of a loop's pollers */
#define RECALL_PERCENT    75
#define TRY_MIN_US        2000000
#define TRY_MAX_US        32000000
#define BADLY_US          1000000 /* lending again this soon: one alone was not enough */

static unsigned percent(int64_t part, int64_t whole)
{
    return part <= 0 ? 0 : part >= whole ? 100 : (unsigned)(part * 100 / whole);
}

bool eg_http_load_is_due(const struct eg_http_load *load, int64_t now_us)
{
    return now_us - load->begin_us >= WINDOW_US;
}

void eg_http_load_review(struct eg_http_load *load, int64_t now_us, int64_t cpu_us)
{
    int64_t window_us = now_us - load->begin_us;
    unsigned busy = percent(cpu_us - load->cpu_us, window_us);
    unsigned rest = percent(load->rest_us, window_us);
    load->full = busy >= FULL_BUSY_PERCENT && rest < FULL_REST_PERCENT ? load->full + 1 : 0;
    atomic_store_explicit(&load->busy, busy, memory_order_relaxed);
    load->begin_us = now_us;
    load->cpu_us = cpu_us;
    load->rest_us = 0;
}

bool eg_http_load_should_lend(const struct eg_http_load *load, const struct eg_http_load *helper,
                              unsigned lent)
{
    if (load->full < FULL_WINDOWS)
        return false;
    return lent == 0 || (lent < LENT_MAX && eg_http_load_busy_percent(helper) < FULL_BUSY_PERCENT);
}

/* Each of the pollers that are lent is taken for as much work as the others. */
bool eg_http_load_should_recall(const struct eg_http_load *load, const struct eg_http_load *helper,
                                unsigned lent, int64_t now_us)
{
    if (lent == 0)
        return false;
    unsigned with_one_more =
        eg_http_load_busy_percent(load) + eg_http_load_busy_percent(helper) / lent;
    return with_one_more < RECALL_PERCENT || now_us >= load->try_us;
}

void eg_http_load_lent(struct eg_http_load *load, unsigned lent, int64_t now_us)
{
    bool badly = load->pause_us > 0 && now_us - load->recalled_us < BADLY_US;
    if (badly && load->pause_us < TRY_MAX_US)
        load->pause_us *= 2;
    else if (!badly && lent == 1)
        load->pause_us = TRY_MIN_US;
    load->try_us = now_us + load->pause_us;
    load->full = 0;
}

void eg_http_load_recalled(struct eg_http_load *load, int64_t now_us)
{
    load->recalled_us = now_us;
    load->try_us = now_us + TRY_MIN_US;
}
