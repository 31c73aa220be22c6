/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast answer first; only for what does not fit the walk, then the report: the best match, and
 * behind it the faults in the order in which they were found.
 */
#include "schema/explain.h"

#include <inttypes.h>
#include <string.h>

#include "base/span.h"

#define MAX_BRIEF_MESSAGE_BYTES 4096u

static struct eg_span keep_text(struct eg_schema_scratch *scratch, size_t limit)
{
    struct eg_span text = eg_buffer_span(&scratch->text);
    if (text.len > limit) {
        while (limit && ((unsigned char)text.ptr[limit] & 0xc0u) == 0x80u)
            limit--;
        text.len = limit;
    }
    char *copy = eg_schema_scratch_alloc(scratch, text.len + 1);
    if (text.len)
        memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return eg_span_of(copy, text.len);
}

static struct eg_span pointer_of(struct eg_schema_scratch *scratch,
                                 const struct eg_schema_steps *steps)
{
    struct eg_buffer *out = &scratch->text;
    eg_buffer_clear(out);
    for (uint32_t i = 0; i < steps->count; i++) {
        const struct eg_schema_step *step = &steps->items[i];
        eg_buffer_append_char(out, '/');
        if (!step->name)
            eg_buffer_printf(out, "%" PRIu32, step->number);
        for (uint32_t at = 0; step->name && at < step->number; at++) {
            if (step->name[at] == '~')
                eg_buffer_append_text(out, "~0");
            else if (step->name[at] == '/')
                eg_buffer_append_text(out, "~1");
            else
                eg_buffer_append_char(out, step->name[at]);
        }
    }
    return keep_text(scratch, SIZE_MAX);
}

static struct eg_span keyword_of(const struct eg_schema_fault *fault)
{
    if (fault->reason == EG_SCHEMA_REASON_FALSE)
        return EG_SPAN_LITERAL("false schema");
    if (!fault->rule)
        return EG_SPAN_EMPTY;
    if (fault->rule->keyword == EG_SCHEMA_CONTAINS && fault->reason == EG_SCHEMA_REASON_TOO_MANY)
        return EG_SPAN_LITERAL("maxContains");
    if (fault->rule->keyword == EG_SCHEMA_CONTAINS && fault->reason == EG_SCHEMA_REASON_TOO_FEW)
        return EG_SPAN_LITERAL("minContains");
    return eg_schema_keyword_infos[fault->rule->keyword].text;
}

static struct eg_schema_failure report_fault(struct eg_schema_walk *walk,
                                             const struct eg_schema_fault *fault, bool whole)
{
    struct eg_schema_scratch *scratch = walk->run.scratch;
    struct eg_schema_failure failure;
    eg_buffer_clear(&scratch->text);
    eg_schema_message(&walk->run, fault, whole, &scratch->text);
    failure.message = keep_text(scratch, whole ? SIZE_MAX : MAX_BRIEF_MESSAGE_BYTES);
    failure.instance_path = pointer_of(scratch, &fault->instance_path);
    failure.schema_path = pointer_of(scratch, &fault->schema_path);
    failure.keyword = keyword_of(fault);
    return failure;
}

/* A limit: nothing else is known about the value. */
static struct eg_schema_failure report_stop(struct eg_schema_walk *walk)
{
    struct eg_schema_scratch *scratch = walk->run.scratch;
    struct eg_schema_failure failure = {.schema_path = EG_SPAN_EMPTY};
    eg_buffer_clear(&scratch->text);
    eg_schema_stop_message(&walk->run, &scratch->text);
    failure.message = keep_text(scratch, SIZE_MAX);
    eg_buffer_clear(&scratch->text);
    eg_schema_library_pointer(walk->run.document, walk->run.stop_at, &scratch->text);
    failure.instance_path = keep_text(scratch, SIZE_MAX);
    failure.keyword = eg_span_text(walk->run.stop_keyword);
    return failure;
}

