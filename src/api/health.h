/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the daemon is: whether it takes requests, and which conditions are not as they should be.
 * Written by the app, read by /health, /ready and the metrics. Any thread.
 */
#ifndef EG_API_HEALTH_H
#define EG_API_HEALTH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/mutex.h"
#include "eventgate/error.h"

#define EG_HEALTH_MAX_CONDITIONS 16

struct eg_health_condition {
    const char *name;                  /* a constant, or it outlives the struct */
    char text[EG_ERROR_MESSAGE_BYTES]; /* empty: as it should be */
};

struct eg_health {
    int64_t started_us; /* monotonic */
    atomic_bool ready;
    struct eg_mutex mutex; /* guards what follows; nothing is locked inside */
    struct eg_health_condition conditions[EG_HEALTH_MAX_CONDITIONS];
    size_t condition_count;
};

void eg_health_init(struct eg_health *health);
void eg_health_fini(struct eg_health *health);

void eg_health_set_ready(struct eg_health *health, bool ready);
bool eg_health_is_ready(const struct eg_health *health);

/* Says how a condition is; NULL or an empty text: as it should be. */
void eg_health_set(struct eg_health *health, const char *name, const char *text);

/* Calls `each` for every condition that was ever set; `text` is empty for a good one. */
void eg_health_walk(struct eg_health *health,
                    void (*each)(void *context, const char *name, const char *text), void *context);

#endif
