/* SPDX-License-Identifier: Apache-2.0 */
/* Whole configurations: sections, groups, values laid over the file, the conf/ folder. */
#include "config/load.h"

#include "base/compiler.h"
#include "config/source.h"
#include "config/upstream.h"
#include "unit/config/loading.h"

struct door {
    char *listen;
    int64_t threads;
};
static const struct eg_field door_fields[] = {
    {.name = "listen",
     .type = EG_FIELD_STRING,
     .offset = offsetof(struct door, listen),
     .default_text = "127.0.0.1:8080"},
    {.name = "threads", .type = EG_FIELD_INT, .offset = offsetof(struct door, threads)},
};
static const struct eg_field_table door_table = {"door", door_fields, 2, sizeof(struct door)};

struct top {
    char *access;
};
static const struct eg_field top_fields[] = {
    {.name = "access", .type = EG_FIELD_PATH, .offset = offsetof(struct top, access)},
};
static const struct eg_field_table top_table = {"top", top_fields, 1, sizeof(struct top)};

struct common {
    int64_t workers;
};
static const struct eg_field common_fields[] = {
    {.name = "workers",
     .type = EG_FIELD_INT,
     .offset = offsetof(struct common, workers),
     .default_text = "2"},
};
static const struct eg_field_table common_table = {"sink", common_fields, 1, sizeof(struct common)};

static const struct eg_config_variant variants[] = {
    {"door", "a door", &door_table, "tag"},
    {"plain", "nothing of its own", NULL, NULL},
};
static const struct eg_config_group group = {"sinks", &common_table, variants, 2};

static struct eg_config_file *load_text(const char *folder, const char *text,
                                        struct eg_config_problems *problems)
{
    struct eg_config_file *file = NULL;
    struct eg_config_notices notices = {0};
    write_file(folder, "eventgate.yaml", text);
    if (eg_config_file_load(folder, &file, problems, &notices) != 0)
        return NULL;
    assert_int_equal(notices.count, 0);
    return file;
}

static void sections_and_groups_are_filled(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct eg_config_problems problems = {0};
    struct eg_config_file *file =
        load_text(folder,
                  "access: a.json\nserver: {threads: 3}\n"
                  "sinks:\n  one: {type: door, workers: 9, listen: x}\n  two: {type: plain}\n",
                  &problems);
    struct top top;
    struct door door;
    struct eg_config_entries entries;
    struct eg_config_section top_section = {"", &top_table, &top};
    struct eg_config_section door_section = {"server", &door_table, &door};
    assert_int_equal(eg_config_section_fill(file, &top_section, &problems), 0);
    assert_int_equal(eg_config_section_fill(file, &door_section, &problems), 0);
    assert_int_equal(eg_config_group_fill(file, &group, &entries, &problems), 0);
    eg_config_file_check_unknown(file, &problems);
    assert_int_equal(problems.count, 0);
    assert_int_equal(strncmp(top.access, folder, strlen(folder)), 0);
    assert_int_equal(door.threads, 3);
    assert_int_equal(entries.count, 2);
    assert_string_equal(entries.items[0].name, "one");
    assert_ptr_equal(entries.items[0].variant, &variants[0]);
    assert_int_equal(((struct common *)entries.items[0].common)->workers, 9);
    assert_string_equal(((struct door *)entries.items[0].specific)->listen, "x");
    assert_int_equal(((struct common *)entries.items[1].common)->workers, 2);
    assert_null(entries.items[1].specific);
    struct eg_buffer dump = EG_BUFFER_INIT;
    eg_config_entries_dump(&group, &entries, &dump);
    assert_string_equal(dump.data,
                        "sinks:\n  \"one\":\n    type: door\n    workers: 9\n    listen: \"x\"\n"
                        "    threads: 0\n  \"two\":\n    type: plain\n    workers: 2\n");
    eg_buffer_fini(&dump);
    eg_config_entries_fini(&group, &entries);
    eg_config_fields_fini(&top_table, &top);
    eg_config_fields_fini(&door_table, &door);
    eg_config_file_destroy(file);
    remove_folder(folder);
}

