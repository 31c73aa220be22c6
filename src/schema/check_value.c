/* SPDX-License-Identifier: Apache-2.0 */
/* Checks that compare the instance with a value of the schema. Each knows the instance's kind. */
#include <string.h>

#include "base/span.h"
#include "schema/number.h"
#include "schema/run.h"

bool eg_schema_check_type(struct eg_schema_run *run, const struct eg_schema_node *node,
                          const struct eg_schema_rule *rule, eg_json_index index,
                          uint64_t *evaluated)
{
    (void)evaluated;
    return eg_schema_type_fits(run, node, (uint8_t)rule->a, index);
}

/* Among the values that are no strings, sorted by hash. */
static bool has_value(const struct eg_schema_run *run, const struct eg_schema_enum *values,
                      eg_json_index index)
{
    const struct eg_schema *schema = run->schema;
    const struct eg_schema_enum_value *items = &schema->enum_values.items[values->first];
    uint64_t hash = eg_json_hash(run->document, index);
    uint32_t low = 0;
    uint32_t high = values->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (items[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < values->count && items[low].hash == hash; low++)
        if (eg_json_equal(eg_schema_json(schema, values->document), items[low].index, run->document,
                          index))
            return true;
    return false;
}

bool eg_schema_check_enum(struct eg_schema_run *run, const struct eg_schema_node *node,
                          const struct eg_schema_rule *rule, eg_json_index index,
                          uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    const struct eg_schema_enum *values = &run->schema->enums.items[rule->a];
    enum eg_json_kind kind = eg_json_kind(run->document, index);
    if (!((unsigned)values->kinds >> kind & 1u))
        return false;
    if (kind == EG_JSON_STRING)
        return eg_schema_name_table_find(&values->strings, eg_json_string(run->document, index)) !=
               EG_SCHEMA_NAME_NONE;
    return has_value(run, values, index);
}

/* At most 17 digits and a sign, as integers are written. */
static bool small_integer(const struct eg_json_document *document, eg_json_index index,
                          int64_t *ret_value)
{
    const struct eg_json_node *node = eg_json_node(document, index);
    if (!(node->info & EG_JSON_INTEGER) || node->bytes > 18)
        return false;
    const char *at = document->text + node->start;
    const char *end = at + node->bytes;
    bool negative = *at == '-';
    at += negative;
    int64_t value = 0;
    for (; at < end; at++)
        value = value * 10 + (*at - '0');
    *ret_value = negative ? -value : value;
    return true;
}

/* -12.5 as -12 and the sign of what is cut off; no exponent, few digits. */
static bool small_decimal(struct eg_span text, int64_t *ret_whole, int *ret_rest)
{
    const char *at = text.ptr;
    const char *end = at + (text.len <= 18 ? text.len : 0);
    bool negative = at < end && *at == '-';
    int64_t whole = 0;
    for (at += negative; at < end && *at >= '0' && *at <= '9'; at++)
        whole = whole * 10 + (*at - '0');
    if (at == end || *at != '.')
        return false;
    int rest = 0;
    for (at++; at < end && *at >= '0' && *at <= '9'; at++)
        rest |= *at != '0';
    *ret_whole = negative ? -whole : whole;
    *ret_rest = negative ? -rest : rest;
    return at == end;
}

static int compare(const struct eg_schema_run *run, eg_json_index index,
                   const struct eg_schema_number *number)
{
    struct eg_span text = eg_json_text(run->document, index);
    int64_t value;
    int rest = 0;
    if (number->has_value &&
        (small_integer(run->document, index, &value) || small_decimal(text, &value, &rest)))
        return value != number->value ? (value < number->value ? -1 : 1) : rest;
    return eg_json_number_compare(text, number->text);
}

bool eg_schema_check_limit(struct eg_schema_run *run, const struct eg_schema_node *node,
                           const struct eg_schema_rule *rule, eg_json_index index,
                           uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_NUMBER)
        return true;
    int order = compare(run, index, &run->schema->numbers.items[rule->a]);
    if (order == 0)
        return rule->b == 0;
    bool is_minimum =
        rule->keyword == EG_SCHEMA_MINIMUM || rule->keyword == EG_SCHEMA_EXCLUSIVE_MINIMUM;
    return is_minimum ? order > 0 : order < 0;
}

