/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading in order: the file, the environment over it, the command line over both, then section by
 * section, then what no table can check. Every step reports and goes on.
 */
#include "app/settings.h"

#include <stdlib.h>
#include <string.h>

#include "app/sections.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "config/value.h"
#include "sinks/postgres.h"

#define LOCAL_FILE   "etc/eventgate.yaml"
#define LOCAL_FOLDER "conf"
#define SYSTEM_FILE  "/etc/eventgate/eventgate.yaml"
#define DEFAULT_SINK "sqlite"

/* Says how secrets are reached, so it can't ask for any. */
#define FIRST_SECTION "config"

char *eg_app_settings_path(const char *option)
{
    const char *folder = getenv("CONF_DIR");
    if (option)
        return eg_strdup(option);
    if (folder && folder[0])
        return eg_strdup(folder);
    if (eg_config_path_exists(LOCAL_FILE))
        return eg_strdup(LOCAL_FILE);
    if (eg_config_path_exists(LOCAL_FOLDER "/config.json"))
        return eg_strdup(LOCAL_FOLDER);
    return eg_strdup(SYSTEM_FILE);
}

static const struct eg_field *find_field(const struct eg_field_table *table, const char *name)
{
    for (size_t i = 0; i < table->field_count; i++)
        if (strcmp(table->fields[i].name, name) == 0)
            return &table->fields[i];
    return NULL;
}

/* Python's logging knows two levels by a second name. */
static const char *level_name(const char *text)
{
    if (strcasecmp(text, "WARN") == 0)
        return "WARNING";
    if (strcasecmp(text, "FATAL") == 0)
        return "CRITICAL";
    return text;
}

/* The Python EventGate goes on at INFO with a LOG_LEVEL it does not know; so do we, and say so. */
static void apply_log_level(struct eg_app_settings *settings,
                            const struct eg_app_variable *variable, const char *text)
{
    struct eg_error err;
    int64_t unused = 0;
    const struct eg_field *field = find_field(&eg_log_config_table, variable->setting);
    EG_ASSERT(field);
    text = level_name(text);
    if (eg_config_value_parse(field, eg_span_text(text), &unused, &err) != 0)
        eg_config_notice_add(&settings->notices, EG_CONFIG_NOTICE_WARNING, "log",
                             "%s in the environment is left aside: %s", variable->name,
                             err.message);
    else
        eg_config_file_set(settings->file, variable->section, variable->setting, text,
                           "environment variable LOG_LEVEL");
}

static void apply_list(struct eg_app_settings *settings, const struct eg_app_variable *variable,
                       const char *text)
{
    struct eg_string_list list = {0};
    variable->split(text, &list);
    eg_config_file_set_list(settings->file, variable->section, variable->setting,
                            (const char *const *)list.items, list.count, variable->name);
    eg_config_string_list_fini(&list);
}

static void apply_environment(struct eg_app_settings *settings)
{
    for (size_t i = 0; i < eg_app_variable_count; i++) {
        const struct eg_app_variable *variable = &eg_app_variables[i];
        const char *text = getenv(variable->name);
        if (!text || !text[0])
            continue;
        if (variable->split)
            apply_list(settings, variable, text);
        else if (strcmp(variable->setting, "level") == 0)
            apply_log_level(settings, variable, text);
        else
            eg_config_file_set(settings->file, variable->section, variable->setting, text,
                               variable->name);
    }
}

static void apply_overrides(struct eg_app_settings *settings,
                            const struct eg_app_settings_source *source)
{
    for (size_t i = 0; i < source->override_count; i++) {
        const struct eg_app_override *override = &source->overrides[i];
        eg_config_file_set(settings->file, override->section, override->name, override->text,
                           override->origin);
    }
}

static struct eg_config_place place_of(struct eg_app_settings *settings, const char *section)
{
    const struct eg_config_node *node = eg_config_file_section(settings->file, section);
    return node ? node->place
                : (struct eg_config_place){eg_config_file_tree(settings->file)->file, 0, 0};
}

