/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords that hold schemas: members, items, branches. Their parts are matched between the two
 * documents, then compared; a part without a partner is compared with what governs its place on the
 * other side.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "schema/diff_walk.h"
#include "text/regex.h"

static bool is_kind(const struct eg_json_document *document, eg_json_index index,
                    enum eg_json_kind kind)
{
    return index != EG_JSON_NONE && eg_json_kind(document, index) == kind;
}

static bool is_present(struct eg_schema_diff_pair pair)
{
    return pair.old != EG_JSON_NONE || pair.new != EG_JSON_NONE;
}

static bool pattern_matches(struct eg_span pattern, struct eg_span name)
{
    struct eg_regex *regex;
    struct eg_error err;
    if (eg_regex_compile(pattern, EG_REGEX_ECMA, &regex, &err))
        return false;
    bool matches = eg_regex_match(regex, name) == EG_REGEX_MATCH;
    eg_regex_destroy(regex);
    return matches;
}

/* The schema for a member that `properties` does not name. NONE: any value. */
static eg_json_index governs(const struct eg_json_document *document, eg_json_index schema,
                             struct eg_span name)
{
    eg_json_index patterns =
        eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("patternProperties"));
    if (is_kind(document, patterns, EG_JSON_OBJECT)) {
        eg_json_index key = patterns + 1;
        for (uint32_t i = eg_json_count(document, patterns); i > 0; i--) {
            if (pattern_matches(eg_json_string(document, key), name))
                return key + 1;
            key = eg_json_next(document, key + 1);
        }
    }
    eg_json_index rest =
        eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("additionalProperties"));
    if (rest != EG_JSON_NONE)
        return rest;
    return eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("unevaluatedProperties"));
}

static void property_removed(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                             eg_json_index old, struct eg_span name)
{
    eg_json_index rest = governs(&walk->new, schemas.new, name);
    struct eg_schema_diff_pair at = {old, EG_JSON_NONE};
    if (is_kind(&walk->old, old, EG_JSON_FALSE))
        return;
    if (is_kind(&walk->new, rest, EG_JSON_FALSE))
        eg_schema_diff_walk_note(walk, at, EG_SCHEMA_BREAKING,
                                 "property '%.*s' is gone and no others are allowed",
                                 EG_SPAN_ARGS(name));
    else if (!eg_schema_diff_accepts_all(&walk->new, rest))
        eg_schema_diff_walk_compare(walk, (struct eg_schema_diff_pair){old, rest});
    else if (!eg_schema_diff_accepts_all(&walk->old, old))
        eg_schema_diff_walk_note(walk, at, eg_schema_diff_walk_gone(walk),
                                 "property '%.*s' is gone, it may hold any value now",
                                 EG_SPAN_ARGS(name));
}

static void property_added(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           eg_json_index new, struct eg_span name)
{
    eg_json_index rest = governs(&walk->old, schemas.old, name);
    struct eg_schema_diff_pair at = {EG_JSON_NONE, new};
    if (is_kind(&walk->old, rest, EG_JSON_FALSE)) {
        if (!is_kind(&walk->new, new, EG_JSON_FALSE))
            eg_schema_diff_walk_note(walk, at, EG_SCHEMA_COMPATIBLE,
                                     "property '%.*s' is allowed now", EG_SPAN_ARGS(name));
        return;
    }
    if (!eg_schema_diff_accepts_all(&walk->old, rest)) {
        eg_schema_diff_walk_compare(walk, (struct eg_schema_diff_pair){rest, new});
        return;
    }
    if (eg_schema_diff_accepts_all(&walk->new, new))
        return;
    struct eg_span text = eg_schema_diff_brief(&walk->new, new);
    eg_schema_diff_walk_note(walk, at, EG_SCHEMA_BREAKING,
                             "property '%.*s' could hold any value, now it must fit %.*s",
                             EG_SPAN_ARGS(name), EG_SPAN_ARGS(text));
}