bool eg_schema_check_multiple_of(struct eg_schema_run *run, const struct eg_schema_node *node,
                                 const struct eg_schema_rule *rule, eg_json_index index,
                                 uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_NUMBER)
        return true;
    const struct eg_schema_number *divisor = &run->schema->numbers.items[rule->a];
    int64_t value;
    if (divisor->has_value && small_integer(run->document, index, &value))
        return value % divisor->value == 0;
    return eg_schema_number_is_multiple(eg_json_text(run->document, index), divisor->text);
}

size_t eg_schema_string_length(struct eg_span string)
{
    size_t length = 0;
    for (size_t i = 0; i < string.len; i++)
        length += ((unsigned char)string.ptr[i] & 0xc0u) != 0x80u;
    return length;
}

/* A code point has one to four bytes: most strings need no counting. */
bool eg_schema_check_min_length(struct eg_schema_run *run, const struct eg_schema_node *node,
                                const struct eg_schema_rule *rule, eg_json_index index,
                                uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_STRING)
        return true;
    struct eg_span string = eg_json_string(run->document, index);
    if (string.len < rule->a)
        return false;
    return string.len / 4 >= rule->a || eg_schema_string_length(string) >= rule->a;
}

bool eg_schema_check_max_length(struct eg_schema_run *run, const struct eg_schema_node *node,
                                const struct eg_schema_rule *rule, eg_json_index index,
                                uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_STRING)
        return true;
    struct eg_span string = eg_json_string(run->document, index);
    return string.len <= rule->a || eg_schema_string_length(string) <= rule->a;
}

bool eg_schema_regex_fits(struct eg_schema_run *run, uint32_t regex, struct eg_span subject,
                          eg_json_index index, const char *keyword)
{
    enum eg_regex_result result = eg_regex_match(run->schema->regexes.items[regex], subject);
    if (EG_UNLIKELY(result == EG_REGEX_LIMIT))
        return eg_schema_run_stop(run, EG_SCHEMA_STOP_REGEX, index, keyword);
    return result == EG_REGEX_MATCH;
}

bool eg_schema_check_pattern(struct eg_schema_run *run, const struct eg_schema_node *node,
                             const struct eg_schema_rule *rule, eg_json_index index,
                             uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_STRING)
        return true;
    return eg_schema_regex_fits(run, rule->a, eg_json_string(run->document, index), index,
                                "pattern");
}

bool eg_schema_check_format(struct eg_schema_run *run, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule, eg_json_index index,
                            uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_STRING)
        return true;
    return eg_schema_format_check(run->schema->formats.items[rule->a],
                                  eg_json_string(run->document, index));
}

/* The kind that minItems and the like, or minProperties and the like, are about. */
static bool is_counted(const struct eg_schema_run *run, const struct eg_schema_rule *rule,
                       eg_json_index index)
{
    bool items = rule->keyword == EG_SCHEMA_MIN_ITEMS || rule->keyword == EG_SCHEMA_MAX_ITEMS;
    return eg_json_kind(run->document, index) == (items ? EG_JSON_ARRAY : EG_JSON_OBJECT);
}

bool eg_schema_check_min_count(struct eg_schema_run *run, const struct eg_schema_node *node,
                               const struct eg_schema_rule *rule, eg_json_index index,
                               uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    return !is_counted(run, rule, index) || eg_json_count(run->document, index) >= rule->a;
}

bool eg_schema_check_max_count(struct eg_schema_run *run, const struct eg_schema_node *node,
                               const struct eg_schema_rule *rule, eg_json_index index,
                               uint64_t *evaluated)
{
    (void)node;
    (void)evaluated;
    return !is_counted(run, rule, index) || eg_json_count(run->document, index) <= rule->a;
}
