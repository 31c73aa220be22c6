/* SPDX-License-Identifier: Apache-2.0 */
/* The whole program's settings: what ships in etc/, the environment, the conf/ sample, the page. */
#include "app/settings.h"

#include "config/source.h"
#include "unit/config/loading.h"

struct loaded {
    struct eg_sink_registry *registry;
    struct eg_app_settings settings;
    struct eg_config_problems problems;
    struct eg_topics_catalogue *catalogue;
    int ret;
};

static void load(struct loaded *loaded, const char *path, const struct eg_app_override *overrides,
                 size_t override_count)
{
    struct eg_app_settings_source source = {path, overrides, override_count, false};
    *loaded = (struct loaded){.registry = eg_sink_registry_new()};
    loaded->ret =
        eg_app_settings_load(&loaded->settings, &source, loaded->registry, &loaded->problems);
    if (loaded->ret == 0)
        loaded->ret =
            eg_app_settings_catalogue(&loaded->settings, &loaded->catalogue, &loaded->problems);
}

static void unload(struct loaded *loaded)
{
    eg_topics_catalogue_unref(loaded->catalogue);
    eg_app_settings_fini(&loaded->settings);
    eg_sink_registry_destroy(loaded->registry);
    eg_config_problems_fini(&loaded->problems);
}

static bool has_notice(const struct loaded *loaded, enum eg_config_notice_kind kind,
                       const char *part)
{
    const struct eg_config_notices *notices = &loaded->settings.notices;
    for (size_t i = 0; i < notices->count; i++)
        if (notices->items[i].kind == kind && strstr(notices->items[i].text, part))
            return true;
    return false;
}

static void what_ships_in_etc_works(void **state)
{
    (void)state;
    struct loaded loaded;
    load(&loaded, "etc/eventgate.yaml", NULL, 0);
    eg_config_problems_print(&loaded.problems, stderr);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(loaded.settings.notices.count, 0);
    assert_string_equal(loaded.settings.server.listen.items[0], "127.0.0.1:8080");
    assert_int_equal(loaded.settings.sinks.count, 1);
    assert_string_equal(loaded.settings.sinks.items[0].variant->name, "sqlite");
    assert_int_equal(eg_topics_catalogue_count(loaded.catalogue), 2);
    assert_true(
        eg_span_is(eg_topics_catalogue_find(loaded.catalogue, EG_SPAN_LITERAL("orders"))->key_field,
                   "order_id"));
    unload(&loaded);
}

static void the_page_is_what_the_tables_say(void **state)
{
    (void)state;
    struct eg_sink_registry *registry = eg_sink_registry_new();
    struct eg_buffer page = EG_BUFFER_INIT, file = EG_BUFFER_INIT;
    eg_app_settings_document(registry, &page);
    assert_int_equal(eg_config_source_read("docs/configuration.md", 1u << 20, &file, NULL), 0);
    if (strcmp(page.data, file.data) != 0)
        fail_msg("docs/configuration.md has drifted: run 'eventgate check --docs > "
                 "docs/configuration.md'");
    eg_buffer_fini(&page);
    eg_buffer_fini(&file);
    eg_sink_registry_destroy(registry);
}

static void a_dump_loads_to_the_same_dump(void **state)
{
    (void)state;
    struct loaded loaded;
    struct eg_buffer once = EG_BUFFER_INIT, twice = EG_BUFFER_INIT;
    load(&loaded, "etc/eventgate.yaml", NULL, 0);
    assert_int_equal(loaded.ret, 0);
    eg_app_settings_dump(&loaded.settings, &once);
    unload(&loaded);
    char *folder = make_folder();
    write_file(folder, "eventgate.yaml", once.data);
    load(&loaded, folder, NULL, 0);
    eg_config_problems_print(&loaded.problems, stderr);
    assert_int_equal(loaded.ret, 0);
    eg_app_settings_dump(&loaded.settings, &twice);
    assert_string_equal(once.data, twice.data);
    unload(&loaded);
    eg_buffer_fini(&once);
    eg_buffer_fini(&twice);
    remove_folder(folder);
}

static void the_environment_and_the_command_line_win(void **state)
{
    (void)state;
    assert_int_equal(setenv("LOG_LEVEL", "warn", 1), 0);
    assert_int_equal(setenv("TRACE_REDACT_KEYS", "pin, iban ,,", 1), 0);
    assert_int_equal(setenv("TRACE_MAX_BYTES", "99", 1), 0);
    const struct eg_app_override override = {"server", "listen", "127.0.0.1:0", "--listen"};
    struct loaded loaded;
    load(&loaded, "etc/eventgate.yaml", &override, 1);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(loaded.settings.log.level, EG_LOG_WARNING);
    assert_int_equal(loaded.settings.log.trace_redact_keys.count, 2);
    assert_string_equal(loaded.settings.log.trace_redact_keys.items[1], "iban");
    assert_int_equal(loaded.settings.log.trace_max_bytes, 99);
    assert_string_equal(loaded.settings.server.listen.items[0], "127.0.0.1:0");
    unload(&loaded);
    assert_int_equal(setenv("LOG_LEVEL", "loud", 1), 0);
    assert_int_equal(setenv("TRACE_MAX_BYTES", "x", 1), 0);
    load(&loaded, "etc/eventgate.yaml", NULL, 0);
    assert_int_equal(loaded.ret, -1);
    assert_true(has_notice(&loaded, EG_CONFIG_NOTICE_WARNING, "LOG_LEVEL in the environment"));
    assert_int_equal(loaded.problems.count, 1);
    assert_string_equal(loaded.problems.items[0].file, "TRACE_MAX_BYTES");
    unload(&loaded);
    assert_int_equal(unsetenv("LOG_LEVEL"), 0);
    assert_int_equal(unsetenv("TRACE_REDACT_KEYS"), 0);
    assert_int_equal(unsetenv("TRACE_MAX_BYTES"), 0);
}

