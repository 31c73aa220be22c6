/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See rule_compile.h. Each step reports what is wrong and goes on, so that one load names every
 * mistake; a rule with problems is never used, since then the whole book is thrown away.
 */
#include "rules/rule_compile.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/fields.h"
#include "json/document.h"

/* Where a target or a rule stands, for messages. */
struct spot {
    const struct eg_rules_load *load;
    const struct eg_config_node *node;
    const char *path;
};

static void report(const struct spot *spot, const char *member, const char *format, ...)
    EG_PRINTF(3, 4);

static void report(const struct spot *spot, const char *member, const char *format, ...)
{
    const struct eg_config_member *found = eg_config_member_find(spot->node, member);
    char text[EG_ERROR_MESSAGE_BYTES + 64];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    (void)eg_config_problem_add(spot->load->problems, found ? found->place : spot->node->place,
                                "%s.%s: %s", spot->path, member, text);
}

static struct eg_span keep(const struct spot *spot, const char *text)
{
    return eg_arena_copy(spot->load->arena, eg_span_text(text));
}

static void warn(const struct spot *spot, const char *what)
{
    if (spot->load->notices)
        eg_config_notice_add(spot->load->notices, EG_CONFIG_NOTICE_WARNING, "rules",
                             "%s:%u: %s: %s", spot->node->place.file, spot->node->place.line,
                             spot->path, what);
}

/* ---- sinks ---- */