void eg_schema_diff_properties(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                               struct eg_schema_diff_pair values, const char *keyword)
{
    (void)keyword;
    if (is_kind(&walk->old, values.old, EG_JSON_OBJECT)) {
        eg_json_index key = values.old + 1;
        for (uint32_t i = eg_json_count(&walk->old, values.old); i > 0; i--) {
            struct eg_span name = eg_json_string(&walk->old, key);
            eg_json_index new = eg_schema_diff_member(&walk->new, values.new, name);
            if (new == EG_JSON_NONE)
                property_removed(walk, schemas, key + 1, name);
            else
                eg_schema_diff_walk_compare(walk, (struct eg_schema_diff_pair){key + 1, new});
            key = eg_json_next(&walk->old, key + 1);
        }
    }
    if (is_kind(&walk->new, values.new, EG_JSON_OBJECT)) {
        eg_json_index key = values.new + 1;
        for (uint32_t i = eg_json_count(&walk->new, values.new); i > 0; i--) {
            struct eg_span name = eg_json_string(&walk->new, key);
            if (eg_schema_diff_member(&walk->old, values.old, name) == EG_JSON_NONE)
                property_added(walk, schemas, key + 1, name);
            key = eg_json_next(&walk->new, key + 1);
        }
    }
}

void eg_schema_diff_schema(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    bool members = strcmp(keyword, "additionalProperties") == 0 ||
                   strcmp(keyword, "unevaluatedProperties") == 0;
    bool old_closed = is_kind(&walk->old, values.old, EG_JSON_FALSE);
    bool new_closed = is_kind(&walk->new, values.new, EG_JSON_FALSE);
    if (members && old_closed != new_closed)
        eg_schema_diff_walk_note(walk, values,
                                 new_closed ? EG_SCHEMA_BREAKING : EG_SCHEMA_COMPATIBLE,
                                 "properties that the schema does not list are %s",
                                 new_closed ? "no longer allowed" : "allowed now");
    else
        eg_schema_diff_walk_compare(walk, values);
}

/* patternProperties: name by name; beyond them additionalProperties governs. */
void eg_schema_diff_schema_map(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                               struct eg_schema_diff_pair values, const char *keyword)
{
    (void)keyword;
    struct eg_schema_diff_pair rest =
        eg_schema_diff_walk_member(walk, schemas, "additionalProperties");
    if (is_kind(&walk->old, values.old, EG_JSON_OBJECT)) {
        eg_json_index key = values.old + 1;
        for (uint32_t i = eg_json_count(&walk->old, values.old); i > 0; i--) {
            struct eg_span name = eg_json_string(&walk->old, key);
            eg_json_index new = eg_schema_diff_member(&walk->new, values.new, name);
            eg_schema_diff_walk_compare(
                walk, (struct eg_schema_diff_pair){key + 1, new != EG_JSON_NONE ? new : rest.new});
            key = eg_json_next(&walk->old, key + 1);
        }
    }
    if (is_kind(&walk->new, values.new, EG_JSON_OBJECT)) {
        eg_json_index key = values.new + 1;
        for (uint32_t i = eg_json_count(&walk->new, values.new); i > 0; i--) {
            struct eg_span name = eg_json_string(&walk->new, key);
            if (eg_schema_diff_member(&walk->old, values.old, name) == EG_JSON_NONE)
                eg_schema_diff_walk_compare(walk, (struct eg_schema_diff_pair){rest.old, key + 1});
            key = eg_json_next(&walk->new, key + 1);
        }
    }
}

/* What governs an array's elements: a list by position, then one schema for the rest. */
struct item_list {
    const struct eg_json_document *document;
    eg_json_index next; /* of the list */
    uint32_t left;
    eg_json_index rest;
};

static struct item_list item_list(const struct eg_json_document *document, eg_json_index schema)
{
    eg_json_index prefix = eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("prefixItems"));
    eg_json_index items = eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("items"));
    if (!is_kind(document, prefix, EG_JSON_ARRAY) && is_kind(document, items, EG_JSON_ARRAY)) {
        prefix = items;
        items = eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("additionalItems"));
    }
    if (!is_kind(document, prefix, EG_JSON_ARRAY))
        return (struct item_list){document, EG_JSON_NONE, 0, items};
    return (struct item_list){document, prefix + 1, eg_json_count(document, prefix), items};
}

