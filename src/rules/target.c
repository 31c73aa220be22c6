/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a target receives: the envelope, then protected, then joined by an answer, then transformed.
 * Each step makes a new text, which the thread's scratch document is read from again; a target
 * without protection and answer is rendered from the envelope as it is.
 */
#include "base/error.h"
#include "base/span.h"
#include "rules/book.h"
#include "json/writer.h"

/* The envelope on its way; `texts` take turns. */
struct view {
    struct eg_rules_template_input input;
    struct eg_event event; /* as a target sees it that must not see all */
    struct eg_json_document *scratch;
    struct eg_buffer texts[2];
    unsigned turn;
};

static void view_fini(struct view *view)
{
    eg_buffer_fini(&view->texts[0]);
    eg_buffer_fini(&view->texts[1]);
}

static struct eg_span view_text(const struct view *view)
{
    return eg_json_text(view->input.document, view->input.root);
}

static struct eg_buffer *view_next(struct view *view)
{
    struct eg_buffer *text = &view->texts[view->turn++ % 2];
    eg_buffer_clear(text);
    return text;
}

/* Looks into the new text from now on. */
static int view_open(struct view *view, const struct eg_buffer *text, struct eg_error *err)
{
    const struct eg_event event = {.envelope = eg_buffer_span(text)};
    struct eg_rules_template_input opened;
    if (eg_rules_envelope_open(view->scratch, &event, &opened, err) != 0)
        return -1;
    view->input.document = opened.document;
    view->input.root = opened.root;
    return 0;
}

/* <eventgate.payload> is what is left of the payload: the protected detail. */
static void hide_payload(struct view *view)
{
    const struct eg_json_document *document = view->input.document;
    if (!view->input.event)
        return;
    eg_json_index detail = eg_json_member(document, view->input.root, EG_SPAN_LITERAL("detail"));
    view->event = *view->input.event;
    view->event.envelope = view_text(view);
    view->event.payload = detail == EG_JSON_NONE ? EG_SPAN_EMPTY : eg_json_text(document, detail);
    view->input.event = &view->event;
}

static int protect(struct view *view, const struct eg_rules_target *target, struct eg_error *err)
{
    if (!target->protect)
        return 0;
    struct eg_buffer *text = view_next(view);
    if (eg_rules_protect_apply(target->protect, EG_RULES_VIEW_ENVELOPE, view_text(view),
                               view->scratch, text, err) != 0 ||
        view_open(view, text, err) != 0)
        return -1;
    hide_payload(view);
    return 0;
}

/* An object's members but the named one; true: there was one. */
static bool write_members(const struct eg_json_document *document, eg_json_index object,
                          struct eg_span without, struct eg_buffer *out)
{
    bool any = false;
    const eg_json_index end = eg_json_next(document, object);
    for (eg_json_index at = object + 1; at < end; at = eg_json_next(document, at + 1)) {
        if (eg_span_equal(eg_json_string(document, at), without))
            continue;
        if (any)
            eg_buffer_append_char(out, ',');
        any = true;
        eg_buffer_append_span(out, eg_json_text(document, at));
        eg_buffer_append_char(out, ':');
        eg_buffer_append_span(out, eg_json_text(document, at + 1));
    }
    return any;
}

static int check_answer(struct eg_span answer, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.max_text_bytes = limits.max_string_bytes = answer.len;
    struct eg_json_document document;
    eg_json_document_init(&document);
    int rc = eg_json_document_parse(&document, answer, &limits, err);
    eg_json_document_fini(&document);
    return rc == 0 ? 0 : eg_error_prefix(err, "the enrichment's answer");
}

/* The answer becomes a member of detail, in the place of one of that name. */
static int join(struct view *view, const struct eg_rules_target *target, struct eg_span answer,
                struct eg_error *err)
{
    if (!answer.ptr || !target->enrich)
        return 0;
    const struct eg_json_document *document = view->input.document;
    struct eg_buffer *text = view_next(view);
    const eg_json_index detail =
        eg_json_member(document, view->input.root, EG_SPAN_LITERAL("detail"));
    if (check_answer(answer, err) != 0)
        return -1;
    eg_buffer_append_char(text, '{');
    if (write_members(document, view->input.root, EG_SPAN_LITERAL("detail"), text))
        eg_buffer_append_char(text, ',');
    eg_buffer_append_text(text, "\"detail\":{");
    if (detail != EG_JSON_NONE && eg_json_kind(document, detail) == EG_JSON_OBJECT &&
        write_members(document, detail, target->enrich->into, text))
        eg_buffer_append_char(text, ',');
    eg_json_write_string(text, target->enrich->into);
    eg_buffer_append_char(text, ':');
    eg_buffer_append_span(text, answer);
    eg_buffer_append_text(text, "}}");
    return view_open(view, text, err);
}

static int transform(const struct view *view, const struct eg_rules_transform *how,
                     struct eg_buffer *out, struct eg_error *err)
{
    if (how)
        return eg_rules_transform_render(how, &view->input, out, err);
    eg_buffer_append_span(out, view_text(view));
    return 0;
}

static int view_init(struct view *view, const struct eg_rules_rule *rule,
                     const struct eg_rules_template_input *input, struct eg_json_document *scratch,
                     struct eg_error *err)
{
    *view = (struct view){.input = *input, .scratch = scratch};
    view->input.rule_arn = rule->arn;
    view->input.rule_name = rule->name;
    return input->document ? 0 : eg_error_set(err, EG_ERR_INVALID, "the event has no envelope");
}

int eg_rules_target_render_enriched(const struct eg_rules_rule *rule,
                                    const struct eg_rules_target *target,
                                    const struct eg_rules_template_input *input,
                                    struct eg_span answer, struct eg_json_document *scratch,
                                    struct eg_buffer *out, struct eg_error *err)
{
    EG_CLEANUP(view_fini) struct view view;
    if (view_init(&view, rule, input, scratch, err) != 0 || protect(&view, target, err) != 0 ||
        join(&view, target, answer, err) != 0)
        return -1;
    return transform(&view, target->transform, out, err);
}

int eg_rules_target_render(const struct eg_rules_rule *rule, const struct eg_rules_target *target,
                           const struct eg_rules_template_input *input,
                           struct eg_json_document *scratch, struct eg_buffer *out,
                           struct eg_error *err)
{
    return eg_rules_target_render_enriched(rule, target, input, (struct eg_span){NULL, 0}, scratch,
                                           out, err);
}

int eg_rules_target_ask(const struct eg_rules_rule *rule, const struct eg_rules_target *target,
                        const struct eg_rules_template_input *input,
                        struct eg_json_document *scratch, struct eg_buffer *out,
                        struct eg_error *err)
{
    EG_CLEANUP(view_fini) struct view view;
    if (view_init(&view, rule, input, scratch, err) != 0 || protect(&view, target, err) != 0)
        return -1;
    return transform(&view, target->enrich ? target->enrich->input : NULL, out, err);
}
