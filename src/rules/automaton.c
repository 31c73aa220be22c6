/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See automaton.h. While it is filled, the children of a node are a linked list (a draft belongs to
 * the node it leads to); freezing lays the edges of each node side by side, sorted.
 */
#include "rules/automaton.h"

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"
#include "rules/wildcard.h"

#define SCAN_EDGES 8 /* up to so many are tried one by one */

struct eg_rules_edge_draft {
    uint32_t sibling;
    uint8_t label;
};

void eg_rules_automaton_fini(struct eg_rules_automaton *automaton)
{
    free(automaton->nodes);
    free(automaton->labels);
    free(automaton->targets);
    free(automaton->drafts);
    *automaton = (struct eg_rules_automaton){0};
}

uint32_t eg_rules_automaton_root(struct eg_rules_automaton *automaton)
{
    if (automaton->node_count == automaton->node_capacity) {
        automaton->node_capacity = automaton->node_capacity ? automaton->node_capacity * 2 : 64;
        automaton->nodes =
            eg_realloc_array(automaton->nodes, automaton->node_capacity, sizeof(*automaton->nodes));
        automaton->drafts = eg_realloc_array(automaton->drafts, automaton->node_capacity,
                                             sizeof(*automaton->drafts));
    }
    automaton->nodes[automaton->node_count] = (struct eg_rules_node){
        .edges = EG_RULES_NONE,
        .star = EG_RULES_NONE,
        .accept_now = EG_RULES_NONE,
        .accept_end = EG_RULES_NONE,
        .star_number = EG_RULES_NONE,
    };
    automaton->drafts[automaton->node_count] = (struct eg_rules_edge_draft){EG_RULES_NONE, 0};
    return automaton->node_count++;
}

static uint32_t step_star(struct eg_rules_automaton *automaton, uint32_t node)
{
    if (automaton->nodes[node].star == EG_RULES_NONE) {
        uint32_t star = eg_rules_automaton_root(automaton);
        automaton->nodes[star].star_number = automaton->star_count++;
        automaton->nodes[node].star = star;
    }
    return automaton->nodes[node].star;
}

uint32_t eg_rules_automaton_step(struct eg_rules_automaton *automaton, uint32_t node,
                                 uint16_t symbol)
{
    if (symbol == EG_RULES_STAR)
        return step_star(automaton, node);
    uint8_t label = (uint8_t)symbol;
    for (uint32_t child = automaton->nodes[node].edges; child != EG_RULES_NONE;
         child = automaton->drafts[child].sibling)
        if (automaton->drafts[child].label == label)
            return child;
    uint32_t child = eg_rules_automaton_root(automaton);
    automaton->drafts[child] = (struct eg_rules_edge_draft){automaton->nodes[node].edges, label};
    automaton->nodes[node].edges = child;
    automaton->nodes[node].edge_count++;
    return child;
}

/* Insertion into the sorted run: at most 256 edges. */
static void place_edge(struct eg_rules_automaton *automaton, uint32_t first, uint32_t count,
                       uint32_t child)
{
    uint8_t label = automaton->drafts[child].label;
    uint32_t at = first + count;
    for (; at > first && automaton->labels[at - 1] > label; at--) {
        automaton->labels[at] = automaton->labels[at - 1];
        automaton->targets[at] = automaton->targets[at - 1];
    }
    automaton->labels[at] = label;
    automaton->targets[at] = child;
}

void eg_rules_automaton_freeze(struct eg_rules_automaton *automaton)
{
    automaton->labels = eg_calloc((size_t)automaton->node_count + 1, sizeof(*automaton->labels));
    automaton->targets = eg_calloc((size_t)automaton->node_count + 1, sizeof(*automaton->targets));
    uint32_t used = 0;
    for (uint32_t i = 0; i < automaton->node_count; i++) {
        uint32_t child = automaton->nodes[i].edges;
        automaton->nodes[i].edges = used;
        for (uint32_t n = 0; child != EG_RULES_NONE; n++, used++) {
            place_edge(automaton, automaton->nodes[i].edges, n, child);
            child = automaton->drafts[child].sibling;
        }
    }
    free(automaton->drafts);
    automaton->drafts = NULL;
}

