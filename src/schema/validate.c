/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast answer. Depth of nesting and number of steps are bounded, whatever schema and event are:
 * a limit that was hit stops the whole run, also inside a `not`.
 */
#include "base/error.h"
#include "base/span.h"
#include "schema/number.h"
#include "schema/run.h"

/* Applications of a schema to a value, in one validation: at least, and for each node of it. */
#define STEPS_AT_LEAST 1000000u
#define STEPS_A_NODE   1000u

const uint8_t eg_schema_subject_of[EG_JSON_OBJECT + 1] = {
    [EG_JSON_NULL] = EG_SCHEMA_SUBJECT_SCALAR,   [EG_JSON_FALSE] = EG_SCHEMA_SUBJECT_SCALAR,
    [EG_JSON_TRUE] = EG_SCHEMA_SUBJECT_SCALAR,   [EG_JSON_NUMBER] = EG_SCHEMA_SUBJECT_NUMBER,
    [EG_JSON_STRING] = EG_SCHEMA_SUBJECT_STRING, [EG_JSON_ARRAY] = EG_SCHEMA_SUBJECT_ARRAY,
    [EG_JSON_OBJECT] = EG_SCHEMA_SUBJECT_OBJECT,
};

eg_schema_check *const eg_schema_checks[EG_SCHEMA_CHECKS] = {
    [EG_SCHEMA_TYPE] = eg_schema_check_type,
    [EG_SCHEMA_CONST] = eg_schema_check_enum,
    [EG_SCHEMA_ENUM] = eg_schema_check_enum,
    [EG_SCHEMA_MINIMUM] = eg_schema_check_limit,
    [EG_SCHEMA_MAXIMUM] = eg_schema_check_limit,
    [EG_SCHEMA_EXCLUSIVE_MINIMUM] = eg_schema_check_limit,
    [EG_SCHEMA_EXCLUSIVE_MAXIMUM] = eg_schema_check_limit,
    [EG_SCHEMA_MULTIPLE_OF] = eg_schema_check_multiple_of,
    [EG_SCHEMA_MIN_LENGTH] = eg_schema_check_min_length,
    [EG_SCHEMA_MAX_LENGTH] = eg_schema_check_max_length,
    [EG_SCHEMA_PATTERN] = eg_schema_check_pattern,
    [EG_SCHEMA_FORMAT] = eg_schema_check_format,
    [EG_SCHEMA_MIN_ITEMS] = eg_schema_check_min_count,
    [EG_SCHEMA_MAX_ITEMS] = eg_schema_check_max_count,
    [EG_SCHEMA_PREFIX_ITEMS] = eg_schema_check_list,
    [EG_SCHEMA_ITEMS] = eg_schema_check_items,
    [EG_SCHEMA_ADDITIONAL_ITEMS] = eg_schema_check_items,
    [EG_SCHEMA_CONTAINS] = eg_schema_check_contains,
    [EG_SCHEMA_UNIQUE_ITEMS] = eg_schema_check_unique_items,
    [EG_SCHEMA_MIN_PROPERTIES] = eg_schema_check_min_count,
    [EG_SCHEMA_MAX_PROPERTIES] = eg_schema_check_max_count,
    [EG_SCHEMA_OBJECT] = eg_schema_check_object,
    [EG_SCHEMA_DEPENDENCIES] = eg_schema_check_dependencies,
    [EG_SCHEMA_DEPENDENT_REQUIRED] = eg_schema_check_dependent_required,
    [EG_SCHEMA_DEPENDENT_SCHEMAS] = eg_schema_check_dependencies,
    [EG_SCHEMA_ALL_OF] = eg_schema_check_all_of,
    [EG_SCHEMA_ANY_OF] = eg_schema_check_any_of,
    [EG_SCHEMA_ONE_OF] = eg_schema_check_one_of,
    [EG_SCHEMA_NOT] = eg_schema_check_not,
    [EG_SCHEMA_IF] = eg_schema_check_if,
    [EG_SCHEMA_REF] = eg_schema_check_ref,
    [EG_SCHEMA_DYNAMIC_REF] = eg_schema_check_dynamic_ref,
    [EG_SCHEMA_RECURSIVE_REF] = eg_schema_check_dynamic_ref,
    [EG_SCHEMA_UNEVALUATED_ITEMS] = eg_schema_check_unevaluated,
    [EG_SCHEMA_UNEVALUATED_PROPERTIES] = eg_schema_check_unevaluated,
};

void eg_schema_run_init(struct eg_schema_run *run, const struct eg_schema *schema,
                        struct eg_schema_scratch *scratch, const struct eg_json_document *document)
{
    *run = (struct eg_schema_run){
        .schema = schema,
        .scratch = scratch,
        .document = document,
        .steps_left = STEPS_AT_LEAST + (uint64_t)STEPS_A_NODE * document->node_count,
    };
}

