/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See rule_file.h: the folder's files in the order of their names, each rule compiled, then enabled
 * rules put first and their patterns into one set. Every mistake of every file is reported.
 */
#include "rules/rule_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "config/source.h"
#include "config/tree.h"
#include "rules/book_private.h"
#include "rules/rule_compile.h"

/* A rule on its way into the book. */
struct draft {
    struct eg_rules_rule rule;
    struct eg_rules_pattern *pattern; /* NULL: a problem was added */
};

struct reader {
    struct eg_rules_load load;
    struct eg_rules_book *book;
    struct draft *drafts;
    size_t count;
    size_t before; /* problems there were */
};

/* ---- one file ---- */

static bool is_aws(const struct eg_config_node *rule)
{
    return eg_config_node_get(rule, "Name") || eg_config_node_get(rule, "EventPattern");
}

static void add_rule(struct reader *reader, const struct eg_config_node *node,
                     const struct eg_config_node *targets, const char *path, const char *folder)
{
    if (reader->count == EG_RULES_MAX_RULES) {
        (void)eg_config_problem_add(reader->load.problems, node->place,
                                    "there are more than %d rules", EG_RULES_MAX_RULES);
        return;
    }
    const struct eg_rules_dialect *dialect =
        is_aws(node) ? &eg_rules_dialect_aws : &eg_rules_dialect_ours;
    reader->drafts = eg_realloc_array(reader->drafts, reader->count + 1, sizeof(*reader->drafts));
    struct draft *draft = &reader->drafts[reader->count++];
    if (!targets)
        targets = eg_config_node_get(node, dialect->targets);
    eg_rules_rule_compile(&reader->load, dialect, node, targets, path, folder, &draft->rule,
                          &draft->pattern);
}

static void add_list(struct reader *reader, const struct eg_config_node *list, const char *name,
                     const char *folder)
{
    for (size_t i = 0; i < list->count; i++) {
        EG_AUTOFREE char *path = eg_asprintf("%s[%zu]", name, i);
        add_rule(reader, list->items[i], NULL, path, folder);
    }
}

/* {"Targets": [...]} of list-targets-by-rule; NULL: it is something else, and a problem was added.
 */
static const struct eg_config_node *targets_of(struct reader *reader,
                                               const struct eg_config_tree *tree)
{
    const struct eg_config_node *targets = eg_config_node_get(tree->root, "Targets");
    if (!targets)
        (void)eg_config_problem_add(reader->load.problems, tree->root->place,
                                    "expected a mapping with Targets");
    return targets;
}

/* The tree of the file's targets, when they stand in a file of their own beside it. */
static struct eg_config_tree *read_targets(struct reader *reader, const char *path)
{
    static const char suffix[] = ".json";
    const size_t len = strlen(path) - (sizeof(suffix) - 1);
    EG_AUTOFREE char *beside = eg_asprintf("%.*s.targets.json", (int)len, path);
    struct eg_config_tree *tree = NULL;
    if (!eg_config_path_exists(beside))
        return NULL;
    if (eg_config_tree_read(beside, EG_CONFIG_LITERAL, &tree, reader->load.problems) != 0)
        return NULL;
    return tree;
}

static void add_tree(struct reader *reader, const struct eg_config_node *root,
                     const struct eg_config_node *targets, const char *folder)
{
    static const char *const lists[] = {"rules", "Rules"};
    if (root->kind == EG_CONFIG_LIST) {
        add_list(reader, root, "rules", folder);
        return;
    }
    for (size_t i = 0; i < EG_ARRAY_COUNT(lists); i++) {
        const struct eg_config_node *list = eg_config_node_get(root, lists[i]);
        if (!list || list->kind != EG_CONFIG_LIST)
            continue;
        if (root->count > 1)
            (void)eg_config_problem_add(reader->load.problems, root->place,
                                        "expected nothing beside %s", lists[i]);
        add_list(reader, list, lists[i], folder);
        return;
    }
    add_rule(reader, root, targets, "rule", folder);
}

static void add_file(struct reader *reader, const char *folder, const char *name, bool is_json)
{
    EG_AUTOFREE char *path = eg_config_path_resolve(folder, name);
    struct eg_config_tree *tree = NULL;
    if (eg_config_tree_read(path, is_json ? EG_CONFIG_LITERAL : EG_CONFIG_SUBSTITUTE, &tree,
                            reader->load.problems) != 0)
        return;
    struct eg_config_tree *beside = is_json ? read_targets(reader, path) : NULL;
    add_tree(reader, tree->root, beside ? targets_of(reader, beside) : NULL, folder);
    eg_config_tree_destroy(beside);
    eg_config_tree_destroy(tree);
}

/* ---- the folder ---- */

static const char *const suffixes[] = {".yaml", ".yml", ".json"};

static bool ends_with(const char *name, const char *suffix)
{
    size_t len = strlen(name);
    size_t tail = strlen(suffix);
    return len > tail && strcmp(name + len - tail, suffix) == 0;
}

