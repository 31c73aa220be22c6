/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast a text is read: our reader beside jansson, in one process, in alternating rounds.
 *
 * Prints, per document, the median over the rounds in ns per parse and MB/s (10^6 bytes), for both,
 * and the ratio. The status_change sample is the one of the vectors, 671 bytes as it stands there
 * and once more without white space; a built-in event of the same shape takes its place when the
 * folder is missing. The others are generated, the same ones every time. The last rows show that
 * the cost is linear in the size.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "json/document.h"

#define ROUNDS   15
#define ROUND_NS 10000000.0
#define SAMPLE_FILE                                                  \
    "samples/adr/000-status-change/examples/appendix-c-nested-jobs/" \
    "01-job-created-and-started-ingestion.json"

static const char built_in_sample[] =
    "{\n    \"event_type\": \"JobCreatedAndStartedEvent\",\n"
    "    \"event_id\": \"2f1a7c52-0d2b-4c6c-83ee-a31a2f9b7d10\",\n"
    "    \"tenant_id\": \"abcd\",\n    \"source_app\": \"ingestapp\",\n"
    "    \"source_app_version\": \"2.14.0\",\n    \"environment\": \"dev\",\n"
    "    \"timestamp_event\": 1747646400000,\n    \"country\": \"za\",\n"
    "    \"job_id\": \"00000001-0000-4000-8000-000000000001\",\n"
    "    \"job_name\": \"Ingestion of something\",\n    \"platform\": \"aws.stepfunctions\",\n"
    "    \"input_arguments\": {\n        \"pipelineId\": 1234,\n"
    "        \"currentDate\": \"2026-05-19\",\n        \"triggerType\": \"SCHEDULE\"\n    },\n"
    "    \"definition_id\": \"1234\",\n    \"status_type\": \"RUNNING\"\n}\n";

/* The smallest of 10,000 members would refuse the generated array's siblings; size is no issue
 * here. */
static const struct eg_json_limits limits = {
    .max_text_bytes = EG_JSON_MAX_TEXT_BYTES,
    .max_depth = 128,
    .max_members = EG_JSON_MAX_COUNT,
    .max_string_bytes = EG_JSON_MAX_TEXT_BYTES,
};

static double now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench_json: %s: %s\n", what, why);
    exit(1);
}

static void read_ours(struct eg_json_document *document, struct eg_span text)
{
    struct eg_error err = {.message = ""};
    if (eg_json_document_parse(document, text, &limits, &err) != 0)
        die("our reader refused the document", err.message);
}

