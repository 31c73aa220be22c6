/* SPDX-License-Identifier: Apache-2.0 */
/* What read_answer is made of (batch.h). A worker's thread. */
#include "base/error.h"
#include "base/span.h"
#include "sinks/aws/batch.h"

/* Codes of entries; those of whole calls are eg_aws_client's. */
static const char *const passing_codes[] = {
    "InternalFailure",         "InternalException",    "InternalError",
    "InternalServerException", "InternalServiceFault", "ServiceUnavailable",
    "KMSThrottlingException",  "KMSThrottling",        "ServiceUnavailableException",
};

bool eg_sink_code_passes(struct eg_span code)
{
    for (size_t i = 0; i < EG_ARRAY_COUNT(passing_codes); i++)
        if (eg_span_is(code, passing_codes[i]))
            return true;
    return eg_aws_code_is_throttling(code) || eg_aws_code_is_transient(code);
}

static void describe(const struct eg_sink_service *service, const struct eg_sink_failure *failure,
                     struct eg_buffer *out)
{
    if (service->describe) {
        service->describe(failure->code, failure->message, out);
        return;
    }
    eg_buffer_printf(out, "%s: %.*s: %.*s", service->name, EG_SPAN_ARGS(failure->code),
                     EG_SPAN_ARGS(failure->message));
}

void eg_sink_call_fail(struct eg_sink_call *call, size_t index,
                       const struct eg_sink_failure *failure)
{
    struct eg_error err;
    struct eg_buffer *text = &call->worker->piece;
    eg_buffer_clear(text);
    describe(call->worker->sink->service, failure, text);
    (void)eg_error_set(&err, EG_ERR_UNAVAILABLE, "%s", text->data); /* cuts well */
    eg_sink_call_complete(call, index, failure->retriable ? EG_RETRY : EG_REJECTED, err.message);
}

int eg_sink_call_parse(struct eg_sink_call *call, struct eg_error *err)
{
    struct eg_json_document *document = &call->worker->document;
    if (eg_json_document_parse(document, call->answer, NULL, err) != 0)
        return -1;
    if (eg_json_kind(document, 0) != EG_JSON_OBJECT)
        return eg_error_set(err, EG_ERR_INVALID, "it is no JSON object");
    return 0;
}

struct eg_span eg_sink_answer_text(const struct eg_json_document *document, eg_json_index object,
                                   const char *name)
{
    eg_json_index value = eg_json_member(document, object, eg_span_text(name));
    if (value == EG_JSON_NONE || eg_json_kind(document, value) != EG_JSON_STRING)
        return EG_SPAN_EMPTY;
    return eg_json_string(document, value);
}

int eg_sink_call_fail_id(struct eg_sink_call *call, struct eg_span id,
                         const struct eg_sink_failure *failure, struct eg_error *err)
{
    int64_t number = -1;
    if (eg_span_to_int64(id, &number))
        for (size_t i = 0; i < call->count; i++)
            if (call->entries[i] - call->worker->entries == number) {
                eg_sink_call_fail(call, i, failure);
                return 0;
            }
    return eg_error_set(err, EG_ERR_INVALID, "it names an entry that was not sent");
}

int eg_sink_call_check_answered(const struct eg_sink_call *call, size_t answered,
                                struct eg_error *err)
{
    if (answered == call->count)
        return 0;
    return eg_error_set(err, EG_ERR_INVALID, "it is about %zu entries, %zu were sent", answered,
                        call->count);
}

int eg_sink_call_read_positions(struct eg_sink_call *call, const char *array, struct eg_error *err)
{
    const struct eg_json_document *document = &call->worker->document;
    if (eg_sink_call_parse(call, err) != 0)
        return -1;
    eg_json_index list = eg_json_member(document, 0, eg_span_text(array));
    if (list == EG_JSON_NONE || eg_json_kind(document, list) != EG_JSON_ARRAY ||
        eg_json_count(document, list) != call->count)
        return eg_error_set(err, EG_ERR_INVALID, "%s does not have %zu elements", array,
                            call->count);
    eg_json_index element = list + 1;
    for (size_t i = 0; i < call->count; i++, element = eg_json_next(document, element)) {
        if (eg_json_kind(document, element) != EG_JSON_OBJECT)
            return eg_error_set(err, EG_ERR_INVALID, "%s[%zu] is no object", array, i);
        struct eg_sink_failure failure = {
            .code = eg_sink_answer_text(document, element, "ErrorCode"),
            .message = eg_sink_answer_text(document, element, "ErrorMessage"),
        };
        failure.retriable = eg_sink_code_passes(failure.code);
        if (failure.code.len > 0)
            eg_sink_call_fail(call, i, &failure);
    }
    return 0;
}
