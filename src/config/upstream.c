/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json key by key through one table of what each becomes, then the schemas' folder. The
 * names of our own settings stand only in that table.
 */
#include "config/upstream.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "config/source.h"
#include "config/upstream_kafka.h"

#define SCHEMAS_FOLDER   "topic_schemas"
#define MAX_SCHEMA_FILES 10000u
#define PUBLIC_KEY_URL   "token_public_key_url"
#define PUBLIC_KEYS_URL  "token_public_keys_url"

struct translate {
    const char *folder;
    struct eg_config_tree *tree;       /* the one that comes out */
    const struct eg_config_node *root; /* of config.json */
    struct eg_config_problems *problems;
    struct eg_config_notices *notices;
};

struct key {
    const char *name;    /* in config.json */
    const char *section; /* of ours; NULL: at the top */
    const char *setting;
    void (*take)(const struct translate *translate, const struct key *key,
                 const struct eg_config_node *value);
};

char *eg_config_upstream_resolve(const char *conf_folder, const char *path)
{
    if (path[0] == '/' || strstr(path, "://") || eg_config_path_exists(path))
        return eg_strdup(path);
    size_t len = strlen(conf_folder);
    while (len > 1 && conf_folder[len - 1] == '/')
        len--;
    EG_AUTOFREE char *conf = eg_span_dup(eg_span_of(conf_folder, len));
    const char *slash = strrchr(conf, '/');
    const char *last = slash ? slash + 1 : conf;
    bool unnamed = strcmp(last, ".") == 0 || strcmp(last, "..") == 0;
    EG_AUTOFREE char *parent = unnamed ? eg_asprintf("%s/..", conf) : eg_config_path_folder(conf);
    char *from_parent = eg_config_path_resolve(parent, path);
    const char *rest = strchr(path, '/');
    if (eg_config_path_exists(from_parent))
        return from_parent;
    EG_AUTOFREE char *inside = eg_config_path_resolve(conf, rest ? rest + 1 : path);
    if (!eg_config_path_exists(inside))
        return from_parent;
    free(from_parent);
    return eg_strdup(inside);
}

/* The source tree goes away before the one that comes out, so its file's name must not be kept. */
static struct eg_config_place root_place(const struct translate *translate)
{
    struct eg_config_place place = translate->root->place;
    place.file = translate->tree->file;
    return place;
}

static void put(const struct translate *translate, const struct key *key,
                struct eg_config_place place, const char *text)
{
    struct eg_config_tree *tree = translate->tree;
    struct eg_config_node *map = tree->root;
    if (key->section) {
        const struct eg_config_member *member = eg_config_member_find(map, key->section);
        map = member ? member->node : eg_config_tree_map(tree, root_place(translate));
        if (!member)
            eg_config_map_set(tree, tree->root, key->section, map);
    }
    place.file = tree->file;
    eg_config_map_set(tree, map, key->setting, eg_config_tree_scalar(tree, place, text));
}

/* NULL: not a text; a problem was added. */
static const char *text_of(const struct translate *translate, const struct key *key,
                           const struct eg_config_node *value)
{
    if (value->kind == EG_CONFIG_SCALAR && value->quoted)
        return value->text.ptr;
    (void)eg_config_problem_add(translate->problems, value->place, "%s: expected a string, got %s",
                                key->name, eg_config_node_describe(value));
    return NULL;
}

static void take_text(const struct translate *translate, const struct key *key,
                      const struct eg_config_node *value)
{
    const char *text = text_of(translate, key, value);
    if (text && text[0] != '\0')
        put(translate, key, value->place, text);
}

static void take_path(const struct translate *translate, const struct key *key,
                      const struct eg_config_node *value)
{
    const char *text = text_of(translate, key, value);
    if (!text || text[0] == '\0')
        return;
    EG_AUTOFREE char *path = eg_config_upstream_resolve(translate->folder, text);
    put(translate, key, value->place, path);
}

/* The older of two names: only where the newer is not there. */
static void take_public_key(const struct translate *translate, const struct key *key,
                            const struct eg_config_node *value)
{
    const struct eg_config_node *newer = eg_config_node_get(translate->root, PUBLIC_KEYS_URL);
    bool has_newer = newer && newer->kind == EG_CONFIG_SCALAR && newer->text.len > 0 &&
                     !eg_config_node_is_null(newer);
    if (!has_newer)
        take_text(translate, key, value);
}