static void read_jansson(struct eg_json_document *unused, struct eg_span text)
{
    (void)unused;
    json_error_t error;
    json_t *root = json_loadb(text.ptr, text.len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (!root)
        die("jansson refused the document", error.text);
    json_decref(root);
}

typedef void (*read_function)(struct eg_json_document *document, struct eg_span text);

static double time_batch(read_function read, struct eg_json_document *document, struct eg_span text,
                         unsigned repeats)
{
    double begin = now_ns();
    for (unsigned i = 0; i < repeats; i++)
        read(document, text);
    return (now_ns() - begin) / repeats;
}

static unsigned repeats_for(read_function read, struct eg_json_document *document,
                            struct eg_span text)
{
    (void)time_batch(read, document, text, 3);
    double once = time_batch(read, document, text, 3);
    double repeats = ROUND_NS / once;
    return repeats < 1 ? 1 : (unsigned)repeats;
}

static int compare_doubles(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(double *values)
{
    qsort(values, ROUNDS, sizeof(*values), compare_doubles);
    return values[ROUNDS / 2];
}

static void measure(const char *name, struct eg_span text)
{
    struct eg_json_document document;
    eg_json_document_init(&document);
    unsigned ours_repeats = repeats_for(read_ours, &document, text);
    unsigned jansson_repeats = repeats_for(read_jansson, &document, text);
    double ours[ROUNDS];
    double jansson[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        ours[i] = time_batch(read_ours, &document, text, ours_repeats);
        jansson[i] = time_batch(read_jansson, &document, text, jansson_repeats);
    }
    double ours_ns = median(ours);
    double jansson_ns = median(jansson);
    double bytes = (double)text.len;
    printf("%-30s %9zu %12.0f %8.0f %12.0f %8.0f %7.1fx\n", name, text.len, ours_ns,
           bytes * 1e3 / ours_ns, jansson_ns, bytes * 1e3 / jansson_ns, jansson_ns / ours_ns);
    (void)fflush(stdout);
    eg_json_document_fini(&document);
}

static void load_sample(struct eg_buffer *buffer)
{
    const char *vectors = getenv("EVENTGATE_VECTORS");
    EG_AUTOFREE char *path =
        eg_asprintf("%s/" SAMPLE_FILE, vectors && *vectors ? vectors : "../shared/vectors");
    FILE *file = fopen(path, "rb");
    if (!file) {
        eg_buffer_append_text(buffer, built_in_sample);
        return;
    }
    char chunk[4096];
    size_t got;
    while ((got = fread(chunk, 1, sizeof(chunk), file)) > 0)
        eg_buffer_append(buffer, chunk, got);
    (void)fclose(file);
}

static void minify(struct eg_buffer *out, struct eg_span text)
{
    json_t *root = json_loadb(text.ptr, text.len, 0, NULL);
    if (!root)
        die("the sample", "is no JSON");
    char *compact = json_dumps(root, JSON_COMPACT);
    eg_buffer_append_text(out, compact);
    free(compact);
    json_decref(root);
}

static void append_user(struct eg_buffer *out, const char *role, unsigned n)
{
    eg_buffer_printf(out,
                     "\"%s\":{\"login\":\"octo-%u\",\"id\":%u,\"node_id\":\"MDQ6VXNlcj%u=\","
                     "\"avatar_url\":\"https://avatars.example.com/u/%u?v=4\",\"gravatar_id\":\"\","
                     "\"url\":\"https://api.example.com/users/octo-%u\","
                     "\"repos_url\":\"https://api.example.com/users/octo-%u/repos\","
                     "\"events_url\":\"https://api.example.com/users/octo-%u/events{/privacy}\","
                     "\"type\":\"User\",\"site_admin\":false}",
                     role, n, 583231 + n, n * 7919, 583231 + n, n, n, n);
}

static void append_commit(struct eg_buffer *out, unsigned n)
{
    eg_buffer_printf(out,
                     "{\"id\":\"%08x6b1e2c4d7f90a3b5c8d1e6f7%08x\",\"distinct\":true,"
                     "\"message\":\"Fix the \\\"retry\\\" path (#%u)\\n\\nIt slept too long.\","
                     "\"timestamp\":\"2024-03-%02uT12:34:56Z\",\"added\":[],\"removed\":[],"
                     "\"modified\":[\"src/net/client_%u.c\",\"docs/changes.md\"],"
                     "\"score\":%u.25,",
                     n * 2654435761u, n * 40503u, n, n % 28 + 1, n, n);
    append_user(out, "author", n);
    eg_buffer_append_char(out, ',');
    append_user(out, "committer", n + 1);
    eg_buffer_append_char(out, '}');
}

/* A push event of about 10 KB: nested objects, URLs, a few escapes. */
static void generate_push_event(struct eg_buffer *out)
{
    eg_buffer_append_text(out, "{\"ref\":\"refs/heads/main\",\"forced\":false,\"base_ref\":null,");
    append_user(out, "sender", 1);
    eg_buffer_append_text(out,
                          ",\"repository\":{\"id\":1296269,\"name\":\"hello\",\"private\":false,");
    append_user(out, "owner", 2);
    eg_buffer_append_text(out, ",\"topics\":[\"json\",\"events\"],\"size\":1824},\"commits\":[");
    for (unsigned n = 0; out->len < 9200; n++) {
        if (n)
            eg_buffer_append_char(out, ',');
        append_commit(out, n);
    }
    eg_buffer_append_text(out, "],\"head_commit\":");
    append_commit(out, 99);
    eg_buffer_append_char(out, '}');
}

static void generate_array(struct eg_buffer *out, size_t bytes)
{
    eg_buffer_append_char(out, '[');
    for (unsigned n = 0; out->len < bytes; n++)
        eg_buffer_printf(out,
                         "%s{\"id\":%u,\"name\":\"item number %u\",\"price\":%u.%02u,"
                         "\"tags\":[\"a\",\"b\",\"c\"],\"stock\":{\"here\":%u,\"there\":null},"
                         "\"active\":%s}",
                         n ? "," : "", n, n, n % 1000, n % 100, n % 17, n % 2 ? "true" : "false");
    eg_buffer_append_char(out, ']');
}

static void measure_array(const char *name, size_t bytes)
{
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    generate_array(&text, bytes);
    measure(name, eg_buffer_span(&text));
}

int main(void)
{
    EG_AUTOBUFFER struct eg_buffer sample = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer minified = EG_BUFFER_INIT;
    EG_AUTOBUFFER struct eg_buffer push_event = EG_BUFFER_INIT;
    load_sample(&sample);
    minify(&minified, eg_buffer_span(&sample));
    generate_push_event(&push_event);
    printf("%-30s %9s %12s %8s %12s %8s %8s\n", "document", "bytes", "ours ns", "MB/s",
           "jansson ns", "MB/s", "ratio");
    measure("status_change", eg_buffer_span(&sample));
    measure("status_change, minified", eg_buffer_span(&minified));
    measure("push event", eg_buffer_span(&push_event));
    measure_array("array of objects, 10 KB", 10000);
    measure_array("array of objects, 100 KB", 100000);
    measure_array("array of objects, 1 MB", 1000000);
    return 0;
}