static size_t sink_index(const struct spot *spot, const char *name)
{
    const struct eg_string_list *names = spot->load->sink_names;
    for (size_t i = 0; names && i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return i;
    return EG_RULES_NO_SINK;
}

static const char *last_segment(const char *arn)
{
    const char *segment = arn;
    for (const char *c = arn; *c; c++)
        if ((*c == ':' || *c == '/') && c[1])
            segment = c + 1;
    return segment;
}

/* The sink that stands for an ARN. */
static const char *sink_of_arn(const struct spot *spot, const char *arn)
{
    const struct eg_string_map *arns = &spot->load->config->arns;
    for (size_t i = 0; i < arns->count; i++)
        if (strcmp(arns->entries[i].name, arn) == 0)
            return arns->entries[i].value;
    return last_segment(arn);
}

static void set_sink(const struct spot *spot, const char *member, const char *name,
                     struct eg_span *ret_sink, size_t *ret_index)
{
    const struct eg_string_list *names = spot->load->sink_names;
    *ret_sink = keep(spot, name);
    *ret_index = sink_index(spot, name);
    if (!names || *ret_index != EG_RULES_NO_SINK)
        return;
    const char *near = eg_config_nearest(name, (const char *const *)names->items, names->count);
    report(spot, member, "there is no sink '%s'%s%s%s", name, near ? "; did you mean '" : "",
           near ? near : "", near ? "'?" : "");
}

static void set_sinks(const struct spot *spot, const struct eg_rules_target_settings *settings,
                      struct eg_rules_target *target)
{
    target->sink_index = target->dead_letter_index = EG_RULES_NO_SINK;
    if (settings->sink)
        set_sink(spot, "sink", settings->sink, &target->sink, &target->sink_index);
    else if (settings->arn)
        set_sink(spot, "Arn", sink_of_arn(spot, settings->arn), &target->sink, &target->sink_index);
    if (settings->dead_letter)
        set_sink(spot, "dead_letter", settings->dead_letter, &target->dead_letter,
                 &target->dead_letter_index);
    else if (settings->dead_letter_config.arn)
        set_sink(spot, "DeadLetterConfig", sink_of_arn(spot, settings->dead_letter_config.arn),
                 &target->dead_letter, &target->dead_letter_index);
}

/* ---- what a target receives ---- */

static struct eg_rules_input_path *list_paths(const struct eg_string_map *map)
{
    struct eg_rules_input_path *paths = eg_calloc(map->count, sizeof(*paths));
    for (size_t i = 0; i < map->count; i++)
        paths[i] = (struct eg_rules_input_path){eg_span_text(map->entries[i].name),
                                                eg_span_text(map->entries[i].value)};
    return paths;
}

static struct eg_span optional(const char *text)
{
    return text ? eg_span_text(text) : (struct eg_span){NULL, 0};
}

static const struct eg_rules_transform *
new_transform(const struct spot *spot, const char *member,
              const struct eg_rules_transform_config *config)
{
    struct eg_rules_transform *transform = NULL;
    struct eg_error err;
    if (eg_rules_transform_new(config, &transform, &err) != 0) {
        report(spot, member, "%s", err.message);
        return NULL;
    }
    if (eg_rules_transform_warning(transform))
        warn(spot, eg_rules_transform_warning(transform));
    return transform;
}

static void set_transform(const struct spot *spot, const struct eg_rules_dialect *dialect,
                          const struct eg_rules_target_settings *settings,
                          struct eg_rules_target *target)
{
    EG_AUTOFREE struct eg_rules_input_path *paths = list_paths(&settings->transformer.paths);
    const struct eg_rules_transform_config config = {
        .input = optional(settings->input),
        .input_path = optional(settings->input_path),
        .template_text = optional(settings->transformer.template_text),
        .paths = paths,
        .path_count = settings->transformer.paths.count,
    };
    const char *ours = config.input.ptr        ? "input"
                       : config.input_path.ptr ? "input_path"
                                               : "input_transformer";
    const char *aws = config.input.ptr        ? "Input"
                      : config.input_path.ptr ? "InputPath"
                                              : "InputTransformer";
    if (config.input.ptr || config.input_path.ptr || config.template_text.ptr || config.path_count)
        target->transform = new_transform(spot, dialect->is_aws ? aws : ours, &config);
}

static void set_protect(const struct spot *spot, const struct eg_rules_target_settings *settings,
                        struct eg_rules_target *target)
{
    struct eg_rules_protect *protect = NULL;
    struct eg_error err;
    if (eg_rules_protect_new(&settings->protect, spot->load->config->protect_key, &protect, &err))
        report(spot, "protect", "%s", err.message);
    target->protect = protect;
}

/* Takes the headers out of the settings. */
static void set_enrich(const struct spot *spot, struct eg_rules_target_settings *settings,
                       struct eg_rules_target *target)
{
    struct eg_rules_enrich_settings *from = &settings->enrich;
    if (eg_config_node_get(spot->node, "enrich") == NULL)
        return;
    if (!from->url == !from->lambda)
        report(spot, "enrich", "give either a url or a lambda");
    if (!from->into || !from->into[0])
        report(spot, "enrich", "`into` is empty");
    struct eg_rules_enrich *enrich = eg_calloc(1, sizeof(*enrich));
    target->enrich = enrich;
    *enrich = (struct eg_rules_enrich){
        .url = keep(spot, from->url),
        .lambda = keep(spot, from->lambda),
        .region = keep(spot, from->region),
        .headers = from->headers,
        .into = keep(spot, from->into),
        .timeout_ms = from->timeout_ms,
        .required = from->required,
    };
    from->headers = (struct eg_string_map){NULL, 0};
    const struct eg_rules_transform_config config = {.template_text =
                                                         optional(from->template_text)};
    if (from->template_text)
        enrich->input = new_transform(spot, "enrich", &config);
}

static void set_time(const struct spot *spot, const struct eg_rules_target_settings *settings,
                     struct eg_rules_target *target)
{
    struct eg_rules_template *at = NULL;
    struct eg_error err;
    if (settings->at &&
        eg_rules_template_new(eg_span_text(settings->at), EG_RULES_TEXT, &at, &err) != 0)
        report(spot, "at", "%s", err.message);
    target->at = at;
    target->delay_ms = settings->delay_ms;
}

static void set_retry(const struct eg_rules_dialect *dialect,
                      const struct eg_rules_target_settings *settings,
                      struct eg_rules_target *target)
{
    const struct eg_rules_retry_settings *retry = &settings->retry;
    target->max_attempts = retry->attempts;
    target->max_age_ms = dialect->is_aws ? retry->max_age_s * 1000 : retry->max_age_ms;
    target->deadline_ms = settings->deadline_ms;
    target->await = dialect->is_aws || settings->await;
}

/* ---- targets ---- */

static void warn_of_ignored(const struct spot *spot,
                            const struct eg_rules_ignored_settings *ignored)
{
    for (size_t i = 0; i < EG_RULES_IGNORED_COUNT; i++) {
        if (!ignored->values[i])
            continue;
        EG_AUTOFREE char *text = eg_asprintf("%s has no effect here; the sink's settings say it",
                                             eg_rules_ignored_table.fields[i].name);
        warn(spot, text);
    }
}

static void compile_target(const struct spot *spot, const struct eg_rules_dialect *dialect,
                           struct eg_rules_target_settings *settings, const char *rule_name,
                           size_t number, struct eg_rules_target *target)
{
    set_sinks(spot, settings, target);
    set_transform(spot, dialect, settings, target);
    set_protect(spot, settings, target);
    set_enrich(spot, settings, target);
    set_time(spot, settings, target);
    set_retry(dialect, settings, target);
    EG_AUTOFREE char *id = eg_asprintf("%s/%zu", rule_name ? rule_name : "", number);
    EG_AUTOFREE char *arn =
        eg_asprintf("arn:eventgate:::sink/%s", settings->sink ? settings->sink : "");
    target->id = keep(spot, settings->id ? settings->id : id);
    target->arn = keep(spot, settings->arn ? settings->arn : arn);
}

static void read_target(const struct spot *spot, const struct eg_rules_dialect *dialect,
                        const char *folder, const char *rule_name, size_t number,
                        struct eg_rules_target *target)
{
    struct eg_rules_target_settings settings = {.id = NULL};
    struct eg_rules_ignored_settings ignored;
    const struct eg_config_part parts[] = {{dialect->target, &settings},
                                           {&eg_rules_ignored_table, &ignored}};
    const struct eg_config_scope scope = {spot->path, folder, spot->node->place};
    const size_t part_count = dialect->is_aws ? 2 : 1;
    (void)eg_config_fields_fill(parts, part_count, spot->node, &scope, spot->load->problems);
    compile_target(spot, dialect, &settings, rule_name, number, target);
    if (dialect->is_aws) {
        warn_of_ignored(spot, &ignored);
        eg_config_fields_fini(&eg_rules_ignored_table, &ignored);
    }
    eg_config_fields_fini(dialect->target, &settings);
}

static void refuse_same_ids(const struct spot *rule, const struct eg_rules_target *targets,
                            size_t count, const char *member)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = 0; j < i; j++)
            if (eg_span_equal(targets[i].id, targets[j].id))
                report(rule, member, "the id '%s' is there twice", targets[i].id.ptr);
}