/* true, false, or the path of a bundle, as Python's requests takes it. */
static void take_ca_bundle(const struct translate *translate, const struct key *key,
                           const struct eg_config_node *value)
{
    if (strcmp(eg_config_node_describe(value), "true or false") != 0) {
        take_path(translate, key, value);
        return;
    }
    bool verify = eg_span_equal_nocase(value->text, EG_SPAN_LITERAL("true"));
    put(translate, key, value->place, verify ? "true" : "false");
}

/* With the address alone: everything else of that sink is by default as the Python EventGate did.
 */
static void take_event_bus(const struct translate *translate, const struct key *key,
                           const struct eg_config_node *value)
{
    const char *text = text_of(translate, key, value);
    if (!text || text[0] == '\0')
        return;
    struct eg_config_tree *tree = translate->tree;
    struct eg_config_place place = value->place;
    place.file = tree->file;
    const struct eg_config_member *member = eg_config_member_find(tree->root, "sinks");
    struct eg_config_node *sinks = member ? member->node : eg_config_tree_map(tree, place);
    struct eg_config_node *sink = eg_config_tree_map(tree, place);
    eg_config_map_set(tree, sink, "type", eg_config_tree_scalar(tree, place, "eventbridge"));
    eg_config_map_set(tree, sink, key->name, eg_config_tree_scalar(tree, place, text));
    eg_config_map_append(tree, sinks, EG_SPAN_LITERAL("eventbridge"), place, sink);
    if (!member)
        eg_config_map_set(tree, tree->root, "sinks", sinks);
}

static void take_kafka(const struct translate *translate, const struct key *key,
                       const struct eg_config_node *value)
{
    const char *text = text_of(translate, key, value);
    if (!text || text[0] == '\0')
        return;
    eg_config_upstream_add_kafka(&(struct eg_config_upstream_kafka){
        .folder = translate->folder,
        .tree = translate->tree,
        .root = translate->root,
        .bootstrap_servers = text,
        .place = value->place,
        .problems = translate->problems,
        .notices = translate->notices,
    });
}

/* Read with kafka_bootstrap_server, without which it means nothing. */
static void take_nothing(const struct translate *translate, const struct key *key,
                         const struct eg_config_node *value)
{
    (void)translate;
    (void)key;
    (void)value;
}

static const struct key keys[] = {
    {"access_config", NULL, "access", take_path},
    {"topic_keys_config", NULL, "topic_keys", take_path},
    {"token_provider_url", "auth", "provider_url", take_text},
    {PUBLIC_KEYS_URL, "auth", "public_keys_url", take_text},
    {PUBLIC_KEY_URL, "auth", "public_keys_url", take_public_key},
    {"ssl_ca_bundle", "auth", "ca_bundle", take_ca_bundle},
    {"kafka_bootstrap_server", NULL, NULL, take_kafka},
    {"event_bus_arn", NULL, NULL, take_event_bus},
    {"kafka_sasl_kerberos_principal", NULL, NULL, take_nothing},
    {"kafka_sasl_kerberos_keytab_path", NULL, NULL, take_nothing},
    {"kafka_ssl_ca_path", NULL, NULL, take_nothing},
    {"kafka_ssl_cert_path", NULL, NULL, take_nothing},
    {"kafka_ssl_key_path", NULL, NULL, take_nothing},
    {"kafka_ssl_key_password", NULL, NULL, take_nothing},
};

static const struct key *find_key(struct eg_span name)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(keys); i++)
        if (eg_span_is(name, keys[i].name))
            return &keys[i];
    return NULL;
}

/* The Python EventGate ignores what it does not know, so it must not stop us either. */
static void warn_unknown(const struct translate *translate, const struct eg_config_member *member)
{
    const char *names[EG_ARRAY_COUNT(keys)];
    for (size_t i = 0; i < EG_ARRAY_COUNT(keys); i++)
        names[i] = keys[i].name;
    const char *near = eg_config_nearest(member->name.ptr, names, EG_ARRAY_COUNT(keys));
    eg_config_notice_add(translate->notices, EG_CONFIG_NOTICE_WARNING, "config",
                         "%s:%u:%u: %s: no such setting, it has no effect%s%s%s",
                         member->place.file, member->place.line, member->place.column,
                         member->name.ptr, near ? "; did you mean '" : "", near ? near : "",
                         near ? "'?" : "");
}

