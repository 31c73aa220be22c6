/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See guard.h. Each delivery is handed on as one of the guard's own, which holds the protected
 * event until the sink behind answers; then the pipeline's is answered and ours is gone. No state
 * beside that, so any thread may submit and answer.
 */
#include "sinks/guard.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/error.h"
#include "base/memory.h"
#include "base/span.h"
#include "json/document.h"

#define CHUNK          64
#define LOG_LINE_BYTES 1024

struct eg_sink_guard {
    struct eg_sink_type type; /* the inner one's, with functions of the guard */
    const struct eg_sink_type *inner;
    const void *config;
    struct eg_rules_protect *protect;
};

struct eg_sink {
    const struct eg_sink_guard *guard;
    const struct eg_sink_host *outer;
    struct eg_sink_host host; /* what the sink behind sees */
    struct eg_sink *inner;    /* of another kind */
};

/* A delivery on its way to the sink behind. */
struct passed {
    struct eg_delivery delivery; /* first: the answer finds the rest by it */
    struct eg_delivery *outer;
    const struct eg_sink_host *host; /* the pipeline's */
    struct eg_event event;
    struct eg_buffer payload;
    struct eg_buffer envelope;
};

static void passed_free(struct passed *passed)
{
    eg_buffer_fini(&passed->payload);
    eg_buffer_fini(&passed->envelope);
    free(passed);
}

static struct passed *passed_of(struct eg_delivery *delivery)
{
    return (struct passed *)(void *)delivery;
}

/* ---- answers ---- */

static void complete(struct eg_delivery *take, enum eg_outcome outcome, const char *message)
{
    struct passed *passed = passed_of(take);
    passed->host->complete(passed->outer, outcome, message);
    passed_free(passed);
}

static void complete_all(struct eg_delivery *const *take, size_t count, enum eg_outcome outcome,
                         const char *message)
{
    struct eg_delivery *outer[CHUNK];
    for (size_t begin = 0; begin < count; begin += CHUNK) {
        const size_t some = count - begin < CHUNK ? count - begin : CHUNK;
        const struct eg_sink_host *host = passed_of(take[begin])->host;
        for (size_t i = 0; i < some; i++)
            outer[i] = passed_of(take[begin + i])->outer;
        host->complete_all(outer, some, outcome, message);
        for (size_t i = 0; i < some; i++)
            passed_free(passed_of(take[begin + i]));
    }
}

