/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast an event is read and validated. A row for each case, tab-separated:
 *
 *   case  bytes  read_ns  validate_ns  total_ns  MB/s  allocations
 *
 * Times are those of the best round, a call; MB/s (10^6 bytes) is of the total; allocations are
 * those of one warm read and validation. With a case's name as argument only that one runs; with
 * --dump DIR the schemas and events are written to DIR/<case>.schema.json and .event.json, for
 * other validators to be measured on the same.
 *
 * The topics' schemas are read from the vectors ($EVENTGATE_VECTORS, by default ../shared/vectors)
 * and left out when they are missing; the other cases are made here, the same ones every time.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/schema.h"
#include "json/document.h"

#define ROUNDS     31
#define ROUND_NS   3000000.0
#define EXAMPLES   "samples/adr/000-status-change/examples/appendix-c-nested-jobs/"
#define SCHEMAS    "samples/conf/topic_schemas/"
#define ITEM_COUNT 8000

/* The C library's own, so that ours can count the calls. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

static unsigned long allocations;

void *malloc(size_t size)
{
    allocations++;
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    allocations++;
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    allocations++;
    return __libc_realloc(memory, size);
}

static const char runs_event[] =
    "{\"event_id\":\"2f1a7c52-0d2b-4c6c-83ee-a31a2f9b7d10\",\"job_ref\":\"spark-0001\","
    "\"tenant_id\":\"abcd\",\"source_app\":\"unify\",\"source_app_version\":\"1.4.2\","
    "\"environment\":\"dev\",\"timestamp_start\":1747646400000,\"timestamp_end\":1747646460000,"
    "\"jobs\":[{\"catalog_id\":\"db.table\",\"status\":\"succeeded\",\"timestamp_start\":"
    "1747646400000,\"timestamp_end\":1747646430000,\"message\":null},{\"catalog_id\":\"db.other\","
    "\"status\":\"failed\",\"timestamp_start\":1747646430000,\"timestamp_end\":1747646460000,"
    "\"message\":\"out of space\",\"additional_info\":{\"code\":28}}]}";

static const char dlchange_event[] =
    "{\"event_id\":\"2f1a7c52-0d2b-4c6c-83ee-a31a2f9b7d10\",\"tenant_id\":\"abcd\","
    "\"source_app\":\"unify\",\"source_app_version\":\"1.4.2\",\"environment\":\"dev\","
    "\"timestamp_event\":1747646400000,\"country\":\"za\",\"catalog_id\":\"db.table\","
    "\"operation\":\"append\",\"location\":\"s3://bucket/path\",\"format\":\"parquet\","
    "\"format_options\":{\"compression\":\"snappy\"}}";

static const char test_event[] =
    "{\"event_id\":\"e-1\",\"tenant_id\":\"abcd\",\"source_app\":\"unify\",\"environment\":\"dev\","
    "\"timestamp\":1747646400000}";

static const char items_schema[] =
    "{\"type\":\"array\",\"items\":{\"type\":\"object\",\"required\":[\"id\",\"name\",\"tags\"],"
    "\"properties\":{\"id\":{\"type\":\"integer\",\"minimum\":0},\"name\":{\"type\":\"string\","
    "\"maxLength\":64},\"state\":{\"enum\":[\"open\",\"closed\",\"merged\"]},\"ratio\":{\"type\":"
    "\"number\",\"minimum\":0,\"maximum\":1},\"tags\":{\"type\":\"array\",\"items\":{\"type\":"
    "\"string\"},\"uniqueItems\":true}},\"additionalProperties\":false}}";

static const char push_schema[] =
    "{\"type\":\"object\",\"required\":[\"ref\",\"commits\",\"repository\"],\"properties\":{"
    "\"ref\":"
    "{\"type\":\"string\",\"pattern\":\"^refs/\"},\"repository\":{\"type\":\"object\",\"required\":"
    "[\"id\",\"full_name\"],\"properties\":{\"id\":{\"type\":\"integer\"},\"full_name\":{\"type\":"
    "\"string\"},\"private\":{\"type\":\"boolean\"}}},\"commits\":{\"type\":\"array\",\"minItems\":"
    "1,"
    "\"items\":{\"$ref\":\"#/$defs/commit\"}}},\"$defs\":{\"commit\":{\"type\":\"object\","
    "\"required\":[\"id\",\"author\",\"message\"],\"properties\":{\"id\":{\"type\":\"string\","
    "\"minLength\":40,\"maxLength\":40},\"message\":{\"type\":\"string\"},\"author\":{\"$ref\":"
    "\"#/$defs/person\"},\"committer\":{\"$ref\":\"#/$defs/person\"},\"distinct\":{\"type\":"
    "\"boolean\"},\"added\":{\"$ref\":\"#/$defs/paths\"},\"modified\":{\"$ref\":\"#/$defs/"
    "paths\"}}},"
    "\"person\":{\"type\":\"object\",\"required\":[\"name\",\"email\"],\"properties\":{\"name\":"
    "{\"type\":\"string\"},\"email\":{\"type\":\"string\"}},\"additionalProperties\":false},"
    "\"paths\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}}}";

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_schema: %s: %s\n", what, why);
    exit(1);
}

static const struct eg_json_limits limits = {
    .max_text_bytes = 64u << 20,
    .max_depth = 128,
    .max_members = 10000,
    .max_string_bytes = 1u << 20,
};

struct bench {
    const struct eg_schema *schema;
    struct eg_schema_scratch *scratch;
    struct eg_json_document document;
    struct eg_span event;
};

static void read_event(struct bench *bench)
{
    struct eg_error err = {.message = ""};
    if (eg_json_document_parse(&bench->document, bench->event, &limits, &err) != 0)
        die("the event is refused", err.message);
}

static void validate_event(struct bench *bench)
{
    if (!eg_schema_is_valid(bench->schema, bench->scratch, &bench->document, 0))
        die("the event", "is not valid");
}

static void read_and_validate(struct bench *bench)
{
    read_event(bench);
    validate_event(bench);
}

static double time_batch(void (*step)(struct bench *bench), struct bench *bench, unsigned repeats)
{
    double begin = now_ns();
    for (unsigned i = 0; i < repeats; i++)
        step(bench);
    return (now_ns() - begin) / repeats;
}

/* The best round: what disturbs a round only ever makes it longer. */
static double measure(void (*step)(struct bench *bench), struct bench *bench)
{
    (void)time_batch(step, bench, 3);
    double repeats = ROUND_NS / time_batch(step, bench, 3);
    double best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double round = time_batch(step, bench, repeats < 1 ? 1 : (unsigned)repeats);
        if (i == 0 || round < best)
            best = round;
    }
    return best;
}

