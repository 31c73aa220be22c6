/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The circuit breaker of one sink: after so many failed attempts in a row it opens and deliveries
 * fail at once; after a while one batch is let through (half-open), and its outcome closes the
 * breaker or opens it again.
 *
 * A rejected event is an answer of a working server and counts as success. Lock-free except for the
 * change of state. Any thread.
 */
#ifndef EG_PIPELINE_BREAKER_H
#define EG_PIPELINE_BREAKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/mutex.h"
#include "pipeline/config.h"

enum eg_breaker_state {
    EG_BREAKER_CLOSED,
    EG_BREAKER_OPEN,
    EG_BREAKER_HALF_OPEN,
};

#define EG_BREAKER_MESSAGE_BYTES 256

struct eg_breaker {
    struct eg_breaker_config config;
    atomic_int state;
    atomic_llong failures;  /* in a row */
    atomic_llong reopen_ms; /* OPEN: when to try; HALF_OPEN: when to try again without an answer */
    atomic_ullong opened;   /* how often it opened since start */
    struct eg_mutex lock;   /* changes of state, and `message` */
    char message[EG_BREAKER_MESSAGE_BYTES]; /* of the failure that opened it */
};

void eg_breaker_init(struct eg_breaker *breaker, const struct eg_breaker_config *config);
void eg_breaker_fini(struct eg_breaker *breaker);

/* True while a delivery would surely fail: open, and not yet time to try. Changes nothing. */
bool eg_breaker_refuses(const struct eg_breaker *breaker, int64_t now_ms);

/* Asks to make one attempt (a batch). False: fail it at once. True in half-open state: this is the
 * one trial. */
bool eg_breaker_allow(struct eg_breaker *breaker, int64_t now_ms) EG_MUST_CHECK;

void eg_breaker_succeeded(struct eg_breaker *breaker);
void eg_breaker_failed(struct eg_breaker *breaker, int64_t now_ms, const char *message);

enum eg_breaker_state eg_breaker_state(const struct eg_breaker *breaker);
const char *eg_breaker_state_name(enum eg_breaker_state state); /* "closed", "open", "half-open" */

/* "circuit open after N failures: <the last one>". `text` has EG_ERROR_MESSAGE_BYTES. */
void eg_breaker_describe(struct eg_breaker *breaker, char *text);

#endif
