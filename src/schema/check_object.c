/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of objects: one pass over the members decides all that members decide. */
#include "base/span.h"
#include "schema/run.h"

#define SMALL_REQUIRED 64u
#define FEW_NAMES      2u

/* What is needed at each member. */
struct pass {
    const struct eg_schema_object *object;
    uint64_t *seen; /* bits of the required */
    uint64_t *evaluated;
};

static bool member_fits_patterns(struct eg_schema_run *run, const struct pass *pass,
                                 eg_json_index name, uint32_t place, bool *known)
{
    struct eg_span text = eg_json_string(run->document, name);
    for (uint32_t i = 0; i < pass->object->patterns.count; i++) {
        const struct eg_schema_pattern *pattern =
            &run->schema->patterns.items[pass->object->patterns.first + i];
        if (!eg_schema_regex_fits(run, pattern->regex, text, name, "patternProperties")) {
            if (EG_UNLIKELY(run->stop != EG_SCHEMA_STOP_NONE))
                return false;
            continue;
        }
        *known = true;
        if (!eg_schema_node_fits(run, pattern->node, name + 1, NULL))
            return false;
        if (pass->evaluated)
            eg_schema_bit_set(pass->evaluated, place);
    }
    return true;
}

/* Members that `properties` does not name. */
static bool member_fits_rest(struct eg_schema_run *run, const struct pass *pass, eg_json_index name,
                             uint32_t place, bool known)
{
    const struct eg_schema_object *object = pass->object;
    if (object->name_node != EG_SCHEMA_NONE &&
        !eg_schema_node_fits(run, object->name_node, name, NULL))
        return false;
    if (object->patterns.count && !member_fits_patterns(run, pass, name, place, &known))
        return false;
    if (known || object->additional == EG_SCHEMA_NONE)
        return true;
    if (!eg_schema_node_fits(run, object->additional, name + 1, NULL))
        return false;
    if (pass->evaluated)
        eg_schema_bit_set(pass->evaluated, place);
    return true;
}

/* A member that the schema names. */
static inline bool property_fits(struct eg_schema_run *run, const struct pass *pass,
                                 const struct eg_schema_property *property, eg_json_index name,
                                 uint32_t place)
{
    if (property->required != EG_SCHEMA_NONE)
        eg_schema_bit_set(pass->seen, property->required);
    if (property->node == EG_SCHEMA_NONE)
        return true;
    if (pass->evaluated)
        eg_schema_bit_set(pass->evaluated, place);
    return eg_schema_node_fits(run, property->node, name + 1, NULL);
}

static bool members_fit(struct eg_schema_run *run, const struct pass *pass, eg_json_index index,
                        bool has_rest)
{
    const struct eg_json_document *document = run->document;
    const struct eg_schema_object *object = pass->object;
    const struct eg_schema_property *properties = &run->schema->properties.items[object->first];
    eg_json_index end = eg_json_next(document, index);
    uint32_t place = 0;
    for (eg_json_index name = index + 1; name < end;
         name = eg_json_next(document, name + 1), place++) {
        uint32_t at = eg_schema_name_table_find(&object->names, eg_json_string(document, name));
        bool named = at != EG_SCHEMA_NAME_NONE;
        if (named && !property_fits(run, pass, &properties[at], name, place))
            return false;
        bool known = named && properties[at].node != EG_SCHEMA_NONE;
        if (has_rest && !member_fits_rest(run, pass, name, place, known))
            return false;
    }
    return true;
}

/* The condition of an `if` names one member: comparing is cheaper than a hash of each name, and
 * what stands behind the member need not be looked at. */
static bool few_members_fit(struct eg_schema_run *run, const struct pass *pass, eg_json_index index)
{
    const struct eg_json_document *document = run->document;
    const struct eg_schema_property *first = &run->schema->properties.items[pass->object->first];
    const struct eg_schema_property *last = first + pass->object->count;
    eg_json_index end = eg_json_next(document, index);
    uint32_t missing = document->may_have_duplicates ? UINT32_MAX : pass->object->count;
    uint32_t place = 0;
    for (eg_json_index name = index + 1; name < end && missing;
         name = eg_json_next(document, name + 1), place++) {
        struct eg_span text = eg_json_string(document, name);
        const struct eg_schema_property *property = first;
        while (property < last && (property->name.len != text.len ||
                                   !eg_schema_name_equal(property->name.ptr, text.ptr, text.len)))
            property++;
        if (property == last)
            continue;
        if (!property_fits(run, pass, property, name, place))
            return false;
        missing--;
    }
    return true;
}