static void mistakes_of_all_sections_come_together(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_file(folder, "eventgate.yaml",
               "server: {listen: nonsense, thread: 1}\nlog: {level: loud}\n"
               "sinks: {a: {type: sqlit}, b: {type: log, workers: 99999}}\nsink: {}\n"
               "pipeline: {deadline: 5}\nplugins: nowhere.so\n");
    struct loaded loaded;
    load(&loaded, folder, NULL, 0);
    assert_int_equal(loaded.ret, -1);
    assert_problem(&loaded.problems, 1, 28,
                   "server.thread: no such setting; did you mean 'threads'");
    assert_problem(&loaded.problems, 2, 14, "log.level: expected one of TRACE, DEBUG");
    assert_problem(&loaded.problems, 3, 19,
                   "sinks.a.type: expected one of sqlite, postgres, log, discard, kafka");
    assert_problem(&loaded.problems, 3, 51, "sinks.b.workers: ");
    assert_problem(&loaded.problems, 4, 1, "sink: no such setting; did you mean 'sinks'?");
    assert_problem(&loaded.problems, 5, 22, "pipeline.deadline: expected a duration");
    assert_problem(&loaded.problems, 6, 10, "plugins: ");
    unload(&loaded);
    write_file(
        folder, "eventgate.yaml",
        "server: {listen: nonsense}\nadmin: {unix_mode: 689}\nauth: {public_keys_url: ''}\n");
    load(&loaded, folder, NULL, 0);
    assert_problem(&loaded.problems, 1, 9, "server.listen: ");
    assert_problem(&loaded.problems, 2, 8, "admin.unix_mode: ");
    assert_problem(&loaded.problems, 3, 7, "auth: no source of public keys");
    assert_int_equal(loaded.problems.count, 3);
    unload(&loaded);
    remove_folder(folder);
}

static void without_a_sink_there_is_the_embedded_one(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_file(folder, "eventgate.yaml", "auth: {public_keys_file: k.json}\n");
    struct loaded loaded;
    load(&loaded, folder, NULL, 0);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(loaded.settings.sinks.count, 1);
    assert_string_equal(loaded.settings.sinks.items[0].name, "sqlite");
    unload(&loaded);
    remove_folder(folder);
}

/* The sample's address of the access map is on S3; a local one takes its place in the second run.
 */
static void the_sample_conf_folder_loads(void **state)
{
    (void)state;
    const char *vectors = getenv("EVENTGATE_VECTORS");
    char *conf = eg_asprintf("%s/samples/conf", vectors ? vectors : "../shared/vectors");
    if (!eg_config_path_exists(conf)) {
        free(conf);
        skip();
    }
    struct loaded loaded;
    load(&loaded, conf, NULL, 0);
    eg_config_problems_print(&loaded.problems, stderr);
    assert_int_equal(loaded.ret, 0);
    static const char *const topics[] = {"public.cps.za.runs", "public.cps.za.dlchange",
                                         "public.cps.za.test", "public.cps.za.status_change"};
    assert_int_equal(eg_topics_catalogue_count(loaded.catalogue), 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(eg_topics_catalogue_at(loaded.catalogue, i)->name.ptr, topics[i]);
    assert_true(eg_span_is(eg_topics_catalogue_at(loaded.catalogue, 3)->key_field, "job_id"));
    assert_int_equal(loaded.settings.sinks.count, 2);
    assert_string_equal(loaded.settings.sinks.items[0].name, "kafka");
    assert_string_equal(loaded.settings.sinks.items[1].name, "eventbridge");
    assert_string_equal(loaded.settings.sinks.items[1].variant->name, "eventbridge");
    assert_true(has_notice(&loaded, EG_CONFIG_NOTICE_DEGRADED, "nobody is authorized"));
    unload(&loaded);
    char *access = eg_asprintf("%s/access.json", conf);
    const struct eg_app_override override = {NULL, "access", access, "test"};
    load(&loaded, conf, &override, 1);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(eg_access_map_subject_count(eg_topics_catalogue_access(loaded.catalogue),
                                                 EG_SPAN_LITERAL("public.cps.za.runs")),
                     3);
    unload(&loaded);
    free(access);
    free(conf);
}

static void the_path_is_chosen_in_order(void **state)
{
    (void)state;
    char *path = eg_app_settings_path("x.yaml");
    assert_string_equal(path, "x.yaml");
    free(path);
    assert_int_equal(setenv("CONF_DIR", "some/conf", 1), 0);
    path = eg_app_settings_path(NULL);
    assert_string_equal(path, "some/conf");
    free(path);
    assert_int_equal(unsetenv("CONF_DIR"), 0);
    path = eg_app_settings_path(NULL);
    assert_string_equal(path, "etc/eventgate.yaml");
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ships_in_etc_works),
        cmocka_unit_test(the_page_is_what_the_tables_say),
        cmocka_unit_test(a_dump_loads_to_the_same_dump),
        cmocka_unit_test(the_environment_and_the_command_line_win),
        cmocka_unit_test(mistakes_of_all_sections_come_together),
        cmocka_unit_test(without_a_sink_there_is_the_embedded_one),
        cmocka_unit_test(the_sample_conf_folder_loads),
        cmocka_unit_test(the_path_is_chosen_in_order),
    };
    return cmocka_run_group_tests_name("app/settings", tests, NULL, NULL);
}
