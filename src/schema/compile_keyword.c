/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builders of the keywords that compare the instance with a value. Each checks its value by itself:
 * a reference may lead to places that no meta-schema has seen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "schema/compiler.h"
#include "schema/number.h"

static enum eg_json_kind kind_of(const struct eg_schema_compiler *compiler, eg_json_index index)
{
    return eg_json_kind(eg_schema_compiler_json(compiler), index);
}

static const struct {
    const char *name;
    uint8_t types;
} type_names[] = {
    {"null", 1u << EG_JSON_NULL},     {"boolean", 1u << EG_JSON_FALSE | 1u << EG_JSON_TRUE},
    {"number", 1u << EG_JSON_NUMBER}, {"integer", EG_SCHEMA_TYPE_INTEGER},
    {"string", 1u << EG_JSON_STRING}, {"array", 1u << EG_JSON_ARRAY},
    {"object", 1u << EG_JSON_OBJECT},
};

static int add_type(const struct eg_schema_compiler *compiler, eg_json_index index, uint8_t *types,
                    struct eg_error *err)
{
    if (kind_of(compiler, index) == EG_JSON_STRING) {
        struct eg_span name = eg_json_string(eg_schema_compiler_json(compiler), index);
        for (size_t i = 0; i < EG_ARRAY_COUNT(type_names); i++) {
            if (eg_span_is(name, type_names[i].name)) {
                *types |= type_names[i].types;
                return 0;
            }
        }
    }
    return eg_schema_expected(
        compiler, index,
        "one of \"null\", \"boolean\", \"number\", \"integer\", \"string\", \"array\", \"object\"",
        err);
}

/* a: the bits of eg_schema_node.types. */
static int build_type(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                      struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    uint8_t types = 0;
    if (kind_of(compiler, rule->value) == EG_JSON_ARRAY) {
        for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value); i++)
            if (add_type(compiler, i, &types, err) != 0)
                return -1;
    } else if (add_type(compiler, rule->value, &types, err) != 0) {
        return -1;
    }
    rule->a = types;
    compiler->schema->nodes.items[compiler->node].types = types;
    return 0;
}

static int compare_hash(const void *a, const void *b)
{
    uint64_t x = ((const struct eg_schema_enum_value *)a)->hash;
    uint64_t y = ((const struct eg_schema_enum_value *)b)->hash;
    return x < y ? -1 : x > y;
}

static void sort_values(struct eg_schema *schema, struct eg_schema_enum *values)
{
    values->count = schema->enum_values.count - values->first;
    if (values->count)
        qsort(&schema->enum_values.items[values->first], values->count,
              sizeof(*schema->enum_values.items), compare_hash);
}

static void add_value(struct eg_schema_compiler *compiler, struct eg_schema_enum *values,
                      eg_json_index index, struct eg_span *names, uint32_t *name_count)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    enum eg_json_kind kind = eg_json_kind(json, index);
    values->kinds = (uint8_t)(values->kinds | 1u << kind);
    if (kind == EG_JSON_STRING)
        names[(*name_count)++] = eg_json_string(json, index);
    else
        EG_SCHEMA_PUSH(compiler->schema->enum_values,
                       (struct eg_schema_enum_value){eg_json_hash(json, index), index});
}

/* a: number in schema->enums. */
static int build_enum(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                      struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    struct eg_schema *schema = compiler->schema;
    struct eg_schema_enum values = {.first = schema->enum_values.count,
                                    .document = compiler->at.document};
    bool one = rule->keyword == EG_SCHEMA_CONST;
    if (!one && kind_of(compiler, rule->value) != EG_JSON_ARRAY)
        return eg_schema_expected(compiler, rule->value, "an array", err);
    uint32_t count = one ? 1 : eg_json_count(json, rule->value);
    EG_AUTOFREE struct eg_span *names = eg_malloc((count + 1u) * sizeof(*names));
    uint32_t name_count = 0;
    if (one)
        add_value(compiler, &values, rule->value, names, &name_count);
    for (eg_json_index i = rule->value + 1; !one && i < eg_json_next(json, rule->value);
         i = eg_json_next(json, i))
        add_value(compiler, &values, i, names, &name_count);
    eg_schema_name_table_build(&values.strings, names, name_count);
    sort_values(schema, &values);
    rule->a = schema->enums.count;
    EG_SCHEMA_PUSH(schema->enums, values);
    return 0;
}

