/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The repeated look at the server behind one sink, and what it found last. Inside this room only.
 *
 * The sink's probe runs on the control timer's thread and may wait there. Start and stop on the
 * main thread; health on any.
 */
#ifndef EG_PIPELINE_PROBE_H
#define EG_PIPELINE_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mutex.h"
#include "eventgate/sink.h"
#include "work/timer.h"

struct eg_probe {
    const struct eg_sink_host *host; /* to log with */
    const struct eg_sink_type *type;
    struct eg_sink *sink;
    int64_t interval_ms;
    struct eg_timer *control; /* NULL: not started */
    struct eg_timer_node node;
    struct eg_mutex lock; /* guards what follows */
    struct eg_cond changed;
    bool stop;
    bool has_ended;
    bool has_looked; /* once at least */
    bool healthy;
    char text[EG_ERROR_MESSAGE_BYTES];
};

void eg_probe_init(struct eg_probe *probe);
void eg_probe_fini(struct eg_probe *probe); /* stopped or never started */

/* Probes at once and then at every interval. A type without a probe is healthy. */
void eg_probe_start(struct eg_probe *probe, const struct eg_sink_host *host,
                    const struct eg_sink_type *type, struct eg_sink *sink, int64_t interval_ms,
                    struct eg_timer *control);

/* Waits for the first look, until eg_clock_monotonic_us() reaches the time. */
void eg_probe_await_first(struct eg_probe *probe, int64_t until_us);

/* No probe runs or will run when this returns; waits for one that does. */
void eg_probe_stop(struct eg_probe *probe);

/*
 * What the last probe found: true and "" or "not configured", or false and why. `text` has
 * EG_ERROR_MESSAGE_BYTES.
 */
bool eg_probe_health(struct eg_probe *probe, char *text);

#endif