static void mistakes_in_groups_and_names_are_reported(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct eg_config_problems problems = {0};
    struct eg_config_file *file = load_text(folder,
                                            "srever: {}\nserver: 3\nsinks:\n  a: {workers: 1}\n"
                                            "  b: {type: dor}\n  'c d': {type: door}\n"
                                            "  e: {type: plain, listen: x, worker: 2}\n  f: 7\n"
                                            "  g:\n  h: {type: [door]}\n",
                                            &problems);
    struct door door;
    struct eg_config_entries entries;
    struct eg_config_section section = {"server", &door_table, &door};
    assert_int_equal(eg_config_section_fill(file, &section, &problems), -1);
    assert_int_equal(eg_config_group_fill(file, &group, &entries, &problems), -1);
    eg_config_file_check_unknown(file, &problems);
    assert_problem(&problems, 1, 1, "srever: no such setting; did you mean 'server'?");
    assert_problem(&problems, 2, 9, "server: expected a mapping, got a number");
    assert_problem(&problems, 4, 3, "sinks.a.type: required, but not set");
    assert_problem(&problems, 5, 13, "sinks.b.type: expected one of door, plain, got 'dor'");
    assert_problem(&problems, 6, 3, "sinks.c d: a name is 1 to 249 letters");
    assert_problem(&problems, 7, 20, "sinks.e.listen: no such setting");
    assert_problem(&problems, 7, 31, "sinks.e.worker: no such setting; did you mean 'workers'?");
    assert_problem(&problems, 8, 6, "sinks.f: expected a mapping, got a number");
    assert_problem(&problems, 9, 3, "sinks.g.type: required, but not set");
    assert_problem(&problems, 10, 13, "sinks.h.type: expected one of door, plain, got a list");
    assert_int_equal(problems.count, 10);
    eg_config_entries_fini(&group, &entries);
    eg_config_fields_fini(&door_table, &door);
    eg_config_problems_fini(&problems);
    eg_config_file_destroy(file);
    remove_folder(folder);
}

static void values_are_laid_over_the_file(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_config_file *file = eg_config_file_new("test", "/base");
    eg_config_file_set(file, "server", "listen", "a:1", "--listen");
    eg_config_file_set(file, "server", "listen", "b:2", "--listen");
    eg_config_file_set(file, "server", "threads", "many", "environment THREADS");
    eg_config_file_set(file, NULL, "access", "x.json", "test");
    struct top top;
    struct door door;
    struct eg_config_section top_section = {"", &top_table, &top};
    struct eg_config_section section = {"server", &door_table, &door};
    assert_int_equal(eg_config_section_fill(file, &top_section, &problems), 0);
    assert_int_equal(eg_config_section_fill(file, &section, &problems), -1);
    assert_string_equal(top.access, "/base/x.json");
    assert_string_equal(door.listen, "b:2");
    assert_int_equal(problems.count, 1);
    assert_string_equal(problems.items[0].file, "environment THREADS");
    assert_string_equal(problems.items[0].message,
                        "server.threads: expected an integer, got 'many'");
    eg_config_fields_fini(&top_table, &top);
    eg_config_fields_fini(&door_table, &door);
    eg_config_problems_fini(&problems);
    eg_config_file_destroy(file);
}

static void an_entry_can_be_added_with_its_defaults(void **state)
{
    (void)state;
    struct eg_config_problems problems = {0};
    struct eg_config_file *file = eg_config_file_new("test", ".");
    struct eg_config_entries entries;
    assert_int_equal(eg_config_group_fill(file, &group, &entries, &problems), 0);
    assert_int_equal(entries.count, 0);
    assert_int_equal(
        eg_config_entries_add_default(file, &group, &entries, "main", "door", &problems), 0);
    assert_string_equal(((struct door *)entries.items[0].specific)->listen, "127.0.0.1:8080");
    eg_config_entries_fini(&group, &entries);
    eg_config_file_destroy(file);
}

static const char *text_at(const struct eg_config_file *file, const char *section, const char *name)
{
    const struct eg_config_node *node =
        eg_config_file_tree((struct eg_config_file *)(uintptr_t)file)->root;
    if (section)
        node = eg_config_node_get(node, section);
    node = eg_config_node_get(node, name);
    return node ? node->text.ptr : NULL;
}

static bool has_notice(const struct eg_config_notices *notices, const char *part)
{
    for (size_t i = 0; i < notices->count; i++)
        if (strstr(notices->items[i].text, part))
            return true;
    return false;
}

static const char *kafka_at(struct eg_config_file *file, const char *setting)
{
    const struct eg_config_node *root = eg_config_file_tree(file)->root;
    const struct eg_config_node *sink =
        eg_config_node_get(eg_config_node_get(root, "sinks"), "kafka");
    const struct eg_config_node *value = eg_config_node_get(sink, setting);
    return value ? value->text.ptr : NULL;
}

/* The file for a config.json with this in it; freed by the caller. */
static struct eg_config_file *load_kafka(const char *members, struct eg_config_notices *notices)
{
    char *folder = make_folder();
    char *conf = eg_asprintf("%s/conf", folder);
    char *text = eg_asprintf("{%s}", members);
    write_file(folder, "conf/config.json", text);
    write_file(folder, "conf/topic_schemas/test.json", "{}");
    struct eg_config_problems problems = {0};
    struct eg_config_file *file = NULL;
    assert_int_equal(eg_config_file_load(conf, &file, &problems, notices), 0);
    remove_folder(folder);
    free(text);
    free(conf);
    return file;
}

