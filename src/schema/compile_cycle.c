/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A schema that applies itself to the same value, with nothing in between that could end it, has no
 * answer: {"$ref": "#"}. Those are refused. What depends on the value ends at the depth limit.
 *
 * A depth-first search with a stack of its own: chains may be as long as there are nodes.
 */
#include "base/memory.h"
#include "schema/compiler.h"

enum colour {
    WHITE,
    GREY, /* on the way from the root of the search to here */
    BLACK,
};

struct frame {
    uint32_t node;
    uint32_t edge;
};

/* The node's edge of that number to a schema that is always applied to the same value. */
static uint32_t edge_of(const struct eg_schema *schema, uint32_t id, uint32_t number)
{
    const struct eg_schema_node *node = &schema->nodes.items[id];
    for (uint32_t i = 0; i < node->rules.count; i++) {
        const struct eg_schema_rule *rule = &schema->rules.items[node->rules.first + i];
        uint32_t count = 0;
        bool list = false;
        if (rule->keyword == EG_SCHEMA_REF || rule->keyword == EG_SCHEMA_NOT ||
            rule->keyword == EG_SCHEMA_IF) {
            count = 1;
        } else if (rule->keyword == EG_SCHEMA_ALL_OF || rule->keyword == EG_SCHEMA_ANY_OF ||
                   rule->keyword == EG_SCHEMA_ONE_OF) {
            list = true;
            count = rule->keyword == EG_SCHEMA_ALL_OF ? rule->b : rule->b ? 1 : 0;
        }
        if (number < count)
            return list ? schema->links.items[rule->a + number] : rule->a;
        number -= count;
    }
    return EG_SCHEMA_NONE;
}

static int search(const struct eg_schema *schema, uint8_t *colours, struct frame *stack,
                  uint32_t start, struct eg_error *err)
{
    uint32_t depth = 0;
    stack[depth++] = (struct frame){start, 0};
    colours[start] = GREY;
    while (depth) {
        struct frame *top = &stack[depth - 1];
        uint32_t next = edge_of(schema, top->node, top->edge++);
        if (next == EG_SCHEMA_NONE) {
            colours[top->node] = BLACK;
            depth--;
        } else if (colours[next] == GREY) {
            const struct eg_schema_node *node = &schema->nodes.items[top->node];
            return eg_schema_library_error(&schema->library, node->document, node->index, err,
                                           "this schema applies itself to the same value "
                                           "without an end");
        } else if (colours[next] == WHITE) {
            colours[next] = GREY;
            stack[depth++] = (struct frame){next, 0};
        }
    }
    return 0;
}

int eg_schema_refuse_cycles(const struct eg_schema *schema, struct eg_error *err)
{
    EG_AUTOFREE uint8_t *colours = eg_calloc(schema->nodes.count, 1);
    EG_AUTOFREE struct frame *stack = eg_malloc(schema->nodes.count * sizeof(*stack));
    for (uint32_t i = 0; i < schema->nodes.count; i++)
        if (colours[i] == WHITE && search(schema, colours, stack, i, err) != 0)
            return -1;
    return 0;
}
