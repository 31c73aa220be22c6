/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A rule set: many patterns compiled into one automaton, so that an event is matched against all of
 * them in one walk over its fields, at a cost that does not grow with their number.
 *
 * A set is immutable and shared by reference count; any thread may match with it, each with a
 * scratch of its own. A warm scratch allocates nothing, and may be used with one set after another.
 */
#ifndef EG_RULES_SET_H
#define EG_RULES_SET_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "eventgate/error.h"
#include "rules/pattern.h"
#include "json/document.h"

struct eg_rules_set;
struct eg_rules_scratch;

/*
 * Compiles `count` patterns; the patterns may be destroyed after. 0, or -1 with EG_ERR_TOO_LARGE
 * when they are more than a set can number.
 */
int eg_rules_set_new(const struct eg_rules_pattern *const *patterns, size_t count,
                     struct eg_rules_set **ret_set, struct eg_error *err) EG_MUST_CHECK;
struct eg_rules_set *eg_rules_set_ref(struct eg_rules_set *set);
void eg_rules_set_unref(struct eg_rules_set *set);

/* What the set holds in memory. */
size_t eg_rules_set_bytes(const struct eg_rules_set *set);

struct eg_rules_scratch *eg_rules_scratch_new(void);
void eg_rules_scratch_destroy(struct eg_rules_scratch *scratch);

/* Which patterns matched: their places in the array that made the set, ascending. */
struct eg_rules_matches {
    const uint32_t *rules; /* of the scratch, until its next use */
    size_t count;
};

/*
 * Matches the object at `event`; anything else matches nothing. The document should be read with
 * allow_duplicate_keys: then either value may match. 0, or -1 with EG_ERR_TOO_LARGE when the arrays
 * of the event would have to be combined in more ways than are tried (EG_RULES_MAX_STEPS).
 */
int eg_rules_set_match(const struct eg_rules_set *set, struct eg_rules_scratch *scratch,
                       const struct eg_json_document *document, eg_json_index event,
                       struct eg_rules_matches *ret_matches, struct eg_error *err) EG_MUST_CHECK;

#define EG_RULES_MAX_STEPS 1000000u

#endif
