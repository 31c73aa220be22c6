/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions that are written alike are one. They are numbered by how many events they may let
 * through, guessed from their operators: of a field that a thousand rules compare with a thousand
 * texts each text is rare, a field that need only be there is not. The matcher looks at a rule's
 * conditions in that order, so that most rules cost nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rules/build.h"

/* Guesses: what part of the values an operator lets through. */
#define WIDTH_BLOCK    0.2
#define WIDTH_RANGE    0.3
#define WIDTH_ABSENT   0.5
#define WIDTH_BUT      0.9
#define WIDTH_ANYTHING 0.95

struct tally {
    uint32_t texts;   /* distinct whole values that rules of the field name */
    uint32_t affixes; /* prefixes, suffixes, wildcards */
};

static uint32_t number_of(struct eg_rules_builder *builder,
                          const struct eg_rules_condition *condition, uint32_t field)
{
    uint32_t next = builder->condition_count;
    uint32_t number = eg_rules_table_put(&builder->condition_numbers, field, condition->text, next);
    if (number != next)
        return number;
    if (next == builder->condition_capacity) {
        builder->condition_capacity = next ? next * 2 : 64;
        builder->conditions = eg_realloc_array(builder->conditions, builder->condition_capacity,
                                               sizeof(*builder->conditions));
    }
    builder->conditions[next] =
        (struct eg_rules_condition_draft){.condition = condition, .field = field, .number = next};
    builder->condition_count++;
    return number;
}

static void collect_pattern(struct eg_rules_builder *builder,
                            const struct eg_rules_pattern *pattern, uint32_t rule,
                            uint32_t *clause_count)
{
    uint32_t fields[EG_RULES_MAX_FIELDS];
    for (size_t i = 0; i < pattern->field_count; i++)
        fields[i] = eg_rules_table_find(&builder->field_numbers, 0, pattern->fields[i]);
    for (size_t i = 0; i < pattern->conjunction_count; i++) {
        const struct eg_rules_conjunction *conjunction = &pattern->conjunctions[i];
        builder->rules[builder->rule_count++] =
            (struct eg_rules_rule_draft){*clause_count, (uint32_t)conjunction->count, rule};
        for (size_t j = 0; j < conjunction->count; j++)
            builder->clauses[(*clause_count)++] = number_of(
                builder, conjunction->clauses[j].condition, fields[conjunction->clauses[j].field]);
    }
}

static bool is_whole(const struct eg_rules_test *test)
{
    return test->kind == EG_RULES_TEST_TEXT || test->kind == EG_RULES_TEST_TEXT_FOLDED ||
           (test->kind == EG_RULES_TEST_RANGE && test->low.text.ptr &&
            test->low.text.ptr == test->high.text.ptr) ||
           (test->kind == EG_RULES_TEST_ADDRESS &&
            test->address.prefix_bits == test->address.byte_count * 8);
}

static bool is_affix(const struct eg_rules_test *test)
{
    return test->text.len > 1 &&
           (test->kind == EG_RULES_TEST_PREFIX || test->kind == EG_RULES_TEST_SUFFIX ||
            test->kind == EG_RULES_TEST_PREFIX_FOLDED ||
            test->kind == EG_RULES_TEST_SUFFIX_FOLDED || test->kind == EG_RULES_TEST_WILDCARD);
}

static double width_of_test(const struct eg_rules_test *test, const struct tally *tally)
{
    if (is_whole(test))
        return 1.0 / (1.0 + tally->texts);
    if (is_affix(test))
        return 2.0 / (3.0 + tally->affixes);
    switch (test->kind) {
    case EG_RULES_TEST_ADDRESS:
        return WIDTH_BLOCK;
    case EG_RULES_TEST_RANGE:
    case EG_RULES_TEST_TRUE:
    case EG_RULES_TEST_FALSE:
    case EG_RULES_TEST_NULL:
        return WIDTH_RANGE;
    default:
        return WIDTH_ANYTHING;
    }
}

static void measure(struct eg_rules_builder *builder)
{
    EG_AUTOFREE struct tally *tallies =
        eg_calloc((size_t)builder->set->field_count + 1, sizeof(*tallies));
    for (uint32_t i = 0; i < builder->condition_count; i++) {
        const struct eg_rules_condition_draft *draft = &builder->conditions[i];
        for (size_t j = 0; j < draft->condition->test_count; j++) {
            tallies[draft->field].texts += is_whole(&draft->condition->tests[j]);
            tallies[draft->field].affixes += is_affix(&draft->condition->tests[j]);
        }
    }
    for (uint32_t i = 0; i < builder->condition_count; i++) {
        struct eg_rules_condition_draft *draft = &builder->conditions[i];
        for (size_t j = 0; j < draft->condition->test_count; j++)
            draft->width += width_of_test(&draft->condition->tests[j], &tallies[draft->field]);
        draft->width += draft->condition->absent ? WIDTH_ABSENT : 0;
        draft->width += draft->condition->but_count ? WIDTH_BUT : 0;
    }
}

static int compare_drafts(const void *a, const void *b)
{
    const struct eg_rules_condition_draft *left = a;
    const struct eg_rules_condition_draft *right = b;
    if (left->width < right->width || left->width > right->width)
        return left->width < right->width ? -1 : 1;
    if (left->field != right->field)
        return left->field < right->field ? -1 : 1;
    return left->number < right->number ? -1 : 1;
}

/* Sorts the conditions and writes their new numbers into the clauses. */
static void renumber(struct eg_rules_builder *builder, uint32_t clause_count)
{
    if (builder->condition_count == 0)
        return;
    qsort(builder->conditions, builder->condition_count, sizeof(*builder->conditions),
          compare_drafts);
    EG_AUTOFREE uint32_t *places = eg_calloc(builder->condition_count, sizeof(*places));
    for (uint32_t i = 0; i < builder->condition_count; i++)
        places[builder->conditions[i].number] = i;
    for (uint32_t i = 0; i < clause_count; i++)
        builder->clauses[i] = places[builder->clauses[i]];
}

void eg_rules_build_conditions(struct eg_rules_builder *builder)
{
    struct eg_rules_set *set = builder->set;
    uint32_t clause_count = 0;
    for (size_t i = 0; i < builder->pattern_count; i++)
        collect_pattern(builder, builder->patterns[i], (uint32_t)i, &clause_count);
    measure(builder);
    renumber(builder, clause_count);
    set->conditions = eg_calloc((size_t)builder->condition_count + 1, sizeof(*set->conditions));
    set->condition_count = builder->condition_count;
    for (uint32_t i = 0; i < builder->condition_count; i++) {
        const struct eg_rules_condition *condition = builder->conditions[i].condition;
        set->conditions[i] = (struct eg_rules_condition_info){
            .field = builder->conditions[i].field,
            .first_but = set->but_count,
            .but_count = (uint32_t)condition->but_count,
            .absent = condition->absent,
        };
        set->but_count += (uint32_t)condition->but_count;
    }
}