bool eg_schema_run_stop(struct eg_schema_run *run, enum eg_schema_stop stop, eg_json_index index,
                        const char *keyword)
{
    if (run->stop == EG_SCHEMA_STOP_NONE) {
        run->stop = stop;
        run->stop_at = index;
        run->stop_keyword = keyword;
    }
    return false;
}

bool eg_schema_type_takes_number(const struct eg_schema_run *run, const struct eg_schema_node *node,
                                 uint8_t types, eg_json_index index)
{
    (void)types;
    if (eg_json_node(run->document, index)->info & EG_JSON_INTEGER)
        return true;
    return !(node->flags & EG_SCHEMA_NODE_WRITTEN_INTEGER) &&
           eg_schema_number_is_integer(eg_json_text(run->document, index));
}

bool eg_schema_scope_enter(struct eg_schema_run *run, const struct eg_schema_node *node)
{
    if (!run->schema->tracks_scope)
        return false;
    struct eg_schema_scratch *scratch = run->scratch;
    if (run->scope_count && scratch->scope[run->scope_count - 1] == node->resource)
        return false;
    eg_schema_scratch_scope(scratch, run->scope_count);
    scratch->scope[run->scope_count++] = node->resource;
    return true;
}

static const struct eg_schema_dynamic *find_dynamic(const struct eg_schema *schema, uint32_t name,
                                                    uint32_t resource)
{
    for (uint32_t i = 0; i < schema->dynamics.count; i++) {
        const struct eg_schema_dynamic *dynamic = &schema->dynamics.items[i];
        if (dynamic->name == name && dynamic->resource == resource)
            return dynamic;
    }
    return NULL;
}

uint32_t eg_schema_dynamic_target(const struct eg_schema_run *run,
                                  const struct eg_schema_rule *rule)
{
    if (rule->b == EG_SCHEMA_NONE)
        return rule->a;
    for (uint32_t i = 0; i < run->scope_count; i++) {
        const struct eg_schema_dynamic *dynamic =
            find_dynamic(run->schema, rule->b, run->scratch->scope[i]);
        if (dynamic)
            return dynamic->node;
    }
    return rule->a;
}

static bool run_checks(struct eg_schema_run *run, const struct eg_schema_node *node,
                       struct eg_schema_range checks, eg_json_index index, uint64_t *evaluated)
{
    const struct eg_schema_rule *check = &run->schema->checks.items[checks.first];
    const struct eg_schema_rule *end = check + checks.count;
    for (; check < end; check++)
        if (!eg_schema_checks[check->keyword](run, node, check, index, evaluated))
            return false;
    return true;
}

/* With an unevaluated*: what the node's own keywords evaluate is collected apart. */
static bool run_collecting(struct eg_schema_run *run, const struct eg_schema_node *node,
                           struct eg_schema_range checks, eg_json_index index, uint64_t *evaluated)
{
    uint32_t count = eg_json_count(run->document, index);
    struct eg_schema_mark mark = eg_schema_scratch_mark(run->scratch);
    uint64_t *own = eg_schema_scratch_bits(run->scratch, count);
    bool fits = run_checks(run, node, checks, index, own);
    for (size_t i = 0; fits && evaluated && i < eg_schema_bit_words(count); i++)
        evaluated[i] |= own[i];
    eg_schema_scratch_release(run->scratch, mark);
    return fits;
}

bool eg_schema_node_checks(struct eg_schema_run *run, const struct eg_schema_node *node,
                           struct eg_schema_range checks, eg_json_index index, uint64_t *evaluated)
{
    if (EG_UNLIKELY(run->stop != EG_SCHEMA_STOP_NONE))
        return false;
    if (EG_UNLIKELY(run->steps_left-- == 0))
        return eg_schema_run_stop(run, EG_SCHEMA_STOP_STEPS, index, "");
    if (EG_UNLIKELY(run->nesting == EG_SCHEMA_MAX_NESTING))
        return eg_schema_run_stop(run, EG_SCHEMA_STOP_NESTING, index, "");
    run->nesting++;
    bool entered = eg_schema_scope_enter(run, node);
    enum eg_json_kind kind = eg_json_kind(run->document, index);
    bool collects =
        (kind == EG_JSON_OBJECT && (node->flags & EG_SCHEMA_NODE_UNEVALUATED_PROPERTIES)) ||
        (kind == EG_JSON_ARRAY && (node->flags & EG_SCHEMA_NODE_UNEVALUATED_ITEMS));
    bool fits = EG_UNLIKELY(collects) ? run_collecting(run, node, checks, index, evaluated)
                                      : run_checks(run, node, checks, index, evaluated);
    eg_schema_scope_leave(run, entered);
    run->nesting--;
    return fits;
}

bool eg_schema_is_valid(const struct eg_schema *schema, struct eg_schema_scratch *scratch,
                        const struct eg_json_document *document, eg_json_index root)
{
    struct eg_schema_run run;
    eg_schema_scratch_reset(scratch);
    eg_schema_run_init(&run, schema, scratch, document);
    bool fits = eg_schema_node_fits(&run, 0, root, NULL);
    return fits && run.stop == EG_SCHEMA_STOP_NONE;
}
