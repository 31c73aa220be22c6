/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keywords whose values compare by themselves: sets (type, enum, required), bounds, switches. Each
 * notes one change for each thing that was added or taken away.
 */
#include <math.h>
#include <string.h>

#include "base/span.h"
#include "schema/diff_walk.h"

static const char *const type_names[] = {"null",   "boolean", "object", "array",
                                         "string", "number",  "integer"};

#define ALL_TYPES   0x7fu
#define TYPE_NUMBER 0x20u
#define TYPE_WHOLE  0x40u

static bool is_kind(const struct eg_json_document *document, eg_json_index index,
                    enum eg_json_kind kind)
{
    return index != EG_JSON_NONE && eg_json_kind(document, index) == kind;
}

static unsigned type_bit(const struct eg_json_document *document, eg_json_index index)
{
    for (unsigned i = 0; i < EG_ARRAY_COUNT(type_names); i++)
        if (is_kind(document, index, EG_JSON_STRING) &&
            eg_span_is(eg_json_string(document, index), type_names[i]))
            return i == 5 ? TYPE_NUMBER | TYPE_WHOLE : 1u << i;
    return 0;
}

static unsigned type_set(const struct eg_json_document *document, eg_json_index index)
{
    if (index == EG_JSON_NONE)
        return ALL_TYPES;
    if (!is_kind(document, index, EG_JSON_ARRAY))
        return type_bit(document, index);
    unsigned set = 0;
    eg_json_index element = index + 1;
    for (uint32_t i = eg_json_count(document, index); i > 0; i--) {
        set |= type_bit(document, element);
        element = eg_json_next(document, element);
    }
    return set;
}

void eg_schema_diff_type(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                         struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    unsigned old = type_set(&walk->old, values.old);
    unsigned new = type_set(&walk->new, values.new);
    if (values.old == EG_JSON_NONE) {
        struct eg_span text = eg_schema_diff_brief(&walk->new, values.new);
        eg_schema_diff_walk_note(walk, values, EG_SCHEMA_BREAKING, "was any type, now %.*s",
                                 EG_SPAN_ARGS(text));
        return;
    }
    if (values.new == EG_JSON_NONE) {
        eg_schema_diff_walk_note(walk, values, EG_SCHEMA_COMPATIBLE, "any type is allowed now");
        return;
    }
    for (unsigned i = 0; i < EG_ARRAY_COUNT(type_names); i++) {
        unsigned bit = 1u << i;
        bool number_says_it = bit == TYPE_WHOLE && ((old ^ new) & TYPE_NUMBER);
        if ((old ^ new) & bit && number_says_it)
            continue;
        if (bit == TYPE_NUMBER && (old & new &TYPE_WHOLE) && ((old ^ new) & bit))
            eg_schema_diff_walk_note(walk, values,
                                     old & bit ? EG_SCHEMA_BREAKING : EG_SCHEMA_COMPATIBLE,
                                     old & bit ? "only integers are allowed now, not every number"
                                               : "every number is allowed now, not only integers");
        else if (old & bit & ~new)
            eg_schema_diff_walk_note(walk, values, EG_SCHEMA_BREAKING,
                                     "type %s is no longer allowed", type_names[i]);
        else if (new &bit & ~old)
            eg_schema_diff_walk_note(walk, values, EG_SCHEMA_COMPATIBLE, "type %s is allowed now",
                                     type_names[i]);
    }
}

/* `enum` and `const` are one set of values. */
struct value_set {
    const struct eg_json_document *document;
    eg_json_index first; /* NONE: there is no set, so all values */
    uint32_t count;
    eg_json_index at; /* for messages */
};

static struct value_set value_set(const struct eg_json_document *document, eg_json_index schema)
{
    eg_json_index constant = eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("const"));
    if (constant != EG_JSON_NONE)
        return (struct value_set){document, constant, 1, constant};
    eg_json_index list = eg_schema_diff_member(document, schema, EG_SPAN_LITERAL("enum"));
    if (!is_kind(document, list, EG_JSON_ARRAY))
        return (struct value_set){document, EG_JSON_NONE, 0, EG_JSON_NONE};
    return (struct value_set){document, list + 1, eg_json_count(document, list), list};
}

static bool has_value(const struct value_set *set, const struct eg_json_document *document,
                      eg_json_index value)
{
    eg_json_index mine = set->first;
    for (uint32_t i = 0; i < set->count; i++) {
        if (eg_json_equal(set->document, mine, document, value))
            return true;
        mine = eg_json_next(set->document, mine);
    }
    return false;
}

static void note_missing(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair at,
                         const struct value_set *from, const struct value_set *in,
                         enum eg_schema_impact impact, const char *what)
{
    eg_json_index value = from->first;
    for (uint32_t i = 0; i < from->count; i++) {
        struct eg_span text = eg_schema_diff_brief(from->document, value);
        if (!has_value(in, from->document, value))
            eg_schema_diff_walk_note(walk, at, impact, "value %.*s %s", EG_SPAN_ARGS(text), what);
        value = eg_json_next(from->document, value);
    }
}

