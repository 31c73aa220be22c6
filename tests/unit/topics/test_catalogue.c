/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue: built all or nothing, found by name, swapped while in use; message keys. */
#include "topics/catalogue.h"

#include <pthread.h>

#include "topics/slot.h"
#include "unit/config/loading.h"

struct loaded {
    struct eg_config_file *file;
    struct eg_topics_config config;
    struct eg_config_problems problems;
    struct eg_config_notices notices;
    struct eg_topics_catalogue *catalogue;
    int ret;
};

static void load(struct loaded *loaded, const char *folder, const char *yaml,
                 const struct eg_string_list *sinks)
{
    *loaded = (struct loaded){0};
    write_file(folder, "eventgate.yaml", yaml);
    assert_int_equal(
        eg_config_file_load(folder, &loaded->file, &loaded->problems, &loaded->notices), 0);
    (void)eg_topics_config_fill(&loaded->config, loaded->file, &loaded->problems);
    loaded->ret = eg_topics_catalogue_build(&loaded->config, sinks, &loaded->catalogue,
                                            &loaded->problems, &loaded->notices);
}

static void unload(struct loaded *loaded)
{
    eg_topics_catalogue_unref(loaded->catalogue);
    eg_topics_config_fini(&loaded->config);
    eg_config_problems_fini(&loaded->problems);
    eg_config_notices_fini(&loaded->notices);
    eg_config_file_destroy(loaded->file);
}

static const struct eg_topics_topic *find(const struct loaded *loaded, const char *name)
{
    return eg_topics_catalogue_find(loaded->catalogue, eg_span_text(name));
}

static char *make_usual_folder(void)
{
    char *folder = make_folder();
    write_file(folder, "schemas/orders.json", "{\"type\": \"object\"}\n");
    write_file(folder, "schemas/Clicks.json", "true");
    write_file(folder, "other/raw.json", "{}");
    write_file(folder, "access.json", "{\"Orders\": [\"dev\"], \"gone\": [\"dev\"]}");
    write_file(folder, "keys.json", "{\"orders\": \"id\", \"raw\": \"a\", \"none\": \"b\"}");
    return folder;
}

static const char usual_yaml[] =
    "topic_schemas: schemas\naccess: access.json\ntopic_keys: keys.json\n"
    "topics:\n  Raw: {schema: other/raw.json, key: k, sinks: [b, a, b], access: [ops]}\n"
    "  orders: {}\n";

static void topics_come_from_folder_and_file(void **state)
{
    (void)state;
    char *folder = make_usual_folder();
    char a[] = "a", b[] = "b";
    char *names[] = {a, b};
    struct eg_string_list sinks = {names, 2};
    struct loaded loaded;
    load(&loaded, folder, usual_yaml, &sinks);
    eg_config_problems_print(&loaded.problems, stderr);
    assert_int_equal(loaded.ret, 0);
    const char *const want[] = {"raw", "orders", "clicks"};
    assert_int_equal(eg_topics_catalogue_count(loaded.catalogue), 3);
    for (size_t i = 0; i < 3; i++) {
        const struct eg_topics_topic *topic = eg_topics_catalogue_at(loaded.catalogue, i);
        assert_string_equal(topic->name.ptr, want[i]);
        assert_int_equal(topic->index, i);
        assert_ptr_equal(find(&loaded, want[i]), topic);
    }
    assert_null(find(&loaded, "Raw"));
    assert_null(find(&loaded, "gone"));
    const struct eg_topics_topic *raw = find(&loaded, "raw");
    assert_int_equal(raw->sinks.count, 2);
    assert_string_equal(raw->sinks.items[0], "b");
    assert_true(eg_span_is(raw->key_field, "k"));
    const struct eg_topics_topic *orders = find(&loaded, "orders");
    assert_true(eg_span_is(orders->schema_text, "{\"type\": \"object\"}\n"));
    assert_non_null(orders->schema);
    assert_int_equal(orders->sinks.count, 0);
    assert_true(eg_span_is(orders->key_field, "id"));
    assert_int_equal(find(&loaded, "clicks")->key_field.len, 0);
    unload(&loaded);
    remove_folder(folder);
}