static void read_targets(const struct spot *rule, const struct eg_rules_dialect *dialect,
                         const struct eg_config_node *list, const char *folder,
                         const char *rule_name, struct eg_rules_rule *ret_rule)
{
    if (!list || eg_config_node_is_null(list))
        return;
    if (list->kind != EG_CONFIG_LIST || list->count > EG_RULES_MAX_TARGETS) {
        report(rule, dialect->targets, "expected a list of at most %d", EG_RULES_MAX_TARGETS);
        return;
    }
    struct eg_rules_target *targets = eg_calloc(list->count, sizeof(*targets));
    for (size_t i = 0; i < list->count; i++) {
        EG_AUTOFREE char *path = eg_asprintf("%s.%s[%zu]", rule->path, dialect->targets, i);
        const struct spot spot = {rule->load, list->items[i], path};
        read_target(&spot, dialect, folder, rule_name, i + 1, &targets[i]);
    }
    ret_rule->targets = targets;
    ret_rule->target_count = list->count;
    refuse_same_ids(rule, targets, list->count, dialect->targets);
}

/* ---- the rule ---- */

/* A pattern may stand in a JSON string, as AWS prints it. */
static void read_pattern(const struct spot *spot, const char *member, const char *json,
                         struct eg_rules_pattern **ret_pattern)
{
    struct eg_json_document document;
    struct eg_error err;
    struct eg_span text = eg_span_text(json);
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    eg_json_document_init(&document);
    if (text.len && text.ptr[0] == '"' &&
        eg_json_document_parse(&document, text, &limits, &err) == 0)
        text = eg_json_string(&document, 0);
    if (eg_rules_pattern_new(text, ret_pattern, &err) != 0) {
        report(spot, member, "%s", err.message);
        *ret_pattern = NULL;
    }
    eg_json_document_fini(&document);
}

