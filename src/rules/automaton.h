/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prefixes, suffixes and wildcards of all fields in one automaton over bytes.
 *
 * It is a trie whose edges are bytes or a star: patterns that begin alike share their nodes. A
 * value is read once; the nodes that it stands in form the active set. A star's node stays active
 * until the value ends. Without stars at most one node is active. Internal to rules/.
 *
 * Filled while a set is made, frozen, then read-only: any thread runs it with its own eg_rules_run.
 */
#ifndef EG_RULES_AUTOMATON_H
#define EG_RULES_AUTOMATON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "eventgate/span.h"
#include "rules/table.h"

struct eg_rules_node {
    uint32_t edges;       /* first of its edges; while building the first child */
    uint32_t star;        /* the node behind its star edge, or EG_RULES_NONE */
    uint32_t accept_now;  /* reaching the node is enough */
    uint32_t accept_end;  /* the value must end here */
    uint32_t star_number; /* of a star's node: its place among them; else EG_RULES_NONE */
    uint16_t edge_count;
};

struct eg_rules_edge_draft;

struct eg_rules_automaton {
    struct eg_rules_node *nodes;
    uint32_t node_count;
    uint32_t node_capacity;
    uint32_t star_count;
    uint8_t *labels; /* of edges, ascending within a node */
    uint32_t *targets;
    struct eg_rules_edge_draft *drafts; /* until frozen; number n leads to node n */
};

void eg_rules_automaton_fini(struct eg_rules_automaton *automaton);

/* A node to begin at. */
uint32_t eg_rules_automaton_root(struct eg_rules_automaton *automaton);

/* The node behind `symbol` (a byte or EG_RULES_STAR), made when it is not there. */
uint32_t eg_rules_automaton_step(struct eg_rules_automaton *automaton, uint32_t node,
                                 uint16_t symbol);

void eg_rules_automaton_freeze(struct eg_rules_automaton *automaton);
size_t eg_rules_automaton_bytes(const struct eg_rules_automaton *automaton);

/* One thread's state. A zeroed struct is ready; memory is kept from run to run. */
struct eg_rules_run {
    uint32_t *active;
    uint32_t *stars;
    uint32_t *accepts; /* what the last run found */
    uint32_t *star_seen;
    uint32_t active_count;
    uint32_t star_count;
    uint32_t accept_count;
    uint32_t active_capacity;
    uint32_t star_capacity;
    uint32_t accept_capacity;
    uint32_t star_seen_capacity;
    uint32_t serial;
};

void eg_rules_run_fini(struct eg_rules_run *run);

/* Reads `value` from `root`, from its end when `backward`; then run->accepts holds what it met. */
void eg_rules_automaton_run(const struct eg_rules_automaton *automaton, uint32_t root,
                            struct eg_span value, bool backward, struct eg_rules_run *run);

#endif