static bool is_same_path(const struct eg_schema_steps *a, const struct eg_schema_steps *b)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (a->items[i].name != b->items[i].name || a->items[i].number != b->items[i].number)
            return false;
    return true;
}

static bool is_same_fault(const struct eg_schema_fault *a, const struct eg_schema_fault *b)
{
    return a->rule == b->rule && a->node == b->node && a->index == b->index && a->name == b->name &&
           a->because == b->because && is_same_path(&a->schema_path, &b->schema_path);
}

/* The best match goes to the front, and is not told again in its own place. */
static void report_faults(struct eg_schema_walk *walk, const struct eg_schema_faults *faults,
                          size_t max_failures, struct eg_schema_report *ret_report)
{
    const struct eg_schema_fault *best = eg_schema_fault_best_match(faults);
    uint32_t kept = faults->count < faults->max_kept ? faults->count : faults->max_kept;
    struct eg_schema_failure *failures =
        eg_schema_scratch_alloc(walk->run.scratch, ((size_t)kept + 1) * sizeof(*failures));
    size_t count = 0;
    size_t told = 0;
    failures[count++] = report_fault(walk, best, true);
    for (uint32_t i = 0; i < kept; i++) {
        if (is_same_fault(&faults->kept[i], best)) {
            told++;
            continue;
        }
        if (count == max_failures)
            break;
        failures[count++] = report_fault(walk, &faults->kept[i], false);
        told++;
    }
    ret_report->failures = failures;
    ret_report->count = count;
    ret_report->truncated = told < faults->count;
}

static void explain(struct eg_schema_walk *walk, eg_json_index root, size_t max_failures,
                    struct eg_schema_report *ret_report)
{
    struct eg_schema_scratch *scratch = walk->run.scratch;
    struct eg_schema_faults faults = {0};
    faults.max_kept =
        max_failures < EG_SCHEMA_MAX_FAULTS ? (uint32_t)max_failures : EG_SCHEMA_MAX_FAULTS;
    faults.kept = eg_schema_scratch_alloc(scratch, (faults.max_kept + 1u) * sizeof(*faults.kept));
    walk->faults = &faults;
    eg_schema_walk_node(walk, 0, root);
    if (walk->run.stop != EG_SCHEMA_STOP_NONE) {
        struct eg_schema_failure *failure = eg_schema_scratch_alloc(scratch, sizeof(*failure));
        *failure = report_stop(walk);
        *ret_report = (struct eg_schema_report){failure, 1, false};
        return;
    }
    if (!faults.count) {
        struct eg_schema_mark mark = eg_schema_scratch_mark(scratch);
        struct eg_schema_fault fault =
            eg_schema_fault_at(walk, &walk->run.schema->nodes.items[0], NULL, root);
        fault.reason = EG_SCHEMA_REASON_UNNAMED;
        eg_schema_fault_gather(walk, &fault, mark);
    }
    report_faults(walk, &faults, max_failures, ret_report);
}

bool eg_schema_explain(const struct eg_schema *schema, struct eg_schema_scratch *scratch,
                       const struct eg_json_document *document, eg_json_index root,
                       size_t max_failures, struct eg_schema_report *ret_report)
{
    *ret_report = (struct eg_schema_report){NULL, 0, false};
    if (eg_schema_is_valid(schema, scratch, document, root))
        return true;
    struct eg_schema_walk walk = {
        .instance_path = {scratch->steps[0], 0, scratch->step_capacities[0]},
        .schema_path = {scratch->steps[1], 0, scratch->step_capacities[1]},
    };
    eg_schema_scratch_reset(scratch);
    eg_schema_run_init(&walk.run, schema, scratch, document);
    explain(&walk, root, max_failures ? max_failures : 1, ret_report);
    scratch->steps[0] = walk.instance_path.items;
    scratch->step_capacities[0] = walk.instance_path.capacity;
    scratch->steps[1] = walk.schema_path.items;
    scratch->step_capacities[1] = walk.schema_path.capacity;
    return false;
}
