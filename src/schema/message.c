/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of each failure, as python-jsonschema 4.26 says them (_keywords.py and
 * _legacy_keywords.py), values as Python prints them.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/span.h"
#include "schema/explain.h"
#include "text/python.h"

#define BRIEF_BYTES 1000u /* a longer value in a message that is not told in full */

struct writer {
    const struct eg_schema_run *run;
    const struct eg_schema_fault *fault;
    const struct eg_json_document *json; /* of the schema */
    struct eg_buffer *out;
    bool whole;
};

static void say(struct writer *writer, const char *text)
{
    eg_buffer_append_text(writer->out, text);
}

static void repr(struct writer *writer, const struct eg_json_document *document,
                 eg_json_index index)
{
    if (writer->whole || eg_json_node(document, index)->bytes <= BRIEF_BYTES) {
        eg_python_repr(writer->out, document, index);
        return;
    }
    enum eg_json_kind kind = eg_json_kind(document, index);
    say(writer, kind == EG_JSON_OBJECT ? "{...}" : kind == EG_JSON_ARRAY ? "[...]" : "...");
}

/* The value that failed. */
static void instance(struct writer *writer)
{
    repr(writer, writer->run->document, writer->fault->index);
}

/* The keyword's value. */
static void value(struct writer *writer)
{
    repr(writer, writer->json, writer->fault->rule->value);
}

static void instance_then_value(struct writer *writer, const char *between)
{
    instance(writer);
    say(writer, between);
    value(writer);
}

static void say_type(struct writer *writer)
{
    eg_json_index types = writer->fault->rule->value;
    instance(writer);
    say(writer, " is not of type ");
    if (eg_json_kind(writer->json, types) != EG_JSON_ARRAY) {
        value(writer);
        return;
    }
    for (eg_json_index i = types + 1; i < eg_json_next(writer->json, types); i++) {
        say(writer, i == types + 1 ? "" : ", ");
        repr(writer, writer->json, i);
    }
}

static void say_enum(struct writer *writer)
{
    instance_then_value(writer, " is not one of ");
}

static void say_const(struct writer *writer)
{
    value(writer);
    say(writer, " was expected");
}

static void say_minimum(struct writer *writer)
{
    instance_then_value(writer, writer->fault->rule->b ? " is less than or equal to the minimum of "
                                                       : " is less than the minimum of ");
}

static void say_maximum(struct writer *writer)
{
    instance_then_value(writer, writer->fault->rule->b
                                    ? " is greater than or equal to the maximum of "
                                    : " is greater than the maximum of ");
}

static void say_multiple_of(struct writer *writer)
{
    instance_then_value(writer, " is not a multiple of ");
}

static void say_too_short(struct writer *writer)
{
    instance(writer);
    say(writer, writer->fault->rule->a == 1 ? " should be non-empty" : " is too short");
}

static void say_too_long(struct writer *writer)
{
    instance(writer);
    say(writer, writer->fault->rule->a == 0 ? " is expected to be empty" : " is too long");
}

static void say_few_properties(struct writer *writer)
{
    instance(writer);
    say(writer,
        writer->fault->rule->a == 1 ? " should be non-empty" : " does not have enough properties");
}

static void say_many_properties(struct writer *writer)
{
    instance(writer);
    say(writer,
        writer->fault->rule->a == 0 ? " is expected to be empty" : " has too many properties");
}

static void say_pattern(struct writer *writer)
{
    instance_then_value(writer, " does not match ");
}

static void say_format(struct writer *writer)
{
    instance_then_value(writer, " is not a ");
}

static void say_unique(struct writer *writer)
{
    instance(writer);
    say(writer, " has non-unique elements");
}

static void say_not(struct writer *writer)
{
    instance_then_value(writer, " should not be valid under ");
}

static void say_required(struct writer *writer)
{
    repr(writer, writer->json, writer->fault->name);
    say(writer, " is a required property");
}

static void say_dependent(struct writer *writer)
{
    repr(writer, writer->json, writer->fault->name);
    say(writer, " is a dependency of ");
    repr(writer, writer->json, writer->fault->because);
}

static void say_any_of(struct writer *writer)
{
    const struct eg_schema_fault *fault = writer->fault;
    instance(writer);
    if (fault->reason != EG_SCHEMA_REASON_TOO_MANY) {
        say(writer, " is not valid under any of the given schemas");
        return;
    }
    say(writer, " is valid under each of ");
    for (uint32_t i = 0; i < fault->extra_count; i++) {
        const struct eg_schema_node *node = &writer->run->schema->nodes.items[fault->extras[i]];
        say(writer, i ? ", " : "");
        repr(writer, eg_schema_json(writer->run->schema, node->document), node->index);
    }
}

