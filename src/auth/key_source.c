/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading, keeping and renewing the keys.
 *
 * The set in force, its status and the times are under `mutex` (a leaf lock: nothing else is taken
 * under it, no I/O is done under it). `generation` and `due_us` are atomics besides, so that a
 * cache hit and the control thread's clock need no lock. The HTTP client and the backoff belong to
 * the one thread that refreshes.
 */
#include "auth/key_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "net/client.h"

#define RETRY_FIRST_US INT64_C(5000000)
#define RETRY_LAST_US  INT64_C(300000000)

struct eg_auth_key_source {
    char *url;  /* NULL: the file */
    char *file; /* NULL: the URL */
    char *name; /* what messages call it */
    int64_t timeout_ms;
    int64_t refresh_interval_us;
    struct eg_clock clock;
    struct eg_net_client *client;
    int64_t retry_us; /* the next wait after a failure; the refreshing thread's */

    atomic_bool cancelled;
    _Atomic uint64_t generation;
    _Atomic int64_t due_us;

    struct eg_mutex mutex;
    struct eg_auth_key_set *current;
    struct eg_auth_key_source_status status;
};

static void name_source(struct eg_auth_key_source *source,
                        const struct eg_auth_key_source_options *options)
{
    const char *file = options->file;
    if (options->url && strncmp(options->url, "file://", 7) == 0)
        file = options->url + 7;
    if (file) {
        source->file = eg_strdup(file);
        source->name = eg_strdup(file);
        return;
    }
    EG_AUTOBUFFER struct eg_buffer name = EG_BUFFER_INIT;
    eg_net_url_printable(options->url, &name);
    source->url = eg_strdup(options->url);
    source->name = eg_buffer_take(&name, NULL);
}

int eg_auth_key_source_new(const struct eg_auth_key_source_options *options,
                           struct eg_auth_key_source **ret_source, struct eg_error *err)
{
    EG_ASSERT(options->url || options->file);
    struct eg_auth_key_source *source = eg_calloc(1, sizeof(*source));
    name_source(source, options);
    source->timeout_ms = options->timeout_ms;
    source->refresh_interval_us = options->refresh_interval_ms * 1000;
    source->clock = options->clock ? *options->clock : eg_clock_system;
    source->retry_us = RETRY_FIRST_US;
    eg_mutex_init(&source->mutex);
    atomic_init(&source->due_us, source->clock.monotonic_us(source->clock.state));
    struct eg_net_client_options client_options = {.ca_bundle = options->ca_bundle};
    if (source->url && eg_net_client_new(&client_options, &source->client, err) < 0) {
        eg_auth_key_source_destroy(source);
        return -1;
    }
    *ret_source = source;
    return 0;
}

void eg_auth_key_source_destroy(struct eg_auth_key_source *source)
{
    if (!source)
        return;
    eg_net_client_destroy(source->client);
    eg_auth_key_set_unref(source->current);
    eg_mutex_fini(&source->mutex);
    free(source->url);
    free(source->file);
    free(source->name);
    free(source);
}

static int fetch_url(struct eg_auth_key_source *source, struct eg_net_response *response,
                     struct eg_error *err)
{
    static const struct eg_net_header accept = {{"Accept", 6}, {"application/json", 16}};
    struct eg_net_request request = {
        .url = source->url,
        .headers = &accept,
        .header_count = 1,
        .connect_timeout_ms = source->timeout_ms,
        .total_timeout_ms = source->timeout_ms,
        .max_response_bytes = EG_AUTH_KEY_SET_TEXT_BYTES,
        .max_redirects = 3,
        .cancelled = &source->cancelled,
    };
    if (eg_net_client_send(source->client, &request, response, err) < 0)
        return -1;
    if (response->status != 200)
        return eg_error_set_retriable(err, EG_ERR_UNAVAILABLE, "%s: it answered with status %u",
                                      source->name, response->status);
    return 0;
}

static int read_all(int fd, const char *name, struct eg_buffer *out, struct eg_error *err)
{
    char text[128];
    for (;;) {
        if (out->len > EG_AUTH_KEY_SET_TEXT_BYTES)
            return eg_error_set(err, EG_ERR_TOO_LARGE, "%s: longer than a key set may be", name);
        char *to = eg_buffer_reserve(out, 16384);
        ssize_t got = read(fd, to, 16384);
        if (got == 0)
            return 0;
        if (got < 0 && errno != EINTR)
            return eg_error_set(err, EG_ERR_IO, "%s: %s", name,
                                eg_error_errno_text(errno, text, sizeof(text)));
        if (got > 0)
            out->len += (size_t)got;
    }
}