static void fill_sections(struct eg_app_settings *settings, bool first,
                          struct eg_config_problems *problems)
{
    for (size_t i = 0; i < eg_app_section_count; i++) {
        const struct eg_app_section *section = &eg_app_sections[i];
        struct eg_config_section fill = {section->name, section->table,
                                         (char *)settings + section->offset};
        if ((strcmp(section->name, FIRST_SECTION) == 0) == first)
            (void)eg_config_section_fill(settings->file, &fill, problems);
    }
}

/* From here on s3:// and ${secret:} can be read, if anybody asks. */
static void reach_elsewhere(struct eg_app_settings *settings,
                            const struct eg_app_settings_source *source,
                            struct eg_config_problems *problems)
{
    fill_sections(settings, true, problems);
    if (source->elsewhere)
        eg_app_elsewhere_configure(source->elsewhere, &settings->elsewhere);
    (void)eg_config_file_resolve(settings->file, problems);
}

static void fill_topics(struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    (void)eg_topics_config_fill_topics(&settings->topics, settings->file, problems);
}

static void load_plugins(struct eg_app_settings *settings, bool loaded,
                         struct eg_sink_registry *registry, struct eg_config_problems *problems)
{
    struct eg_error err;
    const struct eg_config_node *node = eg_config_file_section(settings->file, "plugins");
    for (size_t i = 0; i < settings->plugins.count; i++) {
        char *path = eg_config_path_resolve(eg_config_file_folder(settings->file),
                                            settings->plugins.items[i]);
        free(settings->plugins.items[i]);
        settings->plugins.items[i] = path;
        if (!loaded && eg_sink_registry_load(registry, path, &err) != 0)
            (void)eg_config_problem_add(problems, node->place, "plugins: %s", err.message);
    }
}

static void list_sink_types(struct eg_app_settings *settings,
                            const struct eg_sink_registry *registry)
{
    size_t count = eg_sink_registry_count(registry);
    settings->sink_variants = eg_calloc(count, sizeof(*settings->sink_variants));
    for (size_t i = 0; i < count; i++) {
        const struct eg_sink_type *type = eg_sink_registry_at(registry, i);
        settings->sink_variants[i] =
            (struct eg_config_variant){type->name, type->help, type->config, type};
    }
    settings->sinks_group =
        (struct eg_config_group){"sinks", &eg_sink_common_table, settings->sink_variants, count};
}

static void resolve_sinks(struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    struct eg_error err;
    for (size_t i = 0; i < settings->sinks.count; i++) {
        const struct eg_config_entry *entry = &settings->sinks.items[i];
        if (eg_sink_common_resolve(entry->common, entry->name, entry->variant->tag, &err) != 0)
            (void)eg_config_problem_add(problems, entry->place, "sinks.%s: %s", entry->name,
                                        err.message);
    }
}

/* An empty group only when nothing was written there: a misspelt sink is a problem, not a default.
 */
static void fill_sinks(struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    if (eg_config_group_fill(settings->file, &settings->sinks_group, &settings->sinks, problems) ==
            0 &&
        settings->sinks.count == 0) {
        (void)eg_config_entries_add_default(settings->file, &settings->sinks_group,
                                            &settings->sinks, DEFAULT_SINK, DEFAULT_SINK, problems);
        eg_config_notice_add(&settings->notices, EG_CONFIG_NOTICE_INFO, DEFAULT_SINK,
                             "no sink is configured: events go to the embedded database of the "
                             "sink '" DEFAULT_SINK "'");
    }
    resolve_sinks(settings, problems);
}

static void check_listeners(struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    struct eg_error err;
    if (eg_http_config_check(&settings->server, &err) != 0)
        (void)eg_config_problem_add(problems, place_of(settings, "server"), "server.%s",
                                    err.message);
    if (eg_http_config_check(&settings->admin, &err) != 0)
        (void)eg_config_problem_add(problems, place_of(settings, "admin"), "admin.%s", err.message);
}

