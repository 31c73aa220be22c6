/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the book, and giving it back. Nothing here changes it but the reference count. */
#include "rules/book.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "config/source.h"
#include "rules/book_private.h"

struct eg_rules_book *eg_rules_book_ref(struct eg_rules_book *book)
{
    eg_ref_get(&book->ref);
    return book;
}

static void string_map_fini(struct eg_string_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        free(map->entries[i].name);
        free(map->entries[i].value);
    }
    free(map->entries);
}

/* What the book's readers made is theirs to free; everyone else sees it constant. */
#define OWNED(pointer) ((void *)(uintptr_t)(pointer))

void eg_rules_target_fini(struct eg_rules_target *target)
{
    struct eg_rules_enrich *enrich = OWNED(target->enrich);
    eg_rules_transform_destroy(OWNED(target->transform));
    eg_rules_protect_destroy(OWNED(target->protect));
    eg_rules_template_destroy(OWNED(target->at));
    if (!enrich)
        return;
    eg_rules_transform_destroy(OWNED(enrich->input));
    string_map_fini(&enrich->headers);
    free(enrich);
}

static void rule_fini(struct eg_rules_rule *rule)
{
    struct eg_rules_target *targets = OWNED(rule->targets);
    for (size_t i = 0; i < rule->target_count; i++)
        eg_rules_target_fini(&targets[i]);
    free(targets);
    eg_config_string_list_fini(&rule->topics);
}

void eg_rules_book_unref(struct eg_rules_book *take)
{
    if (!take || !eg_ref_put(&take->ref))
        return;
    for (size_t i = 0; i < take->count; i++)
        rule_fini(&take->rules[i]);
    free(take->rules);
    eg_config_index_fini(&take->index);
    if (take->set)
        eg_rules_set_unref(take->set);
    eg_arena_fini(&take->arena);
    free(take);
}

size_t eg_rules_book_count(const struct eg_rules_book *book)
{
    return book->count;
}

size_t eg_rules_book_enabled_count(const struct eg_rules_book *book)
{
    return book->enabled_count;
}

const struct eg_rules_rule *eg_rules_book_at(const struct eg_rules_book *book, size_t index)
{
    EG_ASSERT(index < book->count);
    return &book->rules[index];
}

const struct eg_rules_rule *eg_rules_book_find(const struct eg_rules_book *book,
                                               struct eg_span name)
{
    size_t at = eg_config_index_find(&book->index, name);
    return at == EG_CONFIG_INDEX_NONE ? NULL : &book->rules[at];
}

size_t eg_rules_book_bytes(const struct eg_rules_book *book)
{
    return book->set ? eg_rules_set_bytes(book->set) : 0;
}

static bool takes_topic(const struct eg_rules_rule *rule, struct eg_span topic)
{
    for (size_t i = 0; i < rule->topics.count; i++)
        if (eg_span_is(topic, rule->topics.items[i]))
            return true;
    return rule->topics.count == 0;
}

/* Leaves out the rules for other topics, in the scratch's own array. */
static void keep_topic(const struct eg_rules_book *book, struct eg_span topic,
                       struct eg_rules_matches *matches)
{
    uint32_t *rules = OWNED(matches->rules);
    size_t kept = 0;
    for (size_t i = 0; i < matches->count; i++)
        if (takes_topic(&book->rules[rules[i]], topic))
            rules[kept++] = rules[i];
    matches->count = kept;
}

int eg_rules_book_match(const struct eg_rules_book *book, struct eg_rules_scratch *scratch,
                        const struct eg_json_document *document, eg_json_index root,
                        struct eg_span topic, struct eg_rules_matches *ret_matches,
                        struct eg_error *err)
{
    struct eg_rules_matches matches = {NULL, 0};
    if (book->set && eg_rules_set_match(book->set, scratch, document, root, &matches, err) != 0)
        return -1;
    keep_topic(book, topic, &matches);
    *ret_matches = matches;
    return 0;
}

bool eg_rules_book_concerns(const struct eg_rules_book *book, struct eg_span topic)
{
    if (book->any_topic)
        return true;
    for (size_t i = 0; i < book->enabled_count; i++)
        if (takes_topic(&book->rules[i], topic))
            return true;
    return false;
}

static int render(const struct eg_rules_target *target, const struct eg_rules_template_input *input,
                  struct eg_buffer *out, struct eg_error *err)
{
    if (target->transform)
        return eg_rules_transform_render(target->transform, input, out, err);
    if (!input->document)
        return eg_error_set(err, EG_ERR_INVALID, "the event has no envelope");
    eg_buffer_append_span(out, eg_json_text(input->document, input->root));
    return 0;
}

static int render_protected(const struct eg_rules_target *target,
                            const struct eg_rules_template_input *whole,
                            struct eg_json_document *scratch, struct eg_buffer *out,
                            struct eg_error *err)
{
    EG_AUTOBUFFER struct eg_buffer envelope = EG_BUFFER_INIT;
    if (!whole->document)
        return eg_error_set(err, EG_ERR_INVALID, "the event has no envelope");
    if (eg_rules_protect_apply(target->protect, EG_RULES_VIEW_ENVELOPE,
                               eg_json_text(whole->document, whole->root), scratch, &envelope,
                               err) != 0)
        return -1;
    struct eg_event event = whole->event ? *whole->event : (struct eg_event){.received_us = 0};
    struct eg_rules_template_input input;
    event.envelope = eg_buffer_span(&envelope);
    if (eg_rules_envelope_open(scratch, &event, &input, err) != 0)
        return -1;
    const struct eg_json_document *document = input.document;
    input = *whole;
    input.document = document;
    input.root = 0;
    return render(target, &input, out, err);
}

int eg_rules_target_render(const struct eg_rules_rule *rule, const struct eg_rules_target *target,
                           const struct eg_rules_template_input *input,
                           struct eg_json_document *scratch, struct eg_buffer *out,
                           struct eg_error *err)
{
    struct eg_rules_template_input whole = *input;
    whole.rule_arn = rule->arn;
    whole.rule_name = rule->name;
    return target->protect ? render_protected(target, &whole, scratch, out, err)
                           : render(target, &whole, out, err);
}
