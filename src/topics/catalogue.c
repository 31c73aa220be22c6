/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the snapshot, and giving it back. Nothing here changes it but the reference count. */
#include "topics/catalogue.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/span.h"
#include "config/source.h"
#include "text/python.h"
#include "topics/private.h"

struct eg_topics_catalogue *eg_topics_catalogue_ref(struct eg_topics_catalogue *catalogue)
{
    eg_ref_get(&catalogue->ref);
    return catalogue;
}

static void topic_fini(struct eg_topics_topic *topic)
{
    free((void *)(uintptr_t)topic->name.ptr);
    free((void *)(uintptr_t)topic->schema_text.ptr);
    free((void *)(uintptr_t)topic->key_field.ptr);
    eg_schema_destroy(topic->schema);
    eg_config_string_list_fini(&topic->sinks);
    eg_config_fields_fini(&eg_topics_envelope_table, &topic->envelope);
}

void eg_topics_catalogue_unref(struct eg_topics_catalogue *take)
{
    if (!take || !eg_ref_put(&take->ref))
        return;
    for (size_t i = 0; i < take->count; i++)
        topic_fini(&take->topics[i]);
    free(take->topics);
    eg_config_index_fini(&take->index);
    eg_access_map_destroy(take->access);
    if (take->attachment)
        take->attachment_destroy(take->attachment);
    free(take);
}

void eg_topics_catalogue_attach(struct eg_topics_catalogue *catalogue, void *take,
                                void (*destroy)(void *attachment))
{
    EG_ASSERT(!catalogue->attachment);
    catalogue->attachment = take;
    catalogue->attachment_destroy = destroy;
}

const void *eg_topics_catalogue_attachment(const struct eg_topics_catalogue *catalogue)
{
    return catalogue->attachment;
}

const struct eg_topics_topic *eg_topics_catalogue_find(const struct eg_topics_catalogue *catalogue,
                                                       struct eg_span name)
{
    size_t at = eg_config_index_find(&catalogue->index, name);
    return at == EG_CONFIG_INDEX_NONE ? NULL : &catalogue->topics[at];
}

size_t eg_topics_catalogue_count(const struct eg_topics_catalogue *catalogue)
{
    return catalogue->count;
}

const struct eg_topics_topic *eg_topics_catalogue_at(const struct eg_topics_catalogue *catalogue,
                                                     size_t index)
{
    EG_ASSERT(index < catalogue->count);
    return &catalogue->topics[index];
}

const struct eg_access_map *eg_topics_catalogue_access(const struct eg_topics_catalogue *catalogue)
{
    return catalogue->access;
}

static struct eg_span text_of_scalar(const struct eg_json_document *document, eg_json_index value,
                                     struct eg_buffer *scratch)
{
    if (eg_json_kind(document, value) == EG_JSON_STRING)
        return eg_json_string(document, value);
    eg_buffer_clear(scratch);
    eg_python_str(scratch, document, value);
    return eg_buffer_span(scratch);
}

enum eg_topics_key eg_topics_message_key(const struct eg_topics_topic *topic,
                                         const struct eg_json_document *document,
                                         eg_json_index root, struct eg_buffer *scratch,
                                         struct eg_span *ret_key)
{
    *ret_key = EG_SPAN_EMPTY;
    if (topic->key_field.len == 0)
        return EG_TOPICS_KEY_NONE;
    eg_json_index value = EG_JSON_NONE;
    if (eg_json_kind(document, root) == EG_JSON_OBJECT)
        value = eg_json_member(document, root, topic->key_field);
    if (value == EG_JSON_NONE || eg_json_kind(document, value) == EG_JSON_NULL)
        return EG_TOPICS_KEY_MISSING;
    if (eg_json_kind(document, value) >= EG_JSON_ARRAY)
        return EG_TOPICS_KEY_NOT_SCALAR;
    *ret_key = text_of_scalar(document, value, scratch);
    return EG_TOPICS_KEY_FOUND;
}