void eg_schema_diff_values(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)values;
    struct eg_schema_diff_pair both = eg_schema_diff_walk_member(walk, schemas, "enum");
    bool has_enum = both.old != EG_JSON_NONE || both.new != EG_JSON_NONE;
    if (has_enum && strcmp(keyword, "const") == 0)
        return; /* was said at "enum" */
    struct value_set old = value_set(&walk->old, schemas.old);
    struct value_set new = value_set(&walk->new, schemas.new);
    struct eg_schema_diff_pair at = {old.at, new.at};
    if (old.first == EG_JSON_NONE && new.first == EG_JSON_NONE)
        return;
    if (old.first == EG_JSON_NONE) {
        struct eg_span text = eg_schema_diff_brief(&walk->new, new.at);
        eg_schema_diff_walk_note(walk, at, EG_SCHEMA_BREAKING,
                                 "only these values are allowed now: %.*s", EG_SPAN_ARGS(text));
        return;
    }
    if (new.first == EG_JSON_NONE) {
        eg_schema_diff_walk_note(walk, at, EG_SCHEMA_COMPATIBLE,
                                 "no longer bound to listed values");
        return;
    }
    note_missing(walk, at, &old, &new, EG_SCHEMA_BREAKING, "is no longer allowed");
    note_missing(walk, at, &new, &old, EG_SCHEMA_COMPATIBLE, "is allowed now");
}

static struct value_set name_set(const struct eg_json_document *document, eg_json_index list)
{
    if (!is_kind(document, list, EG_JSON_ARRAY))
        return (struct value_set){document, EG_JSON_NONE, 0, list};
    return (struct value_set){document, list + 1, eg_json_count(document, list), list};
}

void eg_schema_diff_required(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                             struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    struct value_set old = name_set(&walk->old, values.old);
    struct value_set new = name_set(&walk->new, values.new);
    note_missing(walk, values, &old, &new, EG_SCHEMA_COMPATIBLE, "is no longer required");
    note_missing(walk, values, &new, &old, EG_SCHEMA_BREAKING, "is required now");
}

static void note_bound(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair values,
                       const char *keyword, int tighter)
{
    enum eg_schema_impact impact = tighter > 0 ? EG_SCHEMA_BREAKING : EG_SCHEMA_COMPATIBLE;
    struct eg_span old = values.old == EG_JSON_NONE ? EG_SPAN_LITERAL("none")
                                                    : eg_schema_diff_brief(&walk->old, values.old);
    struct eg_span new = values.new == EG_JSON_NONE ? EG_SPAN_LITERAL("none")
                                                    : eg_schema_diff_brief(&walk->new, values.new);
    eg_schema_diff_walk_note(walk, values, impact, "%s was %.*s, is %.*s", keyword,
                             EG_SPAN_ARGS(old), EG_SPAN_ARGS(new));
}

/*
 * A numeric bound: the keyword, made exclusive by the other keyword beside it (a number from draft
 * 6 on, a switch in draft 4).
 */
struct bound {
    eg_json_index at; /* NONE: unbounded */
    struct eg_span number;
    bool exclusive;
};

static struct bound read_bound(const struct eg_json_document *document, eg_json_index schema,
                               const char *plain, const char *exclusive, int direction)
{
    struct bound bound = {EG_JSON_NONE, EG_SPAN_EMPTY, false};
    eg_json_index at = eg_schema_diff_member(document, schema, eg_span_text(plain));
    eg_json_index limit = eg_schema_diff_member(document, schema, eg_span_text(exclusive));
    if (is_kind(document, at, EG_JSON_NUMBER))
        bound =
            (struct bound){at, eg_json_text(document, at), is_kind(document, limit, EG_JSON_TRUE)};
    if (!is_kind(document, limit, EG_JSON_NUMBER))
        return bound;
    struct eg_span number = eg_json_text(document, limit);
    if (bound.at == EG_JSON_NONE || eg_json_number_compare(number, bound.number) * direction >= 0)
        bound = (struct bound){limit, number, true};
    return bound;
}

/* direction 1: a greater lower bound is tighter; -1: a smaller upper bound is. */
static void compare_bounds(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           const char *plain, const char *exclusive, int direction)
{
    struct bound old = read_bound(&walk->old, schemas.old, plain, exclusive, direction);
    struct bound new = read_bound(&walk->new, schemas.new, plain, exclusive, direction);
    struct eg_schema_diff_pair at = {old.at, new.at};
    if (old.at == EG_JSON_NONE && new.at == EG_JSON_NONE)
        return;
    int tighter = 0;
    if (old.at == EG_JSON_NONE || new.at == EG_JSON_NONE)
        tighter = old.at == EG_JSON_NONE ? 1 : -1;
    else
        tighter = eg_json_number_compare(new.number, old.number) * direction;
    if (tighter != 0)
        note_bound(walk, at, plain, tighter);
    else if (old.exclusive != new.exclusive)
        eg_schema_diff_walk_note(walk, at,
                                 new.exclusive ? EG_SCHEMA_BREAKING : EG_SCHEMA_COMPATIBLE,
                                 "%.*s itself is %s", EG_SPAN_ARGS(new.number),
                                 new.exclusive ? "no longer allowed" : "allowed now");
}