static uint32_t push_number(struct eg_schema_compiler *compiler, eg_json_index index)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    struct eg_schema_number number = {.text = eg_json_text(json, index)};
    number.has_value = eg_json_int64(json, index, &number.value);
    EG_SCHEMA_PUSH(compiler->schema->numbers, number);
    return compiler->schema->numbers.count - 1;
}

/* Draft 4: a boolean beside the limit makes it exclusive. */
static bool is_exclusive_in_draft_4(const struct eg_schema_compiler *compiler,
                                    const struct eg_schema_rule *rule)
{
    if (compiler->dialect.draft != EG_SCHEMA_DRAFT_4)
        return false;
    eg_json_index flag = eg_schema_sibling(compiler, rule->keyword == EG_SCHEMA_MINIMUM
                                                         ? EG_SCHEMA_EXCLUSIVE_MINIMUM
                                                         : EG_SCHEMA_EXCLUSIVE_MAXIMUM);
    return flag != EG_JSON_NONE && kind_of(compiler, flag) == EG_JSON_TRUE;
}

/* a: number in schema->numbers; b: 1 when the limit itself does not fit. */
static int build_limit(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                       struct eg_error *err)
{
    if (kind_of(compiler, rule->value) != EG_JSON_NUMBER)
        return eg_schema_expected(compiler, rule->value, "a number", err);
    rule->a = push_number(compiler, rule->value);
    rule->b = rule->keyword == EG_SCHEMA_EXCLUSIVE_MINIMUM ||
              rule->keyword == EG_SCHEMA_EXCLUSIVE_MAXIMUM ||
              is_exclusive_in_draft_4(compiler, rule);
    return 0;
}

/* a: number in schema->numbers. */
static int build_multiple_of(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                             struct eg_error *err)
{
    if (kind_of(compiler, rule->value) != EG_JSON_NUMBER ||
        !eg_schema_number_can_divide(eg_json_text(eg_schema_compiler_json(compiler), rule->value)))
        return eg_schema_expected(compiler, rule->value,
                                  "a number greater than 0, with at most 100 digits", err);
    rule->a = push_number(compiler, rule->value);
    return 0;
}

int eg_schema_build_count(struct eg_schema_compiler *compiler, eg_json_index value,
                          uint32_t *ret_count, struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    struct eg_span text = eg_json_text(json, value);
    if (kind_of(compiler, value) != EG_JSON_NUMBER || !eg_schema_number_is_integer(text) ||
        eg_json_number_compare(text, EG_SPAN_LITERAL("0")) < 0)
        return eg_schema_expected(compiler, value, "an integer, 0 or more", err);
    int64_t count;
    bool fits = eg_json_int64(json, value, &count) && count < UINT32_MAX;
    *ret_count = fits ? (uint32_t)count : UINT32_MAX;
    return 0;
}

/* a: the count. */
static int build_count(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                       struct eg_error *err)
{
    return eg_schema_build_count(compiler, rule->value, &rule->a, err);
}

int eg_schema_build_regex(struct eg_schema_compiler *compiler, eg_json_index place,
                          uint32_t *ret_regex, struct eg_error *err)
{
    struct eg_schema *schema = compiler->schema;
    if (kind_of(compiler, place) != EG_JSON_STRING)
        return eg_schema_expected(compiler, place, "a regular expression in a string", err);
    struct eg_regex *regex;
    struct eg_error reason;
    if (eg_regex_compile(eg_json_string(eg_schema_compiler_json(compiler), place), EG_REGEX_ECMA,
                         &regex, &reason) != 0)
        return eg_schema_library_error(&schema->library, compiler->at.document, place, err,
                                       "expected a regular expression (ECMA-262): %s",
                                       reason.message);
    *ret_regex = schema->regexes.count;
    EG_SCHEMA_PUSH(schema->regexes, regex);
    return 0;
}