static void check_auth(struct eg_app_settings *settings, struct eg_config_problems *problems)
{
    struct eg_error err;
    struct eg_auth_policy unused;
    if (eg_auth_config_policy(&settings->auth, &unused, &err) != 0)
        (void)eg_config_problem_add(problems, place_of(settings, "auth"), "%s", err.message);
}

const struct eg_postgres_config *eg_app_settings_postgres(const struct eg_app_settings *settings)
{
    for (size_t i = 0; i < settings->sinks.count; i++) {
        const struct eg_config_entry *entry = &settings->sinks.items[i];
        if (strcmp(entry->variant->name, "postgres") != 0)
            continue;
        const struct eg_postgres_config *config = eg_sink_postgres_connection(entry->specific);
        if (eg_postgres_config_is_set(config))
            return config;
    }
    return NULL;
}

int eg_app_settings_load(struct eg_app_settings *settings,
                         const struct eg_app_settings_source *source,
                         struct eg_sink_registry *registry, struct eg_config_problems *problems)
{
    const size_t before = problems->count + problems->dropped;
    *settings = (struct eg_app_settings){0};
    if (eg_config_file_load(source->path, &settings->file, problems, &settings->notices) != 0)
        return -1;
    apply_environment(settings);
    apply_overrides(settings, source);
    reach_elsewhere(settings, source, problems);
    eg_app_apply_secret_sink(settings->file);
    fill_sections(settings, false, problems);
    fill_topics(settings, problems);
    /* Checked only when the tables had nothing to say: a misspelt name must not count twice. */
    if (problems->count + problems->dropped == before) {
        check_listeners(settings, problems);
        check_auth(settings, problems);
    }
    load_plugins(settings, source->plugins_are_loaded, registry, problems);
    list_sink_types(settings, registry);
    fill_sinks(settings, problems);
    eg_config_file_check_unknown(settings->file, problems);
    return problems->count + problems->dropped == before ? 0 : -1;
}

void eg_app_settings_fini(struct eg_app_settings *settings)
{
    if (settings->sink_variants)
        eg_config_entries_fini(&settings->sinks_group, &settings->sinks);
    free(settings->sink_variants);
    eg_config_entries_fini(&eg_topics_group, &settings->topics.topics);
    for (size_t i = 0; i < eg_app_section_count; i++)
        eg_config_fields_fini(eg_app_sections[i].table,
                              (char *)settings + eg_app_sections[i].offset);
    eg_config_notices_fini(&settings->notices);
    eg_config_file_destroy(settings->file);
    *settings = (struct eg_app_settings){0};
}

/* What topics and rules may name; the list is the caller's, the names are not. */
static struct eg_string_list sink_names(const struct eg_app_settings *settings)
{
    struct eg_string_list names = {0};
    names.items = eg_calloc(settings->sinks.count + 1, sizeof(*names.items));
    for (size_t i = 0; i < settings->sinks.count; i++)
        names.items[names.count++] = settings->sinks.items[i].name;
    return names;
}

int eg_app_settings_catalogue(struct eg_app_settings *settings,
                              struct eg_topics_catalogue **ret_catalogue,
                              struct eg_config_problems *problems)
{
    struct eg_string_list names = sink_names(settings);
    int ret = eg_topics_catalogue_build(&settings->topics, &names, ret_catalogue, problems,
                                        &settings->notices);
    free(names.items);
    return ret;
}

int eg_app_settings_book(struct eg_app_settings *settings, struct eg_rules_book **ret_book,
                         struct eg_config_problems *problems)
{
    if (!settings->rules.folder) {
        *ret_book = NULL;
        return 0;
    }
    struct eg_string_list names = sink_names(settings);
    int ret = eg_rules_book_load(&settings->rules, &names, ret_book, problems, &settings->notices);
    free(names.items);
    return ret;
}