static const char *dump_folder;
static const char *only_case;

static void dump(const char *name, const char *what, struct eg_span text)
{
    EG_AUTOFREE char *path = eg_asprintf("%s/%s.%s.json", dump_folder, name, what);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(text.ptr, 1, text.len, file) != text.len || fclose(file) != 0)
        die("cannot write", path);
}

static void run_case(const char *name, struct eg_span schema_text, struct eg_span event)
{
    if (only_case && strcmp(only_case, name) != 0)
        return;
    if (dump_folder) {
        dump(name, "schema", schema_text);
        dump(name, "event", event);
        return;
    }
    struct eg_error err;
    struct eg_schema *schema;
    if (eg_schema_compile(schema_text, NULL, &schema, &err) != 0)
        die(name, err.message);
    struct bench bench = {.schema = schema, .scratch = eg_schema_scratch_new(), .event = event};
    eg_json_document_init(&bench.document);
    double total = measure(read_and_validate, &bench);
    unsigned long before = allocations;
    read_and_validate(&bench);
    unsigned long spent = allocations - before;
    double reading = measure(read_event, &bench);
    double validating = measure(validate_event, &bench);
    (void)printf("%-16s\t%zu\t%.0f\t%.0f\t%.0f\t%.0f\t%lu\n", name, event.len, reading, validating,
                 total, (double)event.len * 1000 / total, spent);
    eg_json_document_fini(&bench.document);
    eg_schema_scratch_destroy(bench.scratch);
    eg_schema_destroy(schema);
}

