/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two schemas at a time: references first, then what lets all or nothing through, then keyword by
 * keyword through one table. A pair that was compared once in a mode is not compared again, which
 * also ends cycles of $ref. One thread.
 */
#include "schema/diff_walk.h"

#include <string.h>

#include "base/buffer.h"
#include "base/memory.h"
#include "base/span.h"

#define BRIEF_BYTES 80u

struct keyword {
    const char *name;
    eg_schema_diff_keyword_fn *compare; /* NULL: a part of another keyword's comparison */
};

/* Every keyword that can make an event fail. What is not here is an annotation. */
static const struct keyword keywords[] = {
    {"type", eg_schema_diff_type},
    {"enum", eg_schema_diff_values},
    {"const", eg_schema_diff_values},
    {"required", eg_schema_diff_required},
    {"properties", eg_schema_diff_properties},
    {"patternProperties", eg_schema_diff_schema_map},
    {"additionalProperties", eg_schema_diff_schema},
    {"unevaluatedProperties", eg_schema_diff_schema},
    {"propertyNames", eg_schema_diff_schema},
    {"minProperties", eg_schema_diff_count_low},
    {"maxProperties", eg_schema_diff_count_high},
    {"dependentRequired", eg_schema_diff_dependencies},
    {"dependentSchemas", eg_schema_diff_dependencies},
    {"dependencies", eg_schema_diff_dependencies},
    {"prefixItems", eg_schema_diff_items},
    {"items", eg_schema_diff_items},
    {"additionalItems", eg_schema_diff_items},
    {"unevaluatedItems", eg_schema_diff_schema},
    {"contains", eg_schema_diff_contains},
    {"minContains", eg_schema_diff_contains},
    {"maxContains", eg_schema_diff_contains},
    {"minItems", eg_schema_diff_count_low},
    {"maxItems", eg_schema_diff_count_high},
    {"uniqueItems", eg_schema_diff_unique},
    {"minLength", eg_schema_diff_count_low},
    {"maxLength", eg_schema_diff_count_high},
    {"pattern", eg_schema_diff_pattern},
    {"format", eg_schema_diff_format},
    {"minimum", eg_schema_diff_lower},
    {"exclusiveMinimum", eg_schema_diff_lower},
    {"maximum", eg_schema_diff_upper},
    {"exclusiveMaximum", eg_schema_diff_upper},
    {"multipleOf", eg_schema_diff_multiple},
    {"allOf", eg_schema_diff_all_of},
    {"anyOf", eg_schema_diff_choice},
    {"oneOf", eg_schema_diff_choice},
    {"not", eg_schema_diff_not},
    {"if", eg_schema_diff_if},
    {"then", eg_schema_diff_if},
    {"else", eg_schema_diff_if},
    {"$ref", NULL},
    {"$dynamicRef", eg_schema_diff_opaque},
    {"$recursiveRef", eg_schema_diff_opaque},
};

eg_json_index eg_schema_diff_member(const struct eg_json_document *document, eg_json_index object,
                                    struct eg_span name)
{
    if (object == EG_JSON_NONE || eg_json_kind(document, object) != EG_JSON_OBJECT)
        return EG_JSON_NONE;
    return eg_json_member(document, object, name);
}

struct eg_schema_diff_pair eg_schema_diff_walk_member(const struct eg_schema_diff_walk *walk,
                                                      struct eg_schema_diff_pair schemas,
                                                      const char *name)
{
    return (struct eg_schema_diff_pair){
        eg_schema_diff_member(&walk->old, schemas.old, eg_span_text(name)),
        eg_schema_diff_member(&walk->new, schemas.new, eg_span_text(name)),
    };
}

struct eg_span eg_schema_diff_brief(const struct eg_json_document *document, eg_json_index index)
{
    struct eg_span text = eg_json_text(document, index);
    for (size_t i = 0; i < text.len && i <= BRIEF_BYTES; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool starts_character = (c & 0xc0) != 0x80;
        if (c < ' ' || (i + 4 > BRIEF_BYTES && text.len > BRIEF_BYTES && starts_character))
            return eg_span_of(text.ptr, i);
    }
    return text;
}

bool eg_schema_diff_accepts_all(const struct eg_json_document *document, eg_json_index schema)
{
    if (schema == EG_JSON_NONE)
        return true;
    if (eg_json_kind(document, schema) != EG_JSON_OBJECT)
        return eg_json_kind(document, schema) == EG_JSON_TRUE;
    for (size_t i = 0; i < EG_ARRAY_COUNT(keywords); i++)
        if (eg_json_member(document, schema, eg_span_text(keywords[i].name)) != EG_JSON_NONE)
            return false;
    return true;
}