size_t eg_rules_automaton_bytes(const struct eg_rules_automaton *automaton)
{
    return automaton->node_capacity * sizeof(*automaton->nodes) +
           (automaton->node_count + 1) * (sizeof(uint8_t) + sizeof(uint32_t));
}

void eg_rules_run_fini(struct eg_rules_run *run)
{
    free(run->active);
    free(run->stars);
    free(run->accepts);
    free(run->star_seen);
    *run = (struct eg_rules_run){0};
}

static void push(uint32_t **list, uint32_t *count, uint32_t *capacity, uint32_t value)
{
    if (EG_UNLIKELY(*count == *capacity)) {
        *capacity = *capacity ? *capacity * 2 : 16;
        *list = eg_realloc_array(*list, *capacity, sizeof(**list));
    }
    (*list)[(*count)++] = value;
}

static void accept(struct eg_rules_run *run, uint32_t accept)
{
    if (accept != EG_RULES_NONE)
        push(&run->accepts, &run->accept_count, &run->accept_capacity, accept);
}

/* What comes with being in `node`: its accept, and the node behind its star. */
static void enter(const struct eg_rules_automaton *automaton, uint32_t node,
                  struct eg_rules_run *run)
{
    accept(run, automaton->nodes[node].accept_now);
    uint32_t star = automaton->nodes[node].star;
    if (star == EG_RULES_NONE || run->star_seen[automaton->nodes[star].star_number] == run->serial)
        return;
    run->star_seen[automaton->nodes[star].star_number] = run->serial;
    accept(run, automaton->nodes[star].accept_now);
    push(&run->stars, &run->star_count, &run->star_capacity, star);
}

static uint32_t follow(const struct eg_rules_automaton *automaton, uint32_t from, uint8_t byte)
{
    const struct eg_rules_node *node = &automaton->nodes[from];
    const uint8_t *labels = automaton->labels + node->edges;
    uint32_t low = 0;
    uint32_t count = node->edge_count;
    while (count > SCAN_EDGES) {
        uint32_t half = count / 2;
        if (labels[low + half] <= byte) {
            low += half;
            count -= half;
        } else {
            count = half;
        }
    }
    for (uint32_t i = low; i < low + count; i++)
        if (labels[i] == byte)
            return automaton->targets[node->edges + i];
    return EG_RULES_NONE;
}

static void read_byte(const struct eg_rules_automaton *automaton, uint8_t byte,
                      struct eg_rules_run *run)
{
    uint32_t active_count = run->active_count;
    uint32_t star_count = run->star_count; /* those that this byte adds do not read it */
    run->active_count = 0;
    for (uint32_t i = 0; i < active_count; i++) {
        uint32_t next = follow(automaton, run->active[i], byte);
        if (next == EG_RULES_NONE)
            continue;
        run->active[run->active_count++] = next; /* never past i */
        enter(automaton, next, run);
    }
    for (uint32_t i = 0; i < star_count; i++) {
        uint32_t next = follow(automaton, run->stars[i], byte);
        if (next == EG_RULES_NONE)
            continue;
        push(&run->active, &run->active_count, &run->active_capacity, next);
        enter(automaton, next, run);
    }
}

static void prepare(const struct eg_rules_automaton *automaton, struct eg_rules_run *run)
{
    if (run->star_seen_capacity < automaton->star_count || run->serial == UINT32_MAX) {
        free(run->star_seen);
        run->star_seen = eg_calloc((size_t)automaton->star_count + 1, sizeof(*run->star_seen));
        run->star_seen_capacity = automaton->star_count;
        run->serial = 0;
    }
    run->serial++;
    run->active_count = 0;
    run->star_count = 0;
    run->accept_count = 0;
}

void eg_rules_automaton_run(const struct eg_rules_automaton *automaton, uint32_t root,
                            struct eg_span value, bool backward, struct eg_rules_run *run)
{
    prepare(automaton, run);
    push(&run->active, &run->active_count, &run->active_capacity, root);
    enter(automaton, root, run);
    const uint8_t *bytes = (const uint8_t *)value.ptr;
    for (size_t i = 0; i < value.len && run->active_count + run->star_count; i++)
        read_byte(automaton, backward ? bytes[value.len - 1 - i] : bytes[i], run);
    for (uint32_t i = 0; i < run->active_count; i++)
        accept(run, automaton->nodes[run->active[i]].accept_end);
}