static void sibling_value(struct writer *writer, enum eg_schema_keyword keyword)
{
    eg_json_index index = eg_json_member(writer->json, writer->fault->node->index,
                                         eg_schema_keyword_infos[keyword].text);
    if (index != EG_JSON_NONE)
        repr(writer, writer->json, index);
    else
        say(writer, "1");
}

static void say_contains(struct writer *writer)
{
    const struct eg_schema_fault *fault = writer->fault;
    if (fault->reason == EG_SCHEMA_REASON_TOO_MANY) {
        say(writer, "Too many items match the given schema (expected at most ");
        sibling_value(writer, EG_SCHEMA_MAX_CONTAINS);
        say(writer, ")");
    } else if (fault->reason == EG_SCHEMA_REASON_TOO_FEW) {
        say(writer, "Too few items match the given schema (expected at least ");
        sibling_value(writer, EG_SCHEMA_MIN_CONTAINS);
        eg_buffer_printf(writer->out, " but only %" PRIu32 " matched)", fault->count);
    } else if (eg_schema_node_draft(writer->run->schema, fault->node) < EG_SCHEMA_DRAFT_2019_09) {
        say(writer, "None of ");
        instance(writer);
        say(writer, " are valid under the given schema");
    } else {
        instance(writer);
        say(writer, " does not contain items matching the given schema");
    }
}

static int compare_spans(const void *a, const void *b)
{
    return eg_span_compare(*(const struct eg_span *)a, *(const struct eg_span *)b);
}

static void say_names(struct writer *writer, struct eg_span *names, uint32_t count, bool sorted)
{
    if (sorted && count)
        qsort(names, count, sizeof(*names), compare_spans);
    for (uint32_t i = 0; i < count; i++) {
        say(writer, i ? ", " : "");
        if (!writer->whole && writer->out->len > BRIEF_BYTES) {
            say(writer, "...");
            return;
        }
        eg_python_repr_string(writer->out, names[i]);
    }
}

/* The members among the extras. */
static void say_extra_names(struct writer *writer, bool sorted)
{
    const struct eg_schema_fault *fault = writer->fault;
    EG_AUTOFREE struct eg_span *names = eg_malloc((fault->extra_count + 1u) * sizeof(*names));
    for (uint32_t i = 0; i < fault->extra_count; i++)
        names[i] = eg_json_string(writer->run->document, fault->extras[i]);
    say_names(writer, names, fault->extra_count, sorted);
}

static void say_extra_values(struct writer *writer)
{
    const struct eg_schema_fault *fault = writer->fault;
    for (uint32_t i = 0; i < fault->extra_count; i++) {
        say(writer, i ? ", " : "");
        if (!writer->whole && writer->out->len > BRIEF_BYTES) {
            say(writer, "...");
            return;
        }
        repr(writer, writer->run->document, fault->extras[i]);
    }
}

static const char *was_or_were(const struct writer *writer)
{
    return writer->fault->extra_count == 1 ? "was" : "were";
}

static void say_pattern_names(struct writer *writer, eg_json_index patterns)
{
    uint32_t count = eg_json_count(writer->json, patterns);
    EG_AUTOFREE struct eg_span *names = eg_malloc((count + 1u) * sizeof(*names));
    eg_json_index name = patterns + 1;
    for (uint32_t i = 0; i < count; i++, name = eg_json_next(writer->json, name + 1))
        names[i] = eg_json_string(writer->json, name);
    say_names(writer, names, count, true);
}

static void say_additional_properties(struct writer *writer)
{
    eg_json_index patterns =
        eg_json_member(writer->json, writer->fault->node->index,
                       eg_schema_keyword_infos[EG_SCHEMA_PATTERN_PROPERTIES].text);
    if (patterns != EG_JSON_NONE && eg_json_kind(writer->json, patterns) == EG_JSON_OBJECT) {
        say_extra_names(writer, true);
        say(writer, writer->fault->extra_count == 1 ? " does" : " do");
        say(writer, " not match any of the regexes: ");
        say_pattern_names(writer, patterns);
        return;
    }
    say(writer, "Additional properties are not allowed (");
    say_extra_names(writer, true);
    eg_buffer_printf(writer->out, " %s unexpected)", was_or_were(writer));
}

static void say_additional_items(struct writer *writer)
{
    say(writer, "Additional items are not allowed (");
    say_extra_values(writer);
    eg_buffer_printf(writer->out, " %s unexpected)", was_or_were(writer));
}