/* a: number in schema->regexes. */
static int build_pattern(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                         struct eg_error *err)
{
    return eg_schema_build_regex(compiler, rule->value, &rule->a, err);
}

/* a: number in schema->formats. */
static int build_format(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                        struct eg_error *err)
{
    if (kind_of(compiler, rule->value) != EG_JSON_STRING)
        return eg_schema_expected(compiler, rule->value, "a string", err);
    bool asserted = compiler->options->assert_format ||
                    (compiler->dialect.vocabularies & EG_SCHEMA_VOCABULARY_FORMAT_ASSERTION);
    struct eg_span name = eg_json_string(eg_schema_compiler_json(compiler), rule->value);
    const struct eg_schema_format *format =
        asserted ? eg_schema_format_find(compiler->dialect.draft, name) : NULL;
    if (!format) {
        rule->keyword = EG_SCHEMA_KEYWORDS;
        return 0;
    }
    rule->a = compiler->schema->formats.count;
    EG_SCHEMA_PUSH(compiler->schema->formats, format);
    return 0;
}

static int build_unique_items(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                              struct eg_error *err)
{
    enum eg_json_kind kind = kind_of(compiler, rule->value);
    if (kind != EG_JSON_TRUE && kind != EG_JSON_FALSE)
        return eg_schema_expected(compiler, rule->value, "true or false", err);
    if (kind == EG_JSON_FALSE)
        rule->keyword = EG_SCHEMA_KEYWORDS;
    return 0;
}

static int expect_names(struct eg_schema_compiler *compiler, eg_json_index list,
                        struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    if (kind_of(compiler, list) != EG_JSON_ARRAY)
        return eg_schema_expected(compiler, list, "an array of strings", err);
    for (eg_json_index i = list + 1; i < eg_json_next(json, list); i = eg_json_next(json, i))
        if (kind_of(compiler, i) != EG_JSON_STRING)
            return eg_schema_expected(compiler, i, "a string", err);
    return 0;
}

static int build_required(struct eg_schema_compiler *compiler, struct eg_schema_rule *rule,
                          struct eg_error *err)
{
    return expect_names(compiler, rule->value, err);
}

static int build_dependent_required(struct eg_schema_compiler *compiler,
                                    struct eg_schema_rule *rule, struct eg_error *err)
{
    const struct eg_json_document *json = eg_schema_compiler_json(compiler);
    if (kind_of(compiler, rule->value) != EG_JSON_OBJECT)
        return eg_schema_expected(compiler, rule->value, "an object", err);
    for (eg_json_index i = rule->value + 1; i < eg_json_next(json, rule->value);
         i = eg_json_next(json, i + 1))
        if (expect_names(compiler, i + 1, err) != 0)
            return -1;
    return 0;
}

eg_schema_build *const eg_schema_value_builders[EG_SCHEMA_KEYWORDS] = {
    [EG_SCHEMA_TYPE] = build_type,
    [EG_SCHEMA_CONST] = build_enum,
    [EG_SCHEMA_ENUM] = build_enum,
    [EG_SCHEMA_MINIMUM] = build_limit,
    [EG_SCHEMA_MAXIMUM] = build_limit,
    [EG_SCHEMA_EXCLUSIVE_MINIMUM] = build_limit,
    [EG_SCHEMA_EXCLUSIVE_MAXIMUM] = build_limit,
    [EG_SCHEMA_MULTIPLE_OF] = build_multiple_of,
    [EG_SCHEMA_MIN_LENGTH] = build_count,
    [EG_SCHEMA_MAX_LENGTH] = build_count,
    [EG_SCHEMA_PATTERN] = build_pattern,
    [EG_SCHEMA_FORMAT] = build_format,
    [EG_SCHEMA_MIN_ITEMS] = build_count,
    [EG_SCHEMA_MAX_ITEMS] = build_count,
    [EG_SCHEMA_UNIQUE_ITEMS] = build_unique_items,
    [EG_SCHEMA_MIN_PROPERTIES] = build_count,
    [EG_SCHEMA_MAX_PROPERTIES] = build_count,
    [EG_SCHEMA_REQUIRED] = build_required,
    [EG_SCHEMA_DEPENDENT_REQUIRED] = build_dependent_required,
};