static void users_come_from_both_places(void **state)
{
    (void)state;
    char *folder = make_usual_folder();
    struct loaded loaded;
    load(&loaded, folder, usual_yaml, NULL);
    assert_int_equal(loaded.ret, 0);
    const struct eg_access_map *access = eg_topics_catalogue_access(loaded.catalogue);
    assert_int_equal(eg_access_map_subject_count(access, EG_SPAN_LITERAL("orders")), 1);
    assert_int_equal(eg_access_map_subject_count(access, EG_SPAN_LITERAL("raw")), 1);
    assert_int_equal(eg_access_map_subject_count(access, EG_SPAN_LITERAL("clicks")), 0);
    assert_int_equal(loaded.notices.count, 1);
    assert_non_null(strstr(loaded.notices.items[0].text, "topic 'gone', which has no schema"));
    unload(&loaded);
    remove_folder(folder);
}

static void every_mistake_is_reported_and_nothing_built(void **state)
{
    (void)state;
    char *folder = make_usual_folder();
    write_file(folder, "schemas/bad.json", "{\"type\": \"nonsense\"}");
    write_file(folder, "schemas/worse.json", "{");
    write_file(folder, "schemas/ORDERS.json", "{}");
    write_file(folder, "schemas/a b.json", "{}");
    write_file(folder, "access.json", "{\"orders\": {\"u\": {\"f\": \"x\"}}, \"raw\": [\"z\"]}");
    write_file(folder, "keys.json", "{\"orders\": 5}");
    char events[] = "events";
    char *names[] = {events};
    struct eg_string_list sinks = {names, 1};
    struct loaded loaded;
    load(&loaded, folder,
         "topic_schemas: schemas\naccess: access.json\ntopic_keys: keys.json\ntopics:\n"
         "  raw: {schema: nowhere.json, sinks: [event], access: [ops]}\n"
         "  none: {}\n",
         &sinks);
    assert_int_equal(loaded.ret, -1);
    assert_null(loaded.catalogue);
    assert_problem(&loaded.problems, 0, 0, "topic 'bad': ");
    assert_problem(&loaded.problems, 0, 0, "topic 'worse': ");
    assert_problem(&loaded.problems, 0, 0, "topic 'orders' is there twice");
    assert_problem(&loaded.problems, 0, 0, "'a b' can't be a topic's name");
    assert_problem(&loaded.problems, 5, 3, "nowhere.json: can't open: No such file");
    assert_problem(&loaded.problems, 5, 31,
                   "topics.raw.sinks: there is no sink 'event'; did you mean 'events'?");
    assert_problem(&loaded.problems, 6, 3, "topics.none.schema: required, but not set");
    assert_problem(&loaded.problems, 1, 24, "topic 'orders', user 'u', field 'f': expected a list");
    assert_problem(&loaded.problems, 1, 38, "topic 'raw': its users are listed in another place");
    assert_problem(&loaded.problems, 1, 12,
                   "topic 'orders': expected the name of a field, got a number");
    assert_int_equal(loaded.problems.count, 10);
    assert_int_equal(loaded.notices.count, 0);
    unload(&loaded);
    remove_folder(folder);
}

static void missing_files_are_problems(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct loaded loaded;
    load(&loaded, folder, "topic_schemas: s\naccess: a.json\ntopic_keys: k.json\n", NULL);
    assert_int_equal(loaded.ret, -1);
    assert_int_equal(loaded.problems.count, 3);
    unload(&loaded);
    remove_folder(folder);
}

static void what_is_on_s3_degrades_the_start(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct loaded loaded;
    load(&loaded, folder, "access: s3://b/a.json\ntopic_keys: s3://b/k.json\n", NULL);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(loaded.notices.count, 3);
    assert_int_equal(loaded.notices.items[0].kind, EG_CONFIG_NOTICE_DEGRADED);
    assert_string_equal(loaded.notices.items[0].about, "topic_keys");
    assert_int_equal(loaded.notices.items[1].kind, EG_CONFIG_NOTICE_DEGRADED);
    assert_string_equal(loaded.notices.items[1].about, "access");
    assert_non_null(strstr(loaded.notices.items[1].text, "nobody is authorized"));
    assert_non_null(strstr(loaded.notices.items[2].text, "there are no topics"));
    unload(&loaded);
    load(&loaded, folder, "{}", NULL);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(loaded.notices.items[0].kind, EG_CONFIG_NOTICE_DEGRADED);
    assert_non_null(strstr(loaded.notices.items[0].text, "there is no access map"));
    unload(&loaded);
    remove_folder(folder);
}