static void translate_keys(const struct translate *translate)
{
    for (size_t i = 0; i < translate->root->count; i++) {
        const struct eg_config_member *member = &translate->root->members[i];
        const struct key *key = find_key(member->name);
        if (!key)
            warn_unknown(translate, member);
        else if (!eg_config_node_is_null(member->node))
            key->take(translate, key, member->node);
    }
}

/* The four files that the Python EventGate knows, in the order in which it lists their topics. */
static const struct {
    const char *file;
    const char *topic;
} known_topics[] = {
    {"runs.json", "public.cps.za.runs"},
    {"dlchange.json", "public.cps.za.dlchange"},
    {"test.json", "public.cps.za.test"},
    {"status_change.json", "public.cps.za.status_change"},
};

static bool is_known_file(const char *file)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(known_topics); i++)
        if (strcmp(file, known_topics[i].file) == 0)
            return true;
    return false;
}

static void add_topic(const struct translate *translate, const char *topic, const char *path)
{
    struct eg_config_tree *tree = translate->tree;
    const struct eg_config_member *topics = eg_config_member_find(tree->root, "topics");
    struct eg_config_place place = {eg_arena_copy(&tree->arena, eg_span_text(path)).ptr, 0, 0};
    struct eg_config_node *entry = eg_config_tree_map(tree, place);
    eg_config_map_set(tree, entry, "schema", eg_config_tree_scalar(tree, place, path));
    eg_config_map_append(tree, topics->node, eg_span_text(topic), place, entry);
}

static void add_known_topics(const struct translate *translate, const char *schemas)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(known_topics); i++) {
        EG_AUTOFREE char *path = eg_config_path_resolve(schemas, known_topics[i].file);
        if (eg_config_path_exists(path))
            add_topic(translate, known_topics[i].topic, path);
    }
}

static void add_other_topics(const struct translate *translate, const char *schemas,
                             const struct eg_string_list *names)
{
    for (size_t i = 0; i < names->count; i++) {
        EG_AUTOFREE char *file = eg_asprintf("%s.json", names->items[i]);
        if (is_known_file(file))
            continue;
        EG_AUTOFREE char *path = eg_config_path_resolve(schemas, file);
        add_topic(translate, names->items[i], path);
    }
}

static void translate_topics(const struct translate *translate)
{
    struct eg_error err;
    struct eg_config_tree *tree = translate->tree;
    EG_AUTOFREE char *schemas = eg_config_path_resolve(translate->folder, SCHEMAS_FOLDER);
    struct eg_config_place place = {schemas, 0, 0};
    struct eg_string_list names = {0};
    if (eg_config_folder_list(schemas, ".json", MAX_SCHEMA_FILES, &names, &err) != 0) {
        (void)eg_config_problem_add(translate->problems, place, "%s",
                                    eg_config_source_reason(schemas, &err));
        return;
    }
    if (names.count == 0)
        (void)eg_config_problem_add(translate->problems, place, "holds no NAME.json: no topics");
    eg_config_map_set(tree, tree->root, "topics", eg_config_tree_map(tree, root_place(translate)));
    add_known_topics(translate, schemas);
    add_other_topics(translate, schemas, &names);
    eg_config_string_list_fini(&names);
}

int eg_config_upstream_read(const char *folder, struct eg_config_tree **ret_tree,
                            struct eg_config_problems *problems, struct eg_config_notices *notices)
{
    EG_AUTOFREE char *path = eg_config_path_resolve(folder, "config.json");
    struct eg_config_tree *source = NULL;
    size_t before = problems->count;
    if (eg_config_tree_read(path, EG_CONFIG_LITERAL, &source, problems) != 0)
        return -1;
    struct translate translate = {folder, eg_config_tree_new(path), source->root, problems,
                                  notices};
    if (source->root->kind == EG_CONFIG_MAP) {
        translate_keys(&translate);
        translate_topics(&translate);
    } else {
        (void)eg_config_problem_add(problems, source->root->place, "expected an object, got %s",
                                    eg_config_node_describe(source->root));
    }
    if (problems->count == before)
        *ret_tree = translate.tree;
    else
        eg_config_tree_destroy(translate.tree);
    eg_config_tree_destroy(source);
    return problems->count == before ? 0 : -1;
}
