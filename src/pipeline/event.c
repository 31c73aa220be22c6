/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One allocation per event: the struct, the attribute array, the failure, then all bytes one after
 * another. Immutable after eg_pipeline_event_new returned; any thread.
 */
#include "pipeline/event.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/span.h"

/* Where the next bytes go. */
struct packer {
    char *at;
};

static struct eg_span pack(struct packer *packer, struct eg_span from)
{
    if (from.len == 0)
        return EG_SPAN_EMPTY;
    memcpy(packer->at, from.ptr, from.len);
    struct eg_span packed = {packer->at, from.len};
    packer->at += from.len;
    return packed;
}

static size_t bytes_needed(const struct eg_event *fields)
{
    size_t bytes = fields->id.len + fields->topic.len + fields->key.len + fields->payload.len +
                   fields->subject.len + fields->correlation_id.len + fields->traceparent.len +
                   fields->tracestate.len + fields->envelope.len;
    const struct eg_event_failure *failure = fields->failure;
    if (failure)
        bytes += failure->rule_arn.len + failure->target_arn.len + failure->error_code.len +
                 failure->error_message.len + failure->exhausted_retry_condition.len;
    for (size_t i = 0; i < fields->attribute_count; i++)
        bytes += fields->attributes[i].name.len + fields->attributes[i].value.len;
    return bytes;
}

static void pack_strings(struct eg_event *view, const struct eg_event *fields,
                         struct packer *packer)
{
    view->id = pack(packer, fields->id);
    view->topic = pack(packer, fields->topic);
    view->key = pack(packer, fields->key);
    view->payload = pack(packer, fields->payload);
    view->subject = pack(packer, fields->subject);
    view->correlation_id = pack(packer, fields->correlation_id);
    view->traceparent = pack(packer, fields->traceparent);
    view->tracestate = pack(packer, fields->tracestate);
    view->envelope = pack(packer, fields->envelope);
}

static void pack_failure(struct eg_event_failure *failure, const struct eg_event_failure *from,
                         struct packer *packer)
{
    *failure = (struct eg_event_failure){
        .rule_arn = pack(packer, from->rule_arn),
        .target_arn = pack(packer, from->target_arn),
        .error_code = pack(packer, from->error_code),
        .error_message = pack(packer, from->error_message),
        .exhausted_retry_condition = pack(packer, from->exhausted_retry_condition),
        .retry_attempts = from->retry_attempts,
    };
}

struct eg_pipeline_event *eg_pipeline_event_new(const struct eg_event *fields)
{
    size_t array_bytes = fields->attribute_count * sizeof(struct eg_event_attribute);
    size_t failure_bytes = fields->failure ? sizeof(struct eg_event_failure) : 0;
    size_t block_bytes =
        sizeof(struct eg_pipeline_event) + array_bytes + failure_bytes + bytes_needed(fields);
    struct eg_pipeline_event *event = eg_malloc(block_bytes);
    struct eg_event_attribute *attributes = (struct eg_event_attribute *)(event + 1);
    struct eg_event_failure *failure =
        (struct eg_event_failure *)(attributes + fields->attribute_count);
    struct packer packer = {(char *)failure + failure_bytes};
    eg_ref_init(&event->ref);
    event->block_bytes = block_bytes;
    event->view = (struct eg_event){
        .attributes = fields->attribute_count ? attributes : NULL,
        .attribute_count = fields->attribute_count,
        .failure = failure_bytes ? failure : NULL,
        .received_us = fields->received_us,
    };
    if (fields->failure)
        pack_failure(failure, fields->failure, &packer);
    pack_strings(&event->view, fields, &packer);
    for (size_t i = 0; i < fields->attribute_count; i++) {
        attributes[i].name = pack(&packer, fields->attributes[i].name);
        attributes[i].value = pack(&packer, fields->attributes[i].value);
    }
    EG_ASSERT(packer.at == (char *)event + block_bytes);
    return event;
}

struct eg_pipeline_event *eg_pipeline_event_ref(struct eg_pipeline_event *event)
{
    eg_ref_get(&event->ref);
    return event;
}

void eg_pipeline_event_unref(struct eg_pipeline_event *take)
{
    if (take && eg_ref_put(&take->ref))
        free(take);
}