static int read_file(const char *path, struct eg_buffer *out, struct eg_error *err)
{
    char text[128];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return eg_error_set(err, EG_ERR_NOT_FOUND, "%s: %s", path,
                            eg_error_errno_text(errno, text, sizeof(text)));
    int ret = read_all(fd, path, out, err);
    (void)close(fd);
    return ret;
}

static int load(struct eg_auth_key_source *source, struct eg_auth_key_set **ret_set,
                struct eg_error *err)
{
    EG_AUTORESPONSE struct eg_net_response response = {0};
    int ret = source->url ? fetch_url(source, &response, err)
                          : read_file(source->file, &response.body, err);
    if (ret < 0)
        return -1;
    if (eg_auth_key_set_parse(eg_buffer_span(&response.body), ret_set, err) < 0)
        return eg_error_prefix(err, "%s", source->name);
    return 0;
}

static void schedule(struct eg_auth_key_source *source, int64_t wait_us)
{
    int64_t now_us = source->clock.monotonic_us(source->clock.state);
    atomic_store_explicit(&source->due_us, now_us + wait_us, memory_order_relaxed);
}

/* Puts `take` in force; equal keys do not count as a change, so remembered tokens stay. */
static void put_in_force(struct eg_auth_key_source *source, struct eg_auth_key_set *take)
{
    eg_mutex_lock(&source->mutex);
    struct eg_auth_key_set *old = source->current;
    bool changed =
        !old || memcmp(old->fingerprint, take->fingerprint, sizeof(old->fingerprint)) != 0;
    source->current = take;
    if (changed)
        source->status.generation = atomic_fetch_add(&source->generation, 1) + 1;
    source->status.key_count = take->count;
    source->status.refreshes++;
    source->status.failures_in_a_row = 0;
    source->status.loaded_wall_us = source->clock.wall_us(source->clock.state);
    source->status.last_error[0] = '\0';
    eg_mutex_unlock(&source->mutex);
    eg_auth_key_set_unref(old);
}

static void note_failure(struct eg_auth_key_source *source, const struct eg_error *why)
{
    eg_mutex_lock(&source->mutex);
    source->status.failures++;
    source->status.failures_in_a_row++;
    memcpy(source->status.last_error, why->message, sizeof(why->message));
    eg_mutex_unlock(&source->mutex);
}

static int64_t next_retry_us(struct eg_auth_key_source *source)
{
    int64_t wait_us = source->retry_us;
    source->retry_us = wait_us * 2 < RETRY_LAST_US ? wait_us * 2 : RETRY_LAST_US;
    return wait_us < source->refresh_interval_us ? wait_us : source->refresh_interval_us;
}

int eg_auth_key_source_refresh(struct eg_auth_key_source *source, struct eg_error *err)
{
    struct eg_auth_key_set *set = NULL;
    struct eg_error why;
    if (load(source, &set, &why) < 0) {
        note_failure(source, &why);
        schedule(source, next_retry_us(source));
        if (err)
            *err = why;
        return -1;
    }
    put_in_force(source, set);
    source->retry_us = RETRY_FIRST_US;
    schedule(source, source->refresh_interval_us);
    return 0;
}

int64_t eg_auth_key_source_due_us(const struct eg_auth_key_source *source)
{
    return atomic_load_explicit(&source->due_us, memory_order_relaxed);
}

bool eg_auth_key_source_refresh_due(const struct eg_auth_key_source *source, int64_t monotonic_us)
{
    return monotonic_us >= eg_auth_key_source_due_us(source);
}

struct eg_auth_key_set *eg_auth_key_source_current(struct eg_auth_key_source *source,
                                                   uint64_t *ret_generation)
{
    eg_mutex_lock(&source->mutex);
    struct eg_auth_key_set *set = source->current ? eg_auth_key_set_ref(source->current) : NULL;
    if (ret_generation)
        *ret_generation = source->status.generation;
    eg_mutex_unlock(&source->mutex);
    return set;
}

uint64_t eg_auth_key_source_generation(const struct eg_auth_key_source *source)
{
    return atomic_load_explicit(&source->generation, memory_order_acquire);
}

void eg_auth_key_source_status(struct eg_auth_key_source *source,
                               struct eg_auth_key_source_status *ret_status)
{
    eg_mutex_lock(&source->mutex);
    *ret_status = source->status;
    eg_mutex_unlock(&source->mutex);
}

void eg_auth_key_source_cancel(struct eg_auth_key_source *source)
{
    atomic_store(&source->cancelled, true);
}
