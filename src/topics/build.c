/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building a catalogue aside: which topics there are, then their schemas, keys, sinks and users.
 * Each step reports all that it finds wrong and leaves the rest usable for the next; only the last
 * step looks whether there was anything.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "schema/store.h"
#include "topics/catalogue.h"
#include "topics/private.h"

#define MAX_SCHEMA_BYTES (4u << 20)
#define MAX_TOPICS       10000u
#define MAX_NAME_BYTES   249u

/* A topic on its way into the catalogue. */
struct draft {
    char *schema; /* path; NULL: not known yet */
    const struct eg_config_entry *entry;
    struct eg_config_place place;
};

struct build {
    const struct eg_topics_config *config;
    const struct eg_string_list *sink_names;
    struct eg_config_problems *problems;
    struct eg_config_notices *notices;
    struct eg_topics_catalogue *catalogue;
    struct draft *drafts; /* one for each topic of the catalogue */
    struct eg_access_builder *access;
    struct eg_config_tree *access_tree;
    struct eg_config_tree *keys_tree;
};

static void notice(const struct build *build, enum eg_config_notice_kind kind, const char *about,
                   const char *text)
{
    if (build->notices)
        eg_config_notice_add(build->notices, kind, about, "%s", text);
}

static char *lower_dup(const char *name)
{
    char *copy = eg_strdup(name);
    for (char *c = copy; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    return copy;
}

static bool is_topic_name(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)name[i]) && !strchr("._-", name[i]))
            return false;
    return len > 0 && len <= MAX_NAME_BYTES;
}

/* The draft of a new topic, or NULL when the name is no good or taken (a problem was added). */
static struct draft *add_topic(struct build *build, const char *name, struct eg_config_place place)
{
    struct eg_topics_catalogue *catalogue = build->catalogue;
    if (!is_topic_name(name)) {
        (void)eg_config_problem_add(build->problems, place,
                                    "'%s' can't be a topic's name: use 1 to %u letters, digits, "
                                    "dots, hyphens and underscores",
                                    name, MAX_NAME_BYTES);
        return NULL;
    }
    EG_AUTOFREE char *lower = lower_dup(name);
    struct eg_span span = eg_span_text(lower);
    if (eg_config_index_find(&catalogue->index, span) != EG_CONFIG_INDEX_NONE) {
        (void)eg_config_problem_add(build->problems, place,
                                    "topic '%s' is there twice: upper and lower case are the same",
                                    lower);
        return NULL;
    }
    const size_t at = catalogue->count++;
    catalogue->topics =
        eg_realloc_array(catalogue->topics, catalogue->count, sizeof(*catalogue->topics));
    build->drafts = eg_realloc_array(build->drafts, catalogue->count, sizeof(*build->drafts));
    struct eg_topics_topic *topic = &catalogue->topics[at];
    *topic = (struct eg_topics_topic){.name = {eg_strdup(lower), span.len}, .index = at};
    (void)eg_config_index_add(&catalogue->index, topic->name, at);
    build->drafts[at] = (struct draft){.place = place};
    return &build->drafts[at];
}

static void add_listed_topics(struct build *build)
{
    const struct eg_config_entries *entries = &build->config->topics;
    for (size_t i = 0; i < entries->count; i++) {
        const struct eg_topics_entry *settings = entries->items[i].common;
        struct draft *draft = add_topic(build, entries->items[i].name, entries->items[i].place);
        if (!draft)
            continue;
        draft->entry = &entries->items[i];
        draft->schema = settings->schema ? eg_strdup(settings->schema) : NULL;
    }
}

/* A schema of the folder: for a topic that was listed without one, or a topic of its own. */
static void add_folder_topic(struct build *build, const char *folder, const char *name,
                             size_t listed)
{
    EG_AUTOFREE char *file = eg_asprintf("%s.json", name);
    char *path = eg_config_path_resolve(folder, file);
    EG_AUTOFREE char *lower = lower_dup(name);
    size_t at = eg_config_index_find(&build->catalogue->index, eg_span_text(lower));
    if (at < listed) {
        EG_ASSERT(build->drafts);
        if (build->drafts[at].schema)
            free(path);
        else
            build->drafts[at].schema = path;
        return;
    }
    struct draft *draft = add_topic(build, name, (struct eg_config_place){path, 0, 0});
    if (!draft) {
        free(path);
        return;
    }
    draft->schema = path;
    draft->place.file = path;
}