static void say_items(struct writer *writer)
{
    const struct eg_schema_fault *fault = writer->fault;
    eg_buffer_printf(writer->out, "Expected at most %" PRIu32 " %s but found %" PRIu32 " extra: ",
                     fault->rule->b, fault->rule->b == 1 ? "item" : "items", fault->extra_count);
    say(writer, fault->extra_count == 1 ? "" : "[");
    say_extra_values(writer);
    say(writer, fault->extra_count == 1 ? "" : "]");
}

static void say_unevaluated_items(struct writer *writer)
{
    say(writer, "Unevaluated items are not allowed (");
    say_extra_values(writer);
    eg_buffer_printf(writer->out, " %s unexpected)", was_or_were(writer));
}

static void say_unevaluated_properties(struct writer *writer)
{
    bool forbidden = eg_json_kind(writer->json, writer->fault->rule->value) == EG_JSON_FALSE;
    say(writer, forbidden ? "Unevaluated properties are not allowed ("
                          : "Unevaluated properties are not valid under the given schema (");
    say_extra_names(writer, forbidden);
    eg_buffer_printf(writer->out, forbidden ? " %s unexpected)" : " %s unevaluated and invalid)",
                     was_or_were(writer));
}

static void (*const sayers[EG_SCHEMA_KEYWORDS])(struct writer *writer) = {
    [EG_SCHEMA_TYPE] = say_type,
    [EG_SCHEMA_CONST] = say_const,
    [EG_SCHEMA_ENUM] = say_enum,
    [EG_SCHEMA_MINIMUM] = say_minimum,
    [EG_SCHEMA_MAXIMUM] = say_maximum,
    [EG_SCHEMA_EXCLUSIVE_MINIMUM] = say_minimum,
    [EG_SCHEMA_EXCLUSIVE_MAXIMUM] = say_maximum,
    [EG_SCHEMA_MULTIPLE_OF] = say_multiple_of,
    [EG_SCHEMA_MIN_LENGTH] = say_too_short,
    [EG_SCHEMA_MAX_LENGTH] = say_too_long,
    [EG_SCHEMA_PATTERN] = say_pattern,
    [EG_SCHEMA_FORMAT] = say_format,
    [EG_SCHEMA_MIN_ITEMS] = say_too_short,
    [EG_SCHEMA_MAX_ITEMS] = say_too_long,
    [EG_SCHEMA_ITEMS] = say_items,
    [EG_SCHEMA_ADDITIONAL_ITEMS] = say_additional_items,
    [EG_SCHEMA_CONTAINS] = say_contains,
    [EG_SCHEMA_UNIQUE_ITEMS] = say_unique,
    [EG_SCHEMA_MIN_PROPERTIES] = say_few_properties,
    [EG_SCHEMA_MAX_PROPERTIES] = say_many_properties,
    [EG_SCHEMA_REQUIRED] = say_required,
    [EG_SCHEMA_ADDITIONAL_PROPERTIES] = say_additional_properties,
    [EG_SCHEMA_DEPENDENCIES] = say_dependent,
    [EG_SCHEMA_DEPENDENT_REQUIRED] = say_dependent,
    [EG_SCHEMA_ANY_OF] = say_any_of,
    [EG_SCHEMA_ONE_OF] = say_any_of,
    [EG_SCHEMA_NOT] = say_not,
    [EG_SCHEMA_UNEVALUATED_ITEMS] = say_unevaluated_items,
    [EG_SCHEMA_UNEVALUATED_PROPERTIES] = say_unevaluated_properties,
};

void eg_schema_message(struct eg_schema_run *run, const struct eg_schema_fault *fault, bool whole,
                       struct eg_buffer *out)
{
    struct writer writer = {run, fault, eg_schema_json(run->schema, fault->node->document), out,
                            whole};
    if (fault->reason == EG_SCHEMA_REASON_FALSE) {
        say(&writer, "False schema does not allow ");
        instance(&writer);
    } else if (fault->reason == EG_SCHEMA_REASON_UNNAMED) {
        instance(&writer);
        say(&writer, " is not valid under the given schema");
    } else {
        sayers[fault->rule->keyword](&writer);
    }
}

void eg_schema_stop_message(const struct eg_schema_run *run, struct eg_buffer *out)
{
    switch (run->stop) {
    case EG_SCHEMA_STOP_REGEX:
        eg_buffer_append_text(out, "a regular expression gave up at its limit of steps "
                                   "(5 million and 64 for each byte)");
        break;
    case EG_SCHEMA_STOP_NESTING:
        eg_buffer_printf(out, "validation gave up: schemas inside each other more than %u deep",
                         EG_SCHEMA_MAX_NESTING);
        break;
    case EG_SCHEMA_STOP_STEPS:
    case EG_SCHEMA_STOP_NONE:
        eg_buffer_append_text(out, "validation gave up: too many steps (1 million and 1000 for "
                                   "each value of the event)");
        break;
    }
}
