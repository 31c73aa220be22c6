/* SPDX-License-Identifier: Apache-2.0 */
/* The registry: what is built in, what a plug-in brings, and what is refused with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "sinks/registry.h"
#include "support/plugin_path.h"
#include "support/scratch.h"

static void built_in_types_are_complete(void **state)
{
    (void)state;
    static const char *const names[] = {"sqlite", "log", "discard"};
    struct eg_sink_registry *registry = eg_sink_registry_new();
    assert_true(eg_sink_registry_count(registry) >= EG_ARRAY_COUNT(names));
    for (size_t i = 0; i < EG_ARRAY_COUNT(names); i++)
        assert_non_null(eg_sink_registry_find(registry, names[i]));
    for (size_t i = 0; i < eg_sink_registry_count(registry); i++) {
        struct eg_error err = {.message = ""};
        if (eg_sink_type_check(eg_sink_registry_at(registry, i), &err) != 0)
            fail_msg("%s", err.message);
    }
    assert_null(eg_sink_registry_find(registry, "nothing"));
    eg_sink_registry_destroy(registry);
    eg_sink_registry_destroy(NULL);
}

static void a_plugin_adds_its_type_once(void **state)
{
    (void)state;
    char *path EG_AUTOFREE = plugin_path("plugin_example.so");
    struct eg_sink_registry *registry = eg_sink_registry_new();
    struct eg_error err = {.message = ""};
    if (eg_sink_registry_load(registry, path, &err) != 0)
        fail_msg("%s", err.message);
    const struct eg_sink_type *type = eg_sink_registry_find(registry, "lines");
    assert_non_null(type);
    assert_int_equal(type->abi, EG_SINK_ABI);
    size_t count = eg_sink_registry_count(registry);
    assert_int_equal(eg_sink_registry_load(registry, path, &err), -1);
    assert_non_null(strstr(err.message, "there already is a sink type 'lines'"));
    assert_int_equal(eg_sink_registry_count(registry), count);
    eg_sink_registry_destroy(registry);
}

static void what_is_no_plugin_is_refused(void **state)
{
    char *missing EG_AUTOFREE = scratch_path(state, "missing.so");
    char *text EG_AUTOFREE = scratch_path(state, "text.so");
    FILE *file = fopen(text, "w");
    assert_non_null(file);
    (void)fputs("not a library", file);
    assert_int_equal(fclose(file), 0);
    struct eg_sink_registry *registry = eg_sink_registry_new();
    struct eg_error err;
    assert_int_equal(eg_sink_registry_load(registry, missing, &err), -1);
    assert_int_equal(err.code, EG_ERR_CONFIG);
    assert_non_null(strstr(err.message, missing));
    assert_int_equal(eg_sink_registry_load(registry, text, &err), -1);
    assert_int_equal(eg_sink_registry_load(registry, "libm.so.6", &err), -1);
    assert_string_equal(err.message, "plug-in 'libm.so.6': it exports no eventgate_sink");
    eg_sink_registry_destroy(registry);
}

static void incomplete_types_are_refused(void **state)
{
    (void)state;
    struct eg_sink_registry *registry = eg_sink_registry_new();
    const struct eg_sink_type good = *eg_sink_registry_find(registry, "sqlite");
    struct eg_error err;
    assert_int_equal(eg_sink_type_check(&good, &err), 0);
    struct eg_sink_type type = good;
    type.abi = EG_SINK_ABI + 1;
    assert_int_equal(eg_sink_type_check(&type, &err), -1);
    assert_non_null(strstr(err.message, "build it again"));
    type = good;
    type.submit = NULL;
    assert_int_equal(eg_sink_type_check(&type, &err), -1);
    type = good;
    type.max_batch_events = 0;
    assert_int_equal(eg_sink_type_check(&type, &err), -1);
    type = good;
    type.default_workers = type.max_workers + 1;
    assert_int_equal(eg_sink_type_check(&type, &err), -1);
    assert_int_equal(eg_sink_type_check(NULL, &err), -1);
    eg_sink_registry_destroy(registry);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_types_are_complete),
        cmocka_unit_test(a_plugin_adds_its_type_once),
        TEST(what_is_no_plugin_is_refused),
        cmocka_unit_test(incomplete_types_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