static void references_resolve_in_the_folders_named(void **state)
{
    (void)state;
    char *folder = make_folder();
    write_file(folder, "shared/id.json", "{\"type\": \"string\"}");
    write_file(folder, "schemas/t.json",
               "{\"properties\": {\"id\": {\"$ref\": \"https://example.com/shared/id.json\"}}}");
    struct loaded loaded;
    load(&loaded, folder, "topic_schemas: schemas\n", NULL);
    assert_int_equal(loaded.ret, -1);
    assert_problem(&loaded.problems, 0, 0, "topic 't': ");
    unload(&loaded);
    load(&loaded, folder,
         "topic_schemas: schemas\nvalidation: {refs: {'https://example.com/shared/': shared}}\n",
         NULL);
    eg_config_problems_print(&loaded.problems, stderr);
    assert_int_equal(loaded.ret, 0);
    unload(&loaded);
    remove_folder(folder);
}

static void keys_are_the_text_of_the_field(void **state)
{
    (void)state;
    static const struct {
        const char *document;
        enum eg_topics_key outcome;
        const char *key;
    } cases[] = {
        {"{\"id\":\"a\\u00e9\"}", EG_TOPICS_KEY_FOUND, "a\xc3\xa9"},
        {"{\"id\":12345678901234567890}", EG_TOPICS_KEY_FOUND, "12345678901234567890"},
        {"{\"id\":1.0}", EG_TOPICS_KEY_FOUND, "1.0"},
        {"{\"id\":true}", EG_TOPICS_KEY_FOUND, "True"},
        {"{\"id\":\"\"}", EG_TOPICS_KEY_FOUND, ""},
        {"{\"id\":null}", EG_TOPICS_KEY_MISSING, ""},
        {"{\"x\":{\"id\":1}}", EG_TOPICS_KEY_MISSING, ""},
        {"[\"id\"]", EG_TOPICS_KEY_MISSING, ""},
        {"{\"id\":[1]}", EG_TOPICS_KEY_NOT_SCALAR, ""},
        {"{\"id\":{}}", EG_TOPICS_KEY_NOT_SCALAR, ""},
    };
    struct eg_topics_topic topic = {.key_field = EG_SPAN_LITERAL("id")};
    const struct eg_topics_topic without = {.key_field = EG_SPAN_EMPTY};
    struct eg_buffer scratch = EG_BUFFER_INIT;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct eg_json_document document;
        struct eg_span key;
        eg_json_document_init(&document);
        assert_int_equal(eg_json_document_parse(&document, eg_span_text(cases[i].document),
                                                &eg_json_limits_default, NULL),
                         0);
        assert_int_equal(eg_topics_message_key(&topic, &document, 0, &scratch, &key),
                         cases[i].outcome);
        assert_true(eg_span_is(key, cases[i].key));
        assert_int_equal(eg_topics_message_key(&without, &document, 0, &scratch, &key),
                         EG_TOPICS_KEY_NONE);
        eg_json_document_fini(&document);
    }
    eg_buffer_fini(&scratch);
}

#define ROUNDS 2000

static void *read_often(void *argument)
{
    struct eg_topics_slot *slot = argument;
    size_t found = 0;
    for (int i = 0; i < ROUNDS; i++) {
        struct eg_topics_catalogue *catalogue = eg_topics_slot_acquire(slot);
        if (eg_topics_catalogue_find(catalogue, EG_SPAN_LITERAL("clicks")))
            found++;
        eg_topics_catalogue_unref(catalogue);
    }
    return (void *)(uintptr_t)found;
}

