/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one value is recognised as. A field asks only what its conditions need: the table for whole
 * texts and addresses, the automaton for the rest of text, the segment tree for numbers.
 */
#include <string.h>

#include "base/memory.h"
#include "rules/address.h"
#include "rules/fold.h"
#include "rules/match.h"

#define EXACT_DIGITS 15 /* of an integer that a double holds exactly */

struct matching {
    const struct eg_rules_set *set;
    struct eg_rules_scratch *scratch;
    struct eg_rules_field_state *state;
    const struct eg_rules_field *field;
    uint32_t number;
};

static void note_condition(const struct matching *matching, uint32_t number)
{
    struct eg_rules_condition_state *condition = &matching->scratch->conditions[number];
    if (condition->event == matching->scratch->event)
        return;
    condition->event = matching->scratch->event;
    condition->next = matching->state->first_condition;
    matching->state->first_condition = number;
    matching->state->condition_count++;
}

static void add_mark(struct eg_rules_scratch *scratch, uint32_t mark)
{
    EG_RULES_RESERVE(scratch->marks, scratch->mark_count, scratch->mark_capacity);
    scratch->marks[scratch->mark_count++] = mark;
}

/* A value is recognised at one accept once at most. */
static void note_accept(struct eg_rules_scratch *scratch, uint32_t accept)
{
    struct eg_rules_accept_state *state = &scratch->accepts[accept];
    if (state->event != scratch->event)
        *state = (struct eg_rules_accept_state){scratch->event, 0};
    state->occurrences++;
    add_mark(scratch, accept | EG_RULES_MARK_BUT);
}

static void accept(const struct matching *matching, uint32_t accept)
{
    if (accept == EG_RULES_NONE)
        return;
    const struct eg_rules_marks *marks = &matching->set->marks;
    if (marks->fails_buts[accept])
        note_accept(matching->scratch, accept);
    for (uint32_t i = marks->begins[accept]; i < marks->begins[accept + 1]; i++) {
        add_mark(matching->scratch, marks->marks[i]);
        note_condition(matching, marks->marks[i]);
    }
}

static void look_up(const struct matching *matching, enum eg_rules_space kind, struct eg_span key)
{
    accept(matching, eg_rules_table_find(&matching->set->table,
                                         EG_RULES_SPACE(matching->number, (uint32_t)kind), key));
}

static void run(const struct matching *matching, uint32_t root, struct eg_span text, bool backward)
{
    if (root == EG_RULES_NONE)
        return;
    struct eg_rules_run *found = &matching->scratch->run;
    eg_rules_automaton_run(&matching->set->automaton, root, text, backward, found);
    for (uint32_t i = 0; i < found->accept_count; i++)
        accept(matching, found->accepts[i]);
}

static void match_address(const struct matching *matching, struct eg_span text)
{
    const struct eg_rules_field *field = matching->field;
    struct eg_rules_address address;
    if (field->prefix4_count + field->prefix6_count == 0 || !eg_rules_address_parse(text, &address))
        return;
    bool v4 = address.byte_count == 4;
    const uint8_t *prefixes = v4 ? field->prefixes4 : field->prefixes6;
    for (unsigned i = 0; i < (v4 ? field->prefix4_count : field->prefix6_count); i++) {
        struct eg_rules_address block = address;
        char key[EG_RULES_ADDRESS_KEY_BYTES];
        eg_rules_address_mask(&block, prefixes[i]);
        look_up(matching, EG_RULES_SPACE_ADDRESS, eg_rules_address_key(&block, key));
    }
}

static void match_folded(const struct matching *matching, struct eg_span text)
{
    struct eg_buffer *buffer = &matching->scratch->folded;
    eg_buffer_clear(buffer);
    char *folded = eg_buffer_reserve(buffer, EG_RULES_FOLD_BYTES(text.len));
    struct eg_span key = {folded, eg_rules_fold(text, folded)};
    look_up(matching, EG_RULES_SPACE_FOLDED, key);
    run(matching, matching->field->folded_forward, key, false);
    run(matching, matching->field->folded_backward, key, true);
}

static void match_text(const struct matching *matching, struct eg_span text)
{
    if (matching->field->has_text)
        look_up(matching, EG_RULES_SPACE_TEXT, text);
    run(matching, matching->field->forward, text, false);
    run(matching, matching->field->backward, text, true);
    if (matching->field->has_folded)
        match_folded(matching, text);
    match_address(matching, text);
}

/* Most numbers are short integers. */
static double double_of(const struct eg_json_document *document, eg_json_index number)
{
    struct eg_span text = eg_json_text(document, number);
    if (!(eg_json_node(document, number)->info & EG_JSON_INTEGER) || text.len > EXACT_DIGITS)
        return eg_json_double(document, number);
    bool negative = text.ptr[0] == '-';
    int64_t value = 0;
    for (size_t i = negative; i < text.len; i++)
        value = value * 10 + (text.ptr[i] - '0');
    return (double)(negative ? -value : value);
}

static void match_number(const struct matching *matching, const struct eg_json_document *document,
                         eg_json_index number)
{
    const struct eg_rules_ranges *ranges = &matching->field->ranges;
    if (ranges->leaf_count == 0)
        return;
    uint32_t at =
        eg_rules_ranges_leaf(ranges, eg_json_text(document, number), double_of(document, number));
    for (; at > 0; at /= 2)
        accept(matching, ranges->tree[at]);
}

static void match_scalar(const struct matching *matching, const struct eg_json_document *document,
                         eg_json_index value)
{
    switch (eg_json_kind(document, value)) {
    case EG_JSON_STRING:
        match_text(matching, eg_json_string(document, value));
        break;
    case EG_JSON_NUMBER:
        match_number(matching, document, value);
        break;
    case EG_JSON_TRUE:
        accept(matching, matching->field->if_true);
        break;
    case EG_JSON_FALSE:
        accept(matching, matching->field->if_false);
        break;
    default:
        accept(matching, matching->field->if_null);
        break;
    }
    accept(matching, matching->field->if_present);
}

void eg_rules_match_value(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                          uint32_t field, const struct eg_json_document *document,
                          eg_json_index value, uint32_t element)
{
    struct matching matching = {set, scratch, eg_rules_field_state(scratch, field),
                                &set->fields[field], field};
    uint32_t first_mark = scratch->mark_count;
    match_scalar(&matching, document, value);
    matching.state->count++;
    matching.state->free_count += element == EG_RULES_NONE;
    EG_RULES_RESERVE(scratch->occurrences, scratch->occurrence_count, scratch->occurrence_capacity);
    scratch->occurrences[scratch->occurrence_count++] = (struct eg_rules_occurrence){
        field, element, value, first_mark, scratch->mark_count - first_mark};
}