static bool all_members_fit(struct eg_schema_run *run, const struct pass *pass, eg_json_index index)
{
    const struct eg_schema_object *object = pass->object;
    bool has_rest = object->name_node != EG_SCHEMA_NONE || object->patterns.count ||
                    object->additional != EG_SCHEMA_NONE;
    if (!has_rest && object->count <= FEW_NAMES)
        return few_members_fit(run, pass, index);
    return members_fit(run, pass, index, has_rest);
}

static bool has_all(const uint64_t *seen, uint32_t count)
{
    for (; count >= 64; count -= 64)
        if (*seen++ != UINT64_MAX)
            return false;
    return count == 0 || *seen == (UINT64_C(1) << count) - 1;
}

bool eg_schema_check_object(struct eg_schema_run *run, const struct eg_schema_node *node,
                            const struct eg_schema_rule *rule, eg_json_index index,
                            uint64_t *evaluated)
{
    (void)node;
    const struct eg_schema_object *object = &run->schema->objects.items[rule->a];
    uint32_t count = eg_json_count(run->document, index);
    if (count < object->min_count || count > object->max_count || count < object->required_count)
        return false;
    if (!object->looks_at_members)
        return true;
    uint64_t few = 0;
    struct pass pass = {object, &few, evaluated};
    struct eg_schema_mark mark = eg_schema_scratch_mark(run->scratch);
    if (EG_UNLIKELY(object->required_count > SMALL_REQUIRED))
        pass.seen = eg_schema_scratch_bits(run->scratch, object->required_count);
    bool fits = all_members_fit(run, &pass, index) && has_all(pass.seen, object->required_count);
    eg_schema_scratch_release(run->scratch, mark);
    return fits;
}

static bool has_names(const struct eg_schema_run *run, const struct eg_json_document *schema,
                      eg_json_index list, eg_json_index object)
{
    for (eg_json_index i = list + 1; i < eg_json_next(schema, list); i++)
        if (eg_json_member(run->document, object, eg_json_string(schema, i)) == EG_JSON_NONE)
            return false;
    return true;
}

bool eg_schema_check_dependent_required(struct eg_schema_run *run,
                                        const struct eg_schema_node *node,
                                        const struct eg_schema_rule *rule, eg_json_index index,
                                        uint64_t *evaluated)
{
    (void)evaluated;
    if (eg_json_kind(run->document, index) != EG_JSON_OBJECT)
        return true;
    const struct eg_json_document *schema = eg_schema_json(run->schema, node->document);
    for (eg_json_index name = rule->value + 1; name < eg_json_next(schema, rule->value);
         name = eg_json_next(schema, name + 1))
        if (eg_json_member(run->document, index, eg_json_string(schema, name)) != EG_JSON_NONE &&
            !has_names(run, schema, name + 1, index))
            return false;
    return true;
}

/* dependentSchemas, and dependencies with its arrays of names. */
bool eg_schema_check_dependencies(struct eg_schema_run *run, const struct eg_schema_node *node,
                                  const struct eg_schema_rule *rule, eg_json_index index,
                                  uint64_t *evaluated)
{
    if (eg_json_kind(run->document, index) != EG_JSON_OBJECT)
        return true;
    const struct eg_json_document *schema = eg_schema_json(run->schema, node->document);
    eg_json_index name = rule->value + 1;
    for (uint32_t i = 0; i < rule->b; i++, name = eg_json_next(schema, name + 1)) {
        if (eg_json_member(run->document, index, eg_json_string(schema, name)) == EG_JSON_NONE)
            continue;
        uint32_t child = run->schema->links.items[rule->a + i];
        bool fits = child == EG_SCHEMA_NONE ? has_names(run, schema, name + 1, index)
                                            : eg_schema_node_fits(run, child, index, evaluated);
        if (!fits)
            return false;
    }
    return true;
}