static void the_flush_variables_become_a_timeout(void **state)
{
    (void)state;
    static const char members[] = "\"kafka_bootstrap_server\": \"b:9092\"";
    struct eg_config_notices notices = {0};
    (void)setenv("KAFKA_FLUSH_TIMEOUT", "2", 1);
    struct eg_config_file *file = load_kafka(members, &notices);
    assert_string_equal(kafka_at(file, "delivery_timeout"), "7000ms");
    assert_null(text_at(file, "pipeline", "deadline"));
    assert_null(kafka_at(file, "security_protocol"));
    eg_config_file_destroy(file);
    (void)setenv("KAFKA_FLUSH_RETRIES", "4", 1);
    (void)setenv("KAFKA_RETRY_BACKOFF", "1.5", 1);
    file = load_kafka(members, &notices);
    assert_string_equal(kafka_at(file, "delivery_timeout"), "12500ms");
    assert_string_equal(text_at(file, "pipeline", "deadline"), "14000ms");
    eg_config_file_destroy(file);
    assert_int_equal(notices.count, 0);
    (void)setenv("KAFKA_FLUSH_TIMEOUT", "soon", 1);
    file = load_kafka(members, &notices);
    assert_true(has_notice(&notices, "KAFKA_FLUSH_TIMEOUT in the environment is left aside"));
    eg_config_file_destroy(file);
    eg_config_notices_fini(&notices);
    (void)unsetenv("KAFKA_FLUSH_TIMEOUT");
    (void)unsetenv("KAFKA_FLUSH_RETRIES");
    (void)unsetenv("KAFKA_RETRY_BACKOFF");
}

static void an_empty_bootstrap_server_is_no_sink(void **state)
{
    (void)state;
    struct eg_config_notices notices = {0};
    struct eg_config_file *file = load_kafka("\"kafka_bootstrap_server\": \"\"", &notices);
    assert_null(kafka_at(file, "type"));
    assert_int_equal(notices.count, 0);
    eg_config_file_destroy(file);
}