static bool load(const char *path, struct eg_buffer *out)
{
    const char *vectors = getenv("EVENTGATE_VECTORS");
    EG_AUTOFREE char *full =
        eg_asprintf("%s/%s", vectors && *vectors ? vectors : "../shared/vectors", path);
    FILE *file = fopen(full, "rb");
    if (!file)
        return false;
    for (size_t got = 1; got;) {
        got = fread(eg_buffer_reserve(out, 65536), 1, 65536, file);
        out->len += got;
    }
    (void)fclose(file);
    return true;
}

/* `event` NULL: from `event_path`. */
static void run_topic(const char *name, const char *schema_path, const char *event_path,
                      const char *event)
{
    EG_AUTOBUFFER struct eg_buffer schema = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!load(schema_path, &schema) || (!event && !load(event_path, &text)))
        (void)fprintf(stderr, "bench_schema: no vectors, '%s' is left out\n", name);
    else
        run_case(name, eg_buffer_span(&schema),
                 event ? eg_span_text(event) : eg_buffer_span(&text));
}

static void make_push(struct eg_buffer *out)
{
    eg_buffer_append_text(out,
                          "{\"ref\":\"refs/heads/main\",\"before\":\"0\",\"repository\":{\"id\":"
                          "35129377,\"full_name\":\"octo/hello\",\"private\":false},"
                          "\"pusher\":{\"name\":\"octo\",\"email\":null},\"commits\":[");
    for (int i = 0; i < 22; i++)
        eg_buffer_printf(
            out,
            "%s{\"id\":\"%040d\",\"distinct\":true,\"message\":\"Change number %d: say more \\"
            "\"clearly\\\" what it does\",\"timestamp\":\"2026-05-19T12:00:00Z\",\"url\":"
            "\"https://example.org/octo/hello/commit/"
            "%040d\",\"author\":{\"name\":\"Octo\",\"email\":"
            "\"octo@example.org\"},\"committer\":{\"name\":\"Octo\",\"email\":\"octo@example.org\"}"
            ","
            "\"added\":[\"src/new_%d.c\"],\"removed\":[],\"modified\":[\"README.md\",\"src/"
            "main.c\"]}",
            i ? "," : "", i, i, i, i);
    eg_buffer_append_text(out, "]}");
}

static void make_items(struct eg_buffer *out)
{
    eg_buffer_append_char(out, '[');
    for (int i = 0; i < ITEM_COUNT; i++)
        eg_buffer_printf(
            out,
            "%s{\"id\":%d,\"name\":\"item number %d of a long list of them\",\"state\":"
            "\"open\",\"ratio\":0.%d,\"tags\":[\"a\",\"b\",\"tag-%d\"]}",
            i ? "," : "", i, i, i % 1000, i);
    eg_buffer_append_char(out, ']');
}

int main(int argc, char **argv)
{
    EG_AUTOBUFFER struct eg_buffer push = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer items = EG_BUFFER_INIT;
    if (argc == 3 && strcmp(argv[1], "--dump") == 0)
        dump_folder = argv[2];
    else if (argc == 2)
        only_case = argv[1];
    make_push(&push);
    make_items(&items);
    if (!dump_folder)
        (void)printf(
            "case            \tbytes\tread_ns\tvalidate_ns\ttotal_ns\tMB/s\tallocations\n");
    run_topic("status_change", SCHEMAS "status_change.json",
              EXAMPLES "01-job-created-and-started-ingestion.json", NULL);
    run_topic("runs", SCHEMAS "runs.json", NULL, runs_event);
    run_topic("dlchange", SCHEMAS "dlchange.json", NULL, dlchange_event);
    run_topic("test", SCHEMAS "test.json", NULL, test_event);
    run_case("push_10k", eg_span_text(push_schema), eg_buffer_span(&push));
    run_case("array_1m", eg_span_text(items_schema), eg_buffer_span(&items));
    return 0;
}