static void add_folder_topics(struct build *build)
{
    struct eg_error err;
    struct eg_string_list names = {0};
    const char *folder = build->config->sources.topic_schemas;
    if (!folder)
        return;
    if (eg_config_folder_list(folder, ".json", MAX_TOPICS, &names, &err) != 0) {
        (void)eg_config_problem_add(build->problems, (struct eg_config_place){folder, 0, 0},
                                    "topic_schemas: %s", eg_config_source_reason(folder, &err));
        return;
    }
    const size_t listed = build->catalogue->count;
    for (size_t i = 0; i < names.count; i++)
        add_folder_topic(build, folder, names.items[i], listed);
    eg_config_string_list_fini(&names);
}

static void load_schema(struct build *build, struct eg_topics_topic *topic,
                        const struct draft *draft, const struct eg_schema_options *options)
{
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer text = EG_BUFFER_INIT;
    if (!draft->schema) {
        (void)eg_config_problem_add(build->problems, draft->place,
                                    "topics.%s.schema: required, but not set", topic->name.ptr);
        return;
    }
    struct eg_config_place place = {draft->schema, 0, 0};
    if (eg_config_source_read(draft->schema, MAX_SCHEMA_BYTES, &text, &err) != 0)
        (void)eg_config_problem_add(build->problems, draft->entry ? draft->place : place,
                                    "topic '%s': %s", topic->name.ptr, err.message);
    else if (eg_schema_compile(eg_buffer_span(&text), options, &topic->schema, &err) != 0)
        (void)eg_config_problem_add(build->problems, place, "topic '%s': %s", topic->name.ptr,
                                    err.message);
    size_t len = 0;
    char *taken = eg_buffer_take(&text, &len);
    topic->schema_text = eg_span_of(taken, len);
}

static struct eg_schema_store *load_refs(struct build *build)
{
    struct eg_error err;
    const struct eg_string_map *refs = &build->config->validation.refs;
    if (refs->count == 0)
        return NULL;
    struct eg_schema_store *store = eg_schema_store_new();
    for (size_t i = 0; i < refs->count; i++) {
        EG_AUTOFREE char *folder =
            eg_config_path_resolve(build->config->folder, refs->entries[i].value);
        if (eg_schema_store_add_folder(store, refs->entries[i].name, folder, &err) != 0)
            (void)eg_config_problem_add(build->problems, (struct eg_config_place){folder, 0, 0},
                                        "validation.refs: %s", err.message);
    }
    return store;
}

static void load_schemas(struct build *build)
{
    struct eg_schema_store *store = load_refs(build);
    struct eg_schema_options options = eg_schema_options_default;
    options.default_draft = (enum eg_schema_draft)build->config->validation.default_draft;
    options.assert_format = build->config->validation.assert_format;
    options.store = store;
    EG_ASSERT(build->drafts || build->catalogue->count == 0);
    for (size_t i = 0; i < build->catalogue->count; i++)
        load_schema(build, &build->catalogue->topics[i], &build->drafts[i], &options);
    eg_schema_store_destroy(store);
}

static bool has_name(const struct eg_string_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], name) == 0)
            return true;
    return false;
}