static void readers_finish_on_what_they_hold(void **state)
{
    (void)state;
    char *folder = make_usual_folder();
    struct loaded loaded;
    load(&loaded, folder, usual_yaml, NULL);
    assert_int_equal(loaded.ret, 0);
    struct eg_topics_slot slot;
    eg_topics_slot_init(&slot, loaded.catalogue);
    loaded.catalogue = NULL;
    struct eg_topics_catalogue *held = eg_topics_slot_acquire(&slot);
    pthread_t readers[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&readers[i], NULL, read_often, &slot), 0);
    for (int i = 0; i < 20; i++) {
        struct eg_topics_catalogue *next = NULL;
        assert_int_equal(
            eg_topics_catalogue_build(&loaded.config, NULL, &next, &loaded.problems, NULL), 0);
        eg_topics_slot_swap(&slot, next);
    }
    for (size_t i = 0; i < 3; i++) {
        void *found = NULL;
        assert_int_equal(pthread_join(readers[i], &found), 0);
        assert_int_equal((uintptr_t)found, ROUNDS);
    }
    assert_int_equal(eg_topics_catalogue_count(held), 3);
    eg_topics_catalogue_unref(held);
    eg_topics_slot_fini(&slot);
    unload(&loaded);
    remove_folder(folder);
}

static void many_topics_are_found(void **state)
{
    (void)state;
    char *folder = make_folder();
    struct eg_buffer yaml = EG_BUFFER_INIT;
    write_file(folder, "one.json", "{}");
    eg_buffer_append_text(&yaml, "topics:\n");
    for (int i = 0; i < 2000; i++)
        eg_buffer_printf(&yaml, "  topic.%d: {schema: one.json}\n", i);
    struct loaded loaded;
    load(&loaded, folder, yaml.data, NULL);
    assert_int_equal(loaded.ret, 0);
    assert_int_equal(find(&loaded, "topic.1999")->index, 1999);
    assert_null(find(&loaded, "topic.2000"));
    unload(&loaded);
    eg_buffer_fini(&yaml);
    remove_folder(folder);
}

static void a_topic_says_how_its_envelope_is_filled(void **state)
{
    (void)state;
    char *folder = make_usual_folder();
    struct loaded loaded;
    load(&loaded, folder,
         "topic_schemas: schemas\n"
         "topics:\n"
         "  orders: {envelope: payload}\n"
         "  clicks:\n"
         "    envelope: {source: web.<eventgate.subject>, resources: [a, b]}\n",
         NULL);
    assert_int_equal(loaded.ret, 0);
    const struct eg_topics_envelope *orders = &find(&loaded, "orders")->envelope;
    const struct eg_topics_envelope *clicks = &find(&loaded, "clicks")->envelope;
    assert_true(orders->payload);
    assert_null(orders->source);
    assert_false(clicks->payload);
    assert_string_equal(clicks->source, "web.<eventgate.subject>");
    assert_null(clicks->id);
    assert_int_equal(clicks->resources.count, 2);
    unload(&loaded);
    load(&loaded, folder,
         "topic_schemas: schemas\n"
         "topics:\n"
         "  orders: {envelope: whole}\n"
         "  clicks: {envelope: {sourc: x}}\n",
         NULL);
    assert_int_equal(loaded.ret, -1);
    assert_int_equal(loaded.problems.count, 2);
    assert_int_equal(loaded.problems.items[0].line, 3);
    assert_non_null(strstr(loaded.problems.items[0].message, "the word payload"));
    assert_non_null(strstr(loaded.problems.items[1].message, "did you mean 'source'?"));
    unload(&loaded);
    remove_folder(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topics_come_from_folder_and_file),
        cmocka_unit_test(users_come_from_both_places),
        cmocka_unit_test(every_mistake_is_reported_and_nothing_built),
        cmocka_unit_test(missing_files_are_problems),
        cmocka_unit_test(what_is_on_s3_degrades_the_start),
        cmocka_unit_test(references_resolve_in_the_folders_named),
        cmocka_unit_test(keys_are_the_text_of_the_field),
        cmocka_unit_test(readers_finish_on_what_they_hold),
        cmocka_unit_test(many_topics_are_found),
        cmocka_unit_test(a_topic_says_how_its_envelope_is_filled),
    };
    return cmocka_run_group_tests_name("topics", tests, NULL, NULL);
}
