/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where public keys come from: a URL or a file, read at start and again every refresh interval.
 *
 * `refresh` blocks on the network: one thread at a time, the control thread, never one that answers
 * requests. `current` and `generation` may be called by any thread at any time. A refresh that
 * fails keeps the keys and is tried again sooner: after 5 s, then twice that each time, up to the
 * refresh interval or 5 minutes.
 */
#ifndef EG_AUTH_KEY_SOURCE_H
#define EG_AUTH_KEY_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "auth/key_set.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "eventgate/error.h"

struct eg_auth_key_source;

struct eg_auth_key_source_options {
    const char *url;  /* http, https or file; NULL: the file */
    const char *file; /* a path */
    const char *ca_bundle;
    int64_t timeout_ms;
    int64_t refresh_interval_ms;
    const struct eg_clock *clock; /* NULL: the system's */
};

/* Loads nothing yet. EG_ERR_CONFIG: the CA bundle can't be read. Texts are copied. */
int eg_auth_key_source_new(const struct eg_auth_key_source_options *options,
                           struct eg_auth_key_source **ret_source,
                           struct eg_error *err) EG_MUST_CHECK;
void eg_auth_key_source_destroy(struct eg_auth_key_source *source); /* NULL is fine */

/* Reads the keys now, due or not. On failure the message names the URL or the file. */
int eg_auth_key_source_refresh(struct eg_auth_key_source *source,
                               struct eg_error *err) EG_MUST_CHECK;

/* Monotonic time of the next refresh: the control thread sleeps until then. */
int64_t eg_auth_key_source_due_us(const struct eg_auth_key_source *source);
bool eg_auth_key_source_refresh_due(const struct eg_auth_key_source *source, int64_t monotonic_us);

/* A reference to the keys in force, or NULL before the first load; and their generation, unless
 * ret_generation is NULL. */
struct eg_auth_key_set *eg_auth_key_source_current(struct eg_auth_key_source *source,
                                                   uint64_t *ret_generation);

/* Goes up by one each time the keys in force became different ones; 0 before the first load. */
uint64_t eg_auth_key_source_generation(const struct eg_auth_key_source *source);

/* For health and metrics; any thread. */
struct eg_auth_key_source_status {
    size_t key_count;
    uint64_t generation;
    uint64_t refreshes;
    uint64_t failures;
    unsigned failures_in_a_row;
    int64_t loaded_wall_us;                  /* last success; 0: never */
    char last_error[EG_ERROR_MESSAGE_BYTES]; /* empty: the last refresh was good */
};

void eg_auth_key_source_status(struct eg_auth_key_source *source,
                               struct eg_auth_key_source_status *ret_status);

/* Makes a refresh that is under way give up soon: for shutdown, from any thread. */
void eg_auth_key_source_cancel(struct eg_auth_key_source *source);

#endif