static eg_json_index take_item(struct item_list *list)
{
    if (list->left == 0)
        return list->rest;
    eg_json_index item = list->next;
    list->next = eg_json_next(list->document, item);
    list->left--;
    return item;
}

void eg_schema_diff_items(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                          struct eg_schema_diff_pair values, const char *keyword)
{
    (void)values;
    static const char *const together[] = {"prefixItems", "items", "additionalItems"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(together) && strcmp(together[i], keyword) != 0; i++)
        if (is_present(eg_schema_diff_walk_member(walk, schemas, together[i])))
            return; /* was done there */
    struct item_list old = item_list(&walk->old, schemas.old);
    struct item_list new = item_list(&walk->new, schemas.new);
    while (old.left > 0 || new.left > 0) {
        struct eg_schema_diff_pair pair = {take_item(&old), take_item(&new)};
        eg_schema_diff_walk_compare(walk, pair);
    }
    eg_schema_diff_walk_compare(walk, (struct eg_schema_diff_pair){old.rest, new.rest});
}

void eg_schema_diff_contains(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                             struct eg_schema_diff_pair values, const char *keyword)
{
    (void)values;
    struct eg_schema_diff_pair contains = eg_schema_diff_walk_member(walk, schemas, "contains");
    if (strcmp(keyword, "contains") != 0 || !is_present(contains))
        return;
    if (contains.old == EG_JSON_NONE || contains.new == EG_JSON_NONE) {
        bool added = contains.old == EG_JSON_NONE;
        eg_schema_diff_walk_note(
            walk, contains, added ? EG_SCHEMA_BREAKING : eg_schema_diff_walk_gone(walk),
            added ? "must contain a certain item now" : "need not contain a certain item any more");
        return;
    }
    struct eg_schema_diff_pair most = eg_schema_diff_walk_member(walk, schemas, "maxContains");
    unsigned mode = walk->mode | (is_present(most) ? EG_SCHEMA_DIFF_WALK_ONE : 0);
    eg_schema_diff_walk_compare_in(walk, contains, mode);
    struct eg_schema_diff_pair least = eg_schema_diff_walk_member(walk, schemas, "minContains");
    eg_schema_diff_count_low(walk, schemas, least, "minContains");
    eg_schema_diff_count_high(walk, schemas, most, "maxContains");
}

static void compare_dependency(struct eg_schema_diff_walk *walk,
                               struct eg_schema_diff_pair dependency)
{
    bool names =
        (dependency.old == EG_JSON_NONE || is_kind(&walk->old, dependency.old, EG_JSON_ARRAY)) &&
        (dependency.new == EG_JSON_NONE || is_kind(&walk->new, dependency.new, EG_JSON_ARRAY));
    if (names)
        eg_schema_diff_required(walk, dependency, dependency, "required");
    else if (is_kind(&walk->old, dependency.old, EG_JSON_ARRAY) ||
             is_kind(&walk->new, dependency.new, EG_JSON_ARRAY))
        eg_schema_diff_walk_note(walk, dependency, EG_SCHEMA_UNKNOWN,
                                 "a list of names became a schema, or a schema one");
    else
        eg_schema_diff_walk_compare(walk, dependency);
}

void eg_schema_diff_dependencies(struct eg_schema_diff_walk *walk,
                                 struct eg_schema_diff_pair schemas,
                                 struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    if (is_kind(&walk->old, values.old, EG_JSON_OBJECT)) {
        eg_json_index key = values.old + 1;
        for (uint32_t i = eg_json_count(&walk->old, values.old); i > 0; i--) {
            struct eg_span name = eg_json_string(&walk->old, key);
            eg_json_index new = eg_schema_diff_member(&walk->new, values.new, name);
            compare_dependency(walk, (struct eg_schema_diff_pair){key + 1, new});
            key = eg_json_next(&walk->old, key + 1);
        }
    }
    if (is_kind(&walk->new, values.new, EG_JSON_OBJECT)) {
        eg_json_index key = values.new + 1;
        for (uint32_t i = eg_json_count(&walk->new, values.new); i > 0; i--) {
            struct eg_span name = eg_json_string(&walk->new, key);
            if (eg_schema_diff_member(&walk->old, values.old, name) == EG_JSON_NONE)
                compare_dependency(walk, (struct eg_schema_diff_pair){EG_JSON_NONE, key + 1});
            key = eg_json_next(&walk->new, key + 1);
        }
    }
}

