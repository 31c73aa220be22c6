/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast one core matches events against 1, 100 and 10,000 rules, per kind of operator and mixed,
 * with the time to build the set and the memory it takes.
 *
 * Events are the usual envelope of about 800 bytes with a detail; rules name source and one field
 * of the detail, so that a few of them match each event. An event is read anew for each match, as
 * the gate does; the column "matching" leaves that out. Everything is generated, the same every
 * time.
 *
 *     bench_rules [FOLDER]
 *
 * With a folder the events and the rules are also written there, one JSON text a line, for others
 * to be measured with (bench_matchers.py).
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/buffer.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "rules/set.h"

#define EVENTS    1000
#define RULES_MAX 10000
#define ROUNDS    5
#define ROUND_NS  60e6

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const struct eg_error *err)
{
    (void)fprintf(stderr, "bench_rules: %s\n", err->message);
    exit(1);
}

static void make_exact(struct eg_buffer *out, unsigned n)
{
    eg_buffer_printf(out, "{\"source\":[\"svc.%u\"],\"detail\":{\"order\":[\"order-%06u\"]}}",
                     n % 50, n);
}

static void make_prefix(struct eg_buffer *out, unsigned n)
{
    eg_buffer_printf(out,
                     "{\"source\":[\"svc.%u\"],\"detail\":{\"key\":[{\"prefix\":\"in/%04u/\"}]}}",
                     n % 50, n);
}

static void make_numeric(struct eg_buffer *out, unsigned n)
{
    eg_buffer_printf(out,
                     "{\"source\":[\"svc.%u\"],\"detail\":{\"amount\":[{\"numeric\":[\">=\",%u,"
                     "\"<\",%u.5]}]}}",
                     n % 50, n * 10, n * 10 + 25);
}

static void make_anything_but(struct eg_buffer *out, unsigned n)
{
    eg_buffer_printf(
        out,
        "{\"detail\":{\"order\":[\"order-%06u\"],\"state\":[{\"anything-but\":[\"s%u\","
        "\"s%u\"]}]}}",
        n, n % 97, n % 89);
}

static void make_wildcard(struct eg_buffer *out, unsigned n)
{
    eg_buffer_printf(
        out, "{\"source\":[\"svc.%u\"],\"detail\":{\"key\":[{\"wildcard\":\"in/*/%04u/*.json\"}]}}",
        n % 50, n);
}

typedef void (*make_function)(struct eg_buffer *out, unsigned n);
static const make_function makes[] = {make_exact, make_prefix, make_numeric, make_anything_but,
                                      make_wildcard};

static void make_mixed(struct eg_buffer *out, unsigned n)
{
    makes[n % EG_ARRAY_COUNT(makes)](out, n);
}

static void make_event(struct eg_buffer *out, unsigned n)
{
    unsigned r = n * 2654435761u % 10000;
    eg_buffer_printf(
        out,
        "{\"version\":\"0\",\"id\":\"6a7e8feb-b491-4cf7-a9f1-bf37034%05u\",\"detail-type\":"
        "\"Order State Change\",\"source\":\"svc.%u\",\"account\":\"111122223333\",\"time\":"
        "\"2026-01-02T18:43:48Z\",\"region\":\"eu-west-1\",\"resources\":[\"arn:aws:ec2:eu-west-1:"
        "111122223333:instance/i-%08x\"],\"detail\":{\"order\":\"order-%06u\",\"key\":\"in/%04u/"
        "%04u/"
        "part-%u.json\",\"amount\":%u,\"state\":\"s%u\",\"customer\":{\"name\":\"Someone\","
        "\"tier\":3,"
        "\"address\":{\"street\":\"Long Street %u\",\"city\":\"Cape "
        "Town\",\"zip\":\"8001\"}},\"lines\":"
        "[{\"sku\":\"A-%u\",\"count\":2,\"price\":12.50},{\"sku\":\"B-%u\",\"count\":1,\"price\":7}"
        "],"
        "\"flags\":[\"new\",\"web\",\"gift\"],\"note\":null,\"paid\":true}}",
        n % 100000, r % 50, n, r, r, r, n, r * 10 + 7, r % 100, n % 300, r, n % 900);
}

struct bench {
    struct eg_buffer events[EVENTS];
    struct eg_json_document document;
    struct eg_json_limits limits;
    struct eg_rules_scratch *scratch;
    size_t matches;
};

static void read_event(struct bench *bench, unsigned n)
{
    struct eg_error err;
    if (eg_json_document_parse(&bench->document, eg_buffer_span(&bench->events[n]), &bench->limits,
                               &err) != 0)
        die(&err);
}

