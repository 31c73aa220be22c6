/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is kept between calls. */
#include "pipeline/hops.h"

#include "base/buffer.h"
#include "base/span.h"
#include "eventgate/sink.h"

/* The name in a resource that is a hop; empty: it is something else. */
static struct eg_span gate_of(const struct eg_json_document *document, eg_json_index resource)
{
    static const struct eg_span prefix = {EG_SINK_HOP_PREFIX, sizeof(EG_SINK_HOP_PREFIX) - 1};
    if (eg_json_kind(document, resource) != EG_JSON_STRING)
        return EG_SPAN_EMPTY;
    struct eg_span text = eg_json_string(document, resource);
    if (text.len <= prefix.len || memcmp(text.ptr, prefix.ptr, prefix.len) != 0)
        return EG_SPAN_EMPTY;
    return eg_span_of(text.ptr + prefix.len, text.len - prefix.len);
}

static void add(const struct eg_json_document *document, eg_json_index resource,
                struct eg_span gate, struct eg_buffer *passed, struct eg_hops *hops)
{
    struct eg_span name = gate_of(document, resource);
    if (name.len == 0)
        return;
    hops->count++;
    hops->came_round |= eg_span_equal(name, gate);
    eg_buffer_append_span(passed, name);
    eg_buffer_append_char(passed, ' ');
}

void eg_hops_read(const struct eg_json_document *document, eg_json_index root, struct eg_span gate,
                  struct eg_arena *arena, struct eg_hops *ret_hops)
{
    struct eg_buffer passed EG_AUTOBUFFER = EG_BUFFER_INIT;
    eg_json_index resources = eg_json_member(document, root, EG_SPAN_LITERAL("resources"));
    *ret_hops = (struct eg_hops){.count = 0};
    if (resources != EG_JSON_NONE && eg_json_kind(document, resources) == EG_JSON_ARRAY) {
        eg_json_index resource = resources + 1;
        for (uint32_t i = 0; i < eg_json_count(document, resources); i++) {
            add(document, resource, gate, &passed, ret_hops);
            resource = eg_json_next(document, resource);
        }
    }
    eg_buffer_append_span(&passed, gate);
    ret_hops->passed = eg_arena_copy(arena, eg_buffer_span(&passed));
}