/* The branches of allOf, anyOf or oneOf on one side; each matched at most once. */
struct branches {
    eg_json_index *items; /* owned; NONE once matched */
    uint32_t count;
};

static struct branches branches_of(const struct eg_json_document *document, eg_json_index list)
{
    struct branches branches = {NULL, 0};
    if (!is_kind(document, list, EG_JSON_ARRAY))
        return branches;
    branches.count = eg_json_count(document, list);
    branches.items = eg_calloc(branches.count + 1, sizeof(*branches.items));
    eg_json_index item = list + 1;
    for (uint32_t i = 0; i < branches.count; i++) {
        branches.items[i] = item;
        item = eg_json_next(document, item);
    }
    return branches;
}

typedef bool is_match_fn(const struct eg_schema_diff_walk *walk, eg_json_index old,
                         eg_json_index new);

static bool is_same(const struct eg_schema_diff_walk *walk, eg_json_index old, eg_json_index new)
{
    return eg_json_equal(&walk->old, old, &walk->new, new);
}

static bool has_same_member(const struct eg_schema_diff_walk *walk, eg_json_index old,
                            eg_json_index new, const char *name)
{
    struct eg_schema_diff_pair both =
        eg_schema_diff_walk_member(walk, (struct eg_schema_diff_pair){old, new}, name);
    return both.old != EG_JSON_NONE && both.new != EG_JSON_NONE &&is_same(walk, both.old, both.new);
}

/* What marks a branch although the rest of it has changed. */
static bool is_alike(const struct eg_schema_diff_walk *walk, eg_json_index old, eg_json_index new)
{
    return has_same_member(walk, old, new, "if") || has_same_member(walk, old, new, "$ref") ||
           has_same_member(walk, old, new, "title");
}

static bool is_any(const struct eg_schema_diff_walk *walk, eg_json_index old, eg_json_index new)
{
    (void)walk;
    (void)old;
    (void)new;
    return true;
}

static void match_branches(struct eg_schema_diff_walk *walk, struct branches *old,
                           struct branches *new, unsigned mode)
{
    static is_match_fn *const rounds[] = {is_same, is_alike, is_any};
    for (size_t round = 0; round < EG_ARRAY_COUNT(rounds); round++) {
        for (uint32_t i = 0; i < old->count; i++) {
            for (uint32_t j = 0; j < new->count && old->items[i] != EG_JSON_NONE; j++) {
                if (new->items[j] == EG_JSON_NONE ||
                    !rounds[round](walk, old->items[i], new->items[j]))
                    continue;
                struct eg_schema_diff_pair pair = {old->items[i], new->items[j]};
                old->items[i] = EG_JSON_NONE;
                new->items[j] = EG_JSON_NONE;
                eg_schema_diff_walk_compare_in(walk, pair, mode);
            }
        }
    }
}

static void note_conditions(struct eg_schema_diff_walk *walk, const struct branches *old,
                            const struct branches *new)
{
    for (uint32_t i = 0; i < old->count; i++)
        if (!eg_schema_diff_accepts_all(&walk->old, old->items[i]))
            eg_schema_diff_walk_note(walk,
                                     (struct eg_schema_diff_pair){old->items[i], EG_JSON_NONE},
                                     eg_schema_diff_walk_gone(walk), "this condition is gone");
    for (uint32_t i = 0; i < new->count; i++) {
        if (eg_schema_diff_accepts_all(&walk->new, new->items[i]))
            continue;
        struct eg_span text = eg_schema_diff_brief(&walk->new, new->items[i]);
        eg_schema_diff_walk_note(walk, (struct eg_schema_diff_pair){EG_JSON_NONE, new->items[i]},
                                 EG_SCHEMA_BREAKING, "a new condition: %.*s", EG_SPAN_ARGS(text));
    }
}

void eg_schema_diff_all_of(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    struct branches old = branches_of(&walk->old, values.old);
    struct branches new = branches_of(&walk->new, values.new);
    match_branches(walk, &old, &new, walk->mode);
    note_conditions(walk, &old, &new);
    free(old.items);
    free(new.items);
}