static bool accepts_none(const struct eg_json_document *document, eg_json_index schema)
{
    return schema != EG_JSON_NONE && eg_json_kind(document, schema) == EG_JSON_FALSE;
}

/* The object whose member `key` is this text, anywhere in the document. */
static eg_json_index find_marked(const struct eg_json_document *document, const char *key,
                                 struct eg_span text)
{
    for (eg_json_index i = 0; i < document->node_count; i++) {
        if (eg_json_kind(document, i) != EG_JSON_OBJECT)
            continue;
        eg_json_index value = eg_json_member(document, i, eg_span_text(key));
        if (value != EG_JSON_NONE && eg_json_kind(document, value) == EG_JSON_STRING &&
            eg_span_equal(eg_json_string(document, value), text))
            return i;
    }
    return EG_JSON_NONE;
}

static int hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *found = c ? strchr(digits, c | (c >= 'A' ? 0x20 : 0)) : NULL;
    return found ? (int)(found - digits) : -1;
}

/* A fragment with its percent escapes undone. */
static void decode_fragment(struct eg_span fragment, struct eg_buffer *out)
{
    for (size_t i = 0; i < fragment.len; i++) {
        int high = i + 2 < fragment.len ? hex_digit(fragment.ptr[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(fragment.ptr[i + 2]) : -1;
        if (fragment.ptr[i] != '%' || low < 0) {
            eg_buffer_append_char(out, fragment.ptr[i]);
            continue;
        }
        eg_buffer_append_char(out, (char)(high * 16 + low));
        i += 2;
    }
}

/* Where a $ref leads inside its document, or NONE. */
static eg_json_index resolve(const struct eg_json_document *document, struct eg_span reference)
{
    const char *hash = reference.len ? memchr(reference.ptr, '#', reference.len) : NULL;
    size_t base_bytes = hash ? (size_t)(hash - reference.ptr) : reference.len;
    struct eg_span base = eg_span_of(reference.ptr, base_bytes);
    eg_json_index root = base.len ? find_marked(document, "$id", base) : 0;
    if (root == EG_JSON_NONE && base.len)
        root = find_marked(document, "id", base);
    if (root == EG_JSON_NONE || !hash || base_bytes + 1 == reference.len)
        return root;
    EG_AUTOBUFFER struct eg_buffer fragment = EG_BUFFER_INIT;
    decode_fragment(eg_span_of(hash + 1, reference.len - base_bytes - 1), &fragment);
    if (fragment.data[0] == '/')
        return eg_json_pointer(document, root, eg_buffer_span(&fragment));
    eg_json_index anchor = find_marked(document, "$anchor", eg_buffer_span(&fragment));
    return anchor != EG_JSON_NONE
               ? anchor
               : find_marked(document, "$id", eg_span_of(hash, fragment.len + 1));
}

static eg_json_index reference_of(const struct eg_json_document *document, eg_json_index schema)
{
    eg_json_index ref = eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("$ref"));
    bool is_string = ref != EG_JSON_NONE && eg_json_kind(document, ref) == EG_JSON_STRING;
    return is_string ? ref : EG_JSON_NONE;
}

static bool stands_alone(const struct eg_json_document *document, eg_json_index schema, bool alone)
{
    for (size_t i = 0; !alone && i < EG_ARRAY_COUNT(keywords); i++)
        if (strcmp(keywords[i].name, "$ref") != 0 &&
            eg_json_member(document, schema, eg_span_text(keywords[i].name)) != EG_JSON_NONE)
            return false;
    return true;
}

/* Through references that are all there is in a schema, to what they mean. */
static eg_json_index follow(const struct eg_json_document *document, eg_json_index schema,
                            bool alone)
{
    for (unsigned hops = 0; hops < EG_SCHEMA_DIFF_MAX_DEPTH; hops++) {
        eg_json_index ref = reference_of(document, schema);
        if (ref == EG_JSON_NONE || !stands_alone(document, schema, alone))
            return schema;
        eg_json_index target = resolve(document, eg_json_string(document, ref));
        if (target == EG_JSON_NONE)
            return schema;
        schema = target;
    }
    return schema;
}

/* References beside other keywords, and those that lead out of the document. */
static void compare_references(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas)
{
    struct eg_schema_diff_pair refs = {reference_of(&walk->old, schemas.old),
                                       reference_of(&walk->new, schemas.new)};
    if (refs.old == EG_JSON_NONE && refs.new == EG_JSON_NONE)
        return;
    struct eg_span old = EG_SPAN_EMPTY;
    struct eg_span new = EG_SPAN_EMPTY;
    struct eg_schema_diff_pair targets = {EG_JSON_NONE, EG_JSON_NONE};
    if (refs.old != EG_JSON_NONE)
        targets.old = resolve(&walk->old, old = eg_json_string(&walk->old, refs.old));
    if (refs.new != EG_JSON_NONE)
        targets.new = resolve(&walk->new, new = eg_json_string(&walk->new, refs.new));
    bool outside = (refs.old != EG_JSON_NONE && targets.old == EG_JSON_NONE) ||
                   (refs.new != EG_JSON_NONE &&targets.new == EG_JSON_NONE);
    if (!outside)
        eg_schema_diff_walk_compare(walk, targets);
    else if (!eg_span_equal(old, new))
        eg_schema_diff_walk_note(walk, refs, EG_SCHEMA_UNKNOWN,
                                 "a reference out of the document changed: \"%.*s\" to \"%.*s\"",
                                 EG_SPAN_ARGS(old), EG_SPAN_ARGS(new));
}

static void compare_keywords(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(keywords); i++) {
        struct eg_schema_diff_pair values =
            eg_schema_diff_walk_member(walk, schemas, keywords[i].name);
        if (keywords[i].compare && (values.old != EG_JSON_NONE || values.new != EG_JSON_NONE))
            keywords[i].compare(walk, schemas, values, keywords[i].name);
    }
    compare_references(walk, schemas);
}