static void refuse_unknown_sink(struct build *build, const struct draft *draft, const char *topic,
                                const char *sink)
{
    const struct eg_config_member *place = eg_config_member_find(draft->entry->node, "sinks");
    const char *near = eg_config_nearest(sink, (const char *const *)build->sink_names->items,
                                         build->sink_names->count);
    (void)eg_config_problem_add(build->problems, place ? place->place : draft->place,
                                "topics.%s.sinks: there is no sink '%s'%s%s%s", topic, sink,
                                near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
}

static void set_sinks(struct build *build, struct eg_topics_topic *topic, const struct draft *draft)
{
    const struct eg_topics_entry *entry = draft->entry->common;
    const bool none =
        entry->sinks.count == 1 && strcmp(entry->sinks.items[0], EG_TOPICS_NO_SINKS) == 0;
    topic->sinks.items = eg_calloc(entry->sinks.count, sizeof(*topic->sinks.items));
    for (size_t i = 0; i < entry->sinks.count; i++) {
        const char *sink = entry->sinks.items[i];
        if (build->sink_names && !none && !has_name(build->sink_names, sink))
            refuse_unknown_sink(build, draft, topic->name.ptr, sink);
        else if (!has_name(&topic->sinks, sink))
            topic->sinks.items[topic->sinks.count++] = eg_strdup(sink);
    }
}

static void set_key(struct eg_topics_topic *topic, struct eg_span field)
{
    free((void *)(uintptr_t)topic->key_field.ptr);
    topic->key_field = eg_span_of(eg_span_dup(field), field.len);
}

/* A mapping, or the word `payload`. */
static void set_envelope(struct build *build, struct eg_topics_topic *topic,
                         const struct draft *draft)
{
    const struct eg_config_node *node = eg_config_node_get(draft->entry->node, "envelope");
    struct eg_config_part part = {&eg_topics_envelope_table, &topic->envelope};
    if (!node || eg_config_node_is_null(node))
        return;
    EG_AUTOFREE char *path = eg_asprintf("topics.%s.envelope", topic->name.ptr);
    struct eg_config_scope scope = {path, build->config->folder, node->place};
    const bool is_word = node->kind == EG_CONFIG_SCALAR;
    if (is_word && !eg_span_is(node->text, "payload"))
        (void)eg_config_problem_add(build->problems, node->place,
                                    "%s: expected a mapping, or the word payload", path);
    (void)eg_config_fields_fill(&part, 1, is_word ? NULL : node, &scope, build->problems);
    topic->envelope.payload |= is_word;
}

static void set_listed(struct build *build)
{
    for (size_t i = 0; i < build->catalogue->count; i++) {
        const struct draft *draft = &build->drafts[i];
        struct eg_topics_topic *topic = &build->catalogue->topics[i];
        const struct eg_topics_entry *entry = draft->entry ? draft->entry->common : NULL;
        if (!entry)
            continue;
        set_sinks(build, topic, draft);
        set_envelope(build, topic, draft);
        if (entry->key && entry->key[0])
            set_key(topic, eg_span_text(entry->key));
        const struct eg_config_node *rules = eg_config_node_get(draft->entry->node, "access");
        if (rules && !eg_config_node_is_null(rules))
            eg_access_builder_add_topic(build->access, topic->name, rules, build->problems);
    }
}

static struct eg_topics_topic *find_topic(const struct build *build, struct eg_span name)
{
    EG_AUTOFREE char *copy = eg_span_dup(name);
    EG_AUTOFREE char *lower = lower_dup(copy);
    size_t at = eg_config_index_find(&build->catalogue->index, eg_span_text(lower));
    return at == EG_CONFIG_INDEX_NONE ? NULL : &build->catalogue->topics[at];
}

static void apply_key(struct build *build, const struct eg_config_member *member)
{
    struct eg_topics_topic *topic = find_topic(build, member->name);
    if (member->node->kind != EG_CONFIG_SCALAR || member->node->text.len == 0 ||
        strcmp(eg_config_node_describe(member->node), "a string") != 0)
        (void)eg_config_problem_add(build->problems, member->node->place,
                                    "topic '%s': expected the name of a field, got %s",
                                    member->name.ptr, eg_config_node_describe(member->node));
    else if (topic && topic->key_field.len == 0)
        set_key(topic, member->node->text);
}

/* S3 does not answer and there is no copy: the start goes on without it, loudly. */
static bool skip_remote(const struct build *build, const char *uri, const char *about,
                        const char *consequence)
{
    struct eg_error err;
    EG_AUTOBUFFER struct eg_buffer unused = EG_BUFFER_INIT;
    if (!eg_config_source_is_remote(uri) ||
        eg_config_source_read(uri, EG_CONFIG_MAX_FILE_BYTES, &unused, &err) == 0 ||
        err.code != EG_ERR_UNAVAILABLE)
        return false;
    EG_AUTOFREE char *text = eg_asprintf("%s; until then %s", err.message, consequence);
    notice(build, EG_CONFIG_NOTICE_DEGRADED, about, text);
    return true;
}

static void load_keys(struct build *build)
{
    const char *uri = build->config->sources.topic_keys;
    if (!uri || skip_remote(build, uri, "topic_keys", "events have no message keys"))
        return;
    if (eg_config_tree_read(uri, EG_CONFIG_LITERAL, &build->keys_tree, build->problems) != 0)
        return;
    const struct eg_config_node *root = build->keys_tree->root;
    if (root->kind != EG_CONFIG_MAP)
        (void)eg_config_problem_add(build->problems, root->place,
                                    "expected a mapping of topics to fields, got %s",
                                    eg_config_node_describe(root));
    for (size_t i = 0; root->kind == EG_CONFIG_MAP && i < root->count; i++)
        apply_key(build, &root->members[i]);
}

static void load_access(struct build *build)
{
    const char *uri = build->config->sources.access;
    if (!uri || skip_remote(build, uri, "access", "nobody is authorized"))
        return;
    if (eg_config_tree_read(uri, EG_CONFIG_LITERAL, &build->access_tree, build->problems) == 0)
        eg_access_builder_add(build->access, build->access_tree->root, build->problems);
}

static void warn_of_strangers(const struct build *build)
{
    const struct eg_access_map *access = build->catalogue->access;
    for (size_t i = 0; i < eg_access_map_topic_count(access); i++) {
        struct eg_span name = eg_access_map_topic_name(access, i);
        if (eg_config_index_find(&build->catalogue->index, name) != EG_CONFIG_INDEX_NONE)
            continue;
        EG_AUTOFREE char *text =
            eg_asprintf("the access map names topic '%.*s', which has no schema: its users can "
                        "post nothing",
                        EG_SPAN_ARGS(name));
        notice(build, EG_CONFIG_NOTICE_WARNING, "access", text);
    }
}

/* What is odd about a catalogue that works. */
static void add_notices(const struct build *build)
{
    const char *uri = build->config->sources.access;
    warn_of_strangers(build);
    if (eg_access_map_topic_count(build->catalogue->access) == 0 &&
        !(uri && eg_config_source_is_remote(uri)))
        notice(build, EG_CONFIG_NOTICE_DEGRADED, "access",
               "there is no access map, or it is empty: nobody is authorized");
    if (build->catalogue->count == 0)
        notice(build, EG_CONFIG_NOTICE_WARNING, "topics", "there are no topics: nothing to post");
}

static void finish(struct build *build)
{
    for (size_t i = 0; i < build->catalogue->count; i++)
        free(build->drafts[i].schema);
    free(build->drafts);
    eg_config_tree_destroy(build->access_tree);
    eg_config_tree_destroy(build->keys_tree);
}

int eg_topics_catalogue_build(const struct eg_topics_config *config,
                              const struct eg_string_list *sink_names,
                              struct eg_topics_catalogue **ret_catalogue,
                              struct eg_config_problems *problems,
                              struct eg_config_notices *notices)
{
    const size_t before = problems->count + problems->dropped;
    struct build build = {.config = config,
                          .sink_names = sink_names,
                          .problems = problems,
                          .notices = notices,
                          .catalogue = eg_calloc(1, sizeof(struct eg_topics_catalogue)),
                          .access = eg_access_builder_new()};
    eg_ref_init(&build.catalogue->ref);
    add_listed_topics(&build);
    add_folder_topics(&build);
    load_schemas(&build);
    set_listed(&build);
    load_keys(&build);
    load_access(&build);
    build.catalogue->access = eg_access_builder_finish(build.access);
    finish(&build);
    if (problems->count + problems->dropped != before) {
        eg_topics_catalogue_unref(build.catalogue);
        return -1;
    }
    add_notices(&build);
    *ret_catalogue = build.catalogue;
    return 0;
}