static void add_topic(struct eg_rules_rule *rule, const char *name)
{
    struct eg_string_list *topics = &rule->topics;
    topics->items = eg_realloc_array(topics->items, topics->count + 1, sizeof(*topics->items));
    char *lower = eg_strdup(name);
    for (char *c = lower; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
    topics->items[topics->count++] = lower;
}

/* A bus is a topic; the default bus is all of them. */
static void set_topics(const struct eg_rules_rule_settings *settings, struct eg_rules_rule *rule)
{
    for (size_t i = 0; i < settings->topics.count; i++)
        add_topic(rule, settings->topics.items[i]);
    if (settings->bus && strcmp(last_segment(settings->bus), "default") != 0)
        add_topic(rule, last_segment(settings->bus));
}

static void compile_rule(const struct spot *spot, const struct eg_rules_dialect *dialect,
                         const struct eg_rules_rule_settings *settings, struct eg_rules_rule *rule,
                         struct eg_rules_pattern **ret_pattern)
{
    const char *name = settings->name ? settings->name : "";
    const char *member = dialect->is_aws ? "EventPattern" : "event_pattern";
    EG_AUTOFREE char *arn = eg_asprintf("arn:eventgate:::rule/%s", name);
    if (settings->name && !name[0])
        report(spot, dialect->is_aws ? "Name" : "name", "it is empty");
    if (settings->event_pattern)
        read_pattern(spot, member, settings->event_pattern, ret_pattern);
    else if (settings->schedule)
        report(spot, "ScheduleExpression", "a rule on a schedule has no meaning here");
    else if (dialect->is_aws)
        report(spot, member, "required, but not set");
    rule->name = keep(spot, name);
    rule->arn = keep(spot, settings->arn ? settings->arn : arn);
    rule->description = keep(spot, settings->description);
    rule->enabled =
        dialect->is_aws ? settings->state != EG_RULES_STATE_DISABLED : settings->enabled;
    rule->place = spot->node->place;
    rule->place.file = keep(spot, spot->node->place.file).ptr;
    set_topics(settings, rule);
}

void eg_rules_rule_compile(const struct eg_rules_load *load, const struct eg_rules_dialect *dialect,
                           const struct eg_config_node *node, const struct eg_config_node *targets,
                           const char *path, const char *folder, struct eg_rules_rule *ret_rule,
                           struct eg_rules_pattern **ret_pattern)
{
    const struct spot spot = {load, node, path};
    struct eg_rules_rule_settings settings = {.name = NULL};
    struct eg_rules_ignored_settings ignored;
    const struct eg_config_part parts[] = {{dialect->rule, &settings},
                                           {&eg_rules_ignored_table, &ignored}};
    const struct eg_config_scope scope = {path, folder, node->place};
    *ret_rule = (struct eg_rules_rule){.enabled = false};
    *ret_pattern = NULL;
    (void)eg_config_fields_fill(parts, dialect->is_aws ? 2 : 1, node, &scope, load->problems);
    compile_rule(&spot, dialect, &settings, ret_rule, ret_pattern);
    read_targets(&spot, dialect, targets, folder, settings.name, ret_rule);
    if (dialect->is_aws)
        eg_config_fields_fini(&eg_rules_ignored_table, &ignored);
    eg_config_fields_fini(dialect->rule, &settings);
}