/* False: one side lets all or nothing through, and the comparison is done. */
static bool compare_extremes(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas)
{
    bool old_none = accepts_none(&walk->old, schemas.old);
    bool new_none = accepts_none(&walk->new, schemas.new);
    bool old_all = eg_schema_diff_accepts_all(&walk->old, schemas.old);
    bool new_all = eg_schema_diff_accepts_all(&walk->new, schemas.new);
    if (new_none && !old_none)
        eg_schema_diff_walk_note(walk, schemas, EG_SCHEMA_BREAKING,
                                 "nothing is allowed here any more");
    else if (old_none && !new_none)
        eg_schema_diff_walk_note(walk, schemas, EG_SCHEMA_COMPATIBLE,
                                 "something is allowed here that was not");
    else if (old_all && !new_all) {
        struct eg_span text = eg_schema_diff_brief(&walk->new, schemas.new);
        eg_schema_diff_walk_note(walk, schemas, EG_SCHEMA_BREAKING,
                                 "was any value, now must fit %.*s", EG_SPAN_ARGS(text));
    } else if (new_all && !old_all)
        eg_schema_diff_walk_note(walk, schemas, EG_SCHEMA_COMPATIBLE, "now any value is allowed");
    return !old_none && !new_none && !old_all && !new_all;
}

static bool was_visited(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas)
{
    for (size_t i = 0; i < walk->visit_count; i++) {
        const struct eg_schema_diff_visit *visit = &walk->visits[i];
        if (visit->pair.old == schemas.old && visit->pair.new == schemas.new &&
            visit->mode == walk->mode)
            return true;
    }
    walk->visits = eg_realloc_array(walk->visits, walk->visit_count + 1, sizeof(walk->visits[0]));
    walk->visits[walk->visit_count++] = (struct eg_schema_diff_visit){schemas, walk->mode};
    return false;
}

void eg_schema_diff_walk_compare(struct eg_schema_diff_walk *walk,
                                 struct eg_schema_diff_pair schemas)
{
    schemas.old = follow(&walk->old, schemas.old, walk->old_ref_alone);
    schemas.new = follow(&walk->new, schemas.new, walk->new_ref_alone);
    if (schemas.old == EG_JSON_NONE && schemas.new == EG_JSON_NONE)
        return;
    if (was_visited(walk, schemas) || walk->overflow)
        return;
    if (walk->depth == EG_SCHEMA_DIFF_MAX_DEPTH) {
        eg_schema_diff_walk_note(walk, schemas, EG_SCHEMA_UNKNOWN,
                                 "nested too deep to be compared");
        return;
    }
    walk->depth++;
    if (compare_extremes(walk, schemas))
        compare_keywords(walk, schemas);
    walk->depth--;
}

void eg_schema_diff_walk_compare_in(struct eg_schema_diff_walk *walk,
                                    struct eg_schema_diff_pair schemas, unsigned mode)
{
    unsigned before = walk->mode;
    walk->mode = mode;
    eg_schema_diff_walk_compare(walk, schemas);
    walk->mode = before;
}
