/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of one thread that matches: what one event has shown so far. Internal to rules/.
 *
 * Marks are stamped with the number of the event, so that nothing is cleared between events.
 */
#ifndef EG_RULES_MATCH_H
#define EG_RULES_MATCH_H

#include "base/buffer.h"
#include "rules/program.h"

/* The element of an array that a value lies in, when the element is an object or an array. */
struct eg_rules_element {
    uint32_t parent; /* the element around its array, or EG_RULES_NONE */
    uint32_t array;
    eg_json_index begin; /* its nodes on the tape */
    eg_json_index end;
};

struct eg_rules_array {
    eg_json_index begin;
    eg_json_index end;
    uint32_t chosen; /* while rules are checked: the element, or EG_RULES_NONE */
};

/* A value of a field that rules speak of. */
struct eg_rules_occurrence {
    uint32_t field;
    uint32_t element; /* or EG_RULES_NONE */
    eg_json_index at;
    uint32_t first_mark; /* what it was recognised as */
    uint32_t mark_count;
};

struct eg_rules_field_state {
    uint32_t event;           /* the stamp: what follows is of this event */
    uint32_t count;           /* occurrences */
    uint32_t free_count;      /* those in no element */
    uint32_t first_condition; /* that holds, or EG_RULES_NONE; the others are linked to it */
    uint32_t condition_count;
    uint32_t first_occurrence; /* once arranged: a run of them, in text order */
};

struct eg_rules_condition_state {
    uint32_t event;
    uint32_t next; /* condition of the same field that holds */
};

/* Of an accept that makes anything-buts fail. */
struct eg_rules_accept_state {
    uint32_t event;
    uint32_t occurrences; /* that were recognised there */
};

struct eg_rules_scratch {
    uint32_t event;
    struct eg_rules_run run;
    struct eg_buffer folded;
    struct eg_rules_field_state *fields;
    uint32_t field_capacity;
    struct eg_rules_condition_state *conditions;
    uint32_t condition_capacity;
    struct eg_rules_accept_state *accepts;
    uint32_t accept_capacity;
    uint32_t *rules_seen; /* stamps */
    uint32_t rule_capacity;
    uint32_t *matched;
    uint32_t matched_count;
    uint32_t *marks;
    uint32_t mark_count;
    uint32_t mark_capacity;
    struct eg_rules_occurrence *occurrences;
    uint32_t occurrence_count;
    uint32_t occurrence_capacity;
    struct eg_rules_element *elements;
    uint32_t element_count;
    uint32_t element_capacity;
    struct eg_rules_array *arrays;
    uint32_t array_count;
    uint32_t array_capacity;
    uint32_t *undo; /* arrays in the order of their choice */
    uint32_t undo_count;
    uint32_t undo_capacity;
    uint32_t steps;
    bool arranged;
};

/* Grows *list to hold one more than `count`. */
#define EG_RULES_RESERVE(list, count, capacity)                             \
    do {                                                                    \
        if (EG_UNLIKELY((count) == (capacity))) {                           \
            (capacity) = (capacity) ? (capacity)*2 : 32;                    \
            (list) = eg_realloc_array((list), (capacity), sizeof(*(list))); \
        }                                                                   \
    } while (0)

/* scratch.c: readies the scratch for one event. */
void eg_rules_scratch_begin(struct eg_rules_scratch *scratch, const struct eg_rules_set *set);

/* match_values.c: notes the scalar at `value` as an occurrence of the field. */
void eg_rules_match_value(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                          uint32_t field, const struct eg_json_document *document,
                          eg_json_index value, uint32_t element);

/* match_arrays.c: does the value fail the anything-but? */
bool eg_rules_match_fails(const struct eg_rules_set *set, const struct eg_rules_scratch *scratch,
                          const struct eg_rules_occurrence *occurrence, uint32_t but);

/*
 * match_arrays.c: do the conditions of a rule hold with values that lie in the same elements? They
 * hold each for itself already. 0 or 1, or -1 when it takes too many steps.
 */
int eg_rules_match_arrays(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                          const struct eg_rules_branch *branch);

/* The state of a field in this event. */
static inline struct eg_rules_field_state *eg_rules_field_state(struct eg_rules_scratch *scratch,
                                                                uint32_t field)
{
    struct eg_rules_field_state *state = &scratch->fields[field];
    if (state->event != scratch->event)
        *state = (struct eg_rules_field_state){.event = scratch->event,
                                               .first_condition = EG_RULES_NONE};
    return state;
}

#endif
