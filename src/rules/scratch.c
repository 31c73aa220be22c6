/* SPDX-License-Identifier: Apache-2.0 */
/* What a thread keeps from event to event. Stamps only grow, so one scratch serves many sets. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "rules/match.h"

struct eg_rules_scratch *eg_rules_scratch_new(void)
{
    return eg_calloc(1, sizeof(struct eg_rules_scratch));
}

void eg_rules_scratch_destroy(struct eg_rules_scratch *scratch)
{
    if (!scratch)
        return;
    eg_rules_run_fini(&scratch->run);
    eg_buffer_fini(&scratch->folded);
    free(scratch->fields);
    free(scratch->conditions);
    free(scratch->accepts);
    free(scratch->rules_seen);
    free(scratch->matched);
    free(scratch->marks);
    free(scratch->occurrences);
    free(scratch->elements);
    free(scratch->arrays);
    free(scratch->undo);
    free(scratch);
}

/* Memory whose stamps are of no event. */
static void *stamped(void *list, uint32_t *capacity, uint32_t want, size_t item_bytes)
{
    if (*capacity >= want)
        return list;
    free(list);
    *capacity = want;
    return eg_calloc(want, item_bytes);
}

static void forget_stamps(struct eg_rules_scratch *scratch)
{
    scratch->event = 0;
    memset(scratch->fields, 0, scratch->field_capacity * sizeof(*scratch->fields));
    memset(scratch->conditions, 0, scratch->condition_capacity * sizeof(*scratch->conditions));
    memset(scratch->accepts, 0, scratch->accept_capacity * sizeof(*scratch->accepts));
    memset(scratch->rules_seen, 0, scratch->rule_capacity * sizeof(*scratch->rules_seen));
}

void eg_rules_scratch_begin(struct eg_rules_scratch *scratch, const struct eg_rules_set *set)
{
    uint32_t rule_capacity = scratch->rule_capacity;
    scratch->fields = stamped(scratch->fields, &scratch->field_capacity, set->field_count + 1,
                              sizeof(*scratch->fields));
    scratch->conditions = stamped(scratch->conditions, &scratch->condition_capacity,
                                  set->condition_count + 1, sizeof(*scratch->conditions));
    scratch->accepts = stamped(scratch->accepts, &scratch->accept_capacity,
                               set->marks.accept_count + 1, sizeof(*scratch->accepts));
    scratch->rules_seen = stamped(scratch->rules_seen, &scratch->rule_capacity, set->rule_count + 1,
                                  sizeof(*scratch->rules_seen));
    if (scratch->rule_capacity != rule_capacity) {
        free(scratch->matched);
        scratch->matched = eg_calloc(scratch->rule_capacity, sizeof(*scratch->matched));
    }
    if (scratch->event == UINT32_MAX)
        forget_stamps(scratch);
    scratch->event++;
    scratch->matched_count = 0;
    scratch->mark_count = 0;
    scratch->occurrence_count = 0;
    scratch->element_count = 0;
    scratch->array_count = 0;
    scratch->undo_count = 0;
    scratch->steps = 0;
    scratch->arranged = false;
}
