/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What durable storage costs: events a second, processor time for each event, and the longest
 * commit, by the number of events in a group. Prints one line for each group size.
 *
 *     bench_store [PATH]     (default: a file in the current folder, removed afterwards)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "base/span.h"
#include "store/events.h"

#define GROUP_MAX     512
#define PAYLOAD_BYTES 671 /* the status_change sample */
#define ROUND_US      1500000

struct prepared {
    struct eg_event event;
    char id[40];
};

static int64_t processor_us(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_THREAD, &usage);
    return (int64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void prepare(struct prepared *prepared, uint64_t number, const char *payload)
{
    (void)snprintf(prepared->id, sizeof(prepared->id), "019b7d20-%04x-7%03x-8000-%012llx",
                   (unsigned)(number >> 12) & 0xFFFF, (unsigned)number & 0xFFF,
                   (unsigned long long)(number * 2654435761u) & 0xFFFFFFFFFFFF);
    prepared->event = (struct eg_event){
        .id = {prepared->id, 36},
        .topic = EG_SPAN_LITERAL("public.cps.za.status_change"),
        .payload = {payload, PAYLOAD_BYTES},
        .subject = EG_SPAN_LITERAL("subject"),
        .correlation_id = {prepared->id, 36},
        .traceparent = EG_SPAN_LITERAL("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        .received_us = (int64_t)number,
    };
}

struct figures {
    int64_t events;
    int64_t elapsed_us;
    int64_t processor_us; /* of commits alone */
    int64_t longest_us;
};

static int commit_group(struct eg_event_writer *writer, struct prepared *prepared, size_t group,
                        const char *payload, struct figures *figures)
{
    const struct eg_event *events[GROUP_MAX];
    enum eg_append_result results[GROUP_MAX];
    struct eg_error err;
    for (size_t i = 0; i < group; i++) {
        prepare(&prepared[i], (uint64_t)figures->events + i, payload);
        events[i] = &prepared[i].event;
    }
    int64_t begin_us = eg_clock_monotonic_us();
    int64_t processor_begin_us = processor_us();
    if (eg_event_writer_append(writer, events, group, results, &err) != 0) {
        (void)fprintf(stderr, "bench_store: %s\n", err.message);
        return -1;
    }
    int64_t took_us = eg_clock_monotonic_us() - begin_us;
    figures->processor_us += processor_us() - processor_begin_us;
    figures->elapsed_us += took_us;
    figures->longest_us = took_us > figures->longest_us ? took_us : figures->longest_us;
    figures->events += (int64_t)group;
    return 0;
}

static void remove_database(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(suffixes); i++) {
        char *file EG_AUTOFREE = eg_asprintf("%s%s", path, suffixes[i]);
        (void)unlink(file); /* may not be there */
    }
}

static int measure(const char *path, size_t group)
{
    struct eg_database_options options = {.path = path,
                                          .synchronous = EG_SYNCHRONOUS_FULL,
                                          .checkpoint_bytes = 8 << 20,
                                          .cache_bytes = 4 << 20};
    struct eg_event_writer *writer;
    struct eg_error err;
    remove_database(path);
    if (eg_event_writer_open(&options, &writer, &err) != 0) {
        (void)fprintf(stderr, "bench_store: %s\n", err.message);
        return -1;
    }
    struct prepared *prepared = eg_calloc(GROUP_MAX, sizeof(*prepared));
    char payload[PAYLOAD_BYTES];
    memset(payload, 'x', sizeof(payload));
    struct figures figures = {0};
    int ret = 0;
    while (ret == 0 && figures.elapsed_us < ROUND_US)
        ret = commit_group(writer, prepared, group, payload, &figures);
    if (ret == 0)
        (void)printf("%6zu %12.0f %14.2f %16.1f\n", group,
                     (double)figures.events * 1e6 / (double)figures.elapsed_us,
                     (double)figures.processor_us / (double)figures.events,
                     (double)figures.longest_us / 1000);
    free(prepared);
    eg_event_writer_close(writer);
    remove_database(path);
    return ret;
}

int main(int argc, char **argv)
{
    static const size_t groups[] = {1, 4, 16, 64, 128, 256, 512};
    const char *path = argc > 1 ? argv[1] : "bench_store.db";
    (void)printf("%6s %12s %14s %16s\n", "group", "events/s", "cpu us/event", "longest ms");
    for (size_t i = 0; i < EG_ARRAY_COUNT(groups); i++)
        if (measure(path, groups[i]) != 0)
            return 1;
    return 0;
}