static void a_conf_folder_is_translated(void **state)
{
    (void)state;
    char *folder = make_folder();
    char *conf = eg_asprintf("%s/conf", folder);
    write_file(folder, "conf/config.json",
               "{\"access_config\": \"s3://bucket/access.json\",\n"
               " \"topic_keys_config\": \"conf/topic_keys.json\",\n"
               " \"token_provider_url\": \"https://login\",\n"
               " \"token_public_key_url\": \"https://old\",\n"
               " \"token_public_keys_url\": \"https://new\",\n"
               " \"kafka_bootstrap_server\": \"localhost:9092\", \"event_bus_arn\": \"\",\n"
               " \"kafka_sasl_kerberos_principal\": \"p\", \"kafka_ssl_key_path\": \"/k.pem\",\n"
               " \"kafka_ssl_key_password\": \"secret\",\n"
               " \"ssl_ca_bundle\": false, \"acces_config\": 1}\n");
    write_file(folder, "conf/topic_keys.json", "{}");
    write_file(folder, "conf/topic_schemas/test.json", "{}");
    write_file(folder, "conf/topic_schemas/runs.json", "{}");
    write_file(folder, "conf/topic_schemas/Zebra.json", "{}");
    write_file(folder, "conf/topic_schemas/apple.json", "{}");
    write_file(folder, "conf/topic_schemas/notes.txt", "");
    struct eg_config_problems problems = {0};
    struct eg_config_notices notices = {0};
    struct eg_config_file *file = NULL;
    assert_int_equal(eg_config_file_load(conf, &file, &problems, &notices), 0);
    assert_string_equal(text_at(file, NULL, "access"), "s3://bucket/access.json");
    char *keys = eg_asprintf("%s/conf/topic_keys.json", folder);
    assert_string_equal(text_at(file, NULL, "topic_keys"), keys);
    assert_string_equal(text_at(file, "auth", "provider_url"), "https://login");
    assert_string_equal(text_at(file, "auth", "public_keys_url"), "https://new");
    assert_string_equal(text_at(file, "auth", "ca_bundle"), "false");
    const struct eg_config_node *topics =
        eg_config_node_get(eg_config_file_tree(file)->root, "topics");
    const char *const want[] = {"public.cps.za.runs", "public.cps.za.test", "Zebra", "apple"};
    assert_int_equal(topics->count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(topics->members[i].name.ptr, want[i]);
    assert_string_equal(kafka_at(file, "type"), "kafka");
    assert_string_equal(kafka_at(file, "bootstrap_servers"), "localhost:9092");
    assert_string_equal(kafka_at(file, "security_protocol"), "sasl_ssl");
    assert_string_equal(kafka_at(file, "sasl_mechanism"), "GSSAPI");
    assert_string_equal(kafka_at(file, "kerberos_principal"), "p");
    assert_string_equal(kafka_at(file, "ssl_key"), "/k.pem");
    assert_string_equal(kafka_at(file, "ssl_key_password"), "secret");
    assert_null(kafka_at(file, "delivery_timeout"));
    assert_int_equal(notices.count, 1);
    assert_true(has_notice(&notices, "acces_config: no such setting, it has no effect; did you "
                                     "mean 'access_config'?"));
    free(keys);
    free(conf);
    eg_config_notices_fini(&notices);
    eg_config_file_destroy(file);
    remove_folder(folder);
}

static void the_older_key_address_is_a_fallback(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_file(folder, "topic_schemas/test.json", "{}");
    write_file(folder, "config.json",
               "{\"token_public_keys_url\": \"\", \"token_public_key_url\": \"https://old\"}");
    struct eg_config_problems problems = {0};
    struct eg_config_notices notices = {0};
    struct eg_config_file *file = NULL;
    char *path = eg_asprintf("%s/config.json", folder);
    assert_int_equal(eg_config_file_load(path, &file, &problems, &notices), 0);
    assert_string_equal(text_at(file, "auth", "public_keys_url"), "https://old");
    eg_config_file_destroy(file);
    free(path);
    remove_folder(folder);
}

static void a_broken_conf_folder_is_refused(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct eg_config_problems problems = {0};
    struct eg_config_notices notices = {0};
    struct eg_config_file *file = NULL;
    assert_int_equal(eg_config_file_load(folder, &file, &problems, &notices), -1);
    assert_problem(&problems, 0, 0, "holds neither eventgate.yaml nor config.json");
    write_file(folder, "config.json", "{\"access_config\": 5,\n \"token_provider_url\": [1]}");
    assert_int_equal(eg_config_file_load(folder, &file, &problems, &notices), -1);
    assert_problem(&problems, 1, 19, "access_config: expected a string, got a number");
    assert_problem(&problems, 2, 24, "token_provider_url: expected a string, got a list");
    assert_problem(&problems, 0, 0, "can't open the folder: No such file or directory");
    eg_config_problems_fini(&problems);
    write_file(folder, "config.json", "[]");
    assert_int_equal(eg_config_file_load(folder, &file, &problems, &notices), -1);
    assert_problem(&problems, 1, 1, "expected an object, got a list");
    eg_config_problems_fini(&problems);
    eg_config_notices_fini(&notices);
    remove_folder(folder);
}

static void conf_paths_are_looked_for_in_three_places(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_file(folder, "settings/topic_keys.json", "{}");
    write_file(folder, "conf/access.json", "{}");
    char *settings = eg_asprintf("%s/settings/", folder);
    char *inside = eg_asprintf("%s/settings/topic_keys.json", folder);
    char *parent = eg_asprintf("%s/conf/access.json", folder);
    char *nowhere = eg_asprintf("%s/conf/nowhere.json", folder);
    static const char *const paths[] = {"conf/topic_keys.json",
                                        "conf/access.json",
                                        "conf/nowhere.json",
                                        "/abs/x",
                                        "s3://b/k",
                                        "src"};
    const char *const want[] = {inside, parent, nowhere, "/abs/x", "s3://b/k", "src"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(paths); i++) {
        char *path = eg_config_upstream_resolve(settings, paths[i]);
        assert_string_equal(path, want[i]);
        free(path);
    }
    free(settings);
    free(inside);
    free(parent);
    free(nowhere);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections_and_groups_are_filled),
        cmocka_unit_test(mistakes_in_groups_and_names_are_reported),
        cmocka_unit_test(values_are_laid_over_the_file),
        cmocka_unit_test(an_entry_can_be_added_with_its_defaults),
        cmocka_unit_test(a_conf_folder_is_translated),
        cmocka_unit_test(the_flush_variables_become_a_timeout),
        cmocka_unit_test(an_empty_bootstrap_server_is_no_sink),
        cmocka_unit_test(the_older_key_address_is_a_fallback),
        cmocka_unit_test(a_broken_conf_folder_is_refused),
        cmocka_unit_test(conf_paths_are_looked_for_in_three_places),
    };
    return cmocka_run_group_tests_name("config/load", tests, NULL, NULL);
}
