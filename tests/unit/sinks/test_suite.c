/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite against every built-in sink and the example plug-in. */
#include "eventgate/sink_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/error.h"
#include "config/fields.h"
#include "sinks/registry.h"
#include "store/events.h"
#include "support/plugin_path.h"
#include "support/scratch.h"

/* Fills a sink's settings with their defaults, and `path` with the given one, if it has it. */
static void *make_config(const struct eg_sink_type *type, const char *path)
{
    void *config = eg_calloc(1, type->config->struct_bytes + 1);
    eg_config_fields_default(type->config, config);
    for (size_t i = 0; i < type->config->field_count; i++) {
        const struct eg_field *field = &type->config->fields[i];
        if (strcmp(field->name, "path") != 0)
            continue;
        char **slot = (char **)(void *)((char *)config + field->offset);
        free(*slot);
        *slot = eg_strdup(path);
    }
    return config;
}

static int64_t count_rows(void *context)
{
    struct eg_event_reader *reader;
    struct eg_error err;
    int64_t count = 0;
    if (eg_event_reader_open(context, &reader, &err) != 0)
        return 0;
    assert_int_equal(eg_event_reader_count(reader, &(struct eg_event_filter){0}, &count, &err), 0);
    eg_event_reader_close(reader);
    return count;
}

static int64_t count_lines(void *context)
{
    FILE *file = fopen(context, "r");
    int64_t lines = 0;
    for (int c = 0; file && c != EOF; lines += c == '\n')
        c = fgetc(file);
    if (file)
        (void)fclose(file);
    return lines;
}

static void run_suite(const struct eg_sink_type *type, char *path, int64_t (*received)(void *))
{
    void *config = make_config(type, path);
    struct eg_sink_suite suite = {
        .type = type, .config = config, .received = received, .context = path};
    assert_int_equal(eg_sink_suite_run(&suite), 0);
    eg_config_fields_fini(type->config, config);
    free(config);
}

static void run_built_in(void **state, const char *name, int64_t (*received)(void *))
{
    struct eg_sink_registry *registry = eg_sink_registry_new();
    const struct eg_sink_type *type = eg_sink_registry_find(registry, name);
    assert_non_null(type);
    char *path EG_AUTOFREE = scratch_path(state, "out");
    run_suite(type, path, received);
    eg_sink_registry_destroy(registry);
}

static void sqlite_conforms(void **state)
{
    run_built_in(state, "sqlite", count_rows);
}

static void log_conforms(void **state)
{
    run_built_in(state, "log", count_lines);
}

static void discard_conforms(void **state)
{
    run_built_in(state, "discard", NULL);
}

static void the_example_plugin_conforms(void **state)
{
    struct eg_sink_registry *registry = eg_sink_registry_new();
    char *plugin EG_AUTOFREE = plugin_path("plugin_example.so");
    char *path EG_AUTOFREE = scratch_path(state, "lines");
    struct eg_error err = {.message = ""};
    if (eg_sink_registry_load(registry, plugin, &err) != 0)
        fail_msg("%s", err.message);
    run_suite(eg_sink_registry_find(registry, "lines"), path, count_lines);
    eg_sink_registry_destroy(registry);
}

/* The suite must find fault with a sink that is at fault. */

struct eg_sink {
    const struct eg_sink_host *host;
};

static int bad_create(const struct eg_sink_host *host, const void *config,
                      struct eg_sink **ret_sink, struct eg_error *err)
{
    (void)config;
    (void)err;
    *ret_sink = eg_malloc(sizeof(**ret_sink));
    (*ret_sink)->host = host;
    return 0;
}

static void bad_destroy(struct eg_sink *sink)
{
    free(sink);
}

static void submit_twice(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                         size_t count)
{
    (void)worker;
    sink->host->complete(batch[0], EG_DELIVERED, NULL);
    sink->host->complete_all(batch, count, EG_DELIVERED, NULL);
}

static void submit_without_message(struct eg_sink *sink, void *worker,
                                   struct eg_delivery *const *batch, size_t count)
{
    (void)worker;
    sink->host->complete_all(batch, count, EG_RETRY, NULL);
}

static const struct eg_field_table no_fields = {.name = "sink bad"};

static void faults_are_found(void **state)
{
    (void)state;
    struct eg_sink_type type = {
        .abi = EG_SINK_ABI,
        .name = "bad",
        .help = "a sink with a fault",
        .config = &no_fields,
        .default_workers = 1,
        .max_workers = 1,
        .max_batch_events = 4,
        .max_batch_bytes = 1000,
        .create = bad_create,
        .submit = submit_twice,
        .destroy = bad_destroy,
    };
    struct eg_sink_suite suite = {.type = &type, .quiet = true};
    assert_true(eg_sink_suite_run(&suite) > 0);
    type.submit = submit_without_message;
    assert_true(eg_sink_suite_run(&suite) > 0);
    type.abi = EG_SINK_ABI + 1;
    assert_int_equal(eg_sink_suite_run(&suite), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sqlite_conforms),  TEST(log_conforms),
        TEST(discard_conforms), TEST(the_example_plugin_conforms),
        TEST(faults_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