/* "minimum" and "exclusiveMinimum" are compared together, at the first that is there. */
static bool is_second(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                      const char *keyword, const char *first)
{
    struct eg_schema_diff_pair at = eg_schema_diff_walk_member(walk, schemas, first);
    return strcmp(keyword, first) != 0 && (at.old != EG_JSON_NONE || at.new != EG_JSON_NONE);
}

void eg_schema_diff_lower(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                          struct eg_schema_diff_pair values, const char *keyword)
{
    (void)values;
    if (!is_second(walk, schemas, keyword, "minimum"))
        compare_bounds(walk, schemas, "minimum", "exclusiveMinimum", 1);
}

void eg_schema_diff_upper(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                          struct eg_schema_diff_pair values, const char *keyword)
{
    (void)values;
    if (!is_second(walk, schemas, keyword, "maximum"))
        compare_bounds(walk, schemas, "maximum", "exclusiveMaximum", -1);
}

static struct eg_span number_or(const struct eg_json_document *document, eg_json_index index,
                                const char *absent)
{
    return is_kind(document, index, EG_JSON_NUMBER) ? eg_json_text(document, index)
                                                    : eg_span_text(absent);
}

void eg_schema_diff_count_low(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                              struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    const char *absent = strcmp(keyword, "minContains") == 0 ? "1" : "0";
    int tighter = eg_json_number_compare(number_or(&walk->new, values.new, absent),
                                         number_or(&walk->old, values.old, absent));
    if (tighter != 0)
        note_bound(walk, values, keyword, tighter);
}

void eg_schema_diff_count_high(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                               struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    int tighter = eg_json_number_compare(number_or(&walk->old, values.old, "1e999"),
                                         number_or(&walk->new, values.new, "1e999"));
    if (tighter != 0)
        note_bound(walk, values, keyword, tighter);
}

void eg_schema_diff_multiple(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                             struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    if (values.old == EG_JSON_NONE || values.new == EG_JSON_NONE) {
        note_bound(walk, values, keyword, values.old == EG_JSON_NONE ? 1 : -1);
        return;
    }
    if (eg_json_equal(&walk->old, values.old, &walk->new, values.new))
        return;
    double old = is_kind(&walk->old, values.old, EG_JSON_NUMBER)
                     ? eg_json_double(&walk->old, values.old)
                     : 0;
    double new = is_kind(&walk->new, values.new, EG_JSON_NUMBER)
                     ? eg_json_double(&walk->new, values.new)
                     : 0;
    bool still_multiples = new > 0 && fmod(old, new) == 0;
    note_bound(walk, values, keyword, still_multiples ? -1 : 1);
}

void eg_schema_diff_pattern(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                            struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    if (values.old == EG_JSON_NONE || values.new == EG_JSON_NONE) {
        note_bound(walk, values, keyword, values.old == EG_JSON_NONE ? 1 : -1);
        return;
    }
    if (eg_json_equal(&walk->old, values.old, &walk->new, values.new))
        return;
    struct eg_span old = eg_schema_diff_brief(&walk->old, values.old);
    struct eg_span new = eg_schema_diff_brief(&walk->new, values.new);
    eg_schema_diff_walk_note(walk, values, EG_SCHEMA_UNKNOWN, "%s was %.*s, is %.*s", keyword,
                             EG_SPAN_ARGS(old), EG_SPAN_ARGS(new));
}

void eg_schema_diff_format(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    if (values.new == EG_JSON_NONE) {
        eg_schema_diff_walk_note(walk, values, EG_SCHEMA_COMPATIBLE, "no format any more");
        return;
    }
    if (values.old != EG_JSON_NONE && eg_json_equal(&walk->old, values.old, &walk->new, values.new))
        return;
    struct eg_span text = eg_schema_diff_brief(&walk->new, values.new);
    eg_schema_diff_walk_note(walk, values, EG_SCHEMA_UNKNOWN,
                             "format is %.*s now: breaking where formats are asserted",
                             EG_SPAN_ARGS(text));
}

void eg_schema_diff_unique(struct eg_schema_diff_walk *walk, struct eg_schema_diff_pair schemas,
                           struct eg_schema_diff_pair values, const char *keyword)
{
    (void)schemas;
    (void)keyword;
    bool old = is_kind(&walk->old, values.old, EG_JSON_TRUE);
    bool new = is_kind(&walk->new, values.new, EG_JSON_TRUE);
    if (old != new)
        eg_schema_diff_walk_note(walk, values, new ? EG_SCHEMA_BREAKING : EG_SCHEMA_COMPATIBLE,
                                 new ? "items must be unique now" : "items may repeat now");
}
