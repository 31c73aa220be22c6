/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open pieces are a list in order of age: the first is the next whose time comes. A piece that
 * is to be put is taken off the list under the lock and belongs to the thread that took it.
 */
#include "sinks/aws/gather.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/mutex.h"
#include "base/span.h"
#include "work/pool.h"

struct piece {
    struct piece *next; /* younger */
    char *folder;
    struct eg_buffer lines;
    struct eg_delivery **deliveries;
    size_t count;
    size_t capacity;
    int64_t first_us;
    int64_t due_us; /* monotonic */
};

struct eg_sink_gather {
    struct eg_sink_gather_limits limits;
    struct eg_sink_gather_user user;
    struct eg_pool thread;
    struct eg_mutex mutex; /* guards what follows */
    struct eg_cond changed;
    struct piece *oldest;
    size_t piece_count;
    bool stopping;
};

static void piece_destroy(struct piece *piece)
{
    eg_buffer_fini(&piece->lines);
    free(piece->deliveries);
    free(piece->folder);
    free(piece);
}

static void complete(const struct eg_sink_gather *gather, struct piece *piece,
                     enum eg_outcome outcome, const char *message)
{
    gather->user.host->complete_all(piece->deliveries, piece->count, outcome, message);
    piece_destroy(piece);
}

/* Without the lock: it may take long. */
static void put(struct eg_sink_gather *gather, void *worker, struct piece *take)
{
    struct eg_error err = {.message = ""};
    struct eg_sink_piece piece = {
        .folder = eg_span_text(take->folder),
        .lines = eg_buffer_span(&take->lines),
        .events = take->count,
        .first_us = take->first_us,
    };
    enum eg_outcome outcome = gather->user.put(gather->user.context, worker, &piece, &err);
    complete(gather, take, outcome, err.message);
}

/* --- under the lock */

static struct piece **find(struct eg_sink_gather *gather, struct eg_span folder)
{
    struct piece **link = &gather->oldest;
    while (*link && !eg_span_is(folder, (*link)->folder))
        link = &(*link)->next;
    return link;
}

static struct piece *take_off(struct eg_sink_gather *gather, struct piece **link)
{
    struct piece *piece = *link;
    *link = piece->next;
    piece->next = NULL;
    gather->piece_count--;
    return piece;
}

/* At the end of the list, where `link` points. */
static struct piece *open_piece(struct eg_sink_gather *gather, struct piece **link,
                                struct eg_span folder, int64_t first_us)
{
    struct piece *piece = eg_calloc(1, sizeof(*piece));
    piece->folder = eg_span_dup(folder);
    piece->first_us = first_us;
    piece->due_us = eg_clock_monotonic_us() + gather->limits.max_age_ms * 1000;
    *link = piece;
    gather->piece_count++;
    if (gather->oldest == piece)
        eg_cond_signal(&gather->changed);
    return piece;
}

static void append(struct piece *piece, struct eg_delivery *take, struct eg_span line)
{
    if (piece->count == piece->capacity) {
        piece->capacity = piece->capacity ? piece->capacity * 2 : 64;
        piece->deliveries =
            eg_realloc_array(piece->deliveries, piece->capacity, sizeof(struct eg_delivery *));
    }
    piece->deliveries[piece->count++] = take;
    eg_buffer_append_span(&piece->lines, line);
}

static bool is_full(const struct eg_sink_gather *gather, const struct piece *piece)
{
    return piece->lines.len >= gather->limits.max_bytes ||
           piece->count >= gather->limits.max_events;
}

static bool would_overflow(const struct eg_sink_gather *gather, const struct piece *piece,
                           struct eg_span line)
{
    return piece->count > 0 && piece->lines.len + line.len > gather->limits.max_bytes;
}

void eg_sink_gather_add(struct eg_sink_gather *gather, void *worker, struct eg_delivery *take,
                        struct eg_span folder, struct eg_span line)
{
    struct piece *ready[3];
    size_t ready_count = 0;
    const int64_t received_us = take->event->received_us;
    eg_mutex_lock(&gather->mutex);
    struct piece **link = find(gather, folder);
    if (*link && would_overflow(gather, *link, line)) {
        ready[ready_count++] = take_off(gather, link);
        link = find(gather, folder);
    }
    if (!*link && gather->piece_count == gather->limits.max_pieces) {
        ready[ready_count++] = take_off(gather, &gather->oldest);
        link = find(gather, folder);
    }
    struct piece *piece = *link ? *link : open_piece(gather, link, folder, received_us);
    append(piece, take, line);
    if (is_full(gather, piece))
        ready[ready_count++] = take_off(gather, find(gather, folder));
    eg_mutex_unlock(&gather->mutex);
    for (size_t i = 0; i < ready_count; i++)
        put(gather, worker, ready[i]);
}

/* --- the thread */

/* The next piece whose time has come; NULL: it is time to end. */
static struct piece *await_due(struct eg_sink_gather *gather)
{
    struct piece *due = NULL;
    eg_mutex_lock(&gather->mutex);
    while (!due) {
        struct piece *oldest = gather->oldest;
        if (oldest && (gather->stopping || oldest->due_us <= eg_clock_monotonic_us()))
            due = take_off(gather, &gather->oldest);
        else if (gather->stopping)
            break;
        else if (oldest)
            (void)eg_cond_wait_until(&gather->changed, &gather->mutex, oldest->due_us);
        else
            eg_cond_wait(&gather->changed, &gather->mutex);
    }
    eg_mutex_unlock(&gather->mutex);
    return due;
}

static void run(void *context, unsigned index)
{
    struct eg_sink_gather *gather = context;
    (void)index;
    for (struct piece *piece; (piece = await_due(gather)) != NULL;)
        put(gather, NULL, piece);
}

int eg_sink_gather_new(const struct eg_sink_gather_limits *limits,
                       const struct eg_sink_gather_user *user, struct eg_sink_gather **ret_gather,
                       struct eg_error *err)
{
    struct eg_sink_gather *gather = eg_calloc(1, sizeof(*gather));
    gather->limits = *limits;
    gather->user = *user;
    eg_mutex_init(&gather->mutex);
    eg_cond_init(&gather->changed);
    if (eg_pool_start(&gather->thread, "eg-gather", 1, run, gather, err) != 0) {
        eg_sink_gather_destroy(gather);
        return -1;
    }
    *ret_gather = gather;
    return 0;
}

void eg_sink_gather_drain(struct eg_sink_gather *gather)
{
    eg_mutex_lock(&gather->mutex);
    gather->stopping = true;
    eg_cond_signal(&gather->changed);
    eg_mutex_unlock(&gather->mutex);
    eg_pool_join(&gather->thread);
}

void eg_sink_gather_destroy(struct eg_sink_gather *gather)
{
    if (!gather)
        return;
    eg_sink_gather_drain(gather);
    eg_cond_fini(&gather->changed);
    eg_mutex_fini(&gather->mutex);
    free(gather);
}