static void EG_PRINTF(3, 4)
    guard_log(const struct eg_sink_host *host, enum eg_log_level level, const char *format, ...)
{
    const struct eg_sink *sink =
        (const struct eg_sink *)(const void *)((const char *)host - offsetof(struct eg_sink, host));
    char line[LOG_LINE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    sink->outer->log(sink->outer, level, "%s", line);
}

/* ---- protection ---- */

static bool has_member(const struct eg_json_document *document, const char *name)
{
    return eg_json_kind(document, 0) == EG_JSON_OBJECT &&
           eg_json_member(document, 0, eg_span_text(name)) != EG_JSON_NONE;
}

enum shape { NO_JSON, DETAIL, ENVELOPE, ENTRY };

static enum shape shape_of(struct eg_span payload, struct eg_json_document *scratch)
{
    struct eg_json_limits limits = eg_json_limits_default;
    struct eg_error ignored;
    limits.max_text_bytes = limits.max_string_bytes = payload.len;
    limits.max_members = EG_JSON_MAX_COUNT;
    limits.max_depth = EG_JSON_MAX_DEPTH;
    limits.allow_duplicate_keys = true;
    if (eg_json_document_parse(scratch, payload, &limits, &ignored) != 0)
        return NO_JSON;
    if (has_member(scratch, "detail-type") && has_member(scratch, "detail"))
        return ENVELOPE;
    return has_member(scratch, "DetailType") && has_member(scratch, "Detail") ? ENTRY : DETAIL;
}

static int protect_payload(const struct eg_rules_protect *protect, struct passed *passed,
                           struct eg_json_document *scratch, struct eg_error *err)
{
    const enum shape shape = shape_of(passed->event.payload, scratch);
    EG_AUTOBUFFER struct eg_buffer inside = EG_BUFFER_INIT;
    if (shape == NO_JSON)
        return 0;
    if (shape == ENTRY)
        return eg_error_set(err, EG_ERR_INVALID,
                            "the payload, an entry of PutEvents, can't be "
                            "protected: send it by a rule's target");
    if (eg_rules_protect_apply(protect, EG_RULES_VIEW_DETAIL, passed->event.payload, scratch,
                               shape == ENVELOPE ? &inside : &passed->payload, err) != 0)
        return -1;
    if (shape == ENVELOPE &&
        eg_rules_protect_apply(protect, EG_RULES_VIEW_ENVELOPE, eg_buffer_span(&inside), scratch,
                               &passed->payload, err) != 0)
        return -1;
    passed->event.payload = eg_buffer_span(&passed->payload);
    return 0;
}

static int protect_event(const struct eg_rules_protect *protect, struct passed *passed,
                         struct eg_json_document *scratch, struct eg_error *err)
{
    if (protect_payload(protect, passed, scratch, err) != 0)
        return -1;
    if (passed->event.envelope.len == 0)
        return 0;
    if (eg_rules_protect_apply(protect, EG_RULES_VIEW_ENVELOPE, passed->event.envelope, scratch,
                               &passed->envelope, err) != 0)
        return -1;
    passed->event.envelope = eg_buffer_span(&passed->envelope);
    return 0;
}

/* NULL: it can't be protected, and was answered. */
static struct eg_delivery *pass(const struct eg_sink *sink, struct eg_delivery *delivery,
                                struct eg_json_document *scratch)
{
    struct eg_error err;
    struct passed *passed = eg_calloc(1, sizeof(*passed));
    passed->delivery = *delivery;
    passed->delivery.event = &passed->event;
    passed->outer = delivery;
    passed->host = sink->outer;
    passed->event = *delivery->event;
    if (protect_event(sink->guard->protect, passed, scratch, &err) == 0)
        return &passed->delivery;
    passed_free(passed);
    sink->outer->complete(delivery, EG_REJECTED, err.message);
    return NULL;
}

/* ---- the sink contract ---- */

static int create(const struct eg_sink_host *host, const void *config, struct eg_sink **ret_sink,
                  struct eg_error *err)
{
    struct eg_sink *sink = eg_calloc(1, sizeof(*sink));
    sink->guard = config;
    sink->outer = host;
    sink->host = *host;
    sink->host.complete = complete;
    sink->host.complete_all = complete_all;
    sink->host.log = guard_log;
    if (sink->guard->inner->create(&sink->host, sink->guard->config, &sink->inner, err) != 0) {
        free(sink);
        return -1;
    }
    *ret_sink = sink;
    return 0;
}

static bool reads_envelope(const struct eg_sink *sink)
{
    return sink->guard->inner->reads_envelope(sink->inner);
}

static int start(struct eg_sink *sink, struct eg_error *err)
{
    return sink->guard->inner->start(sink->inner, err);
}

static int worker_begin(struct eg_sink *sink, unsigned index, void **ret_worker,
                        struct eg_error *err)
{
    return sink->guard->inner->worker_begin(sink->inner, index, ret_worker, err);
}

static void worker_end(struct eg_sink *sink, void *worker)
{
    sink->guard->inner->worker_end(sink->inner, worker);
}

static void submit(struct eg_sink *sink, void *worker, struct eg_delivery *const *batch,
                   size_t count)
{
    EG_AUTOFREE struct eg_delivery **passed = eg_calloc(count, sizeof(struct eg_delivery *));
    struct eg_json_document scratch;
    size_t passed_count = 0;
    eg_json_document_init(&scratch);
    for (size_t i = 0; i < count; i++) {
        struct eg_delivery *one = pass(sink, batch[i], &scratch);
        if (one)
            passed[passed_count++] = one;
    }
    eg_json_document_fini(&scratch);
    if (passed_count > 0)
        sink->guard->inner->submit(sink->inner, worker, passed, passed_count);
}

static int probe(struct eg_sink *sink, struct eg_error *err)
{
    return sink->guard->inner->probe(sink->inner, err);
}

static void drain(struct eg_sink *sink, int64_t deadline_ms)
{
    sink->guard->inner->drain(sink->inner, deadline_ms);
}

static void destroy(struct eg_sink *sink)
{
    if (!sink)
        return;
    sink->guard->inner->destroy(sink->inner);
    free(sink);
}

/* What the sink behind leaves out is left out here too. */
static void set_functions(struct eg_sink_type *type)
{
    type->create = create;
    type->reads_envelope = type->reads_envelope ? reads_envelope : NULL;
    type->start = type->start ? start : NULL;
    type->worker_begin = type->worker_begin ? worker_begin : NULL;
    type->worker_end = type->worker_end ? worker_end : NULL;
    type->submit = submit;
    type->probe = type->probe ? probe : NULL;
    type->drain = type->drain ? drain : NULL;
    type->destroy = destroy;
}

int eg_sink_guard_new(const struct eg_sink_type *inner, const void *config,
                      const struct eg_rules_protect_config *protect, const char *default_key,
                      struct eg_sink_guard **ret_guard, struct eg_error *err)
{
    struct eg_rules_protect *compiled;
    if (eg_rules_protect_new(protect, default_key, &compiled, err) != 0)
        return -1;
    *ret_guard = NULL;
    if (!compiled)
        return 0;
    struct eg_sink_guard *guard = eg_calloc(1, sizeof(*guard));
    guard->type = *inner;
    guard->inner = inner;
    guard->config = config;
    guard->protect = compiled;
    set_functions(&guard->type);
    *ret_guard = guard;
    return 0;
}

void eg_sink_guard_destroy(struct eg_sink_guard *guard)
{
    if (!guard)
        return;
    eg_rules_protect_destroy(guard->protect);
    free(guard);
}

const struct eg_sink_type *eg_sink_guard_type(const struct eg_sink_guard *guard)
{
    return &guard->type;
}