static void match_event(struct bench *bench, const struct eg_rules_set *set, unsigned n)
{
    struct eg_rules_matches matches;
    struct eg_error err;
    read_event(bench, n);
    if (set && eg_rules_set_match(set, bench->scratch, &bench->document, 0, &matches, &err) != 0)
        die(&err);
    bench->matches += set ? matches.count : 0;
}

/* The best of the rounds: others on the machine only make it slower. NULL: reading alone. */
static double event_ns(struct bench *bench, const struct eg_rules_set *set)
{
    double best = 0;
    for (unsigned i = 0; i < EVENTS; i++)
        match_event(bench, set, i);
    for (int round = 0; round < ROUNDS; round++) {
        unsigned count = 0;
        double begin = now_ns();
        double spent = 0;
        for (; spent < ROUND_NS; spent = now_ns() - begin)
            for (unsigned i = 0; i < EVENTS; i++, count++)
                match_event(bench, set, i);
        best = best > 0 && best < spent / count ? best : spent / count;
    }
    return best;
}

static struct eg_rules_set *build(make_function make, unsigned count, double *ret_ms)
{
    struct eg_rules_pattern **patterns = eg_calloc(count, sizeof(struct eg_rules_pattern *));
    struct eg_rules_set *set;
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    double begin = now_ns();
    for (unsigned i = 0; i < count; i++) {
        eg_buffer_clear(&text);
        make(&text, i);
        if (eg_rules_pattern_new(eg_buffer_span(&text), &patterns[i], &err) != 0)
            die(&err);
    }
    if (eg_rules_set_new((const struct eg_rules_pattern *const *)patterns, count, &set, &err) != 0)
        die(&err);
    for (unsigned i = 0; i < count; i++)
        eg_rules_pattern_destroy(patterns[i]);
    *ret_ms = (now_ns() - begin) / 1e6;
    free(patterns);
    return set;
}

static void measure(struct bench *bench, const char *name, make_function make, double read_ns)
{
    static const unsigned counts[] = {1, 100, RULES_MAX};
    double at_100 = 0;
    for (size_t i = 0; i < EG_ARRAY_COUNT(counts); i++) {
        double build_ms;
        struct eg_rules_set *set = build(make, counts[i], &build_ms);
        bench->matches = 0;
        for (unsigned n = 0; n < EVENTS; n++)
            match_event(bench, set, n);
        double hits = (double)bench->matches / EVENTS;
        double ns = event_ns(bench, set);
        at_100 = counts[i] == 100 ? ns : at_100;
        printf("%-14s %7u %11.0f %9.0f %9.0f %8.2f %9.1f %9.0f", name, counts[i], 1e9 / ns, ns,
               ns - read_ns, hits, build_ms, (double)eg_rules_set_bytes(set) / 1024);
        if (counts[i] > 100)
            printf("   %.2f of the speed at 100", at_100 / ns);
        printf("\n");
        (void)fflush(stdout);
        eg_rules_set_unref(set);
    }
}

static void write_lines(const char *folder, const char *name, make_function make, unsigned count)
{
    char path[4096];
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    for (unsigned i = 0; i < count; i++) {
        make(&text, i);
        eg_buffer_append_char(&text, '\n');
    }
    (void)snprintf(path, sizeof(path), "%s/%s.ndjson", folder, name);
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text.data, 1, text.len, file) != text.len || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    static struct bench bench;
    static const char *const names[] = {"exact", "prefix", "numeric", "anything-but", "wildcard"};
    if (argc > 1) {
        write_lines(argv[1], "events", make_event, EVENTS);
        for (size_t i = 0; i < EG_ARRAY_COUNT(makes); i++)
            write_lines(argv[1], names[i], makes[i], RULES_MAX);
        write_lines(argv[1], "mixed", make_mixed, RULES_MAX);
    }
    bench.limits = eg_json_limits_default;
    bench.limits.allow_duplicate_keys = true;
    bench.scratch = eg_rules_scratch_new();
    eg_json_document_init(&bench.document);
    for (unsigned i = 0; i < EVENTS; i++)
        make_event(&bench.events[i], i);
    double read_ns = event_ns(&bench, NULL);
    printf("events of %zu bytes; reading one takes %.0f ns\n", bench.events[0].len, read_ns);
    printf("%-14s %7s %11s %9s %9s %8s %9s %9s\n", "rules", "count", "events/s", "ns/event",
           "matching", "matches", "build ms", "KiB");
    for (size_t i = 0; i < EG_ARRAY_COUNT(makes); i++)
        measure(&bench, names[i], makes[i], read_ns);
    measure(&bench, "mixed", make_mixed, read_ns);
    eg_rules_scratch_destroy(bench.scratch);
    eg_json_document_fini(&bench.document);
    for (unsigned i = 0; i < EVENTS; i++)
        eg_buffer_fini(&bench.events[i]);
    return 0;
}
