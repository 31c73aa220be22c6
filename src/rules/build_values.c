/* SPDX-License-Identifier: Apache-2.0 */
/* Teaches every field to recognise the values that its conditions name. A table by kind of test. */
#include <string.h>

#include "base/memory.h"
#include "base/span.h"
#include "rules/build.h"
#include "rules/wildcard.h"

struct target {
    struct eg_rules_set *set;
    struct eg_rules_field *field;
    uint32_t number; /* the field's */
    uint32_t mark;
};

static void mark_key(const struct target *target, enum eg_rules_space kind, struct eg_span key)
{
    uint32_t space = EG_RULES_SPACE(target->number, (uint32_t)kind);
    uint32_t accept = eg_rules_table_find(&target->set->table, space, key);
    bool is_new = accept == EG_RULES_NONE;
    eg_rules_marks_add(&target->set->marks, &accept, target->mark);
    if (is_new)
        (void)eg_rules_table_put(&target->set->table, space, key, accept);
}

static void teach_text(const struct target *target, const struct eg_rules_test *test)
{
    target->field->has_text = true;
    mark_key(target, EG_RULES_SPACE_TEXT, test->text);
}

static void teach_text_folded(const struct target *target, const struct eg_rules_test *test)
{
    target->field->has_folded = true;
    mark_key(target, EG_RULES_SPACE_FOLDED, test->text);
}

static void teach_affix(const struct target *target, uint32_t *root, struct eg_span text,
                        bool backward)
{
    struct eg_rules_automaton *automaton = &target->set->automaton;
    if (*root == EG_RULES_NONE)
        *root = eg_rules_automaton_root(automaton);
    uint32_t node = *root;
    for (size_t i = 0; i < text.len; i++)
        node = eg_rules_automaton_step(automaton, node,
                                       (unsigned char)text.ptr[backward ? text.len - 1 - i : i]);
    eg_rules_marks_add(&target->set->marks, &automaton->nodes[node].accept_now, target->mark);
}

static void teach_prefix(const struct target *target, const struct eg_rules_test *test)
{
    teach_affix(target, &target->field->forward, test->text, false);
}

static void teach_suffix(const struct target *target, const struct eg_rules_test *test)
{
    teach_affix(target, &target->field->backward, test->text, true);
}

static void teach_prefix_folded(const struct target *target, const struct eg_rules_test *test)
{
    target->field->has_folded = true;
    teach_affix(target, &target->field->folded_forward, test->text, false);
}

static void teach_suffix_folded(const struct target *target, const struct eg_rules_test *test)
{
    target->field->has_folded = true;
    teach_affix(target, &target->field->folded_backward, test->text, true);
}

static void teach_wildcard(const struct target *target, const struct eg_rules_test *test)
{
    struct eg_rules_automaton *automaton = &target->set->automaton;
    if (target->field->forward == EG_RULES_NONE)
        target->field->forward = eg_rules_automaton_root(automaton);
    uint32_t node = target->field->forward;
    uint16_t symbol = 0;
    for (size_t at = 0; eg_rules_wildcard_next(test->text, &at, &symbol);)
        node = eg_rules_automaton_step(automaton, node, symbol);
    struct eg_rules_node *last = &automaton->nodes[node];
    eg_rules_marks_add(&target->set->marks,
                       last->star_number == EG_RULES_NONE ? &last->accept_end : &last->accept_now,
                       target->mark);
}

static void teach_range(const struct target *target, const struct eg_rules_test *test)
{
    eg_rules_ranges_add(&target->field->ranges, test, target->mark);
}

static void use_prefix(uint8_t **prefixes, uint8_t *count, uint8_t bits)
{
    for (uint8_t i = 0; i < *count; i++)
        if ((*prefixes)[i] == bits)
            return;
    *prefixes = eg_realloc_array(*prefixes, *count + 1u, sizeof(**prefixes));
    (*prefixes)[(*count)++] = bits;
}

static void teach_address(const struct target *target, const struct eg_rules_test *test)
{
    struct eg_rules_field *field = target->field;
    if (test->address.byte_count == 4)
        use_prefix(&field->prefixes4, &field->prefix4_count, test->address.prefix_bits);
    else
        use_prefix(&field->prefixes6, &field->prefix6_count, test->address.prefix_bits);
    char key[EG_RULES_ADDRESS_KEY_BYTES];
    mark_key(target, EG_RULES_SPACE_ADDRESS, eg_rules_address_key(&test->address, key));
}

static void teach_true(const struct target *target, const struct eg_rules_test *test)
{
    (void)test;
    eg_rules_marks_add(&target->set->marks, &target->field->if_true, target->mark);
}

static void teach_false(const struct target *target, const struct eg_rules_test *test)
{
    (void)test;
    eg_rules_marks_add(&target->set->marks, &target->field->if_false, target->mark);
}

static void teach_null(const struct target *target, const struct eg_rules_test *test)
{
    (void)test;
    eg_rules_marks_add(&target->set->marks, &target->field->if_null, target->mark);
}

static void teach_present(const struct target *target, const struct eg_rules_test *test)
{
    (void)test;
    eg_rules_marks_add(&target->set->marks, &target->field->if_present, target->mark);
}

static void (*const teach[])(const struct target *target, const struct eg_rules_test *test) = {
    [EG_RULES_TEST_TEXT] = teach_text,
    [EG_RULES_TEST_PREFIX] = teach_prefix,
    [EG_RULES_TEST_SUFFIX] = teach_suffix,
    [EG_RULES_TEST_TEXT_FOLDED] = teach_text_folded,
    [EG_RULES_TEST_PREFIX_FOLDED] = teach_prefix_folded,
    [EG_RULES_TEST_SUFFIX_FOLDED] = teach_suffix_folded,
    [EG_RULES_TEST_WILDCARD] = teach_wildcard,
    [EG_RULES_TEST_RANGE] = teach_range,
    [EG_RULES_TEST_ADDRESS] = teach_address,
    [EG_RULES_TEST_TRUE] = teach_true,
    [EG_RULES_TEST_FALSE] = teach_false,
    [EG_RULES_TEST_NULL] = teach_null,
    [EG_RULES_TEST_PRESENT] = teach_present,
};

static void teach_condition(struct eg_rules_set *set, uint32_t number,
                            const struct eg_rules_condition *condition)
{
    const struct eg_rules_condition_info *info = &set->conditions[number];
    struct target target = {set, &set->fields[info->field], info->field, number};
    for (size_t i = 0; i < condition->test_count; i++)
        teach[condition->tests[i].kind](&target, &condition->tests[i]);
    for (uint32_t i = 0; i < info->but_count; i++) {
        target.mark = (info->first_but + i) | EG_RULES_MARK_BUT;
        for (size_t j = 0; j < condition->buts[i].count; j++)
            teach[condition->buts[i].tests[j].kind](&target, &condition->buts[i].tests[j]);
    }
}

void eg_rules_build_values(struct eg_rules_builder *builder)
{
    struct eg_rules_set *set = builder->set;
    for (uint32_t i = 0; i < builder->condition_count; i++)
        teach_condition(set, i, builder->conditions[i].condition);
    for (uint32_t i = 0; i < set->field_count; i++)
        eg_rules_ranges_freeze(&set->fields[i].ranges, &set->marks);
    eg_rules_automaton_freeze(&set->automaton);
    eg_rules_marks_freeze(&set->marks, set->but_count);
}
