/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body of a request taken apart into its events: one document, an array, or lines.
 *
 * On the HTTP thread of the request.
 */
#include <string.h>

#include "base/error.h"
#include "base/span.h"
#include "pipeline/ingest_run.h"
#include "telemetry/log.h"

static int check_batch_size(const struct eg_ingest_run *run, size_t count, struct eg_error *err)
{
    if (count == 0)
        return eg_error_set(err, EG_ERR_INVALID, "The batch holds no event.");
    if (count > run->ingest->options.max_batch_events)
        return eg_error_set(err, EG_ERR_TOO_LARGE,
                            "The batch holds %zu events, at most %zu are taken in one request.",
                            count, run->ingest->options.max_batch_events);
    return 0;
}

static size_t count_lines(struct eg_span body)
{
    size_t count = 0;
    while (body.len) {
        const char *end = memchr(body.ptr, '\n', body.len);
        size_t len = end ? (size_t)(end - body.ptr) : body.len;
        count += eg_span_trim(eg_span_of(body.ptr, len)).len > 0;
        len += end != NULL;
        body = eg_span_of(body.ptr + len, body.len - len);
    }
    return count;
}

/* Reads the body; for lines, only counts them: each is read when its turn comes. */
int eg_ingest_read_body(struct eg_ingest_run *run, size_t *ret_count, struct eg_error *err)
{
    const struct eg_ingest_post *post = run->post;
    struct eg_json_document *document = &run->scratch->document;
    if (post->format == EG_INGEST_LINES) {
        *ret_count = count_lines(post->body);
        return check_batch_size(run, *ret_count, err);
    }
    struct eg_error refusal;
    if (eg_json_document_parse(document, post->body, &run->ingest->options.limits, &refusal)) {
        eg_log(EG_LOG_DEBUG, post->correlation_id, "the body is not JSON", eg_log_error(&refusal));
        if (refusal.code == EG_ERR_TOO_LARGE) {
            *err = refusal;
            return -1;
        }
        return eg_error_set(err, EG_ERR_INVALID, "Request body must be valid JSON.");
    }
    eg_ingest_step_ended(run, EG_INGEST_STAGE_PARSE);
    *ret_count = 1;
    if (!run->submission->batch)
        return 0;
    if (eg_json_kind(document, 0) != EG_JSON_ARRAY)
        return eg_error_set(err, EG_ERR_INVALID, "A batch must be a JSON array.");
    *ret_count = eg_json_count(document, 0);
    return check_batch_size(run, *ret_count, err);
}

static int judge_array(struct eg_ingest_run *run, struct eg_error *err)
{
    const struct eg_json_document *document = &run->scratch->document;
    eg_json_index element = 1;
    for (size_t i = 0; i < run->submission->item_count; i++) {
        if (eg_ingest_judge_item(run, i, document, element, err))
            return -1;
        element = eg_json_next(document, element);
    }
    return 0;
}

static int judge_lines(struct eg_ingest_run *run, struct eg_error *err)
{
    struct eg_span rest = run->post->body;
    for (size_t i = 0; i < run->submission->item_count;) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end ? (size_t)(end - rest.ptr) : rest.len;
        struct eg_span line = eg_span_trim(eg_span_of(rest.ptr, len));
        len += end != NULL;
        rest = eg_span_of(rest.ptr + len, rest.len - len);
        if (line.len == 0)
            continue;
        struct eg_error refusal;
        int ret = eg_json_document_parse(&run->scratch->document, line,
                                         &run->ingest->options.limits, &refusal);
        eg_ingest_step_ended(run, EG_INGEST_STAGE_PARSE);
        if (ret)
            eg_ingest_refuse_unreadable(run, &run->submission->items[i], &refusal,
                                        "The line must be valid JSON.");
        else if (eg_ingest_judge_item(run, i, &run->scratch->document, 0, err))
            return -1;
        i++;
    }
    return 0;
}

int eg_ingest_judge_body(struct eg_ingest_run *run, struct eg_error *err)
{
    if (run->post->format == EG_INGEST_LINES)
        return judge_lines(run, err);
    if (run->submission->batch)
        return judge_array(run, err);
    return eg_ingest_judge_item(run, 0, &run->scratch->document, 0, err);
}