static bool has_name(const struct eg_string_list *list, struct eg_span name)
{
    for (size_t i = 0; i < list->count; i++)
        if (eg_span_is(name, list->items[i]))
            return true;
    return false;
}

/* Files of test cases, and of targets that their rule's file takes along. */
static bool is_another_file(struct reader *reader, const char *folder,
                            const struct eg_string_list *names, const char *stem, bool is_json)
{
    static const char targets[] = ".targets";
    if (ends_with(stem, ".test"))
        return true;
    if (!is_json || !ends_with(stem, targets))
        return false;
    if (!has_name(names, eg_span_of(stem, strlen(stem) - (sizeof(targets) - 1)))) {
        EG_AUTOFREE char *path = eg_asprintf("%s/%s.json", folder, stem);
        (void)eg_config_problem_add(reader->load.problems, (struct eg_config_place){path, 0, 0},
                                    "there is no rule beside these targets");
    }
    return true;
}

static void add_folder(struct reader *reader, const char *folder, const char *suffix)
{
    struct eg_string_list names = {0};
    struct eg_error err;
    const bool is_json = strcmp(suffix, ".json") == 0;
    if (eg_config_folder_list(folder, suffix, EG_RULES_MAX_FILES, &names, &err) != 0) {
        (void)eg_config_problem_add(reader->load.problems, (struct eg_config_place){folder, 0, 0},
                                    "rules.folder: %s", eg_config_source_reason(folder, &err));
        return;
    }
    for (size_t i = 0; i < names.count; i++) {
        EG_AUTOFREE char *file = eg_asprintf("%s%s", names.items[i], suffix);
        if (!is_another_file(reader, folder, &names, names.items[i], is_json))
            add_file(reader, folder, file, is_json);
    }
    eg_config_string_list_fini(&names);
}

/* ---- the book ---- */

/* Enabled rules first; otherwise the order stays. */
static struct eg_rules_pattern **put_in_order(struct reader *reader)
{
    struct eg_rules_book *book = reader->book;
    struct eg_rules_pattern **patterns =
        eg_calloc(reader->count, sizeof(struct eg_rules_pattern *));
    book->rules = eg_calloc(reader->count, sizeof(*book->rules));
    for (int enabled = 1; enabled >= 0; enabled--)
        for (size_t i = 0; i < reader->count; i++) {
            if (reader->drafts[i].rule.enabled != enabled)
                continue;
            patterns[book->count] = reader->drafts[i].pattern;
            book->rules[book->count++] = reader->drafts[i].rule;
            book->enabled_count += (size_t)enabled;
        }
    return patterns;
}

static void index_names(struct reader *reader)
{
    struct eg_rules_book *book = reader->book;
    for (size_t i = 0; i < book->count; i++) {
        const struct eg_rules_rule *rule = &book->rules[i];
        size_t other = eg_config_index_add(&book->index, rule->name, i);
        if (rule->enabled && rule->topics.count == 0)
            book->any_topic = true;
        if (other != EG_CONFIG_INDEX_NONE && rule->name.len)
            (void)eg_config_problem_add(
                reader->load.problems, rule->place, "the rule '%s' is there twice, also in %s:%u",
                rule->name.ptr, book->rules[other].place.file, book->rules[other].place.line);
    }
}

static bool has_problems(const struct reader *reader)
{
    return reader->load.problems->count + reader->load.problems->dropped != reader->before;
}

static void compile_set(struct reader *reader, struct eg_rules_pattern *const *patterns)
{
    struct eg_error err;
    struct eg_rules_book *book = reader->book;
    if (has_problems(reader) || book->enabled_count == 0)
        return;
    if (eg_rules_set_new((const struct eg_rules_pattern *const *)patterns, book->enabled_count,
                         &book->set, &err) != 0)
        (void)eg_config_problem_add(reader->load.problems,
                                    (struct eg_config_place){reader->load.config->folder, 0, 0},
                                    "rules.folder: %s", err.message);
}

static void finish(struct reader *reader)
{
    struct eg_rules_pattern **patterns = put_in_order(reader);
    index_names(reader);
    compile_set(reader, patterns);
    for (size_t i = 0; i < reader->book->count; i++)
        eg_rules_pattern_destroy(patterns[i]);
    free(patterns);
    free(reader->drafts);
}

int eg_rules_book_load(const struct eg_rules_config *config,
                       const struct eg_string_list *sink_names, struct eg_rules_book **ret_book,
                       struct eg_config_problems *problems, struct eg_config_notices *notices)
{
    struct eg_rules_book *book = eg_calloc(1, sizeof(*book));
    struct reader reader = {
        .load = {config, sink_names, problems, notices, &book->arena},
        .book = book,
        .before = problems->count + problems->dropped,
    };
    eg_ref_init(&book->ref);
    for (size_t i = 0; config->folder && i < EG_ARRAY_COUNT(suffixes); i++)
        if (i == 0 || eg_config_path_is_folder(config->folder))
            add_folder(&reader, config->folder, suffixes[i]);
    finish(&reader);
    if (has_problems(&reader)) {
        eg_rules_book_unref(book);
        return -1;
    }
    *ret_book = book;
    return 0;
}
