/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the two documents, starts the walk, keeps the list of changes. One thread. */
#include "schema/diff.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/diff_walk.h"

const char *eg_schema_impact_text(enum eg_schema_impact impact)
{
    static const char *const texts[EG_SCHEMA_IMPACTS] = {"compatible", "unknown", "BREAKING"};
    return texts[impact];
}

static enum eg_schema_impact seen_through(unsigned mode, enum eg_schema_impact impact)
{
    if (mode & EG_SCHEMA_DIFF_WALK_UNKNOWN)
        return EG_SCHEMA_UNKNOWN;
    if ((mode & EG_SCHEMA_DIFF_WALK_NOT) && impact != EG_SCHEMA_UNKNOWN)
        impact = impact == EG_SCHEMA_BREAKING ? EG_SCHEMA_COMPATIBLE : EG_SCHEMA_BREAKING;
    if ((mode & EG_SCHEMA_DIFF_WALK_ONE) && impact == EG_SCHEMA_COMPATIBLE)
        impact = EG_SCHEMA_UNKNOWN;
    return impact;
}

static void append_token(struct eg_buffer *pointer, struct eg_span name)
{
    eg_buffer_append_char(pointer, '/');
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == '~' || name.ptr[i] == '/')
            eg_buffer_append_text(pointer, name.ptr[i] == '~' ? "~0" : "~1");
        else
            eg_buffer_append_char(pointer, name.ptr[i]);
    }
}

/* One step from a container towards the node `to` inside it; the child it is in. */
static eg_json_index step_towards(const struct eg_json_document *document, eg_json_index from,
                                  eg_json_index to, struct eg_buffer *pointer)
{
    bool object = eg_json_kind(document, from) == EG_JSON_OBJECT;
    eg_json_index child = from + 1;
    for (uint32_t i = 0;; i++) {
        eg_json_index value = object ? child + 1 : child;
        if (to < eg_json_next(document, value)) {
            if (object)
                append_token(pointer, eg_json_string(document, child));
            else
                eg_buffer_printf(pointer, "/%u", i);
            return value;
        }
        child = eg_json_next(document, value);
    }
}

/* The JSON pointer to a node. The tape nests by index, so the way down is a matter of ranges. */
static char *pointer_to(const struct eg_json_document *document, eg_json_index to)
{
    EG_AUTOBUFFER struct eg_buffer pointer = EG_BUFFER_INIT;
    for (eg_json_index at = 0; at != to;)
        at = step_towards(document, at, to, &pointer);
    return eg_buffer_take(&pointer, NULL);
}

void eg_schema_diff_walk_note(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair at,
                              enum eg_schema_impact impact, const char *format, ...)
{
    struct eg_schema_diff *diff = walk->diff;
    if (diff->count == EG_SCHEMA_DIFF_MAX_CHANGES) {
        walk->overflow = true;
        return;
    }
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    EG_ASSERT(len >= 0);
    diff->changes = eg_realloc_array(diff->changes, diff->count + 1, sizeof(*diff->changes));
    struct eg_schema_change *change = &diff->changes[diff->count++];
    change->impact = seen_through(walk->mode, impact);
    change->pointer =
        at.new != EG_JSON_NONE ? pointer_to(&walk->new, at.new) : pointer_to(&walk->old, at.old);
    change->text = text;
    diff->counts[change->impact]++;
}

static int read_schema(struct eg_json_document *document, struct eg_span text, const char *which,
                       struct eg_error *err)
{
    eg_json_document_init(document);
    if (eg_json_document_parse(document, text, &eg_json_limits_default, err)) {
        if (err)
            err->code = EG_ERR_CONFIG;
        return eg_error_prefix(err, "the %s schema", which);
    }
    enum eg_json_kind kind = eg_json_kind(document, 0);
    if (kind != EG_JSON_OBJECT && kind != EG_JSON_TRUE && kind != EG_JSON_FALSE)
        return eg_error_set(err, EG_ERR_CONFIG, "the %s schema is neither an object nor a boolean",
                            which);
    return 0;
}

/* Up to draft 7 a $ref stands alone: what is beside it does not count. */
static bool is_ref_alone(const struct eg_json_document *document)
{
    eg_json_index name = eg_schema_diff_member(document, 0, EG_SPAN_LITERAL("$schema"));
    if (name == EG_JSON_NONE || eg_json_kind(document, name) != EG_JSON_STRING)
        return false;
    EG_AUTOFREE char *uri = eg_span_dup(eg_json_string(document, name));
    return strstr(uri, "draft-04/") || strstr(uri, "draft-06/") || strstr(uri, "draft-07/");
}

static bool has_unevaluated(const struct eg_json_document *document)
{
    for (eg_json_index i = 0; i < document->node_count; i++)
        if (eg_schema_diff_member(document, i, EG_SPAN_LITERAL("unevaluatedProperties")) !=
                EG_JSON_NONE ||
            eg_schema_diff_member(document, i, EG_SPAN_LITERAL("unevaluatedItems")) != EG_JSON_NONE)
            return true;
    return false;
}

static void note_dialect(struct eg_schema_diff_walk *walk)
{
    struct eg_schema_diff_pair root = {0, 0};
    struct eg_schema_diff_pair at = eg_schema_diff_walk_member(walk, root, "$schema");
    struct eg_span old =
        at.old == EG_JSON_NONE ? EG_SPAN_LITERAL("none") : eg_schema_diff_brief(&walk->old, at.old);
    struct eg_span new =
        at.new == EG_JSON_NONE ? EG_SPAN_LITERAL("none") : eg_schema_diff_brief(&walk->new, at.new);
    if (!eg_span_equal(old, new))
        eg_schema_diff_walk_note(walk, at, EG_SCHEMA_UNKNOWN, "the draft was %.*s, is %.*s",
                                 EG_SPAN_ARGS(old), EG_SPAN_ARGS(new));
}

static int walk_documents(struct eg_schema_diff_walk *walk, struct eg_error *err)
{
    walk->old_ref_alone = is_ref_alone(&walk->old);
    walk->new_ref_alone = is_ref_alone(&walk->new);
    walk->new_unevaluated = has_unevaluated(&walk->new);
    note_dialect(walk);
    eg_schema_diff_walk_compare(walk, (struct eg_schema_diff_pair){0, 0});
    if (walk->overflow)
        return eg_error_set(err, EG_ERR_CONFIG,
                            "more than %u changes: these are two schemas, "
                            "not two versions of one",
                            EG_SCHEMA_DIFF_MAX_CHANGES);
    return 0;
}

int eg_schema_diff_init(struct eg_schema_diff *ret_diff, struct eg_span old_text,
                        struct eg_span new_text, struct eg_error *err)
{
    struct eg_schema_diff diff = {0};
    struct eg_schema_diff_walk walk = {.diff = &diff};
    eg_json_document_init(&walk.new);
    int rc = read_schema(&walk.old, old_text, "old", err);
    if (rc == 0)
        rc = read_schema(&walk.new, new_text, "new", err);
    if (rc == 0)
        rc = walk_documents(&walk, err);
    eg_json_document_fini(&walk.old);
    eg_json_document_fini(&walk.new);
    free(walk.visits);
    if (rc == 0)
        *ret_diff = diff;
    else
        eg_schema_diff_fini(&diff);
    return rc;
}

void eg_schema_diff_fini(struct eg_schema_diff *diff)
{
    for (size_t i = 0; i < diff->count; i++) {
        free(diff->changes[i].pointer);
        free(diff->changes[i].text);
    }
    free(diff->changes);
    *diff = (struct eg_schema_diff){0};
}
