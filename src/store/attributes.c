/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing is kept between calls. */
#include "store/attributes.h"

#include "base/error.h"
#include "base/span.h"
#include "json/document.h"
#include "json/writer.h"

void eg_attributes_write(struct eg_buffer *buffer, const struct eg_event_attribute *attributes,
                         size_t count)
{
    eg_buffer_clear(buffer);
    for (size_t i = 0; i < count; i++) {
        eg_buffer_append_char(buffer, i == 0 ? '{' : ',');
        eg_json_write_string(buffer, attributes[i].name);
        eg_buffer_append_char(buffer, ':');
        eg_json_write_string(buffer, attributes[i].value);
    }
    if (count > 0)
        eg_buffer_append_char(buffer, '}');
}

/* The members of the root in their order; false when one is no string. */
static bool gather(const struct eg_json_document *document, struct eg_arena *arena,
                   struct eg_event_attribute *attributes)
{
    eg_json_index name = 1;
    for (uint32_t i = 0; i < eg_json_count(document, 0); i++) {
        eg_json_index value = name + 1;
        if (eg_json_kind(document, value) != EG_JSON_STRING)
            return false;
        attributes[i].name = eg_arena_copy(arena, eg_json_string(document, name));
        attributes[i].value = eg_arena_copy(arena, eg_json_string(document, value));
        name = eg_json_next(document, value);
    }
    return true;
}

static int read_object(struct eg_json_document *document, struct eg_span text,
                       struct eg_arena *arena, const struct eg_event_attribute **ret_attributes,
                       size_t *ret_count, struct eg_error *err)
{
    struct eg_json_limits limits = eg_json_limits_default;
    limits.allow_duplicate_keys = true;
    if (eg_json_document_parse(document, text, &limits, err) != 0)
        return eg_error_prefix(err, "the stored attributes can't be read");
    if (eg_json_kind(document, 0) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_IO, "the stored attributes are no object");
    size_t count = eg_json_count(document, 0);
    struct eg_event_attribute *attributes =
        eg_arena_alloc(arena, (count + 1) * sizeof(*attributes));
    if (!gather(document, arena, attributes))
        return eg_error_set(err, EG_ERR_IO, "a stored attribute is no string");
    *ret_attributes = attributes;
    *ret_count = count;
    return 0;
}

int eg_attributes_read(struct eg_span text, struct eg_arena *arena,
                       const struct eg_event_attribute **ret_attributes, size_t *ret_count,
                       struct eg_error *err)
{
    if (text.len == 0) {
        *ret_attributes = NULL;
        *ret_count = 0;
        return 0;
    }
    struct eg_json_document document;
    eg_json_document_init(&document);
    int ret = read_object(&document, text, arena, ret_attributes, ret_count, err);
    eg_json_document_fini(&document);
    return ret;
}