static void note_alternatives(struct eg_schema_diff_walk *walk, const struct branches *old,
                              const struct branches *new, bool one)
{
    for (uint32_t i = 0; i < old->count; i++)
        if (old->items[i] != EG_JSON_NONE)
            eg_schema_diff_walk_note(walk,
                                     (struct eg_schema_diff_pair){old->items[i], EG_JSON_NONE},
                                     EG_SCHEMA_BREAKING, "this alternative is gone");
    for (uint32_t i = 0; i < new->count; i++)
        if (new->items[i] != EG_JSON_NONE)
            eg_schema_diff_walk_note(
                walk, (struct eg_schema_diff_pair){EG_JSON_NONE, new->items[i]},
                one ? EG_SCHEMA_UNKNOWN : EG_SCHEMA_COMPATIBLE,
                one ? "a new alternative: breaking for what fits another one, too"
                    : "a new alternative");
}

/* anyOf and oneOf. */
void eg_schema_diff_choice(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    bool one = strcmp(keyword, "oneOf") == 0;
    if (values.old == EG_JSON_NONE || values.new == EG_JSON_NONE) {
        bool added = values.old == EG_JSON_NONE;
        eg_schema_diff_walk_note(walk, values,
                                 added ? EG_SCHEMA_BREAKING : eg_schema_diff_walk_gone(walk),
                                 added ? "must fit one of these alternatives now"
                                       : "need not fit an alternative any more");
        return;
    }
    struct branches old = branches_of(&walk->old, values.old);
    struct branches new = branches_of(&walk->new, values.new);
    match_branches(walk, &old, &new, walk->mode | (one ? EG_SCHEMA_DIFF_WALK_ONE : 0));
    note_alternatives(walk, &old, &new, one);
    free(old.items);
    free(new.items);
}

void eg_schema_diff_not(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                        struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    if (values.old != EG_JSON_NONE && values.new != EG_JSON_NONE) {
        eg_schema_diff_walk_compare_in(walk, values, walk->mode ^ EG_SCHEMA_DIFF_WALK_NOT);
        return;
    }
    bool added = values.old == EG_JSON_NONE;
    eg_schema_diff_walk_note(walk, values, added ? EG_SCHEMA_BREAKING : EG_SCHEMA_COMPATIBLE,
                             added ? "what fits this is no longer allowed"
                                   : "what fits this is allowed now");
}

/* if, then and else, at "if"; the others mean nothing without it. */
void eg_schema_diff_if(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                       struct eg_schema_diff_pair values, const char *keyword)
{
    if (strcmp(keyword, "if") != 0)
        return;
    size_t before = walk->diff->count;
    if (values.old != EG_JSON_NONE && values.new != EG_JSON_NONE)
        eg_schema_diff_walk_compare_in(walk, values, walk->mode | EG_SCHEMA_DIFF_WALK_UNKNOWN);
    bool changed = walk->diff->count > before;
    bool gone = values.new == EG_JSON_NONE && walk->new_unevaluated;
    unsigned mode = walk->mode | (changed || gone ? EG_SCHEMA_DIFF_WALK_UNKNOWN : 0);
    static const char *const outcomes[] = {"then", "else"};
    for (size_t i = 0; i < EG_ARRAY_COUNT(outcomes); i++) {
        struct eg_schema_diff_pair outcome = eg_schema_diff_walk_member(walk, schemas, outcomes[i]);
        if (values.old == EG_JSON_NONE)
            outcome.old = EG_JSON_NONE;
        if (values.new == EG_JSON_NONE)
            outcome.new = EG_JSON_NONE;
        eg_schema_diff_walk_compare_in(walk, outcome, mode);
    }
}

void eg_schema_diff_opaque(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    bool same =
        values.old != EG_JSON_NONE &&
        values.new != EG_JSON_NONE &&eg_json_equal(&walk->old, values.old, &walk->new, values.new);
    if (!same)
        eg_schema_diff_walk_note(walk, values, EG_SCHEMA_UNKNOWN, "%s changed", keyword);
}
